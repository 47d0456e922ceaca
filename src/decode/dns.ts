/** Messages of DNS (RFC 1035). */
import { readQuery, readReply } from '../dns/message.ts';
import { markOfPayload } from '../probe/mark.ts';
import type { Dns } from './packet.ts';

/** Undefined for what is none: a port of DNS may be asked for anything. */
export function decodeDns(message: Uint8Array): Dns | undefined {
  if (markOfPayload(message) !== 0) return undefined;
  const query = readQuery(message);
  if (query) return { question: query.question };
  const reply = readReply(message);
  if (!reply) return undefined;
  const { question, status, answers, truncated } = reply;
  return { question, reply: { status, answers, truncated } };
}

/** Over TCP a message has its length before it. One that came in several segments is not put together. */
export function decodeDnsStream(segment: Buffer): Dns | undefined {
  const isWhole = segment.length > 2 && segment.readUInt16BE(0) === segment.length - 2;
  return isWhole ? decodeDns(segment.subarray(2)) : undefined;
}
