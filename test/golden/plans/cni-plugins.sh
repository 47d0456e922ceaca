#!/bin/sh
# Builds the lab cni-plugins: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# on NODE COMMAND…: runs a program on a node, which has a /var/lib of its own, and of the machine's files can change none.
on() {
  node=$1
  shift
  mkdir -p "/run/nodes/$node"
  nsenter --net="/run/netns/$node" unshare --mount --propagation slave sh -c 'mount -o remount,bind,ro / && mount --bind "$0" /var/lib && exec "$@"' \
    "/run/nodes/$node" "$@"
}
# plugin FOLDERS NAME: where a plugin is.
plugin() {
  for folder in $(echo "$1" | tr : ' '); do
    if [ -x "$folder/$2" ]; then echo "$folder/$2" && return; fi
  done
  echo "there is no plugin $2 in $1: sudo apt-get install containernetworking-plugins" >&2
  return 1
}

# namespaces
#   topologies/cni-plugins.yaml:15
ip netns add host.client
#   topologies/cni-plugins.yaml:9
ip netns add network.lan
#   topologies/cni-plugins.yaml:14
ip netns add node.node1
ip netns add node.node2
#   topologies/cni-plugins.yaml:55
ip netns add pod.default.b
#   topologies/cni-plugins.yaml:50
ip netns add pod.default.slow
#   topologies/cni-plugins.yaml:45
ip netns add pod.default.web

# kernel settings
#   topologies/cni-plugins.yaml:9
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/cni-plugins.yaml:14
ip netns exec node.node1 sysctl -qw net.ipv4.ip_forward=1
ip netns exec node.node1 sysctl -qw net.bridge.bridge-nf-call-iptables=1
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.route_localnet=1
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.arp_ignore=0
ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.arp_announce=0
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node1 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
ip netns exec node.node1 sysctl -qw net.ipv6.conf.default.addr_gen_mode=1
ip netns exec node.node2 sysctl -qw net.ipv4.ip_forward=1
ip netns exec node.node2 sysctl -qw net.bridge.bridge-nf-call-iptables=1
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.rp_filter=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.default.rp_filter=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.route_localnet=1
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.arp_ignore=0
ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.arp_announce=0
ip netns exec node.node2 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_established=86400
ip netns exec node.node2 sysctl -qw net.netfilter.nf_conntrack_tcp_timeout_close_wait=3600
ip netns exec node.node2 sysctl -qw net.ipv6.conf.default.addr_gen_mode=1
#   topologies/cni-plugins.yaml:55
ip netns exec pod.default.b sysctl -qw net.ipv6.conf.default.addr_gen_mode=1
#   topologies/cni-plugins.yaml:50
ip netns exec pod.default.slow sysctl -qw net.ipv6.conf.default.addr_gen_mode=1
#   topologies/cni-plugins.yaml:45
ip netns exec pod.default.web sysctl -qw net.ipv6.conf.default.addr_gen_mode=1

# rules
#   topologies/cni-plugins.yaml:14
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
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
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
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
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
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
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
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
COMMIT
EOF

# link state
#   topologies/cni-plugins.yaml:15
ip -n host.client link set lo up
#   topologies/cni-plugins.yaml:9
ip -n network.lan link set lo up
#   topologies/cni-plugins.yaml:14
ip -n node.node1 link set lo up
ip -n node.node2 link set lo up
#   topologies/cni-plugins.yaml:55
ip -n pod.default.b link set lo up
#   topologies/cni-plugins.yaml:50
ip -n pod.default.slow link set lo up
#   topologies/cni-plugins.yaml:45
ip -n pod.default.web link set lo up

# links
#   topologies/cni-plugins.yaml:9
ip -n network.lan link add br0 mtu 1500 address 02:02:0a:00:00:01 type bridge
#   topologies/cni-plugins.yaml:15
ip -n host.client link add eth0 mtu 1500 address 02:00:0a:00:00:64 type veth peer name client mtu 1500 address 02:01:0a:00:00:64 netns network.lan
#   topologies/cni-plugins.yaml:14
ip -n node.node1 link add eth0 mtu 1500 address 02:00:0a:00:00:0b type veth peer name node1 mtu 1500 address 02:01:0a:00:00:0b netns network.lan
ip -n node.node2 link add eth0 mtu 1500 address 02:00:0a:00:00:0c type veth peer name node2 mtu 1500 address 02:01:0a:00:00:0c netns network.lan

# link state
#   topologies/cni-plugins.yaml:15
ip -n host.client link set eth0 addrgenmode none
#   topologies/cni-plugins.yaml:9
ip -n network.lan link set br0 addrgenmode none
#   topologies/cni-plugins.yaml:14
ip -n network.lan link set node1 addrgenmode none
ip -n network.lan link set node2 addrgenmode none
#   topologies/cni-plugins.yaml:15
ip -n network.lan link set client addrgenmode none
#   topologies/cni-plugins.yaml:14
ip -n node.node1 link set eth0 addrgenmode none
ip -n node.node2 link set eth0 addrgenmode none

# addresses
#   topologies/cni-plugins.yaml:15
ip -n host.client addr add 10.0.0.100/24 brd 10.0.0.255 dev eth0
#   topologies/cni-plugins.yaml:14
ip -n node.node1 addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0
ip -n node.node2 addr add 10.0.0.12/24 brd 10.0.0.255 dev eth0

# link state
#   topologies/cni-plugins.yaml:15
ip -n host.client link set eth0 up
#   topologies/cni-plugins.yaml:9
ip -n network.lan link set br0 up
#   topologies/cni-plugins.yaml:14
ip -n network.lan link set node1 up
ip -n network.lan link set node2 up
#   topologies/cni-plugins.yaml:15
ip -n network.lan link set client up
#   topologies/cni-plugins.yaml:14
ip -n node.node1 link set eth0 up
ip -n node.node2 link set eth0 up
ip -n network.lan link set node1 master br0
ip -n network.lan link set node2 master br0
#   topologies/cni-plugins.yaml:15
ip -n network.lan link set client master br0

# routes
#   topologies/cni-plugins.yaml:14
ip -n node.node1 route add default via 10.0.0.1 dev eth0
ip -n node.node1 route add 10.244.2.0/24 via 10.0.0.12 dev eth0
ip -n node.node2 route add default via 10.0.0.1 dev eth0
ip -n node.node2 route add 10.244.1.0/24 via 10.0.0.11 dev eth0

# CNI plugins, each called with the result of the one before it
#   topologies/cni-plugins.yaml:45
result=$(on node.node1 env CNI_COMMAND=ADD CNI_CONTAINERID=82b3ade9d00cd1642a4d420e670d6cd98eb4849a2ee0ff66d6689e645c8eb33f CNI_NETNS=/run/netns/pod.default.web CNI_IFNAME=eth0 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=82b3ade9d00cd1642a4d420e670d6cd98eb4849a2ee0ff66d6689e645c8eb33f;IP=10.244.1.2/24' CNI_PATH=/opt/cni/bin:/usr/lib/cni "$(plugin /opt/cni/bin:/usr/lib/cni bridge)" <<'EOF'
{"type":"bridge","bridge":"cni0","isDefaultGateway":true,"ipMasq":true,"hairpinMode":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.244.1.0/24"}]]},"cniVersion":"1.0.0","name":"mynet"}
EOF
)
result=$(on node.node1 env CNI_COMMAND=ADD CNI_CONTAINERID=82b3ade9d00cd1642a4d420e670d6cd98eb4849a2ee0ff66d6689e645c8eb33f CNI_NETNS=/run/netns/pod.default.web CNI_IFNAME=eth0 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=82b3ade9d00cd1642a4d420e670d6cd98eb4849a2ee0ff66d6689e645c8eb33f;IP=10.244.1.2/24' CNI_PATH=/opt/cni/bin:/usr/lib/cni "$(plugin /opt/cni/bin:/usr/lib/cni portmap)" <<EOF
{"type":"portmap","cniVersion":"1.0.0","name":"mynet","runtimeConfig":{"portMappings":[{"hostPort":8000,"containerPort":80,"protocol":"tcp"}]},"prevResult":$result}
EOF
)
result=$(on node.node1 env CNI_COMMAND=ADD CNI_CONTAINERID=82b3ade9d00cd1642a4d420e670d6cd98eb4849a2ee0ff66d6689e645c8eb33f CNI_NETNS=/run/netns/pod.default.web CNI_IFNAME=eth0 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_INFRA_CONTAINER_ID=82b3ade9d00cd1642a4d420e670d6cd98eb4849a2ee0ff66d6689e645c8eb33f;IP=10.244.1.2/24' CNI_PATH=/opt/cni/bin:/usr/lib/cni "$(plugin /opt/cni/bin:/usr/lib/cni bandwidth)" <<EOF
{"type":"bandwidth","cniVersion":"1.0.0","name":"mynet","prevResult":$result}
EOF
)
#   topologies/cni-plugins.yaml:50
result=$(on node.node1 env CNI_COMMAND=ADD CNI_CONTAINERID=0cdf6cbb74bb2603cbcd0d703ebe15fb2dda88c5ee16ed86ec7f39dd0b33ba73 CNI_NETNS=/run/netns/pod.default.slow CNI_IFNAME=eth0 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=slow;K8S_POD_INFRA_CONTAINER_ID=0cdf6cbb74bb2603cbcd0d703ebe15fb2dda88c5ee16ed86ec7f39dd0b33ba73;IP=10.244.1.3/24' CNI_PATH=/opt/cni/bin:/usr/lib/cni "$(plugin /opt/cni/bin:/usr/lib/cni bridge)" <<'EOF'
{"type":"bridge","bridge":"cni0","isDefaultGateway":true,"ipMasq":true,"hairpinMode":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.244.1.0/24"}]]},"cniVersion":"1.0.0","name":"mynet"}
EOF
)
result=$(on node.node1 env CNI_COMMAND=ADD CNI_CONTAINERID=0cdf6cbb74bb2603cbcd0d703ebe15fb2dda88c5ee16ed86ec7f39dd0b33ba73 CNI_NETNS=/run/netns/pod.default.slow CNI_IFNAME=eth0 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=slow;K8S_POD_INFRA_CONTAINER_ID=0cdf6cbb74bb2603cbcd0d703ebe15fb2dda88c5ee16ed86ec7f39dd0b33ba73;IP=10.244.1.3/24' CNI_PATH=/opt/cni/bin:/usr/lib/cni "$(plugin /opt/cni/bin:/usr/lib/cni portmap)" <<EOF
{"type":"portmap","cniVersion":"1.0.0","name":"mynet","prevResult":$result}
EOF
)
result=$(on node.node1 env CNI_COMMAND=ADD CNI_CONTAINERID=0cdf6cbb74bb2603cbcd0d703ebe15fb2dda88c5ee16ed86ec7f39dd0b33ba73 CNI_NETNS=/run/netns/pod.default.slow CNI_IFNAME=eth0 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=slow;K8S_POD_INFRA_CONTAINER_ID=0cdf6cbb74bb2603cbcd0d703ebe15fb2dda88c5ee16ed86ec7f39dd0b33ba73;IP=10.244.1.3/24' CNI_PATH=/opt/cni/bin:/usr/lib/cni "$(plugin /opt/cni/bin:/usr/lib/cni bandwidth)" <<EOF
{"type":"bandwidth","cniVersion":"1.0.0","name":"mynet","runtimeConfig":{"bandwidth":{"ingressRate":10000000,"ingressBurst":4294967295}},"prevResult":$result}
EOF
)
#   topologies/cni-plugins.yaml:55
result=$(on node.node2 env CNI_COMMAND=ADD CNI_CONTAINERID=d2d9d39bc4b54c7299dcbe938b2954b743fcb55ed42ed7228c1e0e927b864111 CNI_NETNS=/run/netns/pod.default.b CNI_IFNAME=eth0 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=b;K8S_POD_INFRA_CONTAINER_ID=d2d9d39bc4b54c7299dcbe938b2954b743fcb55ed42ed7228c1e0e927b864111;IP=10.244.2.2/24' CNI_PATH=/opt/cni/bin:/usr/lib/cni "$(plugin /opt/cni/bin:/usr/lib/cni bridge)" <<'EOF'
{"type":"bridge","bridge":"cni0","isDefaultGateway":true,"ipMasq":true,"hairpinMode":true,"ipam":{"type":"host-local","ranges":[[{"subnet":"10.244.2.0/24"}]]},"cniVersion":"1.0.0","name":"mynet"}
EOF
)
result=$(on node.node2 env CNI_COMMAND=ADD CNI_CONTAINERID=d2d9d39bc4b54c7299dcbe938b2954b743fcb55ed42ed7228c1e0e927b864111 CNI_NETNS=/run/netns/pod.default.b CNI_IFNAME=eth0 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=b;K8S_POD_INFRA_CONTAINER_ID=d2d9d39bc4b54c7299dcbe938b2954b743fcb55ed42ed7228c1e0e927b864111;IP=10.244.2.2/24' CNI_PATH=/opt/cni/bin:/usr/lib/cni "$(plugin /opt/cni/bin:/usr/lib/cni portmap)" <<EOF
{"type":"portmap","cniVersion":"1.0.0","name":"mynet","prevResult":$result}
EOF
)
result=$(on node.node2 env CNI_COMMAND=ADD CNI_CONTAINERID=d2d9d39bc4b54c7299dcbe938b2954b743fcb55ed42ed7228c1e0e927b864111 CNI_NETNS=/run/netns/pod.default.b CNI_IFNAME=eth0 'CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=b;K8S_POD_INFRA_CONTAINER_ID=d2d9d39bc4b54c7299dcbe938b2954b743fcb55ed42ed7228c1e0e927b864111;IP=10.244.2.2/24' CNI_PATH=/opt/cni/bin:/usr/lib/cni "$(plugin /opt/cni/bin:/usr/lib/cni bandwidth)" <<EOF
{"type":"bandwidth","cniVersion":"1.0.0","name":"mynet","prevResult":$result}
EOF
)
