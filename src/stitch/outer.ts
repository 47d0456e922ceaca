/**
 * What NAT did to the packets that carry others. A tunnel's packet leaves the machine that makes it: no interface shows it as it
 * was before POSTROUTING. Connection tracking knows both sides of it.
 */
import { socketAddress, type Tuple } from '../net/port.ts';
import { trackedTuples } from './conntrack.ts';
import { rewritesBetween } from './path.ts';
import type { Hop, Rewrite, Walk } from './walk.ts';
import type { Wiring } from './wiring.ts';

/** Everything that was translated on a way, outer packets after what they carry. */
export function rewritesOn(hops: readonly Hop[]): Rewrite[] {
  return hops.flatMap(({ rewrites = [], encapsulation }) => [...rewrites, ...(encapsulation?.rewrites ?? [])]);
}

/** The namespaces that sent such packets and have rules, which may have translated them. */
export function tunnelEnds(walks: readonly Walk[], wiring: Wiring): string[] {
  const hops = walks.flatMap((walk) => [...walk.hops, ...walk.replyHops]);
  const senders = hops.filter(outerTuple).map(({ place }) => wiring.namespaceOf(place)!);
  return [...new Set(senders)].filter((namespace) => wiring.hasRules(namespace));
}

/** `tracked`: what `conntrack -L` prints at each place. */
export function withOuterRewrites(walks: readonly Walk[], tracked: ReadonlyMap<string, string>): Walk[] {
  const connections = new Map([...tracked].map(([place, listing]) => [place, trackedTuples(listing)]));
  const translated = (hop: Hop): Hop => {
    const left = outerTuple(hop);
    const sent = left && connections.get(hop.place)?.find(({ answered }) => isAnswerTo(answered, left))?.sent;
    const rewrites = left && sent ? rewritesBetween(sent, left, hop.place, false) : [];
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
