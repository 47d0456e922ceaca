/** Networks and address ranges: one view of which range is whose, no two overlapping. */
import { type Diagnostics, nearest, type Position } from '../diagnostic.ts';
import { type Cidr, cidrContains, cidrsOverlap, type Family, nthAddress, parseCidr } from '../net/address.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import type { RouterObject } from '../parse/schema/topology.ts';
import { isCloud } from './clouds.ts';
import type { Cluster, CniConfig, Network } from './cluster.ts';
import {
  DEFAULT_NETWORK,
  impliedFamilies,
  impliedNetworkCidr,
  impliedPodCidr,
  impliedServiceCidr,
} from './defaults.ts';

export type Ranges = Pick<Cluster, 'networks' | 'families' | 'podCIDRs' | 'podCIDR' | 'serviceCIDRs' | 'serviceCIDR'>;

/**
 * Reads or infers every range. What is not given follows from what is: Services have the families that pods have, and
 * nodes, without a network of their own. Undefined, with reports, when the given ranges do not go together.
 */
export function modelRanges(
  topology: ManifestOf<'Topology'> | undefined,
  manifests: readonly Manifest[],
  cni: CniConfig,
  diagnostics: Diagnostics,
): Ranges | undefined {
  const cluster = topology?.object.spec.cluster;
  const at = (field: string) => topology?.locate(['spec', 'cluster', field]);
  const given = { podCIDR: cidrs(cluster?.podCIDR ?? []), serviceCIDR: cidrs(cluster?.serviceCIDR ?? []) };
  const sound = (['podCIDR', 'serviceCIDR'] as const).filter((field) =>
    hasOneOfAFamily(`spec.cluster.${field}`, given[field], at(field), diagnostics),
  );
  if (sound.length < 2) return undefined;
  const families = familiesOf(given.podCIDR) ?? familiesOf(given.serviceCIDR) ?? impliedFamilies(manifests);
  const podCIDRs =
    given.podCIDR.length > 0 ? given.podCIDR : families.map((family) => impliedPodCidr(manifests, family));
  const serviceCIDRs =
    given.serviceCIDR.length > 0 ? given.serviceCIDR : families.map((family) => impliedServiceCidr(manifests, family));
  if (families.length !== serviceCIDRs.length || !serviceCIDRs.every(({ family }) => families.includes(family))) {
    const named = (ranges: readonly Cidr[]) => ranges.map(({ family }) => `IPv${family}`).join(' and ');
    diagnostics.error(
      'conflicting-fields',
      `pods have ${named(podCIDRs)} addresses, and Services ${named(serviceCIDRs)} ones`,
      at('serviceCIDR'),
      'give podCIDR and serviceCIDR a range of the same families each, or leave one of them out',
    );
    return undefined;
  }
  const networks = modelNetworks(topology, manifests, families, cni, diagnostics);
  reportOverlaps(
    [
      ...networks.flatMap((network, index) =>
        network.cidrs.map((cidr) => ({
          what: `network ${network.name}`,
          cidr,
          at: topology?.locate(['spec', 'networks', index, 'cidr']),
        })),
      ),
      ...podCIDRs.map((cidr) => ({ what: 'spec.cluster.podCIDR', cidr, at: at('podCIDR') })),
      ...serviceCIDRs.map((cidr) => ({ what: 'spec.cluster.serviceCIDR', cidr, at: at('serviceCIDR') })),
    ],
    diagnostics,
  );
  return { networks, families, podCIDRs, podCIDR: podCIDRs[0]!, serviceCIDRs, serviceCIDR: serviceCIDRs[0]! };
}

function familiesOf(ranges: readonly Cidr[]): Family[] | undefined {
  return ranges.length > 0 ? ranges.map(({ family }) => family) : undefined;
}

function hasOneOfAFamily(
  what: string,
  ranges: readonly Cidr[],
  at: Position | undefined,
  diagnostics: Diagnostics,
): boolean {
  const twice = ranges.find(({ family }, index) => ranges.slice(0, index).some((other) => other.family === family));
  if (twice)
    diagnostics.error(
      'conflicting-fields',
      `${what} has several IPv${twice.family} ranges`,
      at,
      'it may have one of each family: [10.0.0.0/24, fd00:10::/64]',
    );
  return !twice;
}

const NETWORK_SIZE = { 4: { widest: 8, narrowest: 30 }, 6: { widest: 16, narrowest: 126 } } as const;

function modelNetworks(
  topology: ManifestOf<'Topology'> | undefined,
  manifests: readonly Manifest[],
  families: readonly Family[],
  cni: CniConfig,
  diagnostics: Diagnostics,
): Network[] {
  const given = topology?.object.spec.networks ?? [];
  const implied = () => families.map((family) => impliedNetworkCidr(manifests, family).text);
  const declared = given.length > 0 ? given : [{ name: DEFAULT_NETWORK, cidr: implied(), mtu: 1500 }];
  const origin = topology?.origin ?? manifests[0]?.origin ?? { file: '<default>', line: 1 };
  const seen = new Set<string>();
  return declared.flatMap(({ name, cidr, mtu }, index) => {
    const at = topology?.locate(['spec', 'networks', index]);
    if (seen.has(name)) diagnostics.error('duplicate-name', `there are two networks named ${name}`, at);
    seen.add(name);
    const ranges = cidrs(cidr);
    if (!hasOneOfAFamily(`network ${name}`, ranges, at, diagnostics)) return [];
    const odd = ranges.find(({ family, prefix }) => {
      const { widest, narrowest } = NETWORK_SIZE[family];
      return prefix < widest || prefix > narrowest;
    });
    if (odd) {
      const { widest, narrowest } = NETWORK_SIZE[odd.family];
      diagnostics.error(
        'network-size',
        `network ${name} must be an IPv${odd.family} network from /${widest} to /${narrowest}, not ${odd.text}`,
        at,
      );
      return [];
    }
    const routers = topology?.object.spec.routers.filter((router) => networksOf(router).includes(name)) ?? [];
    const fixed = routers.flatMap(fixedAddresses);
    const gateways = ranges.map(
      (range) => fixed.find((address) => cidrContains(range, address)) ?? nthAddress(range, 1)!,
    );
    return [
      {
        name,
        cidrs: ranges,
        cidr: ranges[0]!,
        mtu,
        gateways,
        gateway: gateways[0]!,
        routed: routers.length > 0 || isCloud(cni),
        origin,
      },
    ];
  });
}

function networksOf({ networks = [], interfaces = [] }: RouterObject): string[] {
  return [...networks, ...interfaces.map(({ network }) => network)];
}

function fixedAddresses({ addresses, interfaces = [] }: RouterObject): string[] {
  return [...addresses, ...interfaces.flatMap(({ address, addresses: further }) => address ?? further)];
}

interface NamedRange {
  readonly what: string;
  readonly cidr: Cidr;
  readonly at: Position | undefined;
}

function reportOverlaps(ranges: readonly NamedRange[], diagnostics: Diagnostics): void {
  for (const [index, later] of ranges.entries()) {
    const earlier = ranges.slice(0, index).find(({ cidr }) => cidrsOverlap(cidr, later.cidr));
    if (earlier) {
      diagnostics.error(
        'overlapping-ranges',
        `${later.what}, ${later.cidr.text}, overlaps ${earlier.what}, ${earlier.cidr.text}`,
        later.at ?? earlier.at,
      );
    }
  }
}

function cidrs(value: string | readonly string[]): Cidr[] {
  return [value].flat().flatMap((text) => parseCidr(text) ?? []);
}

/** The network of that name, the first one when no name is given; reports a name that is none. */
export function findNetwork(
  name: string | undefined,
  networks: readonly Network[],
  at: Position | undefined,
  diagnostics: Diagnostics,
): Network | undefined {
  const network = name === undefined ? networks[0] : networks.find((candidate) => candidate.name === name);
  if (!network && name !== undefined) {
    const names = networks.map((candidate) => candidate.name);
    const guess = nearest(name, names);
    diagnostics.error(
      'unknown-network',
      `there is no network ${name}`,
      at,
      guess ? `did you mean "${guess}"?` : `networks here: ${names.join(', ')}`,
    );
  }
  return network;
}
