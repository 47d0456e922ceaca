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
import { addToBird } from './bird.ts';
import { blocksOf } from './blocks.ts';
import { compileFelix, type Encapsulation, ipSets } from './felix.ts';
import { vtepMac } from './names.ts';
import { connectWorkload } from './workloads.ts';

type Config<M extends CniConfig['mode']> = Extract<CniConfig, { mode: M }>;

/** What the CNI configuration of Calico's manifests calls the network. */
const NETWORK = 'k8s-pod-network';
/** FelixConfiguration deviceRouteProtocol. */
const FELIX = 80;
/** Of outer headers. */
const OVERHEAD = { ipip: { 4: 20, 6: 40 }, vxlan: { 4: 50, 6: 70 } } as const;
const TUNL0 = 'tunl0';
const VXLAN_DEVICES = { 4: 'vxlan.calico', 6: 'vxlan-v6.calico' } as const;

export function compileCalicoIpip(cluster: Cluster, state: KernelStateBuilder): void {
  const config = cluster.cni as Config<'calico-ipip'>;
  compileNodes(cluster, config, { kind: 'ipip', device: TUNL0 }, state);
  for (const node of cluster.nodes) {
    const machine = state.get(node.netns);
    const own = underlayOf(node);
    machine.link({ kind: 'tunl0', name: TUNL0, mtu: own.mtu - OVERHEAD.ipip[4] });
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
  const tunnel = VXLAN_DEVICES[cluster.podCIDR.family];
  compileNodes(cluster, config, { kind: 'vxlan', device: tunnel, port: config.vxlanPort }, state);
  for (const node of cluster.nodes) {
    const machine = state.get(node.netns);
    compileVxlanDevice(node, config, machine);
    const own = underlayOf(node);
    for (const [peer, blocks] of otherBlocks(cluster, node, config)) {
      const { network, address } = underlayOf(peer);
      const isDirect = config.vxlanMode === 'CrossSubnet' && network === own.network;
      if (!isDirect) addVtep(peer, address, machine);
      const [via, device] = isDirect ? [address, own.device] : [tunnelAddress(peer), tunnel];
      for (const { text: to } of blocks)
        machine.route({ to, via, device, onlink: true, ...(isDirect && { protocol: FELIX }) }, peer.origin);
    }
  }
}

export function compileCalicoBgp(cluster: Cluster, state: KernelStateBuilder): void {
  const config = cluster.cni as Config<'calico-bgp'>;
  compileNodes(cluster, config, undefined, state);
  for (const node of cluster.nodes)
    addToBird(state.get(node.netns), cluster, node, config, (owner) => blocksOf(owner, podsOf(cluster, owner), config));
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
    const { family } = node.podCIDR;
    const mtu = config.mtu ?? underlayOf(node).mtu - (encapsulation ? OVERHEAD[encapsulation.kind][family] : 0);
    for (const pod of pods) connectWorkload(pod, node, mtu, state);
    if (encapsulation)
      for (const { text } of blocksOf(node, pods, config)) machine.route({ to: text, protocol: FELIX });
    compileIpSets(cluster, node, config, encapsulation, machine);
    const ipvs = hasIpvsRules(cluster) ? cluster : undefined;
    compileFelix(machine, pods, cluster, { family, encapsulation, natOutgoing: config.natOutgoing, ipvs });
    compileHostPorts(node, cluster.pods, NETWORK, (pod) => hostCidr(pod.address), state);
  }
}

function hasIpvsRules({ proxy, policies }: Cluster): boolean {
  return proxy.mode === 'ipvs' && policies.length > 0;
}

function compileIpSets(
  cluster: Cluster,
  node: Node,
  { natOutgoing }: CalicoConfig,
  encapsulation: Encapsulation | undefined,
  machine: NamespaceBuilder,
): void {
  const { nodes, podCIDR } = cluster;
  const { ipsets, origin } = machine;
  const { family } = podCIDR;
  const names = ipSets(family);
  const definition = `hash:net family ${family === 4 ? 'inet' : 'inet6'} hashsize 1024 maxelem 1048576`;
  const add = (name: string, entries: readonly string[]) => ipsets.push({ name, definition, entries, origin });
  const addressesOf = (owners: readonly Node[]) => owners.map((owner) => underlayOf(owner).address);
  add(names.allPools, [podCIDR.text]);
  add(names.masqueradedPools, natOutgoing ? [podCIDR.text] : []);
  if (encapsulation?.kind === 'ipip') add(names.hosts, addressesOf(nodes));
  if (encapsulation?.kind === 'vxlan') add(names.vteps, addressesOf(nodes.filter((peer) => peer !== node)));
  if (!hasIpvsRules(cluster)) return;
  /** Those of kube-ipvs0 are the Services'. */
  const own = [...machine.addressesIn(family), ...(encapsulation ? [tunnelAddress(node)] : [])];
  ipsets.push({ name: names.thisHost, definition: definition.replace('hash:net', 'hash:ip'), entries: own, origin });
}

function compileVxlanDevice(
  node: Node,
  { vxlanVNI: vni, vxlanPort: port }: Config<'calico-vxlan'>,
  machine: NamespaceBuilder,
): void {
  const { family } = node.podCIDR;
  const { address: local, device, mtu } = underlayOf(node);
  const options = { vni, port, local, device, learning: false, gbp: false };
  const name = VXLAN_DEVICES[family];
  machine.link({ kind: 'vxlan', name, mtu: mtu - OVERHEAD.vxlan[family], mac: vtepMac(node, family), ...options });
  machine.address(name, tunnelAddress(node), hostCidr(tunnelAddress(node)));
}

function addVtep(peer: Node, destination: string, machine: NamespaceBuilder): void {
  const { family } = peer.podCIDR;
  const [device, mac] = [VXLAN_DEVICES[family], vtepMac(peer, family)];
  machine.neighbour({ device, address: tunnelAddress(peer), mac }, peer.origin);
  machine.fdb({ device, mac, destination }, peer.origin);
}

function otherBlocks(cluster: Cluster, node: Node, config: CalicoConfig): [peer: Node, blocks: Cidr[]][] {
  const peers = cluster.nodes.filter((peer) => peer !== node);
  return peers.map((peer) => [peer, blocksOf(peer, podsOf(cluster, peer), config)]);
}

function podsOf({ pods }: Cluster, node: Node): Pod[] {
  return pods.filter((pod) => pod.node === node && !pod.hostNetwork);
}

/** The first address of the node's first block: what the node itself sends to pods of others from. */
function tunnelAddress({ podCIDR }: Node): string {
  return nthAddress(podCIDR, 0)!;
}
