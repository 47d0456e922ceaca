/** Link layers: what they say of a frame, and what they carry. */
import { describe, expect, it } from 'vitest';
import { arp, cookedV1, cookedV2, ethernet, ipv4, ipv6, loopback, PROTOCOL, TYPE, tcp } from './packets.ts';
import { frameOf, LINK_TYPE, packetOf } from './pcap-file.ts';

const IPV4 = ipv4({ protocol: PROTOCOL.tcp }, tcp());
const IPV6 = ipv6({ next: PROTOCOL.tcp }, tcp());
const bare = packetOf(IPV4);
const bare6 = packetOf(IPV6);

describe('the packet inside is the same', () => {
  const carriers: [name: string, linkType: number, data: Buffer][] = [
    ['Ethernet', LINK_TYPE.ethernet, ethernet(TYPE.ipv4, IPV4)],
    ['Ethernet with a VLAN tag', LINK_TYPE.ethernet, ethernet(TYPE.ipv4, IPV4, [TYPE.vlan])],
    ['Ethernet with two VLAN tags', LINK_TYPE.ethernet, ethernet(TYPE.ipv4, IPV4, [TYPE.serviceVlan, TYPE.vlan])],
    ['Ethernet with two tags of the old kind', LINK_TYPE.ethernet, ethernet(TYPE.ipv4, IPV4, [0x9100, TYPE.vlan])],
    ['Linux cooked v1', LINK_TYPE.cookedV1, cookedV1(TYPE.ipv4, IPV4)],
    ['Linux cooked v2', LINK_TYPE.cookedV2, cookedV2(TYPE.ipv4, IPV4)],
    ['NULL, written by a little-endian machine', LINK_TYPE.null, loopback(IPV4, 'little')],
    ['NULL, written by a big-endian machine', LINK_TYPE.null, loopback(IPV4, 'big')],
    ['LOOP', LINK_TYPE.loop, loopback(IPV4, 'big')],
    ['IPV4', LINK_TYPE.ipv4, IPV4],
  ];
  it.each(carriers)('in %s', (_, linkType, data) => {
    expect(bare).toMatchObject({ kind: 'ip', version: 4, source: '10.244.1.2' });
    expect(frameOf(linkType, data).packet).toEqual(bare);
  });

  const carriers6: [name: string, linkType: number, data: Buffer][] = [
    ['Ethernet', LINK_TYPE.ethernet, ethernet(TYPE.ipv6, IPV6)],
    ['Linux cooked v2', LINK_TYPE.cookedV2, cookedV2(TYPE.ipv6, IPV6)],
    ['LOOP', LINK_TYPE.loop, loopback(IPV6)],
    ['IPV6', LINK_TYPE.ipv6, IPV6],
  ];
  it.each(carriers6)('and so is one of IPv6 in %s', (_, linkType, data) => {
    expect(bare6).toMatchObject({ kind: 'ip', version: 6 });
    expect(frameOf(linkType, data).packet).toEqual(bare6);
  });
});

describe('the direction of a cooked frame', () => {
  const packetTypes: [packetType: number, direction: string, name: string][] = [
    [0, 'in', 'to us'],
    [1, 'in', 'broadcast'],
    [2, 'in', 'multicast'],
    [3, 'other', 'to somebody else'],
    [4, 'out', 'sent by us'],
  ];
  it.each(packetTypes)('of packet type %i is %s (%s), in both versions', (packetType, direction) => {
    expect(frameOf(LINK_TYPE.cookedV1, cookedV1(TYPE.ipv4, IPV4, packetType)).direction).toBe(direction);
    expect(frameOf(LINK_TYPE.cookedV2, cookedV2(TYPE.ipv4, IPV4, { packetType })).direction).toBe(direction);
  });
});

describe('the interface of a frame', () => {
  it('is named by a cooked v2 header', () => {
    expect(frameOf(LINK_TYPE.cookedV2, cookedV2(TYPE.ipv4, IPV4, { interfaceIndex: 3 })).interface).toBe('cni0');
  });

  it('is unknown where the link layer has none', () => {
    expect(frameOf(LINK_TYPE.cookedV1, cookedV1(TYPE.ipv4, IPV4)).interface).toBe('');
    expect(frameOf(LINK_TYPE.ethernet, ethernet(TYPE.ipv4, IPV4)).interface).toBe('');
    expect(frameOf(LINK_TYPE.raw, IPV4).interface).toBe('');
  });
});

describe('ARP', () => {
  it('asks for a target', () => {
    const { packet } = frameOf(LINK_TYPE.cookedV2, cookedV2(TYPE.arp, arp(1, '10.0.0.11', '10.0.0.12')));
    expect(packet).toEqual({
      kind: 'arp',
      operation: 'request',
      sender: '10.0.0.11',
      senderMac: '0a:58:0a:f4:01:02',
      target: '10.0.0.12',
    });
  });

  it('is answered by the sender', () => {
    const { packet } = frameOf(LINK_TYPE.ethernet, ethernet(TYPE.arp, arp(2, '10.0.0.12', '10.0.0.11')));
    expect(packet).toMatchObject({ operation: 'reply', sender: '10.0.0.12', target: '10.0.0.11' });
  });

  it('of another operation is named, not read', () => {
    const { packet } = frameOf(LINK_TYPE.ethernet, ethernet(TYPE.arp, arp(8, '10.0.0.12', '10.0.0.11')));
    expect(packet).toEqual({ kind: 'undecoded', reason: 'ARP operation 8' });
  });

  it('over another hardware or for another protocol is not read as addresses', () => {
    for (const offset of [1, 2]) {
      const data = arp(1, '10.0.0.11', '10.0.0.12');
      data[offset] = 0x7f;
      const { packet } = frameOf(LINK_TYPE.ethernet, ethernet(TYPE.arp, data));
      expect(packet).toEqual({ kind: 'undecoded', reason: 'ARP of another kind than IPv4 over Ethernet' });
    }
  });
});

describe('what cannot be decoded', () => {
  it('is named by its EtherType', () => {
    const { packet } = frameOf(LINK_TYPE.ethernet, ethernet(0x88cc, Buffer.alloc(30)));
    expect(packet).toEqual({ kind: 'undecoded', reason: 'EtherType 0x88cc' });
  });

  it('keeps the leading zeros of its type', () => {
    const { packet } = frameOf(LINK_TYPE.ethernet, ethernet(0x0026, Buffer.alloc(30)));
    expect(packet).toEqual({ kind: 'undecoded', reason: 'EtherType 0x0026' });
  });

  it('says in which link header it was cut off', () => {
    const reasons = [LINK_TYPE.ethernet, LINK_TYPE.cookedV1, LINK_TYPE.cookedV2, LINK_TYPE.null].map((linkType) => {
      const { packet } = frameOf(linkType, Buffer.of(0, 1));
      return packet.kind === 'undecoded' ? packet.reason : packet.kind;
    });
    expect(reasons).toEqual([
      'cut off in its Ethernet header',
      'cut off in its Linux cooked header',
      'cut off in its Linux cooked v2 header',
      'cut off in its loopback header',
    ]);
  });

  it('says that it was cut off in a VLAN tag', () => {
    const data = ethernet(TYPE.ipv4, IPV4, [TYPE.vlan, TYPE.vlan]);
    for (const length of [14, 15, 17, 18, 21]) {
      const { packet } = frameOf(LINK_TYPE.ethernet, data.subarray(0, length));
      expect(packet).toEqual({ kind: 'undecoded', reason: 'cut off in its VLAN tag' });
    }
  });
});
