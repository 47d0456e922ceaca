/**
 * Calico (projectcalico/calico), as its manifests set it up for Kubernetes, from pod to pod of another node:
 *
 *   calico-ipip   pod → caliX → route 10.244.2.0/26 via 10.0.0.12 dev tunl0 onlink → IP protocol 4 to 10.0.0.12 out of eth0
 *   calico-vxlan  pod → caliX → route 10.244.2.0/26 via 10.244.2.0 dev vxlan.calico onlink → UDP 4789 out of eth0
 *   calico-bgp    pod → caliX → route 10.244.2.0/26 via 10.0.0.12 dev eth0, which BIRD has heard of from node2's
 *
 * Routes of the first two are Felix's (protocol 80; design/cluster-routes.md: clusterRoutingMode Felix, the default from v3.33
 * on), as BIRD itself knows no tunnels; those of the last are BIRD's. A node's own blocks are black holes but for the pods
 * in them.
 */
import type { CalicoConfig, Cluster, CniConfig, Node, Pod } from '../../../model/cluster.ts';
import { type Cidr, hostCidr, nthAddress } from '../../../net/address.ts';
import type { KernelStateBuilder, NamespaceBuilder } from '../../builder.ts';
import { compileHostPorts } from '../portmap.ts';
import { underlayOf } from '../underlay.ts';
import { birdDaemon } from './bird.ts';
import { blocksOf } from './blocks.ts';
import { compileFelix, type Encapsulation, IPSETS } from './felix.ts';
import { vtepMac } from './names.ts';
import { connectWorkload } from './workloads.ts';

type Config<M extends CniConfig['mode']> = Extract<CniConfig, { mode: M }>;

/** What the CNI configuration of Calico's manifests calls the network. */
const NETWORK = 'k8s-pod-network';
/** FelixConfiguration deviceRouteProtocol. */
const FELIX = 80;
/** Of outer headers. */
const OVERHEAD = { ipip: 20, vxlan: 50 } as const;
const TUNL0 = 'tunl0';
const VXLAN_CALICO = 'vxlan.calico';

export function compileCalicoIpip(cluster: Cluster, state: KernelStateBuilder): void {
  const config = cluster.cni as Config<'calico-ipip'>;
  compileNodes(cluster, config, { kind: 'ipip', device: TUNL0 }, state);
  for (const node of cluster.nodes) {
    const machine = state.get(node.netns);
    const own = underlayOf(node);
    machine.link({ kind: 'tunl0', name: TUNL0, mtu: own.mtu - OVERHEAD.ipip });
    machine.address(TUNL0, tunnelAddress(node), hostCidr(tunnelAddress(node)));
    for (const [peer, blocks] of otherBlocks(cluster, node, config)) {
      const { network, address: via } = underlayOf(peer);
      const isDirect = config.ipipMode === 'CrossSubnet' && network === own.network;
      const device = isDirect ? own.device : TUNL0;
      for (const { text: to } of blocks) machine.route({ to, via, device, onlink: true, protocol: FELIX }, peer.origin);
    }
  }
}

export function compileCalicoVxlan(cluster: Cluster, state: KernelStateBuilder): void {
  const config = cluster.cni as Config<'calico-vxlan'>;
  compileNodes(cluster, config, { kind: 'vxlan', device: VXLAN_CALICO, port: config.vxlanPort }, state);
  for (const node of cluster.nodes) {
    const machine = state.get(node.netns);
    compileVxlanDevice(node, config, machine);
    const own = underlayOf(node);
    for (const [peer, blocks] of otherBlocks(cluster, node, config)) {
      const { network, address } = underlayOf(peer);
      const isDirect = config.vxlanMode === 'CrossSubnet' && network === own.network;
      if (!isDirect) addVtep(peer, address, machine);
      const [via, device] = isDirect ? [address, own.device] : [tunnelAddress(peer), VXLAN_CALICO];
      for (const { text: to } of blocks)
        machine.route({ to, via, device, onlink: true, ...(isDirect && { protocol: FELIX }) }, peer.origin);
    }
  }
}

export function compileCalicoBgp(cluster: Cluster, state: KernelStateBuilder): void {
  const config = cluster.cni as Config<'calico-bgp'>;
  compileNodes(cluster, config, undefined, state);
  for (const node of cluster.nodes)
    state.get(node.netns).bird = birdDaemon(cluster, node, config, (owner) =>
      blocksOf(owner, podsOf(cluster, owner), config.blockSize),
    );
}

/** What is the same in all modes: cables, blocks, Felix's rules and sets, and portmap, chained behind Calico's plugin. */
function compileNodes(
  cluster: Cluster,
  config: CalicoConfig,
  encapsulation: Encapsulation | undefined,
  state: KernelStateBuilder,
): void {
  for (const node of cluster.nodes) {
    const machine = state.get(node.netns);
    const pods = podsOf(cluster, node);
    const mtu = config.mtu ?? underlayOf(node).mtu - (encapsulation ? OVERHEAD[encapsulation.kind] : 0);
    for (const pod of pods) connectWorkload(pod, node, mtu, state);
    if (encapsulation)
      for (const { text } of blocksOf(node, pods, config.blockSize)) machine.route({ to: text, protocol: FELIX });
    compileIpSets(cluster, node, config, encapsulation, machine);
    compileFelix(machine, pods, { encapsulation, natOutgoing: config.natOutgoing });
    compileHostPorts(node, cluster.pods, NETWORK, (pod) => hostCidr(pod.address), state);
  }
}

function compileIpSets(
  { nodes, podCIDR }: Cluster,
  node: Node,
  { natOutgoing }: CalicoConfig,
  encapsulation: Encapsulation | undefined,
  { ipsets, origin }: NamespaceBuilder,
): void {
  const add = (name: string, entries: readonly string[]) =>
    ipsets.push({ name, definition: 'hash:net family inet hashsize 1024 maxelem 1048576', entries, origin });
  const addressesOf = (owners: readonly Node[]) => owners.map((owner) => underlayOf(owner).address);
  add(IPSETS.allPools, [podCIDR.text]);
  add(IPSETS.masqueradedPools, natOutgoing ? [podCIDR.text] : []);
  if (encapsulation?.kind === 'ipip') add(IPSETS.hosts, addressesOf(nodes));
  if (encapsulation?.kind === 'vxlan') add(IPSETS.vteps, addressesOf(nodes.filter((peer) => peer !== node)));
}

function compileVxlanDevice(
  node: Node,
  { vxlanVNI: vni, vxlanPort: port }: Config<'calico-vxlan'>,
  machine: NamespaceBuilder,
): void {
  const { address: local, device, mtu } = underlayOf(node);
  const options = { vni, port, local, device, learning: false, gbp: false };
  machine.link({ kind: 'vxlan', name: VXLAN_CALICO, mtu: mtu - OVERHEAD.vxlan, mac: vtepMac(node), ...options });
  machine.address(VXLAN_CALICO, tunnelAddress(node), hostCidr(tunnelAddress(node)));
}

function addVtep(peer: Node, destination: string, machine: NamespaceBuilder): void {
  const mac = vtepMac(peer);
  machine.neighbour({ device: VXLAN_CALICO, address: tunnelAddress(peer), mac }, peer.origin);
  machine.fdb({ device: VXLAN_CALICO, mac, destination }, peer.origin);
}

function otherBlocks(cluster: Cluster, node: Node, { blockSize }: CalicoConfig): [peer: Node, blocks: Cidr[]][] {
  const peers = cluster.nodes.filter((peer) => peer !== node);
  return peers.map((peer) => [peer, blocksOf(peer, podsOf(cluster, peer), blockSize)]);
}

function podsOf({ pods }: Cluster, node: Node): Pod[] {
  return pods.filter((pod) => pod.node === node && !pod.hostNetwork);
}

/** The first address of the node's first block: what the node itself sends to pods of others from. */
function tunnelAddress({ podCIDR }: Node): string {
  return nthAddress(podCIDR, 0)!;
}
