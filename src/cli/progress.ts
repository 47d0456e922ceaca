/** One line on a terminal that says how far a long run is; nothing elsewhere. */
import { COLUMNS, colors } from './output.ts';

const DELAY_MS = 1000;

export class Progress {
  readonly #total: number;
  readonly #started = performance.now();
  readonly #running = new Set<string>();
  #done = 0;
  #shown = false;

  constructor(total: number) {
    this.#total = total;
  }

  begin(name: string): void {
    this.#running.add(name);
    this.#show();
  }

  end(name: string): void {
    this.#running.delete(name);
    this.#done++;
    this.#show();
  }

  /** Clears the line, so that something else can be printed. */
  hide(): void {
    if (this.#shown) process.stderr.write('\r\x1b[K');
    this.#shown = false;
  }

  #show(): void {
    if (!process.stderr.isTTY || performance.now() - this.#started < DELAY_MS) return;
    const line = `${this.#done} of ${this.#total} labs · ${[...this.#running].join(', ')}`;
    process.stderr.write(`\r\x1b[K${colors.dim(line.slice(0, COLUMNS))}`);
    this.#shown = true;
  }
}
