#!/bin/sh
# Builds the lab policy-parts: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/policy-parts.yaml:21
ip netns add host.inside
ip netns add host.outside
#   topologies/policy-parts.yaml:14
ip netns add network.dmz
ip netns add network.lan
#   topologies/policy-parts.yaml:19
ip netns add node.node1
ip netns add node.node2
#   topologies/policy-parts.yaml:80
ip netns add pod.default.nginx
#   topologies/policy-parts.yaml:72
ip netns add pod.default.redis
#   topologies/policy-parts.yaml:95
ip netns add pod.others.far
#   topologies/policy-parts.yaml:90
ip netns add pod.others.near
#   topologies/policy-parts.yaml:85
ip netns add pod.tests.client
#   topologies/policy-parts.yaml:20
ip netns add router.gw

# kernel settings
#   topologies/policy-parts.yaml:14
ip netns exec network.dmz sysctl -qw net.bridge.bridge-nf-call-iptables=0
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/policy-parts.yaml:19
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
#   topologies/policy-parts.yaml:20
ip netns exec router.gw sysctl -qw net.ipv4.ip_forward=1

# rules
#   topologies/policy-parts.yaml:19
ip netns exec node.node1 ipset restore <<'EOF'
create KUBE-DST-5TIUYXAKJ5XFBQAM hash:ip family inet hashsize 1024 maxelem 65536 timeout 0
add KUBE-DST-5TIUYXAKJ5XFBQAM 10.42.1.2 timeout 0
add KUBE-DST-5TIUYXAKJ5XFBQAM 10.42.2.2 timeout 0
create KUBE-SRC-KOCIX3DEZYURGBVL hash:ip family inet hashsize 1024 maxelem 65536 timeout 0
add KUBE-SRC-KOCIX3DEZYURGBVL 10.42.2.2 timeout 0
add KUBE-SRC-KOCIX3DEZYURGBVL 10.42.1.3 timeout 0
create KUBE-SRC-5PXBRHGP2B2I2LJT hash:net family inet hashsize 1024 maxelem 65536 timeout 0
add KUBE-SRC-5PXBRHGP2B2I2LJT 10.42.0.0/16 timeout 0
add KUBE-SRC-5PXBRHGP2B2I2LJT 10.42.1.0/24 timeout 0 nomatch
create KUBE-SRC-5TIUYXAKJ5XFBQAM hash:ip family inet hashsize 1024 maxelem 65536 timeout 0
add KUBE-SRC-5TIUYXAKJ5XFBQAM 10.42.1.2 timeout 0
add KUBE-SRC-5TIUYXAKJ5XFBQAM 10.42.2.2 timeout 0
create KUBE-DST-L66AVFURSGRXOZ7L hash:net family inet hashsize 1024 maxelem 65536 timeout 0
add KUBE-DST-L66AVFURSGRXOZ7L 10.0.0.0/24 timeout 0
EOF
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
-A FLANNEL-POSTRTG -s 10.42.1.0/24 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 -d 10.42.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.42.0.0/16 -d 10.42.1.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.42.0.0/16 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
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
:KUBE-ROUTER-INPUT - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
:KUBE-ROUTER-OUTPUT - [0:0]
:KUBE-NWPLCY-COMMON - [0:0]
:KUBE-NWPLCY-DEFAULT - [0:0]
:KUBE-NWPLCY-5TIUYXAKJ5XFBQAM - [0:0]
:KUBE-POD-FW-WDGB4USTME7SCMTE - [0:0]
:KUBE-NWPLCY-TAIL - [0:0]
-A INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -m comment --comment "kube-router netpol - VEAAIY32XVBHCSCY" -j KUBE-ROUTER-OUTPUT
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FLANNEL-FWD -s 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-ROUTER-INPUT -m comment --comment "allow traffic to primary/secondary cluster IP range - BVHX2PIHDXXEO43X" -d 10.96.0.0/12 -j RETURN
-A KUBE-ROUTER-INPUT -p tcp -m comment --comment "allow LOCAL TCP traffic to node ports - LR7XO7NXDBGQJD2M" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
-A KUBE-ROUTER-INPUT -p udp -m comment --comment "allow LOCAL UDP traffic to node ports - 76UCBPIZNGJNWNUZ" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
-A KUBE-ROUTER-INPUT -p sctp -m comment --comment "allow LOCAL SCTP traffic to node ports - YU47VQ3DEDE3VDG7" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
-A KUBE-ROUTER-INPUT -m comment --comment "default/redis out" -s 10.42.1.2 -j KUBE-POD-FW-WDGB4USTME7SCMTE
-A KUBE-ROUTER-INPUT -m comment --comment "rule to explicitly handle traffic for network policies ACCEPT/REJECT decision" -j KUBE-NWPLCY-TAIL
-A KUBE-ROUTER-INPUT -m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT
-A KUBE-ROUTER-FORWARD -m comment --comment "default/redis in" -d 10.42.1.2 -j KUBE-POD-FW-WDGB4USTME7SCMTE
-A KUBE-ROUTER-FORWARD -m physdev --physdev-is-bridged -m comment --comment "default/redis in" -d 10.42.1.2 -j KUBE-POD-FW-WDGB4USTME7SCMTE
-A KUBE-ROUTER-FORWARD -m comment --comment "default/redis out" -s 10.42.1.2 -j KUBE-POD-FW-WDGB4USTME7SCMTE
-A KUBE-ROUTER-FORWARD -m physdev --physdev-is-bridged -m comment --comment "default/redis out" -s 10.42.1.2 -j KUBE-POD-FW-WDGB4USTME7SCMTE
-A KUBE-ROUTER-FORWARD -m comment --comment "rule to explicitly handle traffic for network policies ACCEPT/REJECT decision" -j KUBE-NWPLCY-TAIL
-A KUBE-ROUTER-FORWARD -m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT
-A KUBE-ROUTER-OUTPUT -m comment --comment "default/redis in" -d 10.42.1.2 -j KUBE-POD-FW-WDGB4USTME7SCMTE
-A KUBE-ROUTER-OUTPUT -m comment --comment "default/redis out" -s 10.42.1.2 -j KUBE-POD-FW-WDGB4USTME7SCMTE
-A KUBE-ROUTER-OUTPUT -m comment --comment "rule to explicitly handle traffic for network policies ACCEPT/REJECT decision" -j KUBE-NWPLCY-TAIL
-A KUBE-ROUTER-OUTPUT -m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT
-A KUBE-NWPLCY-COMMON -m comment --comment "rule to drop invalid state for pod" -m conntrack --ctstate INVALID -j DROP
-A KUBE-NWPLCY-COMMON -m comment --comment "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-NWPLCY-COMMON -m comment --comment "allow icmp echo requests" -p icmp --icmp-type echo-request -j ACCEPT
-A KUBE-NWPLCY-COMMON -m comment --comment "allow icmp destination unreachable messages" -p icmp --icmp-type destination-unreachable -j ACCEPT
-A KUBE-NWPLCY-COMMON -m comment --comment "allow icmp time exceeded messages" -p icmp --icmp-type time-exceeded -j ACCEPT
-A KUBE-NWPLCY-DEFAULT -j MARK -m comment --comment "rule to mark traffic matching a network policy" --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-5TIUYXAKJ5XFBQAM -m comment --comment "default/test ingress pods" -m set --match-set KUBE-SRC-KOCIX3DEZYURGBVL src -m set --match-set KUBE-DST-5TIUYXAKJ5XFBQAM dst -p TCP --dport 6379 -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-5TIUYXAKJ5XFBQAM -m comment --comment "default/test ingress pods" -m set --match-set KUBE-SRC-KOCIX3DEZYURGBVL src -m set --match-set KUBE-DST-5TIUYXAKJ5XFBQAM dst -p TCP --dport 6379 -m mark --mark 0x10000/0x10000 -j RETURN
-A KUBE-NWPLCY-5TIUYXAKJ5XFBQAM -m comment --comment "default/test ingress cidr" -m set --match-set KUBE-SRC-5PXBRHGP2B2I2LJT src -m set --match-set KUBE-DST-5TIUYXAKJ5XFBQAM dst -p TCP --dport 6379 -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-5TIUYXAKJ5XFBQAM -m comment --comment "default/test ingress cidr" -m set --match-set KUBE-SRC-5PXBRHGP2B2I2LJT src -m set --match-set KUBE-DST-5TIUYXAKJ5XFBQAM dst -p TCP --dport 6379 -m mark --mark 0x10000/0x10000 -j RETURN
-A KUBE-NWPLCY-5TIUYXAKJ5XFBQAM -m comment --comment "default/test egress cidr" -m set --match-set KUBE-SRC-5TIUYXAKJ5XFBQAM src -m set --match-set KUBE-DST-L66AVFURSGRXOZ7L dst -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-5TIUYXAKJ5XFBQAM -m comment --comment "default/test egress cidr" -m set --match-set KUBE-SRC-5TIUYXAKJ5XFBQAM src -m set --match-set KUBE-DST-L66AVFURSGRXOZ7L dst -m mark --mark 0x10000/0x10000 -j RETURN
-A KUBE-POD-FW-WDGB4USTME7SCMTE -m comment --comment "common netpol rules" -j KUBE-NWPLCY-COMMON
-A KUBE-POD-FW-WDGB4USTME7SCMTE -m comment --comment "from local node" -m addrtype --src-type LOCAL -d 10.42.1.2 -j ACCEPT
-A KUBE-POD-FW-WDGB4USTME7SCMTE -m comment --comment "default/test policy" -j KUBE-NWPLCY-5TIUYXAKJ5XFBQAM
-A KUBE-POD-FW-WDGB4USTME7SCMTE -m comment --comment "default/redis log-drop" -m mark ! --mark 0x10000/0x10000 -j NFLOG --nflog-group 100 -m limit --limit 10/minute --limit-burst 10
-A KUBE-POD-FW-WDGB4USTME7SCMTE -m comment --comment "default/redis reject" -m mark ! --mark 0x10000/0x10000 -j REJECT
-A KUBE-POD-FW-WDGB4USTME7SCMTE -j MARK --set-mark 0/0x10000
-A KUBE-POD-FW-WDGB4USTME7SCMTE -m comment --comment "set netpol-ok mark" -j MARK --set-mark 0x20000/0x20000
-A KUBE-NWPLCY-TAIL -m comment --comment "accept netpol-ok" -m mark --mark 0x20000/0x20000 -j ACCEPT
COMMIT
EOF
ip netns exec node.node2 ipset restore <<'EOF'
create KUBE-DST-5TIUYXAKJ5XFBQAM hash:ip family inet hashsize 1024 maxelem 65536 timeout 0
add KUBE-DST-5TIUYXAKJ5XFBQAM 10.42.1.2 timeout 0
add KUBE-DST-5TIUYXAKJ5XFBQAM 10.42.2.2 timeout 0
create KUBE-SRC-KOCIX3DEZYURGBVL hash:ip family inet hashsize 1024 maxelem 65536 timeout 0
add KUBE-SRC-KOCIX3DEZYURGBVL 10.42.2.2 timeout 0
add KUBE-SRC-KOCIX3DEZYURGBVL 10.42.1.3 timeout 0
create KUBE-SRC-5PXBRHGP2B2I2LJT hash:net family inet hashsize 1024 maxelem 65536 timeout 0
add KUBE-SRC-5PXBRHGP2B2I2LJT 10.42.0.0/16 timeout 0
add KUBE-SRC-5PXBRHGP2B2I2LJT 10.42.1.0/24 timeout 0 nomatch
create KUBE-SRC-5TIUYXAKJ5XFBQAM hash:ip family inet hashsize 1024 maxelem 65536 timeout 0
add KUBE-SRC-5TIUYXAKJ5XFBQAM 10.42.1.2 timeout 0
add KUBE-SRC-5TIUYXAKJ5XFBQAM 10.42.2.2 timeout 0
create KUBE-DST-L66AVFURSGRXOZ7L hash:net family inet hashsize 1024 maxelem 65536 timeout 0
add KUBE-DST-L66AVFURSGRXOZ7L 10.0.0.0/24 timeout 0
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
-A FLANNEL-POSTRTG -s 10.42.2.0/24 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 -d 10.42.2.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s 10.42.0.0/16 -d 10.42.2.0/24 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s 10.42.0.0/16 ! -d 224.0.0.0/4 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s 10.42.0.0/16 -d 10.42.0.0/16 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
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
:KUBE-ROUTER-INPUT - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
:KUBE-ROUTER-OUTPUT - [0:0]
:KUBE-NWPLCY-COMMON - [0:0]
:KUBE-NWPLCY-DEFAULT - [0:0]
:KUBE-NWPLCY-5TIUYXAKJ5XFBQAM - [0:0]
:KUBE-POD-FW-EBD6VVFIF3SHJEE5 - [0:0]
:KUBE-NWPLCY-TAIL - [0:0]
-A INPUT -m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kube-router netpol - TEMCG2JMHZYE7H7T" -j KUBE-ROUTER-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -m comment --comment "kube-router netpol - VEAAIY32XVBHCSCY" -j KUBE-ROUTER-OUTPUT
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FLANNEL-FWD -s 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.42.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A KUBE-ROUTER-INPUT -m comment --comment "allow traffic to primary/secondary cluster IP range - BVHX2PIHDXXEO43X" -d 10.96.0.0/12 -j RETURN
-A KUBE-ROUTER-INPUT -p tcp -m comment --comment "allow LOCAL TCP traffic to node ports - LR7XO7NXDBGQJD2M" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
-A KUBE-ROUTER-INPUT -p udp -m comment --comment "allow LOCAL UDP traffic to node ports - 76UCBPIZNGJNWNUZ" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
-A KUBE-ROUTER-INPUT -p sctp -m comment --comment "allow LOCAL SCTP traffic to node ports - YU47VQ3DEDE3VDG7" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN
-A KUBE-ROUTER-INPUT -m comment --comment "default/nginx out" -s 10.42.2.2 -j KUBE-POD-FW-EBD6VVFIF3SHJEE5
-A KUBE-ROUTER-INPUT -m comment --comment "rule to explicitly handle traffic for network policies ACCEPT/REJECT decision" -j KUBE-NWPLCY-TAIL
-A KUBE-ROUTER-INPUT -m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT
-A KUBE-ROUTER-FORWARD -m comment --comment "default/nginx in" -d 10.42.2.2 -j KUBE-POD-FW-EBD6VVFIF3SHJEE5
-A KUBE-ROUTER-FORWARD -m physdev --physdev-is-bridged -m comment --comment "default/nginx in" -d 10.42.2.2 -j KUBE-POD-FW-EBD6VVFIF3SHJEE5
-A KUBE-ROUTER-FORWARD -m comment --comment "default/nginx out" -s 10.42.2.2 -j KUBE-POD-FW-EBD6VVFIF3SHJEE5
-A KUBE-ROUTER-FORWARD -m physdev --physdev-is-bridged -m comment --comment "default/nginx out" -s 10.42.2.2 -j KUBE-POD-FW-EBD6VVFIF3SHJEE5
-A KUBE-ROUTER-FORWARD -m comment --comment "rule to explicitly handle traffic for network policies ACCEPT/REJECT decision" -j KUBE-NWPLCY-TAIL
-A KUBE-ROUTER-FORWARD -m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT
-A KUBE-ROUTER-OUTPUT -m comment --comment "default/nginx in" -d 10.42.2.2 -j KUBE-POD-FW-EBD6VVFIF3SHJEE5
-A KUBE-ROUTER-OUTPUT -m comment --comment "default/nginx out" -s 10.42.2.2 -j KUBE-POD-FW-EBD6VVFIF3SHJEE5
-A KUBE-ROUTER-OUTPUT -m comment --comment "rule to explicitly handle traffic for network policies ACCEPT/REJECT decision" -j KUBE-NWPLCY-TAIL
-A KUBE-ROUTER-OUTPUT -m comment --comment "rule to explicitly ACCEPT traffic that comply to network policies" -m mark --mark 0x20000/0x20000 -j ACCEPT
-A KUBE-NWPLCY-COMMON -m comment --comment "rule to drop invalid state for pod" -m conntrack --ctstate INVALID -j DROP
-A KUBE-NWPLCY-COMMON -m comment --comment "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-NWPLCY-COMMON -m comment --comment "allow icmp echo requests" -p icmp --icmp-type echo-request -j ACCEPT
-A KUBE-NWPLCY-COMMON -m comment --comment "allow icmp destination unreachable messages" -p icmp --icmp-type destination-unreachable -j ACCEPT
-A KUBE-NWPLCY-COMMON -m comment --comment "allow icmp time exceeded messages" -p icmp --icmp-type time-exceeded -j ACCEPT
-A KUBE-NWPLCY-DEFAULT -j MARK -m comment --comment "rule to mark traffic matching a network policy" --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-5TIUYXAKJ5XFBQAM -m comment --comment "default/test ingress pods" -m set --match-set KUBE-SRC-KOCIX3DEZYURGBVL src -m set --match-set KUBE-DST-5TIUYXAKJ5XFBQAM dst -p TCP --dport 6379 -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-5TIUYXAKJ5XFBQAM -m comment --comment "default/test ingress pods" -m set --match-set KUBE-SRC-KOCIX3DEZYURGBVL src -m set --match-set KUBE-DST-5TIUYXAKJ5XFBQAM dst -p TCP --dport 6379 -m mark --mark 0x10000/0x10000 -j RETURN
-A KUBE-NWPLCY-5TIUYXAKJ5XFBQAM -m comment --comment "default/test ingress cidr" -m set --match-set KUBE-SRC-5PXBRHGP2B2I2LJT src -m set --match-set KUBE-DST-5TIUYXAKJ5XFBQAM dst -p TCP --dport 6379 -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-5TIUYXAKJ5XFBQAM -m comment --comment "default/test ingress cidr" -m set --match-set KUBE-SRC-5PXBRHGP2B2I2LJT src -m set --match-set KUBE-DST-5TIUYXAKJ5XFBQAM dst -p TCP --dport 6379 -m mark --mark 0x10000/0x10000 -j RETURN
-A KUBE-NWPLCY-5TIUYXAKJ5XFBQAM -m comment --comment "default/test egress cidr" -m set --match-set KUBE-SRC-5TIUYXAKJ5XFBQAM src -m set --match-set KUBE-DST-L66AVFURSGRXOZ7L dst -j MARK --set-xmark 0x10000/0x10000
-A KUBE-NWPLCY-5TIUYXAKJ5XFBQAM -m comment --comment "default/test egress cidr" -m set --match-set KUBE-SRC-5TIUYXAKJ5XFBQAM src -m set --match-set KUBE-DST-L66AVFURSGRXOZ7L dst -m mark --mark 0x10000/0x10000 -j RETURN
-A KUBE-POD-FW-EBD6VVFIF3SHJEE5 -m comment --comment "common netpol rules" -j KUBE-NWPLCY-COMMON
-A KUBE-POD-FW-EBD6VVFIF3SHJEE5 -m comment --comment "from local node" -m addrtype --src-type LOCAL -d 10.42.2.2 -j ACCEPT
-A KUBE-POD-FW-EBD6VVFIF3SHJEE5 -m comment --comment "default/test policy" -j KUBE-NWPLCY-5TIUYXAKJ5XFBQAM
-A KUBE-POD-FW-EBD6VVFIF3SHJEE5 -m comment --comment "default/nginx log-drop" -m mark ! --mark 0x10000/0x10000 -j NFLOG --nflog-group 100 -m limit --limit 10/minute --limit-burst 10
-A KUBE-POD-FW-EBD6VVFIF3SHJEE5 -m comment --comment "default/nginx reject" -m mark ! --mark 0x10000/0x10000 -j REJECT
-A KUBE-POD-FW-EBD6VVFIF3SHJEE5 -j MARK --set-mark 0/0x10000
-A KUBE-POD-FW-EBD6VVFIF3SHJEE5 -m comment --comment "set netpol-ok mark" -j MARK --set-mark 0x20000/0x20000
-A KUBE-NWPLCY-TAIL -m comment --comment "accept netpol-ok" -m mark --mark 0x20000/0x20000 -j ACCEPT
COMMIT
EOF

# link state
#   topologies/policy-parts.yaml:21
ip -n host.inside link set lo up
ip -n host.outside link set lo up
#   topologies/policy-parts.yaml:14
ip -n network.dmz link set lo up
ip -n network.lan link set lo up
#   topologies/policy-parts.yaml:19
ip -n node.node1 link set lo up
ip -n node.node2 link set lo up
#   topologies/policy-parts.yaml:80
ip -n pod.default.nginx link set lo up
#   topologies/policy-parts.yaml:72
ip -n pod.default.redis link set lo up
#   topologies/policy-parts.yaml:95
ip -n pod.others.far link set lo up
#   topologies/policy-parts.yaml:90
ip -n pod.others.near link set lo up
#   topologies/policy-parts.yaml:85
ip -n pod.tests.client link set lo up
#   topologies/policy-parts.yaml:20
ip -n router.gw link set lo up

# links
#   topologies/policy-parts.yaml:14
ip -n network.dmz link add br0 mtu 1500 address 02:02:0a:01:00:01 type bridge
ip -n network.lan link add br0 mtu 1500 address 02:02:0a:00:00:01 type bridge
#   topologies/policy-parts.yaml:19
ip -n node.node1 link add cni0 mtu 1450 address 0a:5a:0a:2a:01:01 type bridge
ip -n node.node2 link add cni0 mtu 1450 address 0a:5a:0a:2a:02:01 type bridge
#   topologies/policy-parts.yaml:21
ip -n host.inside link add eth0 mtu 1500 address 02:00:0a:00:00:64 type veth peer name inside mtu 1500 address 02:01:0a:00:00:64 netns network.lan
ip -n host.outside link add eth0 mtu 1500 address 02:00:0a:01:00:64 type veth peer name outside mtu 1500 address 02:01:0a:01:00:64 netns network.dmz
#   topologies/policy-parts.yaml:19
ip -n node.node1 link add eth0 mtu 1500 address 02:00:0a:00:00:0b type veth peer name node1 mtu 1500 address 02:01:0a:00:00:0b netns network.lan
ip -n node.node2 link add eth0 mtu 1500 address 02:00:0a:00:00:0c type veth peer name node2 mtu 1500 address 02:01:0a:00:00:0c netns network.lan
#   topologies/policy-parts.yaml:80
ip -n pod.default.nginx link add eth0 mtu 1450 address 0a:58:0a:2a:02:02 type veth peer name veth1960ee39 mtu 1450 address 0a:59:0a:2a:02:02 netns node.node2
#   topologies/policy-parts.yaml:72
ip -n pod.default.redis link add eth0 mtu 1450 address 0a:58:0a:2a:01:02 type veth peer name veth8994373e mtu 1450 address 0a:59:0a:2a:01:02 netns node.node1
#   topologies/policy-parts.yaml:95
ip -n pod.others.far link add eth0 mtu 1450 address 0a:58:0a:2a:02:03 type veth peer name vethf0e8b8e1 mtu 1450 address 0a:59:0a:2a:02:03 netns node.node2
#   topologies/policy-parts.yaml:90
ip -n pod.others.near link add eth0 mtu 1450 address 0a:58:0a:2a:01:04 type veth peer name veth5e031366 mtu 1450 address 0a:59:0a:2a:01:04 netns node.node1
#   topologies/policy-parts.yaml:85
ip -n pod.tests.client link add eth0 mtu 1450 address 0a:58:0a:2a:01:03 type veth peer name veth86c6a8d6 mtu 1450 address 0a:59:0a:2a:01:03 netns node.node1
#   topologies/policy-parts.yaml:20
ip -n router.gw link add eth0 mtu 1500 address 02:00:0a:00:00:01 type veth peer name gw mtu 1500 address 02:01:0a:00:00:01 netns network.lan
ip -n router.gw link add eth1 mtu 1500 address 02:00:0a:01:00:01 type veth peer name gw mtu 1500 address 02:01:0a:01:00:01 netns network.dmz
#   topologies/policy-parts.yaml:19
ip -n node.node1 link add flannel.1 mtu 1450 address 0e:00:0a:2a:01:00 type vxlan id 1 local 10.0.0.11 dev eth0 dstport 8472 nolearning
ip -n node.node2 link add flannel.1 mtu 1450 address 0e:00:0a:2a:02:00 type vxlan id 1 local 10.0.0.12 dev eth0 dstport 8472 nolearning

# link state
#   topologies/policy-parts.yaml:21
ip -n host.inside link set eth0 addrgenmode none
ip -n host.outside link set eth0 addrgenmode none
#   topologies/policy-parts.yaml:14
ip -n network.dmz link set br0 addrgenmode none
#   topologies/policy-parts.yaml:21
ip -n network.dmz link set outside addrgenmode none
#   topologies/policy-parts.yaml:20
ip -n network.dmz link set gw addrgenmode none
#   topologies/policy-parts.yaml:14
ip -n network.lan link set br0 addrgenmode none
#   topologies/policy-parts.yaml:19
ip -n network.lan link set node1 addrgenmode none
ip -n network.lan link set node2 addrgenmode none
#   topologies/policy-parts.yaml:21
ip -n network.lan link set inside addrgenmode none
#   topologies/policy-parts.yaml:20
ip -n network.lan link set gw addrgenmode none
#   topologies/policy-parts.yaml:19
ip -n node.node1 link set eth0 addrgenmode none
ip -n node.node1 link set flannel.1 addrgenmode none
ip -n node.node1 link set cni0 addrgenmode none
#   topologies/policy-parts.yaml:72
ip -n node.node1 link set veth8994373e addrgenmode none
#   topologies/policy-parts.yaml:85
ip -n node.node1 link set veth86c6a8d6 addrgenmode none
#   topologies/policy-parts.yaml:90
ip -n node.node1 link set veth5e031366 addrgenmode none
#   topologies/policy-parts.yaml:19
ip -n node.node2 link set eth0 addrgenmode none
ip -n node.node2 link set flannel.1 addrgenmode none
ip -n node.node2 link set cni0 addrgenmode none
#   topologies/policy-parts.yaml:80
ip -n node.node2 link set veth1960ee39 addrgenmode none
#   topologies/policy-parts.yaml:95
ip -n node.node2 link set vethf0e8b8e1 addrgenmode none
#   topologies/policy-parts.yaml:80
ip -n pod.default.nginx link set eth0 addrgenmode none
#   topologies/policy-parts.yaml:72
ip -n pod.default.redis link set eth0 addrgenmode none
#   topologies/policy-parts.yaml:95
ip -n pod.others.far link set eth0 addrgenmode none
#   topologies/policy-parts.yaml:90
ip -n pod.others.near link set eth0 addrgenmode none
#   topologies/policy-parts.yaml:85
ip -n pod.tests.client link set eth0 addrgenmode none
#   topologies/policy-parts.yaml:20
ip -n router.gw link set eth0 addrgenmode none
ip -n router.gw link set eth1 addrgenmode none

# addresses
#   topologies/policy-parts.yaml:21
ip -n host.inside addr add 10.0.0.100/24 brd 10.0.0.255 dev eth0
ip -n host.outside addr add 10.1.0.100/24 brd 10.1.0.255 dev eth0
#   topologies/policy-parts.yaml:19
ip -n node.node1 addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0
ip -n node.node1 addr add 10.42.1.0/32 dev flannel.1
ip -n node.node1 addr add 10.42.1.1/24 brd 10.42.1.255 dev cni0
ip -n node.node2 addr add 10.0.0.12/24 brd 10.0.0.255 dev eth0
ip -n node.node2 addr add 10.42.2.0/32 dev flannel.1
ip -n node.node2 addr add 10.42.2.1/24 brd 10.42.2.255 dev cni0
#   topologies/policy-parts.yaml:80
ip -n pod.default.nginx addr add 10.42.2.2/24 brd 10.42.2.255 dev eth0
#   topologies/policy-parts.yaml:72
ip -n pod.default.redis addr add 10.42.1.2/24 brd 10.42.1.255 dev eth0
#   topologies/policy-parts.yaml:95
ip -n pod.others.far addr add 10.42.2.3/24 brd 10.42.2.255 dev eth0
#   topologies/policy-parts.yaml:90
ip -n pod.others.near addr add 10.42.1.4/24 brd 10.42.1.255 dev eth0
#   topologies/policy-parts.yaml:85
ip -n pod.tests.client addr add 10.42.1.3/24 brd 10.42.1.255 dev eth0
#   topologies/policy-parts.yaml:20
ip -n router.gw addr add 10.0.0.1/24 brd 10.0.0.255 dev eth0
ip -n router.gw addr add 10.1.0.1/24 brd 10.1.0.255 dev eth1

# link state
#   topologies/policy-parts.yaml:21
ip -n host.inside link set eth0 up
ip -n host.outside link set eth0 up
#   topologies/policy-parts.yaml:14
ip -n network.dmz link set br0 up
#   topologies/policy-parts.yaml:21
ip -n network.dmz link set outside up
#   topologies/policy-parts.yaml:20
ip -n network.dmz link set gw up
#   topologies/policy-parts.yaml:14
ip -n network.lan link set br0 up
#   topologies/policy-parts.yaml:19
ip -n network.lan link set node1 up
ip -n network.lan link set node2 up
#   topologies/policy-parts.yaml:21
ip -n network.lan link set inside up
#   topologies/policy-parts.yaml:20
ip -n network.lan link set gw up
#   topologies/policy-parts.yaml:19
ip -n node.node1 link set eth0 up
ip -n node.node1 link set flannel.1 up
ip -n node.node1 link set cni0 up
#   topologies/policy-parts.yaml:72
ip -n node.node1 link set veth8994373e up
#   topologies/policy-parts.yaml:85
ip -n node.node1 link set veth86c6a8d6 up
#   topologies/policy-parts.yaml:90
ip -n node.node1 link set veth5e031366 up
#   topologies/policy-parts.yaml:19
ip -n node.node2 link set eth0 up
ip -n node.node2 link set flannel.1 up
ip -n node.node2 link set cni0 up
#   topologies/policy-parts.yaml:80
ip -n node.node2 link set veth1960ee39 up
#   topologies/policy-parts.yaml:95
ip -n node.node2 link set vethf0e8b8e1 up
#   topologies/policy-parts.yaml:80
ip -n pod.default.nginx link set eth0 up
#   topologies/policy-parts.yaml:72
ip -n pod.default.redis link set eth0 up
#   topologies/policy-parts.yaml:95
ip -n pod.others.far link set eth0 up
#   topologies/policy-parts.yaml:90
ip -n pod.others.near link set eth0 up
#   topologies/policy-parts.yaml:85
ip -n pod.tests.client link set eth0 up
#   topologies/policy-parts.yaml:20
ip -n router.gw link set eth0 up
ip -n router.gw link set eth1 up
#   topologies/policy-parts.yaml:21
ip -n network.dmz link set outside master br0
#   topologies/policy-parts.yaml:20
ip -n network.dmz link set gw master br0
#   topologies/policy-parts.yaml:19
ip -n network.lan link set node1 master br0
ip -n network.lan link set node2 master br0
#   topologies/policy-parts.yaml:21
ip -n network.lan link set inside master br0
#   topologies/policy-parts.yaml:20
ip -n network.lan link set gw master br0
#   topologies/policy-parts.yaml:72
ip -n node.node1 link set veth8994373e master cni0
#   topologies/policy-parts.yaml:85
ip -n node.node1 link set veth86c6a8d6 master cni0
#   topologies/policy-parts.yaml:90
ip -n node.node1 link set veth5e031366 master cni0
#   topologies/policy-parts.yaml:80
ip -n node.node2 link set veth1960ee39 master cni0
#   topologies/policy-parts.yaml:95
ip -n node.node2 link set vethf0e8b8e1 master cni0

# bridge ports
#   topologies/policy-parts.yaml:72
bridge -n node.node1 link set dev veth8994373e hairpin on
#   topologies/policy-parts.yaml:85
bridge -n node.node1 link set dev veth86c6a8d6 hairpin on
#   topologies/policy-parts.yaml:90
bridge -n node.node1 link set dev veth5e031366 hairpin on
#   topologies/policy-parts.yaml:80
bridge -n node.node2 link set dev veth1960ee39 hairpin on
#   topologies/policy-parts.yaml:95
bridge -n node.node2 link set dev vethf0e8b8e1 hairpin on

# routes
#   topologies/policy-parts.yaml:21
ip -n host.inside route add default via 10.0.0.1 dev eth0
ip -n host.outside route add default via 10.1.0.1 dev eth0
#   topologies/policy-parts.yaml:19
ip -n node.node1 route add default via 10.0.0.1 dev eth0
ip -n node.node1 route add 10.42.2.0/24 via 10.42.2.0 dev flannel.1 onlink
ip -n node.node2 route add default via 10.0.0.1 dev eth0
ip -n node.node2 route add 10.42.1.0/24 via 10.42.1.0 dev flannel.1 onlink
#   topologies/policy-parts.yaml:80
ip -n pod.default.nginx route add default via 10.42.2.1 dev eth0
ip -n pod.default.nginx route add 10.42.0.0/16 via 10.42.2.1 dev eth0
#   topologies/policy-parts.yaml:72
ip -n pod.default.redis route add default via 10.42.1.1 dev eth0
ip -n pod.default.redis route add 10.42.0.0/16 via 10.42.1.1 dev eth0
#   topologies/policy-parts.yaml:95
ip -n pod.others.far route add default via 10.42.2.1 dev eth0
ip -n pod.others.far route add 10.42.0.0/16 via 10.42.2.1 dev eth0
#   topologies/policy-parts.yaml:90
ip -n pod.others.near route add default via 10.42.1.1 dev eth0
ip -n pod.others.near route add 10.42.0.0/16 via 10.42.1.1 dev eth0
#   topologies/policy-parts.yaml:85
ip -n pod.tests.client route add default via 10.42.1.1 dev eth0
ip -n pod.tests.client route add 10.42.0.0/16 via 10.42.1.1 dev eth0

# neighbours
#   topologies/policy-parts.yaml:19
ip -n node.node1 neigh add 10.42.2.0 lladdr 0e:00:0a:2a:02:00 dev flannel.1 nud permanent
ip -n node.node2 neigh add 10.42.1.0 lladdr 0e:00:0a:2a:01:00 dev flannel.1 nud permanent

# forwarding entries
#   topologies/policy-parts.yaml:19
bridge -n node.node1 fdb append 0e:00:0a:2a:02:00 dev flannel.1 dst 10.0.0.12 self permanent
bridge -n node.node2 fdb append 0e:00:0a:2a:01:00 dev flannel.1 dst 10.0.0.11 self permanent
