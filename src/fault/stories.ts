/** The story behind each known failure: why it happens, what one sees, what mends it, and where others met it. */
import type { FaultName } from '../model/cluster.ts';
import { NETWORK_STORIES } from './network-stories.ts';
import { SERVICE_STORIES } from './service-stories.ts';
import type { Story } from './story.ts';

export const FAULT_STORIES: Record<FaultName, Story> = { ...SERVICE_STORIES, ...NETWORK_STORIES };

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
