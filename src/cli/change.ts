/** How commands change a running lab, and say what they did. */
import type { LabRecord } from '../agent/registry.ts';
import type { LabChange } from '../model/steps.ts';
import { commandOf } from '../plan/command.ts';
import type { Operation } from '../plan/operation.ts';
import { formatDuration } from '../report/layout.ts';
import { changeLab, changesTo, chooseLab, type LabInput, readChanged } from './labs.ts';
import { EXIT, note, print } from './output.ts';

export interface Options {
  /** Left out: the only one. */
  readonly lab?: string;
  readonly namespace: string;
  readonly dryRun?: boolean;
}

/** One more change to a running lab: what is not said of it does not happen. */
export async function changeRunning(
  wanted: Partial<Omit<LabChange, 'namespace'>>,
  { lab, namespace, dryRun }: Options,
): Promise<number> {
  const record = await chooseLab(lab);
  const changed = readChanged(record, { sources: [], delete: [], set: {}, ...wanted, namespace });
  return changed ? change(record, changed, dryRun) : EXIT.input;
}

/** Makes a running lab what is wanted, or shows how. */
export async function change(existing: LabRecord, wanted: LabInput, dryRun = false): Promise<number> {
  const started = performance.now();
  const operations = changesTo(existing, wanted);
  if (dryRun) return show(operations);
  if (operations.length === 0 && sameListeners(existing, wanted)) {
    print(`${existing.name} is up to date`);
    return EXIT.ok;
  }
  await changeLab(existing, wanted);
  print(`${existing.name} changed: ${summary(operations)} (${formatDuration(performance.now() - started)})`);
  return EXIT.ok;
}

/** Ports that answer are no kernel state; they follow from the sources. */
function sameListeners({ sources, made }: LabRecord, wanted: LabInput): boolean {
  return JSON.stringify([sources, made]) === JSON.stringify([wanted.sources, wanted.options.made]);
}

export function show(operations: readonly Operation[]): number {
  for (const operation of operations) {
    const { argv, stdin } = commandOf(operation);
    print(`${argv.join(' ')}${stdin === undefined ? '' : ` < ${stdin.split('\n').length - 1} lines`}`);
  }
  note(operations.length === 0 ? 'nothing to do' : `${operations.length} steps; nothing was done`);
  return EXIT.ok;
}

function summary(operations: readonly Operation[]): string {
  const count = (prefix: string) => operations.filter(({ kind }) => kind.startsWith(prefix)).length;
  const parts = [
    [count('add-'), 'added'],
    [count('delete-'), 'removed'],
    [count('set-'), 'set'],
    [count('load-'), 'rulesets changed'],
    [count('retire-'), 'retired'],
  ] as const;
  return (
    parts
      .filter(([number]) => number > 0)
      .map(([number, word]) => `${number} ${word}`)
      .join(', ') || 'nothing that the kernel sees'
  );
}
