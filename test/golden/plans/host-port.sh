#!/bin/sh
# Builds the lab host-port: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/host-port.yaml:13
ip netns add host.client
#   topologies/host-port.yaml:8
ip netns add network.lan
#   topologies/host-port.yaml:12
ip netns add node.node1
ip netns add node.node2
#   topologies/host-port.yaml:118
ip netns add pod.default.claimant
#   topologies/host-port.yaml:113
ip netns add pod.default.neighbour
#   topologies/host-port.yaml:106
ip netns add pod.default.private
#   topologies/host-port.yaml:123
ip netns add pod.default.shop
#   topologies/host-port.yaml:97
ip netns add pod.default.web

# kernel settings
#   topologies/host-port.yaml:8
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/host-port.yaml:12
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
#   topologies/host-port.yaml:12
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
:FLANNEL-POSTRTG - [0:0]
:CNI-HOSTPORT-SETMARK - [0:0]
:CNI-HOSTPORT-MASQ - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-DN-76111baea4ad72da20878 - [0:0]
:CNI-DN-14aa954d92b0660e7d5b1 - [0:0]
:CNI-DN-242e2030d796f7f27f775 - [0:0]
:KUBE-SVC-PFINMTQ5Y2TT4XZK - [0:0]
:KUBE-EXT-PFINMTQ5Y2TT4XZK - [0:0]
:KUBE-SEP-UXN3DN5ZHXABOZQX - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-NODEPORTS -m comment --comment default/shop -m tcp -p tcp --dport 30080 -j KUBE-EXT-PFINMTQ5Y2TT4XZK
-A KUBE-SERVICES -m comment --comment "default/shop cluster IP" -m tcp -p tcp -d 10.96.0.100 --dport 80 -j KUBE-SVC-PFINMTQ5Y2TT4XZK
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.1.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-DNAT -m comment --comment "dnat name: \"cbr0\" id: \"82b3ade9d00cd1642a4d420e670d6cd98eb4849a2ee0ff66d6689e645c8eb33f\"" -m multiport -p tcp --destination-ports 8000 -j CNI-DN-76111baea4ad72da20878
-A CNI-HOSTPORT-DNAT -m comment --comment "dnat name: \"cbr0\" id: \"82b3ade9d00cd1642a4d420e670d6cd98eb4849a2ee0ff66d6689e645c8eb33f\"" -m multiport -p udp --destination-ports 5353 -j CNI-DN-76111baea4ad72da20878
-A CNI-HOSTPORT-DNAT -m comment --comment "dnat name: \"cbr0\" id: \"637c3994b78254989039236ecf148152e76d06ba92e5b75ce2ef8ea7680030fe\"" -m multiport -p tcp --destination-ports 8001 -j CNI-DN-14aa954d92b0660e7d5b1
-A CNI-HOSTPORT-DNAT -m comment --comment "dnat name: \"cbr0\" id: \"b41df77d25c7107ed770fe42828a4d45a2f7b85793396ca1c1a63c74b9db828a\"" -m multiport -p tcp --destination-ports 30080 -j CNI-DN-242e2030d796f7f27f775
-A CNI-DN-76111baea4ad72da20878 -p tcp --dport 8000 -s 10.244.1.0/24 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-76111baea4ad72da20878 -p tcp --dport 8000 -s 127.0.0.1 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-76111baea4ad72da20878 -p tcp --dport 8000 -j DNAT --to-destination 10.244.1.2:80
-A CNI-DN-76111baea4ad72da20878 -p udp --dport 5353 -s 10.244.1.0/24 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-76111baea4ad72da20878 -p udp --dport 5353 -s 127.0.0.1 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-76111baea4ad72da20878 -p udp --dport 5353 -j DNAT --to-destination 10.244.1.2:53
-A CNI-DN-14aa954d92b0660e7d5b1 -p tcp --dport 8001 -d 127.0.0.1 -s 10.244.1.0/24 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-14aa954d92b0660e7d5b1 -p tcp --dport 8001 -d 127.0.0.1 -s 127.0.0.1 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-14aa954d92b0660e7d5b1 -p tcp --dport 8001 -d 127.0.0.1 -j DNAT --to-destination 10.244.1.3:80
-A CNI-DN-242e2030d796f7f27f775 -p tcp --dport 30080 -s 10.244.1.0/24 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-242e2030d796f7f27f775 -p tcp --dport 30080 -s 127.0.0.1 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-242e2030d796f7f27f775 -p tcp --dport 30080 -j DNAT --to-destination 10.244.1.5:80
-A KUBE-SVC-PFINMTQ5Y2TT4XZK -m comment --comment "default/shop cluster IP" -m tcp -p tcp -d 10.96.0.100 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ
-A KUBE-SVC-PFINMTQ5Y2TT4XZK -m comment --comment "default/shop -> 10.244.2.2:80" -j KUBE-SEP-UXN3DN5ZHXABOZQX
-A KUBE-EXT-PFINMTQ5Y2TT4XZK -m comment --comment "masquerade traffic for default/shop external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-PFINMTQ5Y2TT4XZK -j KUBE-SVC-PFINMTQ5Y2TT4XZK
-A KUBE-SEP-UXN3DN5ZHXABOZQX -m comment --comment default/shop -s 10.244.2.2 -j KUBE-MARK-MASQ
-A KUBE-SEP-UXN3DN5ZHXABOZQX -m comment --comment default/shop -m tcp -p tcp -j DNAT --to-destination 10.244.2.2:80
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
:FLANNEL-FWD - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
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
:FLANNEL-POSTRTG - [0:0]
:KUBE-SVC-PFINMTQ5Y2TT4XZK - [0:0]
:KUBE-EXT-PFINMTQ5Y2TT4XZK - [0:0]
:KUBE-SEP-UXN3DN5ZHXABOZQX - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-NODEPORTS -m comment --comment default/shop -m tcp -p tcp --dport 30080 -j KUBE-EXT-PFINMTQ5Y2TT4XZK
-A KUBE-SERVICES -m comment --comment "default/shop cluster IP" -m tcp -p tcp -d 10.96.0.100 --dport 80 -j KUBE-SVC-PFINMTQ5Y2TT4XZK
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.2.0/24 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 -d 10.244.2.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.2.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.244.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.244.0.0/16 -d 10.244.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A KUBE-SVC-PFINMTQ5Y2TT4XZK -m comment --comment "default/shop cluster IP" -m tcp -p tcp -d 10.96.0.100 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ
-A KUBE-SVC-PFINMTQ5Y2TT4XZK -m comment --comment "default/shop -> 10.244.2.2:80" -j KUBE-SEP-UXN3DN5ZHXABOZQX
-A KUBE-EXT-PFINMTQ5Y2TT4XZK -m comment --comment "masquerade traffic for default/shop external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-PFINMTQ5Y2TT4XZK -j KUBE-SVC-PFINMTQ5Y2TT4XZK
-A KUBE-SEP-UXN3DN5ZHXABOZQX -m comment --comment default/shop -s 10.244.2.2 -j KUBE-MARK-MASQ
-A KUBE-SEP-UXN3DN5ZHXABOZQX -m comment --comment default/shop -m tcp -p tcp -j DNAT --to-destination 10.244.2.2:80
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
:FLANNEL-FWD - [0:0]
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
EOF

# link state
#   topologies/host-port.yaml:13
ip -n host.client link set lo up
#   topologies/host-port.yaml:8
ip -n network.lan link set lo up
#   topologies/host-port.yaml:12
ip -n node.node1 link set lo up
ip -n node.node2 link set lo up
#   topologies/host-port.yaml:118
ip -n pod.default.claimant link set lo up
#   topologies/host-port.yaml:113
ip -n pod.default.neighbour link set lo up
#   topologies/host-port.yaml:106
ip -n pod.default.private link set lo up
#   topologies/host-port.yaml:123
ip -n pod.default.shop link set lo up
#   topologies/host-port.yaml:97
ip -n pod.default.web link set lo up

# links
#   topologies/host-port.yaml:8
ip -n network.lan link add br0 mtu 1500 address 02:02:0a:00:00:01 type bridge
#   topologies/host-port.yaml:12
ip -n node.node1 link add cni0 mtu 1450 address 0a:5a:0a:f4:01:01 type bridge
ip -n node.node2 link add cni0 mtu 1450 address 0a:5a:0a:f4:02:01 type bridge
#   topologies/host-port.yaml:13
ip -n host.client link add eth0 mtu 1500 address 02:00:0a:00:00:64 type veth peer name client mtu 1500 address 02:01:0a:00:00:64 netns network.lan
#   topologies/host-port.yaml:12
ip -n node.node1 link add eth0 mtu 1500 address 02:00:0a:00:00:0b type veth peer name node1 mtu 1500 address 02:01:0a:00:00:0b netns network.lan
ip -n node.node2 link add eth0 mtu 1500 address 02:00:0a:00:00:0c type veth peer name node2 mtu 1500 address 02:01:0a:00:00:0c netns network.lan
#   topologies/host-port.yaml:118
ip -n pod.default.claimant link add eth0 mtu 1450 address 0a:58:0a:f4:01:05 type veth peer name veth1a67e94b mtu 1450 address 0a:59:0a:f4:01:05 netns node.node1
#   topologies/host-port.yaml:113
ip -n pod.default.neighbour link add eth0 mtu 1450 address 0a:58:0a:f4:01:04 type veth peer name vethcb6382d2 mtu 1450 address 0a:59:0a:f4:01:04 netns node.node1
#   topologies/host-port.yaml:106
ip -n pod.default.private link add eth0 mtu 1450 address 0a:58:0a:f4:01:03 type veth peer name vethf88a453e mtu 1450 address 0a:59:0a:f4:01:03 netns node.node1
#   topologies/host-port.yaml:123
ip -n pod.default.shop link add eth0 mtu 1450 address 0a:58:0a:f4:02:02 type veth peer name veth31b809b8 mtu 1450 address 0a:59:0a:f4:02:02 netns node.node2
#   topologies/host-port.yaml:97
ip -n pod.default.web link add eth0 mtu 1450 address 0a:58:0a:f4:01:02 type veth peer name veth5887b110 mtu 1450 address 0a:59:0a:f4:01:02 netns node.node1
#   topologies/host-port.yaml:12
ip -n node.node1 link add flannel.1 mtu 1450 address 0e:00:0a:f4:01:00 type vxlan id 1 local 10.0.0.11 dev eth0 dstport 8472 nolearning
ip -n node.node2 link add flannel.1 mtu 1450 address 0e:00:0a:f4:02:00 type vxlan id 1 local 10.0.0.12 dev eth0 dstport 8472 nolearning

# link state
#   topologies/host-port.yaml:13
ip -n host.client link set eth0 addrgenmode none
#   topologies/host-port.yaml:8
ip -n network.lan link set br0 addrgenmode none
#   topologies/host-port.yaml:12
ip -n network.lan link set node1 addrgenmode none
ip -n network.lan link set node2 addrgenmode none
#   topologies/host-port.yaml:13
ip -n network.lan link set client addrgenmode none
#   topologies/host-port.yaml:12
ip -n node.node1 link set eth0 addrgenmode none
ip -n node.node1 link set flannel.1 addrgenmode none
ip -n node.node1 link set cni0 addrgenmode none
#   topologies/host-port.yaml:97
ip -n node.node1 link set veth5887b110 addrgenmode none
#   topologies/host-port.yaml:106
ip -n node.node1 link set vethf88a453e addrgenmode none
#   topologies/host-port.yaml:113
ip -n node.node1 link set vethcb6382d2 addrgenmode none
#   topologies/host-port.yaml:118
ip -n node.node1 link set veth1a67e94b addrgenmode none
#   topologies/host-port.yaml:12
ip -n node.node2 link set eth0 addrgenmode none
ip -n node.node2 link set flannel.1 addrgenmode none
ip -n node.node2 link set cni0 addrgenmode none
#   topologies/host-port.yaml:123
ip -n node.node2 link set veth31b809b8 addrgenmode none
#   topologies/host-port.yaml:118
ip -n pod.default.claimant link set eth0 addrgenmode none
#   topologies/host-port.yaml:113
ip -n pod.default.neighbour link set eth0 addrgenmode none
#   topologies/host-port.yaml:106
ip -n pod.default.private link set eth0 addrgenmode none
#   topologies/host-port.yaml:123
ip -n pod.default.shop link set eth0 addrgenmode none
#   topologies/host-port.yaml:97
ip -n pod.default.web link set eth0 addrgenmode none

# kernel settings
#   topologies/host-port.yaml:12
ip netns exec node.node1 sysctl -qw net.ipv4.conf.cni0.route_localnet=1

# addresses
#   topologies/host-port.yaml:13
ip -n host.client addr add 10.0.0.100/24 brd 10.0.0.255 dev eth0
#   topologies/host-port.yaml:12
ip -n node.node1 addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0
ip -n node.node1 addr add 10.244.1.0/32 dev flannel.1
ip -n node.node1 addr add 10.244.1.1/24 brd 10.244.1.255 dev cni0
ip -n node.node2 addr add 10.0.0.12/24 brd 10.0.0.255 dev eth0
ip -n node.node2 addr add 10.244.2.0/32 dev flannel.1
ip -n node.node2 addr add 10.244.2.1/24 brd 10.244.2.255 dev cni0
#   topologies/host-port.yaml:118
ip -n pod.default.claimant addr add 10.244.1.5/24 brd 10.244.1.255 dev eth0
#   topologies/host-port.yaml:113
ip -n pod.default.neighbour addr add 10.244.1.4/24 brd 10.244.1.255 dev eth0
#   topologies/host-port.yaml:106
ip -n pod.default.private addr add 10.244.1.3/24 brd 10.244.1.255 dev eth0
#   topologies/host-port.yaml:123
ip -n pod.default.shop addr add 10.244.2.2/24 brd 10.244.2.255 dev eth0
#   topologies/host-port.yaml:97
ip -n pod.default.web addr add 10.244.1.2/24 brd 10.244.1.255 dev eth0

# link state
#   topologies/host-port.yaml:13
ip -n host.client link set eth0 up
#   topologies/host-port.yaml:8
ip -n network.lan link set br0 up
#   topologies/host-port.yaml:12
ip -n network.lan link set node1 up
ip -n network.lan link set node2 up
#   topologies/host-port.yaml:13
ip -n network.lan link set client up
#   topologies/host-port.yaml:12
ip -n node.node1 link set eth0 up
ip -n node.node1 link set flannel.1 up
ip -n node.node1 link set cni0 up
#   topologies/host-port.yaml:97
ip -n node.node1 link set veth5887b110 up
#   topologies/host-port.yaml:106
ip -n node.node1 link set vethf88a453e up
#   topologies/host-port.yaml:113
ip -n node.node1 link set vethcb6382d2 up
#   topologies/host-port.yaml:118
ip -n node.node1 link set veth1a67e94b up
#   topologies/host-port.yaml:12
ip -n node.node2 link set eth0 up
ip -n node.node2 link set flannel.1 up
ip -n node.node2 link set cni0 up
#   topologies/host-port.yaml:123
ip -n node.node2 link set veth31b809b8 up
#   topologies/host-port.yaml:118
ip -n pod.default.claimant link set eth0 up
#   topologies/host-port.yaml:113
ip -n pod.default.neighbour link set eth0 up
#   topologies/host-port.yaml:106
ip -n pod.default.private link set eth0 up
#   topologies/host-port.yaml:123
ip -n pod.default.shop link set eth0 up
#   topologies/host-port.yaml:97
ip -n pod.default.web link set eth0 up
#   topologies/host-port.yaml:12
ip -n network.lan link set node1 master br0
ip -n network.lan link set node2 master br0
#   topologies/host-port.yaml:13
ip -n network.lan link set client master br0
#   topologies/host-port.yaml:97
ip -n node.node1 link set veth5887b110 master cni0
#   topologies/host-port.yaml:106
ip -n node.node1 link set vethf88a453e master cni0
#   topologies/host-port.yaml:113
ip -n node.node1 link set vethcb6382d2 master cni0
#   topologies/host-port.yaml:118
ip -n node.node1 link set veth1a67e94b master cni0
#   topologies/host-port.yaml:123
ip -n node.node2 link set veth31b809b8 master cni0

# bridge ports
#   topologies/host-port.yaml:97
bridge -n node.node1 link set dev veth5887b110 hairpin on
#   topologies/host-port.yaml:106
bridge -n node.node1 link set dev vethf88a453e hairpin on
#   topologies/host-port.yaml:113
bridge -n node.node1 link set dev vethcb6382d2 hairpin on
#   topologies/host-port.yaml:118
bridge -n node.node1 link set dev veth1a67e94b hairpin on
#   topologies/host-port.yaml:123
bridge -n node.node2 link set dev veth31b809b8 hairpin on

# routes
#   topologies/host-port.yaml:12
ip -n node.node1 route add default via 10.0.0.1 dev eth0
ip -n node.node1 route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
ip -n node.node2 route add default via 10.0.0.1 dev eth0
ip -n node.node2 route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink
#   topologies/host-port.yaml:118
ip -n pod.default.claimant route add default via 10.244.1.1 dev eth0
ip -n pod.default.claimant route add 10.244.0.0/16 via 10.244.1.1 dev eth0
#   topologies/host-port.yaml:113
ip -n pod.default.neighbour route add default via 10.244.1.1 dev eth0
ip -n pod.default.neighbour route add 10.244.0.0/16 via 10.244.1.1 dev eth0
#   topologies/host-port.yaml:106
ip -n pod.default.private route add default via 10.244.1.1 dev eth0
ip -n pod.default.private route add 10.244.0.0/16 via 10.244.1.1 dev eth0
#   topologies/host-port.yaml:123
ip -n pod.default.shop route add default via 10.244.2.1 dev eth0
ip -n pod.default.shop route add 10.244.0.0/16 via 10.244.2.1 dev eth0
#   topologies/host-port.yaml:97
ip -n pod.default.web route add default via 10.244.1.1 dev eth0
ip -n pod.default.web route add 10.244.0.0/16 via 10.244.1.1 dev eth0

# neighbours
#   topologies/host-port.yaml:12
ip -n node.node1 neigh add 10.244.2.0 lladdr 0e:00:0a:f4:02:00 dev flannel.1 nud permanent
ip -n node.node2 neigh add 10.244.1.0 lladdr 0e:00:0a:f4:01:00 dev flannel.1 nud permanent

# forwarding entries
#   topologies/host-port.yaml:12
bridge -n node.node1 fdb append 0e:00:0a:f4:02:00 dev flannel.1 dst 10.0.0.12 self permanent
bridge -n node.node2 fdb append 0e:00:0a:f4:01:00 dev flannel.1 dst 10.0.0.11 self permanent
