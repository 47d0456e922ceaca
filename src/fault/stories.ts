/** The story behind each known failure: why it happens, what one sees, what mends it, and where others met it. */
import type { FaultName } from '../model/cluster.ts';

export interface Story {
  /** Why it happens. */
  readonly cause: string;
  /** What a walk shows. */
  readonly symptom: string;
  /** What to do on a real node. */
  readonly remedy: string;
  /** Upstream threads: `OWNER/REPOSITORY#NUMBER`. */
  readonly threads: readonly string[];
  /** The topology that shows it: with the fault injected, or, where there is none, as it is. */
  readonly topology: string;
}

export const FAULT_STORIES: Record<FaultName, Story> = {
  'no-masquerade': {
    cause:
      'A packet that a node sends on for somebody else must come from the node, or its answer takes another way. The rule that sees to it is gone, or kube-proxy takes outside clients for pods: its clusterCIDR is wrong.',
    symptom:
      "A NodePort of a node without the endpoint: the pod answers the client directly, from its own address, and the client does not know it (reply-mismatch). A pod's packet to an outside host arrives, and the host has no route back (unanswered).",
    remedy:
      "kube-proxy's --cluster-cidr and the network plugin's pod range must be those of the cluster; flanneld needs --ip-masq. `iptables -t nat -S KUBE-POSTROUTING` shows whether the rule is there.",
    threads: ['kubernetes/kubernetes#44916', 'kubernetes/kubernetes#24224'],
    topology: 'nodeport-snat',
  },
  'double-nat': {
    cause:
      "VXLAN puts a packet into another one, and both are the same to the kernel, mark and all. Before 1.19 kube-proxy's KUBE-POSTROUTING left its mark 0x4000 where it was: what it had masqueraded came by again as the overlay's packet, and was masqueraded once more, with --random-fully from another port.",
    symptom:
      "An `outer SNAT` at the sending node: the VXLAN packet leaves from another port. Here it arrives all the same. Kernels before 5.7 spoilt its checksum then, wherever the network card was to compute that, and the other node dropped it: connections to Services took 1, 3 or 63 seconds. That, a kernel of today does not show. Calico's VXLAN goes past connection tracking and is not touched.",
    remedy:
      'kube-proxy and kubelet from 1.19 on, which clear the mark first: `iptables -t nat -S KUBE-POSTROUTING` must have --xor-mark. Before that: `ethtool -K flannel.1 tx-checksum-ip-generic off`. `conntrack -L -p udp --dport 8472` shows both ports.',
    threads: [
      'kubernetes/kubernetes#88986',
      'kubernetes/kubernetes#90854',
      'kubernetes/kubernetes#92035',
      'flannel-io/flannel#1279',
      'flannel-io/flannel#1282',
    ],
    topology: 'nodeport-snat',
  },
  'no-route': {
    cause: "Each node needs a route to every other node's pods; whoever writes it has failed, or somebody removed it.",
    symptom: 'The packet takes the default route instead, to a gateway that knows no pods (no-neighbour, dropped).',
    remedy:
      '`ip route` on the node: one line for the pod subnet of each other node. The log of flanneld says why one is missing.',
    threads: ['flannel-io/flannel#996'],
    topology: 'cross-node-host-gw',
  },
  'no-fdb': {
    cause:
      'A VXLAN device without an entry for the MAC address of a peer does not know which node to send to. flannel writes all entries itself: the device does not learn.',
    symptom: 'The packet leaves by flannel.1 and never gets to eth0: dropped, last seen at flannel.1.',
    remedy: '`bridge fdb show dev flannel.1` must name every other node. Restarting flanneld writes all of them anew.',
    threads: ['flannel-io/flannel#654', 'flannel-io/flannel#592'],
    topology: 'cross-node-vxlan',
  },
  'stale-fdb': {
    cause: 'A node came back with another address, and its peers still have the old one behind its MAC address.',
    symptom:
      'The node asks by ARP for an address that nobody has any more (no-neighbour), or sends into the void beyond a router.',
    remedy:
      '`bridge fdb show dev flannel.1`: compare the `dst` of each entry with `kubectl get nodes -o wide`. Restart the agent of the network plugin.',
    threads: ['projectcalico/calico#7281', 'flannel-io/flannel#654'],
    topology: 'cross-node-vxlan',
  },
  'wrong-vtep-mac': {
    cause:
      "Something changed the MAC address of flannel.1 after flanneld had told its peers: systemd's MACAddressPolicy=persistent does so when the device appears without one.",
    symptom:
      'The packet crosses the wire inside VXLAN and ends there: it comes into the other node by eth0 and does not leave. Its inner frame is for another machine, and flannel.1 drops it.',
    remedy:
      'Compare `ip link show flannel.1` with `ip neigh show dev flannel.1` on a peer. MACAddressPolicy=none for flannel*, or a flannel that gives the device its address when it makes it.',
    threads: ['flannel-io/flannel#1155', 'flannel-io/flannel#1795', 'flannel-io/flannel#1485'],
    topology: 'cross-node-vxlan',
  },
  'vxlan-port-taken': {
    cause:
      "A UDP port has one owner. Cilium's device takes all that comes to 8472, where flannel's wants only its own network: the kernel shares the port between VXLAN devices that want the same, and not between these. Whoever comes second stays down, and so it is with a process that listens there.",
    symptom:
      'flannel.1 is there, down, and no route leads into it: packets for pods of other nodes take the default route (no-neighbour, dropped). flanneld ends with "failed to set interface flannel.1 to UP state: address already in use".',
    remedy:
      "`ip -d link show type vxlan` and `ss -ulnp sport = :8472` name the owner. `ip link del cilium_vxlan`, left by a network plugin that is gone; or another port for one of them: Port in flannel's net-conf.json, tunnelPort in Cilium.",
    threads: ['tkestack/tke#1279', 'cilium/cilium#8990', 'cilium/cilium#2925'],
    topology: 'cross-node-vxlan',
  },
  'no-flanneld': {
    cause:
      "In flannel's mode udp the process carries every packet, and its TUN device lives no longer than it. In the other modes the kernel goes on without it.",
    symptom: 'flannel0 and the route into it are gone: packets for other nodes take the default route (no-neighbour).',
    remedy: 'Let flanneld be restarted, or use a mode in which the kernel does the work.',
    threads: [],
    topology: 'cross-node-udp',
  },
  'no-bird': {
    cause:
      'Calico without encapsulation lives on BGP: BIRD on every node tells the others about its blocks. It does not run, or its sessions do not come up because something is in the way of TCP 179.',
    symptom:
      'The node has no route to the blocks of others, and they have none to its own: packets take the default route, and whoever is there has none either (rejected, dropped, or no-neighbour without a router). Pods of one node reach each other.',
    remedy:
      '`birdc show protocols` on the node (calicoctl node status): every session has to be Established. Open TCP 179 between the nodes.',
    threads: [],
    topology: 'calico-bgp',
  },
  'no-speaker': {
    cause:
      "MetalLB's speaker answers for addresses that no interface has. Where its pod does not run, or the others hear nothing of it, its node is not elected; where none runs, nobody is.",
    symptom:
      'With another speaker alive, that one answers, and says so unasked; clients that know the old MAC address for longer send into the void. Without any: no-neighbour, whoHas is empty.',
    remedy:
      '`kubectl -n metallb-system get pods -o wide`: a speaker on every node; UDP and TCP 7946 must be open between them. `arping ADDRESS` from beside shows who answers.',
    threads: [],
    topology: 'metallb-l2',
  },
  'no-default-route': {
    cause:
      'A node that reaches the others by its own network only, and was set up without a default route. Pods of Calico have 169.254.1.1 as their gateway, which exists nowhere; the node answers for it only while it would itself know a way there by another interface.',
    symptom:
      "Calico's pods ask who has 169.254.1.1 and nobody answers: no-neighbour, for every destination. In other modes, and from the node itself, only what is outside is out of reach: the node finds no route for its own packets (no-route), and rejects those of pods.",
    remedy: 'A default route, even to a gateway that does not exist, or `ip route add 169.254.1.1/32 dev eth0`.',
    threads: ['projectcalico/calico#3270', 'projectcalico/calico#8689'],
    topology: 'calico-vxlan',
  },
  'stale-cni0': {
    cause:
      "The node had another pod subnet before, or another network configuration: kubeadm reset leaves cni0 as it is, and CRI-O comes with a configuration of its own for 10.85.0.0/16. The plugin bridge takes a bridge that is there, and does not change its address. host-local's list of taken addresses stays as well, in /var/lib/cni/networks.",
    symptom:
      'No pod of the node starts: ADD fails with `"cni0" already has an IP address different from` the one it should have. The lab is not built, and says so in the words of the plugin.',
    remedy:
      '`ip link delete cni0` and, without pods on the node, `rm -r /var/lib/cni/networks/*`; kubelet tries again.',
    threads: ['kubernetes/kubernetes#39557', 'kubernetes/kubernetes#67183', 'containernetworking/cni#306'],
    topology: 'cni-plugins',
  },
  'no-accept-ra': {
    cause:
      'A router tells its network that it is the default gateway of IPv6, again and again. A kernel that forwards is a router itself and ignores that unless accept_ra is 2. Whoever turns forwarding on, Docker or the network plugin, makes it forget at once what it had heard before.',
    symptom:
      'The node has no default route of IPv6: it finds no route for its own packets (no-route), and rejects those of pods (icmp6-no-route). Nodes reach each other, and IPv4 is as it was.',
    remedy:
      '`sysctl -w net.ipv6.conf.eth0.accept_ra=2`, at boot and before forwarding is turned on; or let networkd or NetworkManager read the advertisements; or a static route. `ip -6 route show default` must say `proto ra`.',
    threads: ['k3s-io/k3s#5019', 'projectcalico/calico#6751', 'cilium/cilium#21819', 'siderolabs/talos#3841'],
    topology: 'router-advertisements',
  },
  'source-dest-check': {
    cause:
      "A cloud's network carries only packets from and to the address it gave an instance, unless told otherwise: EC2's source/destination check, or an instance of GCE without canIpForward. flannel's aws-vpc turns the check off, and only warns when it may not.",
    symptom:
      'Modes without encapsulation: packets of pods leave the node by eth0 and get nowhere (dropped). Packets of the node itself arrive, and tunnels do not mind.',
    remedy:
      '`aws ec2 modify-instance-attribute --no-source-dest-check`, and the right ec2:ModifyNetworkInterfaceAttribute for flanneld; `gcloud compute instances create --can-ip-forward`.',
    threads: ['flannel-io/flannel#230', 'rancher-archives/rke#115'],
    topology: 'aws-vpc',
  },
  'no-redirects': {
    cause:
      'A router that sends a packet out where it came in tells the sender that the next hop is its neighbour. Hardening guides forbid routers to say so (send_redirects = 0), and clouds never do.',
    symptom:
      'No redirect comes, and every packet goes on taking the way by the router: it works, and the router carries what it need not.',
    remedy:
      'Routes of its own for the client, by the nodes. To let routers tell: send_redirects = 1 in `all` or on the interface; to let clients believe: accept_redirects = 1. `ip route show cache` at the client lists what it has learned.',
    threads: ['sapcc/kubernikus#65', 'spjmurray/docker-strongswan#1'],
    topology: 'icmp-redirect',
  },
  'no-br-netfilter': {
    cause:
      'Two pods of one node are joined by a bridge. Bridged packets pass iptables only with the module br_netfilter and net.bridge.bridge-nf-call-iptables = 1; without it, the answer to a translated packet is not translated back.',
    symptom:
      'A Service works when its endpoint is on another node, and hangs when it is on the same one: the pod gets an answer from an address it never asked (reply-mismatch). Seen from outside, every second connection fails.',
    remedy: '`modprobe br_netfilter; sysctl -w net.bridge.bridge-nf-call-iptables=1`, and both at boot.',
    threads: ['kubernetes/kops#5393', 'kelseyhightower/kubernetes-the-hard-way#561', 'cloudnativelabs/kube-router#151'],
    topology: 'clusterip',
  },
  'no-hairpin': {
    cause:
      'A pod calls a Service and is itself the endpoint: the packet must leave the bridge by the port it came in, which a bridge does only with the flag hairpin.',
    symptom:
      'The packet comes in by the port of the pod and does not leave: dropped. Other endpoints of the Service answer.',
    remedy: '`bridge -d link show`: hairpin on. The bridge plugin has hairpinMode, which kube-flannel sets.',
    threads: ['kubernetes/kubernetes#13375', 'kubernetes/kubernetes#20475'],
    topology: 'hairpin',
  },
  'no-proxy-sync': {
    cause:
      'kube-proxy does not run, cannot reach the API server, or fails each time it writes its rules (a lock that somebody else holds, a rule the kernel refuses). What it wrote last stays, and the cluster goes on without it.',
    symptom:
      'Connections to a Service go to pods that are gone (no-neighbour, dropped) or not ready, and never to new ones; new Services have no address that answers. It differs from node to node: the others follow.',
    remedy:
      'The log of kube-proxy on the node; its metric sync_proxy_rules_last_timestamp_seconds stands still. Compare `iptables-save | grep SERVICE` with `kubectl get endpointslices`.',
    threads: ['kubernetes/kubernetes#76338', 'kubernetes/kubernetes#38372', 'kubernetes/kubernetes#28674'],
    topology: 'endpoints-follow-pods',
  },
  'no-conntrack-cleanup': {
    cause:
      'UDP has no end of a connection: conntrack remembers where a client was led to, and for as long as the client goes on from the same port it is led there, whatever the rules say by now. kube-proxy deletes such entries when an endpoint goes. It does not: the conntrack tool was missing, or it is one of the versions that forgot some of them.',
    symptom:
      'A client with a port of its own (a resolver, a syslog sender, SIP) sends into the void after a pod was replaced: no-neighbour or dropped, towards the old address. A client with a new port is led to the new pod.',
    remedy:
      '`conntrack -L -p udp --orig-dst SERVICE` shows where it leads to, `conntrack -D` with the same words mends it. Update kube-proxy; before 1.33 a Service that had no endpoint for a while was one of the cases.',
    threads: [
      'kubernetes/kubernetes#48370',
      'kubernetes/kubernetes#59368',
      'kubernetes/kubernetes#125467',
      'kubernetes/kubernetes#126130',
    ],
    topology: 'stale-udp',
  },
  'ipvs-conn-reuse': {
    cause:
      'A busy client comes round to a port it has used before while IPVS still remembers the connection. With conn_reuse_mode = 0, which kube-proxy set up to Linux 5.8 to avoid a second of delay for each such connection (mode 1 dropped its first SYN), IPVS leads it to the same server as before, whatever has become of that. Since Linux 5.9 expire_nodest_conn looks at the weight first, so that it takes both to show it.',
    symptom:
      'During a rolling update new connections go to pods that are going or gone: refused, or answered by the old version; the more connections a client makes, the more often.',
    remedy:
      'Linux 5.9 or newer with a kube-proxy that leaves conn_reuse_mode alone: `sysctl net.ipv4.vs` must show conn_reuse_mode = 1 and expire_nodest_conn = 1.',
    threads: [
      'kubernetes/kubernetes#81775',
      'kubernetes/kubernetes#93297',
      'kubernetes/kubernetes#70747',
      'cloudnativelabs/kube-router#544',
    ],
    topology: 'ipvs-port-reuse',
  },
  'forward-drop': {
    cause:
      'dockerd sets the policy of FORWARD to DROP, and the network plugin has no rule that accepts packets of pods.',
    symptom:
      'Pods reach only pods of their own bridge: the packet comes into the node by cni0 and does not leave (dropped).',
    remedy:
      '`iptables -S FORWARD`. flanneld and kube-proxy accept what is for pods in rules of their own; older ones need `iptables -P FORWARD ACCEPT`.',
    threads: ['kubernetes/kubernetes#40182', 'kubernetes/kubernetes#39823', 'weaveworks/weave#2758'],
    topology: 'cross-node-vxlan',
  },
  'loopback-drop': {
    cause:
      'Somebody wrote a firewall inside the pod, an init container for one, and accepted what it needs from outside: `-i lo -j ACCEPT` was forgotten.',
    symptom:
      'The containers of the pod do not reach each other, neither at 127.0.0.1 nor at the address of the pod: dropped, last seen at lo.',
    remedy:
      '`nsenter -t PID -n iptables -S INPUT` with the number of one of its processes. Accept `-i lo` before anything is dropped.',
    threads: [],
    topology: 'pod-containers',
  },
  'no-docker-proxy': {
    cause:
      'docker-proxy was killed, or dockerd runs with --userland-proxy=false and has not written the rules that stand for it.',
    symptom:
      'Published ports answer from outside, by DNAT; at 127.0.0.1, and for containers that ask their own host, they do not: rejected.',
    remedy: '`ss -tlnp` shows a docker-proxy for each published port. Restart the container, or dockerd.',
    threads: ['moby/moby#8356', 'moby/moby#14856'],
    topology: 'docker-proxy',
  },
  'no-ip-forward': {
    cause:
      'A node is the router of its pods, and net.ipv4.ip_forward = 0 forbids that: a hardening guide, or a sysctl file read late.',
    symptom:
      'Nothing that has to be routed leaves the node: it comes in by cni0 and does not leave (dropped), with no word to the sender.',
    remedy: '`sysctl -w net.ipv4.ip_forward=1`, and in a file that is read last.',
    threads: ['kubernetes/kubernetes#84254', 'weaveworks/weave#3280'],
    topology: 'cross-node-vxlan',
  },
  'rp-filter': {
    cause:
      'With rp_filter = 1 the kernel takes a packet only by the interface the answer would leave by. Where there and back are different ways, it does not.',
    symptom:
      'The packet comes into the machine and is gone: dropped, last seen going in. Nobody is told; `nstat -az TcpExtIPReversePathFilter` counts.',
    remedy: 'rp_filter = 2 (any interface will do) or 0 on that interface and in `all`: the larger of the two counts.',
    threads: ['cilium/cilium#13130', 'aws/amazon-vpc-cni-k8s#130', 'kubernetes/kubernetes#124587'],
    topology: 'reverse-path',
  },
  'small-mtu': {
    cause:
      'A link on the way carries less than those at its ends say, and nobody who could tell the sender is there: a switch, or a firewall that drops ICMP.',
    symptom: 'Handshakes and pings pass, large packets vanish (dropped): TLS hangs, small answers work.',
    remedy:
      'An MTU for pods that fits the smallest link less the headers of the overlay: 50 for VXLAN, 20 for IPIP. `ping -M do -s 1400` finds it.',
    threads: ['flannel-io/flannel#463', 'flannel-io/flannel#1999', 'flannel-io/flannel#841'],
    topology: 'mtu-black-hole',
  },
  'bad-checksums': {
    cause:
      'A middlebox, a faulty network card or a program that rewrites packets leaves a wrong checksum behind. It is the receiver who must notice; between two ends of a veth nobody computes a checksum, and nobody looks at it.',
    symptom:
      'By veths alone, spoilt packets are delivered: damaged data would be taken for good. Where somebody computes the checksum on the way, as the kernel does for a TUN device (mode udp), the next one who looks drops them. That is connection tracking on the other node, which calls them INVALID (nf_conntrack_checksum = 1), and KUBE-FORWARD: they come into the node by flannel0 and do not leave. A pod would count them in `nstat -az UdpInCsumErrors` and TcpInCsumErrors.',
    remedy:
      '`ethtool -K eth0 tx off` in the pod makes the sender compute it. Kernels from 2015 and before took packets that came from outside unseen as well (veth set them to checked); those of today drop them.',
    threads: ['kubernetes/kubernetes#18898', 'moby/moby#18776'],
    topology: 'cross-node-udp',
  },
  'link-down': {
    cause: 'A cable is out, or its other end is down.',
    symptom: 'The neighbour does not answer (no-neighbour), or the kernel cannot even ask (dropped, it never left).',
    remedy: '`ip link`: NO-CARRIER, LOWERLAYERDOWN.',
    threads: [],
    topology: 'outside-host',
  },
  'no-dnat': {
    cause: 'kube-proxy does not run, cannot write its rules, or somebody flushed them.',
    symptom:
      "The Service's address stays as it is and goes to the default gateway (no-neighbour); a NodePort is a closed port of the node (rejected).",
    remedy:
      '`iptables-save -t nat | grep KUBE-SEP`, `ipvsadm -Ln`, or `nft list table ip kube-proxy`, and the log of kube-proxy.',
    threads: [],
    topology: 'clusterip',
  },
  'insert-failed': {
    cause:
      'A resolver sends its questions for A and AAAA at the same moment from one socket to the ClusterIP of the DNS. Each becomes a connection of its own with an endpoint of its own, and the kernel enters a connection only when its first packet leaves: the second one finds the place taken. Kernels before 5.7 drop it.',
    symptom:
      'Every now and then a datagram comes into the node and does not leave (dropped); the resolver asks again after 5 seconds. The fault drops every second one, for a sure result. A kernel of today resolves the clash and loses nothing.',
    remedy:
      '`conntrack -S`: insert_failed counts what is lost, clash_resolve what newer kernels save. A kernel from 5.7 on; before that NodeLocal DNSCache, or `options single-request-reopen` or use-vc in the dnsConfig of pods. --random-fully helps against the same race of source ports, and not against this one.',
    threads: ['kubernetes/kubernetes#56903', 'kubernetes/kubernetes#62628', 'weaveworks/weave#3287'],
    topology: 'dns-race',
  },
  'no-vip': {
    cause: 'In mode ipvs a Service is served only where its address is local, and kube-ipvs0 has lost it.',
    symptom:
      'The virtual server is there, and no packet comes to it: the address goes to the default gateway (no-neighbour).',
    remedy: '`ip addr show kube-ipvs0` must list every address `ipvsadm -Ln` does.',
    threads: [],
    topology: 'ipvs',
  },
  'no-strict-arp': {
    cause:
      'In mode ipvs every node has the addresses of load balancers and external IPs on kube-ipvs0, and Linux answers ARP for any address of the machine, whichever interface is asked. kube-proxy leaves that as it is unless strictARP is on.',
    symptom:
      'Every node answers for an address that should lead to one: whoHas names them all. Clients send to whoever was first, and change their minds; what MetalLB or keepalived has decided does not count.',
    remedy:
      '`ipvs.strictARP: true` in the configuration of kube-proxy, as MetalLB demands in mode ipvs; `sysctl net.ipv4.conf.all.arp_ignore` on a node must be 1. `arping -c 3 ADDRESS` from beside shows how many answer.',
    threads: ['metallb/metallb#153', 'kubernetes/kubernetes#59976', 'kubernetes/kubernetes#107662'],
    topology: 'strict-arp',
  },
  'no-service-filter': {
    cause:
      'The rules that refuse what is not to be served are gone: those of Services without endpoints, of source ranges, of undefined ports.',
    symptom: 'Instead of an immediate refusal there is silence, or an answer from somebody else.',
    remedy: '`iptables -S KUBE-SERVICES`, `KUBE-EXTERNAL-SERVICES` and `KUBE-PROXY-FIREWALL` in table filter.',
    threads: [],
    topology: 'no-endpoints',
  },
  'out-of-window': {
    cause:
      'A server sends beyond what its client has room for, or a lost packet, a second way or an odd network card makes it look so. Connection tracking on the node calls such a segment INVALID and does not translate it.',
    symptom:
      "Nothing: kube-proxy drops what is INVALID, the pod sends it again, and the answer comes a moment later (delivered). Without that rule, as in mode nftables, the client gets the segment from the pod's own address, which it never asked (reply-mismatch), and resets the pod's connection.",
    remedy:
      "Keep kube-proxy's rule, or let the kernel translate such segments as well: `sysctl -w net.netfilter.nf_conntrack_tcp_be_liberal=1`, kube-proxy's conntrack.tcpBeLiberal. `conntrack -S` counts them as invalid.",
    threads: ['kubernetes/kubernetes#74839', 'kubernetes/kubernetes#117924', 'kubernetes/kubernetes#122663'],
    topology: 'invalid-drop',
  },
  'no-invalid-drop': {
    cause:
      'kube-proxy before 1.15 has no rule for packets that conntrack calls INVALID; one that finds nf_conntrack_tcp_be_liberal set writes none, and mode nftables never does. Untranslated they go to whoever they are for.',
    symptom:
      "The answer to a Service comes from the pod's own address (reply-mismatch). The client resets a connection it does not know, and the pod takes that for the end of the right one: transfers die, now and then, with `connection reset by peer`.",
    remedy:
      '`iptables -S KUBE-FORWARD` must drop INVALID, or `sysctl net.netfilter.nf_conntrack_tcp_be_liberal` be 1. Where packets of one connection take different ways, the rule itself does harm, and only the setting helps.',
    threads: [
      'kubernetes/kubernetes#74839',
      'kubernetes/kubernetes#74840',
      'kubernetes/kubernetes#94861',
      'kubernetes/kubernetes#120412',
    ],
    topology: 'invalid-drop',
  },
  'no-policy': {
    cause:
      "A NetworkPolicy is a wish. The API server takes it whatever the network plugin can do, and flannel, for one, does nothing about it: it takes Calico's Felix, kube-router, Cilium or another that writes rules.",
    symptom:
      'Everything is delivered, as if there were no policy. `packetwalk matrix` marks each pair that should be denied and is reached.',
    remedy:
      'Run something that enforces policies, beside flannel for instance kube-router with --run-firewall (k3s has it built in), or Canal. `iptables -S FORWARD` shows KUBE-ROUTER-FORWARD or cali-FORWARD where it is at work.',
    threads: ['flannel-io/flannel#558', 'flannel-io/flannel#2183'],
    topology: 'policy-default-deny',
  },
  'stale-policy': {
    cause:
      'Rules name pods by sets of addresses, and whoever fills the sets is late or stuck: a new pod is in none of them, and what a policy allows it is denied.',
    symptom:
      'A pod is denied what a policy allows, most often just after it has started: rejected (kube-router), dropped (Felix). The same connection works a little later, or after the controller has been restarted.',
    remedy:
      '`ipset list` on the node of the receiver: the address of the pod must be in the set that the rule names. The log of kube-router or calico-node says what keeps it from filling them.',
    threads: ['cloudnativelabs/kube-router#2059', 'cloudnativelabs/kube-router#1309'],
    topology: 'policy-parts',
  },
  'no-statistic': {
    cause: 'The rule of the first endpoint has lost its probability, or all real servers but one have weight 0.',
    symptom: 'All connections go to one endpoint.',
    remedy: "`iptables -t nat -S` of the Service's KUBE-SVC chain; the weights of `ipvsadm -Ln`.",
    threads: [],
    topology: 'my-nginx',
  },
  'no-affinity': {
    cause:
      'sessionAffinity ClientIP lives in a list of the kernel (`recent`, a persistent service, a set), and the rule that reads it is gone.',
    symptom: 'One client gets several endpoints.',
    remedy: '`iptables -t nat -S` of the KUBE-SVC chain: --rcheck before the probabilities.',
    threads: [],
    topology: 'session-affinity',
  },
  'no-port-mapping': {
    cause:
      'hostPorts are rules of the portmap plugin, which is not in the list of plugins, or whose rules were flushed.',
    symptom:
      "The node's port is closed (rejected), though the pod runs and answers at its own address. A port that Docker publishes still answers: docker-proxy listens there, and the container sees docker0 instead of the client.",
    remedy: '`iptables -t nat -S CNI-HOSTPORT-DNAT`; portmap with the capability portMappings in /etc/cni/net.d.',
    threads: [],
    topology: 'host-port',
  },
  'no-route-localnet': {
    cause: 'The kernel lets no packet from 127.0.0.0/8 out of the machine unless route_localnet = 1 on the interface.',
    symptom: "A hostPort or NodePort at the node's 127.0.0.1 hangs (dropped); at the node's own address it works.",
    remedy:
      'Use the address of the node. kube-proxy sets it only in mode iptables, and there are reasons to leave it off.',
    threads: ['kubernetes/kubernetes#56320', 'kubernetes/kubernetes#90259', 'kubernetes/kubernetes#96879'],
    topology: 'host-port',
  },
};

/** Failures that need nothing broken: this is how things are built. Each is called like its topology. */
export const BEHAVIOURS: Record<string, Story & { readonly summary: string }> = {
  'host-gw-across-router': {
    summary: 'plain routes between nodes end at a router',
    cause:
      'host-gw makes a node the next hop for its pods, and the kernel takes a next hop on a connected network only. A node behind a router is none, and the router does not know the pods.',
    symptom: 'The packet ends at the router, which has no route to the pod subnet (dropped).',
    remedy: 'VXLAN with DirectRouting: plain routes on one network, a tunnel across routers. Or routes on the routers.',
    threads: ['flannel-io/flannel#996', 'rootsongjc/kubernetes-handbook#87'],
    topology: 'host-gw-across-router',
  },
  'service-cidr-loop': {
    summary: 'a packet for an unused Service address circles between a node and its router',
    cause:
      'A router sends the range of Services to a node. An address there that no Service has meets no rule, follows the default route of the node, and comes back.',
    symptom: 'loop: the same interfaces again and again, the TTL falling, until somebody says time exceeded.',
    remedy:
      'A route `blackhole` or `unreachable` for the range on nodes, as Calico writes it; mode nftables refuses such addresses itself.',
    threads: ['projectcalico/confd#322', 'projectcalico/calico#5039', 'cilium/cilium#20436'],
    topology: 'service-cidr-loop',
  },
  'veth-checksums': {
    summary: 'between veths nobody looks at a checksum',
    cause:
      'A sender leaves the checksum to its network card, and a veth passes that promise on to the other end (CHECKSUM_PARTIAL): between pods of one machine it is never computed. In the lab nodes are joined by veths as well; on a real wire the card would compute it, over the damage too.',
    symptom:
      'A packet whose checksum was spoilt in a node is delivered; carried by a process (mode udp) it is dropped.',
    remedy: 'Checksums of the application, or TLS: they go from end to end. `ethtool -K eth0 tx off` in the pod.',
    threads: ['kubernetes/kubernetes#18898', 'moby/moby#18776'],
    topology: 'veth-checksums',
  },
  'mtu-per-link': {
    summary: "one node's link carries less than the others'",
    cause:
      "Each node's overlay has the MTU of its own link less the headers. A node with a smaller one cannot take what the others may send.",
    symptom: 'Small packets pass; a large one is lost before the smaller link (dropped).',
    remedy: "One MTU for all: the smallest. flannel's option MTU sets that of the link it reckons with.",
    threads: ['flannel-io/flannel#463', 'flannel-io/flannel#1614'],
    topology: 'mtu-per-link',
  },
  'two-interfaces': {
    summary: 'the overlay stands on an interface that leads to no other node',
    cause:
      'flanneld stands on the interface of the default route. In Vagrant that is the NAT, by which no machine reaches another.',
    symptom:
      'With --iface the overlay goes over the network that joins the nodes; without, its packets end at the NAT.',
    remedy: '`--iface=eth1` for flanneld, and --node-ip for the kubelet.',
    threads: ['flannel-io/flannel#216'],
    topology: 'two-interfaces',
  },
};
