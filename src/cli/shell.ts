/** packetwalk shell: exec of a shell whose prompt says where one is. */

import { type Options, runAt } from './exec.ts';
import { chooseLab, placeIn, resume } from './labs.ts';

export async function run(text: string, options: Options): Promise<number> {
  const lab = await resume(await chooseLab(options.lab));
  try {
    const { place, netns } = placeIn(lab, text, options.namespace);
    return await runAt(lab.agent, netns, [
      'env',
      `PS1=${lab.cluster.name} ${place} \\$ `,
      'bash',
      '--norc',
      '--noprofile',
    ]);
  } finally {
    lab.agent.close();
  }
}
