/**
 * KernelState → Plan: an order in which the kernel accepts everything.
 *
 * Namespaces, then sysctls (a device copies `conf.default` when it is made), then links from the ground up, addresses,
 * links up, what needs links that are up (routes, neighbours, FDB), and last the rules.
 */
import { formatIptables } from '../compile/iptables.ts';
import type { KernelState, Link, Namespace } from '../compile/kernel-state.ts';
import type { NewLink, Operation, Plan } from './operation.ts';

export type { Operation, Plan } from './operation.ts';

export function plan(state: KernelState): Plan {
  return planNamespaces(state.namespaces, state);
}

/** The operations that build the given namespaces of a state, in order. */
export function planNamespaces(namespaces: readonly Namespace[], state: KernelState): Plan {
  const lookup = linkLookup(state);
  const all = <T>(pick: (namespace: Namespace) => readonly T[]) => namespaces.flatMap(pick);
  return {
    operations: [
      ...all(({ name, origin }) => [{ kind: 'add-namespace' as const, namespace: name, origin }]),
      ...all(sysctls),
      ...all(({ name, origin }) => [
        { kind: 'set-link' as const, namespace: name, change: { name: 'lo', up: true }, origin },
      ]),
      ...LINK_ORDER.flatMap((kind) =>
        all((namespace) =>
          namespace.links.filter((link) => link.kind === kind).flatMap((link) => addLink(namespace.name, link, lookup)),
        ),
      ),
      ...all(({ name, links }) =>
        links.map((link) => ({
          kind: 'set-link' as const,
          namespace: name,
          change: { name: link.name, quiet: true as const },
          origin: link.origin,
        })),
      ),
      ...all(addresses),
      ...all(({ name, links }) => links.flatMap((link) => setLink(name, link))),
      ...all(({ name, links }) => links.flatMap((link) => setPort(name, link))),
      ...all(routes),
      ...all(neighbours),
      ...all(fdb),
      ...all(rules),
    ],
  };
}

/** A bridge before its ports, the device below a tunnel before the tunnel. */
const LINK_ORDER: readonly Link['kind'][] = ['bridge', 'veth', 'vxlan'];

type Lookup = (namespace: string, name: string) => Link;

export function linkLookup({ namespaces }: KernelState): Lookup {
  const links = new Map(
    namespaces.flatMap(({ name, links: own }) => own.map((link) => [`${name} ${link.name}`, link])),
  );
  return (namespace, name) => links.get(`${namespace} ${name}`)!;
}

function sysctls({ name, sysctls: own }: Namespace): Operation[] {
  return own.map(({ key, value, origin }) => ({ kind: 'set-sysctl', namespace: name, sysctl: { key, value }, origin }));
}

/** Nothing for the end of a veth pair that comes with the other end. */
export function addLink(namespace: string, link: Link, lookup: Lookup): Operation[] {
  if (link.kind === 'veth' && !link.creates) return [];
  return [{ kind: 'add-link', namespace, link: newLink(link, lookup), origin: link.origin }];
}

function newLink(link: Link, lookup: Lookup): NewLink {
  const { name, mtu, mac } = link;
  switch (link.kind) {
    case 'bridge':
      return { kind: 'bridge', name, mtu, mac };
    case 'veth': {
      const peer = lookup(link.peer.namespace, link.peer.name);
      return {
        kind: 'veth',
        name,
        mtu,
        mac,
        peer: { namespace: link.peer.namespace, name: peer.name, mtu: peer.mtu, mac: peer.mac },
      };
    }
    case 'vxlan': {
      const { vni, port, local, device, learning, gbp } = link;
      return { kind: 'vxlan', name, mtu, mac, vni, port, local, device, learning, gbp };
    }
  }
}

/** Makes a link a port of its bridge and takes it up. */
export function setLink(namespace: string, { name, master, up, origin }: Link): Operation[] {
  if (master === undefined && !up) return [];
  return [
    {
      kind: 'set-link',
      namespace,
      change: { name, ...(master !== undefined && { master }), ...(up && { up }) },
      origin,
    },
  ];
}

/** The flag of a bridge port, where it is not the kernel's default. */
export function setPort(namespace: string, { name, hairpin, origin }: Link): Operation[] {
  return hairpin ? [{ kind: 'set-port', namespace, name, hairpin, origin }] : [];
}

function addresses({ name, addresses: own }: Namespace): Operation[] {
  return own.map(({ origin, ...address }) => ({ kind: 'add-address', namespace: name, address, origin }));
}

function routes({ name, routes: own }: Namespace): Operation[] {
  return own.map(({ origin, ...route }) => ({ kind: 'add-route', namespace: name, route, origin }));
}

function neighbours({ name, neighbours: own }: Namespace): Operation[] {
  return own.map(({ origin, ...neighbour }) => ({ kind: 'add-neighbour', namespace: name, neighbour, origin }));
}

function fdb({ name, fdb: own }: Namespace): Operation[] {
  return own.map(({ origin, ...entry }) => ({ kind: 'add-fdb', namespace: name, entry, origin }));
}

function rules({ name, iptables, origin }: Namespace): Operation[] {
  return iptables ? [{ kind: 'load-iptables', namespace: name, text: formatIptables(iptables), origin }] : [];
}
