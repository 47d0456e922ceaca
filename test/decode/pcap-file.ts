/** pcap files as their specification has them: either byte order, either clock. */
import { decode, type Frame } from '../../src/decode/index.ts';
import type { Packet } from '../../src/decode/packet.ts';

export const LINK_TYPE = {
  null: 0,
  ethernet: 1,
  raw: 101,
  loop: 108,
  cookedV1: 113,
  ipv4: 228,
  ipv6: 229,
  cookedV2: 276,
};

export interface Record {
  readonly data: Buffer;
  readonly seconds?: number;
  /** Microseconds or nanoseconds. */
  readonly fraction?: number;
  /** What the header says, where that is not the truth. */
  readonly capturedLength?: number;
  readonly originalLength?: number;
}

export interface FileOptions {
  readonly linkType?: number;
  readonly order?: 'little' | 'big';
  readonly clock?: 'microseconds' | 'nanoseconds';
  readonly version?: readonly [major: number, minor: number];
}

const MAGIC = { microseconds: 0xa1b2c3d4, nanoseconds: 0xa1b23c4d } as const;

export function pcapFile(records: readonly Record[], options: FileOptions = {}): Buffer {
  const { linkType = LINK_TYPE.ethernet, order = 'little', clock = 'nanoseconds', version = [2, 4] } = options;
  const integer = (size: 2 | 4) => (value: number) => {
    const bytes = Buffer.alloc(size);
    if (order === 'little') bytes.writeUIntLE(value, 0, size);
    else bytes.writeUIntBE(value, 0, size);
    return bytes;
  };
  const u16 = integer(2);
  const u32 = integer(4);
  return Buffer.concat([
    u32(MAGIC[clock]),
    u16(version[0]),
    u16(version[1]),
    u32(0),
    u32(0),
    u32(262_144),
    u32(linkType),
    ...records.flatMap(({ data, seconds = 1, fraction = 0, capturedLength, originalLength }) => [
      u32(seconds),
      u32(fraction),
      u32(capturedLength ?? data.length),
      u32(originalLength ?? data.length),
      data,
    ]),
  ]);
}

/** All frames of a file, of a namespace that knows its interfaces 1 to 3. */
export function framesOf(pcap: Buffer): Frame[] {
  const links = new Map([
    [1, 'lo'],
    [2, 'eth0'],
    [3, 'cni0'],
  ]);
  return decode({ namespace: 'node.node1', pcap, links, dropped: 0 });
}

/** The only frame of a capture of these bytes. */
export function frameOf(linkType: number, data: Buffer): Frame {
  const [frame, ...others] = framesOf(pcapFile([{ data }], { linkType }));
  if (!frame || others.length > 0) throw new Error(`${others.length + (frame ? 1 : 0)} frames instead of one`);
  return frame;
}

/** What bytes without a link layer are decoded to. */
export function packetOf(data: Buffer): Packet {
  return frameOf(LINK_TYPE.raw, data).packet;
}
