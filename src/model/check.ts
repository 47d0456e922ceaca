/** What a topology asks of its lab. References to places are resolved; addresses a place will own are not yet known. */
import type { Origin } from '../diagnostic.ts';
import type { Question } from '../dns/record.ts';
import type { Family } from '../net/address.ts';
import type { Protocol } from '../net/port.ts';
import type { EncapsulationKind, Outcome, Rejection } from '../parse/schema/check.ts';

/** Sends packets and judges their walk. */
export interface ConnectionCheck {
  readonly kind: 'connection';
  readonly name: string;
  /** The step it is made after; undefined: before all of them. */
  readonly step?: string;
  readonly from: Sender;
  readonly to: Destination;
  readonly connections: number;
  /** Pause between connections; undefined: all at once. */
  readonly intervalMs?: number;
  readonly timeoutMs: number;
  /** What its connection is called, which stays open. */
  readonly opens?: string;
  /** It sends over this connection, which was opened before. */
  readonly on?: string;
  readonly expect?: Expectation;
  /** Why the expectation is another one than in other modes. */
  readonly because?: string;
  readonly origin: Origin;
}

/** Looks at the kernel state of a place with a listing command. */
export interface StateCheck {
  readonly kind: 'state';
  readonly name: string;
  /** The step it is made after; undefined: before all of them. */
  readonly step?: string;
  readonly at: string;
  readonly listings: readonly Listing[];
  /** Why the listings are others than in other modes. */
  readonly because?: string;
  readonly origin: Origin;
}

export type Check = ConnectionCheck | StateCheck;

export const LISTINGS = [
  'environment',
  'hostname',
  'hosts',
  'resolvConf',
  'addresses',
  'links',
  'routes',
  'routeCache',
  'neighbours',
  'fdb',
  'qdiscs',
  'sockets',
  'iptables',
  'ip6tables',
  'ipsets',
  'ipvs',
  'nft',
] as const;
export type ListingName = (typeof LISTINGS)[number];

export interface Listing {
  readonly name: ListingName;
  readonly has: readonly string[];
  readonly lacks: readonly string[];
}

export interface Sender {
  readonly place: string;
  readonly protocol: Protocol | 'ICMP';
  /** Own address to bind; undefined: the kernel's choice. */
  readonly ip?: string;
  readonly port?: number;
  readonly payload?: string;
  readonly size?: number;
  readonly ttl?: number;
}

export type Destination = AddressDestination | NameDestination | LookupDestination;

export interface AddressDestination {
  /** As the user wrote it. */
  readonly text: string;
  readonly address: string;
  /** Undefined for ICMP echo. */
  readonly port?: number;
  /** Of a URL. */
  readonly http?: HttpRequest;
}

export interface HttpRequest {
  readonly scheme: 'http' | 'https';
  /** The header Host: `foo.bar.com`, `foo.bar.com:8080`. Its name is what TLS is told as well (RFC 6066, 3). */
  readonly host: string;
  readonly path: string;
}

/** A name that the sender resolves first, every time. */
export interface NameDestination {
  readonly text: string;
  readonly name: string;
  readonly port: number;
  /** The one that is asked for; undefined: those the sender has. */
  readonly family?: Family;
  /** Of a URL. */
  readonly http?: HttpRequest;
}

/** A name that the sender only asks for. */
export interface LookupDestination {
  readonly text: string;
  readonly lookup: Question;
}

/** A place or an address in an expectation, with or without a port. */
export interface Peer {
  readonly text: string;
  /** Any address of this place. */
  readonly place?: string;
  readonly address?: string;
  readonly port?: number;
}

/** One element of an expected path. `interface` may contain `*`. */
export interface Step {
  readonly place: string;
  readonly interface?: string;
}

export interface RewriteExpectation {
  readonly at: string;
  readonly kind: 'dnat' | 'snat';
  readonly from: Peer;
  readonly to: Peer;
}

export type EncapsulationExpectation =
  | 'none'
  | {
      readonly between: readonly [string, string];
      readonly as: EncapsulationKind;
      readonly vni?: number;
      readonly port?: number;
    };

/** `min` of n means n or more; `exactly` means n. */
export type Count = { readonly exactly: number } | { readonly min: number };

export type Spread =
  | { readonly over: 'one' | 'several' }
  | { readonly over: 'all'; readonly endpoints: readonly string[] }
  | { readonly over: 'counts'; readonly counts: Readonly<Record<string, Count>> };

export interface Expectation {
  readonly outcome?: Outcome;
  readonly rejectedBy?: string;
  readonly rejectedWith?: Rejection;
  readonly status?: number;
  /** The header of a redirect. */
  readonly location?: string;
  /** One of the names of the certificate. */
  readonly certificate?: string;
  /** The HTTP request as the endpoint saw it; header names in lower case. */
  readonly request?: { readonly path?: string; readonly headers: Readonly<Record<string, string>> };
  readonly endpoint?: readonly string[];
  readonly source?: Peer;
  /** The places that answer for the destination's address. */
  readonly whoHas?: readonly string[];
  readonly lastSeen?: Step;
  readonly path?: readonly Step[];
  readonly replyPath?: readonly Step[];
  readonly rewrites?: readonly RewriteExpectation[];
  /** The places of the relays. */
  readonly relays?: readonly string[];
  readonly redirects?: readonly { readonly by: string; readonly to: Peer }[];
  readonly encapsulation?: EncapsulationExpectation;
  /** Nanoseconds from the first interface that saw the packet to the last one. */
  readonly latency?: { readonly text: string; readonly atLeast: number; readonly atMost: number };
  readonly unseen?: readonly { readonly at: Step; readonly peer: Peer }[];
  readonly spread?: Spread;
  /** The data of all records of a lookup's type, in any order. */
  readonly answers?: readonly string[];
}
