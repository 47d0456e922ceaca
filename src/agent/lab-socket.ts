/**
 * The socket of a lab that is to stay, from the side of the process that holds the lab. Until somebody has connected, the
 * lab is its maker's, whose end is seen on standard input: a maker that is killed half-way leaves nothing behind.
 */
import { existsSync, rmdirSync, rmSync, statSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { basename, dirname, join } from 'node:path';

/** In the lab's folder: what its process has printed, and the description it has from when it stays. */
export const LOG = 'agent.log';
export const RECORD = 'lab.json';

export class LabSocket {
  readonly #folder: string;
  readonly #name: string;
  #connected = false;
  #orphaned = false;

  /** Works in the lab's folder from now on: what is mounted over it later, as on /run, is not in the way. */
  constructor(path: string) {
    this.#folder = basename(dirname(path));
    this.#name = basename(path);
    process.chdir(dirname(path));
    process.stdin
      .on('error', () => {})
      .on('close', () => {
        this.#orphaned = true;
        if (!this.#connected) this.leave();
      })
      .resume();
  }

  listen(serve: (connection: Socket) => void): void {
    createServer((connection) => {
      this.#connected = true;
      serve(connection);
    }).listen(this.#name);
  }

  /** Ends the process. The lab's folder goes too, unless somebody may still want to know what became of the lab. */
  leave(exitCode = 0): never {
    rmSync(this.#name, { force: true });
    const hasWords = (statSync(LOG, { throwIfNoEntry: false })?.size ?? 0) > 0;
    if (!existsSync(RECORD) && (this.#orphaned || !hasWords)) this.#removeFolder();
    process.exit(exitCode);
  }

  #removeFolder(): void {
    rmSync(LOG, { force: true });
    try {
      rmdirSync(join('..', this.#folder));
    } catch {}
  }
}
