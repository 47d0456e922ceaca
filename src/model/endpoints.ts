/**
 * Endpoints of Services: what the EndpointSlice and mirroring controllers would write, or what is given.
 *
 * Given slices count as they stand. A selector yields endpoints unless slices of the controller itself are given
 * (a dump of a cluster). Endpoints objects are mirrored for Services without selector, unless labelled skip-mirror.
 *
 * kube-proxy of mode userspace reads Endpoints objects instead. Those of a selector have what the controller's slices
 * have; slices that somebody else wrote are in none, and nothing needs to be mirrored.
 */
import type { Diagnostics } from '../diagnostic.ts';
import { type Family, familyIn, familyOf } from '../net/address.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import { type Endpoint, type Node, objectName, type Pod, type ProxyMode } from './cluster.ts';
import { ofKind } from './defaults.ts';

type ServiceManifest = ManifestOf<'Service'>;
type ServicePortObject = NonNullable<ServiceManifest['object']['spec']['ports']>[number];
type TargetRef = NonNullable<ManifestOf<'EndpointSlice'>['object']['endpoints'][number]['targetRef']>;

const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const CONTROLLER = 'endpointslice-controller.k8s.io';
const MIRRORING_CONTROLLER = 'endpointslicemirroring-controller.k8s.io';
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';
const ZONE = 'topology.kubernetes.io/zone';

/** Everything endpoints can come from, indexed. */
export interface EndpointSource {
  readonly slices: ReadonlyMap<string, readonly ManifestOf<'EndpointSlice'>[]>;
  readonly endpoints: ReadonlyMap<string, ManifestOf<'Endpoints'>>;
  /** Pods by `namespace/label=value`. */
  readonly podsByLabel: ReadonlyMap<string, readonly Pod[]>;
  /** Which objects kube-proxy reads. */
  readonly reads: 'EndpointSlice' | 'Endpoints';
}

export function endpointSource(
  manifests: readonly Manifest[],
  { namespace, pods, proxy }: { namespace: string; pods: readonly Pod[]; proxy: ProxyMode },
  diagnostics: Diagnostics,
): EndpointSource {
  const key = (object: { metadata: { namespace?: string | undefined } }, name: string) =>
    `${object.metadata.namespace ?? namespace}/${name}`;
  const slices = new Map<string, ManifestOf<'EndpointSlice'>[]>();
  for (const slice of ofKind(manifests, 'EndpointSlice')) {
    const service = slice.object.metadata.labels?.[SERVICE_NAME];
    if (service === undefined) {
      diagnostics.warn(
        'unused',
        `this EndpointSlice belongs to no Service: it has no label ${SERVICE_NAME}`,
        slice.locate(['metadata']),
      );
      continue;
    }
    const of = key(slice.object, service);
    slices.set(of, [...(slices.get(of) ?? []), slice]);
  }
  return {
    slices,
    endpoints: new Map(
      ofKind(manifests, 'Endpoints').map((manifest) => [key(manifest.object, manifest.object.metadata.name), manifest]),
    ),
    podsByLabel: indexByLabel(pods),
    reads: proxy === 'userspace' ? 'Endpoints' : 'EndpointSlice',
  };
}

function indexByLabel(pods: readonly Pod[]): Map<string, Pod[]> {
  const index = new Map<string, Pod[]>();
  for (const pod of pods) {
    for (const [label, value] of Object.entries(pod.labels)) {
      const key = `${pod.namespace}/${label}=${value}`;
      const entry = index.get(key);
      if (entry) entry.push(pod);
      else index.set(key, [pod]);
    }
  }
  return index;
}

/**
 * The endpoints of one port of a Service, of its families, sorted by address and port, each once: of two that differ, the ready
 * one.
 */
export function endpointsOf(
  service: ServiceManifest,
  namespace: string,
  port: ServicePortObject,
  families: readonly Family[],
  source: EndpointSource,
): Endpoint[] {
  const { spec, metadata } = service.object;
  const given = source.slices.get(`${namespace}/${metadata.name}`) ?? [];
  const slices = source.reads === 'Endpoints' ? given.filter(isOfController) : given;
  const dumped = slices.some(({ object }) => object.metadata.labels?.[MANAGED_BY] === CONTROLLER);
  const mirrored =
    slices.length === 0 && !spec.selector ? source.endpoints.get(`${namespace}/${metadata.name}`) : undefined;
  const found = [
    ...slices.flatMap((slice) => fromSlice(slice, namespace, port)),
    ...(spec.selector && !dumped ? fromSelector(service, port, selectedPods(spec.selector, namespace, source)) : []),
    ...(mirrored ? fromEndpoints(mirrored, namespace, port, source) : []),
  ];
  const unique = new Map<string, Endpoint>();
  for (const endpoint of found) {
    if (familyOf(endpoint.address) === undefined || !families.includes(familyIn(endpoint.address))) continue;
    const key = `${endpoint.address}:${endpoint.port}`;
    if (!unique.get(key)?.ready) unique.set(key, endpoint);
  }
  return [...unique.values()].sort((a, b) => compareText(`${a.address}:${a.port}`, `${b.address}:${b.port}`));
}

/** There is an Endpoints object behind it, or beside it. */
function isOfController({ object }: ManifestOf<'EndpointSlice'>): boolean {
  return [CONTROLLER, MIRRORING_CONTROLLER].includes(object.metadata.labels?.[MANAGED_BY] ?? '');
}

/** A slice serves a Service's port when name and protocol agree; a slice port without number means all ports and is skipped. */
function fromSlice(
  { object }: ManifestOf<'EndpointSlice'>,
  namespace: string,
  { name = '', protocol }: ServicePortObject,
): Endpoint[] {
  const port = object.ports?.find(
    (candidate) => (candidate.name ?? '') === name && candidate.protocol === protocol,
  )?.port;
  if (port === undefined) return [];
  return object.endpoints.flatMap(({ addresses, conditions, nodeName, hints, targetRef, hostname }) => {
    const [address] = addresses;
    if (address === undefined || object.addressType !== `IPv${familyOf(address)}`) return [];
    const ready = conditions?.ready ?? true;
    return [
      {
        address,
        port,
        ...podOf(targetRef, namespace),
        ...(nodeName !== undefined && { node: nodeName }),
        ...(hostname !== undefined && { hostname }),
        ready,
        serving: conditions?.serving ?? ready,
        terminating: conditions?.terminating ?? false,
        zoneHints: hints?.forZones?.map((zone) => zone.name) ?? [],
        nodeHints: hints?.forNodes?.map((node) => node.name) ?? [],
      },
    ];
  });
}

/** Pods that carry all labels of a selector; an empty selector selects nothing. */
function selectedPods(
  selector: Readonly<Record<string, string>>,
  namespace: string,
  { podsByLabel }: EndpointSource,
): readonly Pod[] {
  const wanted = Object.entries(selector);
  const candidates = wanted.map(([label, value]) => podsByLabel.get(`${namespace}/${label}=${value}`) ?? []);
  const fewest = candidates.toSorted((a, b) => a.length - b.length)[0] ?? [];
  return fewest.filter(({ labels }) => wanted.every(([label, value]) => labels[label] === value));
}

function fromSelector({ object }: ServiceManifest, port: ServicePortObject, pods: readonly Pod[]): Endpoint[] {
  const { publishNotReadyAddresses, trafficDistribution } = object.spec;
  /** kubernetes staging/src/k8s.io/endpointslice/utils.go, ShouldSetHostname */
  const hostnameOf = ({ hostname, subdomain }: Pod) =>
    hostname !== undefined && subdomain === object.metadata.name ? { hostname } : {};
  return pods.flatMap((pod) => {
    const target = targetPort(port, pod);
    if (target === undefined) return [];
    const { ready, serving, terminating } = pod.conditions;
    return pod.addresses.map((address) => ({
      address,
      port: target,
      pod: pod.place,
      node: pod.node.name,
      ...hostnameOf(pod),
      ready: publishNotReadyAddresses || ready,
      serving,
      terminating,
      zoneHints:
        trafficDistribution === 'PreferClose' || trafficDistribution === 'PreferSameZone' ? zoneOf(pod.node) : [],
      nodeHints: trafficDistribution === 'PreferSameNode' ? [pod.node.name] : [],
    }));
  });
}

/** A name is looked up in the pod's own container ports: pods may give one name different numbers. */
function targetPort({ targetPort: target, port, protocol }: ServicePortObject, pod: Pod): number | undefined {
  if (typeof target === 'string')
    return pod.ports.find((candidate) => candidate.name === target && candidate.protocol === protocol)?.port;
  return target || port;
}

function fromEndpoints(
  { object }: ManifestOf<'Endpoints'>,
  namespace: string,
  { name = '', protocol }: ServicePortObject,
  { reads }: EndpointSource,
): Endpoint[] {
  if (reads === 'EndpointSlice' && object.metadata.labels?.[SKIP_MIRROR] === 'true') return [];
  return (object.subsets ?? []).flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) => {
    const port = ports.find((candidate) => (candidate.name ?? '') === name && candidate.protocol === protocol)?.port;
    if (port === undefined) return [];
    const endpoint =
      (ready: boolean) =>
      ({ ip, nodeName, targetRef, hostname }: (typeof addresses)[number]): Endpoint => ({
        address: ip,
        port,
        ...podOf(targetRef, namespace),
        ...(nodeName !== undefined && { node: nodeName }),
        ...(hostname !== undefined && { hostname }),
        ready,
        serving: ready,
        terminating: false,
        zoneHints: [],
        nodeHints: [],
      });
    return [...addresses.map(endpoint(true)), ...notReadyAddresses.map(endpoint(false))];
  });
}

function podOf(target: TargetRef | undefined, namespace: string): Pick<Endpoint, 'pod'> {
  if (target?.kind !== 'Pod' || target.name === undefined) return {};
  return { pod: `pod/${objectName(target.namespace ?? namespace, target.name)}` };
}

function zoneOf({ labels }: Node): string[] {
  return labels[ZONE] === undefined ? [] : [labels[ZONE]];
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
