/** One frame of a capture in a line. */
import { NEIGHBOUR } from '../decode/neighbour.ts';
import type { Frame, Icmp, IpPacket, Packet } from '../decode/packet.ts';
import { socketAddress } from '../net/port.ts';
import { icmpInfo, tcpInfo, udpInfo } from '../stitch/summary.ts';

export function formatFrame({ seconds, nanoseconds, interface: device, direction, packet }: Frame): string {
  const time = `${new Date(seconds * 1000).toISOString().slice(11, 19)}.${String(Math.floor(nanoseconds / 1000)).padStart(6, '0')}`;
  return [time, device && `${device.padEnd(4)} ${direction.padEnd(3)}`, formatPacket(packet)]
    .filter(Boolean)
    .join('  ');
}

function formatPacket(packet: Packet): string {
  switch (packet.kind) {
    case 'arp':
      return packet.operation === 'request'
        ? `ARP who has ${packet.target}? tell ${packet.sender}`
        : `ARP ${packet.sender} is at ${packet.senderMac}`;
    case 'undecoded':
      return packet.reason;
    case 'ip': {
      const { source, destination, transport, fragment } = packet;
      const part = fragment ? `, fragment at ${fragment.offset}` : '';
      switch (transport.kind) {
        case 'tcp':
          return `TCP ${socketAddress(source, transport.sourcePort)} → ${socketAddress(destination, transport.destinationPort)}  ${tcpInfo(transport)}${part}`;
        case 'udp': {
          const outer = `UDP ${socketAddress(source, transport.sourcePort)} → ${socketAddress(destination, transport.destinationPort)}`;
          if (transport.sealed !== undefined) return `WireGuard ${outer}  ${transport.payloadLength} bytes`;
          if (transport.inner) return `IP in ${outer}  [${formatPacket(transport.inner)}]`;
          if (!transport.vxlan) return `${outer}  ${udpInfo(transport)}${part}`;
          return `VXLAN vni ${transport.vxlan.vni} ${source} → ${socketAddress(destination, transport.destinationPort)}  [${formatPacket(transport.vxlan.inner)}]`;
        }
        case 'icmp':
          return (
            formatDiscovery(packet, transport) ??
            `${transport.version === 4 ? 'ICMP' : 'ICMPv6'} ${source} → ${destination}  ${icmpInfo(transport)}${part}`
          );
        case 'ipip':
          return `IPIP ${source} → ${destination}  [${formatPacket(transport.inner)}]`;
        case 'fragment':
          return `IP ${source} → ${destination}  protocol ${transport.protocol}${part}`;
        case 'other':
          return `IP ${source} → ${destination}  protocol ${transport.protocol}${transport.truncated ? ', cut off' : ''}`;
      }
    }
  }
}

/** Messages of neighbour discovery in the words of ARP, where it has such. */
function formatDiscovery({ source, destination }: IpPacket, { type, neighbour, groups }: Icmp): string | undefined {
  if (groups) return `MLD ${source} ${type === 132 ? 'leaves' : 'listens to'} ${groups.join(', ')}`;
  if (!neighbour) return undefined;
  const { target, mac, lifetime = 0, prefixes = [] } = neighbour;
  switch (type) {
    case NEIGHBOUR.routerSolicitation:
      return `NDP who is a router? tell ${source}`;
    case NEIGHBOUR.routerAdvertisement: {
      const networks = prefixes.length > 0 ? `, on ${prefixes.join(', ')}` : '';
      return `NDP ${source} is ${lifetime > 0 ? `a default router for ${lifetime} s` : 'no default router'}${networks}`;
    }
    case NEIGHBOUR.solicitation:
      return source === '::' ? `NDP who has ${target}? asked by who wants it` : `NDP who has ${target}? tell ${source}`;
    case NEIGHBOUR.advertisement:
      return mac === undefined ? `NDP ${target} is there, says ${source}` : `NDP ${target} is at ${mac}`;
    case NEIGHBOUR.redirect:
      return `NDP redirect ${source} → ${destination}  ${neighbour.destination} is better reached by ${target}`;
  }
  return undefined;
}
