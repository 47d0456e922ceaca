#!/usr/bin/env node
/** The command line. Commands are declared in commands.ts; what they do is loaded when they are called. */
import { CommanderError } from 'commander';
import { program } from './commands.ts';
import { fail } from './output.ts';

try {
  await program().parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else process.exitCode = await fail(error);
}
