/** A capture's own fences are no evidence: they are left out, and do not count. */
import { describe, expect, it } from 'vitest';
import { cookedV2, ipv4, PROTOCOL, TYPE, tcp, udp } from './packets.ts';
import { framesOf, LINK_TYPE, pcapFile } from './pcap-file.ts';

const FENCE = Buffer.from('packetwalk-fence/0123456789abcdef');
const record = (packet: Buffer) => ({ data: cookedV2(TYPE.ipv4, packet, { interfaceIndex: 1 }) });
const toLoopback = { source: '127.0.0.1', destination: '127.0.0.1' };
const fence = record(ipv4({ ...toLoopback, protocol: PROTOCOL.udp }, udp({}, FENCE)));
const other = record(ipv4({ protocol: PROTOCOL.tcp }, tcp()));

const kinds = (...records: { data: Buffer }[]) =>
  framesOf(pcapFile(records, { linkType: LINK_TYPE.cookedV2 })).map(({ index, packet }) => [
    index,
    packet.kind === 'ip' ? packet.transport.kind : packet.kind,
  ]);

describe('a fence', () => {
  it('is left out, and the frames around it are numbered as if it were not there', () => {
    expect(kinds(fence, other, fence, fence, other, fence)).toEqual([
      [0, 'tcp'],
      [1, 'tcp'],
    ]);
  });

  it('is only what is a datagram to 127.0.0.1', () => {
    expect(kinds(record(ipv4({ protocol: PROTOCOL.udp }, udp({}, FENCE))))).toEqual([[0, 'udp']]);
    expect(kinds(record(ipv4({ ...toLoopback, protocol: PROTOCOL.tcp }, tcp({}, FENCE))))).toEqual([[0, 'tcp']]);
  });

  it('is only what carries its word', () => {
    const datagram = udp({}, Buffer.from('packetwalk/00017 '));
    expect(kinds(record(ipv4({ ...toLoopback, protocol: PROTOCOL.udp }, datagram)))).toEqual([[0, 'udp']]);
  });
});
