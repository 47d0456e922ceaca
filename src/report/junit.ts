/** JUnit XML: a suite a lab, a case a check; the text of a failure is what did not fit and the walk up to there. */
import picocolors from 'picocolors';
import type { LabResult } from '../judge/result.ts';
import type { Verdict } from '../judge/verdict.ts';
import { formatWalk } from './walk-text.ts';

export function toJunit(results: readonly LabResult[], durationMs: number): string {
  const verdicts = results.flatMap((result) => result.verdicts);
  return [
    '<?xml version="1.0" encoding="UTF-8"?>',
    `<testsuites name="packetwalk" ${counts(verdicts)} time="${seconds(durationMs)}">`,
    ...results.flatMap(suite),
    '</testsuites>',
    '',
  ].join('\n');
}

function suite(result: LabResult): string[] {
  const { name, file, cni, proxy, sandbox, kernel, durationMs, verdicts, problem } = result;
  const properties = Object.entries({ file, cni, proxy, sandbox, kernel }).map(
    ([key, value]) => `      <property name="${key}" value="${escapeXml(value)}"/>`,
  );
  return [
    `  <testsuite name="${escapeXml(suiteName(result))}" ${counts(verdicts)} time="${seconds(durationMs)}">`,
    '    <properties>',
    ...properties,
    '    </properties>',
    ...verdicts.flatMap((verdict) => testcase(verdict, `${name}.${proxy}.${cni}`)),
    ...(problem
      ? [`    <system-err>${escapeXml([problem.message, problem.remedy].filter(Boolean).join('\n'))}</system-err>`]
      : []),
    '  </testsuite>',
  ];
}

function testcase(result: Verdict, classname: string): string[] {
  const { check, verdict, reason, durationMs } = result;
  const { file, line } = check.origin;
  const open = `    <testcase name="${escapeXml(check.name)}" classname="${escapeXml(classname)}" file="${escapeXml(file)}" line="${line}" time="${seconds(durationMs)}"`;
  switch (verdict) {
    case 'pass':
      return [`${open}/>`];
    case 'skipped':
      return [`${open}>`, `      <skipped message="${escapeXml(reason)}"/>`, '    </testcase>'];
    case 'fail':
      return [
        `${open}>`,
        `      <failure message="${escapeXml(reason)}" type="${escapeXml(result.mismatches[0]?.field ?? 'mismatch')}">${escapeXml(describeFailure(result))}</failure>`,
        '    </testcase>',
      ];
    case 'inconclusive':
      return [
        `${open}>`,
        `      <error message="${escapeXml(reason)}" type="inconclusive">${escapeXml(describeFailure(result))}</error>`,
        '    </testcase>',
      ];
  }
}

/** What somebody needs who has only this text: what was expected, what was seen, and the packet's way. Plain text. */
export function describeFailure(result: Verdict): string {
  const lines = result.mismatches.flatMap(({ field, expected, observed }) => [
    `${field}:`,
    `  expected ${expected}`,
    `  observed ${observed}`,
  ]);
  if (lines.length === 0) lines.push(result.reason);
  lines.push(`at ${result.check.origin.file}:${result.check.origin.line}`);
  if (result.kind === 'connection' && result.walk)
    lines.push('', ...formatWalk(result.walk, picocolors.createColors(false), '  '));
  if (result.kind === 'state')
    for (const [name, text] of Object.entries(result.listings)) lines.push('', `${name}:`, text.trimEnd());
  return lines.join('\n');
}

export function suiteName({ name, proxy, cni, faults }: LabResult): string {
  return [name, proxy, cni, ...faults].join(' · ');
}

function counts(verdicts: readonly Verdict[]): string {
  const count = (kind: Verdict['verdict']) => verdicts.filter(({ verdict }) => verdict === kind).length;
  return `tests="${verdicts.length}" failures="${count('fail')}" errors="${count('inconclusive')}" skipped="${count('skipped')}"`;
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
