/** Where results go: which reporters, and whether each writes to a file or to standard output. */
import { writeFileSync } from 'node:fs';
import picocolors from 'picocolors';
import type { LabResult } from '../judge/result.ts';
import { colors, print, UsageError } from './output.ts';

export type ReporterName = 'text' | 'json' | 'junit' | 'github' | 'tap';

export interface Destination {
  readonly reporter: ReporterName;
  /** Undefined: standard output. */
  readonly file?: string | undefined;
  /** Shows a lab as soon as it is done: text on standard output only. */
  readonly stream?: ((result: LabResult, options: { walks: boolean; width: number }) => Promise<void>) | undefined;
}

/** `--output-file FILE` is for the only reporter that is not text, `REPORTER=FILE` for the one named. */
export function destinationsOf(reporters: readonly ReporterName[], outputFiles: readonly string[]): Destination[] {
  const names: ReporterName[] = reporters.length === 0 ? ['text'] : [...new Set(reporters)];
  const files = new Map<ReporterName, string>();
  for (const value of outputFiles) {
    const named = names.find((name) => value.startsWith(`${name}=`));
    const candidates = names.length === 1 ? names : names.filter((name) => name !== 'text');
    const target = named ?? (candidates.length === 1 ? candidates[0] : undefined);
    if (!target)
      throw new UsageError(
        `--output-file ${value} does not say for which reporter`,
        `write ${candidates[0] ?? 'json'}=${value}`,
      );
    files.set(target, named ? value.slice(named.length + 1) : value);
  }
  const toStdout = names.filter((name) => !files.has(name));
  if (toStdout.filter((name) => name !== 'text' && name !== 'github').length > 1) {
    throw new UsageError(
      'only one of json, junit and tap can be written to standard output',
      'give the others an --output-file REPORTER=FILE',
    );
  }
  return names.map((reporter) => ({
    reporter,
    file: files.get(reporter),
    stream: reporter === 'text' && !files.has(reporter) ? streamText : undefined,
  }));
}

async function streamText(result: LabResult, options: { walks: boolean; width: number }): Promise<void> {
  const { formatLab } = await import('../report/text.ts');
  print(formatLab(result, { ...options, colors }));
}

/** Writes a finished run. */
export async function write(
  { reporter, file }: Destination,
  results: readonly LabResult[],
  durationMs: number,
): Promise<void> {
  const text = await render(reporter, results, durationMs, file !== undefined);
  if (file === undefined) print(text.trimEnd());
  else writeFileSync(file, text);
}

async function render(
  reporter: ReporterName,
  results: readonly LabResult[],
  durationMs: number,
  whole: boolean,
): Promise<string> {
  switch (reporter) {
    case 'text': {
      const { formatLab, formatTotals } = await import('../report/text.ts');
      const plain = picocolors.createColors(false);
      if (!whole) return `\n${formatTotals(results, durationMs, colors)}`;
      return `${[...results.map((result) => formatLab(result, { colors: plain, walks: true, width: 100 })), '', formatTotals(results, durationMs, plain)].join('\n')}\n`;
    }
    case 'json':
      return `${JSON.stringify((await import('../report/json.ts')).toJson(results, durationMs), null, 2)}\n`;
    case 'junit':
      return (await import('../report/junit.ts')).toJunit(results, durationMs);
    case 'github':
      return (await import('../report/github.ts')).toGithub(results, durationMs);
    case 'tap':
      return (await import('../report/tap.ts')).toTap(results);
  }
}
