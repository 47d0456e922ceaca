/** A pseudoterminal: the near end is ours, the far end a program's. */

import { closeSync, constants, openSync, readSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import type { Options } from 'execa';
import { resizeTerminal, unlockTerminal } from '../apply/kernel/libc.ts';
import { passOn, type Taker } from './flow.ts';
import type { TerminalSize } from './protocol.ts';

const FLAGS = constants.O_RDWR | constants.O_NOCTTY;

/**
 * The far end stays open here until the program has ended: at the moment nobody holds it any more, libuv takes a read
 * of less than 64 KiB for the last one (uv__stream_io, POLLHUP), though a terminal hands out 4 KiB at a time.
 */
export class Terminal {
  /** What is written to it is typed. */
  readonly stream: ReadStream;
  readonly #near: number;
  readonly #far: number;
  readonly #show: Taker;

  constructor(size: TerminalSize, show: Taker) {
    this.#near = openSync('/dev/ptmx', FLAGS | constants.O_NONBLOCK);
    this.#far = openSync(unlockTerminal(this.#near), FLAGS);
    this.#show = show;
    this.stream = new ReadStream(this.#near);
    this.stream.on('error', () => {});
    passOn(this.stream, show);
    this.resize(size);
  }

  /** execa passes descriptors on, though its types know only its own way to say so. */
  get stdio(): Options['stdio'] {
    return [this.#far, this.#far, this.#far] as unknown as Options['stdio'];
  }

  resize({ columns, rows }: TerminalSize): void {
    if (!this.stream.destroyed) resizeTerminal(this.#near, columns, rows);
  }

  /** Shows what was printed last, and closes: SIGHUP tells programs that still hold the far end. */
  hangUp(): void {
    if (this.stream.destroyed) return;
    this.#drain();
    this.stream.destroy();
    closeSync(this.#far);
  }

  #drain(): void {
    for (let data = this.stream.read(); data !== null; data = this.stream.read()) void this.#show(data);
    const data = Buffer.alloc(4096);
    try {
      for (let bytes = readSync(this.#near, data); bytes > 0; bytes = readSync(this.#near, data))
        void this.#show(Buffer.from(data.subarray(0, bytes)));
    } catch {
      /** EAGAIN: that was all. */
    }
  }
}
