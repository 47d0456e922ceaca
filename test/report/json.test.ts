/** The JSON result keeps to its own schema, which allows no field it does not name. */
import { describe, expect, it } from 'vitest';
import { RESULT_VERSION, resultSchema, toJson, walkToJson } from '../../src/report/json.ts';
import { delivered, dropped, rejected } from '../judge/walks.ts';
import {
  ALL,
  FAIL,
  INCONCLUSIVE,
  lab,
  PASS,
  RELAYED,
  SKIPPED,
  SPREAD_FAIL,
  STATE_FAIL,
  STATE_PASS,
  UNBUILT,
} from './results.ts';

/** As a reader gets it. */
function read(...labs: Parameters<typeof toJson>[0]): unknown {
  return JSON.parse(JSON.stringify(toJson(labs, 1234.5)));
}

describe('the result', () => {
  it.each([
    ['of what passed', lab([PASS])],
    ['of what was relayed', lab([RELAYED])],
    ['of what failed', lab([FAIL])],
    ['of connections that were not spread', lab([SPREAD_FAIL])],
    ['of what is inconclusive', lab([INCONCLUSIVE])],
    ['of what was skipped', lab([SKIPPED])],
    ['of state checks', lab([STATE_PASS, STATE_FAIL])],
    ['of a lab that could not be built', UNBUILT],
    ['of a lab without checks', lab([])],
    ['of all of them', ALL],
  ])('%s fits its schema, and loses nothing in it', (_, result) => {
    const value = read(result);
    expect(resultSchema.parse(value)).toEqual(value);
  });

  it('of no lab at all fits its schema', () => {
    expect(resultSchema.parse(read())).toMatchObject({ labs: [], totals: { labs: 0, checks: 0 } });
  });

  it('has a version, the totals, and each lab with its modes', () => {
    expect(toJson([ALL, UNBUILT], 1234.5)).toMatchObject({
      version: RESULT_VERSION,
      totals: { labs: 2, checks: 9, passed: 2, failed: 3, inconclusive: 1, skipped: 3, durationMs: 1234.5 },
      labs: [
        { name: 'nodeport-snat', cni: 'vxlan', proxy: 'iptables', sandbox: 'rootless', kernel: '6.18.0', faults: [] },
        { name: 'broken', kernel: '', faults: ['no-dnat'], problem: { remedy: 'sudo apt-get install tcpdump' } },
      ],
    });
  });

  it('has what was expected and what was observed', () => {
    const [check] = toJson([lab([FAIL])], 1).labs[0]!.checks;
    expect(check).toMatchObject({
      name: 'the path is short',
      file: 'topologies/nodeport-snat.yaml',
      line: 14,
      from: 'host/client',
      to: 'nodeport/web:80@node1',
      verdict: 'fail',
      expected: { outcome: 'delivered', path: [{ place: 'host/client' }, { place: 'node/node1' }] },
      mismatches: [{ field: 'outcome', expected: 'delivered' }],
      observed: { outcome: 'dropped', path: ['host/client', 'node/node1'], lastSeen: 'node/node1:eth0', replyHops: [] },
    });
  });

  it('has the spread of several connections, and the listings of a state check', () => {
    const [spread, state] = toJson([lab([SPREAD_FAIL, STATE_FAIL])], 1).labs[0]!.checks;
    expect(spread?.observed).toMatchObject({ spread: { 'pod/web-0': 3 } });
    expect(state).toMatchObject({
      at: 'node/node1',
      expected: { routes: { has: ['10.244.2.0/24'], lacks: ['default'] } },
      observed: { listings: { routes: 'default via 10.0.0.1 dev eth0\n' } },
    });
  });

  it('has nothing observed where nothing was sent', () => {
    expect(toJson([lab([SKIPPED])], 1).labs[0]!.checks[0]).not.toHaveProperty('observed');
  });

  it('is a copy: writing in it does not change what it was made from', () => {
    const json = toJson([ALL], 1);
    const [{ observed } = { observed: undefined }] = json.labs[0]!.checks;
    (observed as { hops: { place: string }[] }).hops[0]!.place = 'changed';
    json.labs[0]!.checks[1]!.mismatches.pop();
    expect(PASS.kind === 'connection' && PASS.walk?.hops[0]?.place).toBe('host/client');
    expect(FAIL.mismatches).toHaveLength(1);
  });
});

describe('the schema', () => {
  it('refuses a field it does not name, at every level', () => {
    const value = () => read(lab([PASS])) as { labs: { checks: { observed: { hops: object[] } }[] }[] };
    const changes: ((result: ReturnType<typeof value>) => object)[] = [
      (result) => result,
      (result) => result.labs[0]!,
      (result) => result.labs[0]!.checks[0]!,
      (result) => result.labs[0]!.checks[0]!.observed,
      (result) => result.labs[0]!.checks[0]!.observed.hops[0]!,
    ];
    for (const where of changes) {
      const result = value();
      Object.assign(where(result), { surprise: true });
      expect(resultSchema.safeParse(result).success).toBe(false);
    }
  });

  it('refuses another version', () => {
    expect(resultSchema.safeParse({ ...(read() as object), version: RESULT_VERSION + 1 }).success).toBe(false);
  });
});

describe('a walk', () => {
  it('has only what is known of it', () => {
    expect(Object.keys(walkToJson(delivered()))).toEqual([
      'outcome',
      'endpoint',
      'endpointAddress',
      'sourceSeen',
      'path',
      'hops',
      'replyHops',
    ]);
    expect(walkToJson(rejected())).toMatchObject({
      rejection: { by: 'node/node1', with: 'icmp-port-unreachable' },
      path: ['host/client', 'node/node1'],
    });
    expect(walkToJson(dropped())).toMatchObject({ lastSeen: 'node/node1:eth0' });
  });

  it('has hops as they are', () => {
    expect(walkToJson(delivered()).hops).toEqual(delivered().hops);
  });
});
