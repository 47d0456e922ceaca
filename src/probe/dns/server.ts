/** What CoreDNS does with a message: reads it, answers it from a zone, and lets addresses take turns. */
import type { Socket } from 'node:net';
import { answer } from '../../dns/answer.ts';
import { readQuery, writeReply } from '../../dns/message.ts';
import type { Reply, ResourceRecord, Zone } from '../../dns/record.ts';

/** Nothing for what is no question. */
export function replyToDatagram(zone: Zone, message: Uint8Array): Buffer | undefined {
  const query = readQuery(message);
  return query && writeReply(query, shuffled(answer(zone, query.question)), query.limit);
}

const MAX_STREAM = 0xffff;
/** No question is longer: what begins otherwise is no DNS. */
const MAX_QUESTION = 4096;

/**
 * Answers the questions of a connection, one after the other (RFC 1035 4.2.2). A connection that begins with something else
 * is handed to `others`, whole.
 */
export function serveStream(connection: Socket, zoneNow: () => Zone, others: () => void): void {
  let received = Buffer.alloc(0);
  connection.on('error', () => {});
  const receive = (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    while (received.length >= 2) {
      const length = received.readUInt16BE(0);
      if (length > MAX_QUESTION) {
        connection.off('data', receive).pause();
        connection.unshift(received);
        return others();
      }
      if (received.length < 2 + length) return;
      const query = readQuery(received.subarray(2, 2 + length));
      received = received.subarray(2 + length);
      if (!query) return void connection.destroy();
      connection.write(framed(writeReply(query, shuffled(answer(zoneNow(), query.question)), MAX_STREAM)));
    }
  };
  connection.on('data', receive);
}

/** A message with its length before it, as streams have it. */
export function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(2);
  prefix.writeUInt16BE(message.length);
  return Buffer.concat([prefix, message]);
}

/** coredns plugin/loadbalance: CNAMEs first, then the others, and addresses in an order of their own each time. */
function shuffled(reply: Reply): Reply {
  const isAddress = ({ type }: ResourceRecord) => type === 'A' || type === 'AAAA';
  const addresses = reply.answers.filter(isAddress);
  for (let index = addresses.length - 1; index > 0; index--) {
    const other = Math.floor(Math.random() * (index + 1));
    [addresses[index], addresses[other]] = [addresses[other]!, addresses[index]!];
  }
  return { ...reply, answers: [...reply.answers.filter((record) => !isAddress(record)), ...addresses] };
}
