/** What IPVS did for a walk, read off its tables as ipvsadm prints them. */
import { describe, expect, it } from 'vitest';
import { balancingsOf } from '../../src/stitch/ipvs.ts';
import { delivered, dropped } from '../judge/walks.ts';

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
const TABLES = { place: 'node/node1', servers: SERVERS, connections: CONNECTIONS };

describe('a walk that IPVS translated', () => {
  it('has the virtual server, the real one it chose, and the connection', () => {
    expect(balancingsOf(delivered(), [TABLES])).toEqual([
      {
        place: 'node/node1',
        virtual: '-t 10.0.0.11:30080 -s rr -p 10800',
        real: '-r 10.244.2.2:8080 -m -w 1',
        entry: 'TCP 01:53 TIME_WAIT 10.0.0.100:40112 10.0.0.11:30080 10.244.2.2:8080',
      },
    ]);
  });

  it('has nothing from a place where it was not translated, nor by another protocol', () => {
    expect(balancingsOf(delivered(), [{ ...TABLES, place: 'node/node2' }])).toEqual([]);
    const probe = { ...delivered().probe, protocol: 'UDP' as const };
    expect(balancingsOf({ ...delivered(), probe }, [TABLES])).toEqual([
      { place: 'node/node1', virtual: '-u 10.0.0.11:30080 -s rr' },
    ]);
    expect(balancingsOf({ ...delivered(), probe: { ...probe, protocol: 'ICMP' } }, [TABLES])).toEqual([]);
  });

  it('has no connection that is not in the table', () => {
    const [balancing] = balancingsOf(delivered(), [{ ...TABLES, connections: '' }]);
    expect(balancing).not.toHaveProperty('entry');
  });
});

describe('a walk that ended at a virtual server', () => {
  const ended = dropped({
    hops: delivered()
      .hops.slice(0, 2)
      .map(({ rewrites: _, ...hop }) => hop),
  });

  it('has that one, and no real one', () => {
    expect(balancingsOf(ended, [TABLES])).toEqual([
      { place: 'node/node1', virtual: '-t 10.0.0.11:30080 -s rr -p 10800' },
    ]);
  });

  it('has none where there is none', () => {
    expect(balancingsOf(ended, [{ ...TABLES, servers: '' }])).toEqual([]);
  });
});
