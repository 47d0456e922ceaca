/**
 * Cluster → KernelState: machines first, Docker on hosts that have it, then on every node what starts there, in its order:
 * kubelet, kube-proxy, network plugin; what kube-proxy keeps up to date once the node has all its addresses; and last whoever
 * enforces policies, whose rules come before those of all others. Each of them does for every address family the same with what
 * it sees of the cluster in that family.
 */
import { type Cluster, placesOf } from '../model/cluster.ts';
import { inFamily } from '../model/family.ts';
import { KernelStateBuilder } from './builder.ts';
import { compileCni } from './cni/index.ts';
import { compileDocker } from './docker.ts';
import { compileIngress } from './ingress/index.ts';
import type { KernelState } from './kernel-state.ts';
import { compileKubelet } from './kubelet.ts';
import { compileLoadBalancers } from './load-balancer/index.ts';
import { compileNetworks } from './networks.ts';
import { compilePolicies } from './policy/index.ts';
import { startProxy, syncProxy } from './proxy/index.ts';

export type { KernelState } from './kernel-state.ts';

export function compile(cluster: Cluster): KernelState {
  const state = new KernelStateBuilder();
  compileNetworks(cluster, state);
  compileDocker(cluster, state);
  for (const family of cluster.families) {
    const seen = inFamily(cluster, family);
    for (const node of seen.nodes) compileKubelet(node, state.get(node.netns));
    startProxy(seen, state);
    compileCni(seen, state);
    syncProxy(seen, state);
    compilePolicies(seen, state);
  }
  compileLoadBalancers(cluster, state);
  compileIngress(cluster, state);
  for (const { place, netns } of placesOf(cluster)) {
    const namespace = state.get(netns);
    if (namespace.place !== place) namespace.guests.push(place);
  }
  return state.build();
}
