/**
 * The agent's process, first in its sandbox.
 *
 *   node agent.js HOST_NETNS pipe            serves descriptor 3; ends with it
 *   node agent.js HOST_NETNS socket PATH     serves a Unix socket; ends when asked to, or with its maker
 *
 * Before anything else it makes sure that it is not in the host's network namespace.
 */
import { readlinkSync, rmSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { mountTmpfs } from '../apply/kernel/libc.ts';
import { Agent } from './agent.ts';

/** Time a maker has to connect. */
const MAKER_MS = 10_000;

const [hostNamespace, mode, path] = process.argv.slice(2);

if (hostNamespace === undefined || readlinkSync('/proc/self/ns/net') === hostNamespace) {
  process.stderr.write('refusing to run in the network namespace of the host\n');
  process.exit(1);
}
mountTmpfs('/run');
/** The terminal's Ctrl-C is the business of whoever started the lab. */
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGPIPE'] as const) process.on(signal, () => {});

if (mode === 'pipe') {
  const connection = new Socket({ fd: 3, readable: true, writable: true });
  const end = () => process.exit(0);
  connection.on('close', end).on('end', end).on('error', end);
  new Agent({ stay: () => {}, shutdown: end }).serve(connection);
} else if (mode === 'socket' && path !== undefined) {
  const leave = (): void => {
    rmSync(path, { force: true });
    process.exit(0);
  };
  /** Until it is told to stay, a lab is its maker's: one that is killed half-way leaves nothing behind. */
  let end = leave;
  const late = setTimeout(() => end(), MAKER_MS);
  const stay = () => {
    end = () => {};
  };
  const agent = new Agent({ stay, shutdown: () => void setTimeout(leave, 20) });
  createServer((connection) => {
    clearTimeout(late);
    connection.on('error', () => {});
    connection.on('close', () => end());
    agent.serve(connection);
  }).listen(path);
}
