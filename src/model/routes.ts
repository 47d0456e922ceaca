/** Static routes of machines: a next hop is an address or a place, and must be on a network of the machine. */
import type { Diagnostics } from '../diagnostic.ts';
import { nearest } from '../diagnostic.ts';
import { type Cidr, cidrContains, familyOf, hostCidr, parseCidr } from '../net/address.ts';
import type { Network, Route } from './cluster.ts';
import type { MachineSpec } from './machine-specs.ts';

/** The address by which a place is reached on a network. */
export type NextHops = readonly { readonly place: string; readonly network: Network; readonly address: string }[];

export function resolveRoutes(
  spec: MachineSpec,
  networks: readonly Network[],
  nextHops: NextHops,
  diagnostics: Diagnostics,
): Route[] {
  return spec.routes.flatMap((route, index) => {
    const at = spec.routeAt(index) ?? spec.at;
    const to = destination(route.to);
    const via = familyOf(route.via) === 4 ? route.via : addressOf(route.via, networks, nextHops);
    if (!to)
      diagnostics.error(
        'bad-route',
        `a route leads to an IPv4 network, an address or "default", not to "${route.to}"`,
        at,
      );
    if (via === undefined) {
      const guess = nearest(route.via, new Set(nextHops.map(({ place }) => place)));
      diagnostics.error(
        'bad-route',
        `a route goes via an address, node, host or router, not via "${route.via}"`,
        at,
        guess && `did you mean "${guess}"?`,
      );
    } else if (!networks.some(({ cidr }) => cidrContains(cidr, via))) {
      const own = networks.map(({ name, cidr }) => `network ${name} (${cidr.text})`).join(' or ');
      diagnostics.error('bad-route', `${via} is not on ${own}`, at, `a next hop must be on a network of ${spec.place}`);
    }
    return to && via !== undefined ? [{ to, via, origin: at ? { file: at.file, line: at.line } : spec.origin }] : [];
  });
}

function destination(text: string): Cidr | undefined {
  const cidr = text === 'default' ? parseCidr('0.0.0.0/0') : familyOf(text) === 4 ? hostCidr(text) : parseCidr(text);
  return cidr?.family === 4 ? cidr : undefined;
}

/** Preferably on one of the networks; otherwise any, for the message that it is not. */
function addressOf(place: string, networks: readonly Network[], nextHops: NextHops): string | undefined {
  const candidates = nextHops.filter((hop) => hop.place === place);
  return (candidates.find((hop) => networks.includes(hop.network)) ?? candidates[0])?.address;
}
