/** Output that comes faster than it is taken waits where it comes from: nothing piles up here. */
import type { Readable } from 'node:stream';

/** Takes data; the promise, if there is one, resolves when it takes more. */
export type Taker = (data: Buffer) => Promise<void> | undefined;

/** Passes on what a stream brings, no faster than it is taken. */
export function passOn(from: Readable, take: Taker): void {
  from.on('data', (data: Buffer) => {
    const taken = take(data);
    if (!taken) return;
    from.pause();
    void taken.then(() => from.resume());
  });
}
