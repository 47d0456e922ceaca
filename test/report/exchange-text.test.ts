/** What was asked for, in a line: questions, the last one with its hops, and URLs. */
import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { ReadReply } from '../../src/dns/message.ts';
import { judgeConnections } from '../../src/judge/index.ts';
import type { ProbeResult } from '../../src/probe/probe.ts';
import { toJson, walkToJson } from '../../src/report/json.ts';
import { formatWalk } from '../../src/report/walk-text.ts';
import type { Walk } from '../../src/stitch/walk.ts';
import { connectionCheck, delivered, hop, probe } from '../judge/walks.ts';
import { wiringOf } from '../stitch/wirings.ts';

const colors = picocolors.createColors(false);
const ASKED = { source: '10.244.1.2:32770', destination: '10.96.0.10:53' };

function question(name: string, result: ProbeResult): Walk {
  const hops = [hop('pod/client:eth0', 'out', ASKED)];
  return {
    ...delivered({ hops, replyHops: [] }),
    from: 'pod/client',
    probe: {
      ...probe(result),
      protocol: 'UDP',
      remote: { address: '10.96.0.10', port: 53 },
      question: { name, type: 'A' },
    },
  };
}

function says(name: string, reply: Partial<ReadReply>): ProbeResult {
  const base = { id: 1, question: { name, type: 'A' }, status: 'NOERROR', truncated: false, answers: [] } as const;
  return { kind: 'answered', reply: { ...base, ...reply } };
}

const unknown = question('web.prod.svc.cluster.local', says('web.prod.svc.cluster.local', { status: 'NXDOMAIN' }));
const known = question(
  'web.svc.cluster.local',
  says('web.svc.cluster.local', {
    answers: [{ name: 'web.svc.cluster.local', type: 'A', ttl: 30, data: '10.96.0.100' }],
  }),
);

describe('a walk to a name', () => {
  const walk: Walk = { ...delivered(), from: 'pod/client', queries: [unknown, known] };

  it('begins with what was asked', () => {
    const lines = formatWalk(walk, colors, '');
    expect(lines.slice(0, 2)).toEqual([
      'pod/client asks 10.96.0.10: A? web.prod.svc.cluster.local.  →  NXDOMAIN',
      'pod/client asks 10.96.0.10: A? web.svc.cluster.local.  →  A 10.96.0.100',
    ]);
    expect(lines[2]).toMatch(/^pod\/client +eth0 +out {2}10\.244\.1\.2:32770 → 10\.96\.0\.10:53/);
    expect(lines[3]).toBe('pod/client sends to 10.0.0.11');
  });

  it('that has no address is that of the last question', () => {
    const last: Walk = { ...unknown, outcome: 'unresolved', reason: 'web has no address', queries: [known] };
    expect(formatWalk(last, colors, '')).toEqual([
      'pod/client asks 10.96.0.10: A? web.svc.cluster.local.  →  A 10.96.0.100',
      'pod/client asks 10.96.0.10: A? web.prod.svc.cluster.local.  →  NXDOMAIN',
      expect.stringContaining('10.244.1.2:32770 → 10.96.0.10:53'),
      'unresolved: web has no address',
    ]);
  });

  it('nobody answers shows that', () => {
    const silent = question('web', { kind: 'timeout' });
    expect(formatWalk(silent, colors, '')[0]).toBe('pod/client asks 10.96.0.10: A? web.  →  nobody answers');
  });

  it('has its questions in the JSON result, each a walk', () => {
    const verdict = judgeConnections(connectionCheck({}), [walk], wiringOf('nodeport-snat'), 1);
    const lab = {
      file: 'f',
      name: 'n',
      cni: 'vxlan',
      proxy: 'iptables',
      sandbox: 'root',
      kernel: '6',
      faults: [],
      durationMs: 1,
    } as const;
    const [check] = toJson([{ ...lab, verdicts: [verdict] }], 1).labs[0]!.checks;
    expect(check!.observed).toMatchObject({
      queries: [
        { question: { name: 'web.prod.svc.cluster.local', type: 'A' }, status: 'NXDOMAIN', answers: [] },
        { status: 'NOERROR', answers: ['10.96.0.100'], path: ['pod/client'] },
      ],
    });
  });
});

describe('a walk to a URL', () => {
  const http = { scheme: 'https', host: 'hwa.example.com', path: '/path?q=1' } as const;
  const walk = (result: ProbeResult): Walk => ({
    ...delivered(),
    from: 'host/client',
    endpoint: 'pod/hwa-0',
    probe: { ...probe(result), http },
  });

  it.each<[ProbeResult, string]>([
    [{ kind: 'answered', status: 200 }, '200, from pod/hwa-0'],
    [{ kind: 'answered', status: 308, location: 'https://b/' }, '308, from pod/hwa-0: https://b/'],
    [{ kind: 'timeout' }, 'no answer'],
  ])('begins with it and with the answer: %o', (result, text) => {
    expect(formatWalk(walk(result), colors, '')[0]).toBe(
      `host/client gets https://hwa.example.com/path?q=1  →  ${text}`,
    );
  });

  it('has both in the JSON result', () => {
    const answered = walk({ kind: 'answered', status: 404, certificate: ['hwa.example.com'] });
    expect(walkToJson(answered).http).toEqual({
      url: 'https://hwa.example.com/path?q=1',
      status: 404,
      certificate: ['hwa.example.com'],
    });
  });
});

it('answers are compared as a set, and those of other types are not counted', () => {
  const verdictOf = (answers: string[]) =>
    judgeConnections(connectionCheck({ answers }), [known], wiringOf('nodeport-snat'), 1);
  expect(verdictOf(['10.96.0.100']).mismatches).toEqual([]);
  expect(verdictOf(['10.96.0.100', '10.96.0.101']).mismatches).toEqual([
    { field: 'answers', expected: '10.96.0.100, 10.96.0.101', observed: '10.96.0.100' },
  ]);
});
