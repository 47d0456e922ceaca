/**
 * What plain Kubernetes objects imply about the cluster they come from: `kubectl get … -o yaml | packetwalk up -f -`
 * has no Topology document to say it.
 */
import { type Cidr, cidrContains, familyOf, numberToAddress, parseCidr } from '../net/address.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import type { EmulatedKind } from '../parse/kinds.ts';

const DEFAULT_POD_CIDR = '10.244.0.0/16';
const DEFAULT_SERVICE_CIDR = '10.96.0.0/12';
export const DEFAULT_NETWORK = { name: 'lan', cidr: '10.0.0.0/24' };
const DEFAULT_NODES = ['node1', 'node2'];
export const DEFAULT_HOST = 'client';

/** The default range when it holds all the values that are given, else the smallest that does, /16 or wider. */
export function impliedPodCidr(manifests: readonly Manifest[]): string {
  const given = ofKind(manifests, 'Node').flatMap(({ object }) => podCIDRsOf(object));
  return impliedRange(
    DEFAULT_POD_CIDR,
    given.flatMap((text) => parseCidr(text) ?? []),
    16,
  );
}

export function impliedServiceCidr(manifests: readonly Manifest[]): string {
  const given = ofKind(manifests, 'Service').flatMap(({ object }) => clusterIPsOf(object));
  return impliedRange(DEFAULT_SERVICE_CIDR, ipv4Ranges(given), 16);
}

/** The network the Node objects' internal addresses imply, /24 or wider. */
export function impliedNetworkCidr(manifests: readonly Manifest[]): string {
  const given = ofKind(manifests, 'Node').flatMap(({ object }) => internalAddresses(object));
  return impliedRange(DEFAULT_NETWORK.cidr, ipv4Ranges(given), 24);
}

/** Nodes that pods name, in order, when no Node is given. */
export function impliedNodeNames(manifests: readonly Manifest[]): string[] {
  const named = ofKind(manifests, 'Pod').flatMap(({ object }) => object.spec.nodeName ?? []);
  return named.length > 0 ? [...new Set(named)] : DEFAULT_NODES;
}

/** One subnet per address family, in any order. */
export function podCIDRsOf({ spec }: ManifestOf<'Node'>['object']): readonly string[] {
  return spec?.podCIDRs ?? (spec?.podCIDR ? [spec.podCIDR] : []);
}

/** One address per address family, in any order; or `None`. */
export function clusterIPsOf({ spec }: ManifestOf<'Service'>['object']): string[] {
  return [...new Set([spec.clusterIP ?? '', ...(spec.clusterIPs ?? [])])].filter((address) => address !== '');
}

export function internalAddresses(node: ManifestOf<'Node'>['object']): string[] {
  const addresses = node.status?.addresses ?? [];
  return addresses
    .filter(({ type, address }) => type === 'InternalIP' && familyOf(address) === 4)
    .map(({ address }) => address);
}

export function ofKind<K extends EmulatedKind>(manifests: readonly Manifest[], kind: K): ManifestOf<K>[] {
  return manifests.filter((manifest) => manifest.kind === kind) as unknown as ManifestOf<K>[];
}

function ipv4Ranges(addresses: readonly string[]): Cidr[] {
  return addresses.flatMap((address) => (familyOf(address) === 4 ? (parseCidr(`${address}/32`) ?? []) : []));
}

function impliedRange(fallback: string, given: readonly Cidr[], longest: number): string {
  const range = parseCidr(fallback)!;
  const ipv4 = given.filter(({ family }) => family === 4);
  if (ipv4.every((cidr) => cidrContains(range, cidr))) return fallback;
  const sorted = ipv4.toSorted((a, b) => (a.first < b.first ? -1 : 1));
  const low = sorted[0]!.first;
  const high = sorted.at(-1)!.last;
  let prefix = longest;
  while (prefix > 0 && low >> BigInt(32 - prefix) !== high >> BigInt(32 - prefix)) prefix--;
  return parseCidr(`${numberToAddress(low, 4)}/${prefix}`)!.text;
}
