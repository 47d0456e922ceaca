/** What a capture shows of neighbours: who was asked for, and who answered. ARP for IPv4, neighbour discovery for IPv6. */
import { NEIGHBOUR } from '../decode/neighbour.ts';
import type { Frame, Packet } from '../decode/packet.ts';

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

function targetOf(packet: Packet, type: number): string | undefined {
  if (packet.kind !== 'ip' || packet.transport.kind !== 'icmp' || packet.transport.version !== 6) return undefined;
  return packet.transport.type === type ? packet.transport.neighbour?.target : undefined;
}
