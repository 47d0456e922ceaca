/** A walk: where one packet went, and where the answer went. The JSON result carries these values as they are. */
import type { Tuple } from '../net/port.ts';
import type { EncapsulationKind, Outcome, Rejection } from '../parse/schema/check.ts';
import type { ProbeRun, Relayed } from '../probe/probe.ts';

/** The packet as it passed an interface. Addresses carry the port where the protocol has ports. */
export interface PacketSummary {
  readonly protocol: 'TCP' | 'UDP' | 'ICMP' | 'ICMPv6' | 'SCTP' | 'other';
  readonly source: string;
  readonly destination: string;
  /** `SYN`, `echo request`, `port unreachable`, … */
  readonly info: string;
  readonly ttl: number;
  /** Bytes of the IP packet. */
  readonly length: number;
}

export interface Encapsulation {
  readonly as: EncapsulationKind;
  /** Outer addresses. */
  readonly source: string;
  readonly destination: string;
  readonly vni?: number;
  /** Outer UDP source and destination port. */
  readonly sourcePort?: number;
  readonly port?: number;
  /** What was done to the outer packet before it left. */
  readonly rewrites?: readonly Rewrite[];
}

/** A translated address. The undoing of one, on the way back, is `un-dnat` or `un-snat`. */
export interface Rewrite {
  readonly at: string;
  readonly kind: 'dnat' | 'snat' | 'un-dnat' | 'un-snat';
  readonly from: string;
  readonly to: string;
}

/** What an endpoint, or somebody on the way there, said to a connection: `ECONNREFUSED`. */
export interface FailedAttempt {
  readonly endpoint: string;
  readonly failure: string;
}

/** A process took one connection and passed on what came by another one of its own: kube-proxy in mode userspace, docker-proxy, an Ingress controller's nginx. */
export interface Relay {
  readonly at: string;
  readonly program: Relayed['program'];
  /** For whose port: `default/web:http`; nginx's name of it: `default-web-80`. */
  readonly serves: string;
  /** The connection that ends here, and the one that begins, each as its socket has it. */
  readonly from: Tuple;
  readonly to: Tuple;
  /** Whether that came about. */
  readonly connected: boolean;
  /** Attempts before it that failed. */
  readonly failed?: readonly FailedAttempt[];
}

/** A router told a sender of a better next hop (ICMP redirect). */
export interface Redirect {
  readonly by: string;
  /** The place that was told. */
  readonly told: string;
  readonly destination: string;
  /** The better next hop; of IPv6 its link-local address, or the destination itself. */
  readonly via: string;
}

export interface Hop {
  readonly place: string;
  /** `eth0`; `socket` where the packet was translated between the application and the first or last interface. */
  readonly interface: string;
  /** `through`: a bridge the packet crossed, known from its ports. */
  readonly direction: 'in' | 'out' | 'through';
  readonly packet: PacketSummary;
  readonly encapsulation?: Encapsulation;
  /** What began the connection this hop is the first of. */
  readonly relay?: Relay;
  /** What happened at this place between the hop before, or the relay, and this one. */
  readonly rewrites?: readonly Rewrite[];
  /** Nanoseconds since the first hop. */
  readonly sinceStart: number;
  /** The frame behind the hop, for annotated captures. */
  readonly frame?: { readonly namespace: string; readonly index: number };
}

export interface Walk {
  readonly probe: ProbeRun;
  /** Of a probe to a name: those of the questions before it. */
  readonly queries?: readonly Walk[];
  /** The place that sent. */
  readonly from: string;
  readonly hops: readonly Hop[];
  readonly replyHops: readonly Hop[];
  readonly outcome: Outcome;
  /** Undefined when the evidence is complete; else why the outcome cannot be relied on. */
  readonly doubt?: string;
  /** What happened, in a sentence. */
  readonly reason: string;
  /** Who answered, as it says itself, or for a ping the place the request reached. */
  readonly endpoint?: string;
  /** The address that was reached. */
  readonly endpointAddress?: string;
  /** Whom the endpoint saw. */
  readonly sourceSeen?: string;
  /**
   * Who answered when somebody on the way asked who has the address the probe was sent to, sorted. Empty: nobody did; undefined:
   * nobody asked.
   */
  readonly whoHas?: readonly string[];
  /** With outcome `rejected`. */
  readonly rejection?: { readonly by: string; readonly with: Rejection };
  /** Those that its packets brought about. Whether they were believed shows the next walk. */
  readonly redirects?: readonly Redirect[];
  /** Where the packet, or its answer, was seen last when it did not arrive. */
  readonly lastSeen?: { readonly place: string; readonly interface: string };
}
