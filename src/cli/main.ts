#!/usr/bin/env node
/** The command line. Commands are declared in commands.ts; what they do is loaded when they are called. */
import { CommanderError } from 'commander';
import { programWithCompletion } from './commands.ts';
import { watchForInterrupts } from './interrupt.ts';
import { fail } from './output.ts';

watchForInterrupts();
try {
  await programWithCompletion().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else process.exitCode = await fail(error);
}
