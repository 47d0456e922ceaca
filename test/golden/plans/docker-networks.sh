#!/bin/sh
# Builds the lab docker-networks: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/docker-networks.yaml:22
ip netns add container.dock.lonely
#   topologies/docker-networks.yaml:19
ip netns add container.dock.web
#   topologies/docker-networks.yaml:23
ip netns add host.client
#   topologies/docker-networks.yaml:16
ip netns add host.dock
#   topologies/docker-networks.yaml:9
ip netns add network.lan
#   topologies/docker-networks.yaml:14
ip netns add node.node1

# kernel settings
#   topologies/docker-networks.yaml:16
ip netns exec host.dock sysctl -qw net.ipv4.ip_forward=1
ip netns exec host.dock sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/docker-networks.yaml:9
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/docker-networks.yaml:14
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
#   topologies/docker-networks.yaml:16
ip netns exec host.dock iptables-restore <<'EOF'
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
-A PREROUTING -d 172.17.0.2/32 ! -i docker0 -j DROP
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
#   topologies/docker-networks.yaml:14
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
#   topologies/docker-networks.yaml:22
ip -n container.dock.lonely link set lo up
#   topologies/docker-networks.yaml:19
ip -n container.dock.web link set lo up
#   topologies/docker-networks.yaml:23
ip -n host.client link set lo up
#   topologies/docker-networks.yaml:16
ip -n host.dock link set lo up
#   topologies/docker-networks.yaml:9
ip -n network.lan link set lo up
#   topologies/docker-networks.yaml:14
ip -n node.node1 link set lo up

# links
#   topologies/docker-networks.yaml:16
ip -n host.dock link add docker0 mtu 1500 address 0a:5a:ac:11:00:01 type bridge
#   topologies/docker-networks.yaml:9
ip -n network.lan link add br0 mtu 1500 address 02:02:0a:00:00:01 type bridge
#   topologies/docker-networks.yaml:19
ip -n container.dock.web link add eth0 mtu 1500 address 02:42:ac:11:00:02 type veth peer name veth2a177eb mtu 1500 address 02:43:ac:11:00:02 netns host.dock
#   topologies/docker-networks.yaml:23
ip -n host.client link add eth0 mtu 1500 address 02:00:0a:00:00:65 type veth peer name client mtu 1500 address 02:01:0a:00:00:65 netns network.lan
#   topologies/docker-networks.yaml:16
ip -n host.dock link add eth0 mtu 1500 address 02:00:0a:00:00:64 type veth peer name dock mtu 1500 address 02:01:0a:00:00:64 netns network.lan
#   topologies/docker-networks.yaml:14
ip -n node.node1 link add eth0 mtu 1500 address 02:00:0a:00:00:0b type veth peer name node1 mtu 1500 address 02:01:0a:00:00:0b netns network.lan
ip -n node.node1 link add flannel.1 mtu 1450 address 0e:00:0a:f4:01:00 type vxlan id 1 local 10.0.0.11 dev eth0 dstport 8472 nolearning

# link state
#   topologies/docker-networks.yaml:19
ip -n container.dock.web link set eth0 addrgenmode none
#   topologies/docker-networks.yaml:23
ip -n host.client link set eth0 addrgenmode none
#   topologies/docker-networks.yaml:16
ip -n host.dock link set eth0 addrgenmode none
ip -n host.dock link set docker0 addrgenmode none
#   topologies/docker-networks.yaml:19
ip -n host.dock link set veth2a177eb addrgenmode none
#   topologies/docker-networks.yaml:9
ip -n network.lan link set br0 addrgenmode none
#   topologies/docker-networks.yaml:14
ip -n network.lan link set node1 addrgenmode none
#   topologies/docker-networks.yaml:16
ip -n network.lan link set dock addrgenmode none
#   topologies/docker-networks.yaml:23
ip -n network.lan link set client addrgenmode none
#   topologies/docker-networks.yaml:14
ip -n node.node1 link set eth0 addrgenmode none
ip -n node.node1 link set flannel.1 addrgenmode none

# addresses
#   topologies/docker-networks.yaml:19
ip -n container.dock.web addr add 172.17.0.2/16 brd 172.17.255.255 dev eth0
#   topologies/docker-networks.yaml:23
ip -n host.client addr add 10.0.0.101/24 brd 10.0.0.255 dev eth0
#   topologies/docker-networks.yaml:16
ip -n host.dock addr add 10.0.0.100/24 brd 10.0.0.255 dev eth0
ip -n host.dock addr add 172.17.0.1/16 brd 172.17.255.255 dev docker0
#   topologies/docker-networks.yaml:14
ip -n node.node1 addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0
ip -n node.node1 addr add 10.244.1.0/32 dev flannel.1

# link state
#   topologies/docker-networks.yaml:19
ip -n container.dock.web link set eth0 up
#   topologies/docker-networks.yaml:23
ip -n host.client link set eth0 up
#   topologies/docker-networks.yaml:16
ip -n host.dock link set eth0 up
ip -n host.dock link set docker0 up
#   topologies/docker-networks.yaml:19
ip -n host.dock link set veth2a177eb up
#   topologies/docker-networks.yaml:9
ip -n network.lan link set br0 up
#   topologies/docker-networks.yaml:14
ip -n network.lan link set node1 up
#   topologies/docker-networks.yaml:16
ip -n network.lan link set dock up
#   topologies/docker-networks.yaml:23
ip -n network.lan link set client up
#   topologies/docker-networks.yaml:14
ip -n node.node1 link set eth0 up
ip -n node.node1 link set flannel.1 up
#   topologies/docker-networks.yaml:19
ip -n host.dock link set veth2a177eb master docker0
#   topologies/docker-networks.yaml:14
ip -n network.lan link set node1 master br0
#   topologies/docker-networks.yaml:16
ip -n network.lan link set dock master br0
#   topologies/docker-networks.yaml:23
ip -n network.lan link set client master br0

# routes
#   topologies/docker-networks.yaml:19
ip -n container.dock.web route add default via 172.17.0.1 dev eth0
#   topologies/docker-networks.yaml:14
ip -n node.node1 route add default via 10.0.0.1 dev eth0

# processes, which have to run for the rules above to lead somewhere; this script does not start them
#   topologies/docker-networks.yaml:16
#   host.dock:
#     docker-proxy listens on 8080 and relays container/dock/web:80 to 172.17.0.2:80
