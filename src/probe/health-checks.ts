/** The health checks of outside load balancers: each backend is asked again and again, by a connection from the balancer's namespace. */
import { closeSync } from 'node:fs';
import { request } from 'node:http';
import { Socket } from 'node:net';
import { SystemCallError } from '../apply/kernel/errors.ts';
import { connect, SOCK_NONBLOCK, SOCK_STREAM, socketFor } from '../apply/kernel/libc.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import type { HealthCheck } from '../compile/health-check.ts';
import { socketAddress } from '../net/port.ts';
import { deadline } from './deadline.ts';
import { chooseSequence } from './sequence.ts';

const INTERVAL_MS = 1000;
const ANSWER_MS = 1000;
/** No probe has that id: what belongs to a check is no probe's. */
const UNMARKED = 0;

interface Watch {
  round(): Promise<void>;
}

export class HealthChecks {
  readonly #watches = new Set<Watch>();
  #timer: NodeJS.Timeout | undefined;

  /** `changed` is told which of the backends are well, whenever others are than before; those without a check always are. Returns what ends it. */
  watch<B extends { readonly check?: HealthCheck }>(
    namespace: string,
    backends: readonly B[],
    changed: (well: readonly B[]) => void | Promise<void>,
  ): () => void {
    let last: string | undefined;
    const watch: Watch = {
      round: async () => {
        const results = await Promise.all(backends.map(({ check }) => check === undefined || isWell(namespace, check)));
        if (!this.#watches.has(watch) || results.join() === last) return;
        last = results.join();
        await changed(backends.filter((_, index) => results[index]));
      },
    };
    this.#watches.add(watch);
    this.#timer ??= setInterval(() => void this.round(), INTERVAL_MS);
    return () => {
      this.#watches.delete(watch);
      if (this.#watches.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  /** Asks everybody once, now. */
  async round(): Promise<void> {
    await Promise.all([...this.#watches].map((watch) => watch.round()));
  }
}

function isWell(namespace: string, { address, port, path }: HealthCheck): Promise<boolean> {
  const fd = inside(namespace, () => open(address, port));
  if (fd === undefined) return Promise.resolve(false);
  return new Promise((resolve) => {
    const connection = new Socket({ fd, readable: true, writable: true });
    const finish = (result: boolean) => {
      cancel();
      connection.destroy();
      resolve(result);
    };
    const cancel = deadline(ANSWER_MS, () => finish(false));
    connection.on('error', () => finish(false));
    if (path === undefined) {
      /** Nothing can be written before the connection stands. */
      connection.write('', (error) => finish(!error));
      return;
    }
    const headers = { host: socketAddress(address, port), connection: 'close' };
    request({ createConnection: () => connection, path, headers })
      .on('response', ({ statusCode }) => finish(statusCode === 200))
      .on('error', () => finish(false))
      .end();
  });
}

function open(address: string, port: number): number | undefined {
  let fd: number | undefined;
  try {
    fd = socketFor(address, SOCK_STREAM | SOCK_NONBLOCK);
    chooseSequence(fd, UNMARKED);
    connect(fd, address, port);
    return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    if (!(error instanceof SystemCallError)) throw error;
    return undefined;
  }
}
