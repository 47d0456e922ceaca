/**
 * Which probe a frame belongs to, by the mark it carries (probe/mark.ts), whatever NAT and encapsulation did to it.
 */
import type { Frame, IpPacket, Packet } from '../decode/packet.ts';
import { TCP_ACK, TCP_SYN } from '../decode/packet.ts';
import { idOfSequence, MAX_PAYLOAD } from '../probe/mark.ts';
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

/** Undefined for frames of none of the probes. */
export function identify(frame: Frame, probes: ReadonlySet<number>): Sighting | undefined {
  const { packet, encapsulation } = unwrap(frame.packet);
  if (packet?.kind !== 'ip') return undefined;
  const identity = identityOf(packet, probes);
  if (!identity) return undefined;
  const key = `${identity.content} ${packet.id}`;
  return { ...identity, key, frame, packet, ...(encapsulation && { encapsulation }) };
}

function unwrap(packet: Packet): { packet: Packet | undefined; encapsulation?: Encapsulation } {
  if (packet.kind !== 'ip') return { packet };
  const { transport, source, destination } = packet;
  if (transport.kind === 'udp' && transport.vxlan) {
    const { vni, inner } = transport.vxlan;
    return { packet: inner, encapsulation: { as: 'vxlan', source, destination, vni, port: transport.destinationPort } };
  }
  if (transport.kind === 'ipip') return { packet: transport.inner, encapsulation: { as: 'ipip', source, destination } };
  return { packet };
}

function identityOf({ transport }: IpPacket, probes: ReadonlySet<number>): Identity | undefined {
  switch (transport.kind) {
    case 'tcp': {
      const { sequence, acknowledgement, flags, payloadLength } = transport;
      const content = `${flags} ${sequence} ${acknowledgement} ${payloadLength}`;
      const sent = probes.has(idOfSequence(sequence)) && (sequence & 0xffff) <= MAX_PAYLOAD;
      const acknowledged =
        (flags & TCP_ACK) !== 0 &&
        probes.has(idOfSequence(acknowledgement)) &&
        (acknowledgement & 0xffff) <= MAX_PAYLOAD;
      /** Of a packet that would fit both ways by chance, nothing can be said. */
      if (sent === acknowledged && !(flags & TCP_SYN)) return undefined;
      if (sent && !(flags & TCP_SYN && flags & TCP_ACK))
        return { probe: idOfSequence(sequence), kind: 'request', content };
      return acknowledged ? { probe: idOfSequence(acknowledgement), kind: 'answer', content } : undefined;
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
      const about = quoted?.kind === 'ip' ? identityOf(quoted, probes) : undefined;
      return about && { probe: about.probe, kind: 'error', content: `error ${type}/${code} ${about.kind}` };
    }
    default:
      return undefined;
  }
}

/** Whether an error is about what the probe sent, rather than about the answer. */
export function isAboutRequest({ content }: Sighting): boolean {
  return content.endsWith(' request');
}
