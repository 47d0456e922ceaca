/** The lines of `conntrack -L` that are about a walk: of the same connection, before or after translation. */
import { describe, expect, it } from 'vitest';
import { connectionsOf } from '../../src/stitch/conntrack.ts';
import type { Hop } from '../../src/stitch/walk.ts';

const LISTING = `udp      17 29 src=10.0.0.12 dst=10.0.0.11 sport=52279 dport=8472 [UNREPLIED] src=10.0.0.11 dst=10.0.0.12 sport=8472 dport=52279 mark=0 use=1
tcp      6 119 TIME_WAIT src=10.0.0.100 dst=10.0.0.11 sport=39302 dport=30080 src=10.244.2.2 dst=10.244.1.0 sport=8080 dport=16867 [ASSURED] mark=0 use=1
tcp      6 431999 ESTABLISHED src=10.0.0.100 dst=10.0.0.11 sport=39303 dport=30080 src=10.244.2.2 dst=10.244.1.0 sport=8080 dport=9999 [ASSURED] mark=0 use=1
icmp     1 29 src=10.244.2.2 dst=10.244.1.2 type=8 code=0 id=32509 src=10.244.1.2 dst=10.244.2.2 type=0 code=0 id=32509 mark=0 use=1
conntrack v1.4.7 (conntrack-tools): 4 flow entries have been shown.
`;

const CONNECTION =
  'tcp 6 119 TIME_WAIT src=10.0.0.100 dst=10.0.0.11 sport=39302 dport=30080 src=10.244.2.2 dst=10.244.1.0 sport=8080 dport=16867 [ASSURED] mark=0 use=1';

function hop(source: string, destination: string): Hop {
  return {
    place: 'node/node1',
    interface: 'eth0',
    direction: 'in',
    packet: { protocol: 'TCP', source, destination, info: 'SYN', ttl: 64, length: 60 },
    sinceStart: 0,
  };
}

describe('connection tracking', () => {
  it.each([
    ['as it was sent', '10.0.0.100:39302', '10.0.0.11:30080'],
    ['as it was answered', '10.0.0.11:30080', '10.0.0.100:39302'],
    ['after translation', '10.244.1.0:16867', '10.244.2.2:8080'],
    ['answered, before the translation is undone', '10.244.2.2:8080', '10.244.1.0:16867'],
  ])('knows the connection of a packet %s', (_, source, destination) => {
    expect(connectionsOf(LISTING, [hop(source, destination)])).toEqual([CONNECTION]);
  });

  it('knows connections of IPv6', () => {
    const entry =
      'tcp 6 59 TIME_WAIT src=fd00:20::64 dst=fd00:10::11 sport=32773 dport=30080 src=fd00:244:2::2 dst=fd00:244:1:: sport=8080 dport=24626 [ASSURED] mark=0 use=1';
    expect(connectionsOf(`${LISTING}${entry}\n`, [hop('[fd00:244:1::]:24626', '[fd00:244:2::2]:8080')])).toEqual([
      entry,
    ]);
    expect(connectionsOf(entry, [hop('fd00:244:1::', 'fd00:244:2::2')])).toEqual([]);
  });

  it('knows the connection of several hops once', () => {
    const hops = [hop('10.0.0.100:39302', '10.0.0.11:30080'), hop('10.244.1.0:16867', '10.244.2.2:8080')];
    expect(connectionsOf(LISTING, hops)).toEqual([CONNECTION]);
  });

  it('does not take another port between the same machines for it', () => {
    expect(connectionsOf(LISTING, [hop('10.0.0.100:39304', '10.0.0.11:30080')])).toEqual([]);
    expect(connectionsOf(LISTING, [hop('10.0.0.100:3930', '10.0.0.11:30080')])).toEqual([]);
  });

  it('knows a ping by its addresses, and does not take TCP between the same machines for it', () => {
    const ping = connectionsOf(LISTING, [hop('10.244.2.2', '10.244.1.2')]);
    expect(ping).toEqual([expect.stringMatching(/^icmp 1 29 src=10\.244\.2\.2 dst=10\.244\.1\.2 type=8/)]);
    expect(connectionsOf(LISTING, [hop('10.0.0.100', '10.0.0.11')])).toEqual([]);
  });

  it('says nothing of nothing', () => {
    expect(connectionsOf('', [hop('10.0.0.100:39302', '10.0.0.11:30080')])).toEqual([]);
    expect(connectionsOf(LISTING, [])).toEqual([]);
  });
});
