#!/bin/sh
# Builds the lab cross-node-wireguard: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/cross-node-wireguard.yaml:8
ip netns add network.lan
#   topologies/cross-node-wireguard.yaml:13
ip netns add node.node1
ip netns add node.node2
#   topologies/cross-node-wireguard.yaml:61
ip netns add pod.default.a
#   topologies/cross-node-wireguard.yaml:66
ip netns add pod.default.b

# kernel settings
#   topologies/cross-node-wireguard.yaml:8
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/cross-node-wireguard.yaml:13
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
#   topologies/cross-node-wireguard.yaml:13
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
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
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
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
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
#   topologies/cross-node-wireguard.yaml:8
ip -n network.lan link set lo up
#   topologies/cross-node-wireguard.yaml:13
ip -n node.node1 link set lo up
ip -n node.node2 link set lo up
#   topologies/cross-node-wireguard.yaml:61
ip -n pod.default.a link set lo up
#   topologies/cross-node-wireguard.yaml:66
ip -n pod.default.b link set lo up

# links
#   topologies/cross-node-wireguard.yaml:8
ip -n network.lan link add br0 mtu 1500 address 02:02:0a:00:00:01 type bridge
#   topologies/cross-node-wireguard.yaml:13
ip -n node.node1 link add cni0 mtu 1420 address 0a:5a:0a:f4:01:01 type bridge
ip -n node.node2 link add cni0 mtu 1420 address 0a:5a:0a:f4:02:01 type bridge
ip -n node.node1 link add eth0 mtu 1500 address 02:00:0a:00:00:0b type veth peer name node1 mtu 1500 address 02:01:0a:00:00:0b netns network.lan
ip -n node.node2 link add eth0 mtu 1500 address 02:00:0a:00:00:0c type veth peer name node2 mtu 1500 address 02:01:0a:00:00:0c netns network.lan
#   topologies/cross-node-wireguard.yaml:61
ip -n pod.default.a link add eth0 mtu 1420 address 0a:58:0a:f4:01:02 type veth peer name veth71273818 mtu 1420 address 0a:59:0a:f4:01:02 netns node.node1
#   topologies/cross-node-wireguard.yaml:66
ip -n pod.default.b link add eth0 mtu 1420 address 0a:58:0a:f4:02:02 type veth peer name veth1af9dded mtu 1420 address 0a:59:0a:f4:02:02 netns node.node2
#   topologies/cross-node-wireguard.yaml:13
ip -n node.node1 link add flannel-wg mtu 1420 type wireguard

# WireGuard keys and peers, by wireguard-tools
#   topologies/cross-node-wireguard.yaml:13
ip netns exec node.node1 wg setconf flannel-wg /dev/stdin <<'EOF'
[Interface]
PrivateKey = 2CEJ0pG558Y/xQw7r7KXMIczIyMgiV9Qcyp+Fwcn5Xw=
ListenPort = 51820
[Peer]
PublicKey = JzFELX1A6lis6Malp1BCXpvT7f+7CIrVnZ2Zb824sRs=
Endpoint = 10.0.0.12:51820
AllowedIPs = 10.244.2.0/24
EOF

# links
#   topologies/cross-node-wireguard.yaml:13
ip -n node.node2 link add flannel-wg mtu 1420 type wireguard

# WireGuard keys and peers, by wireguard-tools
#   topologies/cross-node-wireguard.yaml:13
ip netns exec node.node2 wg setconf flannel-wg /dev/stdin <<'EOF'
[Interface]
PrivateKey = 6FIZhvkCU8He9NXa54SHGRKvIEa2Wp9xQNQyjz2bUWc=
ListenPort = 51820
[Peer]
PublicKey = txZlOpwcebUlA3LbpjXHkXkuVvogP5ERPjQxmefTMiQ=
Endpoint = 10.0.0.11:51820
AllowedIPs = 10.244.1.0/24
EOF

# link state
#   topologies/cross-node-wireguard.yaml:8
ip -n network.lan link set br0 addrgenmode none
#   topologies/cross-node-wireguard.yaml:13
ip -n network.lan link set node1 addrgenmode none
ip -n network.lan link set node2 addrgenmode none
ip -n node.node1 link set eth0 addrgenmode none
ip -n node.node1 link set flannel-wg addrgenmode none
ip -n node.node1 link set cni0 addrgenmode none
#   topologies/cross-node-wireguard.yaml:61
ip -n node.node1 link set veth71273818 addrgenmode none
#   topologies/cross-node-wireguard.yaml:13
ip -n node.node2 link set eth0 addrgenmode none
ip -n node.node2 link set flannel-wg addrgenmode none
ip -n node.node2 link set cni0 addrgenmode none
#   topologies/cross-node-wireguard.yaml:66
ip -n node.node2 link set veth1af9dded addrgenmode none
#   topologies/cross-node-wireguard.yaml:61
ip -n pod.default.a link set eth0 addrgenmode none
#   topologies/cross-node-wireguard.yaml:66
ip -n pod.default.b link set eth0 addrgenmode none

# addresses
#   topologies/cross-node-wireguard.yaml:13
ip -n node.node1 addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0
ip -n node.node1 addr add 10.244.1.0/32 dev flannel-wg
ip -n node.node1 addr add 10.244.1.1/24 brd 10.244.1.255 dev cni0
ip -n node.node2 addr add 10.0.0.12/24 brd 10.0.0.255 dev eth0
ip -n node.node2 addr add 10.244.2.0/32 dev flannel-wg
ip -n node.node2 addr add 10.244.2.1/24 brd 10.244.2.255 dev cni0
#   topologies/cross-node-wireguard.yaml:61
ip -n pod.default.a addr add 10.244.1.2/24 brd 10.244.1.255 dev eth0
#   topologies/cross-node-wireguard.yaml:66
ip -n pod.default.b addr add 10.244.2.2/24 brd 10.244.2.255 dev eth0

# link state
#   topologies/cross-node-wireguard.yaml:8
ip -n network.lan link set br0 up
#   topologies/cross-node-wireguard.yaml:13
ip -n network.lan link set node1 up
ip -n network.lan link set node2 up
ip -n node.node1 link set eth0 up
ip -n node.node1 link set flannel-wg up
ip -n node.node1 link set cni0 up
#   topologies/cross-node-wireguard.yaml:61
ip -n node.node1 link set veth71273818 up
#   topologies/cross-node-wireguard.yaml:13
ip -n node.node2 link set eth0 up
ip -n node.node2 link set flannel-wg up
ip -n node.node2 link set cni0 up
#   topologies/cross-node-wireguard.yaml:66
ip -n node.node2 link set veth1af9dded up
#   topologies/cross-node-wireguard.yaml:61
ip -n pod.default.a link set eth0 up
#   topologies/cross-node-wireguard.yaml:66
ip -n pod.default.b link set eth0 up
#   topologies/cross-node-wireguard.yaml:13
ip -n network.lan link set node1 master br0
ip -n network.lan link set node2 master br0
#   topologies/cross-node-wireguard.yaml:61
ip -n node.node1 link set veth71273818 master cni0
#   topologies/cross-node-wireguard.yaml:66
ip -n node.node2 link set veth1af9dded master cni0

# bridge ports
#   topologies/cross-node-wireguard.yaml:61
bridge -n node.node1 link set dev veth71273818 hairpin on
#   topologies/cross-node-wireguard.yaml:66
bridge -n node.node2 link set dev veth1af9dded hairpin on

# routes
#   topologies/cross-node-wireguard.yaml:13
ip -n node.node1 route add default via 10.0.0.1 dev eth0
ip -n node.node1 route add 10.244.0.0/16 dev flannel-wg scope link
ip -n node.node2 route add default via 10.0.0.1 dev eth0
ip -n node.node2 route add 10.244.0.0/16 dev flannel-wg scope link
#   topologies/cross-node-wireguard.yaml:61
ip -n pod.default.a route add default via 10.244.1.1 dev eth0
ip -n pod.default.a route add 10.244.0.0/16 via 10.244.1.1 dev eth0
#   topologies/cross-node-wireguard.yaml:66
ip -n pod.default.b route add default via 10.244.2.1 dev eth0
ip -n pod.default.b route add 10.244.0.0/16 via 10.244.2.1 dev eth0
