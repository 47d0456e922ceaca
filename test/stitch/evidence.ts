/** Evidence made up for a test: what a capture would hold, and what a sender would report. */
import type { Direction, Frame, IpPacket, Packet } from '../../src/decode/packet.ts';
import { TCP_ACK, TCP_SYN } from '../../src/decode/packet.ts';
import { isIpv6 } from '../../src/net/address.ts';
import { addressOf } from '../../src/net/port.ts';
import { initialSequence } from '../../src/probe/mark.ts';
import type { ProbeResult, ProbeRun } from '../../src/probe/probe.ts';
import type { Evidence } from '../../src/stitch/index.ts';

/** The id of the probe all packets here are of. */
export const ID = 7;
const OWN = initialSequence(ID);
/** The other end's numbers lie in no probe's range. */
const FOREIGN = 0xc0ff_ee00;

type Fields = Partial<Omit<IpPacket, 'kind' | 'transport'>>;

/** `from` and `to` are sockets (`10.0.0.1:80`, `[fd00::1]:80`); the addresses become those of the packet. */
function ip(from: string, to: string, transport: IpPacket['transport'], fields: Fields): IpPacket {
  return {
    kind: 'ip',
    version: isIpv6(from) ? 6 : 4,
    source: split(from).address,
    destination: split(to).address,
    ttl: 64,
    id: 1,
    dontFragment: true,
    fragment: undefined,
    length: 60,
    ...fields,
    transport,
  };
}

function split(socket: string): { address: string; port: number } {
  const address = addressOf(socket);
  return { address, port: socket === address ? 0 : Number(socket.slice(socket.lastIndexOf(':') + 1)) };
}

export interface Segment extends Fields {
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly flags?: number;
  readonly payload?: number;
}

export function segment(
  from: string,
  to: string,
  { sequence = 0, acknowledgement = 0, flags = 0, payload = 0, ...fields }: Segment,
): IpPacket {
  const transport = {
    kind: 'tcp',
    sourcePort: split(from).port,
    destinationPort: split(to).port,
    sequence,
    acknowledgement,
    flags,
    payloadLength: payload,
  } as const;
  return ip(from, to, transport, fields);
}

/** The probe's first packet. */
export function syn(from: string, to: string, fields: Fields & { probe?: number } = {}): IpPacket {
  const { probe = ID, ...rest } = fields;
  return segment(from, to, { sequence: initialSequence(probe), flags: TCP_SYN, ...rest });
}

export function synAck(from: string, to: string, fields: Fields = {}): IpPacket {
  return segment(from, to, { sequence: FOREIGN, acknowledgement: OWN + 1, flags: TCP_SYN | TCP_ACK, ...fields });
}

/** Data of the probe, and of the answer. */
export function question(from: string, to: string, fields: Fields = {}): IpPacket {
  const numbers = { sequence: OWN + 1, acknowledgement: FOREIGN + 1, flags: TCP_ACK | 8, payload: 120 };
  return segment(from, to, { ...numbers, id: 2, ...fields });
}

export function reply(from: string, to: string, fields: Fields = {}): IpPacket {
  const numbers = { sequence: FOREIGN + 1, acknowledgement: OWN + 121, flags: TCP_ACK | 8, payload: 300 };
  return segment(from, to, { ...numbers, id: 2, ...fields });
}

/** The reset by which a closed port answers a SYN: its own number is zero. */
export function reset(from: string, to: string, fields: Fields = {}): IpPacket {
  return segment(from, to, { acknowledgement: OWN + 1, flags: TCP_ACK | 4, ...fields });
}

/** The reset by which the probe's own end answers what it knows nothing of: its number is the one that was acknowledged. */
export function ownReset(from: string, to: string, fields: Fields = {}): IpPacket {
  return segment(from, to, { sequence: OWN + 1, flags: 4, id: 3, ...fields });
}

/** `mark` is positive in a request and negative in an answer. */
export function datagram(from: string, to: string, mark: number, fields: Fields = {}): IpPacket {
  const [sourcePort, destinationPort] = [split(from).port, split(to).port];
  return ip(from, to, { kind: 'udp', sourcePort, destinationPort, payloadLength: 100, mark }, fields);
}

export function echo(from: string, to: string, kind: 'request' | 'reply', fields: Fields = {}): IpPacket {
  const type = kind === 'request' ? 8 : 0;
  const numbers = { identifier: 1, sequence: 1 };
  return ip(from, to, { kind: 'icmp', version: 4, type, code: 0, mark: ID, echo: numbers }, fields);
}

export function icmpError(
  from: string,
  to: string,
  [type, code]: readonly [number, number],
  quoted: Packet,
  fields: Fields = {},
): IpPacket {
  return ip(from, to, { kind: 'icmp', version: isIpv6(from) ? 6 : 4, type, code, mark: 0, quoted }, fields);
}

export function inVxlan(from: string, to: string, inner: Packet, { vni = 1, port = 8472 } = {}): IpPacket {
  const vxlan = { vni, sourceMac: '0e:00:0a:f4:01:00', destinationMac: '0e:00:0a:f4:02:00', inner };
  const transport = {
    kind: 'udp',
    sourcePort: 51234,
    destinationPort: port,
    payloadLength: 0,
    mark: 0,
    vxlan,
  } as const;
  return ip(from, to, transport, { id: 4711, dontFragment: false });
}

export function inIpip(from: string, to: string, inner: Packet): IpPacket {
  return ip(from, to, { kind: 'ipip', inner }, { id: 4711 });
}

export function arp(operation: 'request' | 'reply', sender: string, target: string): Packet {
  return { kind: 'arp', operation, sender, senderMac: '02:00:0a:00:00:0b', target };
}

/** Neighbour discovery: a question to all who may have the address, or its answer. */
export function neighbour(kind: 'solicitation' | 'advertisement', from: string, to: string, target: string): IpPacket {
  const type = kind === 'solicitation' ? 135 : 136;
  const told = { target, mac: '02:00:00:00:00:0b' };
  return ip(from, to, { kind: 'icmp', version: 6, type, code: 0, mark: 0, neighbour: told }, { ttl: 255 });
}

/** A packet as it passed an interface. */
export interface Seen {
  readonly namespace: string;
  readonly interface: string;
  readonly direction: Direction;
  readonly packet: Packet;
}

/** `at`: `node.node1/eth0`. */
export function seen(at: string, direction: Direction, packet: Packet): Seen {
  const slash = at.lastIndexOf('/');
  return { namespace: at.slice(0, slash), interface: at.slice(slash + 1), direction, packet };
}

const START = 1_700_000_000;

/** In the order they were seen, a microsecond apart; each namespace numbers its own. */
export function framesOf(sights: readonly Seen[]): Frame[] {
  const counts = new Map<string, number>();
  return sights.map((sight, position) => {
    const index = counts.get(sight.namespace) ?? 0;
    counts.set(sight.namespace, index + 1);
    return { ...sight, index, seconds: START, nanoseconds: position * 1000 };
  });
}

export function evidence(sights: readonly Seen[], blind: Readonly<Record<string, string>> = {}): Evidence {
  return { frames: framesOf(sights), blind: new Map(Object.entries(blind)) };
}

export interface RunOptions {
  readonly id?: number;
  readonly namespace: string;
  readonly protocol?: ProbeRun['protocol'];
  /** Sockets; no local one where there was no route to choose an address by. */
  readonly local?: string;
  readonly remote: string;
  readonly result?: ProbeResult;
  readonly relayed?: ProbeRun['relayed'];
  /** Of a probe to a name. */
  readonly about?: Pick<ProbeRun, 'name' | 'question' | 'queries' | 'unresolved'>;
}

export function run(options: RunOptions): ProbeRun {
  const { id = ID, namespace, protocol = 'TCP', local, remote, result = { kind: 'timeout' }, relayed, about } = options;
  const { address, port } = split(remote);
  return {
    id,
    namespace,
    protocol,
    ...(local !== undefined && { local: split(local) }),
    remote: { address, ...(protocol !== 'ICMP' && { port }) },
    result,
    ...(relayed && { relayed }),
    ...about,
    durationMs: 1,
  };
}

export function answered(endpoint: string, address: string, source: string): ProbeResult {
  return { kind: 'answered', answer: { endpoint, address, source, protocol: 'TCP' }, status: 200 };
}

export function refused(errno: string): ProbeResult {
  return { kind: 'refused', errno };
}
