/**
 * Cluster → KernelState: machines first, then on every node what starts there, in its order: kubelet, kube-proxy, network
 * plugin; and what kube-proxy keeps up to date once the node has all its addresses.
 */
import type { Cluster } from '../model/cluster.ts';
import { KernelStateBuilder } from './builder.ts';
import { compileCni } from './cni/index.ts';
import type { KernelState } from './kernel-state.ts';
import { compileKubelet } from './kubelet.ts';
import { compileNetworks } from './networks.ts';
import { startProxy, syncProxy } from './proxy/index.ts';

export type { KernelState } from './kernel-state.ts';

export function compile(cluster: Cluster): KernelState {
  const state = new KernelStateBuilder();
  compileNetworks(cluster, state);
  for (const node of cluster.nodes) compileKubelet(node, state.get(node.netns));
  startProxy(cluster, state);
  compileCni(cluster, state);
  syncProxy(cluster, state);
  return state.build();
}
