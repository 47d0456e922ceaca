/** What went wrong, in plain text, for reports that are read without anything else at hand. */
import picocolors from 'picocolors';
import type { LabResult } from '../judge/result.ts';
import type { Verdict } from '../judge/verdict.ts';
import { formatWalk } from './walk-text.ts';

/** What was expected, what was seen, where to look further, and the packet's way. */
export function describeFailure(lab: LabResult, result: Verdict): string {
  const lines = result.mismatches.flatMap(({ field, expected, observed }) => [
    `${field}: expected ${expected}`,
    `${' '.repeat(field.length)}  observed ${observed}`,
  ]);
  if (lines.length === 0) lines.push(result.reason);
  if (result.check.because !== undefined) lines.push(`differs from other modes: ${result.check.because}`);
  lines.push(`at ${result.check.origin.file}:${result.check.origin.line}`, ...whereToLook(lab));
  if (result.kind === 'connection' && result.walk)
    lines.push('', ...formatWalk(result.walk, picocolors.createColors(false), '  '));
  if (result.kind === 'state')
    for (const [name, text] of Object.entries(result.listings)) lines.push('', `${name}:`, text.trimEnd());
  return lines.join('\n');
}

/** Why a lab could not be built, and what to do. */
export function describeProblem({ problem, ...lab }: LabResult): string {
  return [problem?.message, problem?.remedy, ...whereToLook(lab)].filter(Boolean).join('\n');
}

function whereToLook({ command, capture }: Pick<LabResult, 'command' | 'capture'>): string[] {
  return [
    ...(command === undefined ? [] : [`again: ${command}`]),
    ...(capture === undefined ? [] : [`packets: ${capture}`]),
  ];
}

export function suiteName({ name, proxy, cni, faults }: LabResult): string {
  return [name, proxy, cni, ...faults].join(' · ');
}
