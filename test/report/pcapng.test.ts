/** Annotated captures, read back block by block as the format has them (draft-ietf-opsawg-pcapng). */
import { describe, expect, it } from 'vitest';
import type { Capture } from '../../src/capture/capture.ts';
import { toPcapng } from '../../src/report/pcapng.ts';
import { type Hop, Wiring } from '../../src/stitch/index.ts';
import { cookedV2, ipv4, PROTOCOL, TYPE, tcp } from '../decode/packets.ts';
import { LINK_TYPE, pcapFile, type Record } from '../decode/pcap-file.ts';
import { delivered } from '../judge/walks.ts';
import { capturesOf, replay } from '../replay/recording.ts';
import { prepared } from '../stitch/wirings.ts';

interface Block {
  readonly type: number;
  readonly body: Buffer;
}

const TYPES = { section: 0x0a0d0d0a, interface: 1, names: 4, packet: 6 } as const;

function blocksOf(file: Buffer): Block[] {
  const blocks: Block[] = [];
  for (let offset = 0; offset < file.length; ) {
    const length = file.readUInt32LE(offset + 4);
    expect(length % 4).toBe(0);
    expect(file.readUInt32LE(offset + length - 4)).toBe(length);
    blocks.push({ type: file.readUInt32LE(offset), body: file.subarray(offset + 8, offset + length - 4) });
    offset += length;
  }
  return blocks;
}

/** The options from an offset to the end of a block, closed by opt_endofopt. */
function optionsOf(body: Buffer, offset: number): Map<number, Buffer> {
  const options = new Map<number, Buffer>();
  for (;;) {
    const [code, length] = [body.readUInt16LE(offset), body.readUInt16LE(offset + 2)];
    if (code === 0) {
      expect(length).toBe(0);
      expect(offset + 4).toBe(body.length);
      return options;
    }
    options.set(code, body.subarray(offset + 4, offset + 4 + length));
    offset += 4 + Math.ceil(length / 4) * 4;
  }
}

function packetOf({ body }: Block) {
  const captured = body.readUInt32LE(12);
  const options = optionsOf(body, 20 + Math.ceil(captured / 4) * 4);
  return {
    interface: body.readUInt32LE(0),
    time: (BigInt(body.readUInt32LE(4)) << 32n) + BigInt(body.readUInt32LE(8)),
    data: body.subarray(20, 20 + captured),
    originalLength: body.readUInt32LE(16),
    direction: options.get(2)!.readUInt32LE(0) & 3,
    comment: options.get(1)?.toString(),
  };
}

function read(file: Buffer) {
  const blocks = blocksOf(file);
  const of = (type: number) => blocks.filter((block) => block.type === type);
  return {
    types: blocks.map(({ type }) => type),
    section: of(TYPES.section)[0]!,
    interfaces: of(TYPES.interface).map(({ body }) => ({ body, options: optionsOf(body, 8) })),
    names: of(TYPES.names),
    packets: of(TYPES.packet).map(packetOf),
  };
}

const wiring = new Wiring(prepared('nodeport-snat').state);
const SYN = ipv4({ protocol: PROTOCOL.tcp, source: '10.0.0.100', destination: '10.0.0.11' }, tcp());

function capture(namespace: string, records: readonly Record[], changes: Partial<Capture> = {}): Capture {
  const links = new Map([
    [2, 'eth0'],
    [3, 'flannel.1'],
  ]);
  const pcap = pcapFile(records, { linkType: LINK_TYPE.cookedV2 });
  return { namespace, pcap, links, dropped: 0, ...changes };
}

const seen = (at: { interfaceIndex?: number; packetType?: number }, rest: Partial<Record> = {}): Record => ({
  data: cookedV2(TYPE.ipv4, SYN, at),
  seconds: 1_700_000_000,
  ...rest,
});

const client = capture('host.client', [seen({ packetType: 4 }, { fraction: 100 })]);
const node1 = capture('node.node1', [
  seen({}, { fraction: 300 }),
  seen({ interfaceIndex: 3, packetType: 4 }, { fraction: 999_999_999 }),
]);

function hop(namespace: string, index: number, rest: Partial<Hop> = {}): Hop {
  return { ...delivered().hops[0]!, frame: { namespace, index }, ...rest };
}

describe('an annotated capture', () => {
  const file = read(toPcapng([node1, client], [], wiring));

  it('begins with a section of known byte order and unknown length', () => {
    expect(file.types[0]).toBe(TYPES.section);
    expect(file.section.body.readUInt32LE(0)).toBe(0x1a2b3c4d);
    expect([file.section.body.readUInt16LE(4), file.section.body.readUInt16LE(6)]).toEqual([1, 0]);
    expect(file.section.body.readBigInt64LE(8)).toBe(-1n);
    expect(optionsOf(file.section.body, 16).get(4)?.toString()).toBe('packetwalk');
  });

  it('describes every interface before the first packet', () => {
    expect(file.types).toEqual([
      TYPES.section,
      TYPES.interface,
      TYPES.interface,
      TYPES.interface,
      TYPES.names,
      TYPES.packet,
      TYPES.packet,
      TYPES.packet,
    ]);
  });

  it('has interfaces under their places, of Linux cooked packets, in nanoseconds', () => {
    expect(file.interfaces.map(({ options }) => options.get(2)?.toString())).toEqual([
      'node/node1/eth0',
      'node/node1/flannel.1',
      'host/client/eth0',
    ]);
    for (const { body, options } of file.interfaces) {
      expect(body.readUInt16LE(0)).toBe(276);
      expect([...options.get(9)!]).toEqual([9]);
    }
  });

  it('has the packets of all namespaces in the order of time, each at its interface', () => {
    expect(file.packets.map((packet) => [packet.interface, packet.time])).toEqual([
      [2, 1_700_000_000_000_000_100n],
      [0, 1_700_000_000_000_000_300n],
      [1, 1_700_000_000_999_999_999n],
    ]);
  });

  it('has each packet whole, with its direction and its length on the wire', () => {
    expect(file.packets.map(({ direction }) => direction)).toEqual([2, 1, 2]);
    for (const { data, originalLength } of file.packets) {
      expect(data.subarray(20).equals(SYN)).toBe(true);
      expect(originalLength).toBe(data.length);
    }
    const cut = capture('node.node1', [{ ...seen({}), originalLength: 1516 }]);
    expect(read(toPcapng([cut], [], wiring)).packets[0]?.originalLength).toBe(1516);
  });

  it('pads packets and options of every length', () => {
    for (let length = 20; length < 30; length++) {
      const odd = capture('node.node1', [{ data: seen({}).data.subarray(0, length) }]);
      const title = 'x'.repeat(length);
      const annotations = [{ name: title, walks: [delivered({ hops: [hop('node.node1', 0)], replyHops: [] })] }];
      const [packet] = read(toPcapng([odd], annotations, wiring)).packets;
      expect(packet?.data).toHaveLength(length);
      expect(packet?.comment).toBe(`${title}: hop 1 of 1`);
    }
  });

  it('of nothing is a section with names', () => {
    expect(read(toPcapng([], [], wiring)).types).toEqual([TYPES.section, TYPES.names]);
  });
});

describe('names', () => {
  it('are those of the places that own the addresses', () => {
    const [{ body } = { body: Buffer.alloc(0) }] = read(toPcapng([], [], wiring)).names;
    const names = new Map<string, string>();
    let offset = 0;
    for (; body.readUInt16LE(offset) !== 0; ) {
      expect(body.readUInt16LE(offset)).toBe(1);
      const length = body.readUInt16LE(offset + 2);
      const value = body.subarray(offset + 4, offset + 4 + length);
      expect(value.at(-1)).toBe(0);
      names.set([...value.subarray(0, 4)].join('.'), value.subarray(4, -1).toString());
      offset += 4 + Math.ceil(length / 4) * 4;
    }
    expect(body.length - offset).toBe(4);
    expect(body.readUInt16LE(offset + 2)).toBe(0);
    expect(names.get('10.0.0.100')).toBe('host.client');
    expect(names.get('10.244.2.2')).toBe('pod.web-0');
    expect(names.get('10.244.1.0')).toBe('node.node1');
    expect(names.size).toBe(wiring.owners().length);
  });
});

describe('comments', () => {
  const commentsOf = (annotations: Parameters<typeof toPcapng>[1]) =>
    read(toPcapng([client, node1], annotations, wiring)).packets.map(({ comment }) => comment);
  const walk = delivered({
    hops: [
      hop('host.client', 0),
      hop('node.node1', 1, {
        place: 'node/node1',
        rewrites: [{ at: 'node/node1', kind: 'dnat', from: '10.0.0.11:30080', to: '10.244.2.2:8080' }],
      }),
    ],
    replyHops: [hop('node.node1', 0)],
  });

  it('name check, hop and translation on the frames of a walk', () => {
    expect(commentsOf([{ name: 'the pod is reached', walks: [walk] }])).toEqual([
      'the pod is reached: hop 1 of 2',
      'the pod is reached: reply hop 1 of 1',
      'the pod is reached: hop 2 of 2; before: DNAT  10.0.0.11:30080 → 10.244.2.2:8080 at node/node1',
    ]);
  });

  it('number the connections of a check that makes several', () => {
    const other = delivered({ hops: [hop('host.client', 0)], replyHops: [] });
    const comments = commentsOf([{ name: 'spread', walks: [delivered({ hops: [], replyHops: [] }), other] }]);
    expect(comments).toEqual(['spread, connection 2: hop 1 of 1', undefined, undefined]);
  });

  it('are not put on other frames', () => {
    expect(commentsOf([])).toEqual([undefined, undefined, undefined]);
  });
});

describe('a damaged capture', () => {
  it('gives the frames before the damage, and those of the others', () => {
    const damaged = { ...node1, pcap: node1.pcap.subarray(0, -1), blind: 'tcpdump ended' };
    const { packets } = read(toPcapng([damaged, client], [], wiring));
    expect(packets.map(({ time }) => time % 1000n)).toEqual([100n, 300n]);
  });

  it('that holds nothing at all leaves the others', () => {
    const empty = { ...node1, pcap: Buffer.alloc(0), blind: 'tcpdump ended' };
    expect(read(toPcapng([empty, client], [], wiring)).packets).toHaveLength(1);
  });
});

describe('a recording', () => {
  it('has a comment on every frame that is a hop', () => {
    const walks = [...replay('cross-node-vxlan')].map(([name, { walk }]) => ({ name, walks: [walk] }));
    const { packets } = read(
      toPcapng(capturesOf('cross-node-vxlan'), walks, new Wiring(prepared('cross-node-vxlan').state)),
    );
    const comments = packets.flatMap(({ comment }) => comment ?? []);
    expect(comments).toHaveLength(3 * 20);
    expect(comments.filter((comment) => comment.startsWith('ping takes the same way: hop '))).toHaveLength(10);
    const times = packets.map(({ time }) => time);
    expect(times).toEqual(times.toSorted((a, b) => (a < b ? -1 : 1)));
  });
});
