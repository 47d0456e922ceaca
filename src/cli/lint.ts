/** packetwalk lint: is the input right? Nothing is built. */
import type { Diagnostic } from '../diagnostic.ts';
import { prepare } from '../pipeline.ts';
import { counted } from '../report/layout.ts';
import { report } from './diagnostics.ts';
import { defaultName, expandPaths, readSources, unique } from './input.ts';
import { EXIT, print, UsageError } from './output.ts';

export interface Options {
  readonly file?: readonly string[];
  readonly output: string;
  readonly namespace: string;
}

/** Files of `-f` are one lab together; each path argument is a lab of its own. */
export async function run(paths: readonly string[], { file = [], output, namespace }: Options): Promise<number> {
  const labs = [...(file.length > 0 ? [expandPaths(file)] : []), ...expandPaths(paths).map((path) => [path])];
  if (labs.length === 0) throw new UsageError('nothing to check', 'packetwalk lint FILE…, or -f FILE');
  const diagnostics: Diagnostic[] = unique(
    labs.flatMap((files) => prepare(readSources(files), { name: defaultName(files[0]), namespace }).diagnostics),
  );
  if (output === 'json') {
    print(JSON.stringify(diagnostics, null, 2));
    return diagnostics.some(({ severity }) => severity === 'error') ? EXIT.input : EXIT.ok;
  }
  if (report(diagnostics)) return EXIT.input;
  print(
    `${labs.length === 1 ? 'one topology is' : `${labs.length} topologies are`} right${diagnostics.length > 0 ? `, with ${counted(diagnostics.length, 'warning')}` : ''}`,
  );
  return EXIT.ok;
}
