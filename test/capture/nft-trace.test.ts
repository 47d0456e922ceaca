/** The table by which nftables reports on a probe's packets, and on no others. */
import { expect, it } from 'vitest';
import { FENCE } from '../../src/capture/capture.ts';
import { traceTable, traceTableName } from '../../src/capture/nft-trace.ts';

const hex = (text: string) => `0x${Buffer.from(text).toString('hex')}`;

it('looks at the mark where each protocol carries it, on the way in and on the way out', () => {
  const rules = (chain: string) => {
    const text = traceTable([17]);
    const body = text.slice(text.indexOf(`chain ${chain} {`));
    return body
      .slice(0, body.indexOf('\n\t}'))
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  };
  const marks = [
    'tcp sequence { 1114112-1179647 } meta nftrace set 1',
    'tcp ackseq { 1114112-1179647 } meta nftrace set 1',
    `meta l4proto { udp, icmp, ipv6-icmp } @th,64,128 { ${hex('packetwalk/00017')}, ${hex('packetwalk=00017')} } meta nftrace set 1`,
    'icmp type { destination-unreachable, time-exceeded, parameter-problem } @th,136,8 6 @th,256,32 { 1114112-1179647 } meta nftrace set 1',
    `icmp type { destination-unreachable, time-exceeded, parameter-problem } @th,136,8 { 1, 17 } @th,288,128 { ${hex('packetwalk/00017')} } meta nftrace set 1`,
    'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } @th,112,8 6 @th,416,32 { 1114112-1179647 } meta nftrace set 1',
    `icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem } @th,112,8 { 58, 17 } @th,448,128 { ${hex('packetwalk/00017')} } meta nftrace set 1`,
    'meta l4proto sctp meta nftrace set 1',
  ];
  expect(rules('prerouting')).toEqual(['type filter hook prerouting priority raw ;', ...marks]);
  expect(rules('output')).toEqual([
    'type filter hook output priority raw ;',
    ...marks,
    `meta l4proto udp @th,64,128 ${hex('packetwalk-fence')} meta nftrace set 1`,
    `meta l4proto udp @th,64,128 ${hex('packetwalk-fence')} meta nftrace set 0`,
  ]);
  expect(FENCE.startsWith('packetwalk-fence')).toBe(true);
});

it('is about several probes at once', () => {
  const text = traceTable([1, 2, 65_535]);
  expect(text).toContain('tcp ackseq { 65536-131071, 131072-196607, 4294901760-4294967295 } meta nftrace set 1');
  expect(text).toContain(
    `@th,288,128 { ${['00001', '00002', '65535'].map((id) => hex(`packetwalk/${id}`)).join(', ')} }`,
  );
});

it('has a name by its first probe', () => {
  expect(traceTableName([17, 18])).toBe('packetwalk-trace-17');
  expect(traceTable([17, 18]).split('\n')[0]).toBe('table inet packetwalk-trace-17 {');
});
