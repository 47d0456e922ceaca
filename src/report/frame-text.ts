/** One frame of a capture in a line. */
import type { Frame, Packet } from '../decode/packet.ts';
import { socketAddress } from '../net/port.ts';
import { icmpInfo, tcpInfo } from '../stitch/summary.ts';

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
          if (!transport.vxlan) return `${outer}  ${transport.payloadLength} bytes${part}`;
          return `VXLAN vni ${transport.vxlan.vni} ${source} → ${socketAddress(destination, transport.destinationPort)}  [${formatPacket(transport.vxlan.inner)}]`;
        }
        case 'icmp':
          return `${transport.version === 4 ? 'ICMP' : 'ICMPv6'} ${source} → ${destination}  ${icmpInfo(transport)}${part}`;
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
