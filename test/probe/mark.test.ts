/** The mark of a probe: what is put into a packet is read from it again. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answerMark,
  idOfInitialSequence,
  idOfSequence,
  initialSequence,
  MAX_ID,
  MAX_PAYLOAD,
  markedPayload,
  markOfPayload,
} from '../../src/probe/mark.ts';

const ids = fc.integer({ min: 1, max: MAX_ID });

describe('a sequence number', () => {
  it('has the id of its probe for everything a probe may send', () => {
    fc.assert(
      fc.property(ids, fc.integer({ min: 0, max: MAX_PAYLOAD + 2 }), (id, sent) => {
        expect(idOfSequence(initialSequence(id) + sent)).toBe(id);
      }),
    );
  });

  it('fits into 32 bits for the highest id', () => {
    expect(initialSequence(MAX_ID) + MAX_PAYLOAD + 2).toBeLessThanOrEqual(0xffff_ffff);
  });

  it('of one probe is none of the next: the ranges do not touch', () => {
    expect(initialSequence(1) + MAX_PAYLOAD).toBeLessThan(initialSequence(2));
  });

  it('begins a probe’s connection when it is the first of its range, and only then', () => {
    fc.assert(
      fc.property(ids, fc.integer({ min: 1, max: 0xffff }), (id, sent) => {
        expect(idOfInitialSequence(initialSequence(id))).toBe(id);
        expect(idOfInitialSequence(initialSequence(id) + sent)).toBe(0);
      }),
    );
    expect(idOfInitialSequence(0)).toBe(0);
  });

  it('of zero, as in a reset, is of no probe', () => {
    expect(idOfSequence(0)).toBe(0);
  });
});

describe('the payload of a request', () => {
  it('has the id of its probe, wherever it stands in a frame', () => {
    fc.assert(
      fc.property(ids, fc.uint8Array({ maxLength: 60 }), fc.string({ maxLength: 20 }), (id, before, text) => {
        const frame = Buffer.concat([before, markedPayload(id, text)]);
        expect(markOfPayload(frame, before.length)).toBe(id);
      }),
    );
  });

  it('has the text after the mark', () => {
    expect(markedPayload(17, 'hello').toString()).toBe('packetwalk/00017 hello');
  });

  it('is filled up to its size', () => {
    expect(markedPayload(17, 'hello', 30).toString()).toBe('packetwalk/00017 hello........');
  });

  it('is never shorter than the mark and the text', () => {
    for (const size of [0, 1, 16, 17, 21]) expect(markedPayload(17, 'hello', size).toString()).toMatch(/ hello$/);
    expect(markedPayload(17, 'hello', 22)).toHaveLength(22);
    expect(markedPayload(17, 'hello', 23)).toHaveLength(23);
  });

  it('may be as long as a probe may send', () => {
    const payload = markedPayload(MAX_ID, '', MAX_PAYLOAD);
    expect(payload).toHaveLength(MAX_PAYLOAD);
    expect(markOfPayload(payload)).toBe(MAX_ID);
  });
});

describe('the payload of an answer', () => {
  it('has the id of the request, as a negative number', () => {
    fc.assert(
      fc.property(ids, (id) => {
        const answer = Buffer.concat([
          answerMark(markedPayload(id, 'a question')),
          Buffer.from('{"endpoint":"pod/a"}'),
        ]);
        expect(markOfPayload(answer)).toBe(-id);
      }),
    );
  });

  it('begins with the mark and a blank', () => {
    expect(answerMark(markedPayload(4711)).toString()).toBe('packetwalk=04711 ');
  });

  it('to something without a mark has none', () => {
    expect(answerMark(Buffer.from('hello'))).toHaveLength(0);
    expect(answerMark(Buffer.alloc(0))).toHaveLength(0);
  });

  it('is not answered by another answer: two answering machines do not talk for ever as one probe', () => {
    expect(answerMark(answerMark(markedPayload(17)))).toHaveLength(0);
  });
});

describe('what carries no mark', () => {
  const foreign: [name: string, text: string][] = [
    ['nothing', ''],
    ['the word alone', 'packetwalk'],
    ['a mark cut off in its last byte', 'packetwalk/00017'],
    ['another word', 'packetwork/00017 '],
    ['another sign', 'packetwalk:00017 '],
    ['letters for digits', 'packetwalk/0001a '],
    ['a sign among the digits', 'packetwalk/-0017 '],
    ['an id too high', 'packetwalk/65536 '],
    ['the highest number of five digits', 'packetwalk/99999 '],
    ['the mark, but not at the beginning', ' packetwalk/00017 '],
    ['the fence of a capture', 'packetwalk-fence/0123456789abcdef'],
  ];
  it.each(foreign)('%s', (_, text) => {
    expect(markOfPayload(Buffer.from(text))).toBe(0);
  });

  it('random bytes', () => {
    fc.assert(fc.property(fc.uint8Array(), fc.nat(300), (bytes, offset) => markOfPayload(bytes, offset) === 0));
  });
});

it('the highest id is a mark', () => {
  expect(markOfPayload(Buffer.from(`packetwalk/${MAX_ID} `))).toBe(MAX_ID);
});
