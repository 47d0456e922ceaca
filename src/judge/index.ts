/** Walk → Verdict: what was expected against what was seen. */
import type { ConnectionCheck, Count, Expectation, ListingName, Spread, StateCheck } from '../model/check.ts';
import type { Walk } from '../stitch/walk.ts';
import type { Wiring } from '../stitch/wiring.ts';
import { listingMismatches } from './listing.ts';
import { mismatches } from './match.ts';
import type { ConnectionVerdict, Mismatch, StateVerdict } from './verdict.ts';

export { type Mismatch, skipped, type Verdict, type VerdictKind } from './verdict.ts';

/** Judges all walks of a check's connections together. A check without expectations passes when its outcome is certain. */
export function judgeConnections(
  check: ConnectionCheck,
  walks: readonly Walk[],
  wiring: Wiring,
  durationMs: number,
): ConnectionVerdict {
  const base = {
    kind: 'connection' as const,
    check,
    durationMs,
    ...(walks.length > 1 && { spread: countEndpoints(walks) }),
  };
  const [first] = walks;
  if (!first) return { ...base, verdict: 'inconclusive', reason: 'nothing was sent', mismatches: [] };
  const unsupported = walks.find(({ probe }) => probe.result.kind === 'unsupported');
  if (unsupported?.probe.result.kind === 'unsupported') {
    return { ...base, verdict: 'skipped', reason: unsupported.probe.result.reason, mismatches: [] };
  }
  const doubtful = walks.find(({ doubt }) => doubt !== undefined);
  if (doubtful) return { ...base, verdict: 'inconclusive', reason: doubtful.doubt!, mismatches: [], walk: doubtful };
  const judged = walks.map((walk) => ({ walk, found: mismatches(check.expect ?? {}, walk, wiring) }));
  const failed = judged.find(({ found }) => found.length > 0);
  const found = [...(failed?.found ?? []), ...spreadMismatches(check.expect, walks)];
  const decisive = failed?.walk ?? first;
  return {
    ...base,
    verdict: found.length > 0 ? 'fail' : 'pass',
    reason: found.length > 0 ? explain(found, decisive) : decisive.reason,
    mismatches: found,
    walk: decisive,
  };
}

/** Judges what listing commands printed. */
export function judgeState(
  check: StateCheck,
  listings: ReadonlyMap<ListingName, string>,
  durationMs: number,
): StateVerdict {
  const found = check.listings.flatMap((asked): Mismatch[] => {
    const listing = listings.get(asked.name);
    if (listing === undefined) return [{ field: asked.name, expected: 'a listing', observed: 'there is none' }];
    return listingMismatches(asked, listing);
  });
  return {
    kind: 'state',
    check,
    verdict: found.length > 0 ? 'fail' : 'pass',
    reason:
      found.length > 0
        ? found.map(({ field, expected, observed }) => `${field}: expected ${expected}, but ${observed}`).join('; ')
        : `${check.at} is as expected`,
    mismatches: found,
    listings: Object.fromEntries(listings),
    durationMs,
  };
}

function explain(found: readonly Mismatch[], walk: Walk): string {
  const [first] = found;
  const summary = `${first!.field}: expected ${first!.expected}, observed ${first!.observed}`;
  const others = found.length > 1 ? ` (and ${found.length - 1} more)` : '';
  const fate = first!.field !== 'outcome' && walk.outcome !== 'delivered' ? `; ${walk.reason}` : '';
  return `${summary}${others}${fate}`;
}

function countEndpoints(walks: readonly Walk[]): Record<string, number> {
  const counts = new Map<string, number>();
  for (const { outcome, endpoint } of walks) {
    const key = outcome === 'delivered' ? (endpoint ?? 'unknown') : outcome;
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function spreadMismatches(expect: Expectation | undefined, walks: readonly Walk[]): Mismatch[] {
  if (!expect?.spread) return [];
  const counts = countEndpoints(walks.filter(({ outcome }) => outcome === 'delivered'));
  const observed =
    Object.entries(counts)
      .map(([endpoint, count]) => `${endpoint}: ${count}`)
      .join(', ') || 'nothing was delivered';
  return fitsSpread(expect.spread, counts)
    ? []
    : [{ field: 'spread', expected: formatSpread(expect.spread), observed }];
}

function fitsSpread(spread: Spread, counts: Readonly<Record<string, number>>): boolean {
  const used = Object.keys(counts);
  switch (spread.over) {
    case 'one':
      return used.length === 1;
    case 'several':
      return used.length > 1;
    case 'all':
      return spread.endpoints.length === used.length && spread.endpoints.every((endpoint) => used.includes(endpoint));
    case 'counts':
      return Object.entries(spread.counts).every(([endpoint, count]) => fitsCount(counts[endpoint] ?? 0, count));
  }
}

function fitsCount(observed: number, count: Count): boolean {
  return 'exactly' in count ? observed === count.exactly : observed >= count.min;
}

function formatSpread(spread: Spread): string {
  switch (spread.over) {
    case 'one':
      return 'all to one endpoint';
    case 'several':
      return 'over several endpoints';
    case 'all':
      return `over all of ${spread.endpoints.join(', ')}`;
    case 'counts':
      return Object.entries(spread.counts)
        .map(([endpoint, count]) => `${endpoint}: ${'exactly' in count ? count.exactly : `>= ${count.min}`}`)
        .join(', ');
  }
}
