/**
 * Who enforces NetworkPolicies: in Calico's modes Felix does, with its other rules for pods (cni/calico/policy.ts); beside every
 * other network plugin the network policy controller of kube-router, as k3s has it.
 */
import type { Cluster } from '../../model/cluster.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { compileKubeRouter } from './kube-router.ts';

export function compilePolicies(cluster: Cluster, state: KernelStateBuilder): void {
  if (!cluster.cni.mode.startsWith('calico-')) compileKubeRouter(cluster, state);
}
