/**
 * What plain Kubernetes objects imply about the cluster they come from: `kubectl get … -o yaml | packetwalk up -f -`
 * has no Topology document to say it.
 */
import {
  BITS,
  type Cidr,
  cidrContains,
  type Family,
  familyOf,
  hostCidr,
  numberToAddress,
  parseCidr,
} from '../net/address.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import type { EmulatedKind } from '../parse/kinds.ts';

/** The range, and the longest prefix of one that values imply. */
type Defaults = Readonly<Record<Family, { readonly cidr: string; readonly longest: number }>>;

/** The IPv6 ranges of pods and Services are those of kind (pkg/apis/config/v1alpha4/default.go). */
const PODS: Defaults = { 4: { cidr: '10.244.0.0/16', longest: 16 }, 6: { cidr: 'fd00:10:244::/56', longest: 56 } };
const SERVICES: Defaults = { 4: { cidr: '10.96.0.0/12', longest: 16 }, 6: { cidr: 'fd00:10:96::/112', longest: 112 } };
const NETWORK: Defaults = { 4: { cidr: '10.0.0.0/24', longest: 24 }, 6: { cidr: 'fd00:10::/64', longest: 64 } };
export const DEFAULT_NETWORK = 'lan';
const DEFAULT_NODES = ['node1', 'node2'];
export const DEFAULT_HOST = 'client';

/** Those of the pod subnets of Node objects; without one, of the Services' cluster addresses; without any, IPv4. */
export function impliedFamilies(manifests: readonly Manifest[]): Family[] {
  const subnets = ofKind(manifests, 'Node').flatMap(({ object }) => podCIDRsOf(object));
  const addresses = ofKind(manifests, 'Service').flatMap(({ object }) => clusterIPsOf(object));
  const ofSubnets = subnets.flatMap((text) => parseCidr(text)?.family ?? []);
  const families = ofSubnets.length > 0 ? ofSubnets : addresses.flatMap((address) => familyOf(address) ?? []);
  return families.length > 0 ? [...new Set(families)] : [4];
}

/** The default range when it holds all the values that are given, else the smallest that does, /16 or /56 or wider. */
export function impliedPodCidr(manifests: readonly Manifest[], family: Family): Cidr {
  const given = ofKind(manifests, 'Node').flatMap(({ object }) => podCIDRsOf(object));
  return impliedRange(
    PODS[family],
    family,
    given.flatMap((text) => parseCidr(text) ?? []),
  );
}

export function impliedServiceCidr(manifests: readonly Manifest[], family: Family): Cidr {
  const given = ofKind(manifests, 'Service').flatMap(({ object }) => clusterIPsOf(object));
  return impliedRange(SERVICES[family], family, rangesOf(given));
}

/** The network the Node objects' internal addresses imply, /24 or /64 or wider. */
export function impliedNetworkCidr(manifests: readonly Manifest[], family: Family): Cidr {
  const given = ofKind(manifests, 'Node').flatMap(({ object }) => internalAddresses(object));
  return impliedRange(NETWORK[family], family, rangesOf(given));
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

/** One address per address family, the primary one first; or `None`. */
export function clusterIPsOf({ spec }: ManifestOf<'Service'>['object']): string[] {
  return [...new Set([spec.clusterIP ?? '', ...(spec.clusterIPs ?? [])])].filter((address) => address !== '');
}

export function internalAddresses(node: ManifestOf<'Node'>['object']): string[] {
  const addresses = node.status?.addresses ?? [];
  return addresses
    .filter(({ type, address }) => type === 'InternalIP' && familyOf(address) !== undefined)
    .map(({ address }) => address);
}

export function ofKind<K extends EmulatedKind>(manifests: readonly Manifest[], kind: K): ManifestOf<K>[] {
  return manifests.filter((manifest) => manifest.kind === kind) as unknown as ManifestOf<K>[];
}

function rangesOf(addresses: readonly string[]): Cidr[] {
  return addresses.flatMap((address) => (familyOf(address) === undefined ? [] : hostCidr(address)));
}

function impliedRange({ cidr: fallback, longest }: Defaults[Family], family: Family, given: readonly Cidr[]): Cidr {
  const range = parseCidr(fallback)!;
  const own = given.filter((cidr) => cidr.family === family);
  if (own.every((cidr) => cidrContains(range, cidr))) return range;
  const sorted = own.toSorted((a, b) => (a.first < b.first ? -1 : 1));
  const low = sorted[0]!.first;
  const high = sorted.at(-1)!.last;
  const bits = BITS[family];
  let prefix = longest;
  while (prefix > 0 && low >> BigInt(bits - prefix) !== high >> BigInt(bits - prefix)) prefix--;
  return parseCidr(`${numberToAddress(low, family)}/${prefix}`)!;
}
