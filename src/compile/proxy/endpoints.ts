/**
 * Which endpoints a node's kube-proxy uses for a Service's port (kubernetes pkg/proxy/topology.go,
 * CategorizeEndpoints), the same in all modes.
 */
import type { Endpoint, Node, Service, ServicePort } from '../../model/cluster.ts';

export interface Categorized {
  /** For traffic with policy Cluster. */
  readonly cluster: readonly Endpoint[];
  /** For traffic with policy Local; empty when no policy of the Service asks for it. */
  readonly local: readonly Endpoint[];
  /** Both together, each endpoint once. */
  readonly reachable: readonly Endpoint[];
  /** Whether any endpoint anywhere could serve: tells "no endpoints" (reject) from "no local endpoints" (drop). */
  readonly hasAnyEndpoints: boolean;
  /** Whether traffic to the ClusterIP, and traffic from outside, finds one that its policy allows. */
  readonly hasInternalEndpoints: boolean;
  readonly hasExternalEndpoints: boolean;
}

const ZONE = 'topology.kubernetes.io/zone';

export function categorizeEndpoints(service: Service, port: ServicePort, node: Node): Categorized {
  const external = hasExternalAddress(service, port);
  const internalLocal = service.internalTrafficPolicy === 'Local';
  const externalLocal = service.externalTrafficPolicy === 'Local';
  const useLocal = internalLocal || (external && externalLocal);
  const useCluster = !internalLocal || external;
  const ready = port.endpoints.filter((endpoint) => endpoint.ready);
  const terminating = port.endpoints.filter((endpoint) => endpoint.serving && endpoint.terminating);

  const cluster = useCluster ? firstNonEmpty(inTopology(ready, node), terminating) : [];
  const isLocal = (endpoint: Endpoint) => endpoint.node === node.name;
  const local = useLocal ? firstNonEmpty(ready.filter(isLocal), terminating.filter(isLocal)) : [];
  const hasAnyEndpoints = cluster.length > 0 || local.length > 0 || ready.length > 0 || terminating.length > 0;
  return {
    cluster,
    local,
    reachable: [...new Set([...cluster, ...local])],
    hasAnyEndpoints,
    hasInternalEndpoints: hasAnyEndpoints && (!internalLocal || local.length > 0),
    hasExternalEndpoints: hasAnyEndpoints && (!externalLocal || local.length > 0),
  };
}

/** NodePort, external IP or load balancer address: whatever `externalTrafficPolicy` speaks about. */
export function hasExternalAddress(service: Service, port: ServicePort): boolean {
  return port.nodePort !== undefined || service.externalIPs.length > 0 || service.loadBalancerIPs.length > 0;
}

/**
 * Hints keep traffic near: on the same node, else in the same zone. They count only when every ready endpoint
 * carries them and one names this node or its zone.
 */
function inTopology(ready: readonly Endpoint[], node: Node): readonly Endpoint[] {
  const near = (hints: (endpoint: Endpoint) => readonly string[], here: string | undefined): readonly Endpoint[] =>
    here !== undefined && ready.every((endpoint) => hints(endpoint).length > 0)
      ? ready.filter((endpoint) => hints(endpoint).includes(here))
      : [];
  const onNode = near(({ nodeHints }) => nodeHints, node.name);
  const inZone = near(({ zoneHints }) => zoneHints, node.labels[ZONE]);
  return firstNonEmpty(onNode, firstNonEmpty(inZone, ready));
}

function firstNonEmpty<T>(first: readonly T[], second: readonly T[]): readonly T[] {
  return first.length > 0 ? first : second;
}
