/** packetwalk up: a lab that stays, made or changed to what the files say. */
import { plan } from '../plan/index.ts';
import { counted, formatDuration } from '../report/layout.ts';
import { change, show } from './change.ts';
import { type InputOptions, readLab, type SandboxChoice } from './input.ts';
import { buildDetached, type LabInput, runningLab } from './labs.ts';
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
  if (existing) return await change(existing, wanted, options.dryRun);
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
