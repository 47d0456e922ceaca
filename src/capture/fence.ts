/**
 * A fence is a datagram the namespace sends to itself over lo: once a watcher has shown it, it has shown everything before.
 * That is how one is known to be alive, and its silence to mean something.
 */
import { closeSync } from 'node:fs';
import { AF_INET, bind, connect, getsockname, SOCK_DGRAM, send, socket } from '../apply/kernel/libc.ts';
import { inside } from '../apply/kernel/namespaces.ts';

/** How long a fence is waited for: an emulated machine that shares its processors takes seconds. */
export const FENCE_MS = 30_000;
/** Between two fences: longer and longer, for a watcher that is behind would only fall further behind. */
const FIRST_PAUSE_MS = 20;
const LONGEST_PAUSE_MS = 1000;

export interface Fencing {
  send(): void;
  isSeen(): boolean;
  /** Resolves when there is nothing to wait for any more, because it was seen or the watcher has ended. */
  readonly over: Promise<unknown>;
}

/** Sends fences until one is seen; false when none was, be it that the watcher ended or that it took too long. */
export async function untilSeen({ send, isSeen, over }: Fencing): Promise<boolean> {
  const deadline = performance.now() + FENCE_MS;
  let isOver = false;
  const ended = over.then(() => {
    isOver = true;
  });
  for (let pause = FIRST_PAUSE_MS; !isSeen() && !isOver && performance.now() < deadline; pause *= 2) {
    send();
    await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, Math.min(pause, LONGEST_PAUSE_MS)))]);
  }
  return isSeen();
}

/** Returns the port it is sent from and to. */
export function sendFence(namespace: string, content: Buffer): number {
  return inside(namespace, () => {
    const fd = socket(AF_INET, SOCK_DGRAM, 0);
    try {
      bind(fd, '127.0.0.1', 0);
      const { port } = getsockname(fd);
      connect(fd, '127.0.0.1', port);
      send(fd, content);
      return port;
    } finally {
      closeSync(fd);
    }
  });
}
