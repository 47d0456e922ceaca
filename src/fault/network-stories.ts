/** The stories of network-faults.ts. */
import type { FaultName } from '../model/cluster.ts';
import type { Story } from './story.ts';

export const NETWORK_STORIES = {
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
} as const satisfies Partial<Record<FaultName, Story>>;
