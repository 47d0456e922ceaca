#!/bin/sh
# Builds the lab ipvs: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/ipvs.yaml:7
ip netns add network.lan
#   topologies/ipvs.yaml:12
ip netns add node.node1
ip netns add node.node2
#   topologies/ipvs.yaml:93
ip netns add pod.default.a
#   topologies/ipvs.yaml:98
ip netns add pod.default.b
#   topologies/ipvs.yaml:103
ip netns add pod.default.c
#   topologies/ipvs.yaml:78
ip netns add pod.default.client
#   topologies/ipvs.yaml:88
ip netns add pod.default.far
#   topologies/ipvs.yaml:83
ip netns add pod.default.near

# kernel settings
#   topologies/ipvs.yaml:7
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/ipvs.yaml:12
ip netns exec node.node1 sysctl -qw net.ipv4.ip_forward=1
ip netns exec node.node1 sysctl -qw net.bridge.bridge-nf-call-iptables=1
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.route_localnet=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.arp_ignore=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.arp_announce=0
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
ip netns exec node.node1 sysctl -qw net.ipv4.vs.conntrack=1
ip netns exec node.node1 sysctl -qw net.ipv4.vs.expire_nodest_conn=1
ip netns exec node.node1 sysctl -qw net.ipv4.vs.expire_quiescent_template=1
ip netns exec node.node2 sysctl -qw net.ipv4.ip_forward=1
ip netns exec node.node2 sysctl -qw net.bridge.bridge-nf-call-iptables=1
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.route_localnet=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.arp_ignore=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.arp_announce=0
ip netns exec node.node2 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node2 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
ip netns exec node.node2 sysctl -qw net.ipv4.vs.conntrack=1
ip netns exec node.node2 sysctl -qw net.ipv4.vs.expire_nodest_conn=1
ip netns exec node.node2 sysctl -qw net.ipv4.vs.expire_quiescent_template=1

# rules
#   topologies/ipvs.yaml:12
ip netns exec node.node1 ipset restore <<'EOF'
create KUBE-LOOP-BACK hash:ip,port,ip family inet hashsize 1024 maxelem 65536
add KUBE-LOOP-BACK 10.244.1.3,tcp:8080,10.244.1.3
add KUBE-LOOP-BACK 10.244.1.4,tcp:80,10.244.1.4
add KUBE-LOOP-BACK 10.244.1.4,udp:80,10.244.1.4
create KUBE-CLUSTER-IP hash:ip,port family inet hashsize 1024 maxelem 65536
add KUBE-CLUSTER-IP 10.96.0.21,tcp:80
add KUBE-CLUSTER-IP 10.96.0.22,tcp:80
add KUBE-CLUSTER-IP 10.96.0.23,tcp:80
add KUBE-CLUSTER-IP 10.96.0.23,udp:80
create KUBE-EXTERNAL-IP hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-EXTERNAL-IP-LOCAL hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-LOAD-BALANCER hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-LOAD-BALANCER-FW hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-LOAD-BALANCER-LOCAL hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-LOAD-BALANCER-SOURCE-IP hash:ip,port,ip family inet hashsize 1024 maxelem 65536
create KUBE-LOAD-BALANCER-SOURCE-CIDR hash:ip,port,net family inet hashsize 1024 maxelem 65536
create KUBE-NODE-PORT-TCP bitmap:port range 0-65535
create KUBE-NODE-PORT-LOCAL-TCP bitmap:port range 0-65535
create KUBE-NODE-PORT-UDP bitmap:port range 0-65535
create KUBE-NODE-PORT-LOCAL-UDP bitmap:port range 0-65535
create KUBE-NODE-PORT-SCTP-HASH hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-NODE-PORT-LOCAL-SCTP-HASH hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-HEALTH-CHECK-NODE-PORT bitmap:port range 0-65535
create KUBE-IPVS-IPS hash:ip family inet hashsize 1024 maxelem 65536
add KUBE-IPVS-IPS 10.96.0.21
add KUBE-IPVS-IPS 10.96.0.22
add KUBE-IPVS-IPS 10.96.0.23
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
:KUBE-SERVICES - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-NODE-PORT - [0:0]
:KUBE-LOAD-BALANCER - [0:0]
:KUBE-MARK-MASQ - [0:0]
:FLANNEL-POSTRTG - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN
-A KUBE-SERVICES -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-CLUSTER-IP dst,dst ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT
-A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE
-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
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
:KUBE-FORWARD - [0:0]
:KUBE-NODE-PORT - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-SOURCE-RANGES-FIREWALL - [0:0]
:KUBE-IPVS-FILTER - [0:0]
:KUBE-IPVS-OUT-FILTER - [0:0]
:FLANNEL-FWD - [0:0]
-A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
-A INPUT -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check rules" -j KUBE-NODE-PORT
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-OUT-FILTER
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-NODE-PORT -m comment --comment "Kubernetes health check node port" -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j ACCEPT
-A KUBE-SOURCE-RANGES-FIREWALL -j DROP
-A KUBE-IPVS-FILTER -m set --match-set KUBE-LOAD-BALANCER dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-EXTERNAL-IP dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-EXTERNAL-IP-LOCAL dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j RETURN
-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set KUBE-IPVS-IPS dst -j REJECT
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
EOF
ip netns exec node.node1 ipvsadm --restore <<'EOF'
-A -t 10.96.0.21:80 -s rr
-a -t 10.96.0.21:80 -r 10.244.1.3:8080 -m -w 1
-A -t 10.96.0.22:80 -s rr
-a -t 10.96.0.22:80 -r 10.244.2.2:8080 -m -w 1
-A -t 10.96.0.23:80 -s rr
-a -t 10.96.0.23:80 -r 10.244.1.4:80 -m -w 1
-a -t 10.96.0.23:80 -r 10.244.2.3:80 -m -w 1
-a -t 10.96.0.23:80 -r 10.244.2.4:80 -m -w 1
-A -u 10.96.0.23:80 -s rr
-a -u 10.96.0.23:80 -r 10.244.1.4:80 -m -w 1
-a -u 10.96.0.23:80 -r 10.244.2.3:80 -m -w 1
-a -u 10.96.0.23:80 -r 10.244.2.4:80 -m -w 1
EOF
ip netns exec node.node2 ipset restore <<'EOF'
create KUBE-LOOP-BACK hash:ip,port,ip family inet hashsize 1024 maxelem 65536
add KUBE-LOOP-BACK 10.244.2.2,tcp:8080,10.244.2.2
add KUBE-LOOP-BACK 10.244.2.3,tcp:80,10.244.2.3
add KUBE-LOOP-BACK 10.244.2.3,udp:80,10.244.2.3
add KUBE-LOOP-BACK 10.244.2.4,tcp:80,10.244.2.4
add KUBE-LOOP-BACK 10.244.2.4,udp:80,10.244.2.4
create KUBE-CLUSTER-IP hash:ip,port family inet hashsize 1024 maxelem 65536
add KUBE-CLUSTER-IP 10.96.0.21,tcp:80
add KUBE-CLUSTER-IP 10.96.0.22,tcp:80
add KUBE-CLUSTER-IP 10.96.0.23,tcp:80
add KUBE-CLUSTER-IP 10.96.0.23,udp:80
create KUBE-EXTERNAL-IP hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-EXTERNAL-IP-LOCAL hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-LOAD-BALANCER hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-LOAD-BALANCER-FW hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-LOAD-BALANCER-LOCAL hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-LOAD-BALANCER-SOURCE-IP hash:ip,port,ip family inet hashsize 1024 maxelem 65536
create KUBE-LOAD-BALANCER-SOURCE-CIDR hash:ip,port,net family inet hashsize 1024 maxelem 65536
create KUBE-NODE-PORT-TCP bitmap:port range 0-65535
create KUBE-NODE-PORT-LOCAL-TCP bitmap:port range 0-65535
create KUBE-NODE-PORT-UDP bitmap:port range 0-65535
create KUBE-NODE-PORT-LOCAL-UDP bitmap:port range 0-65535
create KUBE-NODE-PORT-SCTP-HASH hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-NODE-PORT-LOCAL-SCTP-HASH hash:ip,port family inet hashsize 1024 maxelem 65536
create KUBE-HEALTH-CHECK-NODE-PORT bitmap:port range 0-65535
create KUBE-IPVS-IPS hash:ip family inet hashsize 1024 maxelem 65536
add KUBE-IPVS-IPS 10.96.0.21
add KUBE-IPVS-IPS 10.96.0.22
add KUBE-IPVS-IPS 10.96.0.23
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
:KUBE-SERVICES - [0:0]
:KUBE-POSTROUTING - [0:0]
:KUBE-NODE-PORT - [0:0]
:KUBE-LOAD-BALANCER - [0:0]
:KUBE-MARK-MASQ - [0:0]
:FLANNEL-POSTRTG - [0:0]
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG
-A KUBE-SERVICES -s 127.0.0.0/8 -j RETURN
-A KUBE-SERVICES -m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-CLUSTER-IP dst,dst ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ
-A KUBE-SERVICES -m addrtype --dst-type LOCAL -j KUBE-NODE-PORT
-A KUBE-SERVICES -m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT
-A KUBE-POSTROUTING -m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE
-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A KUBE-LOAD-BALANCER -j KUBE-MARK-MASQ
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
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
:KUBE-FORWARD - [0:0]
:KUBE-NODE-PORT - [0:0]
:KUBE-PROXY-FIREWALL - [0:0]
:KUBE-SOURCE-RANGES-FIREWALL - [0:0]
:KUBE-IPVS-FILTER - [0:0]
:KUBE-IPVS-OUT-FILTER - [0:0]
:FLANNEL-FWD - [0:0]
-A INPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-FILTER
-A INPUT -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check rules" -j KUBE-NODE-PORT
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "kube-proxy firewall rules" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD
-A OUTPUT -m comment --comment "kubernetes ipvs access filter" -j KUBE-IPVS-OUT-FILTER
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A KUBE-NODE-PORT -m comment --comment "Kubernetes health check node port" -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j ACCEPT
-A KUBE-SOURCE-RANGES-FIREWALL -j DROP
-A KUBE-IPVS-FILTER -m set --match-set KUBE-LOAD-BALANCER dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-CLUSTER-IP dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-EXTERNAL-IP dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-EXTERNAL-IP-LOCAL dst,dst -j RETURN
-A KUBE-IPVS-FILTER -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j RETURN
-A KUBE-IPVS-FILTER -m conntrack --ctstate NEW -m set --match-set KUBE-IPVS-IPS dst -j REJECT
-A FLANNEL-FWD -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
-A FLANNEL-FWD -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT
COMMIT
EOF
ip netns exec node.node2 ipvsadm --restore <<'EOF'
-A -t 10.96.0.21:80 -s rr
-a -t 10.96.0.21:80 -r 10.244.1.3:8080 -m -w 1
-A -t 10.96.0.22:80 -s rr
-a -t 10.96.0.22:80 -r 10.244.2.2:8080 -m -w 1
-A -t 10.96.0.23:80 -s rr
-a -t 10.96.0.23:80 -r 10.244.1.4:80 -m -w 1
-a -t 10.96.0.23:80 -r 10.244.2.3:80 -m -w 1
-a -t 10.96.0.23:80 -r 10.244.2.4:80 -m -w 1
-A -u 10.96.0.23:80 -s rr
-a -u 10.96.0.23:80 -r 10.244.1.4:80 -m -w 1
-a -u 10.96.0.23:80 -r 10.244.2.3:80 -m -w 1
-a -u 10.96.0.23:80 -r 10.244.2.4:80 -m -w 1
EOF

# link state
#   topologies/ipvs.yaml:7
ip -n network.lan link set lo up
#   topologies/ipvs.yaml:12
ip -n node.node1 link set lo up
ip -n node.node2 link set lo up
#   topologies/ipvs.yaml:93
ip -n pod.default.a link set lo up
#   topologies/ipvs.yaml:98
ip -n pod.default.b link set lo up
#   topologies/ipvs.yaml:103
ip -n pod.default.c link set lo up
#   topologies/ipvs.yaml:78
ip -n pod.default.client link set lo up
#   topologies/ipvs.yaml:88
ip -n pod.default.far link set lo up
#   topologies/ipvs.yaml:83
ip -n pod.default.near link set lo up

# links
#   topologies/ipvs.yaml:12
ip -n node.node1 link add kube-ipvs0 mtu 1500 address 02:03:0a:00:00:0b type dummy
ip -n node.node2 link add kube-ipvs0 mtu 1500 address 02:03:0a:00:00:0c type dummy
#   topologies/ipvs.yaml:7
ip -n network.lan link add br0 mtu 1500 address 02:02:0a:00:00:01 type bridge
#   topologies/ipvs.yaml:12
ip -n node.node1 link add cni0 mtu 1450 address 0a:5a:0a:f4:01:01 type bridge
ip -n node.node2 link add cni0 mtu 1450 address 0a:5a:0a:f4:02:01 type bridge
ip -n node.node1 link add eth0 mtu 1500 address 02:00:0a:00:00:0b type veth peer name node1 mtu 1500 address 02:01:0a:00:00:0b netns network.lan
ip -n node.node2 link add eth0 mtu 1500 address 02:00:0a:00:00:0c type veth peer name node2 mtu 1500 address 02:01:0a:00:00:0c netns network.lan
#   topologies/ipvs.yaml:93
ip -n pod.default.a link add eth0 mtu 1450 address 0a:58:0a:f4:01:04 type veth peer name veth71273818 mtu 1450 address 0a:59:0a:f4:01:04 netns node.node1
#   topologies/ipvs.yaml:98
ip -n pod.default.b link add eth0 mtu 1450 address 0a:58:0a:f4:02:03 type veth peer name veth1af9dded mtu 1450 address 0a:59:0a:f4:02:03 netns node.node2
#   topologies/ipvs.yaml:103
ip -n pod.default.c link add eth0 mtu 1450 address 0a:58:0a:f4:02:04 type veth peer name vethaee2a0d5 mtu 1450 address 0a:59:0a:f4:02:04 netns node.node2
#   topologies/ipvs.yaml:78
ip -n pod.default.client link add eth0 mtu 1450 address 0a:58:0a:f4:01:02 type veth peer name vethce2a28d0 mtu 1450 address 0a:59:0a:f4:01:02 netns node.node1
#   topologies/ipvs.yaml:88
ip -n pod.default.far link add eth0 mtu 1450 address 0a:58:0a:f4:02:02 type veth peer name veth83c31a2b mtu 1450 address 0a:59:0a:f4:02:02 netns node.node2
#   topologies/ipvs.yaml:83
ip -n pod.default.near link add eth0 mtu 1450 address 0a:58:0a:f4:01:03 type veth peer name veth6121c68a mtu 1450 address 0a:59:0a:f4:01:03 netns node.node1
#   topologies/ipvs.yaml:12
ip -n node.node1 link add flannel.1 mtu 1450 address 0e:00:0a:f4:01:00 type vxlan id 1 local 10.0.0.11 dev eth0 dstport 8472 nolearning
ip -n node.node2 link add flannel.1 mtu 1450 address 0e:00:0a:f4:02:00 type vxlan id 1 local 10.0.0.12 dev eth0 dstport 8472 nolearning

# link state
#   topologies/ipvs.yaml:7
ip -n network.lan link set br0 addrgenmode none
#   topologies/ipvs.yaml:12
ip -n network.lan link set node1 addrgenmode none
ip -n network.lan link set node2 addrgenmode none
ip -n node.node1 link set eth0 addrgenmode none
ip -n node.node1 link set kube-ipvs0 addrgenmode none
ip -n node.node1 link set flannel.1 addrgenmode none
ip -n node.node1 link set cni0 addrgenmode none
#   topologies/ipvs.yaml:78
ip -n node.node1 link set vethce2a28d0 addrgenmode none
#   topologies/ipvs.yaml:83
ip -n node.node1 link set veth6121c68a addrgenmode none
#   topologies/ipvs.yaml:93
ip -n node.node1 link set veth71273818 addrgenmode none
#   topologies/ipvs.yaml:12
ip -n node.node2 link set eth0 addrgenmode none
ip -n node.node2 link set kube-ipvs0 addrgenmode none
ip -n node.node2 link set flannel.1 addrgenmode none
ip -n node.node2 link set cni0 addrgenmode none
#   topologies/ipvs.yaml:88
ip -n node.node2 link set veth83c31a2b addrgenmode none
#   topologies/ipvs.yaml:98
ip -n node.node2 link set veth1af9dded addrgenmode none
#   topologies/ipvs.yaml:103
ip -n node.node2 link set vethaee2a0d5 addrgenmode none
#   topologies/ipvs.yaml:93
ip -n pod.default.a link set eth0 addrgenmode none
#   topologies/ipvs.yaml:98
ip -n pod.default.b link set eth0 addrgenmode none
#   topologies/ipvs.yaml:103
ip -n pod.default.c link set eth0 addrgenmode none
#   topologies/ipvs.yaml:78
ip -n pod.default.client link set eth0 addrgenmode none
#   topologies/ipvs.yaml:88
ip -n pod.default.far link set eth0 addrgenmode none
#   topologies/ipvs.yaml:83
ip -n pod.default.near link set eth0 addrgenmode none

# addresses
#   topologies/ipvs.yaml:12
ip -n node.node1 addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0
ip -n node.node1 addr add 10.244.1.0/32 dev flannel.1
ip -n node.node1 addr add 10.244.1.1/24 brd 10.244.1.255 dev cni0
#   topologies/ipvs.yaml:60
ip -n node.node1 addr add 10.96.0.21/32 dev kube-ipvs0
#   topologies/ipvs.yaml:65
ip -n node.node1 addr add 10.96.0.22/32 dev kube-ipvs0
#   topologies/ipvs.yaml:70
ip -n node.node1 addr add 10.96.0.23/32 dev kube-ipvs0
#   topologies/ipvs.yaml:12
ip -n node.node2 addr add 10.0.0.12/24 brd 10.0.0.255 dev eth0
ip -n node.node2 addr add 10.244.2.0/32 dev flannel.1
ip -n node.node2 addr add 10.244.2.1/24 brd 10.244.2.255 dev cni0
#   topologies/ipvs.yaml:60
ip -n node.node2 addr add 10.96.0.21/32 dev kube-ipvs0
#   topologies/ipvs.yaml:65
ip -n node.node2 addr add 10.96.0.22/32 dev kube-ipvs0
#   topologies/ipvs.yaml:70
ip -n node.node2 addr add 10.96.0.23/32 dev kube-ipvs0
#   topologies/ipvs.yaml:93
ip -n pod.default.a addr add 10.244.1.4/24 brd 10.244.1.255 dev eth0
#   topologies/ipvs.yaml:98
ip -n pod.default.b addr add 10.244.2.3/24 brd 10.244.2.255 dev eth0
#   topologies/ipvs.yaml:103
ip -n pod.default.c addr add 10.244.2.4/24 brd 10.244.2.255 dev eth0
#   topologies/ipvs.yaml:78
ip -n pod.default.client addr add 10.244.1.2/24 brd 10.244.1.255 dev eth0
#   topologies/ipvs.yaml:88
ip -n pod.default.far addr add 10.244.2.2/24 brd 10.244.2.255 dev eth0
#   topologies/ipvs.yaml:83
ip -n pod.default.near addr add 10.244.1.3/24 brd 10.244.1.255 dev eth0

# link state
#   topologies/ipvs.yaml:7
ip -n network.lan link set br0 up
#   topologies/ipvs.yaml:12
ip -n network.lan link set node1 up
ip -n network.lan link set node2 up
ip -n node.node1 link set eth0 up
ip -n node.node1 link set flannel.1 up
ip -n node.node1 link set cni0 up
#   topologies/ipvs.yaml:78
ip -n node.node1 link set vethce2a28d0 up
#   topologies/ipvs.yaml:83
ip -n node.node1 link set veth6121c68a up
#   topologies/ipvs.yaml:93
ip -n node.node1 link set veth71273818 up
#   topologies/ipvs.yaml:12
ip -n node.node2 link set eth0 up
ip -n node.node2 link set flannel.1 up
ip -n node.node2 link set cni0 up
#   topologies/ipvs.yaml:88
ip -n node.node2 link set veth83c31a2b up
#   topologies/ipvs.yaml:98
ip -n node.node2 link set veth1af9dded up
#   topologies/ipvs.yaml:103
ip -n node.node2 link set vethaee2a0d5 up
#   topologies/ipvs.yaml:93
ip -n pod.default.a link set eth0 up
#   topologies/ipvs.yaml:98
ip -n pod.default.b link set eth0 up
#   topologies/ipvs.yaml:103
ip -n pod.default.c link set eth0 up
#   topologies/ipvs.yaml:78
ip -n pod.default.client link set eth0 up
#   topologies/ipvs.yaml:88
ip -n pod.default.far link set eth0 up
#   topologies/ipvs.yaml:83
ip -n pod.default.near link set eth0 up
#   topologies/ipvs.yaml:12
ip -n network.lan link set node1 master br0
ip -n network.lan link set node2 master br0
#   topologies/ipvs.yaml:78
ip -n node.node1 link set vethce2a28d0 master cni0
#   topologies/ipvs.yaml:83
ip -n node.node1 link set veth6121c68a master cni0
#   topologies/ipvs.yaml:93
ip -n node.node1 link set veth71273818 master cni0
#   topologies/ipvs.yaml:88
ip -n node.node2 link set veth83c31a2b master cni0
#   topologies/ipvs.yaml:98
ip -n node.node2 link set veth1af9dded master cni0
#   topologies/ipvs.yaml:103
ip -n node.node2 link set vethaee2a0d5 master cni0

# bridge ports
#   topologies/ipvs.yaml:78
bridge -n node.node1 link set dev vethce2a28d0 hairpin on
#   topologies/ipvs.yaml:83
bridge -n node.node1 link set dev veth6121c68a hairpin on
#   topologies/ipvs.yaml:93
bridge -n node.node1 link set dev veth71273818 hairpin on
#   topologies/ipvs.yaml:88
bridge -n node.node2 link set dev veth83c31a2b hairpin on
#   topologies/ipvs.yaml:98
bridge -n node.node2 link set dev veth1af9dded hairpin on
#   topologies/ipvs.yaml:103
bridge -n node.node2 link set dev vethaee2a0d5 hairpin on

# routes
#   topologies/ipvs.yaml:12
ip -n node.node1 route add default via 10.0.0.1 dev eth0
ip -n node.node1 route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
ip -n node.node2 route add default via 10.0.0.1 dev eth0
ip -n node.node2 route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink
#   topologies/ipvs.yaml:93
ip -n pod.default.a route add default via 10.244.1.1 dev eth0
ip -n pod.default.a route add 10.244.0.0/16 via 10.244.1.1 dev eth0
#   topologies/ipvs.yaml:98
ip -n pod.default.b route add default via 10.244.2.1 dev eth0
ip -n pod.default.b route add 10.244.0.0/16 via 10.244.2.1 dev eth0
#   topologies/ipvs.yaml:103
ip -n pod.default.c route add default via 10.244.2.1 dev eth0
ip -n pod.default.c route add 10.244.0.0/16 via 10.244.2.1 dev eth0
#   topologies/ipvs.yaml:78
ip -n pod.default.client route add default via 10.244.1.1 dev eth0
ip -n pod.default.client route add 10.244.0.0/16 via 10.244.1.1 dev eth0
#   topologies/ipvs.yaml:88
ip -n pod.default.far route add default via 10.244.2.1 dev eth0
ip -n pod.default.far route add 10.244.0.0/16 via 10.244.2.1 dev eth0
#   topologies/ipvs.yaml:83
ip -n pod.default.near route add default via 10.244.1.1 dev eth0
ip -n pod.default.near route add 10.244.0.0/16 via 10.244.1.1 dev eth0

# neighbours
#   topologies/ipvs.yaml:12
ip -n node.node1 neigh add 10.244.2.0 lladdr 0e:00:0a:f4:02:00 dev flannel.1 nud permanent
ip -n node.node2 neigh add 10.244.1.0 lladdr 0e:00:0a:f4:01:00 dev flannel.1 nud permanent

# forwarding entries
#   topologies/ipvs.yaml:12
bridge -n node.node1 fdb append 0e:00:0a:f4:02:00 dev flannel.1 dst 10.0.0.12 self permanent
bridge -n node.node2 fdb append 0e:00:0a:f4:01:00 dev flannel.1 dst 10.0.0.11 self permanent
