/** Who gives Services their addresses also brings packets for these to nodes. A new kind is one file here, its options in the schema, and its topology. */
import type { Cluster, LoadBalancer, Service } from '../../model/cluster.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { compileCloud } from './cloud.ts';
import { compileKlipper } from './klipper.ts';
import { compileBgp } from './metallb-bgp.ts';
import { compileLayer2 } from './metallb-l2.ts';

type Compile = (
  balancer: LoadBalancer,
  services: readonly Service[],
  cluster: Cluster,
  state: KernelStateBuilder,
) => void;

const KINDS: Record<LoadBalancer['kind'], Compile> = {
  cloud: compileCloud,
  'metallb-l2': compileLayer2,
  'metallb-bgp': compileBgp,
  klipper: compileKlipper,
};

export function compileLoadBalancers(cluster: Cluster, state: KernelStateBuilder): void {
  for (const balancer of cluster.loadBalancers) {
    const own = cluster.services.filter(
      ({ loadBalancer, ingressIPs }) => loadBalancer === balancer.name && ingressIPs.length > 0,
    );
    KINDS[balancer.kind](balancer, own, cluster, state);
  }
}
