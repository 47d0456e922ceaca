/**
 * What NAT did to the packets that carry others. A tunnel's packet leaves the machine that makes it: no interface shows it as it
 * was before POSTROUTING. Connection tracking knows both sides of it.
 */
import { type Family, familyIn } from '../net/address.ts';
import { socketAddress, type Tuple } from '../net/port.ts';
import { trackedTuples } from './conntrack.ts';
import { rewritesBetween } from './path.ts';
import type { Hop, Rewrite, Walk } from './walk.ts';
import type { Wiring } from './wiring.ts';

/** Everything that was translated on a way, outer packets after what they carry. */
export function rewritesOn(hops: readonly Hop[]): Rewrite[] {
  return hops.flatMap(({ rewrites = [], encapsulation }) => [...rewrites, ...(encapsulation?.rewrites ?? [])]);
}

/** Who sent such packets, and of which family. */
export interface TunnelEnd {
  readonly place: string;
  readonly namespace: string;
  readonly family: Family;
}

/** Those that have rules, which may have translated the packets; each once. */
export function tunnelEnds(walks: readonly Walk[], wiring: Wiring): TunnelEnd[] {
  const ends = new Map<string, TunnelEnd>();
  for (const hop of walks.flatMap((walk) => [...walk.hops, ...walk.replyHops])) {
    if (!outerTuple(hop)) continue;
    const { place, encapsulation } = hop;
    const end = { place, namespace: wiring.namespaceOf(place)!, family: familyIn(encapsulation!.source) };
    if (wiring.hasRules(end.namespace)) ends.set(JSON.stringify(end), end);
  }
  return [...ends.values()];
}

/** `tracked`: what `conntrack -L` prints at each end. */
export function withOuterRewrites(
  walks: readonly Walk[],
  tracked: readonly (Pick<TunnelEnd, 'place'> & { readonly listing: string })[],
): Walk[] {
  const connections = tracked.map(({ place, listing }) => ({ place, tuples: trackedTuples(listing) }));
  const translated = (hop: Hop): Hop => {
    const left = outerTuple(hop);
    if (!left) return hop;
    const own = connections.flatMap(({ place, tuples }) => (place === hop.place ? tuples : []));
    const sent = own.find(({ answered }) => isAnswerTo(answered, left))?.sent;
    const rewrites = sent ? rewritesBetween(sent, left, hop.place, false) : [];
    return rewrites.length > 0 ? { ...hop, encapsulation: { ...hop.encapsulation!, rewrites } } : hop;
  };
  return walks.map((walk) => ({
    ...walk,
    hops: walk.hops.map(translated),
    replyHops: walk.replyHops.map(translated),
  }));
}

/** Of a tunnel over UDP, where its packet leaves. */
function outerTuple({ direction, encapsulation }: Hop): Tuple | undefined {
  const { source, destination, sourcePort, port } = encapsulation ?? {};
  if (direction !== 'out' || sourcePort === undefined) return undefined;
  return { source: socketAddress(source!, sourcePort), destination: socketAddress(destination!, port!) };
}

function isAnswerTo(answer: Tuple, { source, destination }: Tuple): boolean {
  return answer.source === destination && answer.destination === source;
}
