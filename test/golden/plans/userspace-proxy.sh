#!/bin/sh
# Builds the lab userspace-proxy: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/userspace-proxy.yaml:19
ip netns add host.client
#   topologies/userspace-proxy.yaml:13
ip netns add network.lan
#   topologies/userspace-proxy.yaml:18
ip netns add node.node1
ip netns add node.node2
#   topologies/userspace-proxy.yaml:164
ip netns add pod.default.client
#   topologies/userspace-proxy.yaml:159
ip netns add pod.default.far
#   topologies/userspace-proxy.yaml:154
ip netns add pod.default.near
#   topologies/userspace-proxy.yaml:144
ip netns add pod.default.web-0
ip netns add pod.default.web-1
ip netns add pod.default.web-2

# kernel settings
#   topologies/userspace-proxy.yaml:13
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/userspace-proxy.yaml:18
ip netns exec node.node1 sysctl -qw net.ipv4.ip_forward=1
ip netns exec node.node1 sysctl -qw net.bridge.bridge-nf-call-iptables=1
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.route_localnet=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.arp_ignore=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.arp_announce=0
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
ip netns exec node.node2 sysctl -qw net.ipv4.ip_forward=1
ip netns exec node.node2 sysctl -qw net.bridge.bridge-nf-call-iptables=1
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.route_localnet=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.arp_ignore=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.arp_announce=0
ip netns exec node.node2 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node2 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600

# rules
#   topologies/userspace-proxy.yaml:18
ip netns exec node.node1 iptables-restore <<'EOF'
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-IPTABLES-HINT - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-PORTALS-CONTAINER - [0:0]
:KUBE-PORTALS-HOST - [0:0]
:KUBE-NODEPORT-CONTAINER - [0:0]
:KUBE-NODEPORT-HOST - [0:0]
:FLANNEL-POSTRTG - [0:0]
-A PREROUTING -m comment --comment "handle ClusterIPs; NOTE: this must be before the NodePort rules" -j KUBE-PORTALS-CONTAINER
-A PREROUTING -m addrtype --dst-type LOCAL -m comment --comment "handle service NodePorts; NOTE: this must be the last rule in the chain" -j KUBE-NODEPORT-CONTAINER
-A OUTPUT -m comment --comment "handle ClusterIPs; NOTE: this must be before the NodePort rules" -j KUBE-PORTALS-HOST
-A OUTPUT -m addrtype --dst-type LOCAL -m comment --comment "handle service NodePorts; NOTE: this must be the last rule in the chain" -j KUBE-NODEPORT-HOST
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-PORTALS-CONTAINER -m comment --comment default/far:http -p tcp -m tcp --dport 80 -d 10.96.0.10/32 -j REDIRECT --to-ports 52490
-A KUBE-PORTALS-CONTAINER -m comment --comment default/far:dns -p udp -m udp --dport 53 -d 10.96.0.10/32 -j REDIRECT --to-ports 48879
-A KUBE-PORTALS-CONTAINER -m comment --comment default/near -p tcp -m tcp --dport 80 -d 10.96.0.11/32 -j REDIRECT --to-ports 45048
-A KUBE-PORTALS-CONTAINER -m comment --comment default/turns -p tcp -m tcp --dport 80 -d 10.96.0.12/32 -j REDIRECT --to-ports 52755
-A KUBE-PORTALS-CONTAINER -m comment --comment default/sticky -p tcp -m tcp --dport 80 -d 10.96.0.13/32 -j REDIRECT --to-ports 33748
-A KUBE-PORTALS-CONTAINER -m comment --comment default/nobody:http -p tcp -m tcp --dport 80 -d 10.96.0.14/32 -j REDIRECT --to-ports 41269
-A KUBE-PORTALS-CONTAINER -m comment --comment default/nobody:dns -p udp -m udp --dport 53 -d 10.96.0.14/32 -j REDIRECT --to-ports 36224
-A KUBE-PORTALS-HOST -m comment --comment default/far:http -p tcp -m tcp --dport 80 -d 10.96.0.10/32 -j DNAT --to-destination 10.0.0.11:52490
-A KUBE-PORTALS-HOST -m comment --comment default/far:dns -p udp -m udp --dport 53 -d 10.96.0.10/32 -j DNAT --to-destination 10.0.0.11:48879
-A KUBE-PORTALS-HOST -m comment --comment default/near -p tcp -m tcp --dport 80 -d 10.96.0.11/32 -j DNAT --to-destination 10.0.0.11:45048
-A KUBE-PORTALS-HOST -m comment --comment default/turns -p tcp -m tcp --dport 80 -d 10.96.0.12/32 -j DNAT --to-destination 10.0.0.11:52755
-A KUBE-PORTALS-HOST -m comment --comment default/sticky -p tcp -m tcp --dport 80 -d 10.96.0.13/32 -j DNAT --to-destination 10.0.0.11:33748
-A KUBE-PORTALS-HOST -m comment --comment default/nobody:http -p tcp -m tcp --dport 80 -d 10.96.0.14/32 -j DNAT --to-destination 10.0.0.11:41269
-A KUBE-PORTALS-HOST -m comment --comment default/nobody:dns -p udp -m udp --dport 53 -d 10.96.0.14/32 -j DNAT --to-destination 10.0.0.11:36224
-A KUBE-NODEPORT-CONTAINER -m comment --comment default/far:http -p tcp -m tcp --dport 30080 -j REDIRECT --to-ports 52490
-A KUBE-NODEPORT-CONTAINER -m comment --comment default/far:dns -p udp -m udp --dport 30053 -j REDIRECT --to-ports 48879
-A KUBE-NODEPORT-HOST -m comment --comment default/far:http -p tcp -m tcp --dport 30080 -j DNAT --to-destination 10.0.0.11:52490
-A KUBE-NODEPORT-HOST -m comment --comment default/far:dns -p udp -m udp --dport 30053 -j DNAT --to-destination 10.0.0.11:48879
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.1.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-NODEPORT-NON-LOCAL - [0:0]
:FLANNEL-FWD - [0:0]
-A INPUT -m comment --comment "Ensure that non-local NodePort traffic can flow" -j KUBE-NODEPORT-NON-LOCAL
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-NODEPORT-NON-LOCAL -m comment --comment default/far:http -p tcp -m tcp --dport 52490 -m state --state NEW -j ACCEPT
-A KUBE-NODEPORT-NON-LOCAL -m comment --comment default/far:dns -p udp -m udp --dport 48879 -m state --state NEW -j ACCEPT
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
EOF
ip netns exec node.node2 iptables-restore <<'EOF'
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-IPTABLES-HINT - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-PORTALS-CONTAINER - [0:0]
:KUBE-PORTALS-HOST - [0:0]
:KUBE-NODEPORT-CONTAINER - [0:0]
:KUBE-NODEPORT-HOST - [0:0]
:FLANNEL-POSTRTG - [0:0]
-A PREROUTING -m comment --comment "handle ClusterIPs; NOTE: this must be before the NodePort rules" -j KUBE-PORTALS-CONTAINER
-A PREROUTING -m addrtype --dst-type LOCAL -m comment --comment "handle service NodePorts; NOTE: this must be the last rule in the chain" -j KUBE-NODEPORT-CONTAINER
-A OUTPUT -m comment --comment "handle ClusterIPs; NOTE: this must be before the NodePort rules" -j KUBE-PORTALS-HOST
-A OUTPUT -m addrtype --dst-type LOCAL -m comment --comment "handle service NodePorts; NOTE: this must be the last rule in the chain" -j KUBE-NODEPORT-HOST
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-PORTALS-CONTAINER -m comment --comment default/far:http -p tcp -m tcp --dport 80 -d 10.96.0.10/32 -j REDIRECT --to-ports 52490
-A KUBE-PORTALS-CONTAINER -m comment --comment default/far:dns -p udp -m udp --dport 53 -d 10.96.0.10/32 -j REDIRECT --to-ports 48879
-A KUBE-PORTALS-CONTAINER -m comment --comment default/near -p tcp -m tcp --dport 80 -d 10.96.0.11/32 -j REDIRECT --to-ports 45048
-A KUBE-PORTALS-CONTAINER -m comment --comment default/turns -p tcp -m tcp --dport 80 -d 10.96.0.12/32 -j REDIRECT --to-ports 52755
-A KUBE-PORTALS-CONTAINER -m comment --comment default/sticky -p tcp -m tcp --dport 80 -d 10.96.0.13/32 -j REDIRECT --to-ports 33748
-A KUBE-PORTALS-CONTAINER -m comment --comment default/nobody:http -p tcp -m tcp --dport 80 -d 10.96.0.14/32 -j REDIRECT --to-ports 41269
-A KUBE-PORTALS-CONTAINER -m comment --comment default/nobody:dns -p udp -m udp --dport 53 -d 10.96.0.14/32 -j REDIRECT --to-ports 36224
-A KUBE-PORTALS-HOST -m comment --comment default/far:http -p tcp -m tcp --dport 80 -d 10.96.0.10/32 -j DNAT --to-destination 10.0.0.12:52490
-A KUBE-PORTALS-HOST -m comment --comment default/far:dns -p udp -m udp --dport 53 -d 10.96.0.10/32 -j DNAT --to-destination 10.0.0.12:48879
-A KUBE-PORTALS-HOST -m comment --comment default/near -p tcp -m tcp --dport 80 -d 10.96.0.11/32 -j DNAT --to-destination 10.0.0.12:45048
-A KUBE-PORTALS-HOST -m comment --comment default/turns -p tcp -m tcp --dport 80 -d 10.96.0.12/32 -j DNAT --to-destination 10.0.0.12:52755
-A KUBE-PORTALS-HOST -m comment --comment default/sticky -p tcp -m tcp --dport 80 -d 10.96.0.13/32 -j DNAT --to-destination 10.0.0.12:33748
-A KUBE-PORTALS-HOST -m comment --comment default/nobody:http -p tcp -m tcp --dport 80 -d 10.96.0.14/32 -j DNAT --to-destination 10.0.0.12:41269
-A KUBE-PORTALS-HOST -m comment --comment default/nobody:dns -p udp -m udp --dport 53 -d 10.96.0.14/32 -j DNAT --to-destination 10.0.0.12:36224
-A KUBE-NODEPORT-CONTAINER -m comment --comment default/far:http -p tcp -m tcp --dport 30080 -j REDIRECT --to-ports 52490
-A KUBE-NODEPORT-CONTAINER -m comment --comment default/far:dns -p udp -m udp --dport 30053 -j REDIRECT --to-ports 48879
-A KUBE-NODEPORT-HOST -m comment --comment default/far:http -p tcp -m tcp --dport 30080 -j DNAT --to-destination 10.0.0.12:52490
-A KUBE-NODEPORT-HOST -m comment --comment default/far:dns -p udp -m udp --dport 30053 -j DNAT --to-destination 10.0.0.12:48879
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.2.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.2.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.2.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-NODEPORT-NON-LOCAL - [0:0]
:FLANNEL-FWD - [0:0]
-A INPUT -m comment --comment "Ensure that non-local NodePort traffic can flow" -j KUBE-NODEPORT-NON-LOCAL
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-NODEPORT-NON-LOCAL -m comment --comment default/far:http -p tcp -m tcp --dport 52490 -m state --state NEW -j ACCEPT
-A KUBE-NODEPORT-NON-LOCAL -m comment --comment default/far:dns -p udp -m udp --dport 48879 -m state --state NEW -j ACCEPT
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
EOF

# link state
#   topologies/userspace-proxy.yaml:19
ip -n host.client link set lo up
#   topologies/userspace-proxy.yaml:13
ip -n network.lan link set lo up
#   topologies/userspace-proxy.yaml:18
ip -n node.node1 link set lo up
ip -n node.node2 link set lo up
#   topologies/userspace-proxy.yaml:164
ip -n pod.default.client link set lo up
#   topologies/userspace-proxy.yaml:159
ip -n pod.default.far link set lo up
#   topologies/userspace-proxy.yaml:154
ip -n pod.default.near link set lo up
#   topologies/userspace-proxy.yaml:144
ip -n pod.default.web-0 link set lo up
ip -n pod.default.web-1 link set lo up
ip -n pod.default.web-2 link set lo up

# links
#   topologies/userspace-proxy.yaml:13
ip -n network.lan link add br0 mtu 1500 address 02:02:0a:00:00:01 type bridge
#   topologies/userspace-proxy.yaml:18
ip -n node.node1 link add cni0 mtu 1450 address 0a:5a:0a:f4:01:01 type bridge
ip -n node.node2 link add cni0 mtu 1450 address 0a:5a:0a:f4:02:01 type bridge
#   topologies/userspace-proxy.yaml:19
ip -n host.client link add eth0 mtu 1500 address 02:00:0a:00:00:64 type veth peer name client mtu 1500 address 02:01:0a:00:00:64 netns network.lan
#   topologies/userspace-proxy.yaml:18
ip -n node.node1 link add eth0 mtu 1500 address 02:00:0a:00:00:0b type veth peer name node1 mtu 1500 address 02:01:0a:00:00:0b netns network.lan
ip -n node.node2 link add eth0 mtu 1500 address 02:00:0a:00:00:0c type veth peer name node2 mtu 1500 address 02:01:0a:00:00:0c netns network.lan
#   topologies/userspace-proxy.yaml:164
ip -n pod.default.client link add eth0 mtu 1450 address 0a:58:0a:f4:01:03 type veth peer name vethce2a28d0 mtu 1450 address 0a:59:0a:f4:01:03 netns node.node1
#   topologies/userspace-proxy.yaml:159
ip -n pod.default.far link add eth0 mtu 1450 address 0a:58:0a:f4:02:02 type veth peer name veth83c31a2b mtu 1450 address 0a:59:0a:f4:02:02 netns node.node2
#   topologies/userspace-proxy.yaml:154
ip -n pod.default.near link add eth0 mtu 1450 address 0a:58:0a:f4:01:02 type veth peer name veth6121c68a mtu 1450 address 0a:59:0a:f4:01:02 netns node.node1
#   topologies/userspace-proxy.yaml:144
ip -n pod.default.web-0 link add eth0 mtu 1450 address 0a:58:0a:f4:02:03 type veth peer name veth24d07f86 mtu 1450 address 0a:59:0a:f4:02:03 netns node.node2
ip -n pod.default.web-1 link add eth0 mtu 1450 address 0a:58:0a:f4:01:04 type veth peer name veth85dffee6 mtu 1450 address 0a:59:0a:f4:01:04 netns node.node1
ip -n pod.default.web-2 link add eth0 mtu 1450 address 0a:58:0a:f4:02:04 type veth peer name veth8d8d04a1 mtu 1450 address 0a:59:0a:f4:02:04 netns node.node2
#   topologies/userspace-proxy.yaml:18
ip -n node.node1 link add flannel.1 mtu 1450 address 0e:00:0a:f4:01:00 type vxlan id 1 local 10.0.0.11 dev eth0 dstport 8472 nolearning
ip -n node.node2 link add flannel.1 mtu 1450 address 0e:00:0a:f4:02:00 type vxlan id 1 local 10.0.0.12 dev eth0 dstport 8472 nolearning

# link state
#   topologies/userspace-proxy.yaml:19
ip -n host.client link set eth0 addrgenmode none
#   topologies/userspace-proxy.yaml:13
ip -n network.lan link set br0 addrgenmode none
#   topologies/userspace-proxy.yaml:18
ip -n network.lan link set node1 addrgenmode none
ip -n network.lan link set node2 addrgenmode none
#   topologies/userspace-proxy.yaml:19
ip -n network.lan link set client addrgenmode none
#   topologies/userspace-proxy.yaml:18
ip -n node.node1 link set eth0 addrgenmode none
ip -n node.node1 link set flannel.1 addrgenmode none
ip -n node.node1 link set cni0 addrgenmode none
#   topologies/userspace-proxy.yaml:154
ip -n node.node1 link set veth6121c68a addrgenmode none
#   topologies/userspace-proxy.yaml:164
ip -n node.node1 link set vethce2a28d0 addrgenmode none
#   topologies/userspace-proxy.yaml:144
ip -n node.node1 link set veth85dffee6 addrgenmode none
#   topologies/userspace-proxy.yaml:18
ip -n node.node2 link set eth0 addrgenmode none
ip -n node.node2 link set flannel.1 addrgenmode none
ip -n node.node2 link set cni0 addrgenmode none
#   topologies/userspace-proxy.yaml:159
ip -n node.node2 link set veth83c31a2b addrgenmode none
#   topologies/userspace-proxy.yaml:144
ip -n node.node2 link set veth24d07f86 addrgenmode none
ip -n node.node2 link set veth8d8d04a1 addrgenmode none
#   topologies/userspace-proxy.yaml:164
ip -n pod.default.client link set eth0 addrgenmode none
#   topologies/userspace-proxy.yaml:159
ip -n pod.default.far link set eth0 addrgenmode none
#   topologies/userspace-proxy.yaml:154
ip -n pod.default.near link set eth0 addrgenmode none
#   topologies/userspace-proxy.yaml:144
ip -n pod.default.web-0 link set eth0 addrgenmode none
ip -n pod.default.web-1 link set eth0 addrgenmode none
ip -n pod.default.web-2 link set eth0 addrgenmode none

# addresses
#   topologies/userspace-proxy.yaml:19
ip -n host.client addr add 10.0.0.100/24 brd 10.0.0.255 dev eth0
#   topologies/userspace-proxy.yaml:18
ip -n node.node1 addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0
ip -n node.node1 addr add 10.244.1.0/32 dev flannel.1
ip -n node.node1 addr add 10.244.1.1/24 brd 10.244.1.255 dev cni0
ip -n node.node2 addr add 10.0.0.12/24 brd 10.0.0.255 dev eth0
ip -n node.node2 addr add 10.244.2.0/32 dev flannel.1
ip -n node.node2 addr add 10.244.2.1/24 brd 10.244.2.255 dev cni0
#   topologies/userspace-proxy.yaml:164
ip -n pod.default.client addr add 10.244.1.3/24 brd 10.244.1.255 dev eth0
#   topologies/userspace-proxy.yaml:159
ip -n pod.default.far addr add 10.244.2.2/24 brd 10.244.2.255 dev eth0
#   topologies/userspace-proxy.yaml:154
ip -n pod.default.near addr add 10.244.1.2/24 brd 10.244.1.255 dev eth0
#   topologies/userspace-proxy.yaml:144
ip -n pod.default.web-0 addr add 10.244.2.3/24 brd 10.244.2.255 dev eth0
ip -n pod.default.web-1 addr add 10.244.1.4/24 brd 10.244.1.255 dev eth0
ip -n pod.default.web-2 addr add 10.244.2.4/24 brd 10.244.2.255 dev eth0

# link state
#   topologies/userspace-proxy.yaml:19
ip -n host.client link set eth0 up
#   topologies/userspace-proxy.yaml:13
ip -n network.lan link set br0 up
#   topologies/userspace-proxy.yaml:18
ip -n network.lan link set node1 up
ip -n network.lan link set node2 up
#   topologies/userspace-proxy.yaml:19
ip -n network.lan link set client up
#   topologies/userspace-proxy.yaml:18
ip -n node.node1 link set eth0 up
ip -n node.node1 link set flannel.1 up
ip -n node.node1 link set cni0 up
#   topologies/userspace-proxy.yaml:154
ip -n node.node1 link set veth6121c68a up
#   topologies/userspace-proxy.yaml:164
ip -n node.node1 link set vethce2a28d0 up
#   topologies/userspace-proxy.yaml:144
ip -n node.node1 link set veth85dffee6 up
#   topologies/userspace-proxy.yaml:18
ip -n node.node2 link set eth0 up
ip -n node.node2 link set flannel.1 up
ip -n node.node2 link set cni0 up
#   topologies/userspace-proxy.yaml:159
ip -n node.node2 link set veth83c31a2b up
#   topologies/userspace-proxy.yaml:144
ip -n node.node2 link set veth24d07f86 up
ip -n node.node2 link set veth8d8d04a1 up
#   topologies/userspace-proxy.yaml:164
ip -n pod.default.client link set eth0 up
#   topologies/userspace-proxy.yaml:159
ip -n pod.default.far link set eth0 up
#   topologies/userspace-proxy.yaml:154
ip -n pod.default.near link set eth0 up
#   topologies/userspace-proxy.yaml:144
ip -n pod.default.web-0 link set eth0 up
ip -n pod.default.web-1 link set eth0 up
ip -n pod.default.web-2 link set eth0 up
#   topologies/userspace-proxy.yaml:18
ip -n network.lan link set node1 master br0
ip -n network.lan link set node2 master br0
#   topologies/userspace-proxy.yaml:19
ip -n network.lan link set client master br0
#   topologies/userspace-proxy.yaml:154
ip -n node.node1 link set veth6121c68a master cni0
#   topologies/userspace-proxy.yaml:164
ip -n node.node1 link set vethce2a28d0 master cni0
#   topologies/userspace-proxy.yaml:144
ip -n node.node1 link set veth85dffee6 master cni0
#   topologies/userspace-proxy.yaml:159
ip -n node.node2 link set veth83c31a2b master cni0
#   topologies/userspace-proxy.yaml:144
ip -n node.node2 link set veth24d07f86 master cni0
ip -n node.node2 link set veth8d8d04a1 master cni0

# bridge ports
#   topologies/userspace-proxy.yaml:154
bridge -n node.node1 link set dev veth6121c68a hairpin on
#   topologies/userspace-proxy.yaml:164
bridge -n node.node1 link set dev vethce2a28d0 hairpin on
#   topologies/userspace-proxy.yaml:144
bridge -n node.node1 link set dev veth85dffee6 hairpin on
#   topologies/userspace-proxy.yaml:159
bridge -n node.node2 link set dev veth83c31a2b hairpin on
#   topologies/userspace-proxy.yaml:144
bridge -n node.node2 link set dev veth24d07f86 hairpin on
bridge -n node.node2 link set dev veth8d8d04a1 hairpin on

# routes
#   topologies/userspace-proxy.yaml:18
ip -n node.node1 route add default via 10.0.0.1 dev eth0
ip -n node.node1 route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
ip -n node.node2 route add default via 10.0.0.1 dev eth0
ip -n node.node2 route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink
#   topologies/userspace-proxy.yaml:164
ip -n pod.default.client route add default via 10.244.1.1 dev eth0
ip -n pod.default.client route add 10.244.0.0/16 via 10.244.1.1 dev eth0
#   topologies/userspace-proxy.yaml:159
ip -n pod.default.far route add default via 10.244.2.1 dev eth0
ip -n pod.default.far route add 10.244.0.0/16 via 10.244.2.1 dev eth0
#   topologies/userspace-proxy.yaml:154
ip -n pod.default.near route add default via 10.244.1.1 dev eth0
ip -n pod.default.near route add 10.244.0.0/16 via 10.244.1.1 dev eth0
#   topologies/userspace-proxy.yaml:144
ip -n pod.default.web-0 route add default via 10.244.2.1 dev eth0
ip -n pod.default.web-0 route add 10.244.0.0/16 via 10.244.2.1 dev eth0
ip -n pod.default.web-1 route add default via 10.244.1.1 dev eth0
ip -n pod.default.web-1 route add 10.244.0.0/16 via 10.244.1.1 dev eth0
ip -n pod.default.web-2 route add default via 10.244.2.1 dev eth0
ip -n pod.default.web-2 route add 10.244.0.0/16 via 10.244.2.1 dev eth0

# neighbours
#   topologies/userspace-proxy.yaml:18
ip -n node.node1 neigh add 10.244.2.0 lladdr 0e:00:0a:f4:02:00 dev flannel.1 nud permanent
ip -n node.node2 neigh add 10.244.1.0 lladdr 0e:00:0a:f4:01:00 dev flannel.1 nud permanent

# forwarding entries
#   topologies/userspace-proxy.yaml:18
bridge -n node.node1 fdb append 0e:00:0a:f4:02:00 dev flannel.1 dst 10.0.0.12 self permanent
bridge -n node.node2 fdb append 0e:00:0a:f4:01:00 dev flannel.1 dst 10.0.0.11 self permanent

# processes, which have to run for the rules above to lead somewhere; this script does not start them
#   topologies/userspace-proxy.yaml:18
#   node.node1:
#     kube-proxy listens on 52490 and relays default/far:http to 10.244.2.2:8080
#     kube-proxy holds 30080
#     kube-proxy listens on 48879/UDP and relays default/far:dns to 10.244.2.2:53
#     kube-proxy holds 30053/UDP
#     kube-proxy listens on 45048 and relays default/near to 10.244.1.2:8080
#     kube-proxy listens on 52755 and relays default/turns to 10.244.1.4:8080, 10.244.2.3:8080, 10.244.2.4:8080, in turn
#     kube-proxy listens on 33748 and relays default/sticky to 10.244.1.4:8080, 10.244.2.3:8080, 10.244.2.4:8080, in turn
#     kube-proxy listens on 41269 and relays default/nobody:http to nobody
#     kube-proxy listens on 36224/UDP and relays default/nobody:dns to nobody
#   node.node2:
#     kube-proxy listens on 52490 and relays default/far:http to 10.244.2.2:8080
#     kube-proxy holds 30080
#     kube-proxy listens on 48879/UDP and relays default/far:dns to 10.244.2.2:53
#     kube-proxy holds 30053/UDP
#     kube-proxy listens on 45048 and relays default/near to 10.244.1.2:8080
#     kube-proxy listens on 52755 and relays default/turns to 10.244.1.4:8080, 10.244.2.3:8080, 10.244.2.4:8080, in turn
#     kube-proxy listens on 33748 and relays default/sticky to 10.244.1.4:8080, 10.244.2.3:8080, 10.244.2.4:8080, in turn
#     kube-proxy listens on 41269 and relays default/nobody:http to nobody
#     kube-proxy listens on 36224/UDP and relays default/nobody:dns to nobody
