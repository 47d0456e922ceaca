/** Link layers: Linux cooked captures (what `tcpdump -i any` writes), Ethernet with VLAN tags, loopback, bare IP. */
import { formatMac } from './format.ts';
import { decodeNetwork, ETHERTYPE, type Layer } from './ip.ts';
import type { Direction, Packet } from './packet.ts';

/** What a link layer says of a frame. `interfaceIndex` is 0 where it says nothing. */
export interface LinkHeader {
  readonly interfaceIndex: number;
  readonly direction: Direction;
  readonly packet: Packet;
}

export type LinkDecoder = (data: Buffer, layer: Layer) => LinkHeader;

/** By the numbers of tcpdump.org/linktypes.html. */
export const LINK_TYPES: Readonly<Record<number, { readonly name: string; readonly decode: LinkDecoder }>> = {
  0: { name: 'NULL', decode: loopback },
  1: { name: 'ETHERNET', decode: (data, layer) => plain(decodeEthernet(data, 0, data.length, layer).packet) },
  101: { name: 'RAW', decode: (data, layer) => plain(bareIp(data, 0, layer)) },
  108: { name: 'LOOP', decode: loopback },
  113: { name: 'LINUX_SLL', decode: cookedV1 },
  228: { name: 'IPV4', decode: (data, layer) => plain(bareIp(data, 0, layer)) },
  229: { name: 'IPV6', decode: (data, layer) => plain(bareIp(data, 0, layer)) },
  276: { name: 'LINUX_SLL2', decode: cookedV2 },
};

const VLAN_TAGS = new Set([0x8100, 0x88a8, 0x9100]);
/** PACKET_* of linux/if_packet.h */
const OTHER_HOST = 3;
const OUTGOING = 4;

function cookedV2(data: Buffer, layer: Layer): LinkHeader {
  if (data.length < 20) return { interfaceIndex: 0, direction: 'in', packet: short('Linux cooked v2 header') };
  return {
    interfaceIndex: data.readUInt32BE(4),
    direction: directionOf(data[10]!),
    packet: afterTags(data.readUInt16BE(0), data, 20, data.length, layer),
  };
}

function cookedV1(data: Buffer, layer: Layer): LinkHeader {
  if (data.length < 16) return { interfaceIndex: 0, direction: 'in', packet: short('Linux cooked header') };
  return {
    interfaceIndex: 0,
    direction: directionOf(data.readUInt16BE(0)),
    packet: afterTags(data.readUInt16BE(14), data, 16, data.length, layer),
  };
}

/** The address family stands in the byte order of the machine that captured: small in either. */
function loopback(data: Buffer, layer: Layer): LinkHeader {
  return plain(data.length < 4 ? short('loopback header') : bareIp(data, 4, layer));
}

export function decodeEthernet(
  data: Buffer,
  offset: number,
  end: number,
  layer: Layer,
): { sourceMac: string; destinationMac: string; packet: Packet } {
  if (end < offset + 14) return { sourceMac: '', destinationMac: '', packet: short('Ethernet header') };
  return {
    destinationMac: formatMac(data, offset),
    sourceMac: formatMac(data, offset + 6),
    packet: afterTags(data.readUInt16BE(offset + 12), data, offset + 14, end, layer),
  };
}

function afterTags(type: number, data: Buffer, offset: number, end: number, layer: Layer): Packet {
  while (VLAN_TAGS.has(type)) {
    if (end < offset + 4) return short('VLAN tag');
    type = data.readUInt16BE(offset + 2);
    offset += 4;
  }
  return decodeNetwork(type, data, offset, end, layer);
}

function bareIp(data: Buffer, offset: number, layer: Layer): Packet {
  const version = (data[offset] ?? 0) >> 4;
  return decodeNetwork(version === 6 ? ETHERTYPE.ipv6 : ETHERTYPE.ipv4, data, offset, data.length, layer);
}

function directionOf(packetType: number): Direction {
  return packetType === OUTGOING ? 'out' : packetType === OTHER_HOST ? 'other' : 'in';
}

function plain(packet: Packet): LinkHeader {
  return { interfaceIndex: 0, direction: 'in', packet };
}

function short(what: string): Packet {
  return { kind: 'undecoded', reason: `cut off in its ${what}` };
}
