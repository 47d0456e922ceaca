#!/bin/sh
# Builds the lab ipv6: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/ipv6.yaml:25
ip netns add host.client
#   topologies/ipv6.yaml:15
ip netns add network.lan
#   topologies/ipv6.yaml:24
ip netns add node.node1
ip netns add node.node2
#   topologies/ipv6.yaml:126
ip netns add pod.default.a
#   topologies/ipv6.yaml:131
ip netns add pod.default.web-0
#   topologies/ipv6.yaml:136
ip netns add pod.default.web-1

# kernel settings
#   topologies/ipv6.yaml:25
ip netns exec host.client sysctl -qw net.ipv6.conf.default.accept_dad=0
#   topologies/ipv6.yaml:15
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/ipv6.yaml:24
ip netns exec node.node1 sysctl -qw net.ipv6.conf.default.accept_dad=0
ip netns exec node.node1 sysctl -qw net.ipv6.conf.all.forwarding=1
ip netns exec node.node1 sysctl -qw net.bridge.bridge-nf-call-ip6tables=1
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
ip netns exec node.node2 sysctl -qw net.ipv6.conf.default.accept_dad=0
ip netns exec node.node2 sysctl -qw net.ipv6.conf.all.forwarding=1
ip netns exec node.node2 sysctl -qw net.bridge.bridge-nf-call-ip6tables=1
ip netns exec node.node2 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node2 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
#   topologies/ipv6.yaml:126
ip netns exec pod.default.a sysctl -qw net.ipv6.conf.default.accept_dad=0
#   topologies/ipv6.yaml:131
ip netns exec pod.default.web-0 sysctl -qw net.ipv6.conf.default.accept_dad=0
#   topologies/ipv6.yaml:136
ip netns exec pod.default.web-1 sysctl -qw net.ipv6.conf.default.accept_dad=0

# rules
#   topologies/ipv6.yaml:24
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
:KUBE-SVC-LOLE4ISW44XBNF3G - [0:0]
:KUBE-EXT-LOLE4ISW44XBNF3G - [0:0]
:KUBE-SEP-TYKNOMS7WBHB7DNG - [0:0]
:KUBE-SEP-VEPVY2VU5VHLDV24 - [0:0]
:KUBE-SVC-NEXWZWH5PGMW4KIO - [0:0]
:KUBE-EXT-NEXWZWH5PGMW4KIO - [0:0]
:KUBE-SEP-BTNFBEFZX73E4B2N - [0:0]
:KUBE-SEP-XOCFOVX36FHGAZO7 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-NODEPORTS -m comment --comment default/web -m tcp -p tcp --dport 30080 -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-NODEPORTS -m comment --comment default/local -m tcp -p tcp --dport 30081 -j KUBE-EXT-NEXWZWH5PGMW4KIO
-A KUBE-SERVICES -m comment --comment "default/web cluster IP" -m tcp -p tcp -d fd00:10:96::100 --dport 80 -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SERVICES -m comment --comment "default/local cluster IP" -m tcp -p tcp -d fd00:10:96::101 --dport 80 -j KUBE-SVC-NEXWZWH5PGMW4KIO
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
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web cluster IP" -m tcp -p tcp -d fd00:10:96::100 --dport 80 ! -s fd00:10:244::/56 -j KUBE-MARK-MASQ
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> [fd00:10:244:2::2]:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-TYKNOMS7WBHB7DNG
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> [fd00:10:244:2::3]:8080" -j KUBE-SEP-VEPVY2VU5VHLDV24
-A KUBE-EXT-LOLE4ISW44XBNF3G -m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-LOLE4ISW44XBNF3G -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SEP-TYKNOMS7WBHB7DNG -m comment --comment default/web -s fd00:10:244:2::2 -j KUBE-MARK-MASQ
-A KUBE-SEP-TYKNOMS7WBHB7DNG -m comment --comment default/web -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:2::2]:8080
-A KUBE-SEP-VEPVY2VU5VHLDV24 -m comment --comment default/web -s fd00:10:244:2::3 -j KUBE-MARK-MASQ
-A KUBE-SEP-VEPVY2VU5VHLDV24 -m comment --comment default/web -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:2::3]:8080
-A KUBE-SVC-NEXWZWH5PGMW4KIO -m comment --comment "default/local cluster IP" -m tcp -p tcp -d fd00:10:96::101 --dport 80 ! -s fd00:10:244::/56 -j KUBE-MARK-MASQ
-A KUBE-SVC-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> [fd00:10:244:2::2]:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-BTNFBEFZX73E4B2N
-A KUBE-SVC-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> [fd00:10:244:2::3]:8080" -j KUBE-SEP-XOCFOVX36FHGAZO7
-A KUBE-EXT-NEXWZWH5PGMW4KIO -m comment --comment "pod traffic for default/local external destinations" -s fd00:10:244::/56 -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-EXT-NEXWZWH5PGMW4KIO -m comment --comment "masquerade LOCAL traffic for default/local external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
-A KUBE-EXT-NEXWZWH5PGMW4KIO -m comment --comment "route LOCAL traffic for default/local external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-SEP-BTNFBEFZX73E4B2N -m comment --comment default/local -s fd00:10:244:2::2 -j KUBE-MARK-MASQ
-A KUBE-SEP-BTNFBEFZX73E4B2N -m comment --comment default/local -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:2::2]:8080
-A KUBE-SEP-XOCFOVX36FHGAZO7 -m comment --comment default/local -s fd00:10:244:2::3 -j KUBE-MARK-MASQ
-A KUBE-SEP-XOCFOVX36FHGAZO7 -m comment --comment default/local -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:2::3]:8080
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
-A KUBE-NODEPORTS -m comment --comment "default/local health check node port" -m tcp -p tcp --dport 30082 -j ACCEPT
-A KUBE-SERVICES -m comment --comment "default/none has no endpoints" -m tcp -p tcp -d fd00:10:96::102 --dport 80 -j REJECT
-A KUBE-EXTERNAL-SERVICES -m comment --comment "default/local has no local endpoints" -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30081 -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FLANNEL-FWD -s fd00:10:244::/56 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d fd00:10:244::/56 -m comment --comment "flanneld forward" -j ACCEPT
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
:CNI-HOSTPORT-SETMARK - [0:0]
:CNI-HOSTPORT-MASQ - [0:0]
:CNI-HOSTPORT-DNAT - [0:0]
:CNI-DN-0ccc924f26b4af8e9c666 - [0:0]
:KUBE-SVC-LOLE4ISW44XBNF3G - [0:0]
:KUBE-EXT-LOLE4ISW44XBNF3G - [0:0]
:KUBE-SEP-TYKNOMS7WBHB7DNG - [0:0]
:KUBE-SEP-VEPVY2VU5VHLDV24 - [0:0]
:KUBE-SVC-NEXWZWH5PGMW4KIO - [0:0]
:KUBE-EXT-NEXWZWH5PGMW4KIO - [0:0]
:KUBE-SVL-NEXWZWH5PGMW4KIO - [0:0]
:KUBE-SEP-BTNFBEFZX73E4B2N - [0:0]
:KUBE-SEP-XOCFOVX36FHGAZO7 - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A PREROUTING -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT
-A POSTROUTING -m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-NODEPORTS -m comment --comment default/web -m tcp -p tcp --dport 30080 -j KUBE-EXT-LOLE4ISW44XBNF3G
-A KUBE-NODEPORTS -m comment --comment default/local -m tcp -p tcp --dport 30081 -j KUBE-EXT-NEXWZWH5PGMW4KIO
-A KUBE-SERVICES -m comment --comment "default/web cluster IP" -m tcp -p tcp -d fd00:10:96::100 --dport 80 -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SERVICES -m comment --comment "default/local cluster IP" -m tcp -p tcp -d fd00:10:96::101 --dport 80 -j KUBE-SVC-NEXWZWH5PGMW4KIO
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
-A CNI-HOSTPORT-SETMARK -m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark 0x2000/0x2000
-A CNI-HOSTPORT-MASQ -m mark --mark 0x2000/0x2000 -j MASQUERADE
-A CNI-HOSTPORT-DNAT -m comment --comment "dnat name: \"cbr0\" id: \"53842afe623a6f1e182f9c81e2492a9244ac1981af81cb30fef7925b92159516\"" -m multiport -p tcp --destination-ports 8000 -j CNI-DN-0ccc924f26b4af8e9c666
-A CNI-DN-0ccc924f26b4af8e9c666 -p tcp --dport 8000 -s fd00:10:244:2::/64 -j CNI-HOSTPORT-SETMARK
-A CNI-DN-0ccc924f26b4af8e9c666 -p tcp --dport 8000 -j DNAT --to-destination [fd00:10:244:2::2]:8080
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web cluster IP" -m tcp -p tcp -d fd00:10:96::100 --dport 80 ! -s fd00:10:244::/56 -j KUBE-MARK-MASQ
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> [fd00:10:244:2::2]:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-TYKNOMS7WBHB7DNG
-A KUBE-SVC-LOLE4ISW44XBNF3G -m comment --comment "default/web -> [fd00:10:244:2::3]:8080" -j KUBE-SEP-VEPVY2VU5VHLDV24
-A KUBE-EXT-LOLE4ISW44XBNF3G -m comment --comment "masquerade traffic for default/web external destinations" -j KUBE-MARK-MASQ
-A KUBE-EXT-LOLE4ISW44XBNF3G -j KUBE-SVC-LOLE4ISW44XBNF3G
-A KUBE-SEP-TYKNOMS7WBHB7DNG -m comment --comment default/web -s fd00:10:244:2::2 -j KUBE-MARK-MASQ
-A KUBE-SEP-TYKNOMS7WBHB7DNG -m comment --comment default/web -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:2::2]:8080
-A KUBE-SEP-VEPVY2VU5VHLDV24 -m comment --comment default/web -s fd00:10:244:2::3 -j KUBE-MARK-MASQ
-A KUBE-SEP-VEPVY2VU5VHLDV24 -m comment --comment default/web -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:2::3]:8080
-A KUBE-SVC-NEXWZWH5PGMW4KIO -m comment --comment "default/local cluster IP" -m tcp -p tcp -d fd00:10:96::101 --dport 80 ! -s fd00:10:244::/56 -j KUBE-MARK-MASQ
-A KUBE-SVC-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> [fd00:10:244:2::2]:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-BTNFBEFZX73E4B2N
-A KUBE-SVC-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> [fd00:10:244:2::3]:8080" -j KUBE-SEP-XOCFOVX36FHGAZO7
-A KUBE-EXT-NEXWZWH5PGMW4KIO -m comment --comment "pod traffic for default/local external destinations" -s fd00:10:244::/56 -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-EXT-NEXWZWH5PGMW4KIO -m comment --comment "masquerade LOCAL traffic for default/local external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ
-A KUBE-EXT-NEXWZWH5PGMW4KIO -m comment --comment "route LOCAL traffic for default/local external destinations" -m addrtype --src-type LOCAL -j KUBE-SVC-NEXWZWH5PGMW4KIO
-A KUBE-EXT-NEXWZWH5PGMW4KIO -j KUBE-SVL-NEXWZWH5PGMW4KIO
-A KUBE-SVL-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> [fd00:10:244:2::2]:8080" -m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-BTNFBEFZX73E4B2N
-A KUBE-SVL-NEXWZWH5PGMW4KIO -m comment --comment "default/local -> [fd00:10:244:2::3]:8080" -j KUBE-SEP-XOCFOVX36FHGAZO7
-A KUBE-SEP-BTNFBEFZX73E4B2N -m comment --comment default/local -s fd00:10:244:2::2 -j KUBE-MARK-MASQ
-A KUBE-SEP-BTNFBEFZX73E4B2N -m comment --comment default/local -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:2::2]:8080
-A KUBE-SEP-XOCFOVX36FHGAZO7 -m comment --comment default/local -s fd00:10:244:2::3 -j KUBE-MARK-MASQ
-A KUBE-SEP-XOCFOVX36FHGAZO7 -m comment --comment default/local -m tcp -p tcp -j DNAT --to-destination [fd00:10:244:2::3]:8080
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
-A KUBE-NODEPORTS -m comment --comment "default/local health check node port" -m tcp -p tcp --dport 30082 -j ACCEPT
-A KUBE-SERVICES -m comment --comment "default/none has no endpoints" -m tcp -p tcp -d fd00:10:96::102 --dport 80 -j REJECT
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A FLANNEL-FWD -s fd00:10:244::/56 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d fd00:10:244::/56 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
EOF

# link state
#   topologies/ipv6.yaml:25
ip -n host.client link set lo up
#   topologies/ipv6.yaml:15
ip -n network.lan link set lo up
#   topologies/ipv6.yaml:24
ip -n node.node1 link set lo up
ip -n node.node2 link set lo up
#   topologies/ipv6.yaml:126
ip -n pod.default.a link set lo up
#   topologies/ipv6.yaml:131
ip -n pod.default.web-0 link set lo up
#   topologies/ipv6.yaml:136
ip -n pod.default.web-1 link set lo up

# links
#   topologies/ipv6.yaml:15
ip -n network.lan link add br0 mtu 1500 address 02:02:fd:00:00:11 type bridge
#   topologies/ipv6.yaml:24
ip -n node.node1 link add cni0 mtu 1500 address 0a:5a:ff:44:00:10 type bridge
ip -n node.node2 link add cni0 mtu 1500 address 0a:5a:ff:44:00:13 type bridge
#   topologies/ipv6.yaml:25
ip -n host.client link add eth0 mtu 1500 address 02:00:fd:00:01:10 type veth peer name client mtu 1500 address 02:01:fd:00:01:10 netns network.lan
#   topologies/ipv6.yaml:24
ip -n node.node1 link add eth0 mtu 1500 address 02:00:fd:00:00:01 type veth peer name node1 mtu 1500 address 02:01:fd:00:00:01 netns network.lan
ip -n node.node2 link add eth0 mtu 1500 address 02:00:fd:00:00:02 type veth peer name node2 mtu 1500 address 02:01:fd:00:00:02 netns network.lan
#   topologies/ipv6.yaml:126
ip -n pod.default.a link add eth0 mtu 1500 address 0a:58:ff:44:00:13 type veth peer name veth71273818 mtu 1500 address 0a:59:ff:44:00:13 netns node.node1
#   topologies/ipv6.yaml:131
ip -n pod.default.web-0 link add eth0 mtu 1500 address 0a:58:ff:44:00:10 type veth peer name veth24d07f86 mtu 1500 address 0a:59:ff:44:00:10 netns node.node2
#   topologies/ipv6.yaml:136
ip -n pod.default.web-1 link add eth0 mtu 1500 address 0a:58:ff:44:00:11 type veth peer name veth85dffee6 mtu 1500 address 0a:59:ff:44:00:11 netns node.node2

# link state
#   topologies/ipv6.yaml:15
ip -n network.lan link set br0 addrgenmode none
#   topologies/ipv6.yaml:24
ip -n network.lan link set node1 addrgenmode none
ip -n network.lan link set node2 addrgenmode none
#   topologies/ipv6.yaml:25
ip -n network.lan link set client addrgenmode none
#   topologies/ipv6.yaml:126
ip -n node.node1 link set veth71273818 addrgenmode none
#   topologies/ipv6.yaml:131
ip -n node.node2 link set veth24d07f86 addrgenmode none
#   topologies/ipv6.yaml:136
ip -n node.node2 link set veth85dffee6 addrgenmode none

# kernel settings
#   topologies/ipv6.yaml:24
ip netns exec node.node2 sysctl -qw net.ipv4.conf.cni0.route_localnet=1

# addresses
#   topologies/ipv6.yaml:25
ip -n host.client addr add fd00:10::100/64 dev eth0 nodad
#   topologies/ipv6.yaml:24
ip -n node.node1 addr add fd00:10::11/64 dev eth0 nodad
ip -n node.node1 addr add fd00:10:244:1::1/64 dev cni0 nodad
ip -n node.node2 addr add fd00:10::12/64 dev eth0 nodad
ip -n node.node2 addr add fd00:10:244:2::1/64 dev cni0 nodad
#   topologies/ipv6.yaml:126
ip -n pod.default.a addr add fd00:10:244:1::2/64 dev eth0 nodad
#   topologies/ipv6.yaml:131
ip -n pod.default.web-0 addr add fd00:10:244:2::2/64 dev eth0 nodad
#   topologies/ipv6.yaml:136
ip -n pod.default.web-1 addr add fd00:10:244:2::3/64 dev eth0 nodad

# link state
#   topologies/ipv6.yaml:25
ip -n host.client link set eth0 up
#   topologies/ipv6.yaml:15
ip -n network.lan link set br0 up
#   topologies/ipv6.yaml:24
ip -n network.lan link set node1 up
ip -n network.lan link set node2 up
#   topologies/ipv6.yaml:25
ip -n network.lan link set client up
#   topologies/ipv6.yaml:24
ip -n node.node1 link set eth0 up
ip -n node.node1 link set cni0 up
#   topologies/ipv6.yaml:126
ip -n node.node1 link set veth71273818 up
#   topologies/ipv6.yaml:24
ip -n node.node2 link set eth0 up
ip -n node.node2 link set cni0 up
#   topologies/ipv6.yaml:131
ip -n node.node2 link set veth24d07f86 up
#   topologies/ipv6.yaml:136
ip -n node.node2 link set veth85dffee6 up
#   topologies/ipv6.yaml:126
ip -n pod.default.a link set eth0 up
#   topologies/ipv6.yaml:131
ip -n pod.default.web-0 link set eth0 up
#   topologies/ipv6.yaml:136
ip -n pod.default.web-1 link set eth0 up
#   topologies/ipv6.yaml:24
ip -n network.lan link set node1 master br0
ip -n network.lan link set node2 master br0
#   topologies/ipv6.yaml:25
ip -n network.lan link set client master br0
#   topologies/ipv6.yaml:126
ip -n node.node1 link set veth71273818 master cni0
#   topologies/ipv6.yaml:131
ip -n node.node2 link set veth24d07f86 master cni0
#   topologies/ipv6.yaml:136
ip -n node.node2 link set veth85dffee6 master cni0

# bridge ports
#   topologies/ipv6.yaml:126
bridge -n node.node1 link set dev veth71273818 hairpin on
#   topologies/ipv6.yaml:131
bridge -n node.node2 link set dev veth24d07f86 hairpin on
#   topologies/ipv6.yaml:136
bridge -n node.node2 link set dev veth85dffee6 hairpin on

# routes
#   topologies/ipv6.yaml:24
ip -n node.node1 route add ::/0 via fd00:10::1 dev eth0
ip -n node.node1 route add fd00:10:244:2::/64 via fd00:10::12 dev eth0
ip -n node.node2 route add ::/0 via fd00:10::1 dev eth0
ip -n node.node2 route add fd00:10:244:1::/64 via fd00:10::11 dev eth0
#   topologies/ipv6.yaml:126
ip -n pod.default.a route add ::/0 via fd00:10:244:1::1 dev eth0
ip -n pod.default.a route add fd00:10:244::/56 via fd00:10:244:1::1 dev eth0
#   topologies/ipv6.yaml:131
ip -n pod.default.web-0 route add ::/0 via fd00:10:244:2::1 dev eth0
ip -n pod.default.web-0 route add fd00:10:244::/56 via fd00:10:244:2::1 dev eth0
#   topologies/ipv6.yaml:136
ip -n pod.default.web-1 route add ::/0 via fd00:10:244:2::1 dev eth0
ip -n pod.default.web-1 route add fd00:10:244::/56 via fd00:10:244:2::1 dev eth0
