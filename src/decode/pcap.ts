/**
 * The records of a pcap file. Framing is pcap-parser's; this adapter adds what it lacks: nanosecond files, the cut-off
 * end of a file, a length that cannot be, and the link type without its flag bits.
 */
import { EventEmitter } from 'node:events';
import pcapParser from 'pcap-parser';

export class PcapError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'PcapError';
  }
}

export interface PcapHeader {
  readonly linkType: number;
  /** Nanoseconds in a unit of the records' fractions. */
  readonly unit: 1 | 1000;
  readonly snapLength: number;
}

export interface PcapRecord {
  readonly seconds: number;
  readonly nanoseconds: number;
  readonly data: Buffer;
  /** Bytes on the wire; `data` may hold fewer. */
  readonly originalLength: number;
}

const FILE_HEADER = 24;
const RECORD_HEADER = 16;
/** MAXIMUM_SNAPLEN of libpcap. */
const MAX_CAPTURED = 262_144;
const MICROSECONDS = { le: 'd4c3b2a1', be: 'a1b2c3d4' } as const;
const NANOSECONDS = { le: '4d3cb2a1', be: 'a1b23c4d' } as const;
const PCAPNG = '0a0d0d0a';

/** Calls `receive` for every record. Throws a PcapError that says what is wrong, after the records before it. */
export function readPcap(file: Buffer, receive: (record: PcapRecord, header: PcapHeader) => void): PcapHeader {
  const header = readHeader(file);
  const parsed = new RecordCounter();
  const source = Object.assign(new EventEmitter(), { pause() {}, resume() {} });
  const parser = pcapParser.parse(source as never);
  parser.on('packetHeader', ({ capturedLength }) => {
    if (capturedLength > MAX_CAPTURED)
      throw new PcapError(
        `record ${parsed.count + 1} claims ${capturedLength} captured bytes; the file is damaged at byte ${parsed.bytes}`,
      );
  });
  parser.on('packet', ({ header: record, data }) => {
    parsed.add(data.length);
    const { timestampSeconds: seconds, timestampMicroseconds, originalLength } = record;
    receive({ seconds, nanoseconds: timestampMicroseconds * header.unit, data, originalLength }, header);
  });
  source.emit('data', withMicrosecondMagic(file));
  const rest = file.length - parsed.bytes;
  if (rest > 0)
    throw new PcapError(`the file ends in the middle of record ${parsed.count + 1}: ${rest} bytes of it are there`);
  return header;
}

class RecordCounter {
  count = 0;
  bytes = FILE_HEADER;

  add(length: number): void {
    this.count++;
    this.bytes += RECORD_HEADER + length;
  }
}

function readHeader(file: Buffer): PcapHeader {
  if (file.length === 0) throw new PcapError('the file is empty');
  const magic = file.toString('hex', 0, 4);
  if (magic === PCAPNG)
    throw new PcapError('this is a pcapng file; pcap is read (tcpdump -w writes it, editcap -F pcap converts)');
  const little = magic === MICROSECONDS.le || magic === NANOSECONDS.le;
  const big = magic === MICROSECONDS.be || magic === NANOSECONDS.be;
  if (!little && !big) throw new PcapError(`this is not a pcap file: it begins with ${magic}`);
  if (file.length < FILE_HEADER) throw new PcapError('the file ends in the middle of its header');
  const u32 = (offset: number) => (little ? file.readUInt32LE(offset) : file.readUInt32BE(offset));
  const u16 = (offset: number) => (little ? file.readUInt16LE(offset) : file.readUInt16BE(offset));
  if (u16(4) !== 2 || u16(6) !== 4) throw new PcapError(`pcap version ${u16(4)}.${u16(6)} is not known; 2.4 is`);
  const nanoseconds = magic === NANOSECONDS.le || magic === NANOSECONDS.be;
  return { linkType: u32(20) & 0xffff, unit: nanoseconds ? 1 : 1000, snapLength: u32(16) };
}

/** pcap-parser knows the microsecond magic only; `unit` accounts for the difference. */
function withMicrosecondMagic(file: Buffer): Buffer {
  const magic = file.toString('hex', 0, 4);
  if (magic !== NANOSECONDS.le && magic !== NANOSECONDS.be) return file;
  const copy = Buffer.from(file);
  copy.write(magic === NANOSECONDS.le ? MICROSECONDS.le : MICROSECONDS.be, 0, 'hex');
  return copy;
}
