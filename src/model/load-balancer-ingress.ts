/**
 * Which addresses the load balancers give to Services, one a family, as MetalLB allocates them (metallb internal/allocator): the
 * first of the pool that is free, or that may be shared. What a Service's status says stands, and what it asks for is its own
 * before anything is given away.
 *
 * Two Services share an address when both name the same key, have no port in common, and send to the same endpoints if their
 * externalTrafficPolicy is Local: only then does every node with one have the other.
 */
import type { Diagnostics } from '../diagnostic.ts';
import { type Family, familyIn, familyOf } from '../net/address.ts';
import { addressesIn, rangeContains } from '../net/range.ts';
import type { ManifestOf } from '../parse/index.ts';
import type { LoadBalancer, Node } from './cluster.ts';
import type { PooledBalancer } from './load-balancers.ts';

type ServiceManifest = ManifestOf<'Service'>;

export interface LoadBalancerIngress {
  readonly addresses: readonly { readonly ip: string; readonly ipMode: 'VIP' | 'Proxy' }[];
  readonly balancer?: LoadBalancer;
}

/** A Service that wants to be reached from outside. */
export interface Applicant {
  readonly service: ServiceManifest;
  readonly families: readonly Family[];
  /** The nodes that have a ready endpoint of it. */
  readonly localNodes: readonly Node[];
}

const SHARED_IP = ['metallb.io/allow-shared-ip', 'metallb.universe.tf/allow-shared-ip'];
const REQUESTED_IPS = ['metallb.io/loadBalancerIPs', 'metallb.universe.tf/loadBalancerIPs'];

export function allocateLoadBalancerIngress(
  applicants: readonly Applicant[],
  balancers: readonly PooledBalancer[],
  nodes: readonly Node[],
  diagnostics: Diagnostics,
): Map<ServiceManifest, LoadBalancerIngress> {
  const holders = new Holders();
  const served = applicants.map((applicant) => ({ applicant, own: balancerOf(applicant.service, balancers) }));
  const result = new Map<ServiceManifest, LoadBalancerIngress>();
  for (const { applicant, own } of served) {
    const given = statusOf(applicant.service);
    if (!given) continue;
    for (const { ip } of given) holders.take(ip, applicant.service);
    result.set(applicant.service, { addresses: given, ...(own && { balancer: own.balancer }) });
  }
  const waiting = served.filter(({ applicant }) => !result.has(applicant.service));
  for (const { applicant, own } of waiting) {
    const asked = requestedBy(applicant.service);
    if (asked.length === 0 || (own && own.balancer.kind === 'klipper')) continue;
    if (own && !isGranted(asked, applicant.service, own, holders, diagnostics)) continue;
    for (const ip of asked) holders.take(ip, applicant.service);
    result.set(applicant.service, inMode(asked, own?.balancer));
  }
  for (const { applicant, own } of waiting) {
    if (result.has(applicant.service) || !own) continue;
    const addresses =
      own.balancer.kind === 'klipper'
        ? addressesOfNodes(applicant, nodes, holders)
        : fromPool(applicant, own, holders, diagnostics);
    result.set(applicant.service, inMode(addresses, own.balancer));
  }
  return result;
}

/** An external load balancer of mode Proxy is the only kind whose addresses kube-proxy does not take for its own (KEP-1860). */
function inMode(addresses: readonly string[], balancer: LoadBalancer | undefined): LoadBalancerIngress {
  const ipMode = balancer?.kind === 'cloud' ? balancer.ipMode : 'VIP';
  return { addresses: addresses.map((ip) => ({ ip, ipMode })), ...(balancer && { balancer }) };
}

function balancerOf({ object }: ServiceManifest, balancers: readonly PooledBalancer[]): PooledBalancer | undefined {
  return balancers.find(({ balancer }) => balancer.loadBalancerClass === object.spec.loadBalancerClass);
}

function statusOf({ object }: ServiceManifest): LoadBalancerIngress['addresses'] | undefined {
  const ingress = object.status?.loadBalancer?.ingress;
  return ingress?.flatMap(({ ip, ipMode = 'VIP' }) => (ip === undefined ? [] : [{ ip, ipMode }]));
}

/** In the words of MetalLB or, deprecated, in those of Kubernetes. */
function requestedBy({ object }: ServiceManifest): string[] {
  const annotation = annotationOf(object, REQUESTED_IPS);
  if (annotation !== undefined) return annotation.split(',').map((text) => text.trim());
  return object.spec.loadBalancerIP ? [object.spec.loadBalancerIP] : [];
}

function annotationOf({ metadata }: ServiceManifest['object'], names: readonly string[]): string | undefined {
  return names.map((name) => metadata.annotations?.[name]).find((value) => value !== undefined);
}

function isGranted(
  asked: readonly string[],
  service: ServiceManifest,
  { balancer, pool }: PooledBalancer,
  holders: Holders,
  diagnostics: Diagnostics,
): boolean {
  const at = service.locate(
    service.object.spec.loadBalancerIP ? ['spec', 'loadBalancerIP'] : ['metadata', 'annotations'],
  );
  const ranges = pool.map(({ text }) => text).join(', ');
  for (const ip of asked) {
    if (familyOf(ip) === undefined) {
      diagnostics.error('invalid-value', `"${ip}" is not an address`, at);
      return false;
    }
    if (!pool.some((range) => rangeContains(range, ip))) {
      diagnostics.error(
        'address-outside',
        `${ip} is none of ${balancer.name}'s: ${ranges}`,
        at,
        'ask for one of these, or for none',
      );
      return false;
    }
    const obstacle = holders.obstacle(ip, service);
    if (obstacle !== undefined) {
      diagnostics.error('address-taken', `${ip} ${obstacle}`, at, SHARING);
      return false;
    }
  }
  return true;
}

const SHARING =
  'Services share an address when both have the annotation metallb.io/allow-shared-ip with the same value, different ports, and the same pods behind externalTrafficPolicy Local';

function fromPool(
  { service, families }: Applicant,
  { balancer, pool }: PooledBalancer,
  holders: Holders,
  diagnostics: Diagnostics,
): string[] {
  return families.flatMap((family) => {
    const ranges = pool.filter((range) => range.family === family);
    for (const range of ranges)
      for (const ip of addressesIn(range)) {
        if (holders.obstacle(ip, service) !== undefined) continue;
        holders.take(ip, service);
        return [ip];
      }
    const { name } = service.object.metadata;
    diagnostics.error(
      'addresses-exhausted',
      ranges.length === 0
        ? `${balancer.name} has no IPv${family} address for Service ${name}`
        : `${balancer.name} has no address left for Service ${name}: ${ranges.map(({ text }) => text).join(', ')} are taken`,
      service.locate(['metadata', 'name']),
      `add addresses to load balancer ${balancer.name}, or let Services share one`,
    );
    return [];
  });
}

/**
 * klipper's are those of the nodes whose ports its pods have, with policy Local those of nodes with an endpoint (k3s
 * pkg/cloudprovider/servicelb.go, podIPs). Of two Services with one port the later one waits: its pods find it taken.
 */
function addressesOfNodes(
  { service, families, localNodes }: Applicant,
  nodes: readonly Node[],
  holders: Holders,
): string[] {
  const all = nodes.flatMap((node) => node.addresses.filter((address) => families.includes(familyIn(address))));
  if (all.some((address) => holders.hasPort(address, service))) return [];
  for (const address of all) holders.take(address, service);
  const ready = service.object.spec.externalTrafficPolicy === 'Local' ? localNodes : nodes;
  return all.filter((address) => ready.some((node) => node.addresses.includes(address))).sort();
}

/** Who has which address. */
class Holders {
  readonly #services = new Map<string, ServiceManifest[]>();

  take(address: string, service: ServiceManifest): void {
    this.#services.set(address, [...(this.#services.get(address) ?? []), service]);
  }

  /** Why a Service cannot have an address that others have; undefined when it can. */
  obstacle(address: string, service: ServiceManifest): string | undefined {
    const others = this.#services.get(address) ?? [];
    if (this.hasPort(address, service))
      return `has a port of this Service already, for Service ${others[0]!.object.metadata.name}`;
    const stranger = others.find((other) => !mayShare(other, service));
    return stranger && `is that of Service ${stranger.object.metadata.name}`;
  }

  hasPort(address: string, service: ServiceManifest): boolean {
    const own = portsOf(service);
    return (this.#services.get(address) ?? []).some((other) => portsOf(other).some((port) => own.includes(port)));
  }
}

function mayShare(a: ServiceManifest, b: ServiceManifest): boolean {
  const [ours, theirs] = [a, b].map(({ object }) => annotationOf(object, SHARED_IP) ?? '');
  return ours !== '' && ours === theirs && backendOf(a) === backendOf(b);
}

/** Whom it must be led to: with policy Local the nodes of its pods (metallb controller/service.go, k8salloc.BackendKey). */
function backendOf({ object: { spec } }: ServiceManifest): string {
  if (spec.externalTrafficPolicy !== 'Local') return '';
  return JSON.stringify(Object.entries(spec.selector ?? {}).sort());
}

function portsOf({ object: { spec } }: ServiceManifest): string[] {
  return (spec.ports ?? []).map(({ port, protocol }) => `${port}/${protocol}`);
}
