#!/bin/sh
# Builds the lab calico-bgp: network namespaces, links, addresses, routes, rules. Written by packetwalk plan.
# Processes are not in it: nothing answers at the ports of pods and hosts until you start something there.
#
# Run it inside namespaces of its own, where it can touch nothing else; no privilege is needed:
#   unshare --user --map-current-user --keep-caps --net --mount --pid --fork --mount-proc \
#     sh -c 'mount -t tmpfs tmpfs /run && sh ./lab.sh && exec bash'
set -eu

# namespaces
#   topologies/calico-bgp.yaml:14
ip netns add host.client
#   topologies/calico-bgp.yaml:8
ip netns add network.lan
#   topologies/calico-bgp.yaml:13
ip netns add node.node1
ip netns add node.node2
#   topologies/calico-bgp.yaml:50
ip netns add pod.default.a
#   topologies/calico-bgp.yaml:55
ip netns add pod.default.b

# kernel settings
#   topologies/calico-bgp.yaml:8
ip netns exec network.lan sysctl -qw net.bridge.bridge-nf-call-iptables=0
#   topologies/calico-bgp.yaml:13
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
#   topologies/calico-bgp.yaml:13
ip netns exec node.node1 ipset restore <<'EOF'
create cali40all-ipam-pools hash:net family inet hashsize 1024 maxelem 1048576
add cali40all-ipam-pools 10.244.0.0/16
create cali40masq-ipam-pools hash:net family inet hashsize 1024 maxelem 1048576
add cali40masq-ipam-pools 10.244.0.0/16
EOF
ip netns exec node.node1 iptables-restore <<'EOF'
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-PREROUTING - [0:0]
:cali-OUTPUT - [0:0]
:cali-rpf-skip - [0:0]
:cali-from-host-endpoint - [0:0]
:cali-to-host-endpoint - [0:0]
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" --jump cali-PREROUTING
-A OUTPUT -m comment --comment "cali:tVnHkvAo15HuiPy0" --jump cali-OUTPUT
-A cali-PREROUTING -m comment --comment "cali:XFX5xbM8B9qR10JG" --jump MARK --set-mark 0/0xf0000
-A cali-PREROUTING -m comment --comment "cali:EWMPb0zVROM-woQp" --in-interface cali+ --jump MARK --set-mark 0x40000/0x40000
-A cali-PREROUTING -m comment --comment "cali:PWuxTAIaFCtsg5Qa" -m mark --mark 0x40000/0x40000 --jump cali-rpf-skip
-A cali-PREROUTING -m comment --comment "cali:fSSbGND7dgyemWU7" -m mark --mark 0x40000/0x40000 -m rpfilter --invert --validmark --jump DROP
-A cali-PREROUTING -m comment --comment "cali:ImU0-4Rl2WoOI9Ou" -m mark --mark 0/0x40000 --jump cali-from-host-endpoint
-A cali-PREROUTING -m comment --comment "cali:lV4V2MPoMBf0hl9T" -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-OUTPUT -m comment --comment "cali:njdnLwYeGqBJyMxW" --jump MARK --set-mark 0/0xf0000
-A cali-OUTPUT -m comment --comment "cali:rz86uTUcEZAfFsh7" --jump cali-to-host-endpoint
-A cali-OUTPUT -m comment --comment "cali:pN0F5zD0b8yf9W1Z" -m mark --mark 0x10000/0x10000 --jump ACCEPT
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-IPTABLES-HINT - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:cali-PREROUTING - [0:0]
:cali-POSTROUTING - [0:0]
:cali-from-host-endpoint - [0:0]
:cali-to-host-endpoint - [0:0]
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" --jump cali-PREROUTING
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" --jump cali-POSTROUTING
-A cali-PREROUTING -m comment --comment "cali:6BJqBjBC7crtA-7-" -m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT
-A cali-PREROUTING -m comment --comment "cali:KX7AGNd6rMcDUai6" -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-PREROUTING -m comment --comment "cali:wNH7KsA3ILKJBsY9" --jump cali-from-host-endpoint
-A cali-PREROUTING -m comment --comment "cali:Cg96MgVuoPm7UMRo" -m comment --comment "Host endpoint policy accepted packet." -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-POSTROUTING -m comment --comment "cali:NX-7roTexQ3fGRfU" -m mark --mark 0x10000/0x10000 --jump RETURN
-A cali-POSTROUTING -m comment --comment "cali:nnqPh8lh2VOogSzX" --jump MARK --set-mark 0/0xf0000
-A cali-POSTROUTING -m comment --comment "cali:nquN8Jw8Tz72pcBW" -m conntrack --ctstate DNAT --jump cali-to-host-endpoint
-A cali-POSTROUTING -m comment --comment "cali:jWrgvDQ0xEZHmta3" -m comment --comment "Host endpoint policy accepted packet." -m mark --mark 0x10000/0x10000 --jump RETURN
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
:cali-PREROUTING - [0:0]
:cali-OUTPUT - [0:0]
:cali-POSTROUTING - [0:0]
:cali-nat-outgoing - [0:0]
:cali-fip-dnat - [0:0]
:cali-fip-snat - [0:0]
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" --jump cali-PREROUTING
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "cali:tVnHkvAo15HuiPy0" --jump cali-OUTPUT
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" --jump cali-POSTROUTING
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A cali-PREROUTING -m comment --comment "cali:r6XmIziWUJsdOK6Z" --jump cali-fip-dnat
-A cali-OUTPUT -m comment --comment "cali:GBTAv2p5CwevEyJm" --jump cali-fip-dnat
-A cali-POSTROUTING -m comment --comment "cali:Z-c7XtVd2Bq7s_hA" --jump cali-fip-snat
-A cali-POSTROUTING -m comment --comment "cali:nYKhEzDlr11Jccal" --jump cali-nat-outgoing
-A cali-nat-outgoing -m comment --comment "cali:flqWnvo8yq4ULQLa" -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst --jump MASQUERADE --random-fully
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
:cali-FORWARD - [0:0]
:cali-INPUT - [0:0]
:cali-wl-to-host - [0:0]
:cali-OUTPUT - [0:0]
:cali-from-hep-forward - [0:0]
:cali-to-hep-forward - [0:0]
:cali-from-host-endpoint - [0:0]
:cali-to-host-endpoint - [0:0]
:cali-cidr-block - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-to-wl-dispatch - [0:0]
:cali-tw-caliacd53aa4120 - [0:0]
:cali-fw-caliacd53aa4120 - [0:0]
:cali-pri-kns.default - [0:0]
:cali-pri-ksa.default.default - [0:0]
:cali-pro-kns.default - [0:0]
:cali-pro-ksa.default.default - [0:0]
-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" --jump cali-INPUT
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" --jump cali-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A FORWARD -m comment --comment "cali:mp77cMpurHhyjLrM" --jump MARK --set-mark 0x10000/0x10000
-A OUTPUT -m comment --comment "cali:tVnHkvAo15HuiPy0" --jump cali-OUTPUT
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-FORWARD -m comment --comment "cali:vjrMJCRpqwy5oRoX" --jump MARK --set-mark 0/0xe0000
-A cali-FORWARD -m comment --comment "cali:A_sPAO0mcxbT9mOV" -m mark --mark 0/0x10000 --jump cali-from-hep-forward
-A cali-FORWARD -m comment --comment "cali:8ZoYfO5HKXWbB3pk" --in-interface cali+ --jump cali-from-wl-dispatch
-A cali-FORWARD -m comment --comment "cali:jdEuaPBe14V2hutn" --out-interface cali+ --jump cali-to-wl-dispatch
-A cali-FORWARD -m comment --comment "cali:12bc6HljsMKsmfr-" --jump cali-to-hep-forward
-A cali-FORWARD -m comment --comment "cali:NOSxoaGx8OIstr1z" --jump cali-cidr-block
-A cali-INPUT -m comment --comment "cali:FewJpBykm9iJ-YNH" --in-interface cali+ --goto cali-wl-to-host
-A cali-INPUT -m comment --comment "cali:hder3ARWznqqv8Va" -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-INPUT -m comment --comment "cali:xgOu2uJft6H9oDGF" --jump MARK --set-mark 0/0xf0000
-A cali-INPUT -m comment --comment "cali:_-d-qojMfHM6NwBo" --jump cali-from-host-endpoint
-A cali-INPUT -m comment --comment "cali:LqmE76MP94lZTGhA" -m comment --comment "Host endpoint policy accepted packet." -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-wl-to-host -m comment --comment "cali:Ee9Sbo10IpVujdIY" --jump cali-from-wl-dispatch
-A cali-wl-to-host -m comment --comment "cali:nSZbcOoG1xPONxb8" -m comment --comment "Configured DefaultEndpointToHostAction" --jump ACCEPT
-A cali-OUTPUT -m comment --comment "cali:Mq1_rAdXXH3YkrzW" -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-OUTPUT -m comment --comment "cali:69FkRTJDvD5Vu6Vl" --out-interface cali+ --jump RETURN
-A cali-OUTPUT -m comment --comment "cali:Fskumj4SGQtDV6GC" --jump MARK --set-mark 0/0xf0000
-A cali-OUTPUT -m comment --comment "cali:1F4VWEsQu0QbRwKf" -m conntrack ! --ctstate DNAT --jump cali-to-host-endpoint
-A cali-OUTPUT -m comment --comment "cali:m8Eqm15x1MjD24LD" -m comment --comment "Host endpoint policy accepted packet." -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-from-wl-dispatch -m comment --comment "cali:cxRGNnSV2yw7F7wc" --in-interface caliacd53aa4120 --goto cali-fw-caliacd53aa4120
-A cali-from-wl-dispatch -m comment --comment "cali:bUX56wEBJTpXfQ3S" -m comment --comment "Unknown interface" --jump DROP
-A cali-to-wl-dispatch -m comment --comment "cali:ruK9osxHAOOuSLrW" --out-interface caliacd53aa4120 --goto cali-tw-caliacd53aa4120
-A cali-to-wl-dispatch -m comment --comment "cali:qkN3V9xfC0-IsP3i" -m comment --comment "Unknown interface" --jump DROP
-A cali-tw-caliacd53aa4120 -m comment --comment "cali:7GZ1kcgtwN9Sx--7" -m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT
-A cali-tw-caliacd53aa4120 -m comment --comment "cali:3Ez06LqPn5ZRiDUe" -m conntrack --ctstate INVALID --jump DROP
-A cali-tw-caliacd53aa4120 -m comment --comment "cali:8Qtzo75h84oa_sfY" --jump MARK --set-mark 0/0x30000
-A cali-tw-caliacd53aa4120 -m comment --comment "cali:abhErdANMI9iMsEw" --jump cali-pri-kns.default
-A cali-tw-caliacd53aa4120 -m comment --comment "cali:RrcUmLkf8CyU4lFa" -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 --jump RETURN
-A cali-tw-caliacd53aa4120 -m comment --comment "cali:Y5K4bsxP5aUoNMhc" --jump cali-pri-ksa.default.default
-A cali-tw-caliacd53aa4120 -m comment --comment "cali:vs25C2dooi6iYcZ1" -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 --jump RETURN
-A cali-tw-caliacd53aa4120 -m comment --comment "cali:PmrqEVVTlkGz8JCS" -m comment --comment "Drop if no profiles matched" --jump DROP
-A cali-fw-caliacd53aa4120 -m comment --comment "cali:QZjf632Uou3FTDe4" -m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT
-A cali-fw-caliacd53aa4120 -m comment --comment "cali:Jtno4Mrxm1yMOnuf" -m conntrack --ctstate INVALID --jump DROP
-A cali-fw-caliacd53aa4120 -m comment --comment "cali:NgnhnQoTakKLARDL" --jump MARK --set-mark 0/0x30000
-A cali-fw-caliacd53aa4120 -m comment --comment "cali:IlHG55ee5E1Y9yqb" -m comment --comment "Drop VXLAN encapped packets originating in workloads" -p 17 -m multiport --destination-ports 4789 --jump DROP
-A cali-fw-caliacd53aa4120 -m comment --comment "cali:XxkUkctZRjDSLOnq" -m comment --comment "Drop IPinIP encapped packets originating in workloads" -p 4 --jump DROP
-A cali-fw-caliacd53aa4120 -m comment --comment "cali:r3IGRA8_Cpa2SWrv" --jump cali-pro-kns.default
-A cali-fw-caliacd53aa4120 -m comment --comment "cali:8g9Lq_kALgoHzOLq" -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 --jump RETURN
-A cali-fw-caliacd53aa4120 -m comment --comment "cali:UWjEg3Yp7QHmHzn7" --jump cali-pro-ksa.default.default
-A cali-fw-caliacd53aa4120 -m comment --comment "cali:PL-AjRKlSBHpgPM-" -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 --jump RETURN
-A cali-fw-caliacd53aa4120 -m comment --comment "cali:0_maa1R9FmXCkuGb" -m comment --comment "Drop if no profiles matched" --jump DROP
-A cali-pri-kns.default -m comment --comment "cali:WMSw8BmYOknRHfsz" -m comment --comment "Profile kns.default ingress" --jump MARK --set-mark 0x10000/0x10000
-A cali-pri-ksa.default.default -m comment --comment "cali:PrckJA84jX_kGp99" -m comment --comment "Profile ksa.default.default ingress"
-A cali-pro-kns.default -m comment --comment "cali:Vr81boRqq4V77Sg8" -m comment --comment "Profile kns.default egress" --jump MARK --set-mark 0x10000/0x10000
-A cali-pro-ksa.default.default -m comment --comment "cali:bUZzZcietq9v5Ybq" -m comment --comment "Profile ksa.default.default egress"
COMMIT
EOF
ip netns exec node.node2 ipset restore <<'EOF'
create cali40all-ipam-pools hash:net family inet hashsize 1024 maxelem 1048576
add cali40all-ipam-pools 10.244.0.0/16
create cali40masq-ipam-pools hash:net family inet hashsize 1024 maxelem 1048576
add cali40masq-ipam-pools 10.244.0.0/16
EOF
ip netns exec node.node2 iptables-restore <<'EOF'
*raw
:PREROUTING ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:cali-PREROUTING - [0:0]
:cali-OUTPUT - [0:0]
:cali-rpf-skip - [0:0]
:cali-from-host-endpoint - [0:0]
:cali-to-host-endpoint - [0:0]
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" --jump cali-PREROUTING
-A OUTPUT -m comment --comment "cali:tVnHkvAo15HuiPy0" --jump cali-OUTPUT
-A cali-PREROUTING -m comment --comment "cali:XFX5xbM8B9qR10JG" --jump MARK --set-mark 0/0xf0000
-A cali-PREROUTING -m comment --comment "cali:EWMPb0zVROM-woQp" --in-interface cali+ --jump MARK --set-mark 0x40000/0x40000
-A cali-PREROUTING -m comment --comment "cali:PWuxTAIaFCtsg5Qa" -m mark --mark 0x40000/0x40000 --jump cali-rpf-skip
-A cali-PREROUTING -m comment --comment "cali:fSSbGND7dgyemWU7" -m mark --mark 0x40000/0x40000 -m rpfilter --invert --validmark --jump DROP
-A cali-PREROUTING -m comment --comment "cali:ImU0-4Rl2WoOI9Ou" -m mark --mark 0/0x40000 --jump cali-from-host-endpoint
-A cali-PREROUTING -m comment --comment "cali:lV4V2MPoMBf0hl9T" -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-OUTPUT -m comment --comment "cali:njdnLwYeGqBJyMxW" --jump MARK --set-mark 0/0xf0000
-A cali-OUTPUT -m comment --comment "cali:rz86uTUcEZAfFsh7" --jump cali-to-host-endpoint
-A cali-OUTPUT -m comment --comment "cali:pN0F5zD0b8yf9W1Z" -m mark --mark 0x10000/0x10000 --jump ACCEPT
COMMIT
*mangle
:PREROUTING ACCEPT [0:0]
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:POSTROUTING ACCEPT [0:0]
:KUBE-IPTABLES-HINT - [0:0]
:KUBE-KUBELET-CANARY - [0:0]
:KUBE-PROXY-CANARY - [0:0]
:cali-PREROUTING - [0:0]
:cali-POSTROUTING - [0:0]
:cali-from-host-endpoint - [0:0]
:cali-to-host-endpoint - [0:0]
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" --jump cali-PREROUTING
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" --jump cali-POSTROUTING
-A cali-PREROUTING -m comment --comment "cali:6BJqBjBC7crtA-7-" -m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT
-A cali-PREROUTING -m comment --comment "cali:KX7AGNd6rMcDUai6" -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-PREROUTING -m comment --comment "cali:wNH7KsA3ILKJBsY9" --jump cali-from-host-endpoint
-A cali-PREROUTING -m comment --comment "cali:Cg96MgVuoPm7UMRo" -m comment --comment "Host endpoint policy accepted packet." -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-POSTROUTING -m comment --comment "cali:NX-7roTexQ3fGRfU" -m mark --mark 0x10000/0x10000 --jump RETURN
-A cali-POSTROUTING -m comment --comment "cali:nnqPh8lh2VOogSzX" --jump MARK --set-mark 0/0xf0000
-A cali-POSTROUTING -m comment --comment "cali:nquN8Jw8Tz72pcBW" -m conntrack --ctstate DNAT --jump cali-to-host-endpoint
-A cali-POSTROUTING -m comment --comment "cali:jWrgvDQ0xEZHmta3" -m comment --comment "Host endpoint policy accepted packet." -m mark --mark 0x10000/0x10000 --jump RETURN
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
:cali-PREROUTING - [0:0]
:cali-OUTPUT - [0:0]
:cali-POSTROUTING - [0:0]
:cali-nat-outgoing - [0:0]
:cali-fip-dnat - [0:0]
:cali-fip-snat - [0:0]
-A PREROUTING -m comment --comment "cali:6gwbT8clXdHdC1b1" --jump cali-PREROUTING
-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -m comment --comment "cali:tVnHkvAo15HuiPy0" --jump cali-OUTPUT
-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A POSTROUTING -m comment --comment "cali:O3lYWMrLQYEMJtB5" --jump cali-POSTROUTING
-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING
-A KUBE-SERVICES -m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain" -m addrtype --dst-type LOCAL -j KUBE-NODEPORTS
-A KUBE-MARK-MASQ -j MARK --or-mark 0x00004000
-A KUBE-POSTROUTING -m mark ! --mark 0x00004000/0x00004000 -j RETURN
-A KUBE-POSTROUTING -j MARK --xor-mark 0x00004000
-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully
-A cali-PREROUTING -m comment --comment "cali:r6XmIziWUJsdOK6Z" --jump cali-fip-dnat
-A cali-OUTPUT -m comment --comment "cali:GBTAv2p5CwevEyJm" --jump cali-fip-dnat
-A cali-POSTROUTING -m comment --comment "cali:Z-c7XtVd2Bq7s_hA" --jump cali-fip-snat
-A cali-POSTROUTING -m comment --comment "cali:nYKhEzDlr11Jccal" --jump cali-nat-outgoing
-A cali-nat-outgoing -m comment --comment "cali:flqWnvo8yq4ULQLa" -m set --match-set cali40masq-ipam-pools src -m set ! --match-set cali40all-ipam-pools dst --jump MASQUERADE --random-fully
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
:cali-FORWARD - [0:0]
:cali-INPUT - [0:0]
:cali-wl-to-host - [0:0]
:cali-OUTPUT - [0:0]
:cali-from-hep-forward - [0:0]
:cali-to-hep-forward - [0:0]
:cali-from-host-endpoint - [0:0]
:cali-to-host-endpoint - [0:0]
:cali-cidr-block - [0:0]
:cali-from-wl-dispatch - [0:0]
:cali-to-wl-dispatch - [0:0]
:cali-tw-califf6fc35a693 - [0:0]
:cali-fw-califf6fc35a693 - [0:0]
:cali-pri-kns.default - [0:0]
:cali-pri-ksa.default.default - [0:0]
:cali-pro-kns.default - [0:0]
:cali-pro-ksa.default.default - [0:0]
-A INPUT -m comment --comment "cali:Cz_u1IQiXIMmKD4c" --jump cali-INPUT
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A INPUT -m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS
-A INPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A INPUT -j KUBE-FIREWALL
-A FORWARD -m comment --comment "cali:wUHhoiAYhphO9Mso" --jump cali-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A FORWARD -m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A FORWARD -m conntrack --ctstate NEW -m comment --comment "kubernetes externally-visible service portals" -j KUBE-EXTERNAL-SERVICES
-A FORWARD -m comment --comment "cali:S93hcgKJrXEqnTfs" -m comment --comment "Policy explicitly accepted packet." -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A FORWARD -m comment --comment "cali:mp77cMpurHhyjLrM" --jump MARK --set-mark 0x10000/0x10000
-A OUTPUT -m comment --comment "cali:tVnHkvAo15HuiPy0" --jump cali-OUTPUT
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes load balancer firewall" -j KUBE-PROXY-FIREWALL
-A OUTPUT -m conntrack --ctstate NEW -m comment --comment "kubernetes service portals" -j KUBE-SERVICES
-A OUTPUT -j KUBE-FIREWALL
-A KUBE-FIREWALL -m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP
-A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT
-A KUBE-FORWARD -m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT
-A cali-FORWARD -m comment --comment "cali:vjrMJCRpqwy5oRoX" --jump MARK --set-mark 0/0xe0000
-A cali-FORWARD -m comment --comment "cali:A_sPAO0mcxbT9mOV" -m mark --mark 0/0x10000 --jump cali-from-hep-forward
-A cali-FORWARD -m comment --comment "cali:8ZoYfO5HKXWbB3pk" --in-interface cali+ --jump cali-from-wl-dispatch
-A cali-FORWARD -m comment --comment "cali:jdEuaPBe14V2hutn" --out-interface cali+ --jump cali-to-wl-dispatch
-A cali-FORWARD -m comment --comment "cali:12bc6HljsMKsmfr-" --jump cali-to-hep-forward
-A cali-FORWARD -m comment --comment "cali:NOSxoaGx8OIstr1z" --jump cali-cidr-block
-A cali-INPUT -m comment --comment "cali:FewJpBykm9iJ-YNH" --in-interface cali+ --goto cali-wl-to-host
-A cali-INPUT -m comment --comment "cali:hder3ARWznqqv8Va" -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-INPUT -m comment --comment "cali:xgOu2uJft6H9oDGF" --jump MARK --set-mark 0/0xf0000
-A cali-INPUT -m comment --comment "cali:_-d-qojMfHM6NwBo" --jump cali-from-host-endpoint
-A cali-INPUT -m comment --comment "cali:LqmE76MP94lZTGhA" -m comment --comment "Host endpoint policy accepted packet." -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-wl-to-host -m comment --comment "cali:Ee9Sbo10IpVujdIY" --jump cali-from-wl-dispatch
-A cali-wl-to-host -m comment --comment "cali:nSZbcOoG1xPONxb8" -m comment --comment "Configured DefaultEndpointToHostAction" --jump ACCEPT
-A cali-OUTPUT -m comment --comment "cali:Mq1_rAdXXH3YkrzW" -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-OUTPUT -m comment --comment "cali:69FkRTJDvD5Vu6Vl" --out-interface cali+ --jump RETURN
-A cali-OUTPUT -m comment --comment "cali:Fskumj4SGQtDV6GC" --jump MARK --set-mark 0/0xf0000
-A cali-OUTPUT -m comment --comment "cali:1F4VWEsQu0QbRwKf" -m conntrack ! --ctstate DNAT --jump cali-to-host-endpoint
-A cali-OUTPUT -m comment --comment "cali:m8Eqm15x1MjD24LD" -m comment --comment "Host endpoint policy accepted packet." -m mark --mark 0x10000/0x10000 --jump ACCEPT
-A cali-from-wl-dispatch -m comment --comment "cali:apqRxFZrcPXLWzvi" --in-interface califf6fc35a693 --goto cali-fw-califf6fc35a693
-A cali-from-wl-dispatch -m comment --comment "cali:LQ3Qf2FWQSQ9PqDL" -m comment --comment "Unknown interface" --jump DROP
-A cali-to-wl-dispatch -m comment --comment "cali:K9yMnDC6CiaHQaig" --out-interface califf6fc35a693 --goto cali-tw-califf6fc35a693
-A cali-to-wl-dispatch -m comment --comment "cali:K8g8bt8pHcFf1YgW" -m comment --comment "Unknown interface" --jump DROP
-A cali-tw-califf6fc35a693 -m comment --comment "cali:u8WqedmBJR6cb16D" -m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT
-A cali-tw-califf6fc35a693 -m comment --comment "cali:q3sDnZFWaQbM4TVB" -m conntrack --ctstate INVALID --jump DROP
-A cali-tw-califf6fc35a693 -m comment --comment "cali:eDzbDlnLGMHd9Klo" --jump MARK --set-mark 0/0x30000
-A cali-tw-califf6fc35a693 -m comment --comment "cali:UTr1ftLgEKv7Sg77" --jump cali-pri-kns.default
-A cali-tw-califf6fc35a693 -m comment --comment "cali:Fh_u_8utRWScau86" -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 --jump RETURN
-A cali-tw-califf6fc35a693 -m comment --comment "cali:L_NVYKwGIoq1PENF" --jump cali-pri-ksa.default.default
-A cali-tw-califf6fc35a693 -m comment --comment "cali:baVVCzLN_dcv9hp1" -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 --jump RETURN
-A cali-tw-califf6fc35a693 -m comment --comment "cali:-QcAuPx0e9TY16Yb" -m comment --comment "Drop if no profiles matched" --jump DROP
-A cali-fw-califf6fc35a693 -m comment --comment "cali:LijsW1cCnK70tfTk" -m conntrack --ctstate RELATED,ESTABLISHED --jump ACCEPT
-A cali-fw-califf6fc35a693 -m comment --comment "cali:YzjiQzkWWRDKy57n" -m conntrack --ctstate INVALID --jump DROP
-A cali-fw-califf6fc35a693 -m comment --comment "cali:hRb2AtAatp1bQzDu" --jump MARK --set-mark 0/0x30000
-A cali-fw-califf6fc35a693 -m comment --comment "cali:k2NjvLFn1jVc5sRT" -m comment --comment "Drop VXLAN encapped packets originating in workloads" -p 17 -m multiport --destination-ports 4789 --jump DROP
-A cali-fw-califf6fc35a693 -m comment --comment "cali:CkpxvpV3FaC9uW5F" -m comment --comment "Drop IPinIP encapped packets originating in workloads" -p 4 --jump DROP
-A cali-fw-califf6fc35a693 -m comment --comment "cali:wTaGFvTza7XQSkkY" --jump cali-pro-kns.default
-A cali-fw-califf6fc35a693 -m comment --comment "cali:D3ivCmrX2G7nirYy" -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 --jump RETURN
-A cali-fw-califf6fc35a693 -m comment --comment "cali:URiygdaCynqDP3eB" --jump cali-pro-ksa.default.default
-A cali-fw-califf6fc35a693 -m comment --comment "cali:tBSY4wYy5Acg6ZFp" -m comment --comment "Return if profile accepted" -m mark --mark 0x10000/0x10000 --jump RETURN
-A cali-fw-califf6fc35a693 -m comment --comment "cali:Q0Rm-s6tDlwGfoB_" -m comment --comment "Drop if no profiles matched" --jump DROP
-A cali-pri-kns.default -m comment --comment "cali:WMSw8BmYOknRHfsz" -m comment --comment "Profile kns.default ingress" --jump MARK --set-mark 0x10000/0x10000
-A cali-pri-ksa.default.default -m comment --comment "cali:PrckJA84jX_kGp99" -m comment --comment "Profile ksa.default.default ingress"
-A cali-pro-kns.default -m comment --comment "cali:Vr81boRqq4V77Sg8" -m comment --comment "Profile kns.default egress" --jump MARK --set-mark 0x10000/0x10000
-A cali-pro-ksa.default.default -m comment --comment "cali:bUZzZcietq9v5Ybq" -m comment --comment "Profile ksa.default.default egress"
COMMIT
EOF

# link state
#   topologies/calico-bgp.yaml:14
ip -n host.client link set lo up
#   topologies/calico-bgp.yaml:8
ip -n network.lan link set lo up
#   topologies/calico-bgp.yaml:13
ip -n node.node1 link set lo up
ip -n node.node2 link set lo up
#   topologies/calico-bgp.yaml:50
ip -n pod.default.a link set lo up
#   topologies/calico-bgp.yaml:55
ip -n pod.default.b link set lo up

# links
#   topologies/calico-bgp.yaml:8
ip -n network.lan link add br0 mtu 1500 address 02:02:0a:00:00:01 type bridge
#   topologies/calico-bgp.yaml:14
ip -n host.client link add eth0 mtu 1500 address 02:00:0a:00:00:64 type veth peer name client mtu 1500 address 02:01:0a:00:00:64 netns network.lan
#   topologies/calico-bgp.yaml:13
ip -n node.node1 link add eth0 mtu 1500 address 02:00:0a:00:00:0b type veth peer name node1 mtu 1500 address 02:01:0a:00:00:0b netns network.lan
ip -n node.node2 link add eth0 mtu 1500 address 02:00:0a:00:00:0c type veth peer name node2 mtu 1500 address 02:01:0a:00:00:0c netns network.lan
#   topologies/calico-bgp.yaml:50
ip -n pod.default.a link add eth0 mtu 1500 address 0a:58:0a:f4:01:02 type veth peer name caliacd53aa4120 mtu 1500 address ee:ee:ee:ee:ee:ee netns node.node1
#   topologies/calico-bgp.yaml:55
ip -n pod.default.b link add eth0 mtu 1500 address 0a:58:0a:f4:02:02 type veth peer name califf6fc35a693 mtu 1500 address ee:ee:ee:ee:ee:ee netns node.node2

# link state
#   topologies/calico-bgp.yaml:14
ip -n host.client link set eth0 addrgenmode none
#   topologies/calico-bgp.yaml:8
ip -n network.lan link set br0 addrgenmode none
#   topologies/calico-bgp.yaml:13
ip -n network.lan link set node1 addrgenmode none
ip -n network.lan link set node2 addrgenmode none
#   topologies/calico-bgp.yaml:14
ip -n network.lan link set client addrgenmode none
#   topologies/calico-bgp.yaml:13
ip -n node.node1 link set eth0 addrgenmode none
#   topologies/calico-bgp.yaml:50
ip -n node.node1 link set caliacd53aa4120 addrgenmode none
#   topologies/calico-bgp.yaml:13
ip -n node.node2 link set eth0 addrgenmode none
#   topologies/calico-bgp.yaml:55
ip -n node.node2 link set califf6fc35a693 addrgenmode none
#   topologies/calico-bgp.yaml:50
ip -n pod.default.a link set eth0 addrgenmode none
#   topologies/calico-bgp.yaml:55
ip -n pod.default.b link set eth0 addrgenmode none

# kernel settings
#   topologies/calico-bgp.yaml:50
ip netns exec node.node1 sysctl -qw net.ipv4.conf.caliacd53aa4120.route_localnet=1
ip netns exec node.node1 sysctl -qw net.ipv4.conf.caliacd53aa4120.proxy_arp=1
ip netns exec node.node1 sysctl -qw net.ipv4.neigh.caliacd53aa4120.proxy_delay=0
#   topologies/calico-bgp.yaml:55
ip netns exec node.node2 sysctl -qw net.ipv4.conf.califf6fc35a693.route_localnet=1
ip netns exec node.node2 sysctl -qw net.ipv4.conf.califf6fc35a693.proxy_arp=1
ip netns exec node.node2 sysctl -qw net.ipv4.neigh.califf6fc35a693.proxy_delay=0

# addresses
#   topologies/calico-bgp.yaml:14
ip -n host.client addr add 10.0.0.100/24 brd 10.0.0.255 dev eth0
#   topologies/calico-bgp.yaml:13
ip -n node.node1 addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0
ip -n node.node2 addr add 10.0.0.12/24 brd 10.0.0.255 dev eth0
#   topologies/calico-bgp.yaml:50
ip -n pod.default.a addr add 10.244.1.2/32 dev eth0
#   topologies/calico-bgp.yaml:55
ip -n pod.default.b addr add 10.244.2.2/32 dev eth0

# link state
#   topologies/calico-bgp.yaml:14
ip -n host.client link set eth0 up
#   topologies/calico-bgp.yaml:8
ip -n network.lan link set br0 up
#   topologies/calico-bgp.yaml:13
ip -n network.lan link set node1 up
ip -n network.lan link set node2 up
#   topologies/calico-bgp.yaml:14
ip -n network.lan link set client up
#   topologies/calico-bgp.yaml:13
ip -n node.node1 link set eth0 up
#   topologies/calico-bgp.yaml:50
ip -n node.node1 link set caliacd53aa4120 up
#   topologies/calico-bgp.yaml:13
ip -n node.node2 link set eth0 up
#   topologies/calico-bgp.yaml:55
ip -n node.node2 link set califf6fc35a693 up
#   topologies/calico-bgp.yaml:50
ip -n pod.default.a link set eth0 up
#   topologies/calico-bgp.yaml:55
ip -n pod.default.b link set eth0 up
#   topologies/calico-bgp.yaml:13
ip -n network.lan link set node1 master br0
ip -n network.lan link set node2 master br0
#   topologies/calico-bgp.yaml:14
ip -n network.lan link set client master br0

# routes
#   topologies/calico-bgp.yaml:13
ip -n node.node1 route add default via 10.0.0.1 dev eth0
#   topologies/calico-bgp.yaml:50
ip -n node.node1 route add 10.244.1.2/32 dev caliacd53aa4120 scope link
#   topologies/calico-bgp.yaml:13
ip -n node.node2 route add default via 10.0.0.1 dev eth0
#   topologies/calico-bgp.yaml:55
ip -n node.node2 route add 10.244.2.2/32 dev califf6fc35a693 scope link
#   topologies/calico-bgp.yaml:50
ip -n pod.default.a route add 169.254.1.1/32 dev eth0 scope link
ip -n pod.default.a route add default via 169.254.1.1 dev eth0
#   topologies/calico-bgp.yaml:55
ip -n pod.default.b route add 169.254.1.1/32 dev eth0 scope link
ip -n pod.default.b route add default via 169.254.1.1 dev eth0

# BIRD, which brings routes to other machines
#   topologies/calico-bgp.yaml:13
ip netns exec node.node1 bird -c /dev/stdin -s /run/node.node1.bird.ctl <<'EOF'
# Generated by confd
router id 10.0.0.11;
# Watch interface up/down events.
protocol device {
  scan time 2;       # Scan interfaces every 2 seconds
}
protocol static static_v4 {
  # IP blocks for this host.
  ipv4;
  route 10.244.1.0/26 blackhole;
}
# Aggregation of routes on this host; export the block, nothing beneath it.
function calico_aggr_v4 ()
{
  if (net = 10.244.1.0/26) then { accept; }
  if (net ~ 10.244.1.0/26) then { reject; }
}
function calico_export_to_bgp_peers_v4 (bool internal_peer)
{
  if (internal_peer) then {
    if (defined(ifname)) then {
      if ((ifname ~ "*.cali") || (ifname ~ "*.calico") || (ifname ~ "tunl0")) then { reject; }
    }
  }
  calico_aggr_v4();
  if (net ~ 10.244.0.0/16) then { accept; }
}
filter calico_kernel_programming_v4 {
  if (net ~ 10.244.0.0/16) then { accept; }
  reject;
}
# Configure synchronization between routing tables and kernel.
protocol kernel kernel_v4 {
  learn;             # Learn all alien routes from the kernel
  persist;           # Don't remove routes on bird shutdown
  scan time 2;       # Scan kernel routing table every 2 seconds
  graceful restart;
  merge paths on;    # Allow export multipath routes (ECMP)
  ipv4 { import all; export filter calico_kernel_programming_v4; };
}
protocol direct direct_v4 {
  ipv4;
  interface -"cali*", -"kube-ipvs*", "*";
}
# Template for all BGP clients
template bgp bgp_template_v4 {
  description "Connection to BGP peer";
  local as 64512;
  multihop;
  graceful restart;
  connect delay time 2;
  connect retry time 5;
  error wait time 5,30;
  ipv4 {
    import all;
    export filter { calico_export_to_bgp_peers_v4(true); reject; };
    gateway recursive;
    add paths on;
  };
}
protocol bgp Mesh_10_0_0_12 from bgp_template_v4 {
  neighbor 10.0.0.12 as 64512;
  source address 10.0.0.11;
  passive on;
}
EOF
ip netns exec node.node2 bird -c /dev/stdin -s /run/node.node2.bird.ctl <<'EOF'
# Generated by confd
router id 10.0.0.12;
# Watch interface up/down events.
protocol device {
  scan time 2;       # Scan interfaces every 2 seconds
}
protocol static static_v4 {
  # IP blocks for this host.
  ipv4;
  route 10.244.2.0/26 blackhole;
}
# Aggregation of routes on this host; export the block, nothing beneath it.
function calico_aggr_v4 ()
{
  if (net = 10.244.2.0/26) then { accept; }
  if (net ~ 10.244.2.0/26) then { reject; }
}
function calico_export_to_bgp_peers_v4 (bool internal_peer)
{
  if (internal_peer) then {
    if (defined(ifname)) then {
      if ((ifname ~ "*.cali") || (ifname ~ "*.calico") || (ifname ~ "tunl0")) then { reject; }
    }
  }
  calico_aggr_v4();
  if (net ~ 10.244.0.0/16) then { accept; }
}
filter calico_kernel_programming_v4 {
  if (net ~ 10.244.0.0/16) then { accept; }
  reject;
}
# Configure synchronization between routing tables and kernel.
protocol kernel kernel_v4 {
  learn;             # Learn all alien routes from the kernel
  persist;           # Don't remove routes on bird shutdown
  scan time 2;       # Scan kernel routing table every 2 seconds
  graceful restart;
  merge paths on;    # Allow export multipath routes (ECMP)
  ipv4 { import all; export filter calico_kernel_programming_v4; };
}
protocol direct direct_v4 {
  ipv4;
  interface -"cali*", -"kube-ipvs*", "*";
}
# Template for all BGP clients
template bgp bgp_template_v4 {
  description "Connection to BGP peer";
  local as 64512;
  multihop;
  graceful restart;
  connect delay time 2;
  connect retry time 5;
  error wait time 5,30;
  ipv4 {
    import all;
    export filter { calico_export_to_bgp_peers_v4(true); reject; };
    gateway recursive;
    add paths on;
  };
}
protocol bgp Mesh_10_0_0_11 from bgp_template_v4 {
  neighbor 10.0.0.11 as 64512;
  source address 10.0.0.12;
}
EOF
