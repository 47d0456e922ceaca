#!/bin/sh
# Builds the lab dual-stack: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/dual-stack.yaml:25
ip netns add host.client
#   topologies/dual-stack.yaml:16
ip netns add network.lan
#   topologies/dual-stack.yaml:24
ip netns add node.node1
ip netns add node.node2
#   topologies/dual-stack.yaml:156
ip netns add pod.default.a
#   topologies/dual-stack.yaml:161
ip netns add pod.default.a2
#   topologies/dual-stack.yaml:166
ip netns add pod.default.b

# kernel settings
#   topologies/dual-stack.yaml:25
ip netns exec host.client sysctl -qw net.ipv6.conf.default.accept_dad=0
#   topologies/dual-stack.yaml:16
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/dual-stack.yaml:24
ip netns exec node.node1 sysctl -qw net.ipv6.conf.default.accept_dad=0
ip netns exec node.node1 sysctl -qw net.ipv4.ip_forward=1
ip netns exec node.node1 sysctl -qw net.bridge.bridge-nf-call-iptables=1
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.route_localnet=1
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.arp_ignore=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.arp_announce=0
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
ip netns exec node.node1 sysctl -qw net.ipv6.conf.all.forwarding=1
ip netns exec node.node1 sysctl -qw net.bridge.bridge-nf-call-ip6tables=1
ip netns exec node.node2 sysctl -qw net.ipv6.conf.default.accept_dad=0
ip netns exec node.node2 sysctl -qw net.ipv4.ip_forward=1
ip netns exec node.node2 sysctl -qw net.bridge.bridge-nf-call-iptables=1
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.route_localnet=1
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.arp_ignore=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.arp_announce=0
ip netns exec node.node2 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node2 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
ip netns exec node.node2 sysctl -qw net.ipv6.conf.all.forwarding=1
ip netns exec node.node2 sysctl -qw net.bridge.bridge-nf-call-ip6tables=1
#   topologies/dual-stack.yaml:156
ip netns exec pod.default.a sysctl -qw net.ipv6.conf.default.accept_dad=0
#   topologies/dual-stack.yaml:161
ip netns exec pod.default.a2 sysctl -qw net.ipv6.conf.default.accept_dad=0
#   topologies/dual-stack.yaml:166
ip netns exec pod.default.b sysctl -qw net.ipv6.conf.default.accept_dad=0

# rules
#   topologies/dual-stack.yaml:24
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
:KUBE-SVC-ZQAG7MIK45QI5FUP - [0:0]
:KUBE-EXT-ZQAG7MIK45QI5FUP - [0:0]
:KUBE-SEP-KUK7FC3Q7KSMUOFL - [0:0]
:KUBE-SEP-GOC4PB26CCUNKI3O - [0:0]
:KUBE-SVC-TSGXCVBIMMN36YMV - [0:0]
:KUBE-SEP-P2SYSPUKJSKE4Z46 - [0:0]
:KUBE-SEP-Z5VJFWKXFZFJDOVX - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-NODEPORTS -m comment --comment default/both -m tcp -p tcp --dport 30080 -j KUBE-EXT-ZQAG7MIK45QI5FUP
-A KUBE-SERVICES -m comment --comment "default/both cluster IP" -m tcp -p tcp -d 10.96.0.100 --dport 80 -j KUBE-SVC-ZQAG7MIK45QI5FUP
-A KUBE-SERVICES -m comment --comment "default/four cluster IP" -m tcp -p tcp -d 10.96.0.101 --dport 80 -j KUBE-SVC-TSGXCVBIMMN36YMV
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
-A KUBE-SVC-ZQAG7MIK45QI5FUP -m comment --comment "default/both cluster IP" -m tcp -p tcp -d 10.96.0.100 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ
-A KUBE-SVC-ZQAG7MIK45QI5FUP -m comment --comment "default/both -> 10.244.1.3:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-KUK7FC3Q7KSMUOFL
-A KUBE-SVC-ZQAG7MIK45QI5FUP -m comment --comment "default/both -> 10.244.2.2:8080" -j KUBE-SEP-GOC4PB26CCUNKI3O
-A KUBE-EXT-ZQAG7MIK45QI5FUP -m comment --comment "masquerade traffic for default/both external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-ZQAG7MIK45QI5FUP -j KUBE-SVC-ZQAG7MIK45QI5FUP
-A KUBE-SEP-KUK7FC3Q7KSMUOFL -m comment --comment default/both -s 10.244.1.3 -j KUBE-MARK-MASQ
-A KUBE-SEP-KUK7FC3Q7KSMUOFL -m comment --comment default/both -m tcp -p tcp -j DNAT --to-destination 10.244.1.3:8080
-A KUBE-SEP-GOC4PB26CCUNKI3O -m comment --comment default/both -s 10.244.2.2 -j KUBE-MARK-MASQ
-A KUBE-SEP-GOC4PB26CCUNKI3O -m comment --comment default/both -m tcp -p tcp -j DNAT --to-destination 10.244.2.2:8080
-A KUBE-SVC-TSGXCVBIMMN36YMV -m comment --comment "default/four cluster IP" -m tcp -p tcp -d 10.96.0.101 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ
-A KUBE-SVC-TSGXCVBIMMN36YMV -m comment --comment "default/four -> 10.244.1.3:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-P2SYSPUKJSKE4Z46
-A KUBE-SVC-TSGXCVBIMMN36YMV -m comment --comment "default/four -> 10.244.2.2:8080" -j KUBE-SEP-Z5VJFWKXFZFJDOVX
-A KUBE-SEP-P2SYSPUKJSKE4Z46 -m comment --comment default/four -s 10.244.1.3 -j KUBE-MARK-MASQ
-A KUBE-SEP-P2SYSPUKJSKE4Z46 -m comment --comment default/four -m tcp -p tcp -j DNAT --to-destination 10.244.1.3:8080
-A KUBE-SEP-Z5VJFWKXFZFJDOVX -m comment --comment default/four -s 10.244.2.2 -j KUBE-MARK-MASQ
-A KUBE-SEP-Z5VJFWKXFZFJDOVX -m comment --comment default/four -m tcp -p tcp -j DNAT --to-destination 10.244.2.2:8080
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
:KUBE-SVC-ZQAG7MIK45QI5FUP - [0:0]
:KUBE-EXT-ZQAG7MIK45QI5FUP - [0:0]
:KUBE-SEP-JTJSOE7GVIFSQW74 - [0:0]
:KUBE-SEP-WBGQA3F2UA5OWQC2 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-NODEPORTS -m comment --comment default/both -m tcp -p tcp --dport 30080 -j KUBE-EXT-ZQAG7MIK45QI5FUP
-A KUBE-SERVICES -m comment --comment "default/both cluster IP" -m tcp -p tcp -d fd00:10:96::100 --dport 80 -j KUBE-SVC-ZQAG7MIK45QI5FUP
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
-A KUBE-SVC-ZQAG7MIK45QI5FUP -m comment --comment "default/both cluster IP" -m tcp -p tcp -d fd00:10:96::100 --dport 80 ! -s fd00:10:244::/56 -j KUBE-MARK-MASQ
-A KUBE-SVC-ZQAG7MIK45QI5FUP -m comment --comment "default/both -> [fd00:10:244:1::3]:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-JTJSOE7GVIFSQW74
-A KUBE-SVC-ZQAG7MIK45QI5FUP -m comment --comment "default/both -> [fd00:10:244:2::2]:8080" -j KUBE-SEP-WBGQA3F2UA5OWQC2
-A KUBE-EXT-ZQAG7MIK45QI5FUP -m comment --comment "masquerade traffic for default/both external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-ZQAG7MIK45QI5FUP -j KUBE-SVC-ZQAG7MIK45QI5FUP
-A KUBE-SEP-JTJSOE7GVIFSQW74 -m comment --comment default/both -s fd00:10:244:1::3 -j KUBE-MARK-MASQ
-A KUBE-SEP-JTJSOE7GVIFSQW74 -m comment --comment default/both -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:1::3]:8080
-A KUBE-SEP-WBGQA3F2UA5OWQC2 -m comment --comment default/both -s fd00:10:244:2::2 -j KUBE-MARK-MASQ
-A KUBE-SEP-WBGQA3F2UA5OWQC2 -m comment --comment default/both -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:2::2]:8080
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
-A KUBE-SERVICES -m comment --comment "default/none has no endpoints" -m tcp -p tcp -d fd00:10:96::101 --dport 80 -j REJECT
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FLANNEL-FWD -s fd00:10:244::/56 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d fd00:10:244::/56 -m comment --comment "flanneld forward" -j ACCEPT
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
:KUBE-SVC-ZQAG7MIK45QI5FUP - [0:0]
:KUBE-EXT-ZQAG7MIK45QI5FUP - [0:0]
:KUBE-SEP-KUK7FC3Q7KSMUOFL - [0:0]
:KUBE-SEP-GOC4PB26CCUNKI3O - [0:0]
:KUBE-SVC-TSGXCVBIMMN36YMV - [0:0]
:KUBE-SEP-P2SYSPUKJSKE4Z46 - [0:0]
:KUBE-SEP-Z5VJFWKXFZFJDOVX - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-NODEPORTS -m comment --comment default/both -m tcp -p tcp --dport 30080 -j KUBE-EXT-ZQAG7MIK45QI5FUP
-A KUBE-SERVICES -m comment --comment "default/both cluster IP" -m tcp -p tcp -d 10.96.0.100 --dport 80 -j KUBE-SVC-ZQAG7MIK45QI5FUP
-A KUBE-SERVICES -m comment --comment "default/four cluster IP" -m tcp -p tcp -d 10.96.0.101 --dport 80 -j KUBE-SVC-TSGXCVBIMMN36YMV
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
-A KUBE-SVC-ZQAG7MIK45QI5FUP -m comment --comment "default/both cluster IP" -m tcp -p tcp -d 10.96.0.100 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ
-A KUBE-SVC-ZQAG7MIK45QI5FUP -m comment --comment "default/both -> 10.244.1.3:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-KUK7FC3Q7KSMUOFL
-A KUBE-SVC-ZQAG7MIK45QI5FUP -m comment --comment "default/both -> 10.244.2.2:8080" -j KUBE-SEP-GOC4PB26CCUNKI3O
-A KUBE-EXT-ZQAG7MIK45QI5FUP -m comment --comment "masquerade traffic for default/both external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-ZQAG7MIK45QI5FUP -j KUBE-SVC-ZQAG7MIK45QI5FUP
-A KUBE-SEP-KUK7FC3Q7KSMUOFL -m comment --comment default/both -s 10.244.1.3 -j KUBE-MARK-MASQ
-A KUBE-SEP-KUK7FC3Q7KSMUOFL -m comment --comment default/both -m tcp -p tcp -j DNAT --to-destination 10.244.1.3:8080
-A KUBE-SEP-GOC4PB26CCUNKI3O -m comment --comment default/both -s 10.244.2.2 -j KUBE-MARK-MASQ
-A KUBE-SEP-GOC4PB26CCUNKI3O -m comment --comment default/both -m tcp -p tcp -j DNAT --to-destination 10.244.2.2:8080
-A KUBE-SVC-TSGXCVBIMMN36YMV -m comment --comment "default/four cluster IP" -m tcp -p tcp -d 10.96.0.101 --dport 80 ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ
-A KUBE-SVC-TSGXCVBIMMN36YMV -m comment --comment "default/four -> 10.244.1.3:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-P2SYSPUKJSKE4Z46
-A KUBE-SVC-TSGXCVBIMMN36YMV -m comment --comment "default/four -> 10.244.2.2:8080" -j KUBE-SEP-Z5VJFWKXFZFJDOVX
-A KUBE-SEP-P2SYSPUKJSKE4Z46 -m comment --comment default/four -s 10.244.1.3 -j KUBE-MARK-MASQ
-A KUBE-SEP-P2SYSPUKJSKE4Z46 -m comment --comment default/four -m tcp -p tcp -j DNAT --to-destination 10.244.1.3:8080
-A KUBE-SEP-Z5VJFWKXFZFJDOVX -m comment --comment default/four -s 10.244.2.2 -j KUBE-MARK-MASQ
-A KUBE-SEP-Z5VJFWKXFZFJDOVX -m comment --comment default/four -m tcp -p tcp -j DNAT --to-destination 10.244.2.2:8080
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
ip netns exec node.node2 ip6tables-restore <<'EOF'
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
:KUBE-SVC-ZQAG7MIK45QI5FUP - [0:0]
:KUBE-EXT-ZQAG7MIK45QI5FUP - [0:0]
:KUBE-SEP-JTJSOE7GVIFSQW74 - [0:0]
:KUBE-SEP-WBGQA3F2UA5OWQC2 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-NODEPORTS -m comment --comment default/both -m tcp -p tcp --dport 30080 -j KUBE-EXT-ZQAG7MIK45QI5FUP
-A KUBE-SERVICES -m comment --comment "default/both cluster IP" -m tcp -p tcp -d fd00:10:96::100 --dport 80 -j KUBE-SVC-ZQAG7MIK45QI5FUP
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL ! -d ::1/128 -j KUBE-NODEPORTS
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s fd00:10:244:2::/64 -d fd00:10:244::/56 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s fd00:10:244::/56 -d fd00:10:244:2::/64 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG ! -s fd00:10:244::/56 -d fd00:10:244:2::/64 -m comment --comment "flanneld masq" -j RETURN
-A FLANNEL-POSTRTG -s fd00:10:244::/56 ! -d ff00::/8 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A FLANNEL-POSTRTG ! -s fd00:10:244::/56 -d fd00:10:244::/56 -m comment --comment "flanneld masq" -j MASQUERADE --random-fully
-A KUBE-SVC-ZQAG7MIK45QI5FUP -m comment --comment "default/both cluster IP" -m tcp -p tcp -d fd00:10:96::100 --dport 80 ! -s fd00:10:244::/56 -j KUBE-MARK-MASQ
-A KUBE-SVC-ZQAG7MIK45QI5FUP -m comment --comment "default/both -> [fd00:10:244:1::3]:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-JTJSOE7GVIFSQW74
-A KUBE-SVC-ZQAG7MIK45QI5FUP -m comment --comment "default/both -> [fd00:10:244:2::2]:8080" -j KUBE-SEP-WBGQA3F2UA5OWQC2
-A KUBE-EXT-ZQAG7MIK45QI5FUP -m comment --comment "masquerade traffic for default/both external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-ZQAG7MIK45QI5FUP -j KUBE-SVC-ZQAG7MIK45QI5FUP
-A KUBE-SEP-JTJSOE7GVIFSQW74 -m comment --comment default/both -s fd00:10:244:1::3 -j KUBE-MARK-MASQ
-A KUBE-SEP-JTJSOE7GVIFSQW74 -m comment --comment default/both -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:1::3]:8080
-A KUBE-SEP-WBGQA3F2UA5OWQC2 -m comment --comment default/both -s fd00:10:244:2::2 -j KUBE-MARK-MASQ
-A KUBE-SEP-WBGQA3F2UA5OWQC2 -m comment --comment default/both -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:2::2]:8080
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
-A KUBE-SERVICES -m comment --comment "default/none has no endpoints" -m tcp -p tcp -d fd00:10:96::101 --dport 80 -j REJECT
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FLANNEL-FWD -s fd00:10:244::/56 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d fd00:10:244::/56 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
EOF

# link state
#   topologies/dual-stack.yaml:25
ip -n host.client link set lo up
#   topologies/dual-stack.yaml:16
ip -n network.lan link set lo up
#   topologies/dual-stack.yaml:24
ip -n node.node1 link set lo up
ip -n node.node2 link set lo up
#   topologies/dual-stack.yaml:156
ip -n pod.default.a link set lo up
#   topologies/dual-stack.yaml:161
ip -n pod.default.a2 link set lo up
#   topologies/dual-stack.yaml:166
ip -n pod.default.b link set lo up

# links
#   topologies/dual-stack.yaml:16
ip -n network.lan link add br0 mtu 1500 address 02:02:0a:00:00:01 type bridge
#   topologies/dual-stack.yaml:24
ip -n node.node1 link add cni0 mtu 1450 address 0a:5a:0a:f4:01:01 type bridge
ip -n node.node2 link add cni0 mtu 1450 address 0a:5a:0a:f4:02:01 type bridge
#   topologies/dual-stack.yaml:25
ip -n host.client link add eth0 mtu 1500 address 02:00:0a:00:00:64 type veth peer name client mtu 1500 address 02:01:0a:00:00:64 netns network.lan
#   topologies/dual-stack.yaml:24
ip -n node.node1 link add eth0 mtu 1500 address 02:00:0a:00:00:0b type veth peer name node1 mtu 1500 address 02:01:0a:00:00:0b netns network.lan
ip -n node.node2 link add eth0 mtu 1500 address 02:00:0a:00:00:0c type veth peer name node2 mtu 1500 address 02:01:0a:00:00:0c netns network.lan
#   topologies/dual-stack.yaml:156
ip -n pod.default.a link add eth0 mtu 1450 address 0a:58:0a:f4:01:02 type veth peer name veth71273818 mtu 1450 address 0a:59:0a:f4:01:02 netns node.node1
#   topologies/dual-stack.yaml:161
ip -n pod.default.a2 link add eth0 mtu 1450 address 0a:58:0a:f4:01:03 type veth peer name veth52d0447c mtu 1450 address 0a:59:0a:f4:01:03 netns node.node1
#   topologies/dual-stack.yaml:166
ip -n pod.default.b link add eth0 mtu 1450 address 0a:58:0a:f4:02:02 type veth peer name veth1af9dded mtu 1450 address 0a:59:0a:f4:02:02 netns node.node2
#   topologies/dual-stack.yaml:24
ip -n node.node1 link add flannel.1 mtu 1450 address 0e:00:0a:f4:01:00 type vxlan id 1 local 10.0.0.11 dev eth0 dstport 8472 nolearning
ip -n node.node1 link add flannel-v6.1 mtu 1450 address 0e:00:ff:44:00:11 type vxlan id 1 local fd00:10::11 dev eth0 dstport 8472 nolearning
ip -n node.node2 link add flannel.1 mtu 1450 address 0e:00:0a:f4:02:00 type vxlan id 1 local 10.0.0.12 dev eth0 dstport 8472 nolearning
ip -n node.node2 link add flannel-v6.1 mtu 1450 address 0e:00:ff:44:00:12 type vxlan id 1 local fd00:10::12 dev eth0 dstport 8472 nolearning

# link state
#   topologies/dual-stack.yaml:16
ip -n network.lan link set br0 addrgenmode none
#   topologies/dual-stack.yaml:24
ip -n network.lan link set node1 addrgenmode none
ip -n network.lan link set node2 addrgenmode none
#   topologies/dual-stack.yaml:25
ip -n network.lan link set client addrgenmode none
#   topologies/dual-stack.yaml:24
ip -n node.node1 link set flannel.1 addrgenmode none
#   topologies/dual-stack.yaml:156
ip -n node.node1 link set veth71273818 addrgenmode none
#   topologies/dual-stack.yaml:161
ip -n node.node1 link set veth52d0447c addrgenmode none
#   topologies/dual-stack.yaml:24
ip -n node.node2 link set flannel.1 addrgenmode none
#   topologies/dual-stack.yaml:166
ip -n node.node2 link set veth1af9dded addrgenmode none

# addresses
#   topologies/dual-stack.yaml:25
ip -n host.client addr add 10.0.0.100/24 brd 10.0.0.255 dev eth0
ip -n host.client addr add fd00:10::100/64 dev eth0 nodad
#   topologies/dual-stack.yaml:24
ip -n node.node1 addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0
ip -n node.node1 addr add fd00:10::11/64 dev eth0 nodad
ip -n node.node1 addr add 10.244.1.0/32 dev flannel.1
ip -n node.node1 addr add 10.244.1.1/24 brd 10.244.1.255 dev cni0
ip -n node.node1 addr add fd00:10:244:1::/128 dev flannel-v6.1 nodad
ip -n node.node1 addr add fd00:10:244:1::1/64 dev cni0 nodad
ip -n node.node2 addr add 10.0.0.12/24 brd 10.0.0.255 dev eth0
ip -n node.node2 addr add fd00:10::12/64 dev eth0 nodad
ip -n node.node2 addr add 10.244.2.0/32 dev flannel.1
ip -n node.node2 addr add 10.244.2.1/24 brd 10.244.2.255 dev cni0
ip -n node.node2 addr add fd00:10:244:2::/128 dev flannel-v6.1 nodad
ip -n node.node2 addr add fd00:10:244:2::1/64 dev cni0 nodad
#   topologies/dual-stack.yaml:156
ip -n pod.default.a addr add 10.244.1.2/24 brd 10.244.1.255 dev eth0
ip -n pod.default.a addr add fd00:10:244:1::2/64 dev eth0 nodad
#   topologies/dual-stack.yaml:161
ip -n pod.default.a2 addr add 10.244.1.3/24 brd 10.244.1.255 dev eth0
ip -n pod.default.a2 addr add fd00:10:244:1::3/64 dev eth0 nodad
#   topologies/dual-stack.yaml:166
ip -n pod.default.b addr add 10.244.2.2/24 brd 10.244.2.255 dev eth0
ip -n pod.default.b addr add fd00:10:244:2::2/64 dev eth0 nodad

# link state
#   topologies/dual-stack.yaml:25
ip -n host.client link set eth0 up
#   topologies/dual-stack.yaml:16
ip -n network.lan link set br0 up
#   topologies/dual-stack.yaml:24
ip -n network.lan link set node1 up
ip -n network.lan link set node2 up
#   topologies/dual-stack.yaml:25
ip -n network.lan link set client up
#   topologies/dual-stack.yaml:24
ip -n node.node1 link set eth0 up
ip -n node.node1 link set flannel.1 up
ip -n node.node1 link set cni0 up
#   topologies/dual-stack.yaml:156
ip -n node.node1 link set veth71273818 up
#   topologies/dual-stack.yaml:161
ip -n node.node1 link set veth52d0447c up
#   topologies/dual-stack.yaml:24
ip -n node.node1 link set flannel-v6.1 up
ip -n node.node2 link set eth0 up
ip -n node.node2 link set flannel.1 up
ip -n node.node2 link set cni0 up
#   topologies/dual-stack.yaml:166
ip -n node.node2 link set veth1af9dded up
#   topologies/dual-stack.yaml:24
ip -n node.node2 link set flannel-v6.1 up
#   topologies/dual-stack.yaml:156
ip -n pod.default.a link set eth0 up
#   topologies/dual-stack.yaml:161
ip -n pod.default.a2 link set eth0 up
#   topologies/dual-stack.yaml:166
ip -n pod.default.b link set eth0 up
#   topologies/dual-stack.yaml:24
ip -n network.lan link set node1 master br0
ip -n network.lan link set node2 master br0
#   topologies/dual-stack.yaml:25
ip -n network.lan link set client master br0
#   topologies/dual-stack.yaml:156
ip -n node.node1 link set veth71273818 master cni0
#   topologies/dual-stack.yaml:161
ip -n node.node1 link set veth52d0447c master cni0
#   topologies/dual-stack.yaml:166
ip -n node.node2 link set veth1af9dded master cni0

# bridge ports
#   topologies/dual-stack.yaml:156
bridge -n node.node1 link set dev veth71273818 hairpin on
#   topologies/dual-stack.yaml:161
bridge -n node.node1 link set dev veth52d0447c hairpin on
#   topologies/dual-stack.yaml:166
bridge -n node.node2 link set dev veth1af9dded hairpin on

# routes
#   topologies/dual-stack.yaml:24
ip -n node.node1 route add default via 10.0.0.1 dev eth0
ip -n node.node1 route add ::/0 via fd00:10::1 dev eth0
ip -n node.node1 route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
ip -n node.node1 route add fd00:10:244:2::/64 via fd00:10:244:2:: dev flannel-v6.1 onlink
ip -n node.node2 route add default via 10.0.0.1 dev eth0
ip -n node.node2 route add ::/0 via fd00:10::1 dev eth0
ip -n node.node2 route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink
ip -n node.node2 route add fd00:10:244:1::/64 via fd00:10:244:1:: dev flannel-v6.1 onlink
#   topologies/dual-stack.yaml:156
ip -n pod.default.a route add default via 10.244.1.1 dev eth0
ip -n pod.default.a route add 10.244.0.0/16 via 10.244.1.1 dev eth0
ip -n pod.default.a route add ::/0 via fd00:10:244:1::1 dev eth0
ip -n pod.default.a route add fd00:10:244::/56 via fd00:10:244:1::1 dev eth0
#   topologies/dual-stack.yaml:161
ip -n pod.default.a2 route add default via 10.244.1.1 dev eth0
ip -n pod.default.a2 route add 10.244.0.0/16 via 10.244.1.1 dev eth0
ip -n pod.default.a2 route add ::/0 via fd00:10:244:1::1 dev eth0
ip -n pod.default.a2 route add fd00:10:244::/56 via fd00:10:244:1::1 dev eth0
#   topologies/dual-stack.yaml:166
ip -n pod.default.b route add default via 10.244.2.1 dev eth0
ip -n pod.default.b route add 10.244.0.0/16 via 10.244.2.1 dev eth0
ip -n pod.default.b route add ::/0 via fd00:10:244:2::1 dev eth0
ip -n pod.default.b route add fd00:10:244::/56 via fd00:10:244:2::1 dev eth0

# neighbours
#   topologies/dual-stack.yaml:24
ip -n node.node1 neigh add 10.244.2.0 lladdr 0e:00:0a:f4:02:00 dev flannel.1 nud permanent
ip -n node.node1 neigh add fd00:10:244:2:: lladdr 0e:00:ff:44:00:12 dev flannel-v6.1 nud permanent
ip -n node.node2 neigh add 10.244.1.0 lladdr 0e:00:0a:f4:01:00 dev flannel.1 nud permanent
ip -n node.node2 neigh add fd00:10:244:1:: lladdr 0e:00:ff:44:00:11 dev flannel-v6.1 nud permanent

# forwarding entries
#   topologies/dual-stack.yaml:24
bridge -n node.node1 fdb append 0e:00:0a:f4:02:00 dev flannel.1 dst 10.0.0.12 self permanent
bridge -n node.node1 fdb append 0e:00:ff:44:00:12 dev flannel-v6.1 dst fd00:10::12 self permanent
bridge -n node.node2 fdb append 0e:00:0a:f4:01:00 dev flannel.1 dst 10.0.0.11 self permanent
bridge -n node.node2 fdb append 0e:00:ff:44:00:11 dev flannel-v6.1 dst fd00:10::11 self permanent
