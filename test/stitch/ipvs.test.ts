/** What IPVS did for a walk, read off its tables as ipvsadm prints them. */
import { describe, expect, it } from 'vitest';
import { balancingsOf } from '../../src/stitch/ipvs.ts';
import type { Walk } from '../../src/stitch/walk.ts';
import { delivered, dropped } from '../judge/walks.ts';
import { wiringOf } from './wirings.ts';

const SERVERS = `-A -t 10.0.0.11:30080 -s rr -p 10800
-a -t 10.0.0.11:30080 -r 10.244.2.2:8080 -m -w 1
-a -t 10.0.0.11:30080 -r 10.244.2.20:8080 -m -w 1
-A -u 10.0.0.11:30080 -s rr
-A -t 10.0.0.11:3008 -s rr
`;
const CONNECTIONS = `IPVS connection entries
pro expire state       source             virtual            destination
TCP 01:52  TIME_WAIT   10.0.0.100:4011    10.0.0.11:30080    10.244.2.2:8080
TCP 01:53  TIME_WAIT   10.0.0.100:40112   10.0.0.11:30080    10.244.2.2:8080
`;
const wiring = wiringOf('nodeport-snat');

/** From the tables of one node. */
function balancings(walk: Walk, { node = 'node1', servers = SERVERS, connections = CONNECTIONS } = {}) {
  return balancingsOf(
    walk,
    [{ namespace: `node.${node}`, text: '', iptables: { saved: '', listed: '' }, ipvs: { servers, connections } }],
    wiring,
  );
}

describe('a walk that IPVS translated', () => {
  it('has the virtual server, the real one it chose, and the connection', () => {
    expect(balancings(delivered())).toEqual([
      {
        place: 'node/node1',
        virtual: '-t 10.0.0.11:30080 -s rr -p 10800',
        real: '-r 10.244.2.2:8080 -m -w 1',
        entry: 'TCP 01:53 TIME_WAIT 10.0.0.100:40112 10.0.0.11:30080 10.244.2.2:8080',
      },
    ]);
  });

  it('has nothing from a place where it was not translated, nor by another protocol', () => {
    expect(balancings(delivered(), { node: 'node2' })).toEqual([]);
    const probe = { ...delivered().probe, protocol: 'UDP' as const };
    expect(balancings({ ...delivered(), probe })).toEqual([
      { place: 'node/node1', virtual: '-u 10.0.0.11:30080 -s rr' },
    ]);
    expect(balancings({ ...delivered(), probe: { ...probe, protocol: 'ICMP' } })).toEqual([]);
  });

  it('has no connection that is not in the table', () => {
    const [balancing] = balancings(delivered(), { connections: '' });
    expect(balancing).not.toHaveProperty('entry');
  });
});

describe('a walk that ended at a virtual server', () => {
  const ended = dropped({
    hops: delivered()
      .hops.slice(0, 2)
      .map(({ rewrites: _, ...hop }) => hop),
  });

  it('has none that has real ones: rules may have dropped it before', () => {
    expect(balancings(ended)).toEqual([]);
  });

  it('has that one when it has no real one', () => {
    expect(balancings(ended, { servers: '-A -t 10.0.0.11:30080 -s rr\n' })).toEqual([
      { place: 'node/node1', virtual: '-t 10.0.0.11:30080 -s rr' },
    ]);
  });

  it('has none where the kernel has no IPVS', () => {
    expect(
      balancingsOf(ended, [{ namespace: 'node.node1', text: '', iptables: { saved: '', listed: '' } }], wiring),
    ).toEqual([]);
  });

  it('has none where there is none', () => {
    expect(balancings(ended, { servers: '' })).toEqual([]);
  });
});
