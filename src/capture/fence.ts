/**
 * A fence is a datagram the namespace sends to itself over lo: once a watcher has shown it, it has shown everything before.
 * That is how one is known to be alive, and its silence to mean something.
 */
import { closeSync } from 'node:fs';
import { AF_INET, bind, connect, getsockname, SOCK_DGRAM, send, socket } from '../apply/kernel/libc.ts';
import { inside } from '../apply/kernel/namespaces.ts';

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
