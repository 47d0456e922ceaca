/**
 * What the controllers write about Services (kubernetes staging/src/k8s.io/endpointslice/reconciler.go;
 * pkg/controller/endpointslicemirroring/reconciler.go; pkg/controller/endpoint/endpoints_controller.go). The part of a name that they
 * draw at random is a number here.
 */
import { type Family, isOfFamily } from '../../net/address.ts';
import type { ManifestOf } from '../../parse/index.ts';
import type { EndpointAddress, EndpointPort, EndpointSlice, EndpointSubset, Endpoints, Pod } from '../cluster.ts';
import type { GivenEndpoints } from './given.ts';

type ServiceManifest = ManifestOf<'Service'>;
type ServicePort = NonNullable<ServiceManifest['object']['spec']['ports']>[number];

export const CONTROLLER = 'endpointslice-controller.k8s.io';
export const MIRRORING_CONTROLLER = 'endpointslicemirroring-controller.k8s.io';

/** kube-controller-manager's --max-endpoints-per-slice. */
const MAX_PER_SLICE = 100;
/** Its --mirroring-max-endpoints-per-subset. */
const MAX_MIRRORED = 1000;

/** Slices of one family each, for pods with the same ports: several where they have no room in one, an empty one for no pods. */
export function slicesOfPods(
  service: ServiceManifest,
  namespace: string,
  families: readonly Family[],
  pods: readonly Pod[],
): EndpointSlice[] {
  const groups = byPorts(service.object.spec.ports ?? [], pods);
  const slices = families.flatMap((family) => {
    const own = groups.flatMap(({ ports, pods: group }) =>
      chunks(addressesOf(group, service, namespace, family), MAX_PER_SLICE).map((endpoints) => ({ ports, endpoints })),
    );
    return (own.length > 0 ? own : [EMPTY]).map((subset) => ({ ...subset, family }));
  });
  return named(slices, service, namespace, CONTROLLER);
}

const EMPTY: EndpointSubset = { ports: [], endpoints: [] };

/** A slice for each family and for each set of ports; what has no room in it is left out. */
export function mirroredSlices(
  { subsets }: GivenEndpoints,
  service: ServiceManifest,
  namespace: string,
): EndpointSlice[] {
  const kept = subsets.map(({ ports, endpoints }) => ({ ports, endpoints: endpoints.slice(0, MAX_MIRRORED) }));
  const slices = merged(kept).flatMap(({ ports, endpoints }) =>
    ([4, 6] as const).flatMap((family) => {
      const own = endpoints.filter(({ address }) => isOfFamily(address, family));
      return own.length > 0 ? [{ ports, endpoints: own.slice(0, MAX_MIRRORED), family }] : [];
    }),
  );
  return named(slices, service, namespace, MIRRORING_CONTROLLER);
}

/** `SERVICE-0`, `SERVICE-1`, … */
function named(
  slices: readonly (EndpointSubset & { readonly family: Family })[],
  { object, origin }: ServiceManifest,
  namespace: string,
  managedBy: string,
): EndpointSlice[] {
  const { name } = object.metadata;
  return slices.map(({ family, ports, endpoints }, index) => ({
    namespace,
    name: `${name}-${index}`,
    service: name,
    addressType: `IPv${family}` as const,
    managedBy,
    ports,
    endpoints,
    origin,
  }));
}

/** Pods that give a named port different numbers, or have none of that name, are in groups of their own. */
function byPorts(ports: readonly ServicePort[], pods: readonly Pod[]): { ports: EndpointPort[]; pods: Pod[] }[] {
  const isNamed = ports.some(({ targetPort }) => typeof targetPort === 'string');
  if (!isNamed) return pods.length > 0 ? [{ ports: portsOf(ports, pods[0]!), pods: [...pods] }] : [];
  const groups = new Map<string, { ports: EndpointPort[]; pods: Pod[] }>();
  for (const pod of pods) {
    const own = portsOf(ports, pod);
    const key = JSON.stringify(own);
    const group = groups.get(key) ?? { ports: own, pods: [] };
    group.pods.push(pod);
    groups.set(key, group);
  }
  return [...groups.values()];
}

/** Those of the Service's that a pod has. */
function portsOf(ports: readonly ServicePort[], pod: Pod): EndpointPort[] {
  return ports.flatMap(({ name = '', protocol, port, targetPort = port }) => {
    const number = typeof targetPort === 'string' ? namedPort(targetPort, protocol, pod) : targetPort;
    return number === undefined ? [] : [{ name, protocol, port: number }];
  });
}

function namedPort(name: string, protocol: ServicePort['protocol'], { ports }: Pod): number | undefined {
  return ports.find((candidate) => candidate.name === name && candidate.protocol === protocol)?.port;
}

const ZONE = 'topology.kubernetes.io/zone';
const NONE: readonly string[] = [];

/** Hints for ready endpoints: their own zone, and their own node, where traffic is to stay near (staging/…/trafficdist.go). */
function addressesOf(
  pods: readonly Pod[],
  service: ServiceManifest,
  namespace: string,
  family: Family,
): EndpointAddress[] {
  const { metadata, spec } = service.object;
  const { publishNotReadyAddresses, trafficDistribution } = spec;
  return pods.flatMap(({ addresses, place, node, conditions, hostname, subdomain, namespace: space }) => {
    const address = addresses.find((own) => isOfFamily(own, family));
    if (address === undefined) return [];
    const ready = publishNotReadyAddresses || conditions.ready;
    const zone = node.labels[ZONE];
    const isNamed = hostname !== undefined && subdomain === metadata.name && space === namespace;
    const endpoint: EndpointAddress = {
      address,
      pod: place,
      node: node.name,
      ready,
      serving: conditions.serving,
      terminating: conditions.terminating,
      zoneHints: ready && trafficDistribution && zone !== undefined ? [zone] : NONE,
      nodeHints: ready && trafficDistribution === 'PreferSameNode' ? [node.name] : NONE,
    };
    return isNamed ? { ...endpoint, hostname } : endpoint;
  });
}

function chunks<T>(items: readonly T[], size: number): (readonly T[])[] {
  if (items.length > 0 && items.length <= size) return [items];
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}

const MAX_PER_ENDPOINTS = 1000;

/**
 * The Endpoints object: what the slices have of the Service's primary family, without pods that are going unless they are wanted
 * all the same. More than a thousand are truncated, ready ones last.
 */
export function endpointsObject(
  slices: readonly EndpointSlice[],
  { object: { metadata, spec }, origin }: ServiceManifest,
  namespace: string,
  family: Family,
): Endpoints {
  const subsets = merged(slices).map(({ ports, endpoints }) => ({
    ports,
    endpoints: endpoints
      .filter(
        ({ address, terminating }) => isOfFamily(address, family) && (spec.publishNotReadyAddresses || !terminating),
      )
      .toSorted((a, b) => (a.address < b.address ? -1 : 1)),
  }));
  const own = subsets.filter(({ endpoints }) => endpoints.length > 0);
  const count = own.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  const isTruncated = count > MAX_PER_ENDPOINTS;
  return { namespace, name: metadata.name, subsets: isTruncated ? truncated(own) : own, isTruncated, origin };
}

/** Each subset keeps its share of those that are too many: of the ready ones, when these are too many by themselves. */
function truncated(subsets: readonly EndpointSubset[]): EndpointSubset[] {
  const count = (ready: boolean) =>
    subsets.reduce((sum, { endpoints }) => sum + endpoints.filter((own) => own.ready === ready).length, 0);
  const isReadyTruncated = count(true) > MAX_PER_ENDPOINTS;
  const total = count(isReadyTruncated);
  const room = isReadyTruncated ? MAX_PER_ENDPOINTS : MAX_PER_ENDPOINTS - count(true);
  let left = room;
  return subsets.map(({ ports, endpoints }) => {
    const ready = endpoints.filter((own) => own.ready);
    const many = isReadyTruncated ? ready : endpoints.filter((own) => !own.ready);
    const kept = many.slice(0, Math.min(left, Math.ceil((many.length / total) * room)));
    left -= kept.length;
    return { ports, endpoints: isReadyTruncated ? kept : [...ready, ...kept] };
  });
}

/** Subsets with the same ports become one. */
function merged(subsets: readonly EndpointSubset[]): readonly EndpointSubset[] {
  if (subsets.length < 2) return subsets;
  const groups = new Map<string, { ports: readonly EndpointPort[]; endpoints: EndpointAddress[] }>();
  for (const { ports, endpoints } of subsets) {
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    group.endpoints.push(...endpoints);
    groups.set(key, group);
  }
  return [...groups.values()];
}
