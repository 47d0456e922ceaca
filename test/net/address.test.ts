/** Address maths: text, number and range say the same thing, and what is not an address is refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addressBytes,
  addressToNumber,
  type Cidr,
  cidrContains,
  cidrsOverlap,
  type Family,
  familyOf,
  hostCidr,
  isIpv6,
  nthAddress,
  nthSubnet,
  numberToAddress,
  parseCidr,
  withPrefix,
} from '../../src/net/address.ts';

const BITS = { 4: 32n, 6: 128n } as const;

const family = fc.constantFrom<Family>(4, 6);
const anyAddress = family.chain((of) =>
  fc.bigInt({ min: 0n, max: 2n ** BITS[of] - 1n }).map((value) => ({ family: of, value })),
);
/** Short ranges of one family meet often enough for overlaps to be tried. */
const smallRange = fc
  .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }))
  .map(([last, prefix]) => parseCidr(`10.0.0.${last}/${prefix}`)!);
const anyRange = anyAddress.chain(({ family: of, value }) =>
  fc
    .integer({ min: 0, max: Number(BITS[of]) })
    .map((prefix) => parseCidr(`${numberToAddress(value, of)}/${prefix}`) as Cidr),
);

describe('an address', () => {
  it('survives the way from number to text and back', () => {
    fc.assert(
      fc.property(anyAddress, ({ family: of, value }) => {
        const text = numberToAddress(value, of);
        expect(familyOf(text)).toBe(of);
        expect(addressToNumber(text)).toBe(value);
      }),
    );
  });

  it('is the number its dotted bytes spell', () => {
    fc.assert(
      fc.property(fc.tuple(fc.nat(255), fc.nat(255), fc.nat(255), fc.nat(255)), ([a, b, c, d]) => {
        expect(addressToNumber(`${a}.${b}.${c}.${d}`)).toBe(BigInt(((a * 256 + b) * 256 + c) * 256 + d));
      }),
    );
  });

  it.each([
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['::1', '::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0db8::0001', '2001:db8::1'],
  ])('%s is written %s, as RFC 5952 has it', (given, canonical) => {
    expect(numberToAddress(addressToNumber(given), 6)).toBe(canonical);
  });

  it.each([
    '010.0.0.1',
    '10.0.0.01',
    '10.0.0',
    '10.0.0.1.2',
    '256.0.0.1',
    '10.0.0.-1',
    '0x0a.0.0.1',
    ' 10.0.0.1',
    '10.0.0.1 ',
    '10.0.0.1/24',
    '167772161',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '12345::',
    'fd00::g',
    ':::',
    'localhost',
    '',
  ])('"%s" is not one', (text) => {
    expect(familyOf(text)).toBeUndefined();
    expect(() => addressToNumber(text)).toThrow(RangeError);
    expect(() => hostCidr(text)).toThrow(RangeError);
  });
});

describe('a range', () => {
  it('clears the host bits', () => {
    expect(parseCidr('10.244.1.7/24')).toEqual({
      text: '10.244.1.0/24',
      family: 4,
      prefix: 24,
      first: 0x0af40100n,
      last: 0x0af401ffn,
    });
    expect(parseCidr('fd00::5:7/112')?.text).toBe('fd00::5:0/112');
  });

  it('is its own text', () => {
    fc.assert(
      fc.property(anyRange, (range) => {
        expect(parseCidr(range.text)).toEqual(range);
      }),
    );
  });

  it('holds as many addresses as its prefix leaves bits', () => {
    fc.assert(
      fc.property(anyRange, ({ family: of, prefix, first, last }) => {
        expect(last - first + 1n).toBe(2n ** (BITS[of] - BigInt(prefix)));
      }),
    );
  });

  it.each([
    '10.0.0.0',
    '10.0.0.0/',
    '/24',
    '10.0.0.0/33',
    'fd00::/129',
    '10.0.0.0/024',
    '10.0.0.0/+8',
    '10.0.0.0/-8',
    '10.0.0.0/8/8',
    '10.0.0.0/ 8',
    '010.0.0.0/8',
    '10.0.0/8',
    'lan/24',
  ])('"%s" is not one', (text) => {
    expect(parseCidr(text)).toBeUndefined();
  });

  it('contains its first and last address and nothing beyond', () => {
    const range = parseCidr('10.244.1.0/24')!;
    expect(['10.244.1.0', '10.244.1.255', '10.244.0.255', '10.244.2.0'].map((at) => cidrContains(range, at))).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('contains a range exactly when it contains both its ends', () => {
    fc.assert(
      fc.property(smallRange, smallRange, (outer, inner) => {
        const ends = [inner.first, inner.last].map((end) => cidrContains(outer, numberToAddress(end, 4)));
        expect(cidrContains(outer, inner)).toBe(ends.every(Boolean));
      }),
    );
  });

  it('overlaps another exactly when one contains the other, whichever is asked', () => {
    fc.assert(
      fc.property(smallRange, smallRange, (a, b) => {
        expect(cidrsOverlap(a, b)).toBe(cidrContains(a, b) || cidrContains(b, a));
        expect(cidrsOverlap(b, a)).toBe(cidrsOverlap(a, b));
      }),
    );
  });

  it('never meets one of the other family', () => {
    const [v4, v6] = [parseCidr('0.0.0.0/0')!, parseCidr('::/0')!];
    expect(cidrsOverlap(v4, v6)).toBe(false);
    expect(cidrContains(v6, v4)).toBe(false);
    expect(cidrContains(v6, '10.0.0.1')).toBe(false);
    expect(cidrContains(v4, '::1')).toBe(false);
  });
});

describe('the nth address', () => {
  it('counts from the network number and ends with the range', () => {
    const range = parseCidr('10.0.0.0/30')!;
    expect([0, 1, 3, 4].map((offset) => nthAddress(range, offset))).toEqual([
      '10.0.0.0',
      '10.0.0.1',
      '10.0.0.3',
      undefined,
    ]);
  });

  it('lies in the range, as far from its start as asked', () => {
    fc.assert(
      fc.property(anyRange, fc.nat(1000), (range, offset) => {
        const address = nthAddress(range, offset);
        if (BigInt(offset) > range.last - range.first) expect(address).toBeUndefined();
        else expect(addressToNumber(address!) - range.first).toBe(BigInt(offset));
      }),
    );
  });
});

describe('the nth subnet', () => {
  it('is the one kube-controller-manager would cut', () => {
    const range = parseCidr('10.244.0.0/16')!;
    expect([0, 1, 255, 256].map((index) => nthSubnet(range, 24, index)?.text)).toEqual([
      '10.244.0.0/24',
      '10.244.1.0/24',
      '10.244.255.0/24',
      undefined,
    ]);
  });

  it('lies inside the range and never overlaps another', () => {
    fc.assert(
      fc.property(anyRange, fc.nat(12), fc.nat(40), fc.nat(40), (range, bits, i, j) => {
        const prefix = range.prefix + bits;
        const [a, b] = [nthSubnet(range, prefix, i), nthSubnet(range, prefix, j)];
        const expected = (index: number) => index < 2 ** bits && prefix <= Number(BITS[range.family]);
        expect([a !== undefined, b !== undefined]).toEqual([expected(i), expected(j)]);
        if (!a || !b) return;
        expect(a.prefix).toBe(prefix);
        expect(cidrContains(range, a)).toBe(true);
        expect(cidrsOverlap(a, b)).toBe(i === j);
      }),
    );
  });

  it('does not exist for a prefix shorter than that of the range', () => {
    expect(nthSubnet(parseCidr('10.244.0.0/16')!, 15, 0)).toBeUndefined();
    expect(nthSubnet(parseCidr('10.244.0.0/30')!, 33, 0)).toBeUndefined();
  });
});

it('an address is written with the prefix of its network, its host bits kept', () => {
  expect(withPrefix('10.244.1.7', parseCidr('10.244.1.0/24')!)).toBe('10.244.1.7/24');
  expect(hostCidr('10.244.1.0')).toMatchObject({ text: '10.244.1.0/32', prefix: 32 });
  expect(hostCidr('fd00::1').text).toBe('fd00::1/128');
});

describe('bytes', () => {
  it('of any address are its number', () => {
    fc.assert(
      fc.property(anyAddress, ({ family: of, value }) => {
        const bytes = addressBytes(numberToAddress(value, of));
        expect(bytes).toHaveLength(of === 4 ? 4 : 16);
        expect(BigInt(`0x${bytes.toString('hex')}`)).toBe(value);
      }),
    );
  });
});

describe('IPv6 is', () => {
  it.each(['::', '::1', 'fd00::1', 'fd00::/64', '::/0', '[fd00::1]:80'])('%s', (text) => {
    expect(isIpv6(text)).toBe(true);
  });

  it.each(['10.0.0.1', '10.0.0.0/8', '10.0.0.1:80', 'default'])('not %s', (text) => {
    expect(isIpv6(text)).toBe(false);
  });
});
