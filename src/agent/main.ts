/**
 * The agent's process, first in its sandbox.
 *
 *   node agent.js HOST_NETNS pipe            serves descriptor 3; ends with it
 *   node agent.js HOST_NETNS socket PATH     serves a lab's socket; ends when asked to, or with its maker
 *
 * Before anything else it makes sure that it is not in the host's network namespace.
 */
import { readlinkSync } from 'node:fs';
import { Socket } from 'node:net';
import { mountTmpfs } from '../apply/kernel/libc.ts';
import { Agent } from './agent.ts';
import { LabSocket } from './lab-socket.ts';

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

if (mode === 'pipe') {
  const connection = new Socket({ fd: 3, readable: true, writable: true });
  const end = () => process.exit(0);
  connection.on('close', end).on('end', end).on('error', end);
  new Agent({ stay: () => {}, shutdown: end }).serve(connection);
} else if (mode === 'socket' && socket) {
  /** Until it is told to stay, a lab is its maker's: one that is killed half-way leaves nothing behind. */
  let end: () => void = () => socket.leave();
  const stay = () => {
    end = () => {};
  };
  const agent = new Agent({ stay, shutdown: () => void setTimeout(() => socket.leave(), ANSWER_MS) });
  socket.listen((connection) => {
    connection.on('error', () => {});
    connection.on('close', () => end());
    agent.serve(connection);
  });
}
