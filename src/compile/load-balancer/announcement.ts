/** Which nodes MetalLB may announce an address from, whatever the protocol. */
import type { Node, Service } from '../../model/cluster.ts';

/** Node label `node.kubernetes.io/exclude-from-external-load-balancers`, whatever its value. */
const EXCLUDED = 'node.kubernetes.io/exclude-from-external-load-balancers';

/** Every address of these Services, and the nodes that may announce it for any of them. */
export function announcersOf(services: readonly Service[], nodes: readonly Node[]): Map<string, ReadonlySet<Node>> {
  const result = new Map<string, Set<Node>>();
  for (const service of services) {
    const own = announcingNodes(service, nodes);
    for (const address of service.ingressIPs) result.set(address, new Set([...(result.get(address) ?? []), ...own]));
  }
  return result;
}

/**
 * Those that may serve, none when the Service has no endpoint that does; with externalTrafficPolicy Local those that have one
 * themselves (metallb speaker/layer2_controller.go and bgp_controller.go, ShouldAnnounce).
 */
function announcingNodes({ ports, externalTrafficPolicy }: Service, nodes: readonly Node[]): Node[] {
  const serving = ports.flatMap(({ endpoints }) => endpoints.filter((endpoint) => endpoint.serving));
  if (serving.length === 0) return [];
  const usable = nodes.filter(({ labels }) => labels[EXCLUDED] === undefined);
  if (externalTrafficPolicy === 'Cluster') return usable;
  return usable.filter(({ name }) => serving.some(({ node }) => node === name));
}
