/** The load balancers of the Topology: what each needs to bring packets to nodes, and what they cannot share. */
import type { Diagnostics, Position } from '../diagnostic.ts';
import { type AddressRange, isWithin, parseRange, rangeContains, rangesOverlap } from '../net/range.ts';
import type { ManifestOf } from '../parse/index.ts';
import type { LoadBalancerObject } from '../parse/schema/load-balancer.ts';
import { addressesOf, type Cluster, type LoadBalancer, type Machine, type Network, type Node } from './cluster.ts';
import { findNetwork, type Ranges } from './networks.ts';

/** A load balancer, and what it has to give. */
export interface PooledBalancer {
  readonly balancer: LoadBalancer;
  /** Empty for klipper: nodes have addresses. */
  readonly pool: readonly AddressRange[];
}

type Context = Ranges & Pick<Cluster, 'cni' | 'nodes' | 'hosts' | 'routers'>;

export function modelLoadBalancers(
  topology: ManifestOf<'Topology'> | undefined,
  context: Context,
  diagnostics: Diagnostics,
): PooledBalancer[] {
  const objects = topology?.object.spec.loadBalancers ?? [];
  const found = objects.flatMap((object, index): PooledBalancer[] => {
    const report = (code: string, message: string, path: readonly (string | number)[], help?: string) =>
      diagnostics.error(code, message, topology!.locate(['spec', 'loadBalancers', index, ...path]), help);
    const at = topology!.locate(['spec', 'loadBalancers', index]);
    const pool = 'addresses' in object ? object.addresses.map((text) => parseRange(text)!) : [];
    reportRivals(object, objects.slice(0, index), report);
    reportPool(object, pool, context, report);
    const details = detailsOf(object, at, context, report, diagnostics);
    const { name, loadBalancerClass } = object;
    const origin = { file: at.file, line: at.line };
    return details
      ? [
          {
            balancer: { name, ...(loadBalancerClass !== undefined && { loadBalancerClass }), origin, ...details },
            pool,
          },
        ]
      : [];
  });
  reportOverlaps(found, topology, diagnostics);
  return found;
}

type Report = (code: string, message: string, path: readonly (string | number)[], help?: string) => void;
type Details = LoadBalancer extends infer B
  ? B extends LoadBalancer
    ? Omit<B, 'name' | 'loadBalancerClass' | 'origin'>
    : never
  : never;

function reportRivals(
  { name, kind, loadBalancerClass }: LoadBalancerObject,
  before: readonly LoadBalancerObject[],
  report: Report,
): void {
  const twin = kind === 'cloud' ? undefined : before.find((other) => other.kind === kind);
  if (twin)
    report(
      'two-of-a-kind',
      `${twin.name} and ${name} are both ${kind}, which runs once on a node`,
      ['kind'],
      'give one of them the addresses of both',
    );
  if (before.some((other) => other.name === name))
    report('duplicate-name', `two load balancers are named ${name}`, ['name']);
  const rival = before.find((other) => other.loadBalancerClass === loadBalancerClass);
  if (!rival) return;
  const which = loadBalancerClass === undefined ? 'that name no loadBalancerClass' : `of class ${loadBalancerClass}`;
  report(
    'two-load-balancers',
    `${rival.name} and ${name} would both serve the Services ${which}`,
    loadBalancerClass === undefined ? ['name'] : ['loadBalancerClass'],
    'give each its own loadBalancerClass, and name it in the Services',
  );
}

/** What is given away must be nobody's, of the cluster's families, and where its kind can make it known. */
function reportPool(
  balancer: LoadBalancerObject,
  pool: readonly AddressRange[],
  { families, podCIDRs, serviceCIDRs, networks, nodes, hosts, routers }: Context,
  report: Report,
): void {
  for (const [index, range] of pool.entries()) {
    const at = ['addresses', index];
    if (!families.includes(range.family)) {
      const own = families.map((family) => `IPv${family}`).join(' and ');
      report('wrong-family', `${range.text} is IPv${range.family}, and Services here have ${own} addresses`, at);
      continue;
    }
    const machines: readonly Machine[] = [...routers, ...nodes, ...hosts];
    const owner = machines.find((machine) => addressesOf(machine).some((address) => rangeContains(range, address)));
    if (owner) report('address-taken', `${range.text} has an address of ${owner.place}`, at);
    const taken = [...podCIDRs, ...serviceCIDRs].find((cidr) => rangesOverlap(range, cidr));
    if (taken) report('overlapping-ranges', `${range.text} overlaps ${taken.text}, the range of pods or Services`, at);
    if (balancer.kind === 'metallb-l2') reportLayer2(range, nodes, at, report);
    const isRouted = balancer.kind === 'metallb-bgp' || (balancer.kind === 'cloud' && balancer.ipMode === 'VIP');
    const network = networks.find(({ cidrs }) => cidrs.some((cidr) => rangesOverlap(range, cidr)));
    if (isRouted && network)
      report(
        'address-inside',
        `${range.text} is in network ${network.name}, whose machines would ask for it by ARP, and nobody would answer`,
        at,
        'routes lead to addresses of no network, such as 192.0.2.0/28; on a network, metallb-l2 answers',
      );
  }
}

/** The speaker here answers ARP, and no neighbour discovery. */
function reportLayer2(range: AddressRange, nodes: readonly Node[], at: (string | number)[], report: Report): void {
  if (range.family === 6) {
    report('no-ipv6', `${range.text} is IPv6, and metallb-l2 answers ARP only`, at, 'choose metallb-bgp for it');
    return;
  }
  const own = new Set(nodes.flatMap(({ interfaces }) => interfaces.map(({ network }) => network)));
  if ([...own].some(({ cidrs }) => cidrs.some((cidr) => isWithin(range, cidr)))) return;
  const networks = [...own].map(({ name, cidr }) => `${name} ${cidr.text}`).join(', ');
  report(
    'address-outside',
    `${range.text} is on no network of the nodes: nobody would ask for it by ARP`,
    at,
    `choose unused addresses of ${networks}, or metallb-bgp`,
  );
}

/** What it consists of; undefined when something about that has been reported. */
function detailsOf(
  object: LoadBalancerObject,
  at: Position,
  context: Context,
  report: Report,
  diagnostics: Diagnostics,
): Details | undefined {
  switch (object.kind) {
    case 'metallb-l2':
    case 'klipper':
      return { kind: object.kind };
    case 'metallb-bgp': {
      const peers = context.routers.filter((router) => context.nodes.some((node) => shareNetwork(router, node)));
      if (peers.length === 0)
        report(
          'no-router',
          `${object.name} speaks BGP, and on the networks of the nodes there is no router to speak to`,
          ['kind'],
          'add one: routers: [{ name: gw, networks: [lan, outside] }], or choose metallb-l2',
        );
      if (context.cni.mode === 'calico-bgp')
        report(
          'two-speakers',
          `on every node BIRD of calico-bgp and the speaker of ${object.name} would both want TCP port 179`,
          ['kind'],
          'choose another network plugin, or let Calico announce the addresses',
        );
      return { kind: object.kind, myASN: object.myASN, peerASN: object.peerASN, peers };
    }
    case 'cloud': {
      if (!findNetwork(object.network, context.networks, at, diagnostics)) return undefined;
      const machine = context.hosts.find(({ name }) => name === object.name);
      return machine && { kind: object.kind, machine, ipMode: object.ipMode };
    }
  }
}

function shareNetwork(a: Machine, b: Machine): boolean {
  const networks: readonly Network[] = b.interfaces.map(({ network }) => network);
  return a.interfaces.some(({ network }) => networks.includes(network));
}

function reportOverlaps(
  balancers: readonly PooledBalancer[],
  topology: ManifestOf<'Topology'> | undefined,
  diagnostics: Diagnostics,
): void {
  const all = balancers.flatMap(({ balancer, pool }) => pool.map((range) => ({ balancer, range })));
  for (const [index, { balancer, range }] of all.entries()) {
    const other = all.slice(0, index).find((earlier) => rangesOverlap(earlier.range, range));
    if (!other) continue;
    const position = balancers.findIndex((each) => each.balancer === balancer);
    diagnostics.error(
      'overlapping-ranges',
      `${range.text} of ${balancer.name} overlaps ${other.range.text} of ${other.balancer.name}`,
      topology!.locate(['spec', 'loadBalancers', position, 'addresses']),
    );
  }
}
