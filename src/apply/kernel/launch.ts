/**
 * Programs that are started by the dozen, one a namespace: rule loaders, captures. posix_spawn(3) costs a quarter of
 * what Node's own way does, which copies the page tables of this process each time. Like everything synchronous within
 * `inside`, the program belongs to that namespace.
 */
import { closeSync } from 'node:fs';
import { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { SYSTEM_PATH } from './child.ts';
import { failed, findProgram, type RunOptions, timedOut } from './command.ts';
import { exitStatus, pipe, spawn } from './libc.ts';

export interface Launched {
  readonly stdout: Socket;
  readonly stderr: Socket;
  /** Resolves with the exit code when the program has ended and its output has been read; 128 after a signal. */
  readonly ended: Promise<number>;
  kill(signal: NodeJS.Signals): void;
}

/** Throws a KernelError when the program is not installed. */
export function launch(argv: readonly string[], stdin = ''): Launched {
  const path = findProgram(argv);
  const [input, output, errors] = [pipe(), pipe(), pipe()];
  const environment = Object.entries({ ...process.env, PATH: SYSTEM_PATH, LC_ALL: 'C' });
  const pid = spawn(
    path,
    argv,
    environment.map(([name, value]) => `${name}=${value}`),
    [input.read, output.write, errors.write],
  );
  for (const fd of [input.read, output.write, errors.write]) closeSync(fd);
  /** A program that ends before it has read everything says why in its own words. */
  new Socket({ fd: input.write, writable: true, readable: false }).on('error', () => {}).end(stdin);
  const stdout = new Socket({ fd: output.read, readable: true, writable: false });
  const stderr = new Socket({ fd: errors.read, readable: true, writable: false });
  let reaped = false;
  const ended = Promise.all([closed(stdout), closed(stderr)]).then(async () => {
    for (;;) {
      const status = exitStatus(pid);
      reaped = status !== undefined;
      if (status !== undefined) return status;
      await delay(1);
    }
  });
  return { stdout, stderr, ended, kill: (signal) => void (reaped || process.kill(pid, signal)) };
}

/** Runs a program to its end; one that fails throws its own words as a KernelError. */
export async function launchChecked(argv: readonly string[], options: RunOptions): Promise<void> {
  const { stdout, stderr, ended, kill } = launch(argv, options.stdin);
  stdout.resume();
  let errors = '';
  stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  const late = new AbortController();
  const timeout = delay(options.timeoutMs, 'late' as const, { signal: late.signal }).catch(() => ended);
  const result = await Promise.race([ended, timeout]);
  late.abort();
  if (result === 'late') {
    kill('SIGKILL');
    throw timedOut(argv, options);
  }
  if (result !== 0) throw failed(argv, { stderr: errors, exitCode: result }, options);
}

function closed(stream: Socket): Promise<void> {
  return new Promise((resolve) => stream.once('close', () => resolve()));
}
