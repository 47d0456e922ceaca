/** Collects kernel state from the files of this folder, each adding its part. */
import type { Origin } from '../diagnostic.ts';
import { type Cidr, type Family, isOfFamily, nthAddress, withPrefix } from '../net/address.ts';
import type { Attachment } from './attachment.ts';
import type { BirdDaemon } from './bird.ts';
import type { IpSet } from './ipset.ts';
import { IptablesBuilder } from './iptables.ts';
import type { VirtualServer } from './ipvs.ts';
import type {
  Address,
  DeviceSettings,
  FdbEntry,
  KernelState,
  Link,
  Namespace,
  Neighbour,
  Route,
  Sysctl,
  UdpFlows,
} from './kernel-state.ts';
import type { NftTable } from './nft.ts';
import type { NginxDaemon } from './nginx.ts';
import type { PassThrough } from './pass-through.ts';
import type { Relay } from './relay.ts';
import type { Speaker } from './speaker.ts';
import type { UdpTunnel } from './udp-tunnel.ts';

export class KernelStateBuilder {
  readonly #namespaces = new Map<string, NamespaceBuilder>();

  /** Makes sure there is a namespace. */
  add(name: string, origin: Origin, place?: string): NamespaceBuilder {
    const namespace = this.#namespaces.get(name) ?? new NamespaceBuilder(name, origin, place);
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
  readonly ip6tables = new IptablesBuilder();
  readonly ipsets: IpSet[] = [];
  readonly nft: NftTable[] = [];
  readonly ipvs: VirtualServer[] = [];
  readonly relays: Relay[] = [];
  readonly tunnels: UdpTunnel[] = [];
  readonly passThroughs: PassThrough[] = [];
  readonly flows: UdpFlows[] = [];
  readonly attachments: Attachment[] = [];
  readonly guests: string[] = [];
  bird: BirdDaemon | undefined;
  nginx: NginxDaemon | undefined;
  speaker: Speaker | undefined;
  readonly #sysctls = new Map<string, Sysctl>();
  readonly #links = new Map<string, Link>();
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

  /** iptables or ip6tables. */
  rules(family: Family): IptablesBuilder {
    return family === 4 ? this.iptables : this.ip6tables;
  }

  /**
   * Makes sure there is a link of that name: whoever comes for another family finds it, and adds its settings; the smaller MTU
   * counts. Links are up unless said otherwise.
   */
  link(link: WithoutDefaults<Link>, origin = this.origin): void {
    const there = this.#links.get(link.name);
    const { settings, ipv6 } = link;
    this.#links.set(
      link.name,
      there
        ? {
            ...there,
            mtu: Math.min(there.mtu, link.mtu),
            ...(settings && { settings: { ...there.settings, ...settings } }),
            ...(ipv6 && { ipv6 }),
          }
        : { up: true, ...link, origin },
    );
  }

  /** Settings of a link that is there, besides those it has. */
  set(device: string, settings: DeviceSettings): void {
    const link = this.#links.get(device)!;
    this.#links.set(device, { ...link, settings: { ...link.settings, ...settings } });
  }

  /**
   * An address with the prefix length of its network, and the broadcast address where there is one (RFC 3021). That nobody else
   * has an IPv6 address takes a second to find out (RFC 4862 5.4), and on a real machine is known before anything is sent; the
   * bridge plugin does not ask either.
   */
  address(device: string, address: string, network: Cidr, origin = this.origin): void {
    const { family, prefix, first, last } = network;
    if (family === 6) this.sysctl('net.ipv6.conf.default.accept_dad', 0);
    const broadcast = family === 4 && prefix < 31 ? nthAddress(network, last - first) : undefined;
    this.#addresses.push({
      device,
      address: withPrefix(address, network),
      ...(broadcast !== undefined && { broadcast }),
      origin,
    });
  }

  /** Those given so far, on all links. */
  addressesIn(family: Family): string[] {
    return this.#addresses.map(({ address }) => address.split('/')[0]!).filter((own) => isOfFamily(own, family));
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

  /** What is up, has an Ethernet header and speaks IPv6 has a link-local address (RFC 4291 2.1), and asks its neighbours from it. */
  #hasIPv6(link: Link): boolean {
    if (!link.up || !('mac' in link)) return false;
    return this.#addresses.some(({ device, address }) => device === link.name && isOfFamily(address, 6));
  }

  build(): Namespace {
    const iptables = this.iptables.build();
    const ip6tables = this.ip6tables.build();
    return {
      name: this.name,
      ...(this.place !== undefined && { place: this.place }),
      ...(this.guests.length > 0 && { guests: this.guests }),
      sysctls: [...this.#sysctls.values()],
      links: [...this.#links.values()].map((link) => (this.#hasIPv6(link) ? { ...link, ipv6: true as const } : link)),
      addresses: this.#addresses,
      routes: this.#routes,
      neighbours: this.#neighbours,
      fdb: this.#fdb,
      ipsets: this.ipsets,
      ...(iptables.tables.length > 0 && { iptables }),
      ...(ip6tables.tables.length > 0 && { ip6tables }),
      nft: this.nft,
      ipvs: this.ipvs,
      relays: this.relays,
      tunnels: this.tunnels,
      passThroughs: this.passThroughs,
      ...(this.bird && { bird: this.bird }),
      ...(this.nginx && { nginx: this.nginx }),
      ...(this.speaker && { speaker: this.speaker }),
      ...(this.flows.length > 0 && { flows: this.flows }),
      attachments: this.attachments,
      origin: this.origin,
    };
  }
}

/** A link as the files here write it: `up` and `origin` have defaults. */
type WithoutDefaults<T> = T extends Link ? Omit<T, 'origin' | 'up'> & { readonly up?: boolean } : never;
