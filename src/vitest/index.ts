/**
 * Matchers for vitest. Importing this file adds them:
 *
 *   import 'packetwalk/vitest';
 *   const walk = await topology.walk('host/client', 'nodeport/web:80@node1');
 *   expect(walk).toBeDeliveredTo('pod/web-0');
 *   expect(walk).toPass(['host/client', 'node/node1', 'node/node2', 'pod/web-0']);
 */
import picocolors from 'picocolors';
import { expect } from 'vitest';
import { placesOf } from '../judge/match.ts';
import type { Outcome } from '../model/cluster.ts';
import { addressOf } from '../net/port.ts';
import { formatWalk } from '../report/walk-text.ts';
import { rewritesOn } from '../stitch/outer.ts';
import type { Walk } from '../stitch/walk.ts';

interface WalkMatchers<R = unknown> {
  /** An answer came back. */
  toBeDelivered(): R;
  /** An answer came back, from this place. */
  toBeDeliveredTo(place: string): R;
  /** The packet met this fate (docs/outcomes.md). */
  toEndAs(outcome: Outcome): R;
  /** The packet passed these places, and no others. */
  toPass(places: readonly string[]): R;
  /** The endpoint saw this address. */
  toShowSource(address: string): R;
  /** Nothing translated an address on the way there. */
  toBeUntranslated(): R;
}

declare module 'vitest' {
  // biome-ignore lint/suspicious/noExplicitAny: the signature is vitest's own
  interface Assertion<T = any> extends WalkMatchers<T> {}
  interface AsymmetricMatchersContaining extends WalkMatchers {}
}

function verdict(walk: Walk, pass: boolean, wanted: string) {
  const shown = formatWalk(walk, picocolors.createColors(false), '  ').join('\n');
  return {
    pass,
    message: () =>
      `expected the packet ${pass ? 'not ' : ''}${wanted}; it was ${walk.outcome}: ${walk.reason}\n${shown}`,
  };
}

expect.extend({
  toBeDelivered: (walk: Walk) => verdict(walk, walk.outcome === 'delivered', 'to be delivered'),
  toBeDeliveredTo: (walk: Walk, place: string) =>
    verdict(walk, walk.outcome === 'delivered' && walk.endpoint === place, `to be delivered to ${place}`),
  toEndAs: (walk: Walk, outcome: Outcome) => verdict(walk, walk.outcome === outcome, `to end as ${outcome}`),
  toPass: (walk: Walk, places: readonly string[]) => {
    const passed = placesOf(walk.hops).map(({ place }) => place);
    return verdict(walk, passed.join(' ') === places.join(' '), `to pass ${places.join(' → ')}`);
  },
  toShowSource: (walk: Walk, address: string) =>
    verdict(
      walk,
      walk.sourceSeen !== undefined && addressOf(walk.sourceSeen) === address,
      `to be seen from ${address}`,
    ),
  toBeUntranslated: (walk: Walk) => verdict(walk, rewritesOn(walk.hops).length === 0, 'to be untranslated'),
});

export type { WalkMatchers };
