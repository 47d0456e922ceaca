/** packetwalk shell: exec of a shell whose prompt says where one is. */

import { surroundingsOf } from '../model/surroundings.ts';
import { type Options, runAt } from './exec.ts';
import { chooseLab, placeIn, resume } from './labs.ts';

export async function run(text: string, options: Options): Promise<number> {
  const lab = await resume(await chooseLab(options.lab));
  try {
    const at = placeIn(lab, text, options.namespace);
    const prompt = `PS1=${lab.cluster.name} ${at.place} \\$ `;
    const shell = ['env', prompt, 'bash', '--norc', '--noprofile'];
    return await runAt(lab.agent, at.netns, shell, surroundingsOf(lab.cluster, at));
  } finally {
    lab.agent.close();
  }
}
