/**
 * The agent's process, first in its sandbox.
 *
 *   node agent.js HOST_NETNS pipe            serves descriptor 3
 *   node agent.js HOST_NETNS socket PATH     serves the socket of a lab that is to stay
 *   node agent.js HOST_NETNS port            serves the serial port of a virtual machine
 *
 * Before anything else it makes sure that it is not in the host's network namespace.
 */
import { readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { mountTmpfs } from '../apply/kernel/libc.ts';
import { Agent } from './agent.ts';
import { LabSocket } from './lab-socket.ts';
import { openSerialPort } from './serial-port.ts';

/** Time for an answer to be read. */
const ANSWER_MS = 20;

const [hostNamespace, mode, path] = process.argv.slice(2);

if (hostNamespace === undefined || readlinkSync('/proc/self/ns/net') === hostNamespace) {
  process.stderr.write('refusing to run in the network namespace of the host\n');
  process.exit(1);
}
const socket = path === undefined ? undefined : new LabSocket(path);
mountTmpfs('/run');
/** The terminal's Ctrl-C is the business of whoever started the lab. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => {});

/** Until it is told to stay, a lab is its maker's: one that is killed half-way leaves nothing behind. */
function serve(leave: () => void): (connection: Duplex) => void {
  let end = leave;
  const stay = () => {
    end = () => {};
  };
  const agent = new Agent({ stay, shutdown: () => void setTimeout(leave, ANSWER_MS) });
  return (connection) => {
    connection.on('error', () => {}).on('close', () => end());
    agent.serve(connection);
  };
}

if (socket) socket.listen(serve(() => socket.leave()));
else if (mode === 'port') openSerialPort(serve(() => process.exit()));
else serve(() => process.exit())(new Socket({ fd: 3, readable: true, writable: true }));
