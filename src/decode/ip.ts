/** IPv4 (RFC 791), IPv6 (RFC 8200) and ARP (RFC 826). */

import { formatIpv4, formatIpv6, formatMac } from './format.ts';
import type { IpPacket, Packet } from './packet.ts';
import { decodeTransport } from './transport.ts';

export const ETHERTYPE = { ipv4: 0x0800, arp: 0x0806, ipv6: 0x86dd } as const;

/** What decoding a packet needs besides its bytes. */
export interface Layer {
  /** UDP ports whose payload is VXLAN. */
  readonly vxlanPorts: ReadonlySet<number>;
  /** UDP ports whose payload is a bare IP packet. */
  readonly ipPorts: ReadonlySet<number>;
  readonly wireguardPorts: ReadonlySet<number>;
  readonly dnsPorts: ReadonlySet<number>;
  /** How many packets this one is inside of. */
  readonly depth: number;
}

/** Twice as deep as Linux nests tunnels (XMIT_RECURSION_LIMIT, net/core/dev.h); bytes made up may claim thousands. */
const MAX_DEPTH = 16;

/** `end` is where the packet around this one stops, or the captured bytes: nothing behind it is read. */
export function decodeNetwork(type: number, data: Buffer, offset: number, end: number, layer: Layer): Packet {
  if (layer.depth > MAX_DEPTH)
    return { kind: 'undecoded', reason: `more than ${MAX_DEPTH} packets, one inside the other` };
  switch (type) {
    case ETHERTYPE.ipv4:
      return decodeIpv4(data, offset, end, layer);
    case ETHERTYPE.ipv6:
      return decodeIpv6(data, offset, end, layer);
    case ETHERTYPE.arp:
      return decodeArp(data, offset, end);
    default:
      return { kind: 'undecoded', reason: `EtherType 0x${type.toString(16).padStart(4, '0')}` };
  }
}

function decodeIpv4(data: Buffer, offset: number, limit: number, layer: Layer): Packet {
  if (limit < offset + 20) return { kind: 'undecoded', reason: 'cut off in its IPv4 header' };
  const first = data[offset]!;
  const headerLength = (first & 15) * 4;
  if (first >> 4 !== 4 || headerLength < 20) return { kind: 'undecoded', reason: 'not an IPv4 header' };
  const length = data.readUInt16BE(offset + 2);
  const flags = data.readUInt16BE(offset + 6);
  const fragmentOffset = (flags & 0x1fff) * 8;
  const more = (flags & 0x2000) !== 0;
  const protocol = data[offset + 9]!;
  const end = Math.min(limit, offset + Math.max(length, headerLength));
  return {
    kind: 'ip',
    version: 4,
    source: formatIpv4(data.readUInt32BE(offset + 12)),
    destination: formatIpv4(data.readUInt32BE(offset + 16)),
    ttl: data[offset + 8]!,
    id: data.readUInt16BE(offset + 4),
    dontFragment: (flags & 0x4000) !== 0,
    fragment: fragmentOffset > 0 || more ? { offset: fragmentOffset, more } : undefined,
    length,
    transport:
      fragmentOffset > 0
        ? { kind: 'fragment', protocol }
        : decodeTransport(protocol, data, offset + headerLength, end, length - headerLength, layer),
  };
}

function decodeIpv6(data: Buffer, offset: number, limit: number, layer: Layer): Packet {
  if (limit < offset + 40) return { kind: 'undecoded', reason: 'cut off in its IPv6 header' };
  if (data[offset]! >> 4 !== 6) return { kind: 'undecoded', reason: 'not an IPv6 header' };
  const length = 40 + data.readUInt16BE(offset + 4);
  const end = Math.min(limit, offset + length);
  const { protocol, position, fragment } = skipExtensions(data[offset + 6]!, data, offset + 40, end);
  return {
    kind: 'ip',
    version: 6,
    source: formatIpv6(data, offset + 8),
    destination: formatIpv6(data, offset + 24),
    ttl: data[offset + 7]!,
    id: data.readUInt32BE(offset) & 0xfffff,
    dontFragment: true,
    fragment,
    length,
    transport:
      fragment && fragment.offset > 0
        ? { kind: 'fragment', protocol }
        : isExtension(protocol)
          ? { kind: 'other', protocol, truncated: true }
          : decodeTransport(protocol, data, position, end, offset + length - position, layer),
  };
}

/** Headers that may stand between the IPv6 header and the transport. */
const EXTENSIONS = new Set([0, 43, 60, 135]);
const FRAGMENT_HEADER = 44;

function isExtension(protocol: number): boolean {
  return protocol === FRAGMENT_HEADER || EXTENSIONS.has(protocol);
}

/** Goes on to the transport, to the payload of a later fragment, or to the extension header that is cut off. */
function skipExtensions(
  first: number,
  data: Buffer,
  start: number,
  end: number,
): { protocol: number; position: number; fragment: IpPacket['fragment'] } {
  let protocol = first;
  let position = start;
  let fragment: IpPacket['fragment'];
  while (isExtension(protocol) && position + 8 <= end && !(fragment && fragment.offset > 0)) {
    const next = data[position]!;
    if (protocol === FRAGMENT_HEADER) {
      const field = data.readUInt16BE(position + 2);
      fragment = { offset: field & 0xfff8, more: (field & 1) !== 0 };
      position += 8;
    } else {
      position += (data[position + 1]! + 1) * 8;
    }
    protocol = next;
  }
  return { protocol, position, fragment };
}

function decodeArp(data: Buffer, offset: number, end: number): Packet {
  const ethernetAndIpv4 =
    end >= offset + 28 && data.readUInt16BE(offset) === 1 && data.readUInt16BE(offset + 2) === ETHERTYPE.ipv4;
  if (!ethernetAndIpv4) return { kind: 'undecoded', reason: 'ARP of another kind than IPv4 over Ethernet' };
  const operation = data.readUInt16BE(offset + 6);
  if (operation !== 1 && operation !== 2) return { kind: 'undecoded', reason: `ARP operation ${operation}` };
  return {
    kind: 'arp',
    operation: operation === 1 ? 'request' : 'reply',
    sender: formatIpv4(data.readUInt32BE(offset + 14)),
    senderMac: formatMac(data, offset + 8),
    target: formatIpv4(data.readUInt32BE(offset + 24)),
  };
}
