/**
 * One step of a plan. An operation names everything it needs: whoever carries it out decides nothing.
 * The same value is printed as a command, written into a script, and sent to the kernel.
 */

import type { Attachment, PluginCall, PluginNetwork } from '../compile/attachment.ts';
import type { DaemonProgram, Daemons } from '../compile/daemon.ts';
import type {
  Address,
  FdbEntry,
  Link,
  Neighbour,
  Route,
  Sysctl,
  UdpFlows,
  WireguardLink,
} from '../compile/kernel-state.ts';
import type { PassThrough } from '../compile/pass-through.ts';
import type { Relay, RelayProgram } from '../compile/relay.ts';
import type { Speaker } from '../compile/speaker.ts';
import type { UdpTunnel } from '../compile/udp-tunnel.ts';
import type { Origin } from '../diagnostic.ts';
import type { Impairment } from '../net/impairment.ts';

/** A link as it is made: what cannot be changed later, both ends of a veth pair included. */
export type NewLink =
  | (EndOfLink & { readonly kind: 'bridge' | 'dummy' })
  | (EndOfLink & { readonly kind: 'veth'; readonly peer: EndOfLink & { readonly namespace: string } })
  | Made<Extract<Link, { kind: 'vxlan' }>>
  | Made<Extract<Link, { kind: 'external-vxlan' }>>
  | Made<Extract<Link, { kind: 'ipip' }>>
  | (Omit<EndOfLink, 'mac'> & { readonly kind: 'tunl0' })
  | (Omit<EndOfLink, 'mac'> & { readonly kind: 'wireguard' });

type Made<L extends Link> = Omit<L, 'origin' | 'up' | 'master' | 'hairpin' | 'settings' | 'impairment' | 'ipv6'>;

interface EndOfLink {
  readonly name: string;
  readonly mtu: number;
  readonly mac: string;
}

/** Attributes of an existing link that change; the others stay. */
export interface LinkChange {
  readonly name: string;
  readonly master?: string;
  readonly mtu?: number;
  /** No IPv6 link-local address: no duplicate address detection, router solicitations or MLD reports in the captures. */
  readonly quiet?: true;
  readonly up?: boolean;
}

export type WireguardConfig = Pick<WireguardLink, 'name' | 'privateKey' | 'listenPort' | 'peers'>;

type Step =
  | { readonly kind: 'add-namespace' | 'delete-namespace' }
  | { readonly kind: 'set-sysctl'; readonly sysctl: Omit<Sysctl, 'origin'> }
  | { readonly kind: 'add-link'; readonly link: NewLink }
  /** A TUN device that stays when no process has it open. */
  | { readonly kind: 'add-tun'; readonly name: string }
  /** Key, port and peers of a WireGuard device: exactly these. */
  | { readonly kind: 'set-wireguard'; readonly device: WireguardConfig }
  | { readonly kind: 'set-link'; readonly change: LinkChange }
  | { readonly kind: 'set-port'; readonly name: string; readonly hairpin: boolean }
  /** An empty impairment takes the one there is away. */
  | { readonly kind: 'set-impairment'; readonly name: string; readonly impairment: Impairment }
  | { readonly kind: 'delete-link'; readonly name: string }
  | { readonly kind: 'add-address' | 'delete-address'; readonly address: Omit<Address, 'origin'> }
  | { readonly kind: 'add-route' | 'delete-route'; readonly route: Omit<Route, 'origin'> }
  | { readonly kind: 'add-neighbour' | 'delete-neighbour'; readonly neighbour: Omit<Neighbour, 'origin'> }
  | { readonly kind: 'add-fdb' | 'delete-fdb'; readonly entry: Omit<FdbEntry, 'origin'> }
  /** `text` is what the program reads: iptables tables as a whole, or with `onTop` only what changes; commands for the others. */
  | { readonly kind: 'load-rules'; readonly program: RuleProgram; readonly text: string; readonly onTop?: true }
  /** Connections that are remembered for these datagrams and lead to none of their endpoints are forgotten. */
  | { readonly kind: 'delete-stale-flows'; readonly flows: Omit<UdpFlows, 'origin'> }
  /** No new connections for a real server of IPVS; it is removed when its old ones have ended. */
  | { readonly kind: 'retire-server'; readonly server: string }
  /** Exactly these the program serves in the namespace from now on. */
  | { readonly kind: 'set-relays'; readonly program: RelayProgram; readonly relays: readonly Relay[] }
  /** Exactly these are carried by flanneld's process from now on, through their devices as they are now. */
  | { readonly kind: 'set-tunnels'; readonly tunnels: readonly UdpTunnel[] }
  /** A load balancer passes on packets for exactly these addresses from now on, by routes it keeps itself. */
  | { readonly kind: 'set-pass-throughs'; readonly passThroughs: readonly PassThrough[] }
  | DaemonStep
  /** MetalLB's speaker of layer 2 runs like this from now on; without one it ends. */
  | { readonly kind: 'set-speaker'; readonly speaker: Speaker | undefined }
  /** `namespace` is the node's: the plugins run there. A pod that cannot be added is deleted again. */
  | { readonly kind: 'add-to-network' | 'delete-from-network'; readonly attachment: Attachment }
  /** The plugins forget whatever belongs to no attachment of `valid`. */
  | ({ readonly kind: 'collect-garbage' } & Garbage);

/** The program runs with this configuration from now on; without one it ends, and BIRD's routes go. */
type DaemonStep = {
  readonly [P in DaemonProgram]: { readonly kind: 'set-daemon'; readonly program: P; readonly daemon: Daemons[P] };
}[DaemonProgram];

/** What a node's plugins are told that is still valid (CNI specification, GC). */
export interface Garbage {
  readonly network: PluginNetwork;
  readonly calls: readonly PluginCall[];
  readonly valid: readonly Pick<Attachment, 'container' | 'device'>[];
}

export type RuleProgram = 'ipset' | 'iptables' | 'ip6tables' | 'nft' | 'ipvs';

/** `namespace` is where the step happens; `origin` is the manifest line it exists for. */
export type Operation = Step & { readonly namespace: string; readonly origin: Origin };
export type SetDaemon = Extract<Operation, { kind: 'set-daemon' }>;
export type LoadRules = Extract<Operation, { kind: 'load-rules' }>;

/** Steps in an order that works. */
export interface Plan {
  readonly operations: readonly Operation[];
}
