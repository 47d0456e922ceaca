/** Networks and address ranges: one view of which range is whose, no two overlapping. */
import { type Diagnostics, nearest, type Position } from '../diagnostic.ts';
import { type Cidr, cidrContains, cidrsOverlap, nthAddress, parseCidr } from '../net/address.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import type { RouterObject } from '../parse/schema/topology.ts';
import { isCloud } from './clouds.ts';
import type { CniConfig, Network } from './cluster.ts';
import { DEFAULT_NETWORK, impliedNetworkCidr, impliedPodCidr, impliedServiceCidr } from './defaults.ts';

export interface Ranges {
  readonly networks: readonly Network[];
  readonly podCIDRs: readonly Cidr[];
  readonly podCIDR: Cidr;
  readonly serviceCIDR: Cidr;
}

/** Reads or infers every range. Undefined, with reports, when there is no usable IPv4 pod or service range. */
export function modelRanges(
  topology: ManifestOf<'Topology'> | undefined,
  manifests: readonly Manifest[],
  cni: CniConfig,
  diagnostics: Diagnostics,
): Ranges | undefined {
  const spec = topology?.object.spec;
  const networks = modelNetworks(topology, manifests, cni, diagnostics);
  const podCIDRs = cidrs(spec?.cluster.podCIDR ?? impliedPodCidr(manifests));
  const serviceCIDRs = cidrs(spec?.cluster.serviceCIDR ?? impliedServiceCidr(manifests));
  const podCIDR = podCIDRs.find(({ family }) => family === 4);
  const serviceCIDR = serviceCIDRs.find(({ family }) => family === 4);
  const at = (field: string) => topology?.locate(['spec', 'cluster', field]);
  if (!podCIDR)
    diagnostics.error(
      'no-ipv4',
      'spec.cluster.podCIDR has no IPv4 range',
      at('podCIDR'),
      'IPv6 ranges may stand beside an IPv4 one, not instead of it',
    );
  if (!serviceCIDR)
    diagnostics.error(
      'no-ipv4',
      'spec.cluster.serviceCIDR has no IPv4 range',
      at('serviceCIDR'),
      'IPv6 ranges may stand beside an IPv4 one, not instead of it',
    );
  if (!podCIDR || !serviceCIDR) return undefined;
  reportOverlaps(
    [
      ...networks.map((network, index) => ({
        what: `network ${network.name}`,
        cidr: network.cidr,
        at: topology?.locate(['spec', 'networks', index, 'cidr']),
      })),
      ...podCIDRs.map((cidr) => ({ what: 'spec.cluster.podCIDR', cidr, at: at('podCIDR') })),
      ...serviceCIDRs.map((cidr) => ({ what: 'spec.cluster.serviceCIDR', cidr, at: at('serviceCIDR') })),
    ],
    diagnostics,
  );
  return { networks, podCIDRs, podCIDR, serviceCIDR };
}

function modelNetworks(
  topology: ManifestOf<'Topology'> | undefined,
  manifests: readonly Manifest[],
  cni: CniConfig,
  diagnostics: Diagnostics,
): Network[] {
  const given = topology?.object.spec.networks ?? [];
  const declared = given.length > 0 ? given : [{ ...DEFAULT_NETWORK, cidr: impliedNetworkCidr(manifests), mtu: 1500 }];
  const origin = topology?.origin ?? manifests[0]?.origin ?? { file: '<default>', line: 1 };
  const seen = new Set<string>();
  return declared.flatMap((network, index) => {
    const at = topology?.locate(['spec', 'networks', index]);
    const cidr = parseCidr(network.cidr)!;
    if (seen.has(network.name)) diagnostics.error('duplicate-name', `there are two networks named ${network.name}`, at);
    seen.add(network.name);
    if (cidr.family !== 4 || cidr.prefix > 30 || cidr.prefix < 8) {
      diagnostics.error(
        'network-size',
        `network ${network.name} must be an IPv4 network from /8 to /30, not ${network.cidr}`,
        at,
      );
      return [];
    }
    const routers = topology?.object.spec.routers.filter((router) => networksOf(router).includes(network.name)) ?? [];
    const fixed = routers.flatMap(fixedAddresses).find((address) => cidrContains(cidr, address));
    return [
      {
        name: network.name,
        cidr,
        mtu: network.mtu,
        gateway: fixed ?? nthAddress(cidr, 1)!,
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
