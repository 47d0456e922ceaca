/** Nodes, hosts and routers: who they are, on which networks, with which addresses. */
import type { Diagnostics, Position } from '../diagnostic.ts';
import { type Family, isOfFamily } from '../net/address.ts';
import { namespaceName } from '../net/name.ts';
import { parsePort } from '../net/port.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import { CLUSTER_DEFAULTS } from '../parse/schema/topology.ts';
import { isCloud, reportFullTable } from './clouds.ts';
import type { CniConfig, Host, Interface, Machine, Network, Node, Router } from './cluster.ts';
import {
  cloudRouterSpecs,
  hostSpecs,
  type InterfaceSpec,
  type MachineSpec,
  nodeSpecs,
  routerSpecs,
} from './machine-specs.ts';
import { findNetwork, type Ranges } from './networks.ts';
import { AddressPool } from './pool.ts';
import { type NextHops, resolveRoutes } from './routes.ts';
import { allocateSubnets } from './subnets.ts';

export interface Machines {
  readonly nodes: readonly Node[];
  readonly hosts: readonly Host[];
  readonly routers: readonly Router[];
}

/** Where the search for a free address begins: routers at .1, nodes at .11, hosts at .100, as the documents draw them; ::11 as well. */
const OFFSET = { 4: { router: 1, node: 11, host: 100 }, 6: { router: 1, node: 0x11, host: 0x100 } } as const;

/** kubelet gives its node these, and the node's name as kubernetes.io/hostname. */
const KUBELET_LABELS = { 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' };

export function modelMachines(
  topology: ManifestOf<'Topology'> | undefined,
  manifests: readonly Manifest[],
  ranges: Ranges,
  cni: CniConfig,
  diagnostics: Diagnostics,
): Machines {
  const routers = routerSpecs(topology, ranges.networks, diagnostics);
  const specs = {
    routers: isCloud(cni) ? [...routers, ...cloudRouterSpecs(topology, routers, ranges.networks)] : routers,
    nodes: nodeSpecs(topology, manifests, ranges.families, diagnostics),
    hosts: hostSpecs(topology, manifests, diagnostics),
  };
  const all = [...specs.routers, ...specs.nodes, ...specs.hosts];
  reportDuplicates(all, diagnostics);
  reportFullTable(cni, specs.nodes, diagnostics);
  const pools: Pools = new Map(
    ranges.networks.map((network) => [
      network,
      network.cidrs.map((cidr) => new AddressPool(cidr, `network ${network.name}`, diagnostics)),
    ]),
  );
  /** Routers first: the others' default route leads to an address that one of them has. */
  const interfaces = new Map([
    ...connect(specs.routers, pools, diagnostics),
    ...connect([...specs.nodes, ...specs.hosts], pools, diagnostics),
  ]);
  const { nodeCIDRMaskSize, nodeCIDRMaskSizeIPv6 } = topology?.object.spec.cluster ?? CLUSTER_DEFAULTS;
  const subnets = ranges.podCIDRs.map((podCIDR) => {
    const size = podCIDR.family === 4 ? nodeCIDRMaskSize : nodeCIDRMaskSizeIPv6;
    return allocateSubnets(specs.nodes, podCIDR, size, diagnostics);
  });
  const nextHops: NextHops = all.flatMap((spec) =>
    interfaces
      .get(spec)!
      .flatMap(({ network, addresses }) => addresses.map((address) => ({ place: spec.place, network, address }))),
  );
  /** Undefined when something about it has been reported. */
  const machine = (spec: MachineSpec): Machine | undefined => {
    const [first, ...others] = interfaces.get(spec)!;
    if (!first) return undefined;
    const { place, kind, name, origin } = spec;
    const networks = [first, ...others].map(({ network }) => network);
    const addresses = calledBy([first, ...others], ranges.families);
    return {
      place,
      netns: namespaceName(kind, name),
      name,
      interfaces: [first, ...others],
      addresses,
      address: addresses[0]!,
      routes: resolveRoutes(spec, networks, nextHops, ranges.families[0]!, diagnostics),
      origin,
    };
  };
  return {
    nodes: specs.nodes.flatMap((spec, index) => {
      const base = machine(spec);
      const podCIDRs = subnets.flatMap((ofFamily) => ofFamily[index] ?? []);
      if (!base || podCIDRs.length < subnets.length) return [];
      if (!hasFamilies(base, spec.at, ranges.families, diagnostics)) return [];
      const labels = { ...KUBELET_LABELS, 'kubernetes.io/hostname': base.name, ...spec.labels };
      return [{ ...base, podCIDRs, podCIDR: podCIDRs[0]!, labels, taints: spec.taints }];
    }),
    hosts: specs.hosts.flatMap((spec) => {
      const base = machine(spec);
      const { docker } = spec;
      return base
        ? [{ ...base, listen: spec.listen.flatMap((port) => parsePort(port) ?? []), ...(docker && { docker }) }]
        : [];
    }),
    routers: specs.routers.flatMap((spec) => machine(spec) ?? []),
  };
}

interface Connection {
  readonly spec: MachineSpec;
  readonly own: InterfaceSpec;
  readonly device: string;
  readonly network: Network;
}

/** One of each range. */
type Pools = ReadonlyMap<Network, readonly AddressPool[]>;

/** The interfaces of each machine. Fixed addresses are taken first, so that none of them is given away. */
function connect(
  specs: readonly MachineSpec[],
  pools: Pools,
  diagnostics: Diagnostics,
): ReadonlyMap<MachineSpec, readonly Interface[]> {
  const connections = specs.flatMap((spec) => connectionsOf(spec, [...pools.keys()], diagnostics));
  for (const { spec, own, network } of connections) {
    const [first, ...others] = pools.get(network)!;
    for (const address of own.addresses) {
      const pool = others.find(({ cidr }) => isOfFamily(address, cidr.family)) ?? first!;
      pool.claim(address, spec.place, own.at);
    }
  }
  const interfaces = new Map<MachineSpec, Interface[]>(specs.map((spec) => [spec, []]));
  for (const { spec, own, device, network } of connections) {
    const addresses = pools.get(network)!.flatMap((pool) => {
      const { family } = pool.cidr;
      const fixed = own.addresses.filter((address) => isOfFamily(address, family));
      return fixed.length > 0 ? fixed : (pool.take(OFFSET[family][spec.kind], spec.place, own.at) ?? []);
    });
    const [address] = addresses;
    if (address === undefined) continue;
    interfaces.get(spec)!.push({ device, network, address, addresses, mtu: own.mtu ?? network.mtu });
  }
  return interfaces;
}

function connectionsOf(spec: MachineSpec, networks: readonly Network[], diagnostics: Diagnostics): Connection[] {
  const joined = new Set<Network>();
  return spec.interfaces.flatMap((own, index) => {
    const network = findNetwork(own.network, networks, own.at ?? spec.at, diagnostics);
    if (!network) return [];
    if (joined.has(network)) {
      diagnostics.error(
        'duplicate-network',
        `${spec.place} joins network ${network.name} twice`,
        own.at,
        'a machine has one interface on each of its networks; it may have several addresses',
      );
      return [];
    }
    joined.add(network);
    return [{ spec, own, device: `eth${index}`, network }];
  });
}

/** The first address of each family, those of the cluster before others. */
function calledBy(interfaces: readonly Interface[], families: readonly Family[]): string[] {
  const all = interfaces.flatMap(({ addresses }) => addresses);
  const order = new Set<Family>([...families, 4, 6]);
  return [...order].flatMap((family) => all.find((address) => isOfFamily(address, family)) ?? []);
}

/** flanneld ends without one on the interface of the default route (flannel pkg/ipmatch/match.go), and kube-proxy needs it as well. */
function hasFamilies(
  { place, interfaces: [{ device, addresses, network }] }: Machine,
  at: Position | undefined,
  families: readonly Family[],
  diagnostics: Diagnostics,
): boolean {
  const missing = families.find((family) => !addresses.some((address) => isOfFamily(address, family)));
  if (missing)
    diagnostics.error(
      'no-address',
      `pods have IPv${missing} addresses, and ${device} of ${place} has none: network ${network.name} is ${network.cidr.text}`,
      at,
      `give network ${network.name} an IPv${missing} range as well: cidr: [10.0.0.0/24, fd00:10::/64]`,
    );
  return !missing;
}

function reportDuplicates(specs: readonly MachineSpec[], diagnostics: Diagnostics): void {
  const seen = new Set<string>();
  for (const { place, at } of specs) {
    if (seen.has(place)) diagnostics.error('duplicate-name', `${place} stands here twice`, at);
    seen.add(place);
  }
}
