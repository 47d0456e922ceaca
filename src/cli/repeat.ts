/** The command that tests one lab of a run again: for who reads a report elsewhere, later. */
import type { LabResult } from '../judge/result.ts';
import { shellWord } from '../plan/shell.ts';
import type { Options } from './test.ts';

/** Names what was chosen for the run, and leaves to the topology what it chose. */
export function repeatCommand({ file, cni, proxy }: LabResult, options: Options): string {
  const words = ['packetwalk', 'test', file];
  if (options.cni.length > 0) words.push('--cni', cni);
  if (options.proxy.length > 0) words.push('--proxy', proxy);
  for (const fault of options.fault) words.push('--fault', fault);
  if (options.namespace !== 'default') words.push('-n', options.namespace);
  if (options.sandbox !== 'auto') words.push('--sandbox', options.sandbox);
  if (options.kernel !== undefined) words.push('--kernel', options.kernel);
  return words.map(shellWord).join(' ');
}
