/** What is connected to what, and who owns which address: read off the kernel state. */

import type { LearnedGateway } from '../compile/bird.ts';
import type { KernelState, Namespace, VethLink, WireguardLink } from '../compile/kernel-state.ts';
import { type Cidr, cidrContains, defaultRoute, parseCidr } from '../net/address.ts';

export interface InterfaceRef {
  readonly namespace: string;
  readonly name: string;
}

interface WireguardPeer {
  readonly address: string;
  readonly allowed: Cidr;
  /** Of the device that sends to it. */
  readonly mtu: number;
}

export class Wiring {
  readonly #namespaces: ReadonlyMap<string, Namespace>;
  readonly #homes = new Map<string, string>();
  readonly #neighbours = new Map<string, InterfaceRef[]>();
  readonly #masters = new Map<string, string>();
  readonly #wireguards = new Map<string, WireguardPeer[]>();
  readonly #owners = new Map<string, string[]>();
  readonly #tables = new Map<string, { to: Cidr; via?: string | undefined }[]>();

  constructor({ namespaces }: KernelState) {
    this.#namespaces = new Map(namespaces.map((namespace) => [namespace.name, namespace]));
    for (const { name, place, guests = [], links, addresses } of namespaces) {
      for (const inhabitant of place === undefined ? [] : [place, ...guests]) this.#homes.set(inhabitant, name);
      for (const link of links) {
        if (link.master !== undefined) this.#masters.set(key(name, link.name), link.master);
        if (link.kind === 'wireguard') this.#wireguards.set(key(name, link.name), peersOf(link));
        if (link.kind === 'veth') this.#neighbours.set(key(name, link.name), this.#otherEnds(link));
      }
      for (const { address } of addresses) {
        const owners = this.#owners.get(address.split('/')[0]!);
        if (owners) owners.push(name);
        else this.#owners.set(address.split('/')[0]!, [name]);
      }
    }
  }

  /** The interfaces a packet sent out of this one can come in by: the cable's other end, or all others on the network. */
  neighbours(namespace: string, device: string): readonly InterfaceRef[] {
    return (this.#neighbours.get(key(namespace, device)) ?? []).filter(
      (other) => other.namespace !== namespace || other.name !== device,
    );
  }

  /** The place that has a MAC address, among those that frames sent out of an interface come to. */
  placeBehind(namespace: string, device: string, mac: string): string | undefined {
    const owner = this.neighbours(namespace, device).find(({ namespace: other }) =>
      this.#namespaces.get(other)?.links.some((link) => 'mac' in link && link.mac === mac),
    );
    return owner && this.placeOf(owner.namespace);
  }

  /** The bridge an interface is a port of. */
  masterOf(namespace: string, device: string): string | undefined {
    return this.#masters.get(key(namespace, device));
  }

  /** Whether any namespace has a WireGuard device. */
  hasWireguard(): boolean {
    return this.#wireguards.size > 0;
  }

  /** The peer to which a WireGuard device sends what is for an address; undefined for other devices. */
  wireguardPeer(namespace: string, device: string, destination: string): WireguardPeer | undefined {
    return this.#wireguards.get(key(namespace, device))?.find(({ allowed }) => cidrContains(allowed, destination));
  }

  /** The place of a namespace; networks have none. */
  placeOf(namespace: string): string {
    return this.#namespaces.get(namespace)?.place ?? namespace;
  }

  /** The namespace a place lives in, its own or another one's. */
  namespaceOf(place: string): string | undefined {
    return this.#homes.get(place);
  }

  /** The namespace that owns an address; undefined when none does, or several: on kube-ipvs0 every node has those of Services. */
  ownerOf(address: string): string | undefined {
    const [owner, ...others] = this.#owners.get(address) ?? [];
    return others.length > 0 ? undefined : owner;
  }

  /** Whether an address is one of the place's, or of whose namespace it lives in. */
  owns(place: string, address: string): boolean {
    const home = this.namespaceOf(place);
    return home !== undefined && (this.#owners.get(address)?.includes(home) ?? false);
  }

  /** Every address that one place alone owns, and the place. */
  owners(): [address: string, place: string][] {
    return [...this.#owners].flatMap(([address, [owner, ...others]]) =>
      others.length > 0 ? [] : [[address, this.placeOf(owner!)]],
    );
  }

  /** Whether packets can be translated there at all: pods and most hosts have no rules. */
  hasRules(namespace: string): boolean {
    const { iptables, ip6tables, nft = [], ipvs = [] } = this.#namespaces.get(namespace) ?? {};
    return iptables !== undefined || ip6tables !== undefined || nft.length > 0 || ipvs.length > 0;
  }

  /** The address the namespace would ask its neighbours for to send to a destination: the longest matching route decides. */
  nextHop(namespace: string, destination: string): string | undefined {
    const table = this.#tables.get(namespace) ?? this.#readTable(namespace);
    const best = table.filter(({ to }) => cidrContains(to, destination)).sort((a, b) => b.to.prefix - a.to.prefix)[0];
    return best && (best.via ?? destination);
  }

  /** The node a VXLAN device sends to what is for a destination: the one behind which the next hop's MAC address is. */
  tunnelPeer(namespace: string, device: string, destination: string): string | undefined {
    const { neighbours = [], fdb = [] } = this.#namespaces.get(namespace) ?? {};
    const hop = this.nextHop(namespace, destination);
    const neighbour = neighbours.find((entry) => entry.device === device && entry.address === hop);
    return fdb.find((entry) => entry.device === device && entry.mac === neighbour?.mac)?.destination;
  }

  #readTable(name: string): { to: Cidr; via?: string | undefined }[] {
    const namespace = this.#namespaces.get(name);
    const routes = (namespace?.routes ?? []).map(({ to, via }) => ({
      to: parseCidr(to === 'default' ? '0.0.0.0/0' : to)!,
      via,
    }));
    const connected = (namespace?.addresses ?? []).map(({ address }) => ({ to: parseCidr(address)! }));
    const table = [...connected, ...routes, ...this.#learned(name)];
    this.#tables.set(name, table);
    return table;
  }

  /** What the kernel has made of router advertisements. */
  #learned(name: string): { to: Cidr; via: string }[] {
    const hears = ({ device }: LearnedGateway) =>
      this.#namespaces.get(name)?.links.some((link) => link.name === device && link.settings?.accept_ra === 2);
    return [...this.#namespaces.values()]
      .flatMap(({ bird }) => bird?.gatewayOf ?? [])
      .filter((gateway) => gateway.namespace === name && hears(gateway))
      .map(({ via }) => ({ to: parseCidr(defaultRoute(6))!, via }));
  }

  /** A cable into a network's switch leads to every machine on the network. */
  #otherEnds({ peer }: VethLink): InterfaceRef[] {
    const far = this.#namespaces.get(peer.namespace);
    if (far?.place !== undefined || !far) return [peer];
    return far.links.flatMap((port) => (port.kind === 'veth' ? [port.peer] : []));
  }
}

function peersOf({ peers, mtu }: WireguardLink): WireguardPeer[] {
  return peers.map(({ endpoint, allowed }) => ({ address: endpoint.address, allowed: parseCidr(allowed)!, mtu }));
}

function key(namespace: string, device: string): string {
  return `${namespace} ${device}`;
}
