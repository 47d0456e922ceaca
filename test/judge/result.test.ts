/** What a run came to: its totals, and the exit code a pipeline sees. */
import { describe, expect, it } from 'vitest';
import { exitCodeOf, type LabResult, totalsOf } from '../../src/judge/result.ts';
import type { Verdict, VerdictKind } from '../../src/judge/verdict.ts';
import { connectionCheck } from './walks.ts';

function lab(kinds: readonly VerdictKind[], problem?: LabResult['problem']): LabResult {
  return {
    file: 'web.yaml',
    name: 'web',
    cni: 'vxlan',
    proxy: 'iptables',
    sandbox: 'rootless',
    kernel: '6.18.0',
    faults: [],
    verdicts: kinds.map(
      (verdict): Verdict => ({
        kind: 'connection',
        check: connectionCheck(),
        verdict,
        reason: verdict,
        mismatches: [],
        durationMs: 1,
      }),
    ),
    durationMs: 10,
    ...(problem && { problem }),
  };
}

describe('the exit code', () => {
  const codes: [code: 0 | 1 | 3, name: string, results: LabResult[]][] = [
    [0, 'everything passed', [lab(['pass']), lab(['pass', 'pass'])]],
    [0, 'what could run passed', [lab(['pass', 'skipped'])]],
    [1, 'a check failed', [lab(['pass', 'fail'])]],
    [1, 'a check failed, and another is inconclusive', [lab(['inconclusive']), lab(['fail'])]],
    [1, 'a check failed, and another lab could not be built', [lab(['fail']), lab([], { message: 'no' })]],
    [3, 'a check is inconclusive', [lab(['pass', 'inconclusive'])]],
    [3, 'a lab could not be built', [lab(['pass']), lab(['skipped'], { message: 'tcpdump is not installed' })]],
    [3, 'a lab could not be built that has no checks', [lab(['pass']), lab([], { message: 'no' })]],
    [3, 'everything was skipped', [lab(['skipped', 'skipped'])]],
    [3, 'no lab was built', []],
    [3, 'no check was made', [lab([])]],
  ];
  it.each(codes)('is %i when %s', (code, _, results) => {
    expect(exitCodeOf(results)).toBe(code);
  });
});

describe('the totals', () => {
  it('count labs, checks, and each kind of verdict', () => {
    const results = [lab(['pass', 'fail', 'pass']), lab(['inconclusive', 'skipped']), lab([])];
    expect(totalsOf(results, 1234)).toEqual({
      labs: 3,
      checks: 5,
      passed: 2,
      failed: 1,
      inconclusive: 1,
      skipped: 1,
      durationMs: 1234,
    });
  });
});
