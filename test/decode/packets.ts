/** Packets byte by byte: every builder returns the header with the payload behind it. Checksums are left zero. */

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeUInt16BE(value);
  return bytes;
}

export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

export const MAC = { a: '0a:58:0a:f4:01:02', b: '0a:58:0a:f4:02:02' } as const;

export function mac(text: string): Buffer {
  return Buffer.from(text.replaceAll(':', ''), 'hex');
}

function address4(text: string): Buffer {
  return Buffer.from(text.split('.').map(Number));
}

/** Eight groups, written in full. */
export function address6(text: string): Buffer {
  return Buffer.concat(text.split(':').map((group) => u16(Number.parseInt(group, 16))));
}

/** `tags` are the tag protocol identifiers in front of the type, outermost first. */
export function ethernet(type: number, payload: Buffer, tags: readonly number[] = []): Buffer {
  return Buffer.concat([mac(MAC.b), mac(MAC.a), tagged(type, payload, tags)]);
}

function tagged(type: number, payload: Buffer, tags: readonly number[]): Buffer {
  const inner = Buffer.concat([u16(type), payload]);
  return tags.reduceRight((behind, tag, index) => Buffer.concat([u16(tag), u16(100 + index), behind]), inner);
}

/** `packetType`: PACKET_HOST 0, BROADCAST 1, MULTICAST 2, OTHERHOST 3, OUTGOING 4. */
export function cookedV1(type: number, payload: Buffer, packetType = 0): Buffer {
  return Buffer.concat([u16(packetType), u16(1), u16(6), mac(MAC.a), u16(0), u16(type), payload]);
}

export function cookedV2(type: number, payload: Buffer, { packetType = 0, interfaceIndex = 2 } = {}): Buffer {
  return Buffer.concat([
    u16(type),
    u16(0),
    u32(interfaceIndex),
    u16(1),
    Buffer.of(packetType, 6),
    mac(MAC.a),
    u16(0),
    payload,
  ]);
}

/** BSD loopback: the address family in the byte order of whoever captured. */
export function loopback(payload: Buffer, order: 'little' | 'big' = 'little'): Buffer {
  return Buffer.concat([order === 'little' ? Buffer.of(2, 0, 0, 0) : Buffer.of(0, 0, 0, 2), payload]);
}

export function arp(operation: number, sender: string, target: string): Buffer {
  return Buffer.concat([
    u16(1),
    u16(0x0800),
    Buffer.of(6, 4),
    u16(operation),
    mac(MAC.a),
    address4(sender),
    Buffer.alloc(6),
    address4(target),
  ]);
}

export interface Ipv4Options {
  readonly source?: string;
  readonly destination?: string;
  readonly protocol: number;
  readonly ttl?: number;
  readonly id?: number;
  readonly dontFragment?: boolean;
  /** Bytes, a multiple of 8. */
  readonly fragmentOffset?: number;
  readonly moreFragments?: boolean;
  /** Header options, a multiple of 4 bytes. */
  readonly options?: Buffer;
  /** What the header says, where that is not the truth. */
  readonly totalLength?: number;
  readonly version?: number;
  readonly headerWords?: number;
}

export function ipv4(header: Ipv4Options, payload: Buffer): Buffer {
  const { options = Buffer.alloc(0), version = 4 } = header;
  const words = header.headerWords ?? 5 + options.length / 4;
  const flags = (header.dontFragment ? 0x4000 : 0) | (header.moreFragments ? 0x2000 : 0);
  return Buffer.concat([
    Buffer.of((version << 4) | words, 0),
    u16(header.totalLength ?? 20 + options.length + payload.length),
    u16(header.id ?? 1),
    u16(flags | ((header.fragmentOffset ?? 0) / 8)),
    Buffer.of(header.ttl ?? 64, header.protocol),
    u16(0),
    address4(header.source ?? '10.244.1.2'),
    address4(header.destination ?? '10.244.2.2'),
    options,
    payload,
  ]);
}

const IPV6 = {
  source: 'fd00:10:244:1:0:0:0:2',
  destination: 'fd00:10:244:2:0:0:0:2',
} as const;

export function ipv6(
  header: { next: number; source?: string; destination?: string; hopLimit?: number; flowLabel?: number },
  payload: Buffer,
): Buffer {
  return Buffer.concat([
    u32(0x6000_0000 + (header.flowLabel ?? 0)),
    u16(payload.length),
    Buffer.of(header.next, header.hopLimit ?? 64),
    address6(header.source ?? IPV6.source),
    address6(header.destination ?? IPV6.destination),
    payload,
  ]);
}

/** Hop-by-hop, routing, destination options, mobility: the next header, and the length in words of 8 after the first. */
export function extension(next: number, words: number, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(next, words), Buffer.alloc(6 + words * 8), payload]);
}

export function fragmentHeader(next: number, offset: number, more: boolean, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(next, 0), u16(offset | (more ? 1 : 0)), u32(7), payload]);
}

export interface TcpOptions {
  readonly sourcePort?: number;
  readonly destinationPort?: number;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly flags?: number;
  /** Header options, a multiple of 4 bytes. */
  readonly options?: Buffer;
}

export function tcp(header: TcpOptions = {}, payload: Buffer = Buffer.alloc(0)): Buffer {
  const { options = Buffer.alloc(0) } = header;
  return Buffer.concat([
    u16(header.sourcePort ?? 40112),
    u16(header.destinationPort ?? 80),
    u32(header.sequence ?? 0),
    u32(header.acknowledgement ?? 0),
    Buffer.of((5 + options.length / 4) << 4, header.flags ?? 2),
    u16(64240),
    u32(0),
    options,
    payload,
  ]);
}

export function udp(ports: { sourcePort?: number; destinationPort?: number }, payload: Buffer): Buffer {
  return Buffer.concat([
    u16(ports.sourcePort ?? 40112),
    u16(ports.destinationPort ?? 53),
    u16(8 + payload.length),
    u16(0),
    payload,
  ]);
}

/** `rest` is the second word of the header: an echo's identifier and sequence number, an error's MTU. */
export function icmp(type: number, code: number, rest: Buffer, payload: Buffer): Buffer {
  return Buffer.concat([Buffer.of(type, code), u16(0), rest, payload]);
}

export function vxlan(vni: number, payload: Buffer, flags = 0x08): Buffer {
  return Buffer.concat([Buffer.of(flags, 0, 0, 0), u32(vni * 256), payload]);
}

export const PROTOCOL = { icmp: 1, ipip: 4, tcp: 6, udp: 17, ipv6: 41, gre: 47, icmpv6: 58, sctp: 132 } as const;
export const TYPE = { ipv4: 0x0800, arp: 0x0806, vlan: 0x8100, serviceVlan: 0x88a8, ipv6: 0x86dd } as const;
