/** What connection tracking knows of a walk's connection. */
import { addressOf, socketAddress, type Tuple } from '../net/port.ts';
import type { Hop } from './walk.ts';

export interface TrackedConnections {
  readonly place: string;
  /** Lines of `conntrack -L`. */
  readonly entries: readonly string[];
}

/** The lines of a listing that are about a connection some hop belongs to. */
export function connectionsOf(listing: string, hops: readonly Hop[]): string[] {
  const wanted = new Set(
    hops.flatMap(({ packet }) => [
      tupleText(packet.source, packet.destination),
      tupleText(packet.destination, packet.source),
    ]),
  );
  return listing
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '))
    .filter((line) =>
      [...line.matchAll(/src=(\S+) dst=(\S+)(?: sport=(\d+) dport=(\d+))?/g)].some(([text]) => wanted.has(text)),
    );
}

/** A connection as its packets were before translation, and as those of the other direction are expected. */
export interface TrackedTuples {
  readonly sent: Tuple;
  readonly answered: Tuple;
}

/** Of the lines of a listing that have ports. */
export function trackedTuples(listing: string): TrackedTuples[] {
  return listing.split('\n').flatMap((line) => {
    const [sent, answered] = [...line.matchAll(/src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g)].map(
      ([, source = '', destination = '', sourcePort, destinationPort]): Tuple => ({
        source: socketAddress(source, Number(sourcePort)),
        destination: socketAddress(destination, Number(destinationPort)),
      }),
    );
    return sent && answered ? [{ sent, answered }] : [];
  });
}

function tupleText(source: string, destination: string): string {
  const ports = source === addressOf(source) ? '' : ` sport=${portOf(source)} dport=${portOf(destination)}`;
  return `src=${addressOf(source)} dst=${addressOf(destination)}${ports}`;
}

function portOf(socket: string): string {
  return socket.slice(socket.lastIndexOf(':') + 1);
}
