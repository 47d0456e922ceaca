/** Error → Problem: what people read of whatever a lab or its environment throws. */
import { KernelError } from '../apply/kernel/errors.ts';
import { SandboxError } from '../apply/sandbox/error.ts';
import type { Problem } from '../judge/result.ts';
import { ChangeError } from './lab.ts';

/** Anything unexpected is thrown on. */
export function problemOf(error: unknown): Problem {
  if (error instanceof ChangeError) {
    const { message, remedy } = problemOf(error.cause);
    const hints = [remedy, error.isRestored ? undefined : 'take it down, then up again'].filter(Boolean);
    return { message: `${message}; ${error.message}`, ...(hints.length > 0 && { remedy: hints.join('; ') }) };
  }
  if (error instanceof KernelError) {
    const { details } = error;
    return {
      message: error.message.split('\n  = ')[0]!,
      ...(details.remedy !== undefined && { remedy: details.remedy }),
    };
  }
  if (error instanceof SandboxError)
    return { message: error.message, ...(error.remedy !== undefined && { remedy: error.remedy }) };
  throw error;
}
