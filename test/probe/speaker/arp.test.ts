/** ARP byte by byte (RFC 826): which frames are questions, and what is answered. */
import { describe, expect, it } from 'vitest';
import { gratuitous, questionIn, replyTo } from '../../../src/probe/speaker/arp.ts';

const OWN = '02:00:0a:00:00:0b';
const CLIENT = '020000000001';
const bytes = (...parts: readonly string[]) => Buffer.from(parts.join('').replaceAll(':', ''), 'hex');
const request = (to = 'ffffffffffff', operation = '0001') =>
  bytes(to, CLIENT, '0806', '0001080006040000'.slice(0, 12), operation, CLIENT, '0a000064', '000000000000', '0a0000f0');

describe('a question', () => {
  it('is for all machines, or for this one', () => {
    const question = { target: '10.0.0.240', asker: { mac: '02:00:00:00:00:01', address: '10.0.0.100' } };
    expect(questionIn(request(), OWN)).toEqual(question);
    expect(questionIn(request(OWN), OWN)).toEqual(question);
    expect(questionIn(request('020000000099'), OWN)).toBeUndefined();
  });

  it('is no answer, no other protocol, and whole', () => {
    expect(questionIn(request(undefined, '0002'), OWN)).toBeUndefined();
    expect(questionIn(request().subarray(0, 40), OWN)).toBeUndefined();
    const other = request();
    other.writeUInt16BE(0x0800, 12);
    expect(questionIn(other, OWN)).toBeUndefined();
  });
});

describe('what is said', () => {
  it('to who asked', () => {
    const question = questionIn(request(), OWN)!;
    expect(replyTo(question, OWN)).toEqual(
      bytes(CLIENT, OWN, '0806', '000108000604', '0002', OWN, '0a0000f0', CLIENT, '0a000064'),
    );
  });

  it('to everybody, unasked, as a question and as an answer', () => {
    const all = 'ffffffffffff';
    const frame = (operation: string) =>
      bytes(all, OWN, '0806', '000108000604', operation, OWN, '0a0000f0', all, '0a0000f0');
    expect(gratuitous('10.0.0.240', OWN)).toEqual([frame('0001'), frame('0002')]);
  });
});
