/** pcap files: framing, clocks, byte orders, and every way a file can be damaged. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PcapError, readFrames } from '../../src/decode/index.ts';
import { readPcap } from '../../src/decode/pcap.ts';
import { ethernet, ipv4, PROTOCOL, TYPE, tcp } from './packets.ts';
import { type FileOptions, framesOf, LINK_TYPE, pcapFile } from './pcap-file.ts';

const SYN = ethernet(TYPE.ipv4, ipv4({ protocol: PROTOCOL.tcp }, tcp()));

const orders = ['little', 'big'] as const;
const clocks = ['microseconds', 'nanoseconds'] as const;

function reasonFor(pcap: Buffer): string {
  try {
    framesOf(pcap);
  } catch (error) {
    if (error instanceof PcapError) return error.message;
    throw error;
  }
  return 'nothing is wrong';
}

describe('a pcap file', () => {
  describe.each(orders)('written in %s-endian order', (order) => {
    it.each(clocks)('gives its records with their time in %s, as nanoseconds', (clock) => {
      const records = [
        { data: SYN, seconds: 1_700_000_000, fraction: 123_456 },
        { data: SYN, seconds: 1_700_000_001, fraction: 999_999 },
      ];
      const frames = framesOf(pcapFile(records, { order, clock }));
      const unit = clock === 'microseconds' ? 1000 : 1;
      expect(frames.map(({ seconds, nanoseconds }) => [seconds, nanoseconds])).toEqual([
        [1_700_000_000, 123_456 * unit],
        [1_700_000_001, 999_999 * unit],
      ]);
      expect(frames.map(({ packet }) => packet.kind)).toEqual(['ip', 'ip']);
    });

    it('has a link type without the flag bits of its upper half', () => {
      const header = readPcap(pcapFile([], { order, linkType: 0x2400_0000 + LINK_TYPE.cookedV2 }), () => {});
      expect(header.linkType).toBe(LINK_TYPE.cookedV2);
    });
  });

  it('numbers its frames in the order of the capture', () => {
    const frames = framesOf(pcapFile([{ data: SYN, seconds: 9 }, { data: SYN, seconds: 3 }, { data: SYN }]));
    expect(frames.map(({ index, seconds }) => [index, seconds])).toEqual([
      [0, 9],
      [1, 3],
      [2, 1],
    ]);
  });

  it('without a record is an empty capture, not a damaged one', () => {
    expect(framesOf(pcapFile([]))).toEqual([]);
  });

  it('may hold a record of no bytes at all', () => {
    expect(framesOf(pcapFile([{ data: Buffer.alloc(0) }, { data: SYN }])).map(({ packet }) => packet.kind)).toEqual([
      'undecoded',
      'ip',
    ]);
  });

  it('tells how long a packet was that was captured in part', () => {
    const seen: number[][] = [];
    const file = pcapFile([{ data: SYN.subarray(0, 40), originalLength: 1500 }]);
    readFrames(file, 'x', new Map(), { vxlanPorts: new Set() }, (_, { data, originalLength }) => {
      seen.push([data.length, originalLength]);
    });
    expect(seen).toEqual([[40, 1500]]);
  });

  it('names interfaces by the links of its namespace, by number where there is no such link', () => {
    const cooked = (index: number) => {
      const data = Buffer.alloc(20);
      data.writeUInt32BE(index, 4);
      return { data };
    };
    const frames = framesOf(pcapFile([2, 3, 7, 0].map(cooked), { linkType: LINK_TYPE.cookedV2 }));
    expect(frames.map((frame) => frame.interface)).toEqual(['eth0', 'cni0', '7', '']);
  });
});

describe('what is no pcap file is refused with the reason', () => {
  const damaged: [name: string, pcap: Buffer, reason: RegExp][] = [
    ['an empty file', Buffer.alloc(0), /empty/],
    ['a wrong magic number', Buffer.from('not a pcap file at all, but text'), /not a pcap file.*6e6f7420/],
    ['fewer bytes than a magic number', Buffer.of(0xd4, 0xc3), /not a pcap file/],
    ['a pcapng file', Buffer.concat([Buffer.of(0x0a, 0x0d, 0x0d, 0x0a), Buffer.alloc(60)]), /pcapng.*editcap/],
    ['another version', pcapFile([], { version: [2, 3] }), /version 2\.3 is not known; 2\.4 is/],
    ['another major version', pcapFile([], { version: [3, 4] }), /version 3\.4/],
    ['an unknown link type', pcapFile([{ data: SYN }], { linkType: 147 }), /link type 147.*1 \(ETHERNET\).*276/],
    [
      'a record longer than any can be',
      pcapFile([{ data: SYN }, { data: SYN, capturedLength: 0x7fff_ffff }]),
      /record 2 claims 2147483647 captured bytes/,
    ],
    [
      'a record one byte longer than any can be',
      pcapFile([{ data: SYN, capturedLength: 262_145 }]),
      /record 1 claims 262145/,
    ],
  ];
  it.each(damaged)('%s', (_, pcap, reason) => {
    expect(reasonFor(pcap)).toMatch(reason);
  });

  it('a length that cannot be is found where it stands, in both byte orders', () => {
    for (const order of orders) {
      const pcap = pcapFile([{ data: SYN }, { data: SYN, capturedLength: 300_000 }], { order });
      expect(reasonFor(pcap)).toContain(`at byte ${24 + 16 + SYN.length}`);
    }
  });

  it('a file cut off anywhere gives the records before the cut, and says so', () => {
    const whole = pcapFile([{ data: SYN }, { data: SYN }, { data: SYN }]);
    const record = 16 + SYN.length;
    for (let length = 1; length < whole.length; length++) {
      let frames = 0;
      let reason: string | undefined;
      try {
        readFrames(whole.subarray(0, length), 'x', new Map(), { vxlanPorts: new Set() }, () => frames++);
      } catch (error) {
        expect(error).toBeInstanceOf(PcapError);
        reason = (error as Error).message;
      }
      expect(frames).toBe(Math.max(0, Math.floor((length - 24) / record)));
      const rest = length - 24 - frames * record;
      if (length < 4) expect(reason).toMatch(/not a pcap file/);
      else if (length < 24) expect(reason).toBe('the file ends in the middle of its header');
      else if (rest > 0)
        expect(reason).toBe(`the file ends in the middle of record ${frames + 1}: ${rest} bytes of it are there`);
      else expect(reason).toBeUndefined();
    }
  });
});

describe('random bytes', () => {
  const onlyPcapErrors = (pcap: Buffer) => {
    try {
      framesOf(pcap);
    } catch (error) {
      expect(error).toBeInstanceOf(PcapError);
    }
  };

  it('are refused with a PcapError, or decoded', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => onlyPcapErrors(Buffer.from(bytes))));
  });

  it('after a file header are refused with a PcapError, or decoded', () => {
    const header = fc.record<FileOptions>({
      linkType: fc.constantFrom(...Object.values(LINK_TYPE)),
      order: fc.constantFrom(...orders),
      clock: fc.constantFrom(...clocks),
    });
    fc.assert(
      fc.property(header, fc.uint8Array({ maxLength: 400 }), (options, bytes) =>
        onlyPcapErrors(Buffer.concat([pcapFile([], options), Buffer.from(bytes)])),
      ),
    );
  });

  it('in well-formed records are decoded, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(LINK_TYPE)),
        fc.array(fc.uint8Array({ maxLength: 150 }), { maxLength: 5 }),
        (linkType, packets) => {
          const frames = framesOf(
            pcapFile(
              packets.map((data) => ({ data: Buffer.from(data) })),
              { linkType },
            ),
          );
          expect(frames).toHaveLength(packets.length);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('in the place of any few bytes of a packet do not stop the decoding of the others', () => {
    const change = fc.record({ at: fc.nat(SYN.length - 1), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 6 }), (changes) => {
        const data = Buffer.from(SYN);
        for (const { at, byte } of changes) data[at] = byte;
        expect(framesOf(pcapFile([{ data }, { data: SYN }]))[1]?.packet.kind).toBe('ip');
      }),
      { numRuns: 500 },
    );
  });
});
