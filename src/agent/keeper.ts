/**
 * The process that keeps a virtual machine for one running lab, and passes connections to its socket on.
 *
 *   node keeper.js SOCKET [KERNEL]
 */
import { rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { KernelError } from '../apply/kernel/errors.ts';
import { SandboxError } from '../apply/sandbox/error.ts';
import { findKernel } from '../apply/sandbox/vm/kernel.ts';
import { Machine } from '../apply/sandbox/vm/machine.ts';
import { programPath, REMEDY } from './sandbox.ts';

const [socketPath = '', kernel] = process.argv.slice(2);
for (const signal of ['SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => {});

try {
  const program = [process.execPath, programPath('guest'), 'shared'];
  const machine = await Machine.boot(await findKernel(kernel), { program });
  const server = createServer((connection) => {
    const channel = machine.open('shared');
    channel.pipe(connection).pipe(channel);
    channel.on('close', () => connection.destroy()).on('error', () => {});
    connection.on('close', () => channel.destroy()).on('error', () => {});
  });
  server.listen(socketPath);
  const { message } = await machine.ended;
  process.stderr.write(`${message}\n`);
} catch (error) {
  process.stderr.write(textOf(error));
  process.exitCode = 1;
} finally {
  rmSync(socketPath, { force: true });
}
process.exit();

/** As `sandboxFailure` reads it. */
function textOf(error: unknown): string {
  if (error instanceof SandboxError) return [error.message, ...(error.remedy ? [error.remedy] : [])].join(REMEDY);
  if (error instanceof KernelError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
