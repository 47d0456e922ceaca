/** packetwalk up: a lab that stays, made or changed to what the files say. */
import { commandOf } from '../plan/command.ts';
import { plan } from '../plan/index.ts';
import type { Operation } from '../plan/operation.ts';
import { counted, formatDuration } from '../report/layout.ts';
import { type InputOptions, readLab, type SandboxChoice } from './input.ts';
import { buildDetached, changeLab, changesTo, runningLab } from './labs.ts';
import { EXIT, note, print } from './output.ts';

export interface Options extends InputOptions, SandboxChoice {
  readonly dryRun?: boolean;
}

export async function run(options: Options): Promise<number> {
  const input = await readLab(options);
  if (!input) return EXIT.input;
  const { name } = input.cluster;
  const started = performance.now();
  const took = () => formatDuration(performance.now() - started);
  const existing = runningLab(name);
  if (!existing) {
    if (options.dryRun) return show(plan(input.state).operations);
    const lab = await buildDetached(input, options);
    lab.agent.close();
    const { nodes, pods, hosts } = input.cluster;
    print(
      `${name} is up: ${counted(nodes.length, 'node')}, ${counted(pods.length, 'pod')}, ${counted(hosts.length, 'host')} (${took()})`,
    );
    note(
      `  packetwalk exec --lab ${name} ${input.cluster.pods[0]?.place ?? nodes[0]?.place ?? 'node/node1'} -- ip addr`,
    );
    note(`  packetwalk down ${name}`);
    return EXIT.ok;
  }
  const operations = changesTo(existing, input);
  if (options.dryRun) return show(operations);
  if (operations.length === 0 && sameListeners(existing, input)) {
    print(`${name} is up to date`);
    return EXIT.ok;
  }
  await changeLab(existing, input, operations);
  print(`${name} changed: ${summary(operations)} (${took()})`);
  return EXIT.ok;
}

/** Ports that answer are no kernel state; they follow from the sources. */
function sameListeners(
  existing: { readonly sources: unknown; readonly options: unknown },
  input: { readonly sources: unknown },
): boolean {
  return JSON.stringify(existing.sources) === JSON.stringify(input.sources);
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
  ] as const;
  return (
    parts
      .filter(([number]) => number > 0)
      .map(([number, word]) => `${number} ${word}`)
      .join(', ') || 'answering ports only'
  );
}
