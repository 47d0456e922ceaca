/** ICMP and ICMPv6: echoes with their mark, errors with the packet they quote. */
import { describe, expect, it } from 'vitest';
import { markedPayload } from '../../src/probe/mark.ts';
import { address6, icmp, ipv4, ipv6, PROTOCOL, tcp, u16, u32, udp, vxlan } from './packets.ts';
import { packetOf } from './pcap-file.ts';

const about = ipv4(
  { protocol: PROTOCOL.tcp, source: '10.0.0.100', destination: '10.0.0.11', id: 99, dontFragment: true },
  tcp({ sourcePort: 40112, destinationPort: 30080, sequence: 0x0011_0000, flags: 2 }),
);

function error4(type: number, code: number, rest: Buffer, quoted: Buffer) {
  return packetOf(ipv4({ protocol: PROTOCOL.icmp, source: '10.0.0.11' }, icmp(type, code, rest, quoted)));
}

describe('an ICMP echo', () => {
  it.each([
    [8, 'request'],
    [0, 'reply'],
  ])('of type %i (%s) has identifier, sequence number and mark', (type) => {
    const echo = icmp(type, 0, Buffer.concat([u16(0x1234), u16(7)]), markedPayload(4711));
    expect(packetOf(ipv4({ protocol: PROTOCOL.icmp }, echo))).toMatchObject({
      transport: { kind: 'icmp', version: 4, type, code: 0, mark: 4711, echo: { identifier: 0x1234, sequence: 7 } },
    });
  });

  it('of somebody else has no mark', () => {
    const echo = icmp(8, 0, u32(1), Buffer.from('abcdefghijklmnopqrstuvwabcdefghi'));
    expect(packetOf(ipv4({ protocol: PROTOCOL.icmp }, echo))).toMatchObject({ transport: { mark: 0 } });
  });

  it('takes no mark from the padding behind the packet', () => {
    const packet = ipv4({ protocol: PROTOCOL.icmp }, icmp(8, 0, u32(1), Buffer.alloc(0)));
    expect(packetOf(Buffer.concat([packet, markedPayload(17)]))).toMatchObject({ transport: { mark: 0 } });
  });

  it.each([
    [128, 'request'],
    [129, 'reply'],
  ])('of ICMPv6 type %i (%s) is read as well', (type) => {
    const echo = icmp(type, 0, Buffer.concat([u16(1), u16(2)]), markedPayload(3));
    expect(packetOf(ipv6({ next: PROTOCOL.icmpv6 }, echo))).toMatchObject({
      transport: { kind: 'icmp', version: 6, type, mark: 3, echo: { identifier: 1, sequence: 2 } },
    });
  });

  it('of the other version is none', () => {
    const echo = icmp(128, 0, u32(1), markedPayload(3));
    const packet = packetOf(ipv4({ protocol: PROTOCOL.icmp }, echo));
    expect(packet).toMatchObject({ transport: { kind: 'icmp', type: 128, mark: 0 } });
    expect(packet).not.toHaveProperty('transport.echo');
  });
});

describe('a redirect', () => {
  it('of IPv4 tells the better next hop, and quotes the packet it is about', () => {
    expect(error4(5, 1, Buffer.from([10, 0, 0, 12]), about)).toMatchObject({
      transport: { type: 5, gateway: '10.0.0.12', quoted: { source: '10.0.0.100', destination: '10.0.0.11' } },
    });
  });

  it('of IPv6 quotes the packet in an option, behind the address of the next hop', () => {
    const [target, destination] = ['fd00:0:0:0:0:0:0:2', 'fd00:0:0:0:0:0:0:9'].map(address6) as [Buffer, Buffer];
    const quoted = ipv6({ next: PROTOCOL.udp }, udp({ destinationPort: 53 }, Buffer.alloc(0)));
    const mac = Buffer.from([2, 1, 2, 0, 0, 0, 0, 9]);
    const option = Buffer.concat([Buffer.from([4, 1 + quoted.length / 8, 0, 0, 0, 0, 0, 0]), quoted]);
    const message = icmp(137, 0, u32(0), Buffer.concat([target, destination, mac, option]));
    expect(packetOf(ipv6({ next: PROTOCOL.icmpv6 }, message))).toMatchObject({
      transport: {
        type: 137,
        neighbour: { target: 'fd00::2', destination: 'fd00::9' },
        quoted: { transport: { kind: 'udp', destinationPort: 53 } },
      },
    });
  });
});

describe('an ICMP error quotes the packet it is about', () => {
  const errors: [type: number, code: number, name: string][] = [
    [3, 0, 'net unreachable'],
    [3, 1, 'host unreachable'],
    [3, 2, 'protocol unreachable'],
    [3, 3, 'port unreachable'],
    [3, 4, 'fragmentation needed'],
    [3, 9, 'net prohibited'],
    [3, 10, 'host prohibited'],
    [3, 13, 'administratively prohibited'],
    [5, 1, 'redirect'],
    [11, 0, 'time exceeded'],
    [12, 0, 'parameter problem'],
  ];
  it.each(errors)('type %i code %i: %s', (type, code) => {
    expect(error4(type, code, u32(0), about)).toMatchObject({
      transport: {
        kind: 'icmp',
        version: 4,
        type,
        code,
        mark: 0,
        quoted: {
          kind: 'ip',
          source: '10.0.0.100',
          destination: '10.0.0.11',
          id: 99,
          transport: { kind: 'tcp', sourcePort: 40112, destinationPort: 30080, sequence: 0x0011_0000, flags: 2 },
        },
      },
    });
  });

  it('of TCP no more than eight bytes: ports and sequence number, as RFC 792 asks', () => {
    expect(error4(3, 3, u32(0), about.subarray(0, 28))).toMatchObject({
      transport: {
        quoted: {
          transport: { kind: 'tcp', sourcePort: 40112, destinationPort: 30080, sequence: 0x0011_0000, flags: 0 },
        },
      },
    });
  });

  it('of TCP fewer than eight bytes: nothing of its transport', () => {
    expect(error4(3, 3, u32(0), about.subarray(0, 27))).toMatchObject({
      transport: { quoted: { transport: { kind: 'other', protocol: PROTOCOL.tcp, truncated: true } } },
    });
  });

  it('of UDP no more than its header: ports and length', () => {
    const quoted = ipv4({ protocol: PROTOCOL.udp, totalLength: 128 }, udp({}, Buffer.alloc(0)));
    quoted.writeUInt16BE(108, 24);
    expect(error4(3, 3, u32(0), quoted)).toMatchObject({
      transport: { quoted: { transport: { kind: 'udp', destinationPort: 53, payloadLength: 100, mark: 0 } } },
    });
  });

  it('of UDP with the beginning of its payload: the mark', () => {
    const quoted = ipv4({ protocol: PROTOCOL.udp }, udp({}, markedPayload(5)));
    expect(error4(3, 3, u32(0), quoted)).toMatchObject({ transport: { quoted: { transport: { mark: 5 } } } });
  });

  it('of an echo: the mark', () => {
    const quoted = ipv4({ protocol: PROTOCOL.icmp }, icmp(8, 0, u32(1), markedPayload(6)));
    expect(error4(11, 0, u32(0), quoted)).toMatchObject({ transport: { quoted: { transport: { mark: 6 } } } });
  });

  it('of VXLAN: the packet inside', () => {
    const frame = Buffer.concat([Buffer.alloc(12), Buffer.of(8, 0), about]);
    const quoted = ipv4({ protocol: PROTOCOL.udp }, udp({ destinationPort: 8472 }, vxlan(1, frame)));
    expect(error4(3, 4, u32(1400), quoted)).toMatchObject({
      transport: { quoted: { transport: { vxlan: { inner: { id: 99 } } } } },
    });
  });

  it('with options and all', () => {
    const quoted = ipv4({ protocol: PROTOCOL.tcp, options: Buffer.alloc(8, 1) }, tcp({ sequence: 5 }).subarray(0, 8));
    expect(error4(3, 1, u32(0), quoted)).toMatchObject({ transport: { quoted: { transport: { sequence: 5 } } } });
  });

  it('that was itself cut off: says so', () => {
    expect(error4(3, 1, u32(0), about.subarray(0, 12))).toMatchObject({
      transport: { quoted: { kind: 'undecoded', reason: 'cut off in its IPv4 header' } },
    });
  });

  it('no further than the error itself goes', () => {
    const error = ipv4({ protocol: PROTOCOL.icmp, totalLength: 20 + 8 + 28 }, icmp(3, 3, u32(0), about));
    expect(packetOf(error)).toMatchObject({ transport: { quoted: { transport: { kind: 'tcp', flags: 0 } } } });
  });

  it('inside another error', () => {
    const inner = ipv4({ protocol: PROTOCOL.icmp }, icmp(3, 1, u32(0), about));
    expect(error4(11, 0, u32(0), inner)).toMatchObject({
      transport: { quoted: { transport: { kind: 'icmp', quoted: { id: 99 } } } },
    });
  });
});

describe('the MTU of the next hop', () => {
  it('stands in fragmentation needed', () => {
    expect(error4(3, 4, u32(1450), about)).toMatchObject({ transport: { mtu: 1450 } });
  });

  it('stands in no other error', () => {
    expect(error4(3, 3, u32(1450), about)).not.toHaveProperty('transport.mtu');
  });

  it('stands in packet too big, with 32 bits', () => {
    const quoted = ipv6({ next: PROTOCOL.tcp }, tcp());
    expect(packetOf(ipv6({ next: PROTOCOL.icmpv6 }, icmp(2, 0, u32(100_000), quoted)))).toMatchObject({
      transport: { version: 6, type: 2, mtu: 100_000 },
    });
  });
});

describe('an ICMPv6 error quotes the packet it is about', () => {
  it.each([
    [1, 'unreachable'],
    [2, 'packet too big'],
    [3, 'time exceeded'],
    [4, 'parameter problem'],
  ])('type %i: %s', (type) => {
    const quoted = ipv6({ next: PROTOCOL.tcp }, tcp({ sequence: 12 }));
    expect(packetOf(ipv6({ next: PROTOCOL.icmpv6 }, icmp(type, 0, u32(0), quoted)))).toMatchObject({
      transport: { quoted: { version: 6, transport: { kind: 'tcp', sequence: 12 } } },
    });
  });
});

describe('other ICMP messages', () => {
  it.each([9, 10, 13, 14])('type %i is neither an echo nor an error', (type) => {
    const packet = packetOf(ipv4({ protocol: PROTOCOL.icmp }, icmp(type, 0, u32(0), about)));
    expect(packet).toMatchObject({ transport: { kind: 'icmp', type, mark: 0 } });
    expect(packet).not.toHaveProperty('transport.quoted');
  });

  it.each([133, 135, 136])('ICMPv6 type %i, of neighbour discovery, quotes nothing', (type) => {
    const packet = packetOf(ipv6({ next: PROTOCOL.icmpv6 }, icmp(type, 0, u32(0), Buffer.alloc(16))));
    expect(packet).toMatchObject({ transport: { kind: 'icmp', version: 6, type } });
    expect(packet).not.toHaveProperty('transport.quoted');
  });
});
