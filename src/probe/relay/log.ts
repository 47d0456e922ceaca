/** What relays did with probes: each is written down as long as somebody follows it. */
import { setTimeout as delay } from 'node:timers/promises';
import type { SocketAddress } from '../../net/port.ts';
import { socketAddress, type Tuple } from '../../net/port.ts';
import type { RelayAttempt, Relayed } from '../probe.ts';

/** Filled in while the attempt goes on. */
export type OpenAttempt = { -readonly [K in keyof RelayAttempt]: RelayAttempt[K] };

export class RelayLog {
  readonly #followed = new Map<number, Relayed[]>();

  /** From now on; `id` is a probe's. */
  follow(id: number): void {
    this.#followed.set(id, []);
  }

  /** Resolves when something has been written about a probe that is followed, or after so long. */
  async written(id: number, withinMs: number): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (this.#followed.get(id)?.length === 0 && performance.now() < deadline) await delay(2);
  }

  /** Until now. */
  end(id: number): readonly Relayed[] {
    const relayed = this.#followed.get(id) ?? [];
    this.#followed.delete(id);
    return structuredClone(relayed);
  }

  write(id: number, relayed: Relayed): void {
    this.#followed.get(id)?.push(relayed);
  }
}

export function tupleOf(source: SocketAddress, destination: SocketAddress): Tuple {
  return {
    source: socketAddress(source.address, source.port),
    destination: socketAddress(destination.address, destination.port),
  };
}
