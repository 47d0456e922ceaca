/** When a packet was seen: all captures share a clock. */
import type { Sighting } from './identify.ts';

/** Nanoseconds from one sighting to another: exact in a double, as long as they are less than a hundred days apart. */
export function elapsed(from: Sighting, to: Sighting): number {
  return (to.frame.seconds - from.frame.seconds) * 1e9 + (to.frame.nanoseconds - from.frame.nanoseconds);
}

export function byTime(a: Sighting, b: Sighting): number {
  return elapsed(b, a);
}

/** Where a packet was seen first: who sent it. */
export function origin(sightings: readonly Sighting[]): Sighting {
  return sightings.toSorted(byTime)[0]!;
}
