/**
 * MetalLB, layer 2 (metallb internal/layer2): the address is on no interface; the speaker of one node answers ARP for it, so that
 * its packets come to that node, where kube-proxy knows them.
 *
 *   client ── who has 10.0.0.240? ──┬── node1  speaker: not elected, silent
 *                                   └── node2  speaker: "I have", and kube-proxy translates what comes
 */
import type { Cluster, LoadBalancer, Service } from '../../model/cluster.ts';
import { isOfFamily } from '../../net/address.ts';
import { macFor } from '../../net/name.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { announcersOf } from './announcement.ts';

/** Memberlist's, by which speakers know of each other (metallb speaker/main.go, METALLB_ML_BIND_PORT). */
const MEMBERLIST_PORT = 7946;

export function compileLayer2(
  { origin }: LoadBalancer,
  services: readonly Service[],
  { nodes }: Cluster,
  state: KernelStateBuilder,
): void {
  const announcements = [...announcersOf(services, nodes)]
    .filter(([address]) => isOfFamily(address, 4))
    .map(([address, candidates]) => ({ address, nodes: [...candidates].map(({ name }) => name) }));
  const socketOf = (address: string) => ({ address, port: MEMBERLIST_PORT });
  for (const node of nodes)
    state.get(node.netns).speaker = {
      node: node.name,
      devices: node.interfaces.map(({ device, address }) => ({ name: device, mac: macFor('machine', address) })),
      local: socketOf(node.address),
      peers: nodes
        .filter((other) => other !== node)
        .map(({ name, address }) => ({ node: name, at: socketOf(address) })),
      announcements,
      origin,
    };
}
