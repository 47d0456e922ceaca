/**
 * `KernelState`: what the kernel holds when the lab stands, in the nouns of iproute2 and netfilter, per network
 * namespace, and what a process has to serve for its rules and routes to lead somewhere. No order is implied except inside an
 * iptables chain; every object remembers the manifest behind it. Whether an address is IPv4 or IPv6 is told by its text.
 *
 * Values are plain data: they travel to the process that applies them and into files.
 */
import type { Origin } from '../diagnostic.ts';
import type { Impairment } from '../net/impairment.ts';
import type { SocketAddress } from '../net/port.ts';
import type { Attachment } from './attachment.ts';
import type { Daemons } from './daemon.ts';
import type { IpSet } from './ipset.ts';
import type { Iptables } from './iptables.ts';
import type { VirtualServer } from './ipvs.ts';
import type { NftTable } from './nft.ts';
import type { PassThrough } from './pass-through.ts';
import type { Relay } from './relay.ts';
import type { Speaker } from './speaker.ts';
import type { UdpTunnel } from './udp-tunnel.ts';

export interface KernelState {
  /** Sorted by name. */
  readonly namespaces: readonly Namespace[];
}

export interface Namespace extends Daemons {
  /** Its name under /run/netns: `node.node1`, `pod.default.web-0`, `network.lan`. */
  readonly name: string;
  /** Whose it is, as written in walks: `node/node1`; undefined for a network's own switch. */
  readonly place?: string;
  /** Who lives in it besides: pods on their node's network, containers that joined another place. */
  readonly guests?: readonly string[];
  readonly sysctls: readonly Sysctl[];
  readonly links: readonly Link[];
  readonly addresses: readonly Address[];
  readonly routes: readonly Route[];
  readonly neighbours: readonly Neighbour[];
  readonly fdb: readonly FdbEntry[];
  readonly ipsets: readonly IpSet[];
  readonly iptables?: Iptables;
  /** As `iptables`, for IPv6. */
  readonly ip6tables?: Iptables;
  readonly nft: readonly NftTable[];
  readonly ipvs: readonly VirtualServer[];
  readonly relays: readonly Relay[];
  readonly tunnels: readonly UdpTunnel[];
  readonly passThroughs: readonly PassThrough[];
  readonly speaker?: Speaker;
  /** What kube-proxy holds connection tracking to. */
  readonly flows?: readonly UdpFlows[];
  /** Pods of the node that CNI plugins connect; what those make is in no other list. */
  readonly attachments: readonly Attachment[];
  readonly origin: Origin;
}

/**
 * Datagrams to this address and port, or to this port of any address: the connections that are remembered for them lead to one
 * of the endpoints, or are stale.
 */
export interface UdpFlows {
  readonly address?: string;
  readonly port: number;
  /** Addresses. */
  readonly endpoints: readonly string[];
  readonly origin: Origin;
}

export interface Sysctl {
  /** Dotted, as sysctl(8) takes it. */
  readonly key: string;
  readonly value: string;
  readonly origin: Origin;
}

/**
 * Settings of a device (Documentation/networking/ip-sysctl.rst): packets from and to 127.0.0.0/8 may pass it; it answers ARP
 * for what is behind other devices; how long it waits before that, in hundredths of a second; it answers for neighbours of
 * IPv6 that it is told to; it takes routers by their advertisements, with 2 though the machine is one.
 */
export const DEVICE_SETTINGS = {
  route_localnet: { folder: 'ipv4.conf', default: 0 },
  proxy_arp: { folder: 'ipv4.conf', default: 0 },
  proxy_delay: { folder: 'ipv4.neigh', default: 80 },
  proxy_ndp: { folder: 'ipv6.conf', default: 0 },
  accept_ra: { folder: 'ipv6.conf', default: 1 },
} as const;

export type DeviceSetting = keyof typeof DEVICE_SETTINGS;
export type DeviceSettings = { readonly [S in DeviceSetting]?: number };

interface LinkBase {
  readonly name: string;
  readonly mtu: number;
  /** Bridge this link is a port of. */
  readonly master?: string;
  /** Bridge port flag; undefined when the link is no port. */
  readonly hairpin?: boolean;
  /** Those that are not the kernel's defaults. */
  readonly settings?: DeviceSettings;
  readonly impairment?: Impairment;
  /** It has an IPv6 link-local address (addrgenmode eui64): routers need one, or they cannot ask for neighbours. */
  readonly ipv6?: true;
  readonly up: boolean;
  readonly origin: Origin;
}

/** A link whose packets have an Ethernet header. */
interface EthernetLink extends LinkBase {
  /** Colon-separated. */
  readonly mac: string;
}

/** One end of a veth pair. The end with `creates` is the one the pair is made from. */
export interface VethLink extends EthernetLink {
  readonly kind: 'veth';
  readonly peer: { readonly namespace: string; readonly name: string };
  readonly creates: boolean;
}

export interface BridgeLink extends EthernetLink {
  readonly kind: 'bridge';
}

export interface VxlanLink extends EthernetLink {
  readonly kind: 'vxlan';
  readonly vni: number;
  readonly port: number;
  readonly local: string;
  /** The device the outer packets leave by. */
  readonly device: string;
  readonly learning: boolean;
  readonly gbp: boolean;
}

/** A VXLAN device that takes all networks of its port, and is told with each packet where to (ip-link(8), `external`), as Cilium's. */
export interface ExternalVxlanLink extends EthernetLink {
  readonly kind: 'external-vxlan';
  readonly port: number;
}

/** A device that leads nowhere and holds addresses, as kube-ipvs0 does. */
export interface DummyLink extends EthernetLink {
  readonly kind: 'dummy';
}

/** An IP-in-IP tunnel to whatever next hop its routes name. */
export interface IpipLink extends LinkBase {
  readonly kind: 'ipip';
  readonly local: string;
}

/**
 * `tunl0`, the IP-in-IP device that a kernel with ipip has in every namespace (net/ipv4/ip_tunnel.c, ip_tunnel_init_net). It
 * can be neither made nor deleted.
 */
export interface Tunl0Link extends LinkBase {
  readonly kind: 'tunl0';
}

/** A device whose packets a process reads and writes (Documentation/networking/tuntap.rst). */
export interface TunLink extends LinkBase {
  readonly kind: 'tun';
}

/** A WireGuard device, its key, and whom it talks to (wg(8)). */
export interface WireguardLink extends LinkBase {
  readonly kind: 'wireguard';
  readonly privateKey: string;
  readonly listenPort: number;
  readonly peers: readonly WireguardPeer[];
}

export interface WireguardPeer {
  readonly publicKey: string;
  readonly endpoint: SocketAddress;
  /** What is sent to it, and taken from it. */
  readonly allowed: string;
}

export type Link =
  | VethLink
  | BridgeLink
  | VxlanLink
  | ExternalVxlanLink
  | DummyLink
  | IpipLink
  | Tunl0Link
  | TunLink
  | WireguardLink;

export interface Address {
  readonly device: string;
  /** `10.244.1.1/24`, `fd00:10:244:1::1/64` */
  readonly address: string;
  /** IPv4 only. */
  readonly broadcast?: string;
  readonly origin: Origin;
}

export interface Route {
  /** `default` for IPv4, `::/0` for IPv6, or a range. */
  readonly to: string;
  readonly via?: string;
  /** Undefined: packets end here, in a black hole. */
  readonly device?: string;
  readonly onlink: boolean;
  readonly scope?: 'global' | 'link' | 'host';
  readonly source?: string;
  /** The number of who made it (/etc/iproute2/rt_protos); undefined: an administrator, `boot`. */
  readonly protocol?: number;
  readonly origin: Origin;
}

/** A permanent neighbour entry, of ARP or of neighbour discovery. */
export interface Neighbour {
  readonly device: string;
  readonly address: string;
  readonly mac: string;
  readonly origin: Origin;
}

/** A permanent forwarding entry of a VXLAN device: frames to `mac` go to the peer at `destination`. */
export interface FdbEntry {
  readonly device: string;
  readonly mac: string;
  readonly destination: string;
  readonly origin: Origin;
}
