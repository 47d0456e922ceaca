/** The stories of service-faults.ts. */
import type { FaultName } from '../model/cluster.ts';
import type { Story } from './story.ts';

export const SERVICE_STORIES = {
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
  'no-docker-proxy': {
    cause:
      'docker-proxy was killed, or dockerd runs with --userland-proxy=false and has not written the rules that stand for it.',
    symptom:
      'Published ports answer from outside, by DNAT; at 127.0.0.1, and for containers that ask their own host, they do not: rejected.',
    remedy: '`ss -tlnp` shows a docker-proxy for each published port. Restart the container, or dockerd.',
    threads: ['moby/moby#8356', 'moby/moby#14856'],
    topology: 'docker-proxy',
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
  'stateless-policy': {
    cause:
      'A NetworkPolicy says who may open a connection; what belongs to one passes because connection tracking knows it, by the first rule of each pod (RELATED,ESTABLISHED). Without that rule a policy is a packet filter: answers are judged as if somebody were asking.',
    symptom:
      'A pod that lets nobody in gets no answers to its own questions (reply-lost). Connections that were open when a policy came break off: rejected (kube-router), dropped (Felix).',
    remedy:
      '`iptables -S KUBE-NWPLCY-COMMON`, or that of a cali-tw chain in Calico: one of the first rules accepts RELATED,ESTABLISHED. It does not help where packets of one direction do not come by this node, or are excepted from tracking (NOTRACK).',
    threads: [],
    topology: 'policy-changes',
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
  'no-dns': {
    cause:
      "CoreDNS' pods run and do not serve: a configuration it does not take, a loop it has found in its upstream, or it is still waiting for the API server.",
    symptom:
      'No name has an address (unresolved), of Services as well as of hosts outside. By address everything works.',
    remedy: '`kubectl -n kube-system logs -l k8s-app=kube-dns`; `nslookup kubernetes.default 10.96.0.10` from a pod.',
    threads: ['coredns/coredns#7212', 'kubernetes/kubernetes#113080'],
    topology: 'dns',
  },
  'no-ingress-controller': {
    cause:
      'An Ingress is a wish, and kubectl accepts it whether or not anybody reads it. No controller is installed, its pods do not run, or they are not where the client knocks: without host ports, it is reached by a NodePort or a load balancer only.',
    symptom:
      'The client is refused by the pod, or by the node when no rule leads to one (rejected, tcp-reset), at ports 80 and 443 alike. The Service behind the Ingress answers as ever.',
    remedy:
      '`kubectl get ingress` shows no ADDRESS: install a controller, and see where it listens with `kubectl -n ingress-nginx get pods,svc -o wide`. `kubectl get ingressclass` must name the class of the Ingress.',
    threads: ['kubernetes/ingress-nginx#1368', 'kubernetes/ingress-nginx#4387'],
    topology: 'ingress',
  },
  'no-route-localnet': {
    cause: 'The kernel lets no packet from 127.0.0.0/8 out of the machine unless route_localnet = 1 on the interface.',
    symptom: "A hostPort or NodePort at the node's 127.0.0.1 hangs (dropped); at the node's own address it works.",
    remedy:
      'Use the address of the node. kube-proxy sets it only in mode iptables, and there are reasons to leave it off.',
    threads: ['kubernetes/kubernetes#56320', 'kubernetes/kubernetes#90259', 'kubernetes/kubernetes#96879'],
    topology: 'host-port',
  },
} as const satisfies Partial<Record<FaultName, Story>>;
