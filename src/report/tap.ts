/** TAP version 14: a line a check, what went wrong as a YAML block. */
import { stringify } from 'yaml';
import type { LabResult } from '../judge/result.ts';
import type { Verdict } from '../judge/verdict.ts';
import { formatTrouble, titleOf } from './check-title.ts';
import { describeFailure, describeProblem, suiteName } from './failure-text.ts';

export function toTap(results: readonly LabResult[]): string {
  const points = results.flatMap((result) => [
    ...(result.problem ? [unbuilt(result, result.problem)] : []),
    ...result.verdicts.map((verdict) => point(result, verdict)),
  ]);
  return [
    'TAP version 14',
    `1..${points.length}`,
    ...points.flatMap((point, index) => formatPoint(point, index + 1)),
    '',
  ].join('\n');
}

interface Point {
  readonly description: string;
  readonly skipped?: string;
  /** What went wrong. */
  readonly block?: Readonly<Record<string, string>>;
}

function point(lab: LabResult, result: Verdict): Point {
  const { check, verdict, reason } = result;
  const description = `${suiteName(lab)}: ${titleOf(check)}`;
  if (verdict === 'pass') return { description };
  if (verdict === 'skipped') return { description, skipped: reason };
  const at = `${check.origin.file}:${check.origin.line}`;
  return { description, block: { verdict, message: reason, at, details: describeFailure(lab, result) } };
}

function unbuilt(lab: LabResult, problem: NonNullable<LabResult['problem']>): Point {
  return { description: `${suiteName(lab)}: ${formatTrouble(problem)}`, block: { message: describeProblem(lab) } };
}

function formatPoint({ description, skipped, block }: Point, number: number): string[] {
  const rest = `${number} - ${inOneLine(description).replaceAll('\\', '\\\\').replaceAll('#', '\\#')}`;
  if (skipped !== undefined) return [`ok ${rest} # SKIP ${inOneLine(skipped)}`];
  if (!block) return [`ok ${rest}`];
  const lines = stringify(block).trimEnd().split('\n');
  return [`not ok ${rest}`, '  ---', ...lines.map((line) => `  ${line}`), '  ...'];
}

/** A point is one line. */
function inOneLine(text: string): string {
  return text.replace(/\s*[\r\n]\s*/g, ' ');
}
