/** Cluster → KernelState: machines first, then on every node what starts there, in its order: kubelet, kube-proxy, network plugin. */
import type { Cluster } from '../model/cluster.ts';
import { KernelStateBuilder } from './builder.ts';
import { compileCni } from './cni/index.ts';
import type { KernelState } from './kernel-state.ts';
import { compileKubelet } from './kubelet.ts';
import { compileNetworks } from './networks.ts';
import { compileProxy } from './proxy/index.ts';

export type { KernelState } from './kernel-state.ts';

export function compile(cluster: Cluster): KernelState {
  const state = new KernelStateBuilder();
  compileNetworks(cluster, state);
  for (const node of cluster.nodes) compileKubelet(node, state.get(node.netns));
  compileProxy(cluster, state);
  compileCni(cluster, state);
  return state.build();
}
