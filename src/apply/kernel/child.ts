/**
 * Where programs are found, and the plainest way to start one. What needs no more than this does not load execa, which
 * takes as long as Node itself does to start.
 */
import { type ChildProcess, type StdioOptions, spawn } from 'node:child_process';
import type { Socket } from 'node:net';

/**
 * The PATH and the folders of system programs, which an ordinary user's PATH may lack. PACKETWALK_PATH replaces all of it,
 * to try another iptables, for example.
 */
export const SYSTEM_PATH =
  process.env.PACKETWALK_PATH ??
  [
    ...new Set([...(process.env.PATH ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin', '/usr/bin', '/bin']),
  ].join(':');

export function startChild(argv: readonly string[], stdio: StdioOptions, detached = false): ChildProcess {
  const [program = '', ...args] = argv;
  return spawn(program, args, { stdio, detached, env: { ...process.env, PATH: SYSTEM_PATH } });
}

/**
 * Starts a program that outlives this process, in a session of its own. Its errors go to `log`, a descriptor; its standard
 * input ends with this process.
 */
export function startDetached(argv: readonly string[], log: number): ChildProcess {
  const child = startChild(argv, ['pipe', 'ignore', log], true);
  child.unref();
  /** A pipe to a process that has died already. */
  child.stdin?.on('error', () => {});
  (child.stdin as Socket | null)?.unref();
  return child;
}
