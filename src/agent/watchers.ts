/** What watches a lab on behalf of one connection. It ends with the connection: an interrupted command leaves nothing behind. */

interface Watcher {
  stop(): Promise<unknown>;
}

/** Watchers of one kind, each known by a number. */
export class Watchers<T extends Watcher> {
  readonly #running = new Map<number, T>();
  #nextHandle = 1;
  #ended = false;

  /** One that is ready only after the connection has ended is stopped at once. */
  keep(watcher: T): number {
    const handle = this.#nextHandle++;
    if (this.#ended) stop(watcher);
    else this.#running.set(handle, watcher);
    return handle;
  }

  get(handle: number): T | undefined {
    return this.#running.get(handle);
  }

  /** Hands it over: stopping it is the caller's business now. */
  take(handle: number): T | undefined {
    const watcher = this.#running.get(handle);
    this.#running.delete(handle);
    return watcher;
  }

  end(): void {
    this.#ended = true;
    for (const watcher of this.#running.values()) stop(watcher);
    this.#running.clear();
  }
}

/** Nobody is left who could be told that it failed. */
function stop(watcher: Watcher): void {
  watcher.stop().catch(() => {});
}
