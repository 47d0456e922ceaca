/** From walks and listings to a verdict: pass, fail, inconclusive, skipped. */
import { describe, expect, it } from 'vitest';
import { judgeConnections, judgeState } from '../../src/judge/index.ts';
import type { Expectation, Listing, ListingName, Spread } from '../../src/model/check.ts';
import type { Walk } from '../../src/stitch/walk.ts';
import { wiringOf } from '../stitch/wirings.ts';
import { connectionCheck, delivered, dropped, probe, rejected, stateCheck } from './walks.ts';

const wiring = wiringOf('nodeport-snat');
const judge = (expectation: Expectation | undefined, ...walks: Walk[]) =>
  judgeConnections(connectionCheck(expectation), walks, wiring, 12);

describe('a check', () => {
  it('passes when all it expects is so, and says what happened', () => {
    expect(judge({ outcome: 'delivered' }, delivered())).toMatchObject({
      kind: 'connection',
      verdict: 'pass',
      reason: 'pod/web-0 answered',
      mismatches: [],
      durationMs: 12,
    });
  });

  it('that expects nothing passes, whatever happened', () => {
    expect(judge(undefined, dropped())).toMatchObject({ verdict: 'pass', reason: dropped().reason });
  });

  it('fails with its first mismatch, and counts the others', () => {
    const verdict = judge({ endpoint: ['pod/web-1'], status: 404 }, delivered());
    expect(verdict.verdict).toBe('fail');
    expect(verdict.reason).toBe('status: expected 404, observed 200 (and 1 more)');
  });

  it('that fails for something else than its outcome says what became of the packet, too', () => {
    const verdict = judge({ endpoint: ['pod/web-0'] }, dropped());
    expect(verdict.reason).toBe(
      'endpoint: expected pod/web-0, observed none was reached; it was last seen leaving node/node1 by eth0, never at node/node2',
    );
  });

  it('shows the walk that does not fit, not the first', () => {
    const lost = dropped();
    expect(judge({ outcome: 'delivered' }, delivered(), lost, delivered()).walk).toBe(lost);
  });

  it('of one connection has no spread', () => {
    expect(judge({}, delivered())).not.toHaveProperty('spread');
  });

  it('for which nothing was sent does not pass', () => {
    expect(judge({ outcome: 'delivered' }).verdict).not.toBe('pass');
    for (const expectation of [undefined, {}, { outcome: 'dropped' }] as const) {
      const verdict = judge(expectation);
      expect(verdict).toMatchObject({ verdict: 'inconclusive', reason: 'nothing was sent', mismatches: [] });
      expect(verdict).not.toHaveProperty('walk');
    }
  });
});

describe('a doubt', () => {
  const doubt = 'the capture at node/node2 cannot be relied on: tcpdump ended';

  it('makes a check inconclusive, though all it expects seems to be so', () => {
    expect(judge({ outcome: 'dropped' }, dropped({ doubt }))).toMatchObject({
      verdict: 'inconclusive',
      reason: doubt,
      mismatches: [],
    });
  });

  it('makes a check inconclusive, though something it expects is not so', () => {
    expect(judge({ outcome: 'delivered' }, dropped({ doubt })).verdict).toBe('inconclusive');
  });

  it('makes a check without expectations inconclusive', () => {
    expect(judge(undefined, dropped({ doubt })).verdict).toBe('inconclusive');
  });

  it('in one of several connections is enough, and shows that one', () => {
    const doubtful = delivered({ doubt });
    expect(judge({}, delivered(), doubtful)).toMatchObject({ verdict: 'inconclusive', walk: doubtful });
  });
});

describe('a probe that this kernel cannot send', () => {
  const unsupported = dropped({ probe: probe({ kind: 'unsupported', reason: 'this kernel has no SCTP' }) });

  it('skips the check with the reason', () => {
    const verdict = judge({ outcome: 'delivered' }, unsupported);
    expect(verdict).toMatchObject({ verdict: 'skipped', reason: 'this kernel has no SCTP', mismatches: [] });
    expect(verdict).not.toHaveProperty('walk');
  });

  it('skips it rather than doubt it', () => {
    expect(judge({}, { ...unsupported, doubt: 'blind' }).verdict).toBe('skipped');
  });
});

describe('the spread of several connections', () => {
  const to = (endpoint: string) => delivered({ endpoint });
  const both = [to('pod/a'), to('pod/b'), to('pod/a')];
  const one = [to('pod/a'), to('pod/a')];
  const counts = (a: object, b: object) => ({ over: 'counts', counts: { 'pod/a': a, 'pod/b': b } }) as Spread;

  const cases: [name: string, spread: Spread, walks: Walk[], verdict: 'pass' | 'fail'][] = [
    ['all to one', { over: 'one' }, one, 'pass'],
    ['all to one, but there were two', { over: 'one' }, both, 'fail'],
    ['over several', { over: 'several' }, both, 'pass'],
    ['over several, but there was one', { over: 'several' }, one, 'fail'],
    ['over all', { over: 'all', endpoints: ['pod/a', 'pod/b'] }, both, 'pass'],
    ['over all, but one was missing', { over: 'all', endpoints: ['pod/a', 'pod/b', 'pod/c'] }, both, 'fail'],
    ['over all, but there was another', { over: 'all', endpoints: ['pod/a', 'pod/c'] }, both, 'fail'],
    ['over all, but there were more', { over: 'all', endpoints: ['pod/a'] }, both, 'fail'],
    ['exact counts', counts({ exactly: 2 }, { exactly: 1 }), both, 'pass'],
    ['exact counts, one too many', counts({ exactly: 1 }, { exactly: 1 }), both, 'fail'],
    ['least counts', counts({ min: 1 }, { min: 1 }), both, 'pass'],
    ['least counts, one too few', counts({ min: 3 }, { min: 0 }), both, 'fail'],
    ['a count of none', counts({ exactly: 2 }, { exactly: 0 }), one, 'pass'],
    ['a count of one that got none', counts({ exactly: 2 }, { min: 1 }), one, 'fail'],
  ];
  it.each(cases)('%s', (_, spread, walks, verdict) => {
    expect(judge({ spread }, ...walks).verdict).toBe(verdict);
  });

  it('is counted by endpoint, and by outcome where none was reached', () => {
    const verdict = judge({}, to('pod/b'), to('pod/a'), rejected(), to('pod/a'), dropped());
    expect(verdict.spread).toEqual({ dropped: 1, 'pod/a': 2, 'pod/b': 1, rejected: 1 });
    expect(Object.keys(verdict.spread!)).toEqual(['dropped', 'pod/a', 'pod/b', 'rejected']);
  });

  it('says what was expected and what was seen', () => {
    const said = (spread: Spread, ...walks: Walk[]) => {
      const [{ expected, observed } = { expected: '', observed: '' }] = judge({ spread }, ...walks).mismatches;
      return `${expected} | ${observed}`;
    };
    expect(said({ over: 'one' }, ...both)).toBe('all to one endpoint | pod/a: 2, pod/b: 1');
    expect(said({ over: 'several' }, ...one)).toBe('over several endpoints | pod/a: 2');
    expect(said({ over: 'all', endpoints: ['pod/a', 'pod/b'] }, dropped(), dropped())).toBe(
      'over all of pod/a, pod/b | nothing was delivered',
    );
    expect(said(counts({ exactly: 2 }, { min: 3 }), ...one)).toBe('pod/a: 2, pod/b: >= 3 | pod/a: 2');
  });
});

describe('a listing', () => {
  const ROUTES = 'default via 10.0.0.1 dev eth0\n10.244.2.0/24   via 10.244.2.0\tdev flannel.1 onlink\n';
  const judged = (listing: Partial<Listing>, text = ROUTES) =>
    judgeState(
      stateCheck([{ name: 'routes', has: [], lacks: [], ...listing }]),
      new Map<ListingName, string>([['routes', text]]),
      3,
    );

  it('has a text that stands in some line', () => {
    expect(judged({ has: ['10.244.2.0/24 via', 'dev eth0'] })).toMatchObject({
      kind: 'state',
      verdict: 'pass',
      reason: 'node/node1 is as expected',
      mismatches: [],
      listings: { routes: ROUTES },
      durationMs: 3,
    });
  });

  it('counts runs of blanks as one, on both sides', () => {
    expect(judged({ has: ['10.244.2.0/24 via 10.244.2.0 dev'] }).verdict).toBe('pass');
    expect(judged({ has: ['default   via\t10.0.0.1'] }).verdict).toBe('pass');
  });

  it('does not have a text that stands in no line, or in two together', () => {
    expect(judged({ has: ['10.244.3.0/24'] })).toMatchObject({
      verdict: 'fail',
      reason: 'routes: expected a line with "10.244.3.0/24", but there is none',
      mismatches: [{ field: 'routes', expected: 'a line with "10.244.3.0/24"', observed: 'there is none' }],
    });
    expect(judged({ has: ['dev eth0 10.244.2.0/24'] }).verdict).toBe('fail');
  });

  it('has a text of several lines where they follow each other', () => {
    const table =
      'TCP  10.96.0.10:53 rr\n  -> 10.244.0.24:53   Masq  1\nTCP  10.96.0.11:53 rr\n  -> 10.244.0.25:53   Masq  1\n';
    const has = (text: string) => judged({ has: [text] }, table);
    expect(has('TCP 10.96.0.11:53 rr\n -> 10.244.0.25:53\n').verdict).toBe('pass');
    expect(has('TCP 10.96.0.10:53 rr\n -> 10.244.0.25:53').mismatches).toEqual([
      {
        field: 'routes',
        expected: 'a line with "-> 10.244.0.25:53" after "TCP 10.96.0.10:53 rr"',
        observed: '"-> 10.244.0.24:53 Masq 1"',
      },
    ]);
    expect(has('-> 10.244.0.25:53\nUDP').mismatches).toMatchObject([{ observed: 'there is none' }]);
    expect(has('UDP\n-> 10.244.0.25:53').mismatches).toMatchObject([{ expected: 'a line with "UDP"' }]);
  });

  it('lacks a text that stands in no line', () => {
    expect(judged({ lacks: ['10.244.3.0/24', 'blackhole'] }).verdict).toBe('pass');
    expect(judged({ lacks: ['default\ndefault'] }).verdict).toBe('pass');
  });

  it('that should lack a text shows the line it stands in, once', () => {
    const twice = `${ROUTES}10.244.2.0/24 dev cni0\n`;
    expect(judged({ lacks: ['10.244.2.0/24'] }, twice).mismatches).toEqual([
      { field: 'routes', expected: 'no such line', observed: '"10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink"' },
    ]);
  });

  it('names everything that is not so', () => {
    const verdict = judged({ has: ['a', 'nowhere'], lacks: ['default', 'onlink'] });
    expect(verdict.mismatches.map(({ expected }) => expected)).toEqual([
      'a line with "nowhere"',
      'no such line',
      'no such line',
    ]);
    expect(verdict.reason.split('; ')).toHaveLength(3);
  });

  it('of several is judged by its own name', () => {
    const check = stateCheck([
      { name: 'routes', has: ['eth0'], lacks: [] },
      { name: 'fdb', has: ['eth0'], lacks: [] },
    ]);
    const listings = new Map<ListingName, string>([
      ['routes', 'dev eth0'],
      ['fdb', 'dev eth1'],
    ]);
    expect(judgeState(check, listings, 1).mismatches.map(({ field }) => field)).toEqual(['fdb']);
  });

  it('that was not made lacks nothing: its silence proves nothing', () => {
    const check = stateCheck([{ name: 'fdb', has: [], lacks: ['x'] }]);
    expect(judgeState(check, new Map(), 1)).toMatchObject({
      verdict: 'fail',
      reason: 'fdb: expected a listing, but there is none',
    });
  });

  it('that printed nothing has nothing', () => {
    expect(judged({ has: ['default'] }, '').verdict).toBe('fail');
    expect(judgeState(stateCheck([{ name: 'fdb', has: ['x'], lacks: [] }]), new Map(), 1).verdict).toBe('fail');
  });
});
