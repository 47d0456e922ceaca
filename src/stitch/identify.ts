/**
 * Which probe a frame belongs to, by the mark it carries (probe/mark.ts), whatever NAT and encapsulation did to it.
 */
import type { Frame, IpPacket, Packet, Udp } from '../decode/packet.ts';
import { TCP_ACK, TCP_SYN } from '../decode/packet.ts';
import type { Tuple } from '../net/port.ts';
import { idOfSequence, MAX_PAYLOAD } from '../probe/mark.ts';
import { tupleOf } from './path.ts';
import type { Encapsulation } from './walk.ts';

export interface Identity {
  readonly probe: number;
  /** `error`: an ICMP error about a packet of the probe. */
  readonly kind: 'request' | 'answer' | 'error';
  /** What tells the packets of a probe apart, but for those that are sent again. */
  readonly content: string;
}

/** One packet seen once. */
export interface Sighting extends Identity {
  /** Tells the packets of a probe apart; the same on every hop of one packet. */
  readonly key: string;
  readonly frame: Frame;
  /** The innermost packet. */
  readonly packet: IpPacket;
  readonly encapsulation?: Encapsulation;
}

/** The probe of a connection, by its sockets as its SYN was seen to have them: `10.244.1.2:40112 10.96.0.10:80`. */
export type Connections = ReadonlyMap<string, number>;

export function openedConnections(frames: readonly Frame[], probes: ReadonlySet<number>): Connections {
  const connections = new Map<string, number>();
  for (const frame of frames) {
    const { packet } = unwrap(frame.packet);
    if (packet?.kind !== 'ip' || packet.transport.kind !== 'tcp') continue;
    const { flags, sequence } = packet.transport;
    if ((flags & (TCP_SYN | TCP_ACK)) === TCP_SYN && probes.has(idOfSequence(sequence)))
      connections.set(socketsKey(tupleOf(packet)), idOfSequence(sequence));
  }
  return connections;
}

export function socketsKey({ source, destination }: Tuple): string {
  return `${source} ${destination}`;
}

/** Undefined for frames of none of the probes. `unmarked` are connections whose numbers say nothing (unmarked.ts). */
export function identify(
  frame: Frame,
  probes: ReadonlySet<number>,
  connections: () => Connections = () => new Map(),
  unmarked: Connections = new Map(),
): Sighting | undefined {
  const { packet, encapsulation } = unwrap(frame.packet);
  if (packet?.kind !== 'ip') return undefined;
  const identity = identityOf(packet, probes, connections, unmarked);
  if (!identity) return undefined;
  const key = `${identity.content} ${packet.id}`;
  return { ...identity, key, frame, packet, ...(encapsulation && { encapsulation }) };
}

export function unwrap(packet: Packet): { packet: Packet | undefined; encapsulation?: Encapsulation } {
  if (packet.kind !== 'ip') return { packet };
  const { transport, source, destination } = packet;
  if (transport.kind === 'udp' && transport.vxlan) {
    const { vni, inner } = transport.vxlan;
    return { packet: inner, encapsulation: { as: 'vxlan', source, destination, vni, ...portsOf(transport) } };
  }
  if (transport.kind === 'udp' && transport.inner)
    return {
      packet: transport.inner,
      encapsulation: {
        as: transport.sealed === undefined ? 'udp' : 'wireguard',
        source,
        destination,
        ...portsOf(transport),
      },
    };
  if (transport.kind === 'ipip') return { packet: transport.inner, encapsulation: { as: 'ipip', source, destination } };
  return { packet };
}

function portsOf({ sourcePort, destinationPort }: Udp): Pick<Encapsulation, 'sourcePort' | 'port'> {
  return { sourcePort, port: destinationPort };
}

function identityOf(
  packet: IpPacket,
  probes: ReadonlySet<number>,
  connections: () => Connections,
  unmarked: Connections,
): Identity | undefined {
  const { transport } = packet;
  switch (transport.kind) {
    case 'tcp': {
      const { sequence, acknowledgement, flags, payloadLength } = transport;
      const content = `${flags} ${sequence} ${acknowledgement} ${payloadLength}`;
      const known = unmarked.size > 0 ? inConnection(packet, unmarked) : undefined;
      if (known) return { ...known, content };
      const sent = probes.has(idOfSequence(sequence)) && (sequence & 0xffff) <= MAX_PAYLOAD;
      const acknowledged =
        (flags & TCP_ACK) !== 0 &&
        probes.has(idOfSequence(acknowledgement)) &&
        (acknowledgement & 0xffff) <= MAX_PAYLOAD;
      const request = { probe: idOfSequence(sequence), kind: 'request', content } as const;
      const answer = { probe: idOfSequence(acknowledgement), kind: 'answer', content } as const;
      /** The other end's number may lie in a probe's range by chance: then the connection tells. */
      if (sent && acknowledged && !(flags & TCP_SYN)) {
        const { source, destination } = tupleOf(packet);
        const opened = connections();
        if (opened.get(socketsKey({ source, destination })) === request.probe) return request;
        const answered = opened.get(socketsKey({ source: destination, destination: source }));
        return answered === answer.probe ? answer : undefined;
      }
      if (sent && !(flags & TCP_SYN && flags & TCP_ACK)) return request;
      return acknowledged ? answer : undefined;
    }
    case 'udp': {
      const probe = Math.abs(transport.mark);
      if (probe === 0 || !probes.has(probe)) return undefined;
      return { probe, kind: transport.mark > 0 ? 'request' : 'answer', content: `udp ${transport.payloadLength}` };
    }
    case 'icmp': {
      const { type, code, mark, echo, quoted } = transport;
      if (echo) {
        if (mark === 0 || !probes.has(mark)) return undefined;
        const isRequest = type === 8 || type === 128;
        return { probe: mark, kind: isRequest ? 'request' : 'answer', content: `echo ${echo.sequence}` };
      }
      const about = quoted?.kind === 'ip' ? identityOf(quoted, probes, connections, unmarked) : undefined;
      return about && { probe: about.probe, kind: 'error', content: `error ${type}/${code} ${about.kind}` };
    }
    default:
      return undefined;
  }
}

function inConnection(packet: IpPacket, connections: Connections): Pick<Identity, 'probe' | 'kind'> | undefined {
  const { source, destination } = tupleOf(packet);
  const forth = connections.get(socketsKey({ source, destination }));
  if (forth !== undefined) return { probe: forth, kind: 'request' };
  const back = connections.get(socketsKey({ source: destination, destination: source }));
  return back === undefined ? undefined : { probe: back, kind: 'answer' };
}

/** Whether an error is about what the probe sent, rather than about the answer. */
export function isAboutRequest({ content }: Sighting): boolean {
  return content.endsWith(' request');
}
