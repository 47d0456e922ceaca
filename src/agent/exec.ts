/** Programs that people run in a lab: with their input and output passed through, on a terminal of their own if asked. */

import { existsSync } from 'node:fs';
import type { Writable } from 'node:stream';
import { start } from '../apply/kernel/command.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import { atPlace } from '../apply/place.ts';
import { passOn } from './flow.ts';
import type { Event, ExecRequest, Input } from './protocol.ts';
import { Terminal } from './terminal.ts';

/** Shells' code for a program that could not be found. */
const NOT_FOUND = 127;
const SIGNALLED = 128;

export class Execution {
  readonly result: Promise<{ exitCode: number }>;
  readonly #terminal: Terminal | undefined;
  readonly #stdin: Writable | undefined;
  readonly #kill: (signal: NodeJS.Signals) => void;

  constructor(request: ExecRequest, emit: (event: Event['event']) => Promise<void> | undefined) {
    const { namespace, folder, surroundings, terminal: size } = request;
    const argv = surroundings ? atPlace(surroundings, request.argv) : request.argv;
    const environment = { ...request.environment, ...surroundings?.environment };
    /** Not every folder of the machine is there in a sandbox: nothing below /run is. */
    const cwd = existsSync(folder) ? folder : '/';
    const options = { cwd, env: environment, extendEnv: false, buffer: false, encoding: 'buffer' } as const;
    const terminal = size && new Terminal(size, (data) => emit({ stdout: data }));
    const child = inside(namespace, () =>
      terminal
        ? start(['setsid', '--ctty', '--wait', ...argv], { ...options, stdio: terminal.stdio })
        : start(argv, { ...options, stdin: 'pipe' }),
    );
    if (child.stdout) passOn(child.stdout, (data) => emit({ stdout: data }));
    if (child.stderr) passOn(child.stderr, (data) => emit({ stderr: data }));
    child.stdin?.on('error', () => {});
    this.#terminal = terminal;
    this.#stdin = terminal?.stream ?? child.stdin ?? undefined;
    this.#kill = (signal) => child.kill(signal);
    this.result = child.then((ended) => {
      terminal?.hangUp();
      if (cannotStart(ended)) void emit({ stderr: Buffer.from(`${request.argv[0]}: not found, or not executable\n`) });
      return { exitCode: exitCode(ended) };
    });
  }

  type(input: Input['input']): void {
    if ('stdin' in input) this.#stdin?.write(input.stdin);
    else if ('end' in input) this.#stdin?.end();
    else if ('signal' in input) this.#kill(input.signal);
    else this.#terminal?.resize(input.resize);
  }

  /** Whoever started it has gone. */
  abandon(): void {
    if (this.#terminal) this.#terminal.hangUp();
    else this.#kill('SIGTERM');
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
