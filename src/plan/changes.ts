/**
 * What differs between two kernel states, and what the kernel takes away together with something else:
 *
 *   with a device                 its addresses, routes, neighbours, FDB entries; the other end of its cable; tunnels above it
 *   with a bridge                 the membership and flags of its ports
 *   when a device is down         its routes and neighbours; its IPv6 addresses, which can be given to it again (net/ipv6/addrconf.c,
 *                                 addrconf_ifdown)
 *
 * With addresses of IPv4:
 *
 *   with a device's last one      the routes and neighbours of the device (net/ipv4/fib_frontend.c, fib_del_ifaddr)
 *   with one                      the routes that name it as their source (the same)
 *   with the first of a subnet    its other addresses, or not, as promote_secondaries has it (net/ipv4/devinet.c, inet_del_ifa)
 *
 * With addresses of IPv6 no more than this: routes that name one as their source no longer do (net/ipv6/route.c,
 * rt6_remove_prefsrc). Link-local addresses are the kernel's own and in no state.
 */
import { DAEMON_PROGRAMS } from '../compile/daemon.ts';
import type { Address, KernelState, Link, Namespace, Route } from '../compile/kernel-state.ts';
import { RELAY_PROGRAMS } from '../compile/relay.ts';
import { isIpv6, parseCidr } from '../net/address.ts';
import { type AttachmentChanges, changeAttachments } from './attachments.ts';
import type { Operation, SetDaemon } from './operation.ts';
import { changeRules } from './rules.ts';
import * as steps from './steps.ts';

interface Changes {
  readonly gone: readonly Namespace[];
  readonly changed: readonly Change[];
  readonly added: readonly Namespace[];
}

/** A namespace that stays. */
export interface Change extends AttachmentChanges {
  /** What has to be deleted, addresses in their order. */
  readonly surplus: Surplus;
  /** What has to be added, rules aside. */
  readonly missing: Namespace;
  readonly rules: readonly Operation[];
  readonly relays: readonly Operation[];
  readonly tunnels: readonly Operation[];
  readonly passThroughs: readonly Operation[];
  readonly daemons: readonly SetDaemon[];
  readonly speaker: readonly Operation[];
  readonly flows: readonly Operation[];
  readonly links: readonly KeptLink[];
}

export type Surplus = Pick<Namespace, 'name' | 'links' | 'addresses' | 'routes' | 'neighbours' | 'fdb'>;

/** `joins`: it has to become a port of its bridge. */
interface KeptLink {
  readonly before: Link;
  readonly after: Link;
  readonly joins: boolean;
}

export function changesBetween(current: KernelState, wanted: KernelState): Changes {
  const before = new Map(current.namespaces.map((namespace) => [namespace.name, namespace]));
  const after = new Set(wanted.namespaces.map(({ name }) => name));
  const kept = keptLinks(current, wanted);
  return {
    gone: current.namespaces.filter(({ name }) => !after.has(name)),
    changed: wanted.namespaces.flatMap((to) => {
      const from = before.get(to.name);
      return from ? [changeOf(from, to, (link) => kept.has(steps.linkKey(to.name, link)))] : [];
    }),
    added: wanted.namespaces.filter(({ name }) => !before.has(name)),
  };
}

/** Links that need not be made anew: neither they nor what they stand on changed for good. */
function keptLinks(current: KernelState, wanted: KernelState): ReadonlySet<string> {
  const before = steps.linksOf(current);
  const foundations = new Map<string, readonly string[]>();
  for (const [key, { namespace, link }] of steps.linksOf(wanted)) {
    const old = before.get(key)?.link;
    if (old && isSameLink(old, link)) foundations.set(key, foundationsOf(namespace, link));
  }
  let size: number;
  do {
    size = foundations.size;
    for (const [key, needed] of foundations) {
      if (!needed.every((other) => foundations.has(other))) foundations.delete(key);
    }
  } while (foundations.size < size);
  return new Set(foundations.keys());
}

/**
 * The other attributes can be changed in place, except that nothing says how a port leaves its bridge, and that a device keeps
 * the routers it has heard of.
 */
function isSameLink(a: Link, b: Link): boolean {
  const fixed = ({
    origin: _,
    up: _up,
    mtu: _mtu,
    hairpin: _hairpin,
    settings,
    impairment: _impairment,
    master,
    ...rest
  }: Link) => JSON.stringify({ ...rest, enslaved: master !== undefined, hears: settings?.accept_ra });
  return fixed(a) === fixed(b);
}

function foundationsOf(namespace: string, link: Link): string[] {
  switch (link.kind) {
    case 'bridge':
    case 'dummy':
    case 'external-vxlan':
    case 'ipip':
    case 'tunl0':
    case 'tun':
    case 'wireguard':
      return [];
    case 'veth':
      return [steps.linkKey(link.peer.namespace, link.peer.name)];
    case 'vxlan':
      return [steps.linkKey(namespace, link.device)];
  }
}

function changeOf(from: Namespace, to: Namespace, isKept: (link: string) => boolean): Change {
  const surplus = surplusOf(from, to, isKept);
  const left = leftOf(from, to, surplus);
  const rules = changeRules(from, to);
  return {
    surplus,
    missing: {
      ...to,
      sysctls: difference(to.sysctls, from.sysctls),
      links: to.links.filter(({ name }) => !isKept(name)),
      addresses: difference(to.addresses, left.addresses),
      routes: difference(to.routes.filter(notOn(to.links.filter(({ up }) => !up))), left.routes),
      neighbours: difference(to.neighbours, left.neighbours),
      fdb: difference(to.fdb, left.fdb),
    },
    rules,
    relays: changeRelays(from, to),
    tunnels: changeTunnels(from, to, isKept),
    passThroughs: changePassThroughs(from, to),
    daemons: changeDaemons(from, to),
    speaker: changeSpeaker(from, to, isKept),
    flows: changeFlows(from, to),
    ...changeAttachments(from, to, rules),
    links: to.links
      .filter(({ name }) => isKept(name))
      .map((after) => {
        const before = from.links.find(({ name }) => name === after.name)!;
        const { master } = after;
        return { before, after, joins: master !== undefined && (master !== before.master || !isKept(master)) };
      }),
  };
}

/** They listen on the addresses there are: when those change, they are opened anew. */
function changeRelays(from: Namespace, to: Namespace): Operation[] {
  const { name: namespace, origin } = to;
  const moved = !areSame(from.addresses, to.addresses);
  return RELAY_PROGRAMS.flatMap((program): Operation[] => {
    const [before, relays] = [from, to].map((state) => state.relays.filter((relay) => relay.program === program));
    const opensAnew = moved && relays!.length > 0;
    return opensAnew || !areSame(before!, relays!)
      ? [{ kind: 'set-relays', namespace, program, relays: relays!, origin }]
      : [];
  });
}

/** A device that is made anew has to be opened anew. */
function changeTunnels(from: Namespace, to: Namespace, isKept: (link: string) => boolean): Operation[] {
  const { name: namespace, tunnels, origin } = to;
  const isSame = areSame(tunnels, from.tunnels) && tunnels.every(({ device }) => isKept(device));
  return isSame ? [] : [{ kind: 'set-tunnels', namespace, tunnels, origin }];
}

function changePassThroughs(from: Namespace, to: Namespace): Operation[] {
  const { name: namespace, passThroughs, origin } = to;
  return areSame(passThroughs, from.passThroughs)
    ? []
    : [{ kind: 'set-pass-throughs', namespace, passThroughs, origin }];
}

function changeDaemons(from: Namespace, to: Namespace): SetDaemon[] {
  return DAEMON_PROGRAMS.filter((program) => identity({ ...from[program] }) !== identity({ ...to[program] })).map(
    (program) => steps.setDaemon(to, program),
  );
}

/** A device that is made anew has to be listened to anew. */
function changeSpeaker(from: Namespace, to: Namespace, isKept: (link: string) => boolean): Operation[] {
  const { name: namespace, speaker, origin } = to;
  const isSame = identity({ ...from.speaker }) === identity({ ...speaker });
  return isSame && (speaker?.devices ?? []).every(({ name }) => isKept(name))
    ? []
    : [{ kind: 'set-speaker', namespace, speaker, origin }];
}

function changeFlows(from: Namespace, { name: namespace, flows = [] }: Namespace): Operation[] {
  return difference(flows, from.flows ?? []).map(({ origin, ...flows }) => ({
    kind: 'delete-stale-flows',
    namespace,
    flows,
    origin,
  }));
}

/** Entries of a device that goes need no deletion, and a device that is down has no routes and neighbours to delete. */
function surplusOf(from: Namespace, to: Namespace, isKept: (link: string) => boolean): Surplus {
  const links = from.links.filter(({ name }) => !isKept(name));
  const down = from.links.filter(({ up }) => !up);
  const gone = links.filter(({ kind }) => kind !== 'tunl0');
  const addresses = leavingAddresses(from.addresses.filter(notOn(gone)), to.addresses);
  const unwanted = new Set(difference(from.routes, to.routes));
  const isLeftWithoutSource = (route: Route) => isIpv6(route.to) && isSentFrom(addresses)(route);
  return {
    name: from.name,
    links,
    addresses,
    routes: from.routes.filter(notOn(down)).filter((route) => unwanted.has(route) || isLeftWithoutSource(route)),
    neighbours: difference(from.neighbours.filter(notOn([...links, ...down])), to.neighbours),
    fdb: difference(from.fdb.filter(notOn(links)), to.fdb),
  };
}

/**
 * What is sent from, where several addresses of a subnet would do, is the first of IPv4, which may take the others along, and
 * the one of IPv6 that was added last (net/ipv6/addrconf.c, ipv6_link_dev_addr). So that it is the right one, more may have to go
 * than what is not wanted, to be added again.
 */
function leavingAddresses(before: readonly Address[], after: readonly Address[]): Address[] {
  const wanted = bySubnet(after);
  const stay = new Set(
    [...bySubnet(before)].flatMap(([subnet, own]) => staying(own, wanted.get(subnet) ?? []).map(identity)),
  );
  return before.filter((address) => !stay.has(identity(address))).toReversed();
}

function staying(before: readonly Address[], after: readonly Address[]): Address[] {
  const unwanted = new Set(difference(before, after));
  const kept = before.filter((address) => !unwanted.has(address));
  const isAt = (address: Address, index: number) => after[index] && identity(after[index]) === identity(address);
  if (before[0] && !isIpv6(before[0].address)) return isAt(before[0], 0) ? kept : [];
  const moved = kept.findIndex((address, index) => !isAt(address, index));
  return moved < 0 ? kept : kept.slice(0, moved);
}

function bySubnet(addresses: readonly Address[]): Map<string, Address[]> {
  const subnets = new Map<string, Address[]>();
  for (const address of addresses) {
    const subnet = `${address.device} ${parseCidr(address.address)!.text}`;
    const own = subnets.get(subnet);
    if (own) own.push(address);
    else subnets.set(subnet, [address]);
  }
  return subnets;
}

/** What is there when the surplus has been deleted, and links that shall be down are. */
function leftOf(
  from: Namespace,
  to: Namespace,
  { links, addresses: deleted }: Surplus,
): Omit<Surplus, 'name' | 'links'> {
  const addresses = difference(from.addresses.filter(notOn(links)), deleted);
  const lowered = to.links.filter(({ name, up }) => !up && from.links.some((link) => link.name === name && link.up));
  const dead = [...links, ...from.links.filter(({ up }) => !up)];
  const emptied = deleted
    .filter((address) => !isIpv6(address.address))
    .filter(({ device }) => !addresses.some((address) => address.device === device && !isIpv6(address.address)))
    .map(({ device }) => ({ name: device }));
  const stays = (destination: string) => notOn(isIpv6(destination) ? dead : [...dead, ...emptied]);
  const isSurplus = isSentFrom(deleted);
  return {
    addresses: addresses.filter((address) => !isIpv6(address.address) || notOn(lowered)(address)),
    routes: from.routes.filter((route) => stays(route.to)(route) && !isSurplus(route)),
    neighbours: from.neighbours.filter((neighbour) => stays(neighbour.address)(neighbour)),
    fdb: from.fdb.filter(notOn(links)),
  };
}

function isSentFrom(addresses: readonly Address[]): (route: Route) => boolean {
  const sources = new Set(addresses.map(({ address }) => address.split('/')[0]));
  return ({ source }) => source !== undefined && sources.has(source);
}

function notOn(links: readonly { readonly name: string }[]): (entry: { readonly device?: string }) => boolean {
  const names = new Set(links.map(({ name }) => name));
  return ({ device }) => device === undefined || !names.has(device);
}

/** What one list has and the other has not, origins aside. */
function difference<T extends object>(from: readonly T[], to: readonly T[]): T[] {
  const there = new Set(to.map(identity));
  return from.filter((entry) => !there.has(identity(entry)));
}

function areSame(from: readonly object[], to: readonly object[]): boolean {
  return difference(from, to).length + difference(to, from).length === 0;
}

function identity({ origin: _origin, ...rest }: object & { readonly origin?: unknown }): string {
  return JSON.stringify(rest);
}
