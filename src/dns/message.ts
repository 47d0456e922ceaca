/** Questions and replies as messages (RFC 1035 4), by dns-packet. It does not compress names; of owners this does. */
import * as packet from 'dns-packet';
import { type Question, type Reply, type ResourceRecord, STATUSES, type Status } from './record.ts';

/** Whom it is for, and how much may be answered in a datagram. */
export interface Query {
  readonly id: number;
  readonly question: Question;
  readonly recursionDesired: boolean;
  /** Bytes: those of EDNS (RFC 6891), or 512. */
  readonly limit: number;
  readonly hasEdns: boolean;
}

/** A reply as who asked reads it. */
export interface ReadReply extends Pick<Reply, 'status' | 'answers'> {
  readonly id: number;
  readonly question: Question;
  /** There is more, over TCP. */
  readonly truncated: boolean;
}

const PLAIN_LIMIT = 512;
const EDNS_LIMIT = 1232;
const HEADER = 12;

export function writeQuery(id: number, { name, type }: Question): Buffer {
  const questions = [{ name, type: type as packet.RecordType }];
  return packet.encode({ type: 'query', id, flags: packet.RECURSION_DESIRED, questions });
}

/** Undefined for what is no question. */
export function readQuery(message: Uint8Array): Query | undefined {
  const read = decoded(message);
  const [question, ...others] = read?.questions ?? [];
  if (read?.type !== 'query' || !question || others.length > 0) return undefined;
  const edns = read.additionals?.find((record) => record.type === 'OPT');
  const limit = edns?.type === 'OPT' ? Math.max(PLAIN_LIMIT, edns.udpPayloadSize) : PLAIN_LIMIT;
  return { id: read.id ?? 0, question, recursionDesired: read.flag_rd, limit, hasEdns: edns !== undefined };
}

/** At most `limit` bytes: answers that do not fit are left out, and the reply says that it is truncated. */
export function writeReply({ id, question, recursionDesired, hasEdns }: Query, reply: Reply, limit: number): Buffer {
  const { status, authoritative, answers, authorities, additionals } = reply;
  const writer = new Writer(question, hasEdns ? limit - EDNS.length : limit);
  const isWhole = answers.every((record) => writer.add('answers', record));
  if (isWhole)
    for (const [section, records] of [
      ['authorities', authorities],
      ['additionals', additionals],
    ] as const)
      for (const record of records) writer.add(section, record);
  const flags =
    (authoritative ? packet.AUTHORITATIVE_ANSWER : 0) |
    (recursionDesired ? packet.RECURSION_DESIRED : 0) |
    (isWhole ? 0 : packet.TRUNCATED_RESPONSE) |
    STATUS_CODES[status];
  return writer.end(id, flags, hasEdns);
}

/** Undefined for what is no reply. */
export function readReply(message: Uint8Array): ReadReply | undefined {
  const read = decoded(message);
  const [question] = read?.questions ?? [];
  if (read?.type !== 'response' || !question) return undefined;
  const status = STATUSES.find((name) => name === (read as { rcode?: string }).rcode) ?? 'SERVFAIL';
  const answers = (read.answers ?? []).map(plainRecord);
  return { id: read.id ?? 0, question, status, truncated: read.flag_tc, answers };
}

function decoded(message: Uint8Array): packet.DecodedPacket | undefined {
  try {
    return packet.decode(Buffer.from(message.buffer, message.byteOffset, message.byteLength));
  } catch {
    return undefined;
  }
}

/** dns-packet gives texts as lists of bytes. */
function plainRecord(record: packet.Answer): ResourceRecord {
  if (record.type !== 'TXT') return record as unknown as ResourceRecord;
  return { name: record.name, type: 'TXT', ttl: record.ttl ?? 0, data: [record.data].flat().join('') };
}

/** RFC 1035 4.1.1; the position in the list of a status that is not in order. */
const STATUS_CODES: Record<Status, number> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
};

const EDNS = packet
  .encode({
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: EDNS_LIMIT,
        extendedRcode: 0,
        ednsVersion: 0,
        flags: 0,
        flag_do: false,
        options: [],
      },
    ],
  })
  .subarray(HEADER);

class Writer {
  readonly #question: Buffer;
  readonly #limit: number;
  readonly #counts = { answers: 0, authorities: 0, additionals: 0 };
  readonly #parts: Buffer[] = [];
  /** Where a name has been written already. */
  readonly #names: Map<string, number>;
  #length: number;

  constructor({ name, type }: Question, limit: number) {
    this.#question = packet.encode({ questions: [{ name, type: type as packet.RecordType }] }).subarray(HEADER);
    this.#length = HEADER + this.#question.length;
    this.#names = new Map([[name, HEADER]]);
    this.#limit = limit;
  }

  /** False when there is no room. */
  add(section: 'answers' | 'authorities' | 'additionals', record: ResourceRecord): boolean {
    const whole = packet.encode({ answers: [record as packet.Answer] }).subarray(HEADER);
    const known = this.#names.get(record.name);
    const written =
      known === undefined ? whole : Buffer.concat([pointerTo(known), whole.subarray(nameLength(record.name))]);
    if (this.#length + written.length > this.#limit) return false;
    if (known === undefined && this.#length <= MAX_POINTER) this.#names.set(record.name, this.#length);
    this.#parts.push(written);
    this.#length += written.length;
    this.#counts[section]++;
    return true;
  }

  end(id: number, flags: number, hasEdns: boolean): Buffer {
    const header = Buffer.alloc(HEADER);
    const { answers, authorities, additionals } = this.#counts;
    const fields = [id, RESPONSE | flags, 1, answers, authorities, additionals + (hasEdns ? 1 : 0)];
    for (const [index, field] of fields.entries()) header.writeUInt16BE(field, 2 * index);
    return Buffer.concat([header, this.#question, ...this.#parts, ...(hasEdns ? [EDNS] : [])]);
  }
}

const RESPONSE = 0x8000;
const MAX_POINTER = 0x3fff;

/** RFC 1035 4.1.4 */
function pointerTo(offset: number): Buffer {
  return Buffer.from([0xc0 | (offset >> 8), offset & 0xff]);
}

/** Bytes of a name that is written out: each label with its length, and an empty one. */
function nameLength(name: string): number {
  return name === '.' ? 1 : name.length + 2;
}
