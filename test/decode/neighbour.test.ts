/** Neighbour discovery and multicast listener discovery: who is asked for, who says so, what a router tells. */
import { describe, expect, it } from 'vitest';
import { formatFrame } from '../../src/report/frame-text.ts';
import { address6, icmp, ipv6, MAC, mac, PROTOCOL, u16, u32 } from './packets.ts';
import { packetOf } from './pcap-file.ts';

const TARGET = 'fd00:0:0:0:0:0:0:2';
const OTHER = 'fd00:0:0:0:0:0:0:9';
const GROUP = 'ff02:0:0:0:0:1:ff00:2';

const message = (type: number, rest: Buffer, ...parts: readonly Buffer[]) =>
  ipv6(
    { next: PROTOCOL.icmpv6, source: 'fd00:0:0:0:0:0:0:1', destination: GROUP },
    icmp(type, 0, rest, Buffer.concat(parts)),
  );
const option = (type: number) => Buffer.concat([Buffer.of(type, 1), mac(MAC.a)]);
const prefix = Buffer.concat([Buffer.of(3, 4, 64, 0xc0), u32(1), u32(1), u32(0), address6('fd00:0:0:0:0:0:0:0')]);
const read = (bytes: Buffer) => {
  const packet = packetOf(bytes);
  if (packet.kind !== 'ip' || packet.transport.kind !== 'icmp') throw new Error(packet.kind);
  return packet.transport;
};
const said = (bytes: Buffer) =>
  formatFrame({
    namespace: '',
    index: 0,
    seconds: 0,
    nanoseconds: 0,
    interface: '',
    direction: 'in',
    packet: packetOf(bytes),
  }).replace(/^\S+ +/, '');

describe('a message', () => {
  it.each([
    ['solicitation', message(135, u32(0), address6(TARGET), option(1)), { target: 'fd00::2', mac: MAC.a }],
    ['solicitation without options', message(135, u32(0), address6(TARGET)), { target: 'fd00::2' }],
    ['advertisement', message(136, u32(0x6000_0000), address6(TARGET), option(2)), { target: 'fd00::2', mac: MAC.a }],
    ['router solicitation', message(133, u32(0), option(1)), { mac: MAC.a }],
    [
      'router advertisement',
      message(134, Buffer.concat([Buffer.of(64, 0), u16(1800)]), u32(0), u32(0), option(1), prefix),
      { lifetime: 1800, mac: MAC.a, prefixes: ['fd00::/64'] },
    ],
    [
      'redirect',
      message(137, u32(0), address6(TARGET), address6(OTHER), option(2)),
      { target: 'fd00::2', destination: 'fd00::9', mac: MAC.a },
    ],
  ])('%s', (_name, bytes, expected) => {
    expect(read(bytes)).toMatchObject({ mark: 0, neighbour: expected });
    expect(read(bytes).neighbour).toEqual(expected);
    expect(read(bytes)).not.toHaveProperty('quoted');
  });

  it('that is cut off before its target says nothing', () => {
    expect(read(message(135, u32(0), address6(TARGET).subarray(0, 15)))).not.toHaveProperty('neighbour');
  });

  it.each([
    ['of no length', Buffer.of(1, 0, 0, 0, 0, 0, 0, 0)],
    ['longer than the message', Buffer.of(1, 2, 0, 0, 0, 0, 0, 0)],
    ['of another kind', Buffer.of(14, 1, 1, 2, 3, 4, 5, 6)],
  ])('with an option %s is read as far as it goes', (_name, bytes) => {
    expect(read(message(135, u32(0), address6(TARGET), bytes)).neighbour).toEqual({ target: 'fd00::2' });
  });
});

describe('a report of MLD is about groups:', () => {
  const record = (sources: number, auxiliary: number) =>
    Buffer.concat([Buffer.of(4, auxiliary), u16(sources), address6(GROUP), Buffer.alloc(16 * sources + 4 * auxiliary)]);

  it('of the second version, about each of its records', () => {
    const bytes = message(143, Buffer.concat([u16(0), u16(2)]), record(1, 1), record(0, 0));
    expect(read(bytes).groups).toEqual(['ff02::1:ff00:2', 'ff02::1:ff00:2']);
  });

  it('of the second version, as far as they are there', () => {
    expect(read(message(143, Buffer.concat([u16(0), u16(65_535)]), record(0, 0))).groups).toEqual(['ff02::1:ff00:2']);
  });

  it.each([131, 132])('type %i, about one', (type) => {
    expect(read(message(type, u32(0), address6(GROUP))).groups).toEqual(['ff02::1:ff00:2']);
    expect(read(message(type, u32(0)))).not.toHaveProperty('groups');
  });
});

describe('in a line', () => {
  const advertised = (lifetime: number, ...options: readonly Buffer[]) =>
    message(134, Buffer.concat([Buffer.of(64, 0), u16(lifetime)]), u32(0), u32(0), ...options);
  const detection = ipv6(
    { next: PROTOCOL.icmpv6, source: '0:0:0:0:0:0:0:0', destination: GROUP },
    icmp(135, 0, u32(0), address6(TARGET)),
  );
  it.each([
    ['NDP who has fd00::2? tell fd00::1', message(135, u32(0), address6(TARGET), option(1))],
    ['NDP who has fd00::2? asked by who wants it', detection],
    [`NDP fd00::2 is at ${MAC.a}`, message(136, u32(0), address6(TARGET), option(2))],
    ['NDP fd00::2 is there, says fd00::1', message(136, u32(0), address6(TARGET))],
    ['NDP who is a router? tell fd00::1', message(133, u32(0))],
    ['NDP fd00::1 is a default router for 1800 s, on fd00::/64', advertised(1800, prefix)],
    ['NDP fd00::1 is no default router', advertised(0)],
    [
      'NDP redirect fd00::1 → ff02::1:ff00:2  fd00::9 is better reached by fd00::2',
      message(137, u32(0), address6(TARGET), address6(OTHER)),
    ],
    ['MLD fd00::1 leaves ff02::1:ff00:2', message(132, u32(0), address6(GROUP))],
    ['MLD fd00::1 listens to ff02::1:ff00:2', message(131, u32(0), address6(GROUP))],
    ['ICMPv6 fd00::1 → ff02::1:ff00:2  neighbour solicitation', message(135, u32(0))],
  ])('%s', (text, bytes) => {
    expect(said(bytes)).toBe(text);
  });
});
