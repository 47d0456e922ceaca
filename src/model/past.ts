/**
 * What stood before a step binds what comes after it: pods keep their nodes and addresses, Services their addresses and ports,
 * as the API server keeps them in the objects. What is broken stays so until it is mended.
 */
import type { Manifest } from '../parse/index.ts';
import type { PodState } from '../parse/schema/topology.ts';
import type { Check } from './check.ts';
import type { Cluster, Fault, ImpairedLink, Pod, Service } from './cluster.ts';
import { clusterIPsOf } from './defaults.ts';
import { type Draft, podPlace } from './draft.ts';
import type { AddressPool } from './pool.ts';

export interface Past {
  /** By place. */
  readonly pods: ReadonlyMap<string, Pod>;
  /** By `namespace/name`. */
  readonly services: ReadonlyMap<string, Service>;
  /** What pods were made to be, whatever their objects say, by place. */
  readonly states: ReadonlyMap<string, PodState>;
  /** Places of pods that were deleted: a workload gives their names to nobody else. */
  readonly deleted: ReadonlySet<string>;
  /** All addresses that pods have had. */
  readonly addresses: readonly string[];
  readonly faults: readonly Fault[];
  readonly impairedLinks: readonly ImpairedLink[];
  /** Those made so far. */
  readonly checks: readonly Check[];
}

export const NO_PAST: Past = {
  pods: new Map(),
  services: new Map(),
  states: new Map(),
  deleted: new Set(),
  addresses: [],
  faults: [],
  impairedLinks: [],
  checks: [],
};

/** What a cluster leaves to the one after it, when these pods are deleted, and those are made to be something else. */
export function pastOf(
  { pods, services, faults, impairedLinks, checks }: Cluster,
  past: Past,
  { deleted, states }: Pick<Past, 'deleted' | 'states'>,
): Past {
  const stays = ({ place }: Pod) => !deleted.has(place);
  return {
    pods: new Map(pods.filter(stays).map((pod) => [pod.place, pod])),
    services: new Map(services.map((service) => [`${service.namespace}/${service.name}`, service])),
    states: new Map([...[...past.states].filter(([place]) => !deleted.has(place)), ...states]),
    deleted: new Set([...past.deleted, ...deleted]),
    addresses: [...past.addresses, ...pods.filter(({ hostNetwork }) => !hostNetwork).flatMap((pod) => pod.addresses)],
    faults,
    impairedLinks,
    checks: [...past.checks, ...checks],
  };
}

/** Pods as they were bound and as they were made to be. One that is to be on another node is another pod. */
export function asBound(drafts: readonly Draft[], { pods, states }: Past): Draft[] {
  return drafts.map((draft) => {
    const place = podPlace(draft);
    return asSet(bound(draft, pods.get(place)), states.get(place));
  });
}

function bound(draft: Draft, pod: Pod | undefined): Draft {
  const { nodeName = pod?.node.name } = draft.spec;
  if (!pod || nodeName !== pod.node.name) return draft;
  const podIPs = pod.addresses.map((ip) => ({ ip }));
  return {
    ...draft,
    spec: { ...draft.spec, nodeName },
    status: { ...draft.status, ...(!pod.hostNetwork && { podIP: pod.address, podIPs }) },
  };
}

/** A terminating pod still serves (kubernetes pkg/controller/util/endpoint: it is ready but for its deletion). */
function asSet(draft: Draft, state: PodState | undefined): Draft {
  if (state === undefined) return draft;
  const status = state === 'not-ready' ? 'False' : 'True';
  return {
    ...draft,
    status: { ...draft.status, phase: 'Running', conditions: [{ type: 'Ready', status }] },
    terminating: state === 'terminating',
  };
}

/** host-local goes on after the address it gave last (containernetworking/plugins, host-local/backend/allocator/allocator.go, GetIter). */
export function goOn(pool: AddressPool, offset: number, { addresses }: Past): void {
  for (const address of addresses) pool.passBy(address, offset);
}

/** Services, which say their namespaces, with what was allocated to them. */
export function withAllocations(manifests: readonly Manifest[], { services }: Past): Manifest[] {
  return manifests.map((manifest) => {
    if (manifest.kind !== 'Service') return manifest;
    const { metadata, spec } = manifest.object;
    const service = services.get(`${metadata.namespace}/${metadata.name}`);
    if (!service || spec.type === 'ExternalName') return manifest;
    const given = clusterIPsOf(manifest.object);
    const addresses = given.length > 0 ? {} : { clusterIP: service.clusterIP, clusterIPs: [...service.clusterIPs] };
    const { healthCheckNodePort = service.healthCheckNodePort } = spec;
    const ports = spec.ports?.map((port) => {
      const { nodePort } = service.ports.find((own) => own.port === port.port && own.protocol === port.protocol) ?? {};
      return port.nodePort || nodePort === undefined ? port : { ...port, nodePort };
    });
    const exposed = spec.type === 'ClusterIP' ? {} : { ports, healthCheckNodePort };
    return { ...manifest, object: { ...manifest.object, spec: { ...spec, ...addresses, ...exposed } } };
  });
}
