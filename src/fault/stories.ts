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
  'no-default-route': {
    cause:
      'A node that reaches the others by its own network only, and was set up without a default route. Pods of Calico have 169.254.1.1 as their gateway, which exists nowhere; the node answers for it only while it would itself know a way there by another interface.',
    symptom:
      "Calico's pods ask who has 169.254.1.1 and nobody answers: no-neighbour, for every destination. In other modes, and from the node itself, only what is outside is out of reach: the node finds no route for its own packets (no-route), and rejects those of pods.",
    remedy: 'A default route, even to a gateway that does not exist, or `ip route add 169.254.1.1/32 dev eth0`.',
    threads: ['projectcalico/calico#3270', 'projectcalico/calico#8689'],
    topology: 'calico-vxlan',
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
  'no-vip': {
    cause: 'In mode ipvs a Service is served only where its address is local, and kube-ipvs0 has lost it.',
    symptom:
      'The virtual server is there, and no packet comes to it: the address goes to the default gateway (no-neighbour).',
    remedy: '`ip addr show kube-ipvs0` must list every address `ipvsadm -Ln` does.',
    threads: [],
    topology: 'ipvs',
  },
  'no-service-filter': {
    cause:
      'The rules that refuse what is not to be served are gone: those of Services without endpoints, of source ranges, of undefined ports.',
    symptom: 'Instead of an immediate refusal there is silence, or an answer from somebody else.',
    remedy: '`iptables -S KUBE-SERVICES`, `KUBE-EXTERNAL-SERVICES` and `KUBE-PROXY-FIREWALL` in table filter.',
    threads: [],
    topology: 'no-endpoints',
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
  'no-dns': {
    cause:
      "CoreDNS' pods run and do not serve: a configuration it does not take, a loop it has found in its upstream, or it is still waiting for the API server.",
    symptom:
      'No name has an address (unresolved), of Services as well as of hosts outside. By address everything works.',
    remedy: '`kubectl -n kube-system logs -l k8s-app=kube-dns`; `nslookup kubernetes.default 10.96.0.10` from a pod.',
    threads: ['coredns/coredns#7212', 'kubernetes/kubernetes#113080'],
    topology: 'dns',
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
