/** TCP, UDP and VXLAN. */
import { describe, expect, it } from 'vitest';
import { decode } from '../../src/decode/index.ts';
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../../src/decode/packet.ts';
import { markedPayload } from '../../src/probe/mark.ts';
import { ethernet, ipv4, MAC, PROTOCOL, TYPE, tcp, udp, vxlan } from './packets.ts';
import { LINK_TYPE, packetOf, pcapFile } from './pcap-file.ts';

describe('TCP', () => {
  it('has ports, numbers, flags and the length of its payload', () => {
    const segment = tcp(
      { sourcePort: 65535, destinationPort: 1, sequence: 0xffff_fffe, acknowledgement: 0x8000_0001, flags: 0x18 },
      Buffer.alloc(100),
    );
    expect(packetOf(ipv4({ protocol: PROTOCOL.tcp }, segment))).toMatchObject({
      transport: {
        kind: 'tcp',
        sourcePort: 65535,
        destinationPort: 1,
        sequence: 0xffff_fffe,
        acknowledgement: 0x8000_0001,
        flags: 0x18,
        payloadLength: 100,
      },
    });
  });

  it('does not count its options as payload', () => {
    const segment = tcp({ options: Buffer.alloc(20, 1) }, Buffer.alloc(3));
    expect(packetOf(ipv4({ protocol: PROTOCOL.tcp }, segment))).toMatchObject({ transport: { payloadLength: 3 } });
  });

  it('has no payload of negative length when its header claims too much', () => {
    const segment = tcp();
    segment[12] = 0xf0;
    expect(packetOf(ipv4({ protocol: PROTOCOL.tcp }, segment))).toMatchObject({ transport: { payloadLength: 0 } });
  });

  it.each([
    [TCP_SYN, 'SYN'],
    [TCP_SYN | TCP_ACK, 'SYN ACK'],
    [TCP_RST, 'RST'],
    [TCP_FIN | TCP_ACK, 'FIN ACK'],
  ])('has the flag byte %i: %s', (flags) => {
    expect(packetOf(ipv4({ protocol: PROTOCOL.tcp }, tcp({ flags })))).toMatchObject({ transport: { flags } });
  });
});

describe('an HTTP request in TCP', () => {
  const markOf = (text: string) =>
    packetOf(ipv4({ protocol: PROTOCOL.tcp }, tcp({}, Buffer.from(text)))) as { transport: { mark?: number } };

  it('has the mark of its user agent', () => {
    expect(markOf('GET /a HTTP/1.1\r\nHost: b\r\nUser-Agent: packetwalk/00017\r\n\r\n').transport.mark).toBe(17);
  });

  it.each([
    'GET / HTTP/1.1\r\nUser-Agent: curl/8\r\n\r\n',
    'HTTP/1.1 200 OK\r\nUser-Agent: packetwalk/00017\r\n\r\n',
    '{"agent":"\r\nUser-Agent: packetwalk/00017"}',
    'GOOD\r\nUser-Agent: packetwalk/00017\r\n',
    'GET / HTTP/1.1\r\nUser-Agent: packetwalk/0001',
  ])('has none otherwise: %j', (text) => {
    expect(markOf(text).transport.mark).toBeUndefined();
  });
});

describe('UDP', () => {
  it('has ports, the length of its payload, and the mark of a request', () => {
    const datagram = udp({ sourcePort: 5353, destinationPort: 53 }, markedPayload(17, 'hello'));
    expect(packetOf(ipv4({ protocol: PROTOCOL.udp }, datagram))).toMatchObject({
      transport: { kind: 'udp', sourcePort: 5353, destinationPort: 53, payloadLength: 22, mark: 17 },
    });
  });

  it('has the mark of an answer as a negative number', () => {
    const datagram = udp({}, Buffer.from('packetwalk=00017 {}'));
    expect(packetOf(ipv4({ protocol: PROTOCOL.udp }, datagram))).toMatchObject({ transport: { mark: -17 } });
  });

  it('without a payload has no mark', () => {
    expect(packetOf(ipv4({ protocol: PROTOCOL.udp }, udp({}, Buffer.alloc(0))))).toMatchObject({
      transport: { payloadLength: 0, mark: 0 },
    });
  });

  it('takes no mark from the padding behind the packet', () => {
    const packet = ipv4({ protocol: PROTOCOL.udp }, udp({}, Buffer.alloc(0)));
    expect(packetOf(Buffer.concat([packet, markedPayload(17)]))).toMatchObject({ transport: { mark: 0 } });
  });

  it('takes no mark from behind the length in its own header', () => {
    const datagram = udp({}, markedPayload(17));
    datagram.writeUInt16BE(8, 4);
    expect(packetOf(ipv4({ protocol: PROTOCOL.udp }, datagram))).toMatchObject({
      transport: { payloadLength: 0, mark: 0 },
    });
  });

  it('captured in part has the payload length of its header', () => {
    const packet = ipv4({ protocol: PROTOCOL.udp }, udp({}, markedPayload(17, '', 1000)));
    expect(packetOf(packet.subarray(0, 60))).toMatchObject({ transport: { payloadLength: 1000, mark: 17 } });
  });
});

describe('WireGuard', () => {
  const options = { vxlanPorts: new Set<number>(), wireguardPorts: new Set([51_820]) };
  const transportOf = (type: number, length = 48, port = 51_820) => {
    const message = Buffer.alloc(48);
    message[0] = type;
    message.writeUInt32LE(0xfeed, 4);
    message.writeBigUInt64LE(2n ** 40n, 8);
    const data = ipv4({ protocol: PROTOCOL.udp }, udp({ destinationPort: port }, message.subarray(0, length)));
    const pcap = pcapFile([{ data }], { linkType: LINK_TYPE.raw });
    const [frame] = decode({ pcap, namespace: '', links: new Map() } as never, options);
    return frame!.packet.kind === 'ip' ? frame!.packet.transport : undefined;
  };

  it('has the session and the number of a data message, and its length', () => {
    expect(transportOf(4)).toMatchObject({ kind: 'udp', sealed: '65261 1099511627776', payloadLength: 48, mark: 0 });
  });

  it('is no data message in a handshake, cut off, or on another port', () => {
    for (const transport of [transportOf(1), transportOf(4, 15), transportOf(4, 48, 51_821)])
      expect(transport).not.toHaveProperty('sealed');
  });
});

describe('VXLAN', () => {
  const inner = ipv4({ protocol: PROTOCOL.tcp, ttl: 62 }, tcp({ sequence: 0x10000 }));
  const carried = (destinationPort: number, payload = vxlan(1, ethernet(TYPE.ipv4, inner))) =>
    ipv4({ protocol: PROTOCOL.udp, source: '10.0.0.11', destination: '10.0.0.12' }, udp({ destinationPort }, payload));

  it.each([8472, 4789])('is recognised by port %i', (destinationPort) => {
    expect(packetOf(carried(destinationPort))).toMatchObject({
      source: '10.0.0.11',
      destination: '10.0.0.12',
      transport: {
        kind: 'udp',
        destinationPort,
        mark: 0,
        vxlan: {
          vni: 1,
          sourceMac: MAC.a,
          destinationMac: MAC.b,
          inner: { ttl: 62, source: '10.244.1.2', transport: { kind: 'tcp', sequence: 0x10000 } },
        },
      },
    });
  });

  it('on another port is payload, unless that port is one of VXLAN here', () => {
    const data = carried(9999);
    expect(packetOf(data)).not.toHaveProperty('transport.vxlan');
    const pcap = pcapFile([{ data }], { linkType: LINK_TYPE.raw });
    const [frame] = decode({ namespace: 'x', pcap, links: new Map(), dropped: 0 }, { vxlanPorts: new Set([9999]) });
    expect(frame?.packet).toMatchObject({ transport: { vxlan: { vni: 1 } } });
  });

  it('is recognised by its destination port, not by its source port', () => {
    const datagram = udp({ sourcePort: 8472, destinationPort: 53 }, vxlan(1, ethernet(TYPE.ipv4, inner)));
    expect(packetOf(ipv4({ protocol: PROTOCOL.udp }, datagram))).not.toHaveProperty('transport.vxlan');
  });

  it('has a network identifier of 24 bits', () => {
    const data = carried(8472, vxlan(0xfffffe, ethernet(TYPE.ipv4, inner)));
    expect(packetOf(data)).toMatchObject({ transport: { vxlan: { vni: 0xfffffe } } });
  });

  it('without the flag of a valid identifier is payload', () => {
    expect(packetOf(carried(8472, vxlan(1, ethernet(TYPE.ipv4, inner), 0)))).not.toHaveProperty('transport.vxlan');
  });

  it('with the flags of Group Based Policy is VXLAN', () => {
    const data = carried(8472, vxlan(1, ethernet(TYPE.ipv4, inner), 0x88));
    expect(packetOf(data)).toMatchObject({ transport: { vxlan: { vni: 1, inner: { kind: 'ip' } } } });
  });

  it('too short for its header is payload', () => {
    expect(packetOf(carried(8472, Buffer.of(8, 0, 0, 0)))).not.toHaveProperty('transport.vxlan');
  });

  it('ends where its datagram does', () => {
    const datagram = udp({ destinationPort: 8472 }, vxlan(1, ethernet(TYPE.ipv4, inner)));
    datagram.writeUInt16BE(8 + 8 + 14 + 24, 4);
    expect(packetOf(ipv4({ protocol: PROTOCOL.udp }, datagram))).toMatchObject({
      transport: { vxlan: { inner: { length: 40, transport: { kind: 'other', truncated: true } } } },
    });
  });

  it('carries tagged frames', () => {
    const data = carried(4789, vxlan(7, ethernet(TYPE.ipv4, inner, [TYPE.vlan])));
    expect(packetOf(data)).toMatchObject({ transport: { vxlan: { inner: { kind: 'ip', source: '10.244.1.2' } } } });
  });

  it('may carry VXLAN', () => {
    const data = carried(4789, vxlan(7, ethernet(TYPE.ipv4, carried(8472))));
    expect(packetOf(data)).toMatchObject({
      transport: { vxlan: { vni: 7, inner: { transport: { vxlan: { vni: 1, inner: { source: '10.244.1.2' } } } } } },
    });
  });
});
