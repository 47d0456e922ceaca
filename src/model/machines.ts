/** Nodes, hosts and routers: who they are, on which networks, with which addresses. */
import type { Diagnostics } from '../diagnostic.ts';
import type { Cidr } from '../net/address.ts';
import { namespaceName } from '../net/name.ts';
import { parsePort } from '../net/port.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
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

/** Where the search for a free address begins: routers at .1, nodes at .11, hosts at .100, as the documents draw them. */
const OFFSET = { router: 1, node: 11, host: 100 } as const;

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
    nodes: nodeSpecs(topology, manifests, diagnostics),
    hosts: hostSpecs(topology, manifests, diagnostics),
  };
  const all = [...specs.routers, ...specs.nodes, ...specs.hosts];
  reportDuplicates(all, diagnostics);
  reportFullTable(cni, specs.nodes, diagnostics);
  const pools: Pools = new Map(
    ranges.networks.map((network) => [network, new AddressPool(network.cidr, `network ${network.name}`, diagnostics)]),
  );
  /** Routers first: the others' default route leads to an address that one of them has. */
  const interfaces = new Map([
    ...connect(specs.routers, pools, diagnostics),
    ...connect([...specs.nodes, ...specs.hosts], pools, diagnostics),
  ]);
  const subnets = allocateSubnets(
    specs.nodes,
    ranges.podCIDR,
    topology?.object.spec.cluster.nodeCIDRMaskSize ?? 24,
    diagnostics,
  );
  const nextHops: NextHops = all.flatMap((spec) =>
    interfaces.get(spec)!.map(({ network, address }) => ({ place: spec.place, network, address })),
  );
  /** Undefined when something about it has been reported. */
  const machine = (spec: MachineSpec): Machine | undefined => {
    const [first, ...others] = interfaces.get(spec)!;
    if (!first) return undefined;
    const { place, kind, name, origin } = spec;
    const networks = [first, ...others].map(({ network }) => network);
    return {
      place,
      netns: namespaceName(kind, name),
      name,
      interfaces: [first, ...others],
      address: first.address,
      routes: resolveRoutes(spec, networks, nextHops, diagnostics),
      origin,
    };
  };
  return {
    nodes: specs.nodes.flatMap((spec, index) => {
      const base = machine(spec);
      const podCIDR: Cidr | undefined = subnets[index];
      if (!base || !podCIDR) return [];
      return [{ ...base, podCIDR, labels: { 'kubernetes.io/hostname': base.name, ...spec.labels } }];
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

type Pools = ReadonlyMap<Network, AddressPool>;

/** The interfaces of each machine. Fixed addresses are taken first, so that none of them is given away. */
function connect(
  specs: readonly MachineSpec[],
  pools: Pools,
  diagnostics: Diagnostics,
): ReadonlyMap<MachineSpec, readonly Interface[]> {
  const connections = specs.flatMap((spec) => connectionsOf(spec, [...pools.keys()], diagnostics));
  for (const { spec, own, network } of connections)
    for (const address of own.addresses) pools.get(network)!.claim(address, spec.place, own.at);
  const interfaces = new Map<MachineSpec, Interface[]>(specs.map((spec) => [spec, []]));
  for (const { spec, own, device, network } of connections) {
    const take = () => pools.get(network)!.take(OFFSET[spec.kind], spec.place, own.at);
    const address = own.addresses[0] ?? take();
    if (address === undefined) continue;
    const addresses = own.addresses.length > 0 ? own.addresses : [address];
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

function reportDuplicates(specs: readonly MachineSpec[], diagnostics: Diagnostics): void {
  const seen = new Set<string>();
  for (const { place, at } of specs) {
    if (seen.has(place)) diagnostics.error('duplicate-name', `${place} stands here twice`, at);
    seen.add(place);
  }
}
