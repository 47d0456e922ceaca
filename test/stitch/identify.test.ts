/** Whose packet is it? Every kind of packet a probe sends or causes is known by its mark, and no other is. */
import { describe, expect, it } from 'vitest';
import type { Frame, IpPacket, Packet } from '../../src/decode/packet.ts';
import { TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN } from '../../src/decode/packet.ts';
import { initialSequence, MAX_PAYLOAD } from '../../src/probe/mark.ts';
import { identify, isAboutRequest, openedConnections } from '../../src/stitch/identify.ts';
import {
  datagram,
  echo,
  ID,
  icmpError,
  inIpip,
  inVxlan,
  reset,
  type Segment,
  segment,
  syn,
  synAck,
} from './evidence.ts';

const CLIENT = '10.244.1.2:40112';
const SERVER = '10.244.2.2:8080';
const PROBES = new Set([ID, 8]);
const own = (offset = 0, probe = ID) => initialSequence(probe) + offset;

function frameWith(packet: Packet): Frame {
  return {
    namespace: 'pod.default.a',
    index: 0,
    seconds: 1,
    nanoseconds: 0,
    interface: 'eth0',
    direction: 'out',
    packet,
  };
}

function whose(packet: Packet): string | undefined {
  const identity = identify(frameWith(packet), PROBES);
  return identity && `${identity.kind} of ${identity.probe}`;
}

describe('a TCP segment', () => {
  const segments: [name: string, numbers: Segment, whose: string | undefined][] = [
    ['a SYN', { sequence: own(), flags: TCP_SYN }, 'request of 7'],
    ['a SYN of another probe', { sequence: own(0, 8), flags: TCP_SYN }, 'request of 8'],
    ['a SYN of no probe', { sequence: own(0, 9), flags: TCP_SYN }, undefined],
    ['a SYN ACK', { sequence: 0xc0ffee00, acknowledgement: own(1), flags: TCP_SYN | TCP_ACK }, 'answer of 7'],
    [
      'a SYN ACK whose own number lies in a probe’s range by chance',
      { sequence: own(99, 8), acknowledgement: own(1), flags: TCP_SYN | TCP_ACK },
      'answer of 7',
    ],
    [
      'a SYN ACK to a stranger whose own number lies in a probe’s range by chance',
      { sequence: own(99), acknowledgement: 0xc0ffee01, flags: TCP_SYN | TCP_ACK },
      undefined,
    ],
    ['data', { sequence: own(1), acknowledgement: 0xc0ffee01, flags: TCP_ACK, payload: 100 }, 'request of 7'],
    ['data answered', { sequence: 0xc0ffee01, acknowledgement: own(101), flags: TCP_ACK, payload: 9 }, 'answer of 7'],
    ['an end', { sequence: own(101), acknowledgement: 0xc0ffee01, flags: TCP_ACK | TCP_FIN }, 'request of 7'],
    ['an end answered', { sequence: 0xc0ffee0a, acknowledgement: own(102), flags: TCP_ACK | TCP_FIN }, 'answer of 7'],
    ['the reset of a closed port', { sequence: 0, acknowledgement: own(1), flags: TCP_RST | TCP_ACK }, 'answer of 7'],
    ['the reset of a sender', { sequence: own(1), flags: TCP_RST }, 'request of 7'],
    [
      'data of which both numbers lie in a probe’s range by chance',
      { sequence: own(1), acknowledgement: own(1, 8), flags: TCP_ACK, payload: 9 },
      undefined,
    ],
    ['a number that acknowledges, without the flag', { sequence: 0xc0ffee00, acknowledgement: own(1) }, undefined],
    ['the last number a probe may send', { sequence: own(MAX_PAYLOAD), flags: TCP_ACK }, 'request of 7'],
    ['a number beyond what a probe may send', { sequence: own(MAX_PAYLOAD + 1), flags: TCP_ACK }, undefined],
    ['an acknowledgement beyond it', { acknowledgement: own(MAX_PAYLOAD + 1), flags: TCP_ACK }, undefined],
    ['a stranger’s data', { sequence: 1, acknowledgement: 2, flags: TCP_ACK, payload: 5 }, undefined],
  ];
  it.each(segments)('%s', (_, numbers, expected) => {
    expect(whose(segment(CLIENT, SERVER, numbers))).toBe(expected);
  });
});

describe('a TCP segment of which both numbers lie in a probe’s range by chance', () => {
  const [OUTSIDE, OTHER] = ['10.0.0.100:40112', '10.244.1.9:40113'];
  const opening = [syn(CLIENT, SERVER), syn(OUTSIDE, SERVER), syn(OTHER, SERVER, { probe: 8 })].map(frameWith);
  const connections = openedConnections(opening, PROBES);
  const both = (from: string, to: string) =>
    segment(from, to, { sequence: own(1), acknowledgement: own(5, 8), flags: TCP_ACK, payload: 9 });
  const identified = (packet: Packet) => {
    const identity = identify(frameWith(packet), PROBES, () => connections);
    return identity && `${identity.kind} of ${identity.probe}`;
  };

  it('is known by the connection it is of, as its SYN was seen anywhere', () => {
    expect(identified(both(CLIENT, SERVER))).toBe('request of 7');
    expect(identified(inVxlan('10.0.0.11', '10.0.0.12', both(OUTSIDE, SERVER)))).toBe('request of 7');
    expect(identified(both(SERVER, OTHER))).toBe('answer of 8');
  });

  it('is of none when no SYN shows whose it is, or that of a probe it is not of', () => {
    expect(identified(both('10.244.1.2:1', SERVER))).toBeUndefined();
    expect(identified(both(SERVER, CLIENT))).toBeUndefined();
    expect(identified(both(OTHER, SERVER))).toBeUndefined();
  });

  it('is known by nothing but the SYN: who answers opens nothing', () => {
    expect(openedConnections([frameWith(synAck(SERVER, CLIENT))], PROBES).size).toBe(0);
    expect(openedConnections([frameWith(syn(CLIENT, SERVER, { probe: 9 }))], PROBES).size).toBe(0);
  });
});

describe('a UDP datagram', () => {
  const datagrams: [name: string, mark: number, whose: string | undefined][] = [
    ['of a request', ID, 'request of 7'],
    ['of an answer', -ID, 'answer of 7'],
    ['of another probe', 8, 'request of 8'],
    ['of a probe of another run', 9, undefined],
    ['without a mark', 0, undefined],
  ];
  it.each(datagrams)('%s', (_, mark, expected) => {
    expect(whose(datagram(CLIENT, '10.244.2.2:53', mark))).toBe(expected);
  });
});

describe('an echo', () => {
  const marked = (packet: IpPacket, mark: number): IpPacket => ({
    ...packet,
    transport: { ...(packet.transport as Extract<IpPacket['transport'], { kind: 'icmp' }>), mark },
  });

  it('is request and answer with the same mark', () => {
    expect(whose(echo('10.244.1.2', '10.244.2.2', 'request'))).toBe('request of 7');
    expect(whose(echo('10.244.2.2', '10.244.1.2', 'reply'))).toBe('answer of 7');
  });

  it('of somebody else is of no probe', () => {
    expect(whose(marked(echo('10.244.1.2', '10.244.2.2', 'request'), 0))).toBeUndefined();
    expect(whose(marked(echo('10.244.1.2', '10.244.2.2', 'request'), 9))).toBeUndefined();
  });
});

describe('an ICMP error', () => {
  const error = (quoted: Packet, code: readonly [number, number] = [3, 3]) =>
    icmpError('10.0.0.11', '10.244.1.2', code, quoted);
  const eightBytes = segment(CLIENT, SERVER, { sequence: own() });

  it.each([
    ['the SYN', syn(CLIENT, SERVER)],
    ['no more than ports and number of the SYN', eightBytes],
    ['a datagram', datagram(CLIENT, '10.244.2.2:53', ID)],
    ['an echo', echo('10.244.1.2', '10.244.2.2', 'request')],
  ])('that quotes %s is about a request', (_, quoted) => {
    const sighting = identify(frameWith(error(quoted)), PROBES)!;
    expect(`${sighting.kind} of ${sighting.probe}`).toBe('error of 7');
    expect(isAboutRequest(sighting)).toBe(true);
  });

  it.each([
    ['the SYN ACK', synAck(SERVER, CLIENT)],
    ['a datagram of an answer', datagram('10.244.2.2:53', CLIENT, -ID)],
    ['an echo reply', echo('10.244.2.2', '10.244.1.2', 'reply')],
  ])('that quotes %s is about an answer', (_, quoted) => {
    const sighting = identify(frameWith(error(quoted)), PROBES)!;
    expect(`${sighting.kind} of ${sighting.probe}`).toBe('error of 7');
    expect(isAboutRequest(sighting)).toBe(false);
  });

  it('that quotes a stranger’s packet, or none that could be read, is of no probe', () => {
    expect(whose(error(segment(CLIENT, SERVER, { sequence: 1, flags: TCP_SYN })))).toBeUndefined();
    expect(whose(error({ kind: 'undecoded', reason: 'cut off in its IPv4 header' }))).toBeUndefined();
  });

  it('of one kind is another packet than of another kind', () => {
    const keys = [error(eightBytes, [3, 3]), error(eightBytes, [3, 1]), error(eightBytes, [11, 0])].map(
      (packet) => identify(frameWith(packet), PROBES)!.key,
    );
    expect(new Set(keys).size).toBe(3);
  });
});

describe('what is no packet of a probe', () => {
  it.each<[string, Packet]>([
    ['ARP', { kind: 'arp', operation: 'request', sender: '10.0.0.1', senderMac: '', target: '10.0.0.2' }],
    ['what was not decoded', { kind: 'undecoded', reason: 'EtherType 0x88cc' }],
    ['a later fragment', { ...syn(CLIENT, SERVER), transport: { kind: 'fragment', protocol: 6 } }],
    ['another protocol', { ...syn(CLIENT, SERVER), transport: { kind: 'other', protocol: 47 } }],
    ['ARP in VXLAN', inVxlan('10.0.0.11', '10.0.0.12', { kind: 'undecoded', reason: 'EtherType 0x0806' })],
  ])('%s', (_, packet) => {
    expect(whose(packet)).toBeUndefined();
  });
});

describe('an encapsulated packet', () => {
  it('is the one inside, with the outer addresses of its VXLAN', () => {
    const sighting = identify(frameWith(inVxlan('10.0.0.11', '10.0.0.12', syn(CLIENT, SERVER))), PROBES)!;
    expect(sighting.packet).toEqual(syn(CLIENT, SERVER));
    expect(sighting.encapsulation).toEqual({
      as: 'vxlan',
      source: '10.0.0.11',
      destination: '10.0.0.12',
      vni: 1,
      sourcePort: 51234,
      port: 8472,
    });
  });

  it('is the one inside, with the outer addresses of its tunnel', () => {
    const sighting = identify(frameWith(inIpip('10.0.0.11', '10.0.0.12', syn(CLIENT, SERVER))), PROBES)!;
    expect(sighting.packet).toEqual(syn(CLIENT, SERVER));
    expect(sighting.encapsulation).toEqual({ as: 'ipip', source: '10.0.0.11', destination: '10.0.0.12' });
  });

  it('that is not has no encapsulation', () => {
    expect(identify(frameWith(syn(CLIENT, SERVER)), PROBES)).not.toHaveProperty('encapsulation');
  });
});

describe('the key of a packet', () => {
  const keyOf = (packet: Packet) => identify(frameWith(packet), PROBES)!.key;
  const kinds: [name: string, make: (from: string, to: string, fields?: { ttl?: number; id?: number }) => IpPacket][] =
    [
      ['a SYN', (from, to, fields) => syn(from, to, fields)],
      ['a reset', (from, to, fields) => reset(from, to, fields)],
      ['a datagram', (from, to, fields) => datagram(from, to, ID, fields)],
      ['an echo', (from, to, fields) => echo(from, to, 'request', fields)],
      ['an error', (from, to, fields) => icmpError(from, to, [3, 3], syn(CLIENT, SERVER), fields)],
    ];

  it.each(kinds)('of %s is the same after translation, on every hop, in every encapsulation', (_, make) => {
    const sent = keyOf(make('10.0.0.100:40112', '10.0.0.11:30080', { ttl: 64 }));
    const translated = make('10.244.1.0:61322', '10.244.2.2:8080', { ttl: 62 });
    expect(keyOf(translated)).toBe(sent);
    expect(keyOf(inVxlan('10.0.0.11', '10.0.0.12', translated))).toBe(sent);
  });

  it.each(kinds)('of %s sent again is another, though all else is the same', (_, make) => {
    expect(keyOf(make(CLIENT, SERVER, { id: 1 }))).not.toBe(keyOf(make(CLIENT, SERVER, { id: 2 })));
  });
});
