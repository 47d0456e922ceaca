/** Static routes of machines: a next hop is an address or a place, and must be on a network of the machine. */
import type { Diagnostics } from '../diagnostic.ts';
import { nearest } from '../diagnostic.ts';
import { type Cidr, cidrContains, type Family, familyOf, hostCidr, isOfFamily, parseCidr } from '../net/address.ts';
import type { Network, Route } from './cluster.ts';
import type { MachineSpec } from './machine-specs.ts';

/** The addresses by which places are reached on their networks. */
export type NextHops = readonly { readonly place: string; readonly network: Network; readonly address: string }[];

/** `default` via a place is the one of the `primary` family; `::/0` is unmistakable. */
export function resolveRoutes(
  spec: MachineSpec,
  networks: readonly Network[],
  nextHops: NextHops,
  primary: Family,
  diagnostics: Diagnostics,
): Route[] {
  return spec.routes.flatMap((route, index) => {
    const at = spec.routeAt(index) ?? spec.at;
    const to = destination(route.to, familyOf(route.via) ?? primary);
    const family = to?.family ?? primary;
    const via = familyOf(route.via) ? route.via : addressOf(route.via, family, networks, nextHops);
    if (!to)
      diagnostics.error('bad-route', `a route leads to a network, an address or "default", not to "${route.to}"`, at);
    else if (via !== undefined && !isOfFamily(via, family)) {
      diagnostics.error('bad-route', `a route to ${to.text} goes via an IPv${family} address, not via ${via}`, at);
      return [];
    }
    if (via === undefined) {
      const guess = nearest(route.via, new Set(nextHops.map(({ place }) => place)));
      diagnostics.error(
        'bad-route',
        nextHops.some(({ place }) => place === route.via)
          ? `${route.via} has no IPv${family} address to go via`
          : `a route goes via an address, node, host or router, not via "${route.via}"`,
        at,
        guess && guess !== route.via ? `did you mean "${guess}"?` : undefined,
      );
    } else if (!networks.some(({ cidrs }) => cidrs.some((cidr) => cidrContains(cidr, via)))) {
      const own = networks
        .map(({ name, cidrs }) => `network ${name} (${cidrs.map(({ text }) => text).join(', ')})`)
        .join(' or ');
      diagnostics.error('bad-route', `${via} is not on ${own}`, at, `a next hop must be on a network of ${spec.place}`);
    }
    return to && via !== undefined ? [{ to, via, origin: at ? { file: at.file, line: at.line } : spec.origin }] : [];
  });
}

function destination(text: string, family: Family): Cidr | undefined {
  if (text === 'default') return parseCidr(family === 4 ? '0.0.0.0/0' : '::/0');
  return familyOf(text) ? hostCidr(text) : parseCidr(text);
}

/** Preferably on one of the networks; otherwise any, for the message that it is not. */
function addressOf(
  place: string,
  family: Family,
  networks: readonly Network[],
  nextHops: NextHops,
): string | undefined {
  const candidates = nextHops.filter((hop) => hop.place === place && isOfFamily(hop.address, family));
  return (candidates.find((hop) => networks.includes(hop.network)) ?? candidates[0])?.address;
}
