/** A packet in a few words, and the name a rejection has in expectations. */
import { describe, expect, it } from 'vitest';
import type { IpPacket } from '../../src/decode/packet.ts';
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../../src/decode/packet.ts';
import { rejectionOf, summarize } from '../../src/stitch/summary.ts';
import { datagram, echo, icmpError, segment, syn } from './evidence.ts';

const SYN = syn('10.0.0.1:1', '10.0.0.2:2');
const other = (transport: IpPacket['transport']): IpPacket => ({ ...SYN, transport });
const icmp6 = (type: number, code = 0, mtu?: number): IpPacket =>
  other({ kind: 'icmp', version: 6, type, code, mark: 0, ...(mtu !== undefined && { mtu }) });
const error = (type: number, code: number, mtu?: number): IpPacket => {
  const packet = icmpError('10.0.0.1', '10.0.0.2', [type, code], SYN);
  return mtu === undefined ? packet : { ...packet, transport: { ...packet.transport, mtu } as IpPacket['transport'] };
};
const tcp = (flags: number, payload = 0) => segment('10.0.0.1:1', '10.0.0.2:2', { flags, payload });

describe('a packet in a few words', () => {
  const packets: [protocol: string, info: string, packet: IpPacket][] = [
    ['TCP', 'SYN', SYN],
    ['TCP', 'SYN ACK', tcp(TCP_SYN | TCP_ACK)],
    ['TCP', 'FIN ACK', tcp(TCP_FIN | TCP_ACK)],
    ['TCP', 'RST', tcp(TCP_RST)],
    ['TCP', 'ACK, 120 bytes', tcp(TCP_ACK | 8, 120)],
    ['TCP', '', tcp(0)],
    ['UDP', '100 bytes', datagram('10.0.0.1:1', '10.0.0.2:2', 1)],
    ['ICMP', 'echo request', echo('10.0.0.1', '10.0.0.2', 'request')],
    ['ICMP', 'echo reply', echo('10.0.0.1', '10.0.0.2', 'reply')],
    ['ICMP', 'port unreachable', error(3, 3)],
    ['ICMP', 'fragmentation needed (MTU 1400)', error(3, 4, 1400)],
    ['ICMP', 'unreachable, code 15', error(3, 15)],
    ['ICMP', 'time exceeded', error(11, 0)],
    ['ICMP', 'redirect', error(5, 1)],
    [
      'ICMP',
      'redirect to 10.0.0.12',
      other({ kind: 'icmp', version: 4, type: 5, code: 1, mark: 0, gateway: '10.0.0.12' }),
    ],
    ['ICMP', 'ICMP type 13', error(13, 0)],
    ['ICMPv6', 'echo request', icmp6(128)],
    ['ICMPv6', 'echo reply', icmp6(129)],
    ['ICMPv6', 'no route', icmp6(1)],
    ['ICMPv6', 'administratively prohibited', icmp6(1, 1)],
    ['ICMPv6', 'address unreachable', icmp6(1, 3)],
    ['ICMPv6', 'port unreachable', icmp6(1, 4)],
    ['ICMPv6', 'unreachable, code 9', icmp6(1, 9)],
    ['ICMPv6', 'packet too big (MTU 1280)', icmp6(2, 0, 1280)],
    ['ICMPv6', 'time exceeded', icmp6(3)],
    ['ICMPv6', 'parameter problem', icmp6(4)],
    ['ICMPv6', 'neighbour solicitation', icmp6(135)],
    ['ICMPv6', 'MLD report', icmp6(143)],
    ['ICMPv6', 'ICMPv6 type 200', icmp6(200)],
    ['SCTP', 'IP protocol 132', other({ kind: 'other', protocol: 132 })],
    ['other', 'IP protocol 47', other({ kind: 'other', protocol: 47 })],
    ['other', 'fragment', other({ kind: 'fragment', protocol: 17 })],
  ];
  it.each(packets)('%s: %s', (protocol, info, packet) => {
    expect(summarize(packet)).toEqual({ protocol, info, ttl: 64, length: 60 });
  });
});

describe('a rejection', () => {
  const rejections: [name: string | undefined, packet: IpPacket][] = [
    ['tcp-reset', tcp(TCP_RST)],
    ['tcp-reset', tcp(TCP_RST | TCP_ACK)],
    [undefined, tcp(TCP_SYN | TCP_ACK)],
    [undefined, tcp(TCP_FIN | TCP_ACK)],
    ['icmp-net-unreachable', error(3, 0)],
    ['icmp-host-unreachable', error(3, 1)],
    ['icmp-other', error(3, 2)],
    ['icmp-port-unreachable', error(3, 3)],
    ['icmp-fragmentation-needed', error(3, 4)],
    ['icmp-admin-prohibited', error(3, 9)],
    ['icmp-admin-prohibited', error(3, 10)],
    ['icmp-admin-prohibited', error(3, 13)],
    ['icmp-time-exceeded', error(11, 0)],
    [undefined, error(5, 1)],
    ['icmp6-no-route', icmp6(1, 0)],
    ['icmp6-adm-prohibited', icmp6(1, 1)],
    ['icmp6-other', icmp6(1, 2)],
    ['icmp6-addr-unreachable', icmp6(1, 3)],
    ['icmp6-port-unreachable', icmp6(1, 4)],
    ['icmp6-policy-fail', icmp6(1, 5)],
    ['icmp6-reject-route', icmp6(1, 6)],
    ['icmp6-packet-too-big', icmp6(2)],
    ['icmp6-time-exceeded', icmp6(3)],
    [undefined, icmp6(4)],
    [undefined, icmp6(11)],
    [undefined, icmp6(135)],
    [undefined, echo('10.0.0.1', '10.0.0.2', 'reply')],
    [undefined, datagram('10.0.0.1:1', '10.0.0.2:2', -1)],
  ];
  it.each(rejections)('is %s', (name, packet) => {
    expect(rejectionOf(packet)).toBe(name);
  });
});
