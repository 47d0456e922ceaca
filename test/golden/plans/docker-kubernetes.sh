#!/bin/sh
# Builds the lab docker-kubernetes: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/docker-kubernetes.yaml:14
ip netns add host.client
#   topologies/docker-kubernetes.yaml:8
ip netns add network.lan
#   topologies/docker-kubernetes.yaml:13
ip netns add node.node1
ip netns add node.node2
#   topologies/docker-kubernetes.yaml:57
ip netns add pod.default.a
#   topologies/docker-kubernetes.yaml:62
ip netns add pod.default.b
#   topologies/docker-kubernetes.yaml:67
ip netns add pod.default.c

# kernel settings
#   topologies/docker-kubernetes.yaml:8
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/docker-kubernetes.yaml:13
ip netns exec node.node1 sysctl -qw net.ipv4.ip_forward=1
ip netns exec node.node1 sysctl -qw net.bridge.bridge-nf-call-iptables=1
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.route_localnet=1
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.arp_ignore=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.arp_announce=0
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
ip netns exec node.node2 sysctl -qw net.ipv4.ip_forward=1
ip netns exec node.node2 sysctl -qw net.bridge.bridge-nf-call-iptables=1
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.route_localnet=1
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.arp_ignore=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.arp_announce=0
ip netns exec node.node2 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node2 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600

# rules
#   topologies/docker-kubernetes.yaml:13
ip netns exec node.node1 iptables-restore <<'EOF'
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-IPTABLES-HINT - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-PROXY-CANARY - [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
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
:KUBE-PROXY-CANARY - [0:0]
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-MARK-MASQ - [0:0]
:KUBE-POSTROUTING - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-FIREWALL - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:KUBE-NODEPORTS - [0:0]
:KUBE-SERVICES - [0:0]
:KUBE-EXTERNAL-SERVICES - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-FORWARD - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
EOF

# link state
#   topologies/docker-kubernetes.yaml:14
ip -n host.client link set lo up
#   topologies/docker-kubernetes.yaml:8
ip -n network.lan link set lo up
#   topologies/docker-kubernetes.yaml:13
ip -n node.node1 link set lo up
ip -n node.node2 link set lo up
#   topologies/docker-kubernetes.yaml:57
ip -n pod.default.a link set lo up
#   topologies/docker-kubernetes.yaml:62
ip -n pod.default.b link set lo up
#   topologies/docker-kubernetes.yaml:67
ip -n pod.default.c link set lo up

# links
#   topologies/docker-kubernetes.yaml:8
ip -n network.lan link add br0 mtu 1500 address 02:02:0a:00:00:01 type bridge
#   topologies/docker-kubernetes.yaml:13
ip -n node.node1 link add docker0 mtu 1500 address 0a:5a:0a:f4:01:01 type bridge
ip -n node.node2 link add docker0 mtu 1500 address 0a:5a:0a:f4:02:01 type bridge
#   topologies/docker-kubernetes.yaml:14
ip -n host.client link add eth0 mtu 1500 address 02:00:0a:00:00:64 type veth peer name client mtu 1500 address 02:01:0a:00:00:64 netns network.lan
#   topologies/docker-kubernetes.yaml:13
ip -n node.node1 link add eth0 mtu 1500 address 02:00:0a:00:00:0b type veth peer name node1 mtu 1500 address 02:01:0a:00:00:0b netns network.lan
ip -n node.node2 link add eth0 mtu 1500 address 02:00:0a:00:00:0c type veth peer name node2 mtu 1500 address 02:01:0a:00:00:0c netns network.lan
#   topologies/docker-kubernetes.yaml:57
ip -n pod.default.a link add eth0 mtu 1500 address 02:42:0a:f4:01:02 type veth peer name veth7127381 mtu 1500 address 02:43:0a:f4:01:02 netns node.node1
#   topologies/docker-kubernetes.yaml:62
ip -n pod.default.b link add eth0 mtu 1500 address 02:42:0a:f4:02:02 type veth peer name veth1af9dde mtu 1500 address 02:43:0a:f4:02:02 netns node.node2
#   topologies/docker-kubernetes.yaml:67
ip -n pod.default.c link add eth0 mtu 1500 address 02:42:0a:f4:02:03 type veth peer name vethaee2a0d mtu 1500 address 02:43:0a:f4:02:03 netns node.node2

# link state
#   topologies/docker-kubernetes.yaml:14
ip -n host.client link set eth0 addrgenmode none
#   topologies/docker-kubernetes.yaml:8
ip -n network.lan link set br0 addrgenmode none
#   topologies/docker-kubernetes.yaml:13
ip -n network.lan link set node1 addrgenmode none
ip -n network.lan link set node2 addrgenmode none
#   topologies/docker-kubernetes.yaml:14
ip -n network.lan link set client addrgenmode none
#   topologies/docker-kubernetes.yaml:13
ip -n node.node1 link set eth0 addrgenmode none
ip -n node.node1 link set docker0 addrgenmode none
#   topologies/docker-kubernetes.yaml:57
ip -n node.node1 link set veth7127381 addrgenmode none
#   topologies/docker-kubernetes.yaml:13
ip -n node.node2 link set eth0 addrgenmode none
ip -n node.node2 link set docker0 addrgenmode none
#   topologies/docker-kubernetes.yaml:62
ip -n node.node2 link set veth1af9dde addrgenmode none
#   topologies/docker-kubernetes.yaml:67
ip -n node.node2 link set vethaee2a0d addrgenmode none
#   topologies/docker-kubernetes.yaml:57
ip -n pod.default.a link set eth0 addrgenmode none
#   topologies/docker-kubernetes.yaml:62
ip -n pod.default.b link set eth0 addrgenmode none
#   topologies/docker-kubernetes.yaml:67
ip -n pod.default.c link set eth0 addrgenmode none

# addresses
#   topologies/docker-kubernetes.yaml:14
ip -n host.client addr add 10.0.0.100/24 brd 10.0.0.255 dev eth0
#   topologies/docker-kubernetes.yaml:13
ip -n node.node1 addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0
ip -n node.node1 addr add 10.244.1.1/24 brd 10.244.1.255 dev docker0
ip -n node.node2 addr add 10.0.0.12/24 brd 10.0.0.255 dev eth0
ip -n node.node2 addr add 10.244.2.1/24 brd 10.244.2.255 dev docker0
#   topologies/docker-kubernetes.yaml:57
ip -n pod.default.a addr add 10.244.1.2/24 brd 10.244.1.255 dev eth0
#   topologies/docker-kubernetes.yaml:62
ip -n pod.default.b addr add 10.244.2.2/24 brd 10.244.2.255 dev eth0
#   topologies/docker-kubernetes.yaml:67
ip -n pod.default.c addr add 10.244.2.3/24 brd 10.244.2.255 dev eth0

# link state
#   topologies/docker-kubernetes.yaml:14
ip -n host.client link set eth0 up
#   topologies/docker-kubernetes.yaml:8
ip -n network.lan link set br0 up
#   topologies/docker-kubernetes.yaml:13
ip -n network.lan link set node1 up
ip -n network.lan link set node2 up
#   topologies/docker-kubernetes.yaml:14
ip -n network.lan link set client up
#   topologies/docker-kubernetes.yaml:13
ip -n node.node1 link set eth0 up
ip -n node.node1 link set docker0 up
#   topologies/docker-kubernetes.yaml:57
ip -n node.node1 link set veth7127381 up
#   topologies/docker-kubernetes.yaml:13
ip -n node.node2 link set eth0 up
ip -n node.node2 link set docker0 up
#   topologies/docker-kubernetes.yaml:62
ip -n node.node2 link set veth1af9dde up
#   topologies/docker-kubernetes.yaml:67
ip -n node.node2 link set vethaee2a0d up
#   topologies/docker-kubernetes.yaml:57
ip -n pod.default.a link set eth0 up
#   topologies/docker-kubernetes.yaml:62
ip -n pod.default.b link set eth0 up
#   topologies/docker-kubernetes.yaml:67
ip -n pod.default.c link set eth0 up
#   topologies/docker-kubernetes.yaml:13
ip -n network.lan link set node1 master br0
ip -n network.lan link set node2 master br0
#   topologies/docker-kubernetes.yaml:14
ip -n network.lan link set client master br0
#   topologies/docker-kubernetes.yaml:57
ip -n node.node1 link set veth7127381 master docker0
#   topologies/docker-kubernetes.yaml:62
ip -n node.node2 link set veth1af9dde master docker0
#   topologies/docker-kubernetes.yaml:67
ip -n node.node2 link set vethaee2a0d master docker0

# bridge ports
#   topologies/docker-kubernetes.yaml:57
bridge -n node.node1 link set dev veth7127381 hairpin on
#   topologies/docker-kubernetes.yaml:62
bridge -n node.node2 link set dev veth1af9dde hairpin on
#   topologies/docker-kubernetes.yaml:67
bridge -n node.node2 link set dev vethaee2a0d hairpin on

# routes
#   topologies/docker-kubernetes.yaml:14
ip -n host.client route add 10.244.2.0/24 via 10.0.0.12 dev eth0
#   topologies/docker-kubernetes.yaml:13
ip -n node.node1 route add default via 10.0.0.1 dev eth0
ip -n node.node1 route add 10.244.2.0/24 via 10.0.0.12 dev eth0
ip -n node.node2 route add default via 10.0.0.1 dev eth0
ip -n node.node2 route add 10.244.1.0/24 via 10.0.0.11 dev eth0
#   topologies/docker-kubernetes.yaml:57
ip -n pod.default.a route add default via 10.244.1.1 dev eth0
#   topologies/docker-kubernetes.yaml:62
ip -n pod.default.b route add default via 10.244.2.1 dev eth0
#   topologies/docker-kubernetes.yaml:67
ip -n pod.default.c route add default via 10.244.2.1 dev eth0
