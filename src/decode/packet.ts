/** What is on the wire, layer by layer. Addresses are text, numbers are host order. */
import type { ReadReply } from '../dns/message.ts';
import type { Question } from '../dns/record.ts';

export interface Frame {
  /** The namespace the capture was made in. */
  readonly namespace: string;
  /** Position in its capture: the order in which the kernel saw it there. */
  readonly index: number;
  /** Seconds and nanoseconds since the epoch; all captures of a machine share the clock. */
  readonly seconds: number;
  readonly nanoseconds: number;
  /** Name of the interface, or its number as text where no name is known; empty where the link type has none. */
  readonly interface: string;
  readonly direction: Direction;
  readonly packet: Packet;
}

/** `other`: a frame for another machine, seen in passing. */
export type Direction = 'in' | 'out' | 'other';

export type Packet = IpPacket | ArpPacket | UndecodedPacket;

export interface IpPacket {
  readonly kind: 'ip';
  readonly version: 4 | 6;
  readonly source: string;
  readonly destination: string;
  /** TTL or hop limit. */
  readonly ttl: number;
  /**
   * What tells one packet from the same one sent again: the identification of IPv4, or the flow label of IPv6, which Linux draws
   * anew for every retransmission (net/ipv4/tcp_timer.c, sk_rethink_txhash). NAT and tunnels leave both as they are.
   */
  readonly id: number;
  readonly dontFragment: boolean;
  /** Undefined for a whole packet. `offset` in bytes. */
  readonly fragment: { readonly offset: number; readonly more: boolean } | undefined;
  /** Bytes of the packet as its header says, header included. */
  readonly length: number;
  readonly transport: Transport;
}

export type Transport = Tcp | Udp | Icmp | IpInIp | LaterFragment | OtherTransport;

export interface Tcp {
  readonly kind: 'tcp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly sequence: number;
  readonly acknowledgement: number;
  /** The flag byte of RFC 9293: FIN 1, SYN 2, RST 4, PSH 8, ACK 16. */
  readonly flags: number;
  readonly payloadLength: number;
  /** The probe whose HTTP request begins here. */
  readonly mark?: number;
  /** A whole message in one segment, at a port of DNS. */
  readonly dns?: Dns;
}

export const TCP_FIN = 1;
export const TCP_SYN = 2;
export const TCP_RST = 4;
export const TCP_ACK = 16;

export interface Udp {
  readonly kind: 'udp';
  readonly sourcePort: number;
  readonly destinationPort: number;
  readonly payloadLength: number;
  /** Probe id in the payload: positive in a request, negative in an answer, 0 without. */
  readonly mark: number;
  /** A message, at a port of DNS. */
  readonly dns?: Dns;
  /** Set when the port is one of VXLAN. */
  readonly vxlan?: Vxlan;
  /** Set when the port is one of flannel's backend udp: the packet it carries. */
  readonly inner?: Packet;
  /** A data message of WireGuard: its receiver's session and its number. What is in it, `inner` tells where it is known. */
  readonly sealed?: string;
}

/** RFC 1035 */
export interface Dns {
  readonly question: Question;
  /** Undefined for a question. */
  readonly reply?: Pick<ReadReply, 'status' | 'answers' | 'truncated'>;
}

/** RFC 7348 */
export interface Vxlan {
  readonly vni: number;
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly inner: Packet;
}

export interface Icmp {
  readonly kind: 'icmp';
  readonly version: 4 | 6;
  readonly type: number;
  readonly code: number;
  /** Probe id in an echo's payload; 0 without. */
  readonly mark: number;
  /** Identifier and sequence number of an echo. */
  readonly echo?: { readonly identifier: number; readonly sequence: number };
  /** MTU of the next hop, in "fragmentation needed" and "packet too big". */
  readonly mtu?: number;
  /** Of a redirect of IPv4: the better next hop. */
  readonly gateway?: string;
  /** The packet an error or a redirect is about, as far as it is quoted. */
  readonly quoted?: Packet;
  /** Of a message of neighbour discovery (RFC 4861). */
  readonly neighbour?: NeighbourMessage;
  /** The multicast addresses a report of MLD is about. */
  readonly groups?: readonly string[];
}

/** What a message of neighbour discovery says, as far as its kind says it. */
export interface NeighbourMessage {
  /** Who is asked for, who answers, or for a redirect the better next hop. */
  readonly target?: string;
  /** What a redirect is about. */
  readonly destination?: string;
  /** The link-layer address its options tell: the sender's, or the target's. */
  readonly mac?: string;
  /** Of a router advertisement, which says for how many seconds it is a default router. */
  readonly lifetime?: number;
  /** Of a router advertisement: `fd00::/64`. */
  readonly prefixes?: readonly string[];
}

/** RFC 2003: IP protocol 4, or 41 for IPv6 inside. */
export interface IpInIp {
  readonly kind: 'ipip';
  readonly inner: Packet;
}

/** A fragment that is not the first has no transport header. */
export interface LaterFragment {
  readonly kind: 'fragment';
  readonly protocol: number;
}

export interface OtherTransport {
  readonly kind: 'other';
  readonly protocol: number;
  /** Set when the capture ends before the header does. */
  readonly truncated?: true;
}

export interface ArpPacket {
  readonly kind: 'arp';
  readonly operation: 'request' | 'reply';
  readonly sender: string;
  readonly senderMac: string;
  readonly target: string;
}

export interface UndecodedPacket {
  readonly kind: 'undecoded';
  /** What it is or why it was not decoded. */
  readonly reason: string;
}
