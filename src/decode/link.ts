/** Link layers: Linux cooked captures (what `tcpdump -i any` writes), Ethernet with VLAN tags, loopback, bare IP. */
import { decodeNetwork, ETHERTYPE } from './ip.ts';
import type { Direction, Packet } from './packet.ts';

/** What a link layer says of a frame. `interfaceIndex` is 0 where it says nothing. */
export interface LinkHeader {
  readonly interfaceIndex: number;
  readonly direction: Direction;
  readonly packet: Packet;
}

export type LinkDecoder = (data: Buffer, vxlanPorts: ReadonlySet<number>) => LinkHeader;

/** By the numbers of tcpdump.org/linktypes.html. */
export const LINK_TYPES: Readonly<Record<number, { readonly name: string; readonly decode: LinkDecoder }>> = {
  0: { name: 'NULL', decode: loopback },
  1: { name: 'ETHERNET', decode: (data, ports) => plain(decodeEthernet(data, 0, ports).packet) },
  101: { name: 'RAW', decode: (data, ports) => plain(bareIp(data, 0, ports)) },
  108: { name: 'LOOP', decode: loopback },
  113: { name: 'LINUX_SLL', decode: cookedV1 },
  228: { name: 'IPV4', decode: (data, ports) => plain(bareIp(data, 0, ports)) },
  229: { name: 'IPV6', decode: (data, ports) => plain(bareIp(data, 0, ports)) },
  276: { name: 'LINUX_SLL2', decode: cookedV2 },
};

const VLAN_TAGS = new Set([0x8100, 0x88a8, 0x9100]);
/** PACKET_* of linux/if_packet.h */
const OTHER_HOST = 3;
const OUTGOING = 4;

function cookedV2(data: Buffer, ports: ReadonlySet<number>): LinkHeader {
  if (data.length < 20) return { interfaceIndex: 0, direction: 'in', packet: short('Linux cooked v2 header') };
  return {
    interfaceIndex: data.readUInt32BE(4),
    direction: directionOf(data[10]!),
    packet: afterTags(data.readUInt16BE(0), data, 20, ports),
  };
}

function cookedV1(data: Buffer, ports: ReadonlySet<number>): LinkHeader {
  if (data.length < 16) return { interfaceIndex: 0, direction: 'in', packet: short('Linux cooked header') };
  return {
    interfaceIndex: 0,
    direction: directionOf(data.readUInt16BE(0)),
    packet: afterTags(data.readUInt16BE(14), data, 16, ports),
  };
}

/** The address family stands in the byte order of the machine that captured: small in either. */
function loopback(data: Buffer, ports: ReadonlySet<number>): LinkHeader {
  return plain(data.length < 4 ? short('loopback header') : bareIp(data, 4, ports));
}

export function decodeEthernet(
  data: Buffer,
  offset: number,
  ports: ReadonlySet<number>,
): { sourceMac: string; destinationMac: string; packet: Packet } {
  if (data.length < offset + 14) return { sourceMac: '', destinationMac: '', packet: short('Ethernet header') };
  return {
    destinationMac: macAt(data, offset),
    sourceMac: macAt(data, offset + 6),
    packet: afterTags(data.readUInt16BE(offset + 12), data, offset + 14, ports),
  };
}

function afterTags(type: number, data: Buffer, offset: number, ports: ReadonlySet<number>): Packet {
  while (VLAN_TAGS.has(type)) {
    if (data.length < offset + 4) return short('VLAN tag');
    type = data.readUInt16BE(offset + 2);
    offset += 4;
  }
  return decodeNetwork(type, data, offset, ports);
}

function bareIp(data: Buffer, offset: number, ports: ReadonlySet<number>): Packet {
  const version = (data[offset] ?? 0) >> 4;
  return decodeNetwork(version === 6 ? ETHERTYPE.ipv6 : ETHERTYPE.ipv4, data, offset, ports);
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

function macAt(data: Buffer, offset: number): string {
  const hex = data.toString('hex', offset, offset + 6);
  return `${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6, 8)}:${hex.slice(8, 10)}:${hex.slice(10, 12)}`;
}
