/** IPv4 and IPv6 headers. */
import { describe, expect, it } from 'vitest';
import {
  ethernet,
  extension,
  fragmentHeader,
  type Ipv4Options,
  icmp,
  ipv4,
  ipv6,
  PROTOCOL,
  TYPE,
  tcp,
  u32,
  udp,
  vxlan,
} from './packets.ts';
import { frameOf, LINK_TYPE, packetOf } from './pcap-file.ts';

describe('an IPv4 packet', () => {
  it('has the fields of its header', () => {
    const header: Ipv4Options = {
      source: '10.0.0.100',
      destination: '192.168.255.1',
      protocol: PROTOCOL.tcp,
      ttl: 63,
      id: 0xbeef,
      dontFragment: true,
    };
    expect(packetOf(ipv4(header, tcp()))).toMatchObject({
      kind: 'ip',
      version: 4,
      source: '10.0.0.100',
      destination: '192.168.255.1',
      ttl: 63,
      id: 0xbeef,
      dontFragment: true,
      fragment: undefined,
      length: 40,
      transport: { kind: 'tcp' },
    });
  });

  it('may have the highest address there is', () => {
    expect(packetOf(ipv4({ protocol: 6, destination: '255.255.255.255' }, tcp()))).toMatchObject({
      destination: '255.255.255.255',
    });
  });

  it.each([4, 12, 40])('has its transport after %i bytes of options', (length) => {
    const packet = packetOf(
      ipv4({ protocol: PROTOCOL.tcp, options: Buffer.alloc(length, 1) }, tcp({ sourcePort: 4242 })),
    );
    expect(packet).toMatchObject({
      length: 40 + length,
      transport: { kind: 'tcp', sourcePort: 4242, payloadLength: 0 },
    });
  });

  it('that is a first fragment has its transport', () => {
    const packet = packetOf(ipv4({ protocol: PROTOCOL.udp, moreFragments: true }, udp({}, Buffer.alloc(1472))));
    expect(packet).toMatchObject({
      fragment: { offset: 0, more: true },
      transport: { kind: 'udp', sourcePort: 40112, payloadLength: 1472 },
    });
  });

  it('that is a later fragment has none, whatever its bytes look like', () => {
    const header = { protocol: PROTOCOL.udp, fragmentOffset: 1480 };
    for (const moreFragments of [true, false]) {
      expect(packetOf(ipv4({ ...header, moreFragments }, udp({}, Buffer.from('packetwalk/00001 '))))).toMatchObject({
        fragment: { offset: 1480, more: moreFragments },
        transport: { kind: 'fragment', protocol: PROTOCOL.udp },
      });
    }
  });

  it('may be a fragment at the highest offset', () => {
    expect(packetOf(ipv4({ protocol: 17, fragmentOffset: 65528 }, Buffer.alloc(8)))).toMatchObject({
      fragment: { offset: 65528, more: false },
    });
  });

  it('of a protocol that is not read keeps its number', () => {
    expect(packetOf(ipv4({ protocol: PROTOCOL.sctp }, Buffer.alloc(12)))).toMatchObject({
      transport: { kind: 'other', protocol: 132 },
    });
  });

  it.each([0, 1, 3, 5, 6, 7, 15])('with version %i in its header is none', (version) => {
    const data = ipv4({ protocol: PROTOCOL.tcp, version }, tcp());
    expect(frameOf(LINK_TYPE.ethernet, Buffer.concat([Buffer.alloc(12), Buffer.of(8, 0), data])).packet).toEqual({
      kind: 'undecoded',
      reason: 'not an IPv4 header',
    });
  });

  it.each([0, 1, 4])('with a header of %i words is none', (headerWords) => {
    expect(packetOf(ipv4({ protocol: PROTOCOL.tcp, headerWords }, tcp()))).toEqual({
      kind: 'undecoded',
      reason: 'not an IPv4 header',
    });
  });

  it('whose header says it is longer than what was captured keeps the length of the header', () => {
    const packet = packetOf(ipv4({ protocol: PROTOCOL.tcp, totalLength: 1500 }, tcp({}, Buffer.alloc(60))));
    expect(packet).toMatchObject({ length: 1500, transport: { payloadLength: 1460 } });
  });

  it('ends where its header says, not where the frame does', () => {
    const padded = Buffer.concat([ipv4({ protocol: PROTOCOL.tcp }, tcp()), Buffer.alloc(20, 0xff)]);
    expect(packetOf(padded)).toEqual(packetOf(padded.subarray(0, 40)));
  });
});

describe('an IPv6 packet', () => {
  it('has the fields of its header', () => {
    expect(packetOf(ipv6({ next: PROTOCOL.tcp, hopLimit: 63, flowLabel: 0xbeef5 }, tcp()))).toMatchObject({
      kind: 'ip',
      version: 6,
      source: 'fd00:10:244:1::2',
      destination: 'fd00:10:244:2::2',
      ttl: 63,
      id: 0xbeef5,
      dontFragment: true,
      fragment: undefined,
      length: 60,
      transport: { kind: 'tcp', sourcePort: 40112 },
    });
  });

  /** RFC 5952 section 4 */
  const addresses: [full: string, text: string][] = [
    ['0:0:0:0:0:0:0:0', '::'],
    ['0:0:0:0:0:0:0:1', '::1'],
    ['fd00:0:0:0:0:0:0:0', 'fd00::'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['ABCD:EF01:2345:6789:ABCD:EF01:2345:6789', 'abcd:ef01:2345:6789:abcd:ef01:2345:6789'],
  ];
  it.each(addresses)('writes the address %s as %s', (full, text) => {
    expect(packetOf(ipv6({ next: PROTOCOL.tcp, source: full }, tcp()))).toMatchObject({ source: text });
  });

  it.each([
    [0, 'hop-by-hop options'],
    [43, 'a routing header'],
    [60, 'destination options'],
    [135, 'a mobility header'],
  ])('has its transport after header %i, %s', (header) => {
    for (const words of [0, 2]) {
      const packet = packetOf(ipv6({ next: header }, extension(PROTOCOL.tcp, words, tcp({}, Buffer.alloc(9)))));
      expect(packet).toMatchObject({ length: 40 + 8 + words * 8 + 29, transport: { kind: 'tcp', payloadLength: 9 } });
    }
  });

  it('has its transport after several extension headers', () => {
    const headers = extension(43, 0, extension(60, 1, extension(PROTOCOL.udp, 0, udp({}, Buffer.alloc(5)))));
    expect(packetOf(ipv6({ next: 0 }, headers))).toMatchObject({ transport: { kind: 'udp', payloadLength: 5 } });
  });

  it('that is a first fragment has its transport', () => {
    const packet = packetOf(ipv6({ next: 44 }, fragmentHeader(PROTOCOL.udp, 0, true, udp({}, Buffer.alloc(8)))));
    expect(packet).toMatchObject({ fragment: { offset: 0, more: true }, transport: { kind: 'udp', payloadLength: 8 } });
  });

  it('that is a later fragment has none', () => {
    const packet = packetOf(ipv6({ next: 44 }, fragmentHeader(PROTOCOL.udp, 1448, false, udp({}, Buffer.alloc(8)))));
    expect(packet).toMatchObject({
      fragment: { offset: 1448, more: false },
      transport: { kind: 'fragment', protocol: PROTOCOL.udp },
    });
  });

  it('that is a later fragment has no headers either, whatever its bytes look like', () => {
    const payload = extension(PROTOCOL.udp, 0, udp({}, Buffer.alloc(8)));
    const packet = packetOf(ipv6({ next: 44 }, fragmentHeader(60, 1448, true, payload)));
    expect(packet).toMatchObject({
      fragment: { offset: 1448, more: true },
      transport: { kind: 'fragment', protocol: 60 },
    });
  });

  it('that is cut off in an extension header has no transport, and says why', () => {
    const whole = ipv6({ next: 0 }, extension(PROTOCOL.tcp, 3, tcp()));
    for (const length of [40, 44, 48, 56]) {
      expect(packetOf(whole.subarray(0, length))).toMatchObject({ transport: { kind: 'other', truncated: true } });
    }
  });

  it('with another version in its header is none', () => {
    const data = ipv6({ next: PROTOCOL.tcp }, tcp());
    data[0] = 0x50;
    const frame = frameOf(LINK_TYPE.ethernet, Buffer.concat([Buffer.alloc(12), Buffer.of(0x86, 0xdd), data]));
    expect(frame.packet).toEqual({ kind: 'undecoded', reason: 'not an IPv6 header' });
  });
});

describe('a packet inside another', () => {
  it('is decoded in IP-in-IP', () => {
    const inner = ipv4({ protocol: PROTOCOL.tcp, source: '10.244.1.2' }, tcp({ sequence: 77 }));
    const packet = packetOf(ipv4({ protocol: PROTOCOL.ipip, source: '10.0.0.11', destination: '10.0.0.12' }, inner));
    expect(packet).toMatchObject({
      source: '10.0.0.11',
      transport: { kind: 'ipip', inner: { source: '10.244.1.2', transport: { kind: 'tcp', sequence: 77 } } },
    });
  });

  it('is decoded as IPv6 in IPv4', () => {
    const inner = ipv6({ next: PROTOCOL.icmpv6 }, icmp(128, 0, u32(1), Buffer.alloc(8)));
    expect(packetOf(ipv4({ protocol: PROTOCOL.ipv6 }, inner))).toMatchObject({
      transport: { kind: 'ipip', inner: { version: 6, transport: { kind: 'icmp', version: 6, type: 128 } } },
    });
  });

  it('ends where the outer one does', () => {
    const inner = ipv4({ protocol: PROTOCOL.tcp }, tcp());
    const outer = ipv4({ protocol: PROTOCOL.ipip, totalLength: 20 + 24 }, inner);
    expect(packetOf(outer)).toMatchObject({
      transport: { kind: 'ipip', inner: { transport: { kind: 'other', protocol: PROTOCOL.tcp, truncated: true } } },
    });
  });

  it('and another inside that, thousands deep, is decoded or given up, but does not end the program', () => {
    const bytes = 65_535;
    const data = Buffer.alloc(bytes);
    for (let offset = 0; offset + 20 <= bytes; offset += 20) {
      ipv4({ protocol: PROTOCOL.ipip, totalLength: bytes - offset }, Buffer.alloc(0)).copy(data, offset);
    }
    expect(packetOf(data)).toMatchObject({ kind: 'ip', transport: { kind: 'ipip' } });
  });

  it.each<[string, (inner: Buffer) => Buffer]>([
    ['IP-in-IP', (inner) => ipv4({ protocol: PROTOCOL.ipip }, inner)],
    ['VXLAN', (inner) => ipv4({ protocol: 17 }, udp({ destinationPort: 8472 }, vxlan(1, ethernet(TYPE.ipv4, inner))))],
    ['ICMP errors', (inner) => ipv4({ protocol: PROTOCOL.icmp }, icmp(3, 3, u32(0), inner))],
  ])('is decoded as deep as kernels nest it, and given up some way below: %s', (_, wrap) => {
    const nested = (depth: number) => {
      let data = ipv4({ protocol: PROTOCOL.tcp, id: 4711 }, tcp());
      for (let level = 0; level < depth; level++) data = wrap(data);
      return JSON.stringify(packetOf(data));
    };
    expect(nested(8)).toContain('"id":4711');
    expect(nested(16)).toContain('"id":4711');
    expect(nested(17)).not.toContain('"id":4711');
    expect(nested(17)).toContain('more than 16 packets, one inside the other');
  });
});
