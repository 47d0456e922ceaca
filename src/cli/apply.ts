/** packetwalk apply: with --lab, objects of a running lab are added or replaced; without it, the same as up. */
import type { Command } from 'commander';
import { expandPaths, readSources } from './input.ts';
import { chooseLab, readChanged } from './labs.ts';
import { EXIT, UsageError } from './output.ts';
import { change, type Options as UpOptions, run as up } from './up.ts';

export interface Options extends UpOptions {
  readonly lab?: string;
}

export async function run(options: Options, command: Command): Promise<number> {
  const { lab, file = [], namespace } = options;
  if (lab === undefined) return up(options);
  refuseForRunningLab(command);
  const record = await chooseLab(lab);
  const sources = readSources(expandPaths(file));
  const wanted = readChanged(record, { sources, delete: [], set: {}, namespace });
  return wanted ? change(record, wanted, options) : EXIT.input;
}

/** What says how a lab is to be built says nothing to one that stands. */
function refuseForRunningLab(command: Command): void {
  const given = ['name', 'steps', 'cni', 'proxy', 'fault', 'kernel', 'sandbox'].find(
    (option) => command.getOptionValueSource(option) === 'cli',
  );
  if (given !== undefined)
    throw new UsageError(`--${given} is for a lab that is built or changed as a whole`, 'leave --lab out, or this');
}
