/** What was traced, as the rules each packet of a walk met at each place. */
import type { RuleTrace } from '../capture/rule-trace.ts';
import { addressOf } from '../net/port.ts';
import { type Balancing, balancingsOf } from './ipvs.ts';
import { readTrace, type TracedPacket } from './rule-trace.ts';
import type { MatchedRule } from './trace-line.ts';
import type { Hop, Walk } from './walk.ts';
import type { Wiring } from './wiring.ts';

export type { MatchedRule } from './trace-line.ts';

/** The rules one packet met during one stay at a place, in order. A relay ends one stay and begins another. */
export interface RulesAtPlace {
  readonly place: string;
  readonly direction: 'forward' | 'reply';
  readonly rules: readonly MatchedRule[];
}

/** For every place a walk passes that has rules: the ones that matched its packets. */
export function rulesOf(walk: Walk, traces: readonly RuleTrace[], wiring: Wiring): RulesAtPlace[] {
  const packets = traces.flatMap(readTrace);
  const balancings = balancingsOf(walk, traces, wiring);
  return [...stays(walk.hops, 'forward'), ...stays(walk.replyHops, 'reply')].flatMap(({ place, direction, hops }) => {
    const packet = packets.find(
      (packet) => wiring.placeOf(packet.namespace) === place && hops.some((hop) => isPacketOf(packet, hop, walk)),
    );
    if (!packet) return [];
    const balancing = direction === 'forward' ? balancings.find((each) => each.place === place) : undefined;
    const rules = balancing ? throughIpvs(packet, balancing, packets) : packet.rules;
    return rules.length > 0 ? [{ place, direction, rules }] : [];
  });
}

/** A place not all of whose rules could be read, and why. */
export interface Unread {
  readonly place: string;
  readonly reason: string;
}

export function unreadRules(traces: readonly RuleTrace[], wiring: Wiring): Unread[] {
  return traces.flatMap(({ namespace, blind }) =>
    blind === undefined ? [] : [{ place: wiring.placeOf(namespace), reason: blind }],
  );
}

/** IPVS takes what the rules of INPUT or OUTPUT let through, and sends another packet with the same content. */
function throughIpvs(packet: TracedPacket, balancing: Balancing, packets: readonly TracedPacket[]): MatchedRule[] {
  if (/-j (DROP|REJECT)|^policy DROP/.test(packet.rules.at(-1)?.rule ?? '')) return packet.rules;
  const { virtual, real = 'it has no real server' } = balancing;
  const sent = packets.find(
    (other) =>
      other !== packet &&
      other.namespace === packet.namespace &&
      other.hook === 'OUTPUT' &&
      other.sameAtAllHooks === packet.sameAtAllHooks,
  );
  const chain = packet.hook === 'OUTPUT' ? 'OUTPUT' : 'INPUT';
  return [...packet.rules, { table: 'ipvs', chain, rule: `${virtual} → ${real}` }, ...(sent?.rules ?? [])];
}

function* stays(hops: readonly Hop[], direction: 'forward' | 'reply') {
  for (let start = 0; start < hops.length; ) {
    let end = start;
    while (end < hops.length && hops[end]!.place === hops[start]!.place && (end === start || !hops[end]!.relay)) end++;
    yield { place: hops[start]!.place, direction, hops: hops.slice(start, end) };
    start = end;
  }
}

/** Addresses and ports as some hop of the stay had them; the first packet traced is the walk's. */
function isPacketOf(packet: TracedPacket, hop: Hop, walk: Walk): boolean {
  const matches = (source: string, destination: string) =>
    packet.source === addressOf(source) &&
    packet.destination === addressOf(destination) &&
    (packet.ports === '' || packet.ports === portsOf(source, destination));
  if (matches(hop.packet.source, hop.packet.destination)) return true;
  const before = (hop.rewrites ?? []).reduce(
    ({ source, destination }, { from, kind }) =>
      kind === 'dnat' || kind === 'un-snat' ? { source, destination: from } : { source: from, destination },
    { source: hop.packet.source, destination: hop.packet.destination },
  );
  return walk.hops.length > 0 && matches(before.source, before.destination);
}

function portsOf(source: string, destination: string): string {
  const port = (socket: string) => (socket === addressOf(socket) ? '' : socket.slice(socket.lastIndexOf(':') + 1));
  return port(source) === '' ? '' : `${port(source)} ${port(destination)}`;
}
