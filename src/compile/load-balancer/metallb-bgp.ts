/**
 * MetalLB, BGP (metallb speaker/bgp_controller.go): every node that may announces the addresses to the routers of its networks,
 * each a /32 or /128 of its own. The routers have as many ways to an address as nodes announce it, and choose one for each
 * connection by its addresses and ports (net.ipv4.fib_multipath_hash_policy 1, as routers usually do).
 *
 *   client ── gw ── 192.0.2.1 nexthop via 10.0.0.11 nexthop via 10.0.0.12 ──┬── node1 ── kube-proxy
 *              └─ BIRD ── TCP 179 ── BIRD in place of the speaker's FRR ────┴── node2 ── kube-proxy
 *
 * The nodes' own kernels have none of the addresses.
 */
import type { Cluster, LoadBalancer, Machine, Node, Router, Service } from '../../model/cluster.ts';
import { type Family, hostCidr, isOfFamily } from '../../net/address.ts';
import { routerId } from '../bird.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { announcersOf } from './announcement.ts';

type Balancer = Extract<LoadBalancer, { kind: 'metallb-bgp' }>;

/** Two addresses on one network, by which a node and a router speak with each other. */
interface Session {
  readonly family: Family;
  readonly node: Node;
  readonly router: Router;
  readonly addresses: { readonly node: string; readonly router: string };
}

export function compileBgp(
  balancer: LoadBalancer,
  services: readonly Service[],
  { nodes, families }: Cluster,
  state: KernelStateBuilder,
): void {
  const { peers, myASN, peerASN, origin } = balancer as Balancer;
  const announced = [...announcersOf(services, nodes)];
  const announcedBy = (node: Node) =>
    announced.flatMap(([address, announcing]) => (announcing.has(node) ? hostCidr(address).text : []));
  const sessions = nodes.flatMap((node) => peers.flatMap((router) => sessionsOf(node, router, families)));
  for (const node of nodes) {
    const own = sessions.filter((session) => session.node === node);
    const announces = announcedBy(node);
    state.get(node.netns).bird = {
      config: [
        header(node),
        ...families.map((family) => statics(announces, family)),
        ...own.map((session) => ofNode(session, myASN, peerASN)),
      ].join('\n'),
      announces,
      blackholes: [],
      learns: [],
      gatewayOf: [],
      origin,
    };
  }
  for (const router of peers) {
    const own = sessions.filter((session) => session.router === router);
    const machine = state.get(router.netns);
    const { config = header(router), gatewayOf = [] } = machine.bird ?? {};
    for (const family of families) machine.sysctl(`net.ipv${family}.fib_multipath_hash_policy`, 1);
    machine.bird = {
      config: [config, ...families.map(kernel), ...own.map((session) => ofRouter(session, myASN, peerASN))].join('\n'),
      announces: [],
      blackholes: [],
      learns: own.flatMap(({ node, family }) =>
        announcedBy(node)
          .filter((range) => isOfFamily(range, family))
          .map((range) => ({ range, from: node.netns })),
      ),
      gatewayOf,
      origin,
    };
  }
}

function sessionsOf(node: Node, router: Router, families: readonly Family[]): Session[] {
  for (const own of node.interfaces) {
    const theirs = router.interfaces.find(({ network }) => network === own.network);
    if (!theirs) continue;
    return families.flatMap((family) => {
      const [ours, other] = [own, theirs].map(({ addresses }) => addresses.find((each) => isOfFamily(each, family)));
      return ours && other ? [{ family, node, router, addresses: { node: ours, router: other } }] : [];
    });
  }
  return [];
}

function header({ name, address }: Machine): string {
  return `router id ${routerId(name, address)};
protocol device {
  scan time 2;
}`;
}

function statics(ranges: readonly string[], family: Family): string {
  const own = ranges.filter((range) => isOfFamily(range, family));
  return `protocol static services_v${family} {
  ipv${family};
${own.map((range) => `  route ${range} blackhole;\n`).join('')}}`;
}

function ofNode({ family, addresses: { node, router } }: Session, myASN: number, peerASN: number): string {
  return `protocol bgp ${nameOf(router)} {
  local ${node} as ${myASN};
  neighbor ${router} as ${peerASN};
  connect delay time 1;
  connect retry time 5;
  error wait time 1,5;
  ipv${family} { import none; export where source = RTS_STATIC; };
}`;
}

function ofRouter({ family, addresses: { node, router } }: Session, myASN: number, peerASN: number): string {
  return `protocol bgp ${nameOf(node)} {
  local ${router} as ${peerASN};
  neighbor ${node} as ${myASN};
  passive on;
  ipv${family} { import all; export none; };
}`;
}

/** Routes that differ in their next hop alone are one route with several. */
function kernel(family: Family): string {
  return `protocol kernel kernel_v${family} {
  scan time 2;
  merge paths on;
  ipv${family} { import none; export where source = RTS_BGP; };
}`;
}

function nameOf(address: string): string {
  return `peer_${address.replaceAll(/[.:]/g, '_')}`;
}
