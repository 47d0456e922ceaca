/** Nodes, hosts and routers: who they are, on which network, with which addresses. */
import type { Diagnostics } from '../diagnostic.ts';
import { type Cidr, cidrContains } from '../net/address.ts';
import { namespaceName } from '../net/name.ts';
import { parsePort } from '../net/port.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import type { Host, Machine, Network, Node, Router } from './cluster.ts';
import { hostSpecs, type MachineSpec, nodeSpecs, type RouterSpec, routerSpecs } from './machine-specs.ts';
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
  diagnostics: Diagnostics,
): Machines {
  const pools = new Map(
    ranges.networks.map((network) => [
      network.name,
      new AddressPool(network.cidr, `network ${network.name}`, diagnostics),
    ]),
  );
  const routers = routerSpecs(topology).map((spec) => ({
    spec,
    interfaces: connect(spec, ranges.networks, pools, diagnostics),
  }));
  const nodes = attach(nodeSpecs(topology, manifests, diagnostics), ranges.networks, diagnostics);
  const hosts = attach(hostSpecs(topology, manifests), ranges.networks, diagnostics);
  reportDuplicates(
    [...nodes, ...hosts, ...routers].map(({ spec }) => spec),
    diagnostics,
  );

  const addresses = allocateAddresses([...nodes, ...hosts], pools);
  const subnets = allocateSubnets(
    nodes.map(({ spec }) => spec),
    ranges.podCIDR,
    topology?.object.spec.cluster.nodeCIDRMaskSize ?? 24,
    diagnostics,
  );
  const nextHops: NextHops = [
    ...[...nodes, ...hosts].flatMap(({ spec, network }) =>
      (addresses.get(spec) ?? []).slice(0, 1).map((address) => ({ place: spec.place, network, address })),
    ),
    ...routers.flatMap(({ spec, interfaces }) =>
      interfaces.map(({ network, address }) => ({ place: spec.place, network, address })),
    ),
  ];

  const machine = ({ spec, network }: Attached): Machine | undefined => {
    const own = addresses.get(spec) ?? [];
    const [address] = own;
    if (address === undefined) return undefined;
    const routes = resolveRoutes(spec, [network], nextHops, diagnostics);
    return {
      place: spec.place,
      netns: namespaceName(spec.kind, spec.name),
      name: spec.name,
      network,
      address,
      addresses: own,
      routes,
      origin: spec.origin,
    };
  };
  return {
    nodes: nodes.flatMap((attached, index) => {
      const base = machine(attached);
      const podCIDR: Cidr | undefined = subnets[index];
      if (!base || !podCIDR) return [];
      return [{ ...base, podCIDR, labels: { 'kubernetes.io/hostname': base.name, ...attached.spec.labels } }];
    }),
    hosts: hosts.flatMap((attached) => {
      const base = machine(attached);
      return base ? [{ ...base, listen: attached.spec.listen.flatMap((port) => parsePort(port) ?? []) }] : [];
    }),
    routers: routers.map(({ spec, interfaces }) => ({
      place: spec.place,
      netns: namespaceName('router', spec.name),
      name: spec.name,
      interfaces,
      routes: resolveRoutes(
        spec,
        interfaces.map(({ network }) => network),
        nextHops,
        diagnostics,
      ),
      origin: spec.origin,
    })),
  };
}

interface Attached {
  readonly spec: MachineSpec;
  readonly network: Network;
}

function attach(specs: readonly MachineSpec[], networks: readonly Network[], diagnostics: Diagnostics): Attached[] {
  return specs.flatMap((spec) => {
    const network = findNetwork(spec.network, networks, spec.at, diagnostics);
    return network ? [{ spec, network }] : [];
  });
}

/** Fixed addresses first, so that none of them is given away. */
function allocateAddresses(
  attached: readonly Attached[],
  pools: ReadonlyMap<string, AddressPool>,
): Map<MachineSpec, readonly string[]> {
  for (const { spec, network } of attached) {
    for (const address of spec.addresses) pools.get(network.name)!.claim(address, spec.place, spec.at);
  }
  return new Map(
    attached.map(({ spec, network }) => {
      if (spec.addresses.length > 0) return [spec, spec.addresses];
      const address = pools.get(network.name)!.take(OFFSET[spec.kind], spec.place, spec.at);
      return [spec, address === undefined ? [] : [address]];
    }),
  );
}

function connect(
  spec: RouterSpec,
  networks: readonly Network[],
  pools: ReadonlyMap<string, AddressPool>,
  diagnostics: Diagnostics,
): Router['interfaces'] {
  const interfaces = spec.networks.flatMap((name, index) => {
    if (spec.networks.indexOf(name) < index) {
      diagnostics.error(
        'duplicate-network',
        `${spec.place} joins network ${name} twice`,
        spec.networkAt(index),
        'a router has one interface on each of its networks',
      );
      return [];
    }
    const network = findNetwork(name, networks, spec.networkAt(index), diagnostics);
    if (!network) return [];
    const pool = pools.get(name)!;
    const fixed = spec.addresses.find((address) => cidrContains(network.cidr, address));
    if (fixed !== undefined) pool.claim(fixed, spec.place, spec.at);
    const address = fixed ?? pool.take(OFFSET.router, spec.place, spec.at);
    return address === undefined ? [] : [{ device: `eth${index}`, network, address }];
  });
  for (const address of spec.addresses.filter((own) => !interfaces.some((face) => face.address === own))) {
    diagnostics.error('address-outside', `${address} is on none of the networks of ${spec.place}`, spec.at);
  }
  return interfaces;
}

function reportDuplicates(
  specs: readonly { readonly place: string; readonly at: MachineSpec['at'] }[],
  diagnostics: Diagnostics,
): void {
  const seen = new Set<string>();
  for (const { place, at } of specs) {
    if (seen.has(place)) diagnostics.error('duplicate-name', `${place} stands here twice`, at);
    seen.add(place);
  }
}
