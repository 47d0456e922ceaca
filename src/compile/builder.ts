/** Collects kernel state from the files of this folder, each adding its part. */
import type { Origin } from '../diagnostic.ts';
import { type Cidr, nthAddress, withPrefix } from '../net/address.ts';
import type { Attachment } from './attachment.ts';
import type { BirdDaemon } from './bird.ts';
import type { IpSet } from './ipset.ts';
import { IptablesBuilder } from './iptables.ts';
import type { VirtualServer } from './ipvs.ts';
import type { Address, FdbEntry, KernelState, Link, Namespace, Neighbour, Route, Sysctl } from './kernel-state.ts';
import type { NftTable } from './nft.ts';
import type { Relay } from './relay.ts';
import type { UdpTunnel } from './udp-tunnel.ts';

export class KernelStateBuilder {
  readonly #namespaces = new Map<string, NamespaceBuilder>();

  add(name: string, origin: Origin, place?: string): NamespaceBuilder {
    const namespace = new NamespaceBuilder(name, origin, place);
    this.#namespaces.set(name, namespace);
    return namespace;
  }

  /** A namespace added before; asking for another is a mistake in this folder. */
  get(name: string): NamespaceBuilder {
    const namespace = this.#namespaces.get(name);
    if (!namespace) throw new Error(`no namespace ${name} has been compiled`);
    return namespace;
  }

  build(): KernelState {
    const sorted = [...this.#namespaces].sort(([a], [b]) => (a < b ? -1 : 1));
    return { namespaces: sorted.map(([, namespace]) => namespace.build()) };
  }
}

export class NamespaceBuilder {
  readonly name: string;
  readonly origin: Origin;
  readonly place: string | undefined;
  readonly iptables = new IptablesBuilder();
  readonly ipsets: IpSet[] = [];
  readonly nft: NftTable[] = [];
  readonly ipvs: VirtualServer[] = [];
  readonly relays: Relay[] = [];
  readonly tunnels: UdpTunnel[] = [];
  readonly attachments: Attachment[] = [];
  readonly guests: string[] = [];
  bird: BirdDaemon | undefined;
  readonly #sysctls = new Map<string, Sysctl>();
  readonly #links: Link[] = [];
  readonly #addresses: Address[] = [];
  readonly #routes: Route[] = [];
  readonly #neighbours: Neighbour[] = [];
  readonly #fdb: FdbEntry[] = [];

  constructor(name: string, origin: Origin, place: string | undefined) {
    this.name = name;
    this.origin = origin;
    this.place = place;
  }

  /** The last one to set a key decides. */
  sysctl(key: string, value: string | number, origin = this.origin): void {
    this.#sysctls.set(key, { key, value: String(value), origin });
  }

  /** Links are up unless said otherwise. */
  link(link: WithoutDefaults<Link>, origin = this.origin): void {
    this.#links.push({ up: true, ...link, origin });
  }

  /** An address with the prefix length of its network, and the broadcast address where there is one (RFC 3021). */
  address(device: string, address: string, network: Cidr, origin = this.origin): void {
    const broadcast = network.prefix < 31 ? nthAddress(network, network.last - network.first) : undefined;
    this.#addresses.push({
      device,
      address: withPrefix(address, network),
      ...(broadcast !== undefined && { broadcast }),
      origin,
    });
  }

  /** Those given so far, on all links. */
  get addresses(): string[] {
    return this.#addresses.map(({ address }) => address.split('/')[0]!);
  }

  route(route: Omit<Route, 'origin' | 'onlink'> & { readonly onlink?: boolean }, origin = this.origin): void {
    this.#routes.push({ onlink: false, ...route, origin });
  }

  neighbour(entry: Omit<Neighbour, 'origin'>, origin = this.origin): void {
    this.#neighbours.push({ ...entry, origin });
  }

  fdb(entry: Omit<FdbEntry, 'origin'>, origin = this.origin): void {
    this.#fdb.push({ ...entry, origin });
  }

  build(): Namespace {
    const iptables = this.iptables.build();
    return {
      name: this.name,
      ...(this.place !== undefined && { place: this.place }),
      ...(this.guests.length > 0 && { guests: this.guests }),
      sysctls: [...this.#sysctls.values()],
      links: this.#links,
      addresses: this.#addresses,
      routes: this.#routes,
      neighbours: this.#neighbours,
      fdb: this.#fdb,
      ipsets: this.ipsets,
      ...(iptables.tables.length > 0 && { iptables }),
      nft: this.nft,
      ipvs: this.ipvs,
      relays: this.relays,
      tunnels: this.tunnels,
      ...(this.bird && { bird: this.bird }),
      attachments: this.attachments,
      origin: this.origin,
    };
  }
}

/** A link as the files here write it: `up` and `origin` have defaults. */
type WithoutDefaults<T> = T extends Link ? Omit<T, 'origin' | 'up'> & { readonly up?: boolean } : never;
