/** packetwalk down: ends labs. Nothing to end is no error. */
import { findLab, listLabs, removeLab } from '../agent/registry.ts';
import { chooseLab } from './labs.ts';
import { EXIT, print } from './output.ts';

export async function run(name: string | undefined, { all = false }: { all?: boolean }): Promise<number> {
  const labs =
    all || (name === undefined && listLabs().length === 0)
      ? listLabs()
      : name === undefined
        ? [await chooseLab(undefined)]
        : [findLab(name)].filter((lab) => lab !== undefined);
  for (const lab of labs) {
    await removeLab(lab);
    print(`${lab.name} is down`);
  }
  if (labs.length === 0) print(name === undefined ? 'no lab is running' : `there is no lab ${name}`);
  return EXIT.ok;
}
