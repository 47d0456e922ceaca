/** Where commands write, and how errors are shown. The only file that prints. */
import { getSystemErrorMap } from 'node:util';
import picocolors from 'picocolors';

export const EXIT = { ok: 0, failed: 1, input: 2, environment: 3, interrupted: 130, terminated: 143 } as const;

export const COLUMNS = 100;

export const colors = picocolors.createColors(picocolors.isColorSupported && Boolean(process.stdout.isTTY));
export const errorColors = picocolors.createColors(picocolors.isColorSupported && Boolean(process.stderr.isTTY));

/** Standard output: what was asked for. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Standard error: everything else. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** A mistake of the user that is no mistake in a file: an unknown lab, a missing option. */
export class UsageError extends Error {
  readonly help: string | undefined;

  constructor(message: string, help?: string) {
    super(message);
    this.name = 'UsageError';
    this.help = help;
  }
}

/** Shows an error that ended a command, and returns its exit code. */
export async function fail(error: unknown): Promise<number> {
  if (error instanceof UsageError) {
    note(`${errorColors.red('error:')} ${error.message}${error.help === undefined ? '' : `\n  = ${error.help}`}`);
    return EXIT.input;
  }
  if (isClosedPipe(error)) return EXIT.ok;
  if (isSystemError(error)) {
    note(`${errorColors.red('error:')} ${error.path ?? error.syscall}: ${reasonOf(error)}`);
    return error.path === undefined ? EXIT.environment : EXIT.input;
  }
  const { problemOf } = await import('../agent/problem.ts');
  try {
    const { message, remedy } = problemOf(error);
    note(`${errorColors.red('error:')} ${message}${remedy === undefined ? '' : `\n  = ${remedy}`}`);
  } catch (unexpected) {
    note(
      `${errorColors.red('packetwalk has a fault:')} ${unexpected instanceof Error ? unexpected.stack : String(unexpected)}`,
    );
    note('Please report it with the command and the topology.');
  }
  return EXIT.environment;
}

/** `packetwalk … | head` closes its end early; that is no error. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(process.exitCode ?? EXIT.ok);
  throw error;
});

/** What the operating system refused: with a path, a file that the user named. */
function isSystemError(error: unknown): error is Error & { errno: number; syscall: string; path?: string } {
  return error instanceof Error && 'errno' in error && typeof error.errno === 'number' && 'syscall' in error;
}

function reasonOf({ errno, message }: { errno: number; message: string }): string {
  return getSystemErrorMap().get(errno)?.[1] ?? message;
}

function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}
