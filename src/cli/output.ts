/** Where commands write, and how errors are shown. The only file that prints. */
import picocolors from 'picocolors';
import type { Diagnostic } from '../diagnostic.ts';
import { counted } from '../report/layout.ts';

export const EXIT = { ok: 0, failed: 1, input: 2, environment: 3, interrupted: 130, terminated: 143 } as const;

export const COLUMNS = 100;

export const colors = picocolors.createColors(picocolors.isColorSupported && Boolean(process.stdout.isTTY));
const errorColors = picocolors.createColors(picocolors.isColorSupported && Boolean(process.stderr.isTTY));

/** Standard output: what was asked for. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Standard error: everything else. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Prints diagnostics and a count of the errors; tells whether there were any. */
export async function report(diagnostics: readonly Diagnostic[]): Promise<boolean> {
  const { formatDiagnostic } = await import('../diagnostic.ts');
  for (const diagnostic of diagnostics) {
    const [head = '', ...rest] = formatDiagnostic(diagnostic).split('\n');
    const paint = diagnostic.severity === 'error' ? errorColors.red : errorColors.yellow;
    note([head.replace(/\b(error|warning):/, (word) => paint(word)), ...rest].join('\n'));
  }
  const errors = diagnostics.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) note(`${counted(errors, 'error')}; nothing was created`);
  return errors > 0;
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
  const { explain } = await import('../pipeline.ts');
  try {
    const { message, remedy } = explain(error);
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

function isClosedPipe(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EPIPE';
}
