/** GitHub Actions workflow commands: an annotation at the check's line for everything that is not a pass. */
import type { LabResult } from '../judge/result.ts';
import { totalsOf } from '../judge/result.ts';
import { formatTrouble, titleOf } from './check-title.ts';
import { describeFailure, describeProblem, suiteName } from './failure-text.ts';

export function toGithub(results: readonly LabResult[], durationMs: number): string {
  const lines = results.flatMap((result) => [
    ...(result.problem
      ? [
          annotation(
            'error',
            result.file,
            1,
            `${suiteName(result)}: ${formatTrouble(result.problem)}`,
            describeProblem(result),
          ),
        ]
      : []),
    ...result.verdicts.flatMap((verdict) => {
      const { check } = verdict;
      const title = `${titleOf(check)} (${suiteName(result)})`;
      switch (verdict.verdict) {
        case 'pass':
          return [];
        case 'skipped':
          return result.problem
            ? []
            : [annotation('warning', check.origin.file, check.origin.line, `skipped: ${title}`, verdict.reason)];
        default:
          return [annotation('error', check.origin.file, check.origin.line, title, describeFailure(result, verdict))];
      }
    }),
  ]);
  const { passed, failed, inconclusive, skipped } = totalsOf(results, durationMs);
  return [
    ...lines,
    `::notice title=packetwalk::${passed} passed, ${failed} failed, ${inconclusive} inconclusive, ${skipped} skipped`,
    '',
  ].join('\n');
}

function annotation(level: 'error' | 'warning', file: string, line: number, title: string, message: string): string {
  return `::${level} file=${property(file)},line=${line},title=${property(title)}::${data(message)}`;
}

/** As @actions/core escapes: properties also lose what separates them. */
function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}
