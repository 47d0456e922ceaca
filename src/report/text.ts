/** The report for people: a line a check, the walk of what failed, and what to do about what could not run. */

import { type LabResult, type Totals, totalsOf } from '../judge/result.ts';
import type { Verdict, VerdictKind } from '../judge/verdict.ts';
import { formatTrouble } from './check-title.ts';
import { type Colors, counted, formatDuration, wrap } from './layout.ts';
import { formatWalk } from './walk-text.ts';

export interface TextOptions {
  readonly colors: Colors;
  /** Show the walks of passed checks, too. */
  readonly walks: boolean;
  readonly width: number;
}

export function formatLab(result: LabResult, { colors, walks, width }: TextOptions): string {
  const modes = [result.proxy, result.cni, result.sandbox, ...result.faults.map((fault) => `fault ${fault}`)].join(
    ' · ',
  );
  const head = justify(
    colors.bold(result.name),
    `${modes} · ${formatDuration(result.durationMs)}`,
    width,
    result.name.length,
    colors,
  );
  const lines = [head, ...formatProblem(result, { colors, width })];
  let step: string | undefined;
  for (const verdict of result.verdicts) {
    if (verdict.check.step !== step) {
      step = verdict.check.step;
      lines.push(...wrap(`  then: ${step}`, width, '    ').map(colors.bold));
    }
    lines.push(...formatVerdict(verdict, { colors, walks, width }, result.problem !== undefined));
  }
  return lines.join('\n');
}

/** Why a lab could not be built or a step not be taken, and what to do. */
export function formatProblem(
  { problem }: LabResult,
  { colors, width }: Pick<TextOptions, 'colors' | 'width'>,
): string[] {
  if (!problem) return [];
  return [
    ...wrap(`  ${formatTrouble(problem)}: ${problem.message}`, width, '    ').map(colors.yellow),
    ...(problem.remedy === undefined ? [] : [`  what to do: ${problem.remedy}`]),
  ];
}

export const MARKS: Record<VerdictKind, string> = { pass: '✓', fail: '✗', inconclusive: '?', skipped: '-' };
export const PAINTS: Record<VerdictKind, (colors: Colors) => (text: string) => string> = {
  pass: ({ green }) => green,
  fail: ({ red }) => red,
  inconclusive: ({ yellow }) => yellow,
  skipped: ({ yellow }) => yellow,
};

/** `explained`: why nothing could be checked has been said already. */
export function formatVerdict(verdict: Verdict, { colors, walks, width }: TextOptions, explained: boolean): string[] {
  const paint = PAINTS[verdict.verdict](colors);
  const name = `  ${MARKS[verdict.verdict]} ${verdict.check.name}`;
  const lines = [justify(paint(name), formatDuration(verdict.durationMs), width, name.length, colors)];
  if (verdict.verdict === 'fail') {
    for (const { field, expected, observed } of verdict.mismatches) {
      const lead = `      ${field}: `;
      const gap = ' '.repeat(lead.length);
      lines.push(...wrap(`${lead}expected ${expected}`, width, `${gap}         `));
      lines.push(...wrap(`${gap}observed ${observed}`, width, `${gap}         `).map(colors.red));
    }
    lines.push(colors.dim(`      ${verdict.check.origin.file}:${verdict.check.origin.line}`));
  } else if (verdict.verdict !== 'pass' && !explained) {
    lines.push(...wrap(`      ${verdict.verdict}: ${verdict.reason}`, width, '        ').map(colors.yellow));
  }
  if (verdict.check.because !== undefined && (walks || verdict.verdict !== 'pass'))
    lines.push(...wrap(`    differs: ${verdict.check.because}`, width, '      ').map(colors.dim));
  const { walk } = verdict.kind === 'connection' ? verdict : {};
  if (walk && (walks || verdict.verdict !== 'pass')) lines.push(...formatWalk(walk, colors, '    ', { width }));
  if (verdict.kind === 'connection' && verdict.spread && (walks || verdict.verdict === 'fail')) {
    const counts = Object.entries(verdict.spread).map(([endpoint, count]) => `${endpoint} ${count}`);
    const lead = '    connections  ';
    const [first = '', ...rest] = wrap(`${lead}${counts.join(', ')}`, width, ' '.repeat(lead.length));
    lines.push(`${colors.dim(lead)}${first.slice(lead.length)}`, ...rest);
  }
  return lines;
}

export function formatTotals(results: readonly LabResult[], durationMs: number, colors: Colors): string {
  const totals: Totals = totalsOf(results, durationMs);
  const parts = [
    colors.green(`${totals.passed} passed`),
    totals.failed > 0 && colors.red(`${totals.failed} failed`),
    totals.inconclusive > 0 && colors.yellow(`${totals.inconclusive} inconclusive`),
    totals.skipped > 0 && colors.yellow(`${totals.skipped} skipped`),
  ].filter(Boolean);
  return `${parts.join(', ')} · ${counted(totals.checks, 'check')} in ${counted(totals.labs, 'lab')} · ${formatDuration(durationMs)}`;
}

/** Left text, and right text at the right margin when both fit. */
function justify(left: string, right: string, width: number, leftLength: number, colors: Colors): string {
  const room = width - leftLength - right.length;
  return room < 2 ? `${left}  ${colors.dim(right)}` : `${left}${' '.repeat(room)}${colors.dim(right)}`;
}
