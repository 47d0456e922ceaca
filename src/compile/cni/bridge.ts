/**
 * The `bridge` plugin on its own, as in a cluster set up by hand: pods on cni0, static routes between nodes.
 * With `ipMasq`, the plugin masquerades what leaves the node's own pod subnet, pods of other nodes included
 * (containernetworking/plugins pkg/ip/ipmasq_iptables_linux.go).
 *
 *   nat POSTROUTING ─ from the pod → CNI-x ─ to its own subnet: ACCEPT, else MASQUERADE
 */

import type { Cluster, CniConfig, Node, Pod } from '../../model/cluster.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { compilePods } from './bridge-plugin.ts';
import { chainName, containerId } from './names.ts';
import { compileHostPorts } from './portmap.ts';
import { compileDirectRoute, underlayOf } from './underlay.ts';

type Config = Extract<CniConfig, { mode: 'bridge' }>;

/** The name of the network in the plugin's configuration. */
const NETWORK = 'bridge';

export function compileBridge(cluster: Cluster, state: KernelStateBuilder): void {
  const { mtu, ipMasq, hairpinMode, routes } = cluster.cni as Config;
  for (const node of cluster.nodes) {
    const options = { mtu: mtu ?? underlayOf(node).mtu, hairpin: hairpinMode, podRoutes: [] };
    compilePods(node, cluster.pods, options, state);
    if (routes === 'static')
      for (const peer of cluster.nodes) if (peer !== node) compileDirectRoute(node, peer, peer.interfaces, state);
    if (ipMasq)
      for (const pod of cluster.pods) if (pod.node === node && !pod.hostNetwork) compileMasquerade(node, pod, state);
    compileHostPorts(node, cluster.pods, NETWORK, () => node.podCIDR, state);
  }
}

function compileMasquerade(node: Node, pod: Pod, state: KernelStateBuilder): void {
  const { iptables } = state.get(node.netns);
  const id = containerId(pod);
  const chain = chainName('', NETWORK, id);
  const comment = `-m comment --comment "name: \\"${NETWORK}\\" id: \\"${id}\\""`;
  iptables.append('nat', chain, `-d ${node.podCIDR.text} ${comment} -j ACCEPT`, pod.origin);
  iptables.append('nat', chain, `! -d 224.0.0.0/4 ${comment} -j MASQUERADE`, pod.origin);
  iptables.append('nat', 'POSTROUTING', `-s ${pod.address} ${comment} -j ${chain}`, pod.origin);
}
