/**
 * Who told a sender of a better next hop: a router that sends a packet out by the interface it came in by, when the way it knows
 * is on the sender's own network (RFC 792; RFC 4861 8.2; net/ipv4/route.c, ip_rt_send_redirect()).
 */
import { NEIGHBOUR } from '../decode/neighbour.ts';
import type { IpPacket } from '../decode/packet.ts';
import type { SeenPacket } from './legs.ts';
import { origin } from './time.ts';
import type { Redirect } from './walk.ts';
import type { Wiring } from './wiring.ts';

/** Each once, in order of first sight. */
export function redirectsOf(messages: readonly SeenPacket[], wiring: Wiring): Redirect[] {
  const found = new Map<string, Redirect>();
  for (const message of messages) {
    const { frame, packet } = origin(message);
    const better = betterWay(packet);
    if (!better) continue;
    const told = wiring.ownerOf(packet.destination);
    const redirect = {
      by: wiring.placeOf(frame.namespace),
      told: told === undefined ? packet.destination : wiring.placeOf(told),
      ...better,
    };
    found.set(JSON.stringify(redirect), redirect);
  }
  return [...found.values()];
}

function betterWay({ transport }: IpPacket): Pick<Redirect, 'destination' | 'via'> | undefined {
  if (transport.kind !== 'icmp') return undefined;
  const { version, type, gateway, quoted, neighbour } = transport;
  if (version === 4)
    return gateway !== undefined && quoted?.kind === 'ip'
      ? { destination: quoted.destination, via: gateway }
      : undefined;
  if (type !== NEIGHBOUR.redirect || !neighbour?.destination || !neighbour.target) return undefined;
  return { destination: neighbour.destination, via: neighbour.target };
}
