/** What a capture shows of neighbours: who was asked for, and who answered. ARP for IPv4, neighbour discovery for IPv6. */
import { NEIGHBOUR } from '../decode/neighbour.ts';
import type { Frame, Packet } from '../decode/packet.ts';
import type { Wiring } from './wiring.ts';

/** Every question who has an address, by who asked, and who answered it. */
export class Questions {
  /** By address and namespace. */
  readonly #asked = new Map<string, Set<string>>();
  readonly #wiring: Wiring;

  constructor(frames: readonly Frame[], wiring: Wiring) {
    this.#wiring = wiring;
    const about = (address: string | undefined, { namespace }: Frame) => `${address} ${namespace}`;
    for (const frame of frames) {
      const address = frame.direction === 'out' ? addressAsked(frame.packet) : undefined;
      if (address !== undefined) this.#asked.set(about(address, frame), new Set());
    }
    for (const frame of frames) {
      const mac = frame.direction === 'in' ? macTold(frame.packet) : undefined;
      if (mac === undefined) continue;
      const answers = this.#asked.get(about(addressTold(frame.packet), frame));
      answers?.add(wiring.placeBehind(frame.namespace, frame.interface, mac) ?? mac);
    }
  }

  /** Who answered one of these places, sorted; undefined when none of them asked. */
  answersFor(address: string, places: readonly string[]): string[] | undefined {
    const askers = new Set(places.map((place) => this.#wiring.namespaceOf(place)));
    const answers = [...askers].flatMap((namespace) => this.#asked.get(`${address} ${namespace}`) ?? []);
    return answers.length === 0 ? undefined : [...new Set(answers.flatMap((told) => [...told]))].sort();
  }
}

/**
 * Whether a namespace asked who has an address, and nobody ever told. One question serves all packets that wait for the answer:
 * it may be older than a packet.
 */
export function askedInVain(address: string, namespace: string, frames: readonly Frame[]): boolean {
  let asked = false;
  for (const frame of frames) {
    if (frame.namespace !== namespace) continue;
    if (addressTold(frame.packet) === address) return false;
    asked ||= frame.direction === 'out' && addressAsked(frame.packet) === address;
  }
  return asked;
}

function addressAsked(packet: Packet): string | undefined {
  if (packet.kind === 'arp') return packet.operation === 'request' ? packet.target : undefined;
  return targetOf(packet, NEIGHBOUR.solicitation);
}

function addressTold(packet: Packet): string | undefined {
  if (packet.kind === 'arp') return packet.operation === 'reply' ? packet.sender : undefined;
  return targetOf(packet, NEIGHBOUR.advertisement);
}

function macTold(packet: Packet): string | undefined {
  if (packet.kind === 'arp') return packet.operation === 'reply' ? packet.senderMac : undefined;
  return packet.kind === 'ip' && packet.transport.kind === 'icmp' ? packet.transport.neighbour?.mac : undefined;
}

function targetOf(packet: Packet, type: number): string | undefined {
  if (packet.kind !== 'ip' || packet.transport.kind !== 'icmp' || packet.transport.version !== 6) return undefined;
  return packet.transport.type === type ? packet.transport.neighbour?.target : undefined;
}
