/** Where results go: which reporters, and whether each writes to a file or to standard output. */
import { closeSync, openSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import picocolors from 'picocolors';
import type { LabResult } from '../judge/result.ts';
import type { TextOptions } from '../report/text.ts';
import { makeFolder } from './folders.ts';
import { colors, print, UsageError } from './output.ts';

export const REPORTERS = ['text', 'json', 'junit', 'github', 'tap'] as const;
export type ReporterName = (typeof REPORTERS)[number];

/** One document each: other lines before or after it would break it. */
const DOCUMENTS: readonly ReporterName[] = ['json', 'junit', 'tap'];

export interface Destination {
  readonly reporter: ReporterName;
  /** Undefined: standard output. */
  readonly file?: string | undefined;
  /** Shows a topology as soon as it is done in all its modes: text on standard output only. */
  readonly stream?: ((results: readonly LabResult[], options: StreamOptions) => Promise<void>) | undefined;
}

interface StreamOptions {
  readonly walks: boolean;
  readonly width: number;
}

export function destinationsOf(reporters: readonly ReporterName[], outputFiles: readonly string[]): Destination[] {
  const names: ReporterName[] = reporters.length === 0 ? ['text'] : [...new Set(reporters)];
  const files = filesOf(names, outputFiles);
  const toStdout = names.filter((name) => !files.has(name));
  const document = toStdout.find((name) => DOCUMENTS.includes(name));
  if (document && toStdout.length > 1) {
    throw new UsageError(
      `only one of json, junit and tap can be written to standard output, and nothing beside it: here it is to hold ${toStdout.join(' and ')}`,
      `give one a file: --output-file ${document}=FILE`,
    );
  }
  return names.map((reporter) => ({
    reporter,
    file: files.get(reporter),
    stream: reporter === 'text' && !files.has(reporter) ? streamText : undefined,
  }));
}

function filesOf(names: readonly ReporterName[], outputFiles: readonly string[]): Map<ReporterName, string> {
  const files = new Map<ReporterName, string>();
  for (const value of outputFiles) {
    const { reporter, file } = outputFileOf(value, names);
    if (file === '') throw new UsageError(`--output-file "${value}" names no file`);
    if (files.has(reporter)) throw new UsageError(`--output-file gives ${reporter} two files`, 'leave one out');
    if ([...files.values()].includes(file)) throw new UsageError(`--output-file gives ${file} to two reporters`);
    files.set(reporter, file);
  }
  return files;
}

/** `FILE` is for the only reporter, or the only one that is not text; `REPORTER=FILE` for the one named. */
function outputFileOf(value: string, names: readonly ReporterName[]): { reporter: ReporterName; file: string } {
  const named = REPORTERS.find((name) => value.startsWith(`${name}=`));
  if (named) {
    if (!names.includes(named))
      throw new UsageError(
        `--output-file ${value} is for a reporter that was not chosen`,
        `add --reporter ${named}; chosen: ${names.join(', ')}`,
      );
    return { reporter: named, file: value.slice(named.length + 1) };
  }
  const candidates = names.length === 1 ? names : names.filter((name) => name !== 'text');
  const [reporter] = candidates;
  if (!reporter || candidates.length > 1)
    throw new UsageError(
      `--output-file ${value} does not say for which reporter`,
      `write ${reporter ?? 'json'}=${value}`,
    );
  return { reporter, file: value };
}

/** Makes sure of the files before a long run, not after it. */
export function prepareFiles(destinations: readonly Destination[]): void {
  for (const { file } of destinations) {
    if (file === undefined) continue;
    makeFolder(dirname(file));
    closeSync(openSync(file, 'a'));
  }
}

async function streamText(results: readonly LabResult[], options: StreamOptions): Promise<void> {
  print(await textOf(results, { ...options, colors }));
}

/** A topology in one combination of modes, or in several beside each other. */
async function textOf(results: readonly LabResult[], options: TextOptions): Promise<string> {
  const [first, ...others] = results;
  if (others.length > 0) return (await import('../report/modes.ts')).formatModes(results, options);
  return (await import('../report/text.ts')).formatLab(first!, options);
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
      const [{ formatTotals }, { byTopology }] = await Promise.all([
        import('../report/text.ts'),
        import('../judge/result.ts'),
      ]);
      if (!whole) return `\n${formatTotals(results, durationMs, colors)}`;
      const options = { colors: picocolors.createColors(false), walks: true, width: 100 };
      const texts = await Promise.all(byTopology(results).map((labs) => textOf(labs, options)));
      return `${[...texts, '', formatTotals(results, durationMs, options.colors)].join('\n')}\n`;
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
