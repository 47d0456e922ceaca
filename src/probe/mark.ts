/**
 * The mark by which every packet of a probe is known again on every hop, through NAT and encapsulation.
 *
 *   TCP   the probe chooses its initial sequence number: the upper 16 bits are its id. Every segment it sends has a
 *         sequence number in that range, every answer acknowledges one. (Set through TCP_REPAIR before connecting.)
 *   HTTP  whoever passes a request on passes on its header `User-Agent: packetwalk/00017`: so a proxy's own connection, whose
 *         numbers are the kernel's, is known by what it carries.
 *   UDP, ICMP echo   the payload begins with `packetwalk/00017 `; a UDP answer with `packetwalk=00017 `.
 *   DNS over UDP     the message's own id, which the answer repeats.
 *
 * An ICMP error quotes the packet it is about, far enough to read either.
 */

const MAGIC = Buffer.from('packetwalk');
const REQUEST = '/'.charCodeAt(0);
const ANSWER = '='.charCodeAt(0);
const ID_DIGITS = 5;

/** Bytes of the mark in a payload: the word, the sign, the digits, a blank. */
const MARK_LENGTH = MAGIC.length + 1 + ID_DIGITS + 1;
export const MAX_ID = 0xffff;
/** A probe must not send more than this, or its sequence numbers run into the next probe's. */
export const MAX_PAYLOAD = 0xf000;

export function initialSequence(id: number): number {
  return id * 0x10000;
}

/** All sequence numbers of a probe's own direction. */
export function sequencesOf(id: number): { readonly first: number; readonly last: number } {
  return { first: initialSequence(id), last: initialSequence(id) + 0xffff };
}

/** What the payload of a request, and of the answer to it, begins with: 16 bytes. */
export function payloadBeginnings(id: number): { readonly request: Buffer; readonly answer: Buffer } {
  const [request, answer] = [REQUEST, ANSWER].map((sign) => payloadMark(id, sign).subarray(0, MARK_LENGTH - 1));
  return { request: request!, answer: answer! };
}

/** The id of a probe whose connection began with this number; 0 when no probe's does. */
export function idOfInitialSequence(sequence: number): number {
  return (sequence & 0xffff) === 0 ? sequence >>> 16 : 0;
}

/** The id in a sequence number of the probe's own direction, or in an acknowledgement of it. */
export function idOfSequence(sequence: number): number {
  return sequence >>> 16;
}

function payloadMark(id: number, sign: number): Buffer {
  return Buffer.from(`packetwalk${String.fromCharCode(sign)}${String(id).padStart(ID_DIGITS, '0')} `);
}

/** The mark of an answer to a payload, as its first bytes; nothing when the payload carries no mark. */
export function answerMark(payload: Uint8Array): Buffer {
  const mark = markOfPayload(payload);
  return mark > 0 ? payloadMark(mark, ANSWER) : Buffer.alloc(0);
}

/** The id a payload starts with: positive in a request, negative in an answer, 0 when it carries none. */
export function markOfPayload(bytes: Uint8Array, offset = 0): number {
  if (bytes.length < offset + MARK_LENGTH) return 0;
  for (let index = 0; index < MAGIC.length; index++) if (bytes[offset + index] !== MAGIC[index]) return 0;
  const sign = bytes[offset + MAGIC.length];
  if (sign !== REQUEST && sign !== ANSWER) return 0;
  let id = 0;
  for (let index = 0; index < ID_DIGITS; index++) {
    const digit = bytes[offset + MAGIC.length + 1 + index]! - 0x30;
    if (digit < 0 || digit > 9) return 0;
    id = id * 10 + digit;
  }
  if (id > MAX_ID) return 0;
  return sign === REQUEST ? id : -id;
}

export function userAgent(id: number): string {
  return `packetwalk/${String(id).padStart(ID_DIGITS, '0')}`;
}

/** 0 for somebody else's. */
export function idOfUserAgent(text: string): number {
  const id = /^packetwalk\/(\d{5})$/.exec(text)?.[1];
  return id === undefined ? 0 : Number(id);
}

const REQUEST_LINE = /^[A-Z]+ \/\S* HTTP\/1\.[01]\r\n/;
/** nginx takes no longer one by default. */
const LONGEST_LINE = 8192;

/** The id in an HTTP request that begins at `offset`; 0 when there is none. */
export function markOfHttpRequest(bytes: Buffer, offset: number, end: number): number {
  const first = bytes[offset] ?? 0;
  if (first < 0x41 || first > 0x5a) return 0;
  const at = bytes.indexOf('\r\nUser-Agent: packetwalk/', offset, 'latin1');
  if (at < 0 || at >= end) return 0;
  if (!REQUEST_LINE.test(bytes.toString('latin1', offset, Math.min(end, offset + LONGEST_LINE)))) return 0;
  return Math.max(0, markOfPayload(bytes.subarray(0, end), at + '\r\nUser-Agent: '.length));
}
/** As `markOfPayload`, of a datagram from or to a nameserver: the id of its message (RFC 1035 4.1.1). */
export function markOfMessage(bytes: Uint8Array): number {
  const mark = markOfPayload(bytes);
  if (mark !== 0 || bytes.length < DNS_HEADER || ((bytes[4]! << 8) | bytes[5]!) !== ONE_QUESTION) return mark;
  const id = (bytes[0]! << 8) | bytes[1]!;
  return (bytes[2]! & DNS_RESPONSE) === 0 ? id : -id;
}

const DNS_HEADER = 12;
/** What every message has in use, and a mark that is cut off has not. */
const ONE_QUESTION = 1;
const DNS_RESPONSE = 0x80;

/** A payload of at least the mark, with the text after it, filled up to `size` bytes. */
export function markedPayload(id: number, text = '', size = 0): Buffer {
  const content = Buffer.concat([payloadMark(id, REQUEST), Buffer.from(text)]);
  return content.length >= size ? content : Buffer.concat([content, Buffer.alloc(size - content.length, '.')]);
}
