/** Programs that people run in a lab: with their input and output passed through, on a terminal of their own if asked. */

import { closeSync, constants, openSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { ReadStream, WriteStream } from 'node:tty';
import type { Options } from 'execa';
import { start } from '../apply/kernel/command.ts';
import { resizeTerminal, unlockTerminal } from '../apply/kernel/libc.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import type { Event, ExecRequest, Input } from './protocol.ts';

/** Shells' code for a program that could not be found. */
const NOT_FOUND = 127;
const SIGNALLED = 128;

export class Execution {
  readonly result: Promise<{ exitCode: number }>;
  readonly #terminal: number | undefined;
  readonly #kill: (signal: NodeJS.Signals) => void;
  #stdin: Writable | undefined;

  constructor(request: ExecRequest, emit: (event: Event['event']) => void) {
    const { argv, namespace, folder, environment, terminal } = request;
    const options = { cwd: folder, env: environment, extendEnv: false, buffer: false, encoding: 'buffer' } as const;
    if (terminal) {
      const master = openSync('/dev/ptmx', constants.O_RDWR | constants.O_NOCTTY);
      const slave = openSync(unlockTerminal(master), constants.O_RDWR | constants.O_NOCTTY);
      resizeTerminal(master, terminal.columns, terminal.rows);
      /** execa passes descriptors on, though its types know only its own way to say so. */
      const stdio = [slave, slave, slave] as unknown as Options['stdio'];
      const child = inside(namespace, () =>
        start(['setsid', '--ctty', '--wait', ...argv], { ...options, stdio } as Options),
      );
      closeSync(slave);
      const output = new ReadStream(master);
      output.on('data', (data: Buffer) => emit({ stdout: data }));
      /** The master reports an error when the last program has let go of the terminal. */
      output.on('error', () => {});
      this.#terminal = master;
      this.#stdin = new WriteStream(master);
      this.#kill = (signal) => child.kill(signal);
      this.result = child.then((ended) => ({ exitCode: exitCode(ended) }));
      return;
    }
    const child = inside(namespace, () => start(argv, { ...options, stdin: 'pipe' }));
    child.stdout?.on('data', (data: Buffer) => emit({ stdout: data }));
    child.stderr?.on('data', (data: Buffer) => emit({ stderr: data }));
    this.#stdin = child.stdin ?? undefined;
    this.#stdin?.on('error', () => {});
    this.#kill = (signal) => child.kill(signal);
    this.result = child.then((ended) => {
      if (cannotStart(ended)) emit({ stderr: Buffer.from(`${argv[0]}: not found, or not executable\n`) });
      return { exitCode: exitCode(ended) };
    });
  }

  type(input: Input['input']): void {
    if ('stdin' in input) this.#stdin?.write(input.stdin);
    else if ('end' in input) this.#stdin?.end();
    else if ('signal' in input) this.#kill(input.signal);
    else if (this.#terminal !== undefined) resizeTerminal(this.#terminal, input.resize.columns, input.resize.rows);
  }

  /** Whoever started it has gone. */
  abandon(): void {
    this.#kill(this.#terminal === undefined ? 'SIGTERM' : 'SIGHUP');
  }
}

interface Ended {
  readonly exitCode?: number;
  readonly code?: string;
  readonly signal?: string;
}

/** EACCES also means that some folder of the PATH could not be searched. */
function cannotStart({ code }: Ended): boolean {
  return code === 'ENOENT' || code === 'EACCES';
}

function exitCode(ended: Ended): number {
  if (cannotStart(ended)) return NOT_FOUND;
  return ended.exitCode ?? (ended.signal === undefined ? 1 : SIGNALLED);
}
