/** Whose turn it is (kubernetes pkg/proxy/userspace/roundrobin.go). */
import type { Relay } from '../../compile/relay.ts';
import type { SocketAddress } from '../../net/port.ts';
import { socketAddress } from '../../net/port.ts';

type Turns = Pick<Relay, 'endpoints' | 'affinitySeconds'>;

interface Remembered {
  readonly endpoint: SocketAddress;
  readonly lastUsedMs: number;
}

export class RoundRobin {
  #endpoints: readonly SocketAddress[];
  #affinitySeconds: number | undefined;
  #next = 0;
  /** By address. */
  readonly #clients = new Map<string, Remembered>();
  readonly #now: () => number;

  /** `now` in milliseconds. */
  constructor({ endpoints, affinitySeconds }: Turns, now: () => number = () => performance.now()) {
    this.#endpoints = endpoints;
    this.#affinitySeconds = affinitySeconds;
    this.#now = now;
  }

  /** Other endpoints begin anew; clients of those that go are forgotten. */
  update({ endpoints, affinitySeconds }: Turns): void {
    this.#affinitySeconds = affinitySeconds;
    const wanted = new Set(endpoints.map(textOf));
    if (wanted.size === this.#endpoints.length && this.#endpoints.every((endpoint) => wanted.has(textOf(endpoint))))
      return;
    this.#endpoints = endpoints;
    this.#next = 0;
    for (const [client, { endpoint }] of this.#clients) if (!wanted.has(textOf(endpoint))) this.#clients.delete(client);
  }

  /** The endpoint for a client's next connection. `anew`: the one it had did not take it. Undefined when there is none. */
  take(client: string, anew: boolean): SocketAddress | undefined {
    const sticky = this.#affinitySeconds !== undefined;
    const known = this.#clients.get(client);
    if (sticky && known && !anew && this.#seconds(known) < this.#affinitySeconds!)
      return this.#remember(client, known.endpoint);
    const endpoint = this.#endpoints[this.#next];
    if (!endpoint) return undefined;
    this.#next = (this.#next + 1) % this.#endpoints.length;
    return sticky ? this.#remember(client, endpoint) : endpoint;
  }

  #seconds({ lastUsedMs }: Remembered): number {
    return Math.floor((this.#now() - lastUsedMs) / 1000);
  }

  #remember(client: string, endpoint: SocketAddress): SocketAddress {
    this.#clients.set(client, { endpoint, lastUsedMs: this.#now() });
    return endpoint;
  }
}

function textOf({ address, port }: SocketAddress): string {
  return socketAddress(address, port);
}
