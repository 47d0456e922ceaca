/**
 * The process that keeps a virtual machine for one running lab, and passes connections to its socket on.
 *
 *   node keeper.js SOCKET KERNEL     the kernel as JSON
 */
import { KernelError } from '../apply/kernel/errors.ts';
import { SandboxError } from '../apply/sandbox/error.ts';
import { hostNamespace, namespacesCommand } from '../apply/sandbox/namespaces.ts';
import { join } from '../apply/sandbox/vm/channels.ts';
import type { GuestKernel } from '../apply/sandbox/vm/kernel.ts';
import { Machine } from '../apply/sandbox/vm/machine.ts';
import { LabSocket } from './lab-socket.ts';
import { programPath } from './programs.ts';
import { REMEDY } from './sandbox.ts';

const [path = '', kernel = ''] = process.argv.slice(2);
const socket = new LabSocket(path);
for (const signal of ['SIGINT', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => {});
process.on('SIGTERM', () => socket.leave());

try {
  const agent = [process.execPath, programPath('agent'), hostNamespace(), 'port'];
  const program = namespacesCommand('root', agent, false);
  const machine = await Machine.boot(JSON.parse(kernel) as GuestKernel, { program });
  socket.listen((connection) => join(connection, machine.open()));
  process.stderr.write(textOf(await machine.ended));
} catch (error) {
  process.stderr.write(textOf(error));
}
socket.leave(1);

/** As `sandboxFailure` reads it. */
function textOf(error: unknown): string {
  if (error instanceof SandboxError) return [error.message, ...(error.remedy ? [error.remedy] : [])].join(REMEDY);
  if (error instanceof KernelError) return error.message;
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
