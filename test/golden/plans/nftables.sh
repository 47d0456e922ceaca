#!/bin/sh
# Builds the lab nftables: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/nftables.yaml:19
ip netns add host.client
#   topologies/nftables.yaml:21
ip netns add host.stranger
#   topologies/nftables.yaml:12
ip netns add network.lan
#   topologies/nftables.yaml:17
ip netns add node.node1
ip netns add node.node2
#   topologies/nftables.yaml:124
ip netns add pod.default.a
#   topologies/nftables.yaml:129
ip netns add pod.default.b
#   topologies/nftables.yaml:134
ip netns add pod.default.c
#   topologies/nftables.yaml:119
ip netns add pod.default.client

# kernel settings
#   topologies/nftables.yaml:12
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/nftables.yaml:17
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
#   topologies/nftables.yaml:17
ip netns exec node.node1 nft -f - <<'EOF'
add table ip kube-proxy { comment "rules for kube-proxy" ; }
add chain ip kube-proxy filter-prerouting-pre-dnat { type filter hook prerouting priority -110 ; }
add chain ip kube-proxy filter-output-pre-dnat { type filter hook output priority -110 ; }
add chain ip kube-proxy filter-input { type filter hook input priority 0 ; }
add chain ip kube-proxy filter-forward { type filter hook forward priority 0 ; }
add chain ip kube-proxy filter-output { type filter hook output priority 0 ; }
add chain ip kube-proxy nat-prerouting { type nat hook prerouting priority -100 ; }
add chain ip kube-proxy nat-output { type nat hook output priority -100 ; }
add chain ip kube-proxy nat-postrouting { type nat hook postrouting priority 100 ; }
add chain ip kube-proxy nodeport-endpoints-check
add chain ip kube-proxy service-endpoints-check
add chain ip kube-proxy firewall-check
add chain ip kube-proxy services
add chain ip kube-proxy masquerading
add chain ip kube-proxy cluster-ips-check
add chain ip kube-proxy mark-for-masquerade
add chain ip kube-proxy reject-chain { comment "helper for @no-endpoint-services / @no-endpoint-nodeports" ; }
add chain ip kube-proxy service-PFISGYVC-default/web/tcp/
add chain ip kube-proxy external-PFISGYVC-default/web/tcp/
add chain ip kube-proxy firewall-PFISGYVC-default/web/tcp/
add chain ip kube-proxy endpoint-CU5RYKM5-default/web/tcp/__10.244.1.3/8080
add chain ip kube-proxy endpoint-K52L44CG-default/web/tcp/__10.244.2.2/8080
add chain ip kube-proxy endpoint-63O4TYAU-default/web/tcp/__10.244.2.3/8080
add chain ip kube-proxy service-HCWT6ON4-default/kept/tcp/
add chain ip kube-proxy external-HCWT6ON4-default/kept/tcp/
add chain ip kube-proxy endpoint-GFAZ7ABI-default/kept/tcp/__10.244.2.2/8080
add chain ip kube-proxy endpoint-FVZNQC4L-default/kept/tcp/__10.244.2.3/8080
add set ip kube-proxy cluster-ips { type ipv4_addr ; comment "Active ClusterIPs" ; }
add map ip kube-proxy no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict ; comment "vmap to drop or reject packets to services with no endpoints" ; }
add map ip kube-proxy no-endpoint-nodeports { type inet_proto . inet_service : verdict ; comment "vmap to drop or reject packets to service nodeports with no endpoints" ; }
add map ip kube-proxy firewall-ips { type ipv4_addr . inet_proto . inet_service : verdict ; comment "destinations that are subject to LoadBalancerSourceRanges" ; }
add map ip kube-proxy service-ips { type ipv4_addr . inet_proto . inet_service : verdict ; comment "ClusterIP, ExternalIP and LoadBalancer IP traffic" ; }
add map ip kube-proxy service-nodeports { type inet_proto . inet_service : verdict ; comment "NodePort traffic" ; }
add set ip kube-proxy nodeport-ips { type ipv4_addr ; comment "IPs that accept NodePort traffic" ; }
add rule ip kube-proxy filter-prerouting-pre-dnat ct state new jump firewall-check
add rule ip kube-proxy filter-output-pre-dnat ct state new jump firewall-check
add rule ip kube-proxy filter-input ct state new jump nodeport-endpoints-check
add rule ip kube-proxy filter-input ct state new jump service-endpoints-check
add rule ip kube-proxy filter-forward ct state new jump service-endpoints-check
add rule ip kube-proxy filter-forward ct state new jump cluster-ips-check
add rule ip kube-proxy filter-output ct state new jump service-endpoints-check
add rule ip kube-proxy filter-output ct state new jump cluster-ips-check
add rule ip kube-proxy nat-prerouting jump services
add rule ip kube-proxy nat-output jump services
add rule ip kube-proxy nat-postrouting jump masquerading
add rule ip kube-proxy nodeport-endpoints-check ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
add rule ip kube-proxy service-endpoints-check ip daddr . meta l4proto . th dport vmap @no-endpoint-services
add rule ip kube-proxy firewall-check ip daddr . meta l4proto . th dport vmap @firewall-ips
add rule ip kube-proxy services ip daddr . meta l4proto . th dport vmap @service-ips
add rule ip kube-proxy services ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
add rule ip kube-proxy masquerading mark and 0x00004000 == 0 return
add rule ip kube-proxy masquerading mark set mark xor 0x00004000
add rule ip kube-proxy masquerading masquerade fully-random
add rule ip kube-proxy cluster-ips-check ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"
add rule ip kube-proxy cluster-ips-check ip daddr { 10.96.0.0/12 } drop comment "Drop traffic to unallocated ClusterIPs"
add rule ip kube-proxy mark-for-masquerade mark set mark or 0x00004000
add rule ip kube-proxy reject-chain reject
add rule ip kube-proxy service-PFISGYVC-default/web/tcp/ ip daddr 10.96.0.21 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
add rule ip kube-proxy service-PFISGYVC-default/web/tcp/ numgen random mod 3 vmap { 0 : goto endpoint-CU5RYKM5-default/web/tcp/__10.244.1.3/8080 , 1 : goto endpoint-K52L44CG-default/web/tcp/__10.244.2.2/8080 , 2 : goto endpoint-63O4TYAU-default/web/tcp/__10.244.2.3/8080 }
add rule ip kube-proxy external-PFISGYVC-default/web/tcp/ jump mark-for-masquerade
add rule ip kube-proxy external-PFISGYVC-default/web/tcp/ goto service-PFISGYVC-default/web/tcp/
add rule ip kube-proxy firewall-PFISGYVC-default/web/tcp/ ip saddr != { 10.0.0.96/28 } drop
add rule ip kube-proxy endpoint-CU5RYKM5-default/web/tcp/__10.244.1.3/8080 ip saddr 10.244.1.3 jump mark-for-masquerade
add rule ip kube-proxy endpoint-CU5RYKM5-default/web/tcp/__10.244.1.3/8080 meta l4proto tcp dnat to 10.244.1.3:8080
add rule ip kube-proxy endpoint-K52L44CG-default/web/tcp/__10.244.2.2/8080 ip saddr 10.244.2.2 jump mark-for-masquerade
add rule ip kube-proxy endpoint-K52L44CG-default/web/tcp/__10.244.2.2/8080 meta l4proto tcp dnat to 10.244.2.2:8080
add rule ip kube-proxy endpoint-63O4TYAU-default/web/tcp/__10.244.2.3/8080 ip saddr 10.244.2.3 jump mark-for-masquerade
add rule ip kube-proxy endpoint-63O4TYAU-default/web/tcp/__10.244.2.3/8080 meta l4proto tcp dnat to 10.244.2.3:8080
add rule ip kube-proxy service-HCWT6ON4-default/kept/tcp/ ip daddr 10.96.0.22 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
add rule ip kube-proxy service-HCWT6ON4-default/kept/tcp/ numgen random mod 2 vmap { 0 : goto endpoint-GFAZ7ABI-default/kept/tcp/__10.244.2.2/8080 , 1 : goto endpoint-FVZNQC4L-default/kept/tcp/__10.244.2.3/8080 }
add rule ip kube-proxy external-HCWT6ON4-default/kept/tcp/ ip saddr 10.244.0.0/16 goto service-HCWT6ON4-default/kept/tcp/ comment "short-circuit pod traffic"
add rule ip kube-proxy external-HCWT6ON4-default/kept/tcp/ fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"
add rule ip kube-proxy external-HCWT6ON4-default/kept/tcp/ fib saddr type local goto service-HCWT6ON4-default/kept/tcp/ comment "short-circuit local traffic"
add rule ip kube-proxy endpoint-GFAZ7ABI-default/kept/tcp/__10.244.2.2/8080 ip saddr 10.244.2.2 jump mark-for-masquerade
add rule ip kube-proxy endpoint-GFAZ7ABI-default/kept/tcp/__10.244.2.2/8080 meta l4proto tcp dnat to 10.244.2.2:8080
add rule ip kube-proxy endpoint-FVZNQC4L-default/kept/tcp/__10.244.2.3/8080 ip saddr 10.244.2.3 jump mark-for-masquerade
add rule ip kube-proxy endpoint-FVZNQC4L-default/kept/tcp/__10.244.2.3/8080 meta l4proto tcp dnat to 10.244.2.3:8080
add element ip kube-proxy cluster-ips { 10.96.0.21 }
add element ip kube-proxy cluster-ips { 10.96.0.22 }
add element ip kube-proxy cluster-ips { 10.96.0.23 }
add element ip kube-proxy no-endpoint-services { 192.0.2.21 . tcp . 80 comment "default/kept" : drop }
add element ip kube-proxy no-endpoint-services { 10.96.0.23 . tcp . 80 comment "default/none" : goto reject-chain }
add element ip kube-proxy no-endpoint-nodeports { tcp . 30081 comment "default/kept" : drop }
add element ip kube-proxy firewall-ips { 192.0.2.20 . tcp . 80 : goto firewall-PFISGYVC-default/web/tcp/ }
add element ip kube-proxy service-ips { 10.96.0.21 . tcp . 80 : goto service-PFISGYVC-default/web/tcp/ }
add element ip kube-proxy service-ips { 192.0.2.20 . tcp . 80 : goto external-PFISGYVC-default/web/tcp/ }
add element ip kube-proxy service-ips { 10.96.0.22 . tcp . 80 : goto service-HCWT6ON4-default/kept/tcp/ }
add element ip kube-proxy service-ips { 192.0.2.21 . tcp . 80 : goto external-HCWT6ON4-default/kept/tcp/ }
add element ip kube-proxy service-nodeports { tcp . 30080 : goto external-PFISGYVC-default/web/tcp/ }
add element ip kube-proxy service-nodeports { tcp . 30081 : goto external-HCWT6ON4-default/kept/tcp/ }
add element ip kube-proxy nodeport-ips { 10.0.0.11 }
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
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:FLANNEL-POSTRTG - [0:0]
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
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
:FLANNEL-FWD - [0:0]
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
EOF
ip netns exec node.node2 nft -f - <<'EOF'
add table ip kube-proxy { comment "rules for kube-proxy" ; }
add chain ip kube-proxy filter-prerouting-pre-dnat { type filter hook prerouting priority -110 ; }
add chain ip kube-proxy filter-output-pre-dnat { type filter hook output priority -110 ; }
add chain ip kube-proxy filter-input { type filter hook input priority 0 ; }
add chain ip kube-proxy filter-forward { type filter hook forward priority 0 ; }
add chain ip kube-proxy filter-output { type filter hook output priority 0 ; }
add chain ip kube-proxy nat-prerouting { type nat hook prerouting priority -100 ; }
add chain ip kube-proxy nat-output { type nat hook output priority -100 ; }
add chain ip kube-proxy nat-postrouting { type nat hook postrouting priority 100 ; }
add chain ip kube-proxy nodeport-endpoints-check
add chain ip kube-proxy service-endpoints-check
add chain ip kube-proxy firewall-check
add chain ip kube-proxy services
add chain ip kube-proxy masquerading
add chain ip kube-proxy cluster-ips-check
add chain ip kube-proxy mark-for-masquerade
add chain ip kube-proxy reject-chain { comment "helper for @no-endpoint-services / @no-endpoint-nodeports" ; }
add chain ip kube-proxy service-PFISGYVC-default/web/tcp/
add chain ip kube-proxy external-PFISGYVC-default/web/tcp/
add chain ip kube-proxy firewall-PFISGYVC-default/web/tcp/
add chain ip kube-proxy endpoint-CU5RYKM5-default/web/tcp/__10.244.1.3/8080
add chain ip kube-proxy endpoint-K52L44CG-default/web/tcp/__10.244.2.2/8080
add chain ip kube-proxy endpoint-63O4TYAU-default/web/tcp/__10.244.2.3/8080
add chain ip kube-proxy service-HCWT6ON4-default/kept/tcp/
add chain ip kube-proxy external-HCWT6ON4-default/kept/tcp/
add chain ip kube-proxy local-HCWT6ON4-default/kept/tcp/
add chain ip kube-proxy endpoint-GFAZ7ABI-default/kept/tcp/__10.244.2.2/8080
add chain ip kube-proxy endpoint-FVZNQC4L-default/kept/tcp/__10.244.2.3/8080
add set ip kube-proxy cluster-ips { type ipv4_addr ; comment "Active ClusterIPs" ; }
add map ip kube-proxy no-endpoint-services { type ipv4_addr . inet_proto . inet_service : verdict ; comment "vmap to drop or reject packets to services with no endpoints" ; }
add map ip kube-proxy no-endpoint-nodeports { type inet_proto . inet_service : verdict ; comment "vmap to drop or reject packets to service nodeports with no endpoints" ; }
add map ip kube-proxy firewall-ips { type ipv4_addr . inet_proto . inet_service : verdict ; comment "destinations that are subject to LoadBalancerSourceRanges" ; }
add map ip kube-proxy service-ips { type ipv4_addr . inet_proto . inet_service : verdict ; comment "ClusterIP, ExternalIP and LoadBalancer IP traffic" ; }
add map ip kube-proxy service-nodeports { type inet_proto . inet_service : verdict ; comment "NodePort traffic" ; }
add set ip kube-proxy nodeport-ips { type ipv4_addr ; comment "IPs that accept NodePort traffic" ; }
add rule ip kube-proxy filter-prerouting-pre-dnat ct state new jump firewall-check
add rule ip kube-proxy filter-output-pre-dnat ct state new jump firewall-check
add rule ip kube-proxy filter-input ct state new jump nodeport-endpoints-check
add rule ip kube-proxy filter-input ct state new jump service-endpoints-check
add rule ip kube-proxy filter-forward ct state new jump service-endpoints-check
add rule ip kube-proxy filter-forward ct state new jump cluster-ips-check
add rule ip kube-proxy filter-output ct state new jump service-endpoints-check
add rule ip kube-proxy filter-output ct state new jump cluster-ips-check
add rule ip kube-proxy nat-prerouting jump services
add rule ip kube-proxy nat-output jump services
add rule ip kube-proxy nat-postrouting jump masquerading
add rule ip kube-proxy nodeport-endpoints-check ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports
add rule ip kube-proxy service-endpoints-check ip daddr . meta l4proto . th dport vmap @no-endpoint-services
add rule ip kube-proxy firewall-check ip daddr . meta l4proto . th dport vmap @firewall-ips
add rule ip kube-proxy services ip daddr . meta l4proto . th dport vmap @service-ips
add rule ip kube-proxy services ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports
add rule ip kube-proxy masquerading mark and 0x00004000 == 0 return
add rule ip kube-proxy masquerading mark set mark xor 0x00004000
add rule ip kube-proxy masquerading masquerade fully-random
add rule ip kube-proxy cluster-ips-check ip daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"
add rule ip kube-proxy cluster-ips-check ip daddr { 10.96.0.0/12 } drop comment "Drop traffic to unallocated ClusterIPs"
add rule ip kube-proxy mark-for-masquerade mark set mark or 0x00004000
add rule ip kube-proxy reject-chain reject
add rule ip kube-proxy service-PFISGYVC-default/web/tcp/ ip daddr 10.96.0.21 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
add rule ip kube-proxy service-PFISGYVC-default/web/tcp/ numgen random mod 3 vmap { 0 : goto endpoint-CU5RYKM5-default/web/tcp/__10.244.1.3/8080 , 1 : goto endpoint-K52L44CG-default/web/tcp/__10.244.2.2/8080 , 2 : goto endpoint-63O4TYAU-default/web/tcp/__10.244.2.3/8080 }
add rule ip kube-proxy external-PFISGYVC-default/web/tcp/ jump mark-for-masquerade
add rule ip kube-proxy external-PFISGYVC-default/web/tcp/ goto service-PFISGYVC-default/web/tcp/
add rule ip kube-proxy firewall-PFISGYVC-default/web/tcp/ ip saddr != { 10.0.0.96/28 } drop
add rule ip kube-proxy endpoint-CU5RYKM5-default/web/tcp/__10.244.1.3/8080 ip saddr 10.244.1.3 jump mark-for-masquerade
add rule ip kube-proxy endpoint-CU5RYKM5-default/web/tcp/__10.244.1.3/8080 meta l4proto tcp dnat to 10.244.1.3:8080
add rule ip kube-proxy endpoint-K52L44CG-default/web/tcp/__10.244.2.2/8080 ip saddr 10.244.2.2 jump mark-for-masquerade
add rule ip kube-proxy endpoint-K52L44CG-default/web/tcp/__10.244.2.2/8080 meta l4proto tcp dnat to 10.244.2.2:8080
add rule ip kube-proxy endpoint-63O4TYAU-default/web/tcp/__10.244.2.3/8080 ip saddr 10.244.2.3 jump mark-for-masquerade
add rule ip kube-proxy endpoint-63O4TYAU-default/web/tcp/__10.244.2.3/8080 meta l4proto tcp dnat to 10.244.2.3:8080
add rule ip kube-proxy service-HCWT6ON4-default/kept/tcp/ ip daddr 10.96.0.22 ip saddr != 10.244.0.0/16 jump mark-for-masquerade
add rule ip kube-proxy service-HCWT6ON4-default/kept/tcp/ numgen random mod 2 vmap { 0 : goto endpoint-GFAZ7ABI-default/kept/tcp/__10.244.2.2/8080 , 1 : goto endpoint-FVZNQC4L-default/kept/tcp/__10.244.2.3/8080 }
add rule ip kube-proxy external-HCWT6ON4-default/kept/tcp/ ip saddr 10.244.0.0/16 goto service-HCWT6ON4-default/kept/tcp/ comment "short-circuit pod traffic"
add rule ip kube-proxy external-HCWT6ON4-default/kept/tcp/ fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"
add rule ip kube-proxy external-HCWT6ON4-default/kept/tcp/ fib saddr type local goto service-HCWT6ON4-default/kept/tcp/ comment "short-circuit local traffic"
add rule ip kube-proxy external-HCWT6ON4-default/kept/tcp/ goto local-HCWT6ON4-default/kept/tcp/
add rule ip kube-proxy local-HCWT6ON4-default/kept/tcp/ numgen random mod 2 vmap { 0 : goto endpoint-GFAZ7ABI-default/kept/tcp/__10.244.2.2/8080 , 1 : goto endpoint-FVZNQC4L-default/kept/tcp/__10.244.2.3/8080 }
add rule ip kube-proxy endpoint-GFAZ7ABI-default/kept/tcp/__10.244.2.2/8080 ip saddr 10.244.2.2 jump mark-for-masquerade
add rule ip kube-proxy endpoint-GFAZ7ABI-default/kept/tcp/__10.244.2.2/8080 meta l4proto tcp dnat to 10.244.2.2:8080
add rule ip kube-proxy endpoint-FVZNQC4L-default/kept/tcp/__10.244.2.3/8080 ip saddr 10.244.2.3 jump mark-for-masquerade
add rule ip kube-proxy endpoint-FVZNQC4L-default/kept/tcp/__10.244.2.3/8080 meta l4proto tcp dnat to 10.244.2.3:8080
add element ip kube-proxy cluster-ips { 10.96.0.21 }
add element ip kube-proxy cluster-ips { 10.96.0.22 }
add element ip kube-proxy cluster-ips { 10.96.0.23 }
add element ip kube-proxy no-endpoint-services { 10.96.0.23 . tcp . 80 comment "default/none" : goto reject-chain }
add element ip kube-proxy firewall-ips { 192.0.2.20 . tcp . 80 : goto firewall-PFISGYVC-default/web/tcp/ }
add element ip kube-proxy service-ips { 10.96.0.21 . tcp . 80 : goto service-PFISGYVC-default/web/tcp/ }
add element ip kube-proxy service-ips { 192.0.2.20 . tcp . 80 : goto external-PFISGYVC-default/web/tcp/ }
add element ip kube-proxy service-ips { 10.96.0.22 . tcp . 80 : goto service-HCWT6ON4-default/kept/tcp/ }
add element ip kube-proxy service-ips { 192.0.2.21 . tcp . 80 : goto external-HCWT6ON4-default/kept/tcp/ }
add element ip kube-proxy service-nodeports { tcp . 30080 : goto external-PFISGYVC-default/web/tcp/ }
add element ip kube-proxy service-nodeports { tcp . 30081 : goto external-HCWT6ON4-default/kept/tcp/ }
add element ip kube-proxy nodeport-ips { 10.0.0.12 }
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
:FLANNEL-POSTRTG - [0:0]
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
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
:FLANNEL-FWD - [0:0]
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
EOF

# link state
#   topologies/nftables.yaml:19
ip -n host.client link set lo up
#   topologies/nftables.yaml:21
ip -n host.stranger link set lo up
#   topologies/nftables.yaml:12
ip -n network.lan link set lo up
#   topologies/nftables.yaml:17
ip -n node.node1 link set lo up
ip -n node.node2 link set lo up
#   topologies/nftables.yaml:124
ip -n pod.default.a link set lo up
#   topologies/nftables.yaml:129
ip -n pod.default.b link set lo up
#   topologies/nftables.yaml:134
ip -n pod.default.c link set lo up
#   topologies/nftables.yaml:119
ip -n pod.default.client link set lo up

# links
#   topologies/nftables.yaml:12
ip -n network.lan link add br0 mtu 1500 address 02:02:0a:00:00:01 type bridge
#   topologies/nftables.yaml:17
ip -n node.node1 link add cni0 mtu 1450 address 0a:5a:0a:f4:01:01 type bridge
ip -n node.node2 link add cni0 mtu 1450 address 0a:5a:0a:f4:02:01 type bridge
#   topologies/nftables.yaml:19
ip -n host.client link add eth0 mtu 1500 address 02:00:0a:00:00:64 type veth peer name client mtu 1500 address 02:01:0a:00:00:64 netns network.lan
#   topologies/nftables.yaml:21
ip -n host.stranger link add eth0 mtu 1500 address 02:00:0a:00:00:c8 type veth peer name stranger mtu 1500 address 02:01:0a:00:00:c8 netns network.lan
#   topologies/nftables.yaml:17
ip -n node.node1 link add eth0 mtu 1500 address 02:00:0a:00:00:0b type veth peer name node1 mtu 1500 address 02:01:0a:00:00:0b netns network.lan
ip -n node.node2 link add eth0 mtu 1500 address 02:00:0a:00:00:0c type veth peer name node2 mtu 1500 address 02:01:0a:00:00:0c netns network.lan
#   topologies/nftables.yaml:124
ip -n pod.default.a link add eth0 mtu 1450 address 0a:58:0a:f4:01:03 type veth peer name veth71273818 mtu 1450 address 0a:59:0a:f4:01:03 netns node.node1
#   topologies/nftables.yaml:129
ip -n pod.default.b link add eth0 mtu 1450 address 0a:58:0a:f4:02:02 type veth peer name veth1af9dded mtu 1450 address 0a:59:0a:f4:02:02 netns node.node2
#   topologies/nftables.yaml:134
ip -n pod.default.c link add eth0 mtu 1450 address 0a:58:0a:f4:02:03 type veth peer name vethaee2a0d5 mtu 1450 address 0a:59:0a:f4:02:03 netns node.node2
#   topologies/nftables.yaml:119
ip -n pod.default.client link add eth0 mtu 1450 address 0a:58:0a:f4:01:02 type veth peer name vethce2a28d0 mtu 1450 address 0a:59:0a:f4:01:02 netns node.node1
#   topologies/nftables.yaml:17
ip -n node.node1 link add flannel.1 mtu 1450 address 0e:00:0a:f4:01:00 type vxlan id 1 local 10.0.0.11 dev eth0 dstport 8472 nolearning
ip -n node.node2 link add flannel.1 mtu 1450 address 0e:00:0a:f4:02:00 type vxlan id 1 local 10.0.0.12 dev eth0 dstport 8472 nolearning

# link state
#   topologies/nftables.yaml:19
ip -n host.client link set eth0 addrgenmode none
#   topologies/nftables.yaml:21
ip -n host.stranger link set eth0 addrgenmode none
#   topologies/nftables.yaml:12
ip -n network.lan link set br0 addrgenmode none
#   topologies/nftables.yaml:17
ip -n network.lan link set node1 addrgenmode none
ip -n network.lan link set node2 addrgenmode none
#   topologies/nftables.yaml:19
ip -n network.lan link set client addrgenmode none
#   topologies/nftables.yaml:21
ip -n network.lan link set stranger addrgenmode none
#   topologies/nftables.yaml:17
ip -n node.node1 link set eth0 addrgenmode none
ip -n node.node1 link set flannel.1 addrgenmode none
ip -n node.node1 link set cni0 addrgenmode none
#   topologies/nftables.yaml:119
ip -n node.node1 link set vethce2a28d0 addrgenmode none
#   topologies/nftables.yaml:124
ip -n node.node1 link set veth71273818 addrgenmode none
#   topologies/nftables.yaml:17
ip -n node.node2 link set eth0 addrgenmode none
ip -n node.node2 link set flannel.1 addrgenmode none
ip -n node.node2 link set cni0 addrgenmode none
#   topologies/nftables.yaml:129
ip -n node.node2 link set veth1af9dded addrgenmode none
#   topologies/nftables.yaml:134
ip -n node.node2 link set vethaee2a0d5 addrgenmode none
#   topologies/nftables.yaml:124
ip -n pod.default.a link set eth0 addrgenmode none
#   topologies/nftables.yaml:129
ip -n pod.default.b link set eth0 addrgenmode none
#   topologies/nftables.yaml:134
ip -n pod.default.c link set eth0 addrgenmode none
#   topologies/nftables.yaml:119
ip -n pod.default.client link set eth0 addrgenmode none

# addresses
#   topologies/nftables.yaml:19
ip -n host.client addr add 10.0.0.100/24 brd 10.0.0.255 dev eth0
#   topologies/nftables.yaml:21
ip -n host.stranger addr add 10.0.0.200/24 brd 10.0.0.255 dev eth0
#   topologies/nftables.yaml:17
ip -n node.node1 addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0
ip -n node.node1 addr add 10.0.0.21/24 brd 10.0.0.255 dev eth0
ip -n node.node1 addr add 10.244.1.0/32 dev flannel.1
ip -n node.node1 addr add 10.244.1.1/24 brd 10.244.1.255 dev cni0
ip -n node.node2 addr add 10.0.0.12/24 brd 10.0.0.255 dev eth0
ip -n node.node2 addr add 10.244.2.0/32 dev flannel.1
ip -n node.node2 addr add 10.244.2.1/24 brd 10.244.2.255 dev cni0
#   topologies/nftables.yaml:124
ip -n pod.default.a addr add 10.244.1.3/24 brd 10.244.1.255 dev eth0
#   topologies/nftables.yaml:129
ip -n pod.default.b addr add 10.244.2.2/24 brd 10.244.2.255 dev eth0
#   topologies/nftables.yaml:134
ip -n pod.default.c addr add 10.244.2.3/24 brd 10.244.2.255 dev eth0
#   topologies/nftables.yaml:119
ip -n pod.default.client addr add 10.244.1.2/24 brd 10.244.1.255 dev eth0

# link state
#   topologies/nftables.yaml:19
ip -n host.client link set eth0 up
#   topologies/nftables.yaml:21
ip -n host.stranger link set eth0 up
#   topologies/nftables.yaml:12
ip -n network.lan link set br0 up
#   topologies/nftables.yaml:17
ip -n network.lan link set node1 up
ip -n network.lan link set node2 up
#   topologies/nftables.yaml:19
ip -n network.lan link set client up
#   topologies/nftables.yaml:21
ip -n network.lan link set stranger up
#   topologies/nftables.yaml:17
ip -n node.node1 link set eth0 up
ip -n node.node1 link set flannel.1 up
ip -n node.node1 link set cni0 up
#   topologies/nftables.yaml:119
ip -n node.node1 link set vethce2a28d0 up
#   topologies/nftables.yaml:124
ip -n node.node1 link set veth71273818 up
#   topologies/nftables.yaml:17
ip -n node.node2 link set eth0 up
ip -n node.node2 link set flannel.1 up
ip -n node.node2 link set cni0 up
#   topologies/nftables.yaml:129
ip -n node.node2 link set veth1af9dded up
#   topologies/nftables.yaml:134
ip -n node.node2 link set vethaee2a0d5 up
#   topologies/nftables.yaml:124
ip -n pod.default.a link set eth0 up
#   topologies/nftables.yaml:129
ip -n pod.default.b link set eth0 up
#   topologies/nftables.yaml:134
ip -n pod.default.c link set eth0 up
#   topologies/nftables.yaml:119
ip -n pod.default.client link set eth0 up
#   topologies/nftables.yaml:17
ip -n network.lan link set node1 master br0
ip -n network.lan link set node2 master br0
#   topologies/nftables.yaml:19
ip -n network.lan link set client master br0
#   topologies/nftables.yaml:21
ip -n network.lan link set stranger master br0
#   topologies/nftables.yaml:119
ip -n node.node1 link set vethce2a28d0 master cni0
#   topologies/nftables.yaml:124
ip -n node.node1 link set veth71273818 master cni0
#   topologies/nftables.yaml:129
ip -n node.node2 link set veth1af9dded master cni0
#   topologies/nftables.yaml:134
ip -n node.node2 link set vethaee2a0d5 master cni0

# bridge ports
#   topologies/nftables.yaml:119
bridge -n node.node1 link set dev vethce2a28d0 hairpin on
#   topologies/nftables.yaml:124
bridge -n node.node1 link set dev veth71273818 hairpin on
#   topologies/nftables.yaml:129
bridge -n node.node2 link set dev veth1af9dded hairpin on
#   topologies/nftables.yaml:134
bridge -n node.node2 link set dev vethaee2a0d5 hairpin on

# routes
#   topologies/nftables.yaml:20
ip -n host.client route add 192.0.2.20/32 via 10.0.0.11 dev eth0
ip -n host.client route add 192.0.2.21/32 via 10.0.0.11 dev eth0
#   topologies/nftables.yaml:23
ip -n host.stranger route add 192.0.2.20/32 via 10.0.0.11 dev eth0
#   topologies/nftables.yaml:17
ip -n node.node1 route add default via 10.0.0.1 dev eth0
ip -n node.node1 route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
ip -n node.node2 route add default via 10.0.0.1 dev eth0
ip -n node.node2 route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink
#   topologies/nftables.yaml:124
ip -n pod.default.a route add default via 10.244.1.1 dev eth0
ip -n pod.default.a route add 10.244.0.0/16 via 10.244.1.1 dev eth0
#   topologies/nftables.yaml:129
ip -n pod.default.b route add default via 10.244.2.1 dev eth0
ip -n pod.default.b route add 10.244.0.0/16 via 10.244.2.1 dev eth0
#   topologies/nftables.yaml:134
ip -n pod.default.c route add default via 10.244.2.1 dev eth0
ip -n pod.default.c route add 10.244.0.0/16 via 10.244.2.1 dev eth0
#   topologies/nftables.yaml:119
ip -n pod.default.client route add default via 10.244.1.1 dev eth0
ip -n pod.default.client route add 10.244.0.0/16 via 10.244.1.1 dev eth0

# neighbours
#   topologies/nftables.yaml:17
ip -n node.node1 neigh add 10.244.2.0 lladdr 0e:00:0a:f4:02:00 dev flannel.1 nud permanent
ip -n node.node2 neigh add 10.244.1.0 lladdr 0e:00:0a:f4:01:00 dev flannel.1 nud permanent

# forwarding entries
#   topologies/nftables.yaml:17
bridge -n node.node1 fdb append 0e:00:0a:f4:02:00 dev flannel.1 dst 10.0.0.12 self permanent
bridge -n node.node2 fdb append 0e:00:0a:f4:01:00 dev flannel.1 dst 10.0.0.11 self permanent
