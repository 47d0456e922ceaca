/** Who reads from descriptors that Node has no event for: TUN devices, packet sockets. */
import { waitReadable } from '../apply/kernel/libc.ts';

/** A process ends only when nobody waits on another thread: this is how long that may take. */
const PATIENCE_MS = 50;

export class Readers {
  readonly #readers = new Map<number, () => void>();
  #isServing = false;

  /** Calls `read` whenever there may be something to read, which must not wait. Returns what ends that, before it is closed. */
  add(fd: number, read: () => void): () => void {
    this.#readers.set(fd, read);
    void this.#serve();
    return () => this.#readers.delete(fd);
  }

  /** As long as there are any. */
  async #serve(): Promise<void> {
    if (this.#isServing) return;
    this.#isServing = true;
    while (this.#readers.size > 0)
      for (const fd of await waitReadable([...this.#readers.keys()], PATIENCE_MS)) this.#readers.get(fd)?.();
    this.#isServing = false;
  }
}
