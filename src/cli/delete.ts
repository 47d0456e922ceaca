/** packetwalk delete: takes objects out of a running lab. */
import { chooseLab, readChanged } from './labs.ts';
import { EXIT } from './output.ts';
import { change } from './up.ts';

export interface Options {
  readonly lab?: string;
  readonly namespace: string;
  readonly dryRun?: boolean;
}

export async function run(names: readonly string[], options: Options): Promise<number> {
  const record = await chooseLab(options.lab);
  const wanted = readChanged(record, { sources: [], delete: names, set: {}, namespace: options.namespace });
  return wanted ? change(record, wanted, options) : EXIT.input;
}
