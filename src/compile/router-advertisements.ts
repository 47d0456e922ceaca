/**
 * Routers that tell their networks so (RFC 4861 6.2): BIRD sends the advertisements, and the kernel of a machine makes its
 * default route of them, `default via fe80::… proto ra`.
 *
 *   router/gw ── eth0 ── network ── eth0 ── node/node1
 *   BIRD, radv ── router advertisement ───→ accept_ra = 2
 *
 * They name no range to make an address from: machines have theirs. What forwards ignores them unless accept_ra is 2
 * (Documentation/networking/ip-sysctl.rst).
 */
import type { Cluster, Interface, Machine, Network, Router } from '../model/cluster.ts';
import type { Family } from '../net/address.ts';
import { linkLocalFor, macFor } from '../net/name.ts';
import { type BirdDaemon, routerId } from './bird.ts';
import type { KernelStateBuilder } from './builder.ts';

/** When every machine has its links. */
export function compileRouterAdvertisements(cluster: Cluster, state: KernelStateBuilder): void {
  const { nodes, hosts, routers } = cluster;
  const listening = [...nodes, ...hosts].flatMap((machine) => {
    const devices = machine.interfaces.filter(({ network }) => isAdvertised(network, cluster));
    const learning = devices.find((own) => own === machine.interfaces[0] && !hasDefaultRoute(machine, 6));
    for (const own of devices) state.get(machine.netns).set(own.device, { accept_ra: own === learning ? 2 : 0 });
    return learning ? [{ machine, own: learning }] : [];
  });
  for (const router of routers.filter(({ routerAdvertisements }) => routerAdvertisements)) {
    const interfaces = router.interfaces.filter(({ network }) => isOfIpv6(network));
    state.get(router.netns).bird = {
      config: configOf(router, interfaces),
      announces: [],
      blackholes: [],
      learns: [],
      gatewayOf: interfaces.flatMap(({ network, address }) =>
        listening
          .filter(({ own }) => own.network === network)
          .map(({ machine, own }) => ({
            namespace: machine.netns,
            device: own.device,
            via: linkLocalFor(macFor('machine', address)),
          })),
      ),
      origin: router.origin,
    } satisfies BirdDaemon;
  }
}

/** Whether machines of a network hear of their default route of IPv6, and need not be told. */
export function isAdvertised(network: Network, { routers }: Pick<Cluster, 'routers'>): boolean {
  const advertises = ({ routerAdvertisements, interfaces }: Router) =>
    routerAdvertisements && interfaces.some((own) => own.network === network);
  return isOfIpv6(network) && routers.some(advertises);
}

/** Whether a machine has been given one. */
export function hasDefaultRoute({ routes }: Machine, family: Family): boolean {
  return routes.some(({ to }) => to.prefix === 0 && to.family === family);
}

function isOfIpv6({ cidrs }: Network): boolean {
  return cidrs.some(({ family }) => family === 6);
}

function configOf({ name, address }: Router, interfaces: readonly Interface[]): string {
  return `router id ${routerId(name, address)};
protocol device {
}
protocol radv {
  interface ${interfaces.map(({ device }) => `"${device}"`).join(', ')} {
    prefix ::/0 { skip; };   # Only that it is here: no range is advertised
  };
}
`;
}
