/** The program of a virtual machine that is a command's own: it gives every channel that is opened a lab, which ends with it. */
import type { Duplex } from 'node:stream';
import { startChild } from '../apply/kernel/child.ts';
import { hostNamespace, namespacesCommand } from '../apply/sandbox/namespaces.ts';
import { join } from '../apply/sandbox/vm/channels.ts';
import { programPath } from './programs.ts';
import { openSerialPort } from './serial-port.ts';

function startAgent(): Duplex {
  const program = [process.execPath, programPath('agent'), hostNamespace(), 'pipe'];
  return startChild(namespacesCommand('root', program, true), ['ignore', 'ignore', 'inherit', 'pipe'])
    .stdio[3] as Duplex;
}

/** Started before it is asked for: that takes seconds where the machine is emulated. */
let spare = startAgent();

openSerialPort((channel) => {
  join(channel, spare);
  spare = startAgent();
});
