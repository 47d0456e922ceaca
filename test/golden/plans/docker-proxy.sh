#!/bin/sh
# Builds the lab docker-proxy: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/docker-proxy.yaml:21
ip netns add container.dock1.shell
#   topologies/docker-proxy.yaml:20
ip netns add container.dock1.web
#   topologies/docker-proxy.yaml:25
ip netns add container.proxyless.shell
ip netns add container.proxyless.web
#   topologies/docker-proxy.yaml:26
ip netns add host.client
#   topologies/docker-proxy.yaml:17
ip netns add host.dock1
#   topologies/docker-proxy.yaml:22
ip netns add host.proxyless
#   topologies/docker-proxy.yaml:10
ip netns add network.lan
#   topologies/docker-proxy.yaml:15
ip netns add node.node1

# kernel settings
#   topologies/docker-proxy.yaml:17
ip netns exec host.dock1 sysctl -qw net.ipv4.ip_forward=1
ip netns exec host.dock1 sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/docker-proxy.yaml:22
ip netns exec host.proxyless sysctl -qw net.ipv4.ip_forward=1
ip netns exec host.proxyless sysctl -qw net.bridge.bridge-nf-call-iptables=1
#   topologies/docker-proxy.yaml:10
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/docker-proxy.yaml:15
ip netns exec node.node1 sysctl -qw net.ipv4.ip_forward=1
ip netns exec node.node1 sysctl -qw net.bridge.bridge-nf-call-iptables=1
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.route_localnet=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.arp_ignore=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.arp_announce=0
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=432000
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=60

# rules
#   topologies/docker-proxy.yaml:17
ip netns exec host.dock1 iptables-restore <<'EOF'
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP
-A PREROUTING -d 127.0.0.1/32 ! -i lo -p tcp -m tcp --dport 8081 -j DROP
-A PREROUTING -d 172.17.0.3/32 ! -i docker0 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT ! -d 127.0.0.0/8 -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A DOCKER ! -i docker0 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
-A DOCKER ! -i docker0 -p udp -m udp --dport 5353 -j DNAT --to-destination 172.17.0.2:53
-A DOCKER -d 127.0.0.1/32 ! -i docker0 -p tcp -m tcp --dport 8081 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-INTERNAL - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p udp -m udp --dport 53 -j ACCEPT
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-INTERNAL
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
COMMIT
EOF
#   topologies/docker-proxy.yaml:22
ip netns exec host.proxyless iptables-restore <<'EOF'
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP
-A PREROUTING -d 172.17.0.3/32 ! -i docker0 -j DROP
COMMIT
*nat
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:DOCKER - [0:0]
-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER
-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER
-A POSTROUTING -o docker0 -m addrtype --src-type LOCAL -j MASQUERADE
-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE
-A POSTROUTING -s 172.17.0.2/32 -d 172.17.0.2/32 -p tcp -m tcp --dport 80 -j MASQUERADE
-A DOCKER -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.17.0.2:80
COMMIT
*filter
:INPUT ACCEPT [0:0]
:FORWARD DROP [0:0]
:OUTPUT ACCEPT [0:0]
:DOCKER - [0:0]
:DOCKER-BRIDGE - [0:0]
:DOCKER-CT - [0:0]
:DOCKER-FORWARD - [0:0]
:DOCKER-INTERNAL - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -j DOCKER-FORWARD
-A DOCKER -d 172.17.0.2/32 ! -i docker0 -o docker0 -p tcp -m tcp --dport 80 -j ACCEPT
-A DOCKER ! -i docker0 -o docker0 -j DROP
-A DOCKER-BRIDGE -o docker0 -j DOCKER
-A DOCKER-CT -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A DOCKER-FORWARD -j DOCKER-CT
-A DOCKER-FORWARD -j DOCKER-INTERNAL
-A DOCKER-FORWARD -j DOCKER-BRIDGE
-A DOCKER-FORWARD -i docker0 -j ACCEPT
COMMIT
EOF
#   topologies/docker-proxy.yaml:15
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

# link state
#   topologies/docker-proxy.yaml:21
ip -n container.dock1.shell link set lo up
#   topologies/docker-proxy.yaml:20
ip -n container.dock1.web link set lo up
#   topologies/docker-proxy.yaml:25
ip -n container.proxyless.shell link set lo up
ip -n container.proxyless.web link set lo up
#   topologies/docker-proxy.yaml:26
ip -n host.client link set lo up
#   topologies/docker-proxy.yaml:17
ip -n host.dock1 link set lo up
#   topologies/docker-proxy.yaml:22
ip -n host.proxyless link set lo up
#   topologies/docker-proxy.yaml:10
ip -n network.lan link set lo up
#   topologies/docker-proxy.yaml:15
ip -n node.node1 link set lo up

# links
#   topologies/docker-proxy.yaml:17
ip -n host.dock1 link add docker0 mtu 1500 address 0a:5a:ac:11:00:01 type bridge
#   topologies/docker-proxy.yaml:22
ip -n host.proxyless link add docker0 mtu 1500 address 0a:5a:ac:11:00:01 type bridge
#   topologies/docker-proxy.yaml:10
ip -n network.lan link add br0 mtu 1500 address 02:02:0a:00:00:01 type bridge
#   topologies/docker-proxy.yaml:21
ip -n container.dock1.shell link add eth0 mtu 1500 address 02:42:ac:11:00:03 type veth peer name veth3163338 mtu 1500 address 02:43:ac:11:00:03 netns host.dock1
#   topologies/docker-proxy.yaml:20
ip -n container.dock1.web link add eth0 mtu 1500 address 02:42:ac:11:00:02 type veth peer name vetha3debe5 mtu 1500 address 02:43:ac:11:00:02 netns host.dock1
#   topologies/docker-proxy.yaml:25
ip -n container.proxyless.shell link add eth0 mtu 1500 address 02:42:ac:11:00:03 type veth peer name veth956f780 mtu 1500 address 02:43:ac:11:00:03 netns host.proxyless
ip -n container.proxyless.web link add eth0 mtu 1500 address 02:42:ac:11:00:02 type veth peer name veth7a7a491 mtu 1500 address 02:43:ac:11:00:02 netns host.proxyless
#   topologies/docker-proxy.yaml:26
ip -n host.client link add eth0 mtu 1500 address 02:00:0a:00:00:66 type veth peer name client mtu 1500 address 02:01:0a:00:00:66 netns network.lan
#   topologies/docker-proxy.yaml:17
ip -n host.dock1 link add eth0 mtu 1500 address 02:00:0a:00:00:64 type veth peer name dock1 mtu 1500 address 02:01:0a:00:00:64 netns network.lan
#   topologies/docker-proxy.yaml:22
ip -n host.proxyless link add eth0 mtu 1500 address 02:00:0a:00:00:65 type veth peer name proxyless mtu 1500 address 02:01:0a:00:00:65 netns network.lan
#   topologies/docker-proxy.yaml:15
ip -n node.node1 link add eth0 mtu 1500 address 02:00:0a:00:00:0b type veth peer name node1 mtu 1500 address 02:01:0a:00:00:0b netns network.lan
ip -n node.node1 link add flannel.1 mtu 1450 address 0e:00:0a:f4:01:00 type vxlan id 1 local 10.0.0.11 dev eth0 dstport 8472 nolearning

# link state
#   topologies/docker-proxy.yaml:21
ip -n container.dock1.shell link set eth0 addrgenmode none
#   topologies/docker-proxy.yaml:20
ip -n container.dock1.web link set eth0 addrgenmode none
#   topologies/docker-proxy.yaml:25
ip -n container.proxyless.shell link set eth0 addrgenmode none
ip -n container.proxyless.web link set eth0 addrgenmode none
#   topologies/docker-proxy.yaml:26
ip -n host.client link set eth0 addrgenmode none
#   topologies/docker-proxy.yaml:17
ip -n host.dock1 link set eth0 addrgenmode none
ip -n host.dock1 link set docker0 addrgenmode none
#   topologies/docker-proxy.yaml:20
ip -n host.dock1 link set vetha3debe5 addrgenmode none
#   topologies/docker-proxy.yaml:21
ip -n host.dock1 link set veth3163338 addrgenmode none
#   topologies/docker-proxy.yaml:22
ip -n host.proxyless link set eth0 addrgenmode none
ip -n host.proxyless link set docker0 addrgenmode none
#   topologies/docker-proxy.yaml:25
ip -n host.proxyless link set veth7a7a491 addrgenmode none
ip -n host.proxyless link set veth956f780 addrgenmode none
#   topologies/docker-proxy.yaml:10
ip -n network.lan link set br0 addrgenmode none
#   topologies/docker-proxy.yaml:15
ip -n network.lan link set node1 addrgenmode none
#   topologies/docker-proxy.yaml:17
ip -n network.lan link set dock1 addrgenmode none
#   topologies/docker-proxy.yaml:22
ip -n network.lan link set proxyless addrgenmode none
#   topologies/docker-proxy.yaml:26
ip -n network.lan link set client addrgenmode none
#   topologies/docker-proxy.yaml:15
ip -n node.node1 link set eth0 addrgenmode none
ip -n node.node1 link set flannel.1 addrgenmode none

# kernel settings
#   topologies/docker-proxy.yaml:22
ip netns exec host.proxyless sysctl -qw net.ipv4.conf.docker0.route_localnet=1

# addresses
#   topologies/docker-proxy.yaml:21
ip -n container.dock1.shell addr add 172.17.0.3/16 brd 172.17.255.255 dev eth0
#   topologies/docker-proxy.yaml:20
ip -n container.dock1.web addr add 172.17.0.2/16 brd 172.17.255.255 dev eth0
#   topologies/docker-proxy.yaml:25
ip -n container.proxyless.shell addr add 172.17.0.3/16 brd 172.17.255.255 dev eth0
ip -n container.proxyless.web addr add 172.17.0.2/16 brd 172.17.255.255 dev eth0
#   topologies/docker-proxy.yaml:26
ip -n host.client addr add 10.0.0.102/24 brd 10.0.0.255 dev eth0
#   topologies/docker-proxy.yaml:17
ip -n host.dock1 addr add 10.0.0.100/24 brd 10.0.0.255 dev eth0
ip -n host.dock1 addr add 172.17.0.1/16 brd 172.17.255.255 dev docker0
#   topologies/docker-proxy.yaml:22
ip -n host.proxyless addr add 10.0.0.101/24 brd 10.0.0.255 dev eth0
ip -n host.proxyless addr add 172.17.0.1/16 brd 172.17.255.255 dev docker0
#   topologies/docker-proxy.yaml:15
ip -n node.node1 addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0
ip -n node.node1 addr add 10.244.1.0/32 dev flannel.1

# link state
#   topologies/docker-proxy.yaml:21
ip -n container.dock1.shell link set eth0 up
#   topologies/docker-proxy.yaml:20
ip -n container.dock1.web link set eth0 up
#   topologies/docker-proxy.yaml:25
ip -n container.proxyless.shell link set eth0 up
ip -n container.proxyless.web link set eth0 up
#   topologies/docker-proxy.yaml:26
ip -n host.client link set eth0 up
#   topologies/docker-proxy.yaml:17
ip -n host.dock1 link set eth0 up
ip -n host.dock1 link set docker0 up
#   topologies/docker-proxy.yaml:20
ip -n host.dock1 link set vetha3debe5 up
#   topologies/docker-proxy.yaml:21
ip -n host.dock1 link set veth3163338 up
#   topologies/docker-proxy.yaml:22
ip -n host.proxyless link set eth0 up
ip -n host.proxyless link set docker0 up
#   topologies/docker-proxy.yaml:25
ip -n host.proxyless link set veth7a7a491 up
ip -n host.proxyless link set veth956f780 up
#   topologies/docker-proxy.yaml:10
ip -n network.lan link set br0 up
#   topologies/docker-proxy.yaml:15
ip -n network.lan link set node1 up
#   topologies/docker-proxy.yaml:17
ip -n network.lan link set dock1 up
#   topologies/docker-proxy.yaml:22
ip -n network.lan link set proxyless up
#   topologies/docker-proxy.yaml:26
ip -n network.lan link set client up
#   topologies/docker-proxy.yaml:15
ip -n node.node1 link set eth0 up
ip -n node.node1 link set flannel.1 up
#   topologies/docker-proxy.yaml:20
ip -n host.dock1 link set vetha3debe5 master docker0
#   topologies/docker-proxy.yaml:21
ip -n host.dock1 link set veth3163338 master docker0
#   topologies/docker-proxy.yaml:25
ip -n host.proxyless link set veth7a7a491 master docker0
ip -n host.proxyless link set veth956f780 master docker0
#   topologies/docker-proxy.yaml:15
ip -n network.lan link set node1 master br0
#   topologies/docker-proxy.yaml:17
ip -n network.lan link set dock1 master br0
#   topologies/docker-proxy.yaml:22
ip -n network.lan link set proxyless master br0
#   topologies/docker-proxy.yaml:26
ip -n network.lan link set client master br0

# bridge ports
#   topologies/docker-proxy.yaml:25
bridge -n host.proxyless link set dev veth7a7a491 hairpin on
bridge -n host.proxyless link set dev veth956f780 hairpin on

# routes
#   topologies/docker-proxy.yaml:21
ip -n container.dock1.shell route add default via 172.17.0.1 dev eth0
#   topologies/docker-proxy.yaml:20
ip -n container.dock1.web route add default via 172.17.0.1 dev eth0
#   topologies/docker-proxy.yaml:25
ip -n container.proxyless.shell route add default via 172.17.0.1 dev eth0
ip -n container.proxyless.web route add default via 172.17.0.1 dev eth0
#   topologies/docker-proxy.yaml:15
ip -n node.node1 route add default via 10.0.0.1 dev eth0

# processes, which have to run for the rules above to lead somewhere; this script does not start them
#   topologies/docker-proxy.yaml:17
#   host.dock1:
#     docker-proxy listens on 8080 and relays container/dock1/web:80 to 172.17.0.2:80
#     docker-proxy listens on 5353/UDP and relays container/dock1/web:53 to 172.17.0.2:53
#     docker-proxy listens on 127.0.0.1:8081 and relays container/dock1/web:80 to 172.17.0.2:80
