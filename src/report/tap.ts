/** TAP version 14: a line a check, what went wrong as a YAML block. */
import { stringify } from 'yaml';
import type { LabResult } from '../judge/result.ts';
import type { Verdict } from '../judge/verdict.ts';
import { describeFailure, suiteName } from './junit.ts';

export function toTap(results: readonly LabResult[]): string {
  const points = results.flatMap((result) => result.verdicts.map((verdict) => ({ verdict, suite: suiteName(result) })));
  return [
    'TAP version 14',
    `1..${points.length}`,
    ...points.flatMap(({ verdict, suite }, index) => point(verdict, suite, index + 1)),
    '',
  ].join('\n');
}

function point(result: Verdict, suite: string, number: number): string[] {
  const { check, verdict, reason } = result;
  const description = inOneLine(`${suite}: ${check.name}`).replaceAll('\\', '\\\\').replaceAll('#', '\\#');
  if (verdict === 'pass') return [`ok ${number} - ${description}`];
  if (verdict === 'skipped') return [`ok ${number} - ${description} # SKIP ${inOneLine(reason)}`];
  const block = stringify({
    verdict,
    message: reason,
    at: `${check.origin.file}:${check.origin.line}`,
    details: describeFailure(result),
  });
  return [
    `not ok ${number} - ${description}`,
    '  ---',
    ...block
      .trimEnd()
      .split('\n')
      .map((line) => `  ${line}`),
    '  ...',
  ];
}

/** A point is one line. */
function inOneLine(text: string): string {
  return text.replace(/\s*[\r\n]\s*/g, ' ');
}
