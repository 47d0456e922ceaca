/** packetwalk up: a lab that stays, made or changed to what the files say. */
import type { LabRecord } from '../agent/registry.ts';
import { commandOf } from '../plan/command.ts';
import { plan } from '../plan/index.ts';
import type { Operation } from '../plan/operation.ts';
import { counted, formatDuration } from '../report/layout.ts';
import { type InputOptions, readLab, type SandboxChoice } from './input.ts';
import { buildDetached, changeLab, changesTo, type LabInput, runningLab } from './labs.ts';
import { EXIT, note, print, UsageError } from './output.ts';

export interface Options extends InputOptions, SandboxChoice {
  readonly dryRun?: boolean;
  /** How many of the topology's steps are taken. */
  readonly steps?: number;
}

export async function run(options: Options): Promise<number> {
  const input = await readLab(options);
  if (!input) return EXIT.input;
  const wanted = afterSteps(input, options.steps);
  const { name } = wanted.cluster;
  const existing = runningLab(name);
  if (existing) return await change(existing, wanted, options);
  if (options.dryRun) return show(plan(wanted.state).operations);
  const started = performance.now();
  const lab = await buildDetached(wanted, options);
  lab.agent.close();
  const { nodes, pods, hosts } = wanted.cluster;
  print(
    `${name} is up: ${counted(nodes.length, 'node')}, ${counted(pods.length, 'pod')}, ${counted(hosts.length, 'host')} (${formatDuration(performance.now() - started)})`,
  );
  note(`  packetwalk exec --lab ${name} ${pods[0]?.place ?? nodes[0]?.place ?? 'node/node1'} -- ip addr`);
  note(`  packetwalk down ${name}`);
  return EXIT.ok;
}

/** Makes a running lab what is wanted, or shows how. */
export async function change(
  existing: LabRecord,
  wanted: LabInput,
  { dryRun = false }: { readonly dryRun?: boolean },
): Promise<number> {
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

/** The lab as it is when so many steps of its topology have been taken. */
function afterSteps(input: LabInput, count = 0): LabInput {
  const {
    steps,
    options,
    cluster: { name },
  } = input;
  if (count > steps.length)
    throw new UsageError(
      `--steps ${count} is too many`,
      steps.length === 0 ? 'the topology has no steps' : `the topology has ${counted(steps.length, 'step')}`,
    );
  const { cluster, state } = steps[count - 1] ?? input;
  return {
    ...input,
    cluster: { ...cluster, name },
    state,
    options: { ...options, made: { steps: count, changes: [] } },
  };
}

/** Ports that answer are no kernel state; they follow from the sources. */
function sameListeners({ sources, made }: LabRecord, wanted: LabInput): boolean {
  return JSON.stringify([sources, made]) === JSON.stringify([wanted.sources, wanted.options.made]);
}

function show(operations: readonly Operation[]): number {
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
    [count('load-'), 'rulesets replaced'],
    [count('retire-'), 'retired'],
  ] as const;
  return (
    parts
      .filter(([number]) => number > 0)
      .map(([number, word]) => `${number} ${word}`)
      .join(', ') || 'nothing that the kernel sees'
  );
}
