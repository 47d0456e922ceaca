/** Messages as they are on the wire: what is written is read again, and what does not fit is left out and said to be. */
import { decode, encode } from 'dns-packet';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readQuery, readReply, writeQuery, writeReply } from '../../src/dns/message.ts';
import type { Reply, ResourceRecord } from '../../src/dns/record.ts';

const NAME = 'default-subdomain.default.svc.cluster.local';
const QUESTION = { name: NAME, type: 'A' };

function reply(count: number): Reply {
  const answers = Array.from(
    { length: count },
    (_, index): ResourceRecord => ({ name: NAME, type: 'A', ttl: 30, data: `10.244.1.${index}` }),
  );
  return { status: 'NOERROR', authoritative: true, answers, authorities: [], additionals: [] };
}

describe('a question', () => {
  it('is read as it was written, asks for recursion, and takes 512 bytes for an answer', () => {
    expect(readQuery(writeQuery(17, QUESTION))).toEqual({
      id: 17,
      question: expect.objectContaining(QUESTION),
      recursionDesired: true,
      limit: 512,
      hasEdns: false,
    });
  });

  it('of EDNS says how many it takes, and gets an OPT record back', () => {
    const opt = { type: 'OPT', name: '.', udpPayloadSize: 4096, flags: 0, options: [] } as never;
    const query = readQuery(
      encode({ type: 'query', id: 1, questions: [{ ...QUESTION, type: 'A' }], additionals: [opt] }),
    )!;
    expect(query).toMatchObject({ limit: 4096, hasEdns: true });
    const answered = decode(writeReply(query, reply(40), query.limit));
    expect(answered.answers).toHaveLength(40);
    expect(answered.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1232 }]);
  });
});

describe('an answer', () => {
  const query = readQuery(writeQuery(17, QUESTION))!;

  it('has as many records as 512 bytes hold with their names compressed, and says that there are more', () => {
    const message = writeReply(query, reply(40), query.limit);
    const read = readReply(message)!;
    expect(message.length).toBeLessThanOrEqual(512);
    expect(read).toMatchObject({ id: 17, status: 'NOERROR', truncated: true });
    expect(read.answers).toHaveLength(Math.floor((512 - 12 - (NAME.length + 2 + 4)) / 16));
  });

  it('that fits is whole, in its order, with its flags', () => {
    const message = writeReply(query, reply(3), query.limit);
    expect(decode(message)).toMatchObject({ flag_aa: true, flag_rd: true, flag_ra: false, flag_tc: false });
    expect(readReply(message)!.answers).toMatchObject(reply(3).answers.map(({ name, data }) => ({ name, data })));
  });

  it.each([
    { name: 'a.b', type: 'SRV', ttl: 30, data: { priority: 0, weight: 50, port: 80, target: 'c.d' } },
    { name: 'a.b', type: 'TXT', ttl: 28_800, data: '1.1.0' },
    { name: 'a.b', type: 'CNAME', ttl: 30, data: 'redis.test.com' },
    { name: 'a.b', type: 'AAAA', ttl: 30, data: 'fd00:10:96::100' },
  ] as const)('may be $type', (record) => {
    const asked = { ...query, question: { name: record.name, type: record.type } };
    expect(readReply(writeReply(asked, { ...reply(0), answers: [record] }, 512))!.answers).toEqual([
      expect.objectContaining(record),
    ]);
  });
});

it('bytes that are no message are no question and no answer', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      readQuery(bytes);
      readReply(bytes);
    }),
    { numRuns: 300 },
  );
  expect(readQuery(Buffer.from('packetwalk/00017 '))).toBeUndefined();
});
