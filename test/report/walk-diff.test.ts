/** Two walks of one connection, compared. */
import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { compareWalks, formatDifference } from '../../src/report/walk-diff.ts';
import type { RulesAtPlace } from '../../src/stitch/rules.ts';
import type { Walk } from '../../src/stitch/walk.ts';
import { delivered, dropped, hop, relayed } from '../judge/walks.ts';

const compare = (first: Walk, second: Walk, rules: readonly RulesAtPlace[][] = [[], []]) =>
  compareWalks({ modes: 'a', walk: first, rules: rules[0]! }, { modes: 'b', walk: second, rules: rules[1]! });

/** As the same walk is on another day: the ports the kernel chose are others. */
function withPorts(walk: Walk, client: string, translated: string): Walk {
  const text = JSON.stringify(walk).replaceAll(':40112', `:${client}`).replaceAll(':61322', `:${translated}`);
  return JSON.parse(text) as Walk;
}

function dnatBy(chain: string): RulesAtPlace {
  const rules = [
    { table: 'nat', chain: 'PREROUTING', rule: '-j KUBE-SERVICES' },
    { table: 'nat', chain, rule: '-p tcp -j DNAT --to-destination 10.244.2.2:8080' },
  ];
  return { place: 'node/node1', direction: 'forward', rules };
}

describe('two walks', () => {
  it('that only differ in ports the kernel chose are the same', () => {
    const { statements, forward, reply } = compare(delivered(), withPorts(delivered(), '50001', '50002'));
    expect([...forward, ...reply].filter((line) => line.in !== 'both')).toEqual([]);
    expect(statements).toEqual([
      'delivered to pod/web-0 in both',
      'source address unchanged: the endpoint sees 10.244.1.0',
      'DNAT unchanged: 10.0.0.11:30080 → 10.244.2.2:8080; at node/node1',
      'SNAT unchanged: 10.0.0.100:* → 10.244.1.0:*; at node/node1',
    ]);
  });

  it('with another port of the server are not', () => {
    const other = JSON.parse(JSON.stringify(delivered()).replaceAll(':8080', ':9090')) as Walk;
    const { statements, forward } = compare(delivered(), other);
    expect(statements).toContain(
      'DNAT: 10.0.0.11:30080 → 10.244.2.2:8080 with a, 10.0.0.11:30080 → 10.244.2.2:9090 with b; at node/node1',
    );
    expect(forward.filter((line) => line.in === 'second').at(-1)?.text).toMatch(/10\.244\.2\.2:9090 {2}SYN$/);
  });

  it('translated by somebody else say by whom', () => {
    const rules = [[dnatBy('KUBE-SEP-ONE')], [dnatBy('KUBE-SEP-TWO')]];
    expect(compare(delivered(), delivered(), rules).statements).toContain(
      'DNAT: 10.0.0.11:30080 → 10.244.2.2:8080; at node/node1; by KUBE-SEP-ONE with a, KUBE-SEP-TWO with b',
    );
  });

  it('of which only one is relayed say so, and show the relay between its hops', () => {
    const { statements, forward } = compare(delivered(), relayed());
    expect(statements).toContain('the connection is not relayed with a, relayed by kube-proxy on node/node1 with b');
    expect(forward.filter(({ kind }) => kind === 'relay').map((line) => [line.in, line.text.trim()])).toEqual([
      ['second', expect.stringMatching(/^node\/node1 +kube-proxy {2}tried {2}10\.244\.1\.9:8080: ECONNREFUSED$/)],
      [
        'second',
        expect.stringMatching(/ {2}relays {2}10\.0\.0\.100:\* → 10\.0\.0\.11:47732 {2}as {2}10\.244\.1\.0:\* → /),
      ],
    ]);
  });

  it('of which only one is translated, encapsulated or delivered say so', () => {
    const plain = delivered({ hops: [hop('host/client:eth0', 'out'), hop('pod/web-0:eth0', 'in')], replyHops: [] });
    const { statements } = compare(plain, delivered());
    expect(statements).toContain('SNAT only with b: 10.0.0.100:* → 10.244.1.0:* at node/node1');
    expect(statements).toContain(
      'on the wire: the packet itself with a, VXLAN vni 1  10.0.0.11 → 10.0.0.12:8472 with b',
    );
    expect(compare(delivered(), dropped()).statements.slice(0, 2)).toEqual([
      'a: delivered to pod/web-0',
      'b: dropped: it was last seen leaving node/node1 by eth0, never at node/node2',
    ]);
  });

  it('say where only one of them passes, and when the order is another', () => {
    const [first, second] = [hop('node/node1:eth0', 'in'), hop('node/node1:cni0', 'out')];
    const only = compare(delivered({ hops: [first] }), delivered({ hops: [first, second] }));
    expect(only.statements).toContain('the way there differs: only with b by node/node1 cni0');
    const swapped = compare(delivered({ hops: [first, second] }), delivered({ hops: [second, first] }));
    expect(swapped.statements).toContain('the way there differs: the same interfaces in another order');
  });

  it('are shown line by line, what is only in one where it was', () => {
    const [a, b, c] = [hop('host/client:eth0', 'out'), hop('node/node1:eth0', 'in'), hop('node/node1:cni0', 'out')];
    const difference = compare(
      delivered({ hops: [a, b], replyHops: [a] }),
      delivered({ hops: [a, c], replyHops: [a] }),
    );
    const text = formatDifference(difference, picocolors.createColors(false), 100).split('\n');
    expect(text[0]).toBe('host/client → 10.0.0.11:30080  - a  + b');
    expect(text.slice(text.indexOf('') + 1)).toEqual([
      '    host/client  eth0  out  10.0.0.100:* → 10.0.0.11:30080  SYN',
      '  - node/node1   eth0  in   10.0.0.100:* → 10.0.0.11:30080  SYN',
      '  + node/node1   cni0  out  10.0.0.100:* → 10.0.0.11:30080  SYN',
      '    and back',
      '    host/client  eth0  out  10.0.0.100:* → 10.0.0.11:30080  SYN',
    ]);
  });
});
