/**
 * Connections that a process opened as any other does: nginx, for a request it passes on. Their numbers are the kernel's own, so
 * they have no mark. What they carry has one (probe/mark.ts), and the process says whom it called; so the SYN is found, and by
 * its number, which nothing on the way changes, the connection at every hop.
 */
import { type Frame, TCP_ACK, TCP_SYN, type Tcp } from '../decode/packet.ts';
import type { Tuple } from '../net/port.ts';
import type { ProbeRun, RelayAttempt, Relayed } from '../probe/probe.ts';
import { type Connections, socketsKey, unwrap } from './identify.ts';
import { tupleOf } from './path.ts';

export interface Told {
  /** With what their relays left out: the sockets of their connections. */
  readonly runs: readonly ProbeRun[];
  /** By the sockets of either end, as each hop has them. */
  readonly unmarked: Connections;
}

export function findUnmarked(runs: readonly ProbeRun[], frames: readonly Frame[]): Told {
  if (!runs.some(({ relayed = [] }) => relayed.some(isUntold))) return { runs, unmarked: new Map() };
  const opened = new Openings(frames);
  const probes = new Map<number, number>();
  const told = runs.map((run) => ({
    ...run,
    ...(run.relayed && { relayed: run.relayed.map((relayed) => tell(relayed, run.id, opened, probes)) }),
  }));
  return { runs: told, unmarked: opened.everywhere(probes) };
}

function isUntold({ program, attempts }: Relayed): boolean {
  return program === 'nginx' && attempts.some(({ opened }) => opened === undefined);
}

/** `probes` gets the numbers that the connections began with. */
function tell(relayed: Relayed, probe: number, opened: Openings, probes: Map<number, number>): Relayed {
  if (!isUntold(relayed)) return relayed;
  const attempts = relayed.attempts.map((attempt): RelayAttempt => {
    const opening = opened.take(relayed.namespace, attempt, probe);
    if (!opening) return attempt;
    probes.set(opening.sequence, probe);
    return { ...attempt, opened: opening.tuple };
  });
  return { ...relayed, attempts };
}

interface Opening {
  readonly namespace: string;
  readonly tuple: Tuple;
  readonly sequence: number;
}

class Openings {
  readonly #syns: readonly { readonly tuple: Tuple; readonly sequence: number }[];
  readonly #left = new Map<string, Opening>();
  /** The probe whose request a connection carried, by its sockets. */
  readonly #carried = new Map<string, number>();

  constructor(frames: readonly Frame[]) {
    const segments = frames.flatMap((frame) => {
      const { packet } = unwrap(frame.packet);
      if (packet?.kind !== 'ip' || packet.transport.kind !== 'tcp') return [];
      return [{ frame, transport: packet.transport, tuple: tupleOf(packet) }];
    });
    const syns = segments.filter(({ transport }) => isSyn(transport));
    this.#syns = syns.map(({ tuple, transport: { sequence } }) => ({ tuple, sequence }));
    for (const { frame, tuple, transport } of syns) {
      const key = `${frame.namespace} ${socketsKey(tuple)}`;
      if (frame.direction === 'out' && !this.#left.has(key))
        this.#left.set(key, { namespace: frame.namespace, tuple, sequence: transport.sequence });
    }
    for (const { tuple, transport } of segments)
      if (transport.mark !== undefined) this.#carried.set(socketsKey(tuple), transport.mark);
  }

  /**
   * The connection of an attempt, once: it carried the probe's request, or, if it did not come about, nobody's. Of several such the
   * first: to whom they lead, they fared alike.
   */
  take(namespace: string, { endpoint, connected }: RelayAttempt, probe: number): Opening | undefined {
    for (const [key, opening] of this.#left) {
      if (opening.namespace !== namespace || opening.tuple.destination !== endpoint) continue;
      if (this.#carried.get(socketsKey(opening.tuple)) !== (connected ? probe : undefined)) continue;
      this.#left.delete(key);
      return opening;
    }
    return undefined;
  }

  everywhere(probes: ReadonlyMap<number, number>): Connections {
    return new Map(
      this.#syns.flatMap(({ tuple, sequence }) => {
        const probe = probes.get(sequence);
        return probe === undefined ? [] : [[socketsKey(tuple), probe] as const];
      }),
    );
  }
}

function isSyn({ flags }: Tcp): boolean {
  return (flags & (TCP_SYN | TCP_ACK)) === TCP_SYN;
}
