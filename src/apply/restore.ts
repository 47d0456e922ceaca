/**
 * Plan → kernel, when nobody knows how much of it has been done: the way back from a plan that failed on its way. Each step is
 * taken for itself, and one that finds its work done is no failure. iptables-restore and nft do all of their text or
 * nothing; ipset and ipvsadm stop at the first line that fails, so theirs are taken line by line.
 */
import type { Operation, Plan } from '../plan/operation.ts';
import { apply, type Residents } from './index.ts';
import { KernelError } from './kernel/errors.ts';

export async function restore({ operations }: Plan, residents: Residents): Promise<void> {
  for (const operation of operations.flatMap(singleLines)) {
    try {
      await apply({ operations: [operation] }, residents);
    } catch (error) {
      if (!isDone(error, operation)) throw error;
    }
  }
}

function singleLines(operation: Operation): Operation[] {
  if (operation.kind !== 'load-rules' || (operation.program !== 'ipset' && operation.program !== 'ipvs'))
    return [operation];
  const lines = operation.text.split('\n').filter((line) => line !== '');
  return lines.map((text) => ({ ...operation, text: `${text}\n` }));
}

/** In the words of the kernel and of the tools. What nft refuses as a whole is as it was before. */
const DONE =
  /EEXIST|ENOENT|ESRCH|ENODEV|EADDRNOTAVAIL|no such (file|link|destination|service)|already (exists|added)|does not exist|not added/i;

function isDone(error: unknown, operation: Operation): boolean {
  if (operation.kind === 'load-rules' && operation.program === 'nft') return error instanceof KernelError;
  return error instanceof Error && DONE.test(error instanceof KernelError ? error.details.cause : error.message);
}
