/** packetwalk apply: with --lab, objects of a running lab are added or replaced; without it, the same as up. */
import type { Command } from 'commander';
import { changeRunning } from './change.ts';
import { expandPaths, readSources } from './input.ts';
import { refuseForRunningLab } from './labs.ts';
import { type Options as UpOptions, run as up } from './up.ts';

export interface Options extends UpOptions {
  readonly lab?: string;
}

export async function run(options: Options, command: Command): Promise<number> {
  if (options.lab === undefined) return up(options);
  refuseForRunningLab(command, 'that is built or changed as a whole', 'leave --lab out, or this');
  return changeRunning({ sources: readSources(expandPaths(options.file ?? [])) }, options);
}
