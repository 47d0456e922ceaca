/** One frame in a line, as `capture -r` prints it. */
import { describe, expect, it } from 'vitest';
import type { Frame, Packet } from '../../src/decode/packet.ts';
import { formatFrame } from '../../src/report/frame-text.ts';
import { arp, datagram, icmpError, inIpip, inVxlan, syn } from '../stitch/evidence.ts';

const at = { namespace: '', index: 0, seconds: 1_700_000_000, nanoseconds: 5_123_999, direction: 'in' } as const;
const format = (packet: Packet, rest: Partial<Frame> = {}) =>
  formatFrame({ ...at, interface: 'eth0', packet, ...rest });
const packet = syn('10.244.1.2:40112', '10.244.2.2:8080');

describe('a frame', () => {
  it('has time to the microsecond, interface, direction and packet', () => {
    expect(format(packet)).toBe('22:13:20.005123  eth0 in   TCP 10.244.1.2:40112 → 10.244.2.2:8080  SYN');
  });

  it('of a file without interfaces has neither interface nor direction', () => {
    expect(format(packet, { interface: '' })).toBe('22:13:20.005123  TCP 10.244.1.2:40112 → 10.244.2.2:8080  SYN');
  });

  const packets: [text: string, packet: Packet][] = [
    ['ARP who has 10.0.0.12? tell 10.0.0.11', arp('request', '10.0.0.11', '10.0.0.12')],
    ['ARP 10.0.0.12 is at 02:00:0a:00:00:0b', arp('reply', '10.0.0.12', '10.0.0.11')],
    ['EtherType 0x88cc', { kind: 'undecoded', reason: 'EtherType 0x88cc' }],
    ['UDP 10.0.0.1:5 → 10.0.0.2:53  100 bytes', datagram('10.0.0.1:5', '10.0.0.2:53', 1)],
    [
      'UDP 10.0.0.1:5 → 10.0.0.2:53  100 bytes, fragment at 0',
      datagram('10.0.0.1:5', '10.0.0.2:53', 1, { fragment: { offset: 0, more: true } }),
    ],
    [
      'VXLAN vni 1 10.0.0.11 → 10.0.0.12:8472  [TCP 10.244.1.2:40112 → 10.244.2.2:8080  SYN]',
      inVxlan('10.0.0.11', '10.0.0.12', packet),
    ],
    [
      'VXLAN vni 1 fd00::11 → [fd00::12]:8472  [TCP 10.244.1.2:40112 → 10.244.2.2:8080  SYN]',
      inVxlan('fd00::11', 'fd00::12', packet),
    ],
    [
      'IPIP 10.0.0.11 → 10.0.0.12  [TCP 10.244.1.2:40112 → 10.244.2.2:8080  SYN]',
      inIpip('10.0.0.11', '10.0.0.12', packet),
    ],
    ['ICMP 10.0.0.11 → 10.244.1.2  port unreachable', icmpError('10.0.0.11', '10.244.1.2', [3, 3], packet)],
    [
      'IP 10.244.1.2 → 10.244.2.2  protocol 17, fragment at 1480',
      { ...packet, fragment: { offset: 1480, more: false }, transport: { kind: 'fragment', protocol: 17 } },
    ],
    ['IP 10.244.1.2 → 10.244.2.2  protocol 47', { ...packet, transport: { kind: 'other', protocol: 47 } }],
    [
      'IP 10.244.1.2 → 10.244.2.2  protocol 6, cut off',
      { ...packet, transport: { kind: 'other', protocol: 6, truncated: true } },
    ],
    ['TCP [fd00::1]:40112 → [fd00::2]:8080  SYN', { ...packet, version: 6, source: 'fd00::1', destination: 'fd00::2' }],
  ];
  it.each(packets)('%s', (text, made) => {
    expect(format(made).slice('22:13:20.005123  eth0 in   '.length)).toBe(text);
  });
});
