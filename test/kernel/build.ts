/** The agent is a program of its own: it is bundled before the tests that start it. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';

export default function setup(): void {
  if (existsSync('dist/agent.js') && process.env.PACKETWALK_BUILT) return;
  execFileSync(process.execPath, ['scripts/build.mjs', '--no-types'], { stdio: 'inherit' });
}
