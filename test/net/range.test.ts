/** Ranges of addresses, as MetalLB's pools are written. */
import { describe, expect, it } from 'vitest';
import { addressesIn, isWithin, parseRange, rangeContains, rangesOverlap } from '../../src/net/range.ts';

const range = (text: string) => parseRange(text)!;

describe('a range', () => {
  it.each([
    ['10.0.0.240/30', ['10.0.0.240', '10.0.0.241', '10.0.0.242', '10.0.0.243']],
    ['10.0.0.254-10.0.1.1', ['10.0.0.254', '10.0.0.255', '10.0.1.0', '10.0.1.1']],
    ['10.0.0.9 - 10.0.0.9', ['10.0.0.9']],
    ['fd00::ff-fd00::100', ['fd00::ff', 'fd00::100']],
  ])('%s', (text, addresses) => {
    expect([...addressesIn(range(text))]).toEqual(addresses);
  });

  it.each(['', '10.0.0.1', '10.0.0.9-10.0.0.1', '10.0.0.1-fd00::1', '1-2', '10.0.0.1-10.0.0.2-10.0.0.3'])(
    '%s is none',
    (text) => {
      expect(parseRange(text)).toBeUndefined();
    },
  );

  it('contains addresses of its family, and ranges', () => {
    expect(rangeContains(range('10.0.0.1-10.0.0.9'), '10.0.0.9')).toBe(true);
    expect(rangeContains(range('10.0.0.1-10.0.0.9'), '10.0.0.10')).toBe(false);
    expect(rangeContains(range('::/0'), '10.0.0.1')).toBe(false);
    expect(isWithin(range('10.0.0.1-10.0.0.9'), range('10.0.0.0/24'))).toBe(true);
    expect(isWithin(range('10.0.0.1-10.0.1.9'), range('10.0.0.0/24'))).toBe(false);
    expect(rangesOverlap(range('10.0.0.1-10.0.0.9'), range('10.0.0.9-10.0.0.20'))).toBe(true);
    expect(rangesOverlap(range('10.0.0.1-10.0.0.9'), range('10.0.0.10/32'))).toBe(false);
  });
});
