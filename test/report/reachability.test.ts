/** The matrix as people and programs read it. */
import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { Target } from '../../src/judge/pairs.ts';
import { type Cell, judgeCell } from '../../src/judge/reachability.ts';
import type { Place } from '../../src/model/cluster.ts';
import type { Permission } from '../../src/model/policy-verdict.ts';
import type { ProbeResult } from '../../src/probe/probe.ts';
import { formatReachability } from '../../src/report/reachability.ts';
import { reachabilityCsv, reachabilityJson } from '../../src/report/reachability-data.ts';

const ABOUT = { name: 'lab', cni: 'vxlan', proxy: 'iptables', durationMs: 1234 };
const OPEN: Permission = { allowed: true, egress: { allowed: true }, ingress: { allowed: true, by: 'web ingress[0]' } };
const CLOSED: Permission = {
  allowed: false,
  egress: { allowed: true },
  ingress: { allowed: false, because: ['deny allows no ingress', 'web ingress[0] names others, "quoted"'] },
};
const REACHED: ProbeResult = {
  kind: 'answered',
  answer: { endpoint: 'pod/b', address: '', source: '', protocol: 'TCP' },
};
const SILENT: ProbeResult = { kind: 'timeout' };

function cell(from: string, to: string, permission: Permission | undefined, result: ProbeResult): Cell {
  const target: Target = {
    text: to,
    address: '10.244.2.2',
    port: 80,
    protocol: 'TCP',
    endsAt: () => [],
    isService: false,
  };
  const receiver = { end: { address: '10.244.2.2' }, port: 80 };
  return judgeCell(
    { from: { place: from } as Place, to: target, permissions: permission && [{ receiver, permission }] },
    result,
  );
}

function text(cells: readonly Cell[]): string {
  return formatReachability(ABOUT, cells, { colors: picocolors.createColors(false), width: 100 });
}

describe('the table', () => {
  it('has a row for each sender, a column for each target, and says which mark means what', () => {
    const cells = [
      cell('pod/a', 'pod/b:80', OPEN, REACHED),
      cell('pod/a', 'pod/c:80', CLOSED, SILENT),
      cell('pod/b', 'pod/c:80', CLOSED, SILENT),
      cell('node/node1', 'service/b:80', undefined, REACHED),
    ];
    expect(text(cells)).toBe(`lab  iptables · vxlan · 1.2 s  4 pairs, all as the policies say

              1  2  3
  pod/a       ✓  -
  pod/b          -
  node/node1        ○

  1 pod/b:80  2 pod/c:80  3 service/b:80
  ✓ reached   - denied   ○ reached, not defined

denied
  ingress of 10.244.2.2: deny allows no ingress; web ingress[0] names others, "quoted"  (from pod/a,
      from pod/b)`);
  });

  it('tells what differs, and why it should not be', () => {
    const lines = text([cell('pod/a', 'pod/b:80', OPEN, SILENT), cell('pod/b', 'pod/b:80', CLOSED, REACHED)]);
    expect(lines).toContain('2 pairs, 2 not as the policies say');
    expect(lines).toContain('  pod/a → pod/b:80: no answer, but allowed by web ingress[0]\n');
    expect(lines).toContain('  pod/b → pod/b:80: pod/b answered, but ingress of 10.244.2.2: deny allows no ingress;');
    expect(lines).toContain('✗ should be reached, and is not   ! should be denied, and is reached');
  });

  it('goes on below when it is too wide', () => {
    const targets = Array.from({ length: 60 }, (_, index) => `pod/target-${index}:80`);
    const lines = text(targets.map((target) => cell('pod/a', target, OPEN, REACHED))).split('\n');
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(lines.filter((line) => line.startsWith('  pod/a '))).toHaveLength(3);
    expect(lines.join('\n')).toContain('60 pod/target-59:80');
  });

  it('names a few of many', () => {
    const cells = Array.from({ length: 9 }, (_, index) => cell(`pod/${index}`, 'pod/b:80', CLOSED, SILENT));
    expect(text(cells).replace(/\s+/g, ' ')).toContain('(from pod/0, from pod/1, from pod/2, from pod/3 and 5 more)');
  });
});

describe('for programs', () => {
  const cells = [cell('pod/a', 'pod/b:80', OPEN, REACHED), cell('pod/a', 'pod/c:80', CLOSED, REACHED)];

  it('there is CSV, quoted where it must be', () => {
    expect(reachabilityCsv(cells).split('\n')).toEqual([
      'from,to,address,port,protocol,expected,measured,endpoint,differs,because',
      'pod/a,pod/b:80,10.244.2.2,80,TCP,allowed,reached,pod/b,false,',
      'pod/a,pod/c:80,10.244.2.2,80,TCP,denied,reached,pod/b,true,"ingress of 10.244.2.2: deny allows no ingress; web ingress[0] names others, ""quoted"""',
    ]);
  });

  it('and JSON, with both directions of every receiver', () => {
    expect(reachabilityJson(ABOUT, cells)).toMatchObject({
      version: 1,
      name: 'lab',
      totals: { pairs: 2, reached: 2, denied: 1, differing: 1 },
      cells: [
        { from: 'pod/a', expected: 'allowed', measured: 'reached', differs: false },
        {
          differs: true,
          permissions: [
            {
              egress: { allowed: true },
              ingress: { allowed: false, because: [expect.any(String), expect.any(String)] },
            },
          ],
        },
      ],
    });
  });
});
