/** A traced walk: hops, fate, the chains behind a translation, rules and connection tracking. */
import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import { formatTrace } from '../../src/report/trace-text.ts';
import type { RulesAtPlace } from '../../src/stitch/rules.ts';
import { delivered, dropped, relayed } from '../judge/walks.ts';

const plain = picocolors.createColors(false);
const rule = (table: string, chain: string, text: string) => ({ table, chain, rule: text });

const FORWARD: RulesAtPlace = {
  place: 'node/node1',
  direction: 'forward',
  rules: [
    rule('nat', 'PREROUTING', '-j KUBE-SERVICES'),
    rule('nat', 'KUBE-SERVICES', '-j KUBE-NODEPORTS'),
    rule('nat', 'KUBE-NODEPORTS', '-j KUBE-EXT-LOLE4ISW44XBNF3G'),
    rule('nat', 'KUBE-EXT-LOLE4ISW44XBNF3G', '-j KUBE-MARK-MASQ'),
    rule('nat', 'KUBE-MARK-MASQ', '-j MARK --set-xmark 0x4000/0x4000'),
    rule('nat', 'KUBE-SEP-5Q3P56IRA2PP7VYF', '-j DNAT --to-destination 10.244.2.2:8080'),
    rule('filter', 'FORWARD', '-j KUBE-FORWARD'),
    rule('nat', 'POSTROUTING', '-j KUBE-POSTROUTING'),
    rule('nat', 'KUBE-POSTROUTING', '-j MASQUERADE --random-fully'),
  ],
};

type Parameter<N extends number> = Parameters<typeof formatTrace>[N];
const lines = (
  walk: Parameter<0>,
  rules: Parameter<1> = [],
  tracked: Parameter<2> = [],
  balancings: Parameter<3> = [],
) => formatTrace(walk, rules, tracked, balancings, plain).split('\n');

describe('a traced walk', () => {
  it('ends with who got it and whom that one saw', () => {
    expect(lines(delivered()).at(-1)).toBe('  delivered to pod/web-0, which saw 10.244.1.0:61322');
  });

  it('names nobody where it is not known who got it', () => {
    const { endpoint, endpointAddress, sourceSeen, ...unknown } = delivered();
    expect(lines(unknown).at(-1)).toBe('  delivered');
    expect([endpoint, endpointAddress, sourceSeen]).not.toContain(undefined);
  });

  it('that was not delivered ends with its fate, and a doubt if there is one', () => {
    expect(lines(dropped()).at(-1)).toBe(`  dropped: ${dropped().reason}`);
    expect(lines(dropped({ doubt: 'tcpdump ended' })).slice(-2)).toEqual([
      `  dropped: ${dropped().reason}`,
      '  not certain: tcpdump ended',
    ]);
  });

  it('names the chains behind each translation, the marking left out, hashes shortened', () => {
    const all = lines(delivered(), [FORWARD]);
    const below = (text: string) => all[all.findIndex((line) => line.includes(text)) + 1]?.trim();
    expect(below('DNAT  10.0.0.11:30080')).toBe('by KUBE-NODEPORTS → KUBE-EXT-LOLE… → KUBE-SEP-5Q3P…');
    expect(below('SNAT  10.0.0.100:40112')).toBe('by KUBE-POSTROUTING');
  });

  it('names no chains where nothing was traced, nor behind what is undone', () => {
    expect(lines(delivered()).filter((line) => line.trim().startsWith('by '))).toEqual([]);
    expect(lines(delivered(), [FORWARD]).filter((line) => line.trim().startsWith('by '))).toHaveLength(2);
  });

  it('lists the rules of each place, those of the way back apart', () => {
    const reply: RulesAtPlace = { ...FORWARD, direction: 'reply', rules: FORWARD.rules.slice(6, 7) };
    const all = lines(delivered(), [FORWARD, reply]);
    const start = all.indexOf('rules at node/node1');
    expect(all.slice(start + 1, start + 4)).toEqual([
      '  nat     PREROUTING                 -j KUBE-SERVICES',
      '  nat     KUBE-SERVICES              -j KUBE-NODEPORTS',
      '  nat     KUBE-NODEPORTS             -j KUBE-EXT-LOLE4ISW44XBNF3G',
    ]);
    expect(all.slice(-2)).toEqual(['rules at node/node1, on the way back', '  filter  FORWARD  -j KUBE-FORWARD']);
  });

  it('names the scheduler of IPVS behind a translation, and its connection', () => {
    const virtual = '-t 10.0.0.11:30080 -s rr';
    const real = '-r 10.244.2.2:8080 -m -w 1';
    const entry = 'TCP 01:59 FIN_WAIT 10.0.0.100:40112 10.0.0.11:30080 10.244.2.2:8080';
    const rules = [rule('nat', 'KUBE-SERVICES', '-j ACCEPT'), rule('ipvs', 'INPUT', `${virtual} → ${real}`)];
    const met: RulesAtPlace = { ...FORWARD, rules: [...rules, ...FORWARD.rules.slice(-2)] };
    const all = lines(delivered(), [met], [], [{ place: 'node/node1', virtual, real, entry }]);
    const below = (text: string) => all[all.findIndex((line) => line.includes(text)) + 1]?.trim();
    expect(below('DNAT  10.0.0.11:30080')).toBe('by IPVS, rr');
    expect(below('SNAT  10.0.0.100:40112')).toBe('by KUBE-POSTROUTING');
    expect(all.slice(-3)).toEqual(['', 'connections of IPVS at node/node1', `  ${entry}`]);
  });

  it('lists what connection tracking knows', () => {
    const tracked = [{ place: 'node/node1', entries: ['tcp 6 119 TIME_WAIT src=10.0.0.100'] }];
    expect(lines(delivered(), [], tracked).slice(-3)).toEqual([
      '',
      'connection tracking at node/node1',
      '  tcp 6 119 TIME_WAIT src=10.0.0.100',
    ]);
  });
});

describe('a walk that was relayed', () => {
  const portals: RulesAtPlace = {
    place: 'node/node1',
    direction: 'forward',
    rules: [
      rule('nat', 'PREROUTING', '-j KUBE-PORTALS-CONTAINER'),
      rule('nat', 'KUBE-PORTALS-CONTAINER', '-p tcp -j REDIRECT --to-ports 47732'),
    ],
  };
  const own: RulesAtPlace = { ...portals, rules: [rule('nat', 'OUTPUT', '-j KUBE-PORTALS-HOST')] };

  it('shows the translation, then what was tried before, then the relay, then its connection', () => {
    const shown = lines(relayed()).map((line) => line.trim().replace(/ +/g, ' '));
    const start = shown.indexOf('DNAT 10.0.0.11:30080 → 10.0.0.11:47732');
    expect(shown.slice(start, start + 5)).toEqual([
      'DNAT 10.0.0.11:30080 → 10.0.0.11:47732',
      'node/node1 socket in 10.0.0.100:40112 → 10.0.0.11:47732 SYN',
      'kube-proxy tried 10.244.1.9:8080: ECONNREFUSED',
      'kube-proxy relays 10.0.0.100:40112 → 10.0.0.11:47732 as 10.244.1.0:61322 → 10.244.2.2:8080',
      'node/node1 flannel.1 out 10.244.1.0:61322 → 10.244.2.2:8080 SYN',
    ]);
  });

  it('does not say that it was relayed when that did not come about', () => {
    const hops = relayed().hops.map((hop) => (hop.relay ? { ...hop, relay: { ...hop.relay, connected: false } } : hop));
    expect(lines(relayed({ hops })).find((line) => line.includes(' as '))).toContain(
      'kube-proxy  tries to relay  10.0.0.100:',
    );
  });

  it('names the chain of the redirection, and both stays at the node', () => {
    const shown = lines(relayed(), [portals, own]);
    expect(shown.map((line) => line.trim())).toContain('by KUBE-PORTALS-CONTAINER');
    expect(shown.filter((line) => line.startsWith('rules at'))).toEqual([
      'rules at node/node1',
      'rules at node/node1, after the relay',
    ]);
  });
});
