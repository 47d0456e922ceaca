/** The command line as a judge of examples: is this what it understands? */
import { program } from '../../src/cli/commands.ts';

/** The options of `packetwalk test` among words, and its paths. Throws for what the command line refuses. */
export function understood(words: readonly string[]): { paths: string[]; options: Record<string, unknown> } {
  const test = program().commands.find((command) => command.name() === 'test')!;
  const { operands, unknown } = test
    .exitOverride()
    .configureOutput({ writeErr: () => {} })
    .parseOptions([...words]);
  if (unknown.length > 0) throw new Error(`unknown: ${unknown.join(' ')}`);
  return { paths: operands, options: test.opts() };
}
