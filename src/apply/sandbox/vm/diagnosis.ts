/** Why a virtual machine ended, from what its console showed and what QEMU said. */
import { SandboxError } from '../error.ts';
import { COMPLAINT, MILESTONE } from './initramfs.ts';

const MEMORY = 'free some memory on this machine: a guest gets a quarter of what is free, at least 1 GiB';
const KERNEL = 'try another kernel with --kernel';

/** What a guest's console can show, in order of how much it explains. */
const SIGNS: readonly { readonly pattern: RegExp; readonly what: string; readonly remedy?: string }[] = [
  { pattern: new RegExp(`^${COMPLAINT}(.*)`), what: 'the virtual machine could not start', remedy: KERNEL },
  {
    pattern: /(Out of memory: .*|System is deadlocked on memory)/,
    what: 'the virtual machine ran out of memory',
    remedy: MEMORY,
  },
  { pattern: /(Kernel panic - .*)/, what: 'the kernel of the virtual machine panicked', remedy: KERNEL },
];

/** What the console shows to have gone wrong; undefined when it shows nothing. */
export function problemOn(shown: string): SandboxError | undefined {
  const lines = linesOf(shown);
  for (const { pattern, what, remedy } of SIGNS) {
    const found = lines.map((line) => pattern.exec(line)?.[1]).find((words) => words !== undefined);
    if (found !== undefined) return new SandboxError(`${what}: ${found}`, remedy);
  }
  return undefined;
}

/** Why it ended. `errors` are QEMU's words. */
export function whyEnded(shown: string, errors: string): SandboxError {
  const problem = problemOn(shown);
  if (problem) return problem;
  const words = errors
    .trim()
    .replace(/^qemu-system-\w+: /gm, '')
    .split('\n')
    .join('; ');
  if (/[Cc]annot (set up guest|allocate) memory/.test(words))
    return new SandboxError(`the virtual machine got no memory: ${words}`, MEMORY);
  return new SandboxError(`the virtual machine ended${words === '' ? lastWords(shown) : `: ${words}`}`);
}

/** The end of what the console showed, in brackets. */
export function lastWords(shown: string): string {
  const line = linesOf(shown)
    .filter((text) => text !== '' && !text.startsWith(MILESTONE))
    .at(-1);
  return line === undefined ? '' : ` (last on its console: ${line})`;
}

/** Without times and what is not for people. */
function linesOf(shown: string): string[] {
  return shown.split(/\r?\n/).map((line) =>
    line
      .replace(/[^\x20-\x7e]/g, '')
      .replace(/^\[[\d .]+\] */, '')
      .trim(),
  );
}
