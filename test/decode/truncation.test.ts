/** A snap length may end a packet anywhere: every beginning of every kind of packet is decoded as far as it goes. */
import { describe, expect, it } from 'vitest';
import type { Packet, Transport } from '../../src/decode/packet.ts';
import { markedPayload } from '../../src/probe/mark.ts';
import {
  arp,
  cookedV1,
  cookedV2,
  ethernet,
  extension,
  fragmentHeader,
  icmp,
  ipv4,
  ipv6,
  loopback,
  PROTOCOL,
  TYPE,
  tcp,
  u32,
  udp,
  vxlan,
} from './packets.ts';
import { frameOf, LINK_TYPE } from './pcap-file.ts';

const SEGMENT = ipv4(
  { protocol: PROTOCOL.tcp, options: Buffer.alloc(8, 1) },
  tcp({ sequence: 0x10000, options: Buffer.alloc(12, 1) }, Buffer.from('GET / HTTP/1.1\r\n')),
);
const DATAGRAM = ipv4({ protocol: PROTOCOL.udp }, udp({}, markedPayload(17, 'hello')));
const ECHO = ipv4({ protocol: PROTOCOL.icmp }, icmp(8, 0, u32(1), markedPayload(17)));
const SEGMENT6 = ipv6({ next: 0 }, extension(60, 1, extension(PROTOCOL.tcp, 0, tcp({ sequence: 0x10000 }))));
const overlay = (inner: Buffer, port = 8472) =>
  ipv4({ protocol: PROTOCOL.udp }, udp({ destinationPort: port }, vxlan(1, ethernet(TYPE.ipv4, inner))));

const samples: [name: string, linkType: number, data: Buffer, link: number][] = [
  ['TCP over Ethernet', LINK_TYPE.ethernet, ethernet(TYPE.ipv4, SEGMENT), 14],
  ['TCP under two VLAN tags', LINK_TYPE.ethernet, ethernet(TYPE.ipv4, SEGMENT, [TYPE.serviceVlan, TYPE.vlan]), 22],
  ['TCP, cooked v1', LINK_TYPE.cookedV1, cookedV1(TYPE.ipv4, SEGMENT), 16],
  ['TCP, cooked v2', LINK_TYPE.cookedV2, cookedV2(TYPE.ipv4, SEGMENT), 20],
  ['TCP over loopback', LINK_TYPE.null, loopback(SEGMENT), 4],
  ['UDP', LINK_TYPE.raw, DATAGRAM, 0],
  ['an echo', LINK_TYPE.raw, ECHO, 0],
  ['an ICMP error', LINK_TYPE.raw, ipv4({ protocol: PROTOCOL.icmp }, icmp(3, 3, u32(0), SEGMENT)), 0],
  ['an error about an error', LINK_TYPE.raw, ipv4({ protocol: 1 }, icmp(11, 0, u32(0), ECHO)), 0],
  ['VXLAN', LINK_TYPE.cookedV2, cookedV2(TYPE.ipv4, overlay(SEGMENT)), 20],
  ['VXLAN in VXLAN', LINK_TYPE.ethernet, ethernet(TYPE.ipv4, overlay(overlay(DATAGRAM), 4789)), 14],
  ['IP in IP', LINK_TYPE.raw, ipv4({ protocol: PROTOCOL.ipip }, SEGMENT), 0],
  ['IPv6 in IPv4', LINK_TYPE.raw, ipv4({ protocol: PROTOCOL.ipv6 }, SEGMENT6), 0],
  ['IPv6 with extension headers', LINK_TYPE.raw, SEGMENT6, 0],
  ['IPv6 with a fragment header', LINK_TYPE.ipv6, ipv6({ next: 44 }, fragmentHeader(17, 0, true, udp({}, ECHO))), 0],
  ['ICMPv6', LINK_TYPE.raw, ipv6({ next: PROTOCOL.icmpv6 }, icmp(2, 0, u32(1280), SEGMENT6)), 0],
  ['a later fragment', LINK_TYPE.raw, ipv4({ protocol: 17, fragmentOffset: 8 }, Buffer.alloc(30)), 0],
  ['another protocol', LINK_TYPE.raw, ipv4({ protocol: PROTOCOL.gre }, Buffer.alloc(30)), 0],
  ['ARP', LINK_TYPE.ethernet, ethernet(TYPE.arp, arp(1, '10.0.0.11', '10.0.0.12')), 14],
];

/** A part may say less than the whole, and nothing else. */
function expectPartOf(part: Packet, whole: Packet): void {
  if (part.kind === 'undecoded') {
    expect(part.reason).toMatch(/cut off|ARP of another kind/);
  } else if (part.kind === 'ip' && whole.kind === 'ip') {
    const { transport: some, fragment, ...header } = part;
    const { transport: all, fragment: wholeFragment, ...wholeHeader } = whole;
    expect(header).toEqual(wholeHeader);
    /** In IPv6 that is said by a header of its own, which may be gone with the transport. */
    if (some.kind !== 'other') expect(fragment).toEqual(wholeFragment);
    expectPartOfTransport(some, all);
  } else {
    expect(part).toEqual(whole);
  }
}

function expectPartOfTransport(some: Transport, all: Transport): void {
  if (some.kind === 'other' && all.kind !== 'other') {
    expect(some.truncated).toBe(true);
  } else if (some.kind === 'ipip' && all.kind === 'ipip') {
    expectPartOf(some.inner, all.inner);
  } else if (some.kind === 'tcp' && all.kind === 'tcp') {
    const { sourcePort, destinationPort, sequence } = all;
    expect(some).toMatchObject({ sourcePort, destinationPort, sequence });
  } else if (some.kind === 'udp' && all.kind === 'udp') {
    const { sourcePort, destinationPort, payloadLength } = all;
    expect(some).toMatchObject({ sourcePort, destinationPort, payloadLength });
    expect([0, all.mark]).toContain(some.mark);
    if (some.vxlan) {
      expect(some.vxlan.vni).toBe(all.vxlan!.vni);
      expectPartOf(some.vxlan.inner, all.vxlan!.inner);
    }
  } else if (some.kind === 'icmp' && all.kind === 'icmp') {
    const { type, code, echo, mtu } = all;
    expect([some.type, some.code, some.echo, some.mtu]).toEqual([type, code, echo, mtu]);
    expect([0, all.mark]).toContain(some.mark);
    if (some.quoted) expectPartOf(some.quoted, all.quoted!);
  } else {
    expect(some).toEqual(all);
  }
}

describe('every beginning of a packet is decoded, and says nothing that the whole does not', () => {
  it.each(samples)('%s', (_, linkType, data, link) => {
    const whole = frameOf(linkType, data);
    for (let length = 0; length < data.length; length++) {
      const part = frameOf(linkType, data.subarray(0, length));
      expectPartOf(part.packet, whole.packet);
      if (length >= link) expect(part.direction).toBe(whole.direction);
    }
  });

  it.each(samples)('%s: without the whole network header nothing is claimed', (_, linkType, data, link) => {
    const [first = 0] = data.subarray(link);
    const header = linkType === LINK_TYPE.ethernet && data[13] === 6 ? 28 : first >> 4 === 6 ? 40 : 20;
    for (let length = 0; length < link + header; length++) {
      expect(frameOf(linkType, data.subarray(0, length)).packet.kind).toBe('undecoded');
    }
    expect(frameOf(linkType, data.subarray(0, link + header)).packet.kind).not.toBe('undecoded');
  });
});
