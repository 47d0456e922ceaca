/**
 * What CNI plugins have made, read off the kernel's own listings: links, addresses and routes that no part of the kernel state
 * describes. With them a state says what is connected to what, as that of other modes does; plans are made without them.
 */
import type { Address, BridgeLink, KernelState, Link, Namespace, Route, VethLink } from '../compile/kernel-state.ts';
import type { Origin } from '../diagnostic.ts';

/** What `ip -j -d addr` and `ip -j route` print in a namespace. */
export interface Listing {
  readonly namespace: string;
  readonly links: string;
  readonly routes: string;
}

interface ListedLink {
  readonly ifindex: number;
  readonly ifname: string;
  /** Of the far end of a cable, or of the device below, which may be in another namespace. */
  readonly link_index?: number;
  readonly mtu: number;
  readonly address?: string;
  readonly master?: string;
  readonly linkinfo?: { readonly info_kind?: string; readonly info_slave_data?: { readonly hairpin?: boolean } };
  readonly addr_info: readonly {
    readonly family: string;
    readonly local: string;
    readonly prefixlen: number;
    readonly broadcast?: string;
  }[];
}

interface ListedRoute {
  readonly dst: string;
  readonly gateway?: string;
  readonly dev: string;
  readonly protocol?: string;
}

/** The state with what stands in the listings of its nodes with attachments and of the pods attached. */
export function withListings(state: KernelState, listings: readonly Listing[]): KernelState {
  const learned = new Learned(state, listings);
  for (const { name, attachments } of state.namespaces) {
    if (attachments.length === 0) continue;
    learned.addOwn(name);
    for (const { pod, origin } of attachments) {
      learned.addOwn(pod);
      learned.connect(pod, name, origin);
    }
  }
  return { namespaces: state.namespaces.map((namespace) => learned.complete(namespace)) };
}

class Learned {
  readonly #state: ReadonlyMap<string, Namespace>;
  readonly #listed: ReadonlyMap<string, { links: readonly ListedLink[]; routes: readonly ListedRoute[] }>;
  readonly #links = new Map<string, Link[]>();
  readonly #addresses = new Map<string, Address[]>();
  readonly #routes = new Map<string, Route[]>();

  constructor({ namespaces }: KernelState, listings: readonly Listing[]) {
    this.#state = new Map(namespaces.map((namespace) => [namespace.name, namespace]));
    this.#listed = new Map(
      listings.map(({ namespace, links, routes }) => [
        namespace,
        { links: JSON.parse(links) as ListedLink[], routes: JSON.parse(routes) as ListedRoute[] },
      ]),
    );
  }

  /** Bridges, addresses and routes of a namespace, which are its own business. */
  addOwn(namespace: string): void {
    const { links = [], routes = [] } = this.#listed.get(namespace) ?? {};
    const { origin } = this.#state.get(namespace)!;
    for (const link of links) {
      if (link.linkinfo?.info_kind === 'bridge') this.#addLink(namespace, bridge(link, origin));
      for (const { family, local, prefixlen, broadcast } of link.ifname === 'lo' ? [] : link.addr_info) {
        if (family !== 'inet') continue;
        const address = {
          device: link.ifname,
          address: `${local}/${prefixlen}`,
          ...(broadcast && { broadcast }),
          origin,
        };
        push(this.#addresses, namespace, address);
      }
    }
    for (const { dst, gateway, dev, protocol } of routes) {
      if (protocol === 'kernel') continue;
      const to = dst === 'default' || dst.includes('/') ? dst : `${dst}/32`;
      push(this.#routes, namespace, { to, ...(gateway && { via: gateway }), device: dev, onlink: false, origin });
    }
  }

  /** The links between a pod and its node, or what the pod shares with its node. */
  connect(pod: string, node: string, origin: Origin): void {
    const onNode = this.#listed.get(node)?.links ?? [];
    for (const inside of this.#listed.get(pod)?.links ?? []) {
      const other = onNode.find(({ ifindex }) => ifindex === inside.link_index);
      const kind = inside.linkinfo?.info_kind;
      if (kind === 'veth' && other?.linkinfo?.info_kind === 'veth' && other.link_index === inside.ifindex) {
        this.#addLink(pod, veth(inside, { namespace: node, name: other.ifname }, origin));
        this.#addLink(node, veth(other, { namespace: pod, name: inside.ifname }, origin));
      } else if (kind === 'macvlan' || kind === 'ipvlan') {
        if (other) this.#joinNetwork(pod, inside, node, other.ifname, origin);
      } else if (kind === 'veth') {
        const moved = this.#state.get(node)?.links.find((link) => 'mac' in link && link.mac === inside.address);
        if (moved) this.#joinNetwork(pod, inside, node, moved.name, origin);
      }
    }
  }

  /** Such a pod is one more machine on the network that a device of its node is connected to. */
  #joinNetwork(pod: string, inside: ListedLink, node: string, device: string, origin: Origin): void {
    const cable = this.#state.get(node)?.links.find(({ name }) => name === device);
    if (cable?.kind !== 'veth') return;
    this.#addLink(pod, veth(inside, cable.peer, origin));
    const port = this.#state.get(cable.peer.namespace)?.links.find(({ name }) => name === cable.peer.name);
    if (port?.kind === 'veth')
      push(this.#links, cable.peer.namespace, { ...port, peer: { namespace: pod, name: inside.ifname } });
  }

  /** A namespace and what it has besides. */
  complete(namespace: Namespace): Namespace {
    const { name, links, addresses, routes } = namespace;
    const isNew = <T>(of: (entry: T) => string, known: readonly T[]) => {
      const there = new Set(known.map(of));
      return (entry: T) => !there.has(of(entry));
    };
    return {
      ...namespace,
      links: [...links, ...(this.#links.get(name) ?? [])],
      addresses: [
        ...addresses,
        ...(this.#addresses.get(name) ?? []).filter(isNew(({ device, address }) => `${device} ${address}`, addresses)),
      ],
      routes: [
        ...routes,
        ...(this.#routes.get(name) ?? []).filter(isNew(({ to, via, device }) => `${to} ${via} ${device}`, routes)),
      ],
    };
  }

  #addLink(namespace: string, link: Link): void {
    const isKnown = this.#state.get(namespace)?.links.some(({ name }) => name === link.name);
    if (!isKnown) push(this.#links, namespace, link);
  }
}

function bridge({ ifname, mtu, address = '' }: ListedLink, origin: Origin): BridgeLink {
  return { kind: 'bridge', name: ifname, mtu, mac: address, up: true, origin };
}

function veth(
  { ifname, mtu, address = '', master, linkinfo }: ListedLink,
  peer: VethLink['peer'],
  origin: Origin,
): VethLink {
  const hairpin = linkinfo?.info_slave_data?.hairpin;
  return {
    kind: 'veth',
    name: ifname,
    mtu,
    mac: address,
    ...(master !== undefined && { master, hairpin: hairpin ?? false }),
    peer,
    creates: false,
    up: true,
    origin,
  };
}

function push<T>(lists: Map<string, T[]>, key: string, entry: T): void {
  const list = lists.get(key);
  if (list) list.push(entry);
  else lists.set(key, [entry]);
}
