/** Steps in reports: whose checks they are, and that one could not be taken. */
import picocolors from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { LabResult } from '../../src/judge/result.ts';
import type { Verdict } from '../../src/judge/verdict.ts';
import { toGithub } from '../../src/report/github.ts';
import { resultSchema, toJson } from '../../src/report/json.ts';
import { toJunit } from '../../src/report/junit.ts';
import { toTap } from '../../src/report/tap.ts';
import { formatLab } from '../../src/report/text.ts';
import { FAIL, lab, PASS, SKIPPED } from './results.ts';

const inStep = (verdict: Verdict, step: string) => ({ ...verdict, check: { ...verdict.check, step } }) as Verdict;
const GOES = 'a pod goes';
const RESULT = lab([PASS, inStep(FAIL, GOES), inStep(PASS, GOES), inStep(SKIPPED, 'another comes')]);
const STUCK: LabResult = lab([PASS, inStep(SKIPPED, GOES)], {
  problem: { message: 'nft: no; the lab is what it was before', step: GOES },
});

describe('a step', () => {
  it('stands above its checks, once', () => {
    const text = formatLab(RESULT, { colors: picocolors.createColors(false), walks: false, width: 100 });
    const lines = text.split('\n').filter((line) => /^ {2}\S/.test(line));
    expect(lines.map((line) => line.slice(2, 20).trim())).toEqual([
      '✓ the pod is reach',
      'then: a pod goes',
      '✗ the path is shor',
      '✓ the pod is reach',
      'then: another come',
      '- SCTP passes',
    ]);
  });

  it('is named with its checks where those stand alone', () => {
    expect(toTap([RESULT])).toContain('nodeport-snat · iptables · vxlan: a pod goes: the path is short');
    expect(toJunit([RESULT], 0)).toContain('<testcase name="a pod goes: the path is short"');
    expect(toGithub([RESULT], 0)).toContain('title=a pod goes%3A the path is short');
  });

  it('is a field of its checks in JSON', () => {
    const json = resultSchema.parse(toJson([RESULT], 0));
    expect(json.labs[0]!.checks.map(({ step }) => step)).toEqual([undefined, GOES, GOES, 'another comes']);
  });

  it('that could not be taken is told from a lab that could not be built', () => {
    const words = `the step "${GOES}" could not be taken`;
    expect(formatLab(STUCK, { colors: picocolors.createColors(false), walks: false, width: 100 })).toContain(words);
    expect(toTap([STUCK])).toContain(words);
    expect(toJunit([STUCK], 0)).toContain(words.replaceAll('"', '&quot;'));
    expect(toGithub([STUCK], 0)).toContain(words);
    expect(resultSchema.parse(toJson([STUCK], 0)).labs[0]!.problem).toMatchObject({ step: GOES });
  });
});
