#!/bin/sh
# Builds the lab router-advertisements: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/router-advertisements.yaml:23
ip netns add host.client
ip netns add host.web
#   topologies/router-advertisements.yaml:13
ip netns add network.dmz
ip netns add network.lan
#   topologies/router-advertisements.yaml:22
ip netns add node.node1
#   topologies/router-advertisements.yaml:51
ip netns add pod.default.a
#   topologies/router-advertisements.yaml:24
ip netns add router.gw

# kernel settings
#   topologies/router-advertisements.yaml:23
ip netns exec host.client sysctl -qw net.ipv6.conf.default.accept_dad=0
ip netns exec host.web sysctl -qw net.ipv6.conf.default.accept_dad=0
#   topologies/router-advertisements.yaml:13
ip netns exec network.dmz sysctl -qw net.bridge.bridge-nf-call-iptables=0
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/router-advertisements.yaml:22
ip netns exec node.node1 sysctl -qw net.ipv6.conf.default.accept_dad=0
ip netns exec node.node1 sysctl -qw net.ipv6.conf.all.forwarding=1
ip netns exec node.node1 sysctl -qw net.bridge.bridge-nf-call-ip6tables=1
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
#   topologies/router-advertisements.yaml:51
ip netns exec pod.default.a sysctl -qw net.ipv6.conf.default.accept_dad=0
#   topologies/router-advertisements.yaml:24
ip netns exec router.gw sysctl -qw net.ipv6.conf.default.accept_dad=0
ip netns exec router.gw sysctl -qw net.ipv4.ip_forward=1
ip netns exec router.gw sysctl -qw net.ipv6.conf.all.forwarding=1

# rules
#   topologies/router-advertisements.yaml:22
ip netns exec node.node1 ip6tables-restore <<'EOF'
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
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL ! -d ::1/128 -j KUBE-NODEPORTS
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s fd00:10:244:1::/64 -d fd00:10:244::/56 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s fd00:10:244::/56 -d fd00:10:244:1::/64 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s fd00:10:244::/56 -d fd00:10:244:1::/64 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s fd00:10:244::/56 ! -d ff00::/8 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s fd00:10:244::/56 -d fd00:10:244::/56 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-KUBELET-CANARY - [0:0]
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
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FLANNEL-FWD -s fd00:10:244::/56 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d fd00:10:244::/56 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
EOF

# link state
#   topologies/router-advertisements.yaml:23
ip -n host.client link set lo up
ip -n host.web link set lo up
#   topologies/router-advertisements.yaml:13
ip -n network.dmz link set lo up
ip -n network.lan link set lo up
#   topologies/router-advertisements.yaml:22
ip -n node.node1 link set lo up
#   topologies/router-advertisements.yaml:51
ip -n pod.default.a link set lo up
#   topologies/router-advertisements.yaml:24
ip -n router.gw link set lo up

# links
#   topologies/router-advertisements.yaml:13
ip -n network.dmz link add br0 mtu 1500 address 02:02:fd:00:00:21 type bridge
ip -n network.lan link add br0 mtu 1500 address 02:02:fd:00:00:11 type bridge
#   topologies/router-advertisements.yaml:22
ip -n node.node1 link add cni0 mtu 1500 address 0a:5a:ff:44:00:10 type bridge
#   topologies/router-advertisements.yaml:23
ip -n host.client link add eth0 mtu 1500 address 02:00:fd:00:01:10 type veth peer name client mtu 1500 address 02:01:fd:00:01:10 netns network.lan
ip -n host.web link add eth0 mtu 1500 address 02:00:fd:00:01:20 type veth peer name web mtu 1500 address 02:01:fd:00:01:20 netns network.dmz
#   topologies/router-advertisements.yaml:22
ip -n node.node1 link add eth0 mtu 1500 address 02:00:fd:00:00:01 type veth peer name node1 mtu 1500 address 02:01:fd:00:00:01 netns network.lan
#   topologies/router-advertisements.yaml:51
ip -n pod.default.a link add eth0 mtu 1500 address 0a:58:ff:44:00:13 type veth peer name veth71273818 mtu 1500 address 0a:59:ff:44:00:13 netns node.node1
#   topologies/router-advertisements.yaml:24
ip -n router.gw link add eth0 mtu 1500 address 02:00:fd:00:00:11 type veth peer name gw mtu 1500 address 02:01:fd:00:00:11 netns network.lan
ip -n router.gw link add eth1 mtu 1500 address 02:00:fd:00:00:21 type veth peer name gw mtu 1500 address 02:01:fd:00:00:21 netns network.dmz

# link state
#   topologies/router-advertisements.yaml:13
ip -n network.dmz link set br0 addrgenmode none
#   topologies/router-advertisements.yaml:23
ip -n network.dmz link set web addrgenmode none
#   topologies/router-advertisements.yaml:24
ip -n network.dmz link set gw addrgenmode none
#   topologies/router-advertisements.yaml:13
ip -n network.lan link set br0 addrgenmode none
#   topologies/router-advertisements.yaml:22
ip -n network.lan link set node1 addrgenmode none
#   topologies/router-advertisements.yaml:23
ip -n network.lan link set client addrgenmode none
#   topologies/router-advertisements.yaml:24
ip -n network.lan link set gw addrgenmode none
#   topologies/router-advertisements.yaml:51
ip -n node.node1 link set veth71273818 addrgenmode none

# kernel settings
#   topologies/router-advertisements.yaml:23
ip netns exec host.client sysctl -qw net.ipv6.conf.eth0.accept_ra=2
ip netns exec host.web sysctl -qw net.ipv6.conf.eth0.accept_ra=2
#   topologies/router-advertisements.yaml:22
ip netns exec node.node1 sysctl -qw net.ipv6.conf.eth0.accept_ra=2

# addresses
#   topologies/router-advertisements.yaml:23
ip -n host.client addr add fd00:10::100/64 dev eth0 nodad
ip -n host.web addr add fd00:20::100/64 dev eth0 nodad
#   topologies/router-advertisements.yaml:22
ip -n node.node1 addr add fd00:10::11/64 dev eth0 nodad
ip -n node.node1 addr add fd00:10:244:1::1/64 dev cni0 nodad
#   topologies/router-advertisements.yaml:51
ip -n pod.default.a addr add fd00:10:244:1::2/64 dev eth0 nodad
#   topologies/router-advertisements.yaml:24
ip -n router.gw addr add fd00:10::1/64 dev eth0 nodad
ip -n router.gw addr add fd00:20::1/64 dev eth1 nodad

# link state
#   topologies/router-advertisements.yaml:23
ip -n host.client link set eth0 up
ip -n host.web link set eth0 up
#   topologies/router-advertisements.yaml:13
ip -n network.dmz link set br0 up
#   topologies/router-advertisements.yaml:23
ip -n network.dmz link set web up
#   topologies/router-advertisements.yaml:24
ip -n network.dmz link set gw up
#   topologies/router-advertisements.yaml:13
ip -n network.lan link set br0 up
#   topologies/router-advertisements.yaml:22
ip -n network.lan link set node1 up
#   topologies/router-advertisements.yaml:23
ip -n network.lan link set client up
#   topologies/router-advertisements.yaml:24
ip -n network.lan link set gw up
#   topologies/router-advertisements.yaml:22
ip -n node.node1 link set eth0 up
ip -n node.node1 link set cni0 up
#   topologies/router-advertisements.yaml:51
ip -n node.node1 link set veth71273818 up
ip -n pod.default.a link set eth0 up
#   topologies/router-advertisements.yaml:24
ip -n router.gw link set eth0 up
ip -n router.gw link set eth1 up
#   topologies/router-advertisements.yaml:23
ip -n network.dmz link set web master br0
#   topologies/router-advertisements.yaml:24
ip -n network.dmz link set gw master br0
#   topologies/router-advertisements.yaml:22
ip -n network.lan link set node1 master br0
#   topologies/router-advertisements.yaml:23
ip -n network.lan link set client master br0
#   topologies/router-advertisements.yaml:24
ip -n network.lan link set gw master br0
#   topologies/router-advertisements.yaml:51
ip -n node.node1 link set veth71273818 master cni0

# bridge ports
#   topologies/router-advertisements.yaml:51
bridge -n node.node1 link set dev veth71273818 hairpin on

# routes
#   topologies/router-advertisements.yaml:51
ip -n pod.default.a route add ::/0 via fd00:10:244:1::1 dev eth0
ip -n pod.default.a route add fd00:10:244::/56 via fd00:10:244:1::1 dev eth0

# BIRD, which brings routes to other machines
#   topologies/router-advertisements.yaml:24
ip netns exec router.gw bird -c /dev/stdin -s /run/router.gw.bird.ctl <<'EOF'
router id 151.22.83.111;
protocol device {
}
protocol radv {
  interface "eth0", "eth1" {
    prefix ::/0 { skip; };   # Only that it is here: no range is advertised
  };
}
EOF
