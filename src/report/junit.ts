/**
 * JUnit XML: a suite a lab, a case a check; the text of a failure is what did not fit and the walk up to there. A lab
 * that could not be built is an error of its own, lest its skipped checks look like nothing to worry about.
 */
import type { Origin } from '../diagnostic.ts';
import { type LabResult, totalsOf } from '../judge/result.ts';
import type { Verdict } from '../judge/verdict.ts';
import { formatTrouble, titleOf } from './check-title.ts';
import { describeFailure, describeProblem, suiteName } from './failure-text.ts';

export function toJunit(results: readonly LabResult[], durationMs: number): string {
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="packetwalk" ${counts(results)} time="${seconds(durationMs)}">`,
    ...results.flatMap(suite),
    '</testsuites>',
    '',
  ].join('\n');
}

function suite(result: LabResult): string[] {
  const { file, cni, proxy, sandbox, kernel, durationMs, verdicts } = result;
  const properties = Object.entries({ file, cni, proxy, sandbox, kernel }).map(
    ([key, value]) => `      <property name="${key}" value="${escapeXml(value)}"/>`,
  );
  return [
    `  <testsuite name="${escapeXml(suiteName(result))}" ${counts([result])} time="${seconds(durationMs)}">`,
    '    <properties>',
    ...properties,
    '    </properties>',
    ...unbuilt(result),
    ...verdicts.flatMap((verdict) => testcase(result, verdict)),
    '  </testsuite>',
  ];
}

function unbuilt(lab: LabResult): string[] {
  if (!lab.problem) return [];
  const { message } = lab.problem;
  return [
    `${openTestcase(lab, formatTrouble(lab.problem), { file: lab.file, line: 1 }, lab.durationMs)}>`,
    `      <error message="${escapeXml(message)}" type="environment">${escapeXml(describeProblem(lab))}</error>`,
    '    </testcase>',
  ];
}

function testcase(lab: LabResult, result: Verdict): string[] {
  const { check, verdict, reason, durationMs } = result;
  const open = openTestcase(lab, titleOf(check), check.origin, durationMs);
  switch (verdict) {
    case 'pass':
      return [`${open}/>`];
    case 'skipped':
      return [`${open}>`, `      <skipped message="${escapeXml(reason)}"/>`, '    </testcase>'];
    case 'fail':
      return [
        `${open}>`,
        `      <failure message="${escapeXml(reason)}" type="${escapeXml(result.mismatches[0]?.field ?? 'mismatch')}">${escapeXml(describeFailure(lab, result))}</failure>`,
        '    </testcase>',
      ];
    case 'inconclusive':
      return [
        `${open}>`,
        `      <error message="${escapeXml(reason)}" type="inconclusive">${escapeXml(describeFailure(lab, result))}</error>`,
        '    </testcase>',
      ];
  }
}

function openTestcase(lab: LabResult, name: string, { file, line }: Origin, durationMs: number): string {
  const classname = [lab.name, lab.proxy, lab.cni].join('.');
  return `    <testcase name="${escapeXml(name)}" classname="${escapeXml(classname)}" file="${escapeXml(file)}" line="${line}" time="${seconds(durationMs)}"`;
}

function counts(results: readonly LabResult[]): string {
  const { checks, failed, inconclusive, skipped } = totalsOf(results, 0);
  const unbuilt = results.filter(({ problem }) => problem).length;
  return `tests="${checks + unbuilt}" failures="${failed}" errors="${inconclusive + unbuilt}" skipped="${skipped}"`;
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3);
}

/** Everything but the production Char of XML 1.0, and carriage returns, which a reader would make line feeds of. */
const NOT_ALLOWED = /[^\t\n\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu;

/** Special characters escaped, those that XML does not allow left out. */
function escapeXml(text: string): string {
  return text
    .replace(NOT_ALLOWED, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
