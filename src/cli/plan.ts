/** packetwalk plan: the commands, as a script that works on its own. */
import { plan } from '../plan/index.ts';
import { formatScript } from '../plan/script.ts';
import { type InputOptions, readLab } from './input.ts';
import { EXIT, print } from './output.ts';

export async function run(options: InputOptions & { readonly output: string }): Promise<number> {
  const input = await readLab(options);
  if (!input) return EXIT.input;
  const planned = plan(input.state);
  print(
    options.output === 'json' ? JSON.stringify(planned, null, 2) : formatScript(planned, input.cluster.name).trimEnd(),
  );
  return EXIT.ok;
}
