/** packetwalk matrix: who reaches whom, and who should, in a lab of its own or in a running one. */
import type { Command } from 'commander';
import { buildLab, type Lab } from '../agent/lab.ts';
import { type FamilyName, familyNamed } from '../net/address.ts';
import type { Protocol } from '../net/port.ts';
import { matrix, pairs } from '../pipeline.ts';
import { formatReachability } from '../report/reachability.ts';
import { reachabilityCsv, reachabilityJson } from '../report/reachability-data.ts';
import { type InputOptions, readLab, type SandboxChoice, sandboxesOf } from './input.ts';
import { unlessInterrupted } from './interrupt.ts';
import { chooseLab, refuseForRunningLab, resume } from './labs.ts';
import { COLUMNS, colors, EXIT, note, print, UsageError } from './output.ts';

export interface Options extends InputOptions, SandboxChoice {
  readonly lab?: string;
  readonly port?: number;
  readonly protocol: readonly Protocol[];
  readonly family?: FamilyName;
  readonly timeout: number;
  readonly output: string;
}

/** Probes of a lab are told apart by 65,535 numbers. */
const MOST_PAIRS = 60_000;

export async function run(options: Options, command: Command): Promise<number> {
  if (!options.file) {
    refuseForRunningLab(command, "of the matrix's own");
    const lab = await resume(await chooseLab(options.lab));
    const restore = () => lab.agent.call('listen', lab.cluster.listeners);
    return await unlessInterrupted(restore, () => show(lab, options)).finally(() => lab.agent.close());
  }
  const input = await readLab(options);
  if (!input) return EXIT.input;
  const sandboxes = sandboxesOf(options, note);
  try {
    const lab = await buildLab(input.cluster, input.state, await sandboxes.for(input.state));
    return await show(lab, options).finally(() => lab.close());
  } finally {
    await sandboxes.close();
  }
}

async function show(lab: Lab, options: Options): Promise<number> {
  const { cluster } = lab;
  const started = performance.now();
  const family = options.family ? familyNamed(options.family) : cluster.families[0]!;
  const wanted = pairs(lab, { port: options.port, protocols: options.protocol, family });
  if (wanted.length > MOST_PAIRS)
    throw new UsageError(
      `${wanted.length} pairs are more than the ${MOST_PAIRS} a matrix has room for`,
      'ask one port and one protocol: --port 80 --protocol TCP',
    );
  if (wanted.length === 0)
    throw new UsageError(
      'nothing answers here: no pod declares a port of these protocols',
      '--port 80 asks that port of every pod, and makes it answer',
    );
  const cells = await matrix(lab, wanted, options.timeout);
  const about = {
    name: cluster.name,
    cni: cluster.cni.mode,
    proxy: cluster.proxy.mode,
    durationMs: performance.now() - started,
  };
  if (options.output === 'json') print(JSON.stringify(reachabilityJson(about, cells), null, 2));
  else if (options.output === 'csv') print(reachabilityCsv(cells));
  else print(formatReachability(about, cells, { colors, width: COLUMNS }));
  if (cells.some(({ differs }) => differs)) return EXIT.failed;
  return cells.some(({ measured }) => measured === 'unsent') ? EXIT.environment : EXIT.ok;
}
