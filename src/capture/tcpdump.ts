/** One tcpdump a namespace, on all its interfaces at once, for as long as the lab is watched. Fences show that it is alive. */

import { randomBytes } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type Launched, launch } from '../apply/kernel/launch.ts';
import { listLinks } from '../apply/kernel/links.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import { type Capture, FENCE } from './capture.ts';
import { FENCE_MS, sendFence, untilSeen } from './fence.ts';

/** Enough of every packet to know it and to show it; frames of the usual MTU fit whole. */
const SNAPLEN = 2048;
/** KiB of kernel buffer: all captures of a lab share this much, each gets something in between. */
const BUFFERS = { together: 512 * 1024, most: 16 * 1024, least: 2 * 1024 };
/** All captures of a lab together. */
const MAX_BYTES = 512 * 1024 * 1024;

const ARGUMENTS = [
  '-i',
  'any',
  '-w',
  '-',
  '-U',
  '--immediate-mode',
  '-s',
  String(SNAPLEN),
  '--time-stamp-precision=nano',
  '-n',
];

export class Captures {
  readonly #running: RunningCapture[];

  private constructor(running: RunningCapture[]) {
    this.#running = running;
  }

  /** Resolves when every capture has shown that it is alive, or failed to within the time. Throws when there is no tcpdump. */
  static async start(namespaces: readonly string[]): Promise<Captures> {
    const count = Math.max(1, namespaces.length);
    const buffer = Math.max(BUFFERS.least, Math.min(BUFFERS.most, Math.floor(BUFFERS.together / count)));
    const captures = new Captures(
      namespaces.map((namespace) => new RunningCapture(namespace, buffer, Math.floor(MAX_BYTES / count))),
    );
    await captures.fence();
    return captures;
  }

  /** Waits until everything sent so far stands in the captures; those that do not answer in time are blind from then on. */
  async fence(): Promise<void> {
    await Promise.all(this.#running.map((capture) => capture.fence()));
  }

  async stop(): Promise<Capture[]> {
    return Promise.all(this.#running.map((capture) => capture.stop()));
  }
}

class RunningCapture {
  readonly #namespace: string;
  readonly #process: Launched;
  readonly #chunks: Buffer[] = [];
  readonly #maxBytes: number;
  #bytes = 0;
  #errors = '';
  #blind: string | undefined;
  #waiting: { readonly mark: Buffer; readonly seen: () => void } | undefined;

  constructor(namespace: string, buffer: number, maxBytes: number) {
    this.#namespace = namespace;
    this.#maxBytes = maxBytes;
    /** As root tcpdump would change to a user that cannot be told to stop. */
    const user = process.getuid?.() === 0 ? ['-Z', 'root'] : [];
    this.#process = inside(namespace, () => launch(['tcpdump', ...ARGUMENTS, '-B', String(buffer), ...user]));
    this.#process.stdout.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#process.stderr.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    void this.#process.ended.then(() => {
      this.#blind ??= 'tcpdump ended';
    });
  }

  async fence(): Promise<void> {
    const mark = Buffer.from(FENCE + randomBytes(8).toString('hex'));
    let seen = false;
    const arrived = new Promise<void>((resolve) => {
      this.#waiting = {
        mark,
        seen: () => {
          seen = true;
          resolve();
        },
      };
    });
    const arrivedInTime = await untilSeen({
      send: () => sendFence(this.#namespace, mark),
      isSeen: () => seen,
      over: Promise.race([arrived, this.#process.ended]),
    });
    this.#waiting = undefined;
    if (!arrivedInTime) this.#blind ??= `the capture did not show its own test packet within ${FENCE_MS / 1000} s`;
  }

  async stop(): Promise<Capture> {
    const links = listLinks(this.#namespace);
    const blind = this.#blind;
    this.#process.kill('SIGINT');
    await Promise.race([this.#process.ended, delay(2000)]);
    this.#process.kill('SIGKILL');
    await this.#process.ended;
    const dropped = Number(/(\d+) packets? dropped by kernel/.exec(this.#errors)?.[1] ?? 0);
    return {
      namespace: this.#namespace,
      pcap: Buffer.concat(this.#chunks),
      links,
      dropped,
      ...(blind !== undefined
        ? { blind: `${blind}${this.#complaint()}` }
        : dropped > 0 && { blind: `the kernel left ${dropped} packets out` }),
    };
  }

  #receive(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes > this.#maxBytes) {
      this.#blind ??= `more than ${Math.floor(this.#maxBytes / 1024 / 1024)} MiB were captured`;
      return;
    }
    this.#chunks.push(chunk);
    if (!this.#waiting) return;
    const recent = Buffer.concat(this.#chunks.slice(-2));
    if (recent.includes(this.#waiting.mark)) this.#waiting.seen();
  }

  /** What tcpdump said when it failed, without what it always says. */
  #complaint(): string {
    const words = this.#errors
      .split('\n')
      .filter(
        (line) => line.trim() !== '' && !/data link type|listening on|packets? (captured|received|dropped)/.test(line),
      );
    return words.length > 0 ? `: ${words.join('; ')}` : '';
  }
}
