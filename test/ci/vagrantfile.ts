/** lab/Vagrantfile, as far as it can be read without Vagrant. */
import { readFileSync } from 'node:fs';

export const VAGRANTFILE = 'lab/Vagrantfile';
const text = readFileSync(VAGRANTFILE, 'utf8');

/** What is run in a new box as its ordinary user, in that user's home, where the clone is `packetwalk`. */
export const PROVISIONING = /privileged: false, inline: <<~SHELL\n(.*?)\n *SHELL\n/s
  .exec(text)![1]!
  .replace(/^ +/gm, '');
