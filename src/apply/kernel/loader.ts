/** Runs the programs that read rules from their standard input. */
import { loaderOf } from '../../plan/command.ts';
import type { LoadRules } from '../../plan/operation.ts';
import { KernelError } from './errors.ts';
import { launchChecked } from './launch.ts';
import { inside } from './namespaces.ts';
import { inParts } from './rules-in-parts.ts';

/** Emulated, nft takes minutes for 10,000 Services. */
const LOADING_MS = 600_000;

/** In parts only where the kernel does not take all of it at once. Throws a KernelError with the line the rules exist for. */
export async function runLoader(operation: LoadRules): Promise<void> {
  const { namespace, origin } = operation;
  const load = (part: LoadRules) =>
    inside(namespace, () => launchChecked(loaderOf(part), { stdin: part.text, namespace, timeoutMs: LOADING_MS }));
  try {
    await load(operation).catch(async (error: unknown) => {
      const parts = isTooLong(error) ? inParts(operation) : undefined;
      if (!parts) throw error;
      for (const part of parts) await load(part);
    });
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new KernelError({ ...error.details, origin });
  }
}

/** EMSGSIZE, in the words of the programs. */
function isTooLong(error: unknown): boolean {
  return error instanceof KernelError && error.details.cause.includes('Message too long');
}
