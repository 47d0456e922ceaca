/** What NAT did to a tunnel's own packet, as connection tracking tells it. */
import { describe, expect, it } from 'vitest';
import { trackedTuples } from '../../src/stitch/conntrack.ts';
import { rewritesOn, tunnelEnds, withOuterRewrites } from '../../src/stitch/outer.ts';
import type { Walk } from '../../src/stitch/walk.ts';
import { delivered, hop } from '../judge/walks.ts';
import { wiringOf } from './wirings.ts';

const TRANSLATED =
  'udp      17 29 src=10.0.0.11 dst=10.0.0.12 sport=45741 dport=8472 [UNREPLIED] src=10.0.0.12 dst=10.0.0.11 sport=8472 dport=1084 mark=0 use=1\n';
const AS_IT_WAS =
  'udp      17 29 src=10.0.0.11 dst=10.0.0.12 sport=1084 dport=8472 [UNREPLIED] src=10.0.0.12 dst=10.0.0.11 sport=8472 dport=1084 mark=0 use=1\n';
const OTHERS =
  'udp      17 29 src=10.0.0.12 dst=10.0.0.11 sport=45741 dport=8472 [UNREPLIED] src=10.0.0.11 dst=10.0.0.12 sport=8472 dport=45741 mark=0 use=1\n';

const INSIDE = { source: '10.244.1.0:61322', destination: '10.244.2.2:8080' };
const encapsulation = { as: 'vxlan', source: '10.0.0.11', destination: '10.0.0.12', vni: 1, port: 8472 } as const;

/** Between the nodes of nodeport-snat. */
function tunnelled(sourcePort?: number): Walk {
  const outer = { ...encapsulation, ...(sourcePort !== undefined && { sourcePort }) };
  return delivered({
    hops: [
      hop('node/node1:flannel.1', 'out', INSIDE),
      hop('node/node1:eth0', 'out', INSIDE, { encapsulation: outer }),
      hop('node/node2:eth0', 'in', INSIDE, { encapsulation: outer }),
    ],
    replyHops: [],
  });
}

function outerRewrites(listing: string, walk = tunnelled(1084)) {
  const [done] = withOuterRewrites([walk], [{ place: 'node/node1', listing }]);
  return rewritesOn(done!.hops);
}

describe("a tunnel's packet", () => {
  it('was translated where it left, when the answer is expected at another port than it was sent from', () => {
    expect(outerRewrites(OTHERS + TRANSLATED)).toEqual([
      { at: 'node/node1', kind: 'snat', from: '10.0.0.11:45741', to: '10.0.0.11:1084' },
    ]);
  });

  it.each([
    ['the connection is tracked as it was seen', AS_IT_WAS],
    ['only others are tracked', OTHERS],
    ['nothing is tracked', ''],
  ])('was not when %s', (_, listing) => {
    expect(outerRewrites(listing)).toEqual([]);
  });

  it('without ports is none that connection tracking could tell apart', () => {
    expect(outerRewrites(TRANSLATED, tunnelled())).toEqual([]);
  });

  it('is asked for where it left and there are rules, and nowhere else', () => {
    const wiring = wiringOf('nodeport-snat');
    expect(tunnelEnds([tunnelled(1084)], wiring)).toEqual([
      { place: 'node/node1', namespace: 'node.node1', family: 4 },
    ]);
    expect(tunnelEnds([tunnelled()], wiring)).toEqual([]);
  });
});

describe('the lines of conntrack', () => {
  it('are connections, in IPv6 as well; what has no ports is none', () => {
    const listing = `icmp     1 29 src=10.244.2.2 dst=10.244.1.2 type=8 code=0 id=1 src=10.244.1.2 dst=10.244.2.2 type=0 code=0 id=1 mark=0 use=1
udp      17 9 src=fd00:10::11 dst=fd00:10::12 sport=1 dport=8472 src=fd00:10::12 dst=fd00:10::11 sport=8472 dport=2 mark=0 use=1
conntrack v1.4.7 (conntrack-tools): 2 flow entries have been shown.
`;
    expect(trackedTuples(listing)).toEqual([
      {
        sent: { source: '[fd00:10::11]:1', destination: '[fd00:10::12]:8472' },
        answered: { source: '[fd00:10::12]:8472', destination: '[fd00:10::11]:2' },
      },
    ]);
  });
});
