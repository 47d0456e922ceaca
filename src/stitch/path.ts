/**
 * Sightings of one packet → hops in the order the packet took.
 *
 * Inside a namespace the capture's own order counts: one packet passes its interfaces one after the other. From one
 * namespace to the next the wiring counts: what leaves by an interface comes in at the other end of its cable. Clocks
 * only decide between several ends that would do.
 */
import type { IpPacket } from '../decode/packet.ts';
import { socketAddress, type Tuple } from '../net/port.ts';
import type { Sighting } from './identify.ts';
import { summarize } from './summary.ts';
import { byTime, elapsed } from './time.ts';
import type { Hop, Rewrite } from './walk.ts';
import type { Wiring } from './wiring.ts';

export interface PathOptions {
  /** Namespace the packet starts in. */
  readonly start: string;
  /** As the sending socket sees the packet; undefined when it is not known. */
  readonly sent?: Tuple | undefined;
  /** As the receiving socket saw it; undefined when it did not, or is not known. */
  readonly received?: Tuple | undefined;
  readonly wiring: Wiring;
  /** What the translations of the way forth were called; they are undone on the way back. */
  readonly undo: boolean;
}

export function pathOf(sightings: readonly Sighting[], options: PathOptions): Hop[] {
  const ordered = order(sightings, options.start, options.wiring);
  const hops: Hop[] = [];
  const first = ordered[0];
  if (!first) return [];
  let before: Tuple | undefined = options.sent;
  let previous: Sighting | undefined;
  const push = (sighting: Sighting, device: string, direction: Hop['direction'], tuple: Tuple) => {
    const place = options.wiring.placeOf(sighting.frame.namespace);
    const rewrites = before ? rewritesBetween(before, tuple, place, options.undo) : [];
    const isFrame = device === sighting.frame.interface;
    hops.push({
      place,
      interface: device,
      direction,
      packet: { ...summarize(sighting.packet), ...tuple },
      ...(sighting.encapsulation && isFrame && { encapsulation: sighting.encapsulation }),
      ...(rewrites.length > 0 && { rewrites }),
      sinceStart: elapsed(first, sighting),
      ...(isFrame && { frame: { namespace: sighting.frame.namespace, index: sighting.frame.index } }),
    });
    before = tuple;
  };
  if (
    options.sent &&
    !sameTuple(options.sent, tupleOf(first.packet)) &&
    options.wiring.placeOf(first.frame.namespace) === options.wiring.placeOf(options.start)
  ) {
    push(first, SOCKET, 'out', options.sent);
  }
  for (const sighting of ordered) {
    const bridge = previous && crossedBridge(previous, sighting, options.wiring);
    if (bridge !== undefined) push(sighting, bridge, 'through', tupleOf(sighting.packet));
    push(
      sighting,
      sighting.frame.interface,
      sighting.frame.direction === 'out' ? 'out' : 'in',
      tupleOf(sighting.packet),
    );
    previous = sighting;
  }
  const last = ordered.at(-1)!;
  if (options.received && !sameTuple(options.received, tupleOf(last.packet)))
    push(last, SOCKET, 'in', options.received);
  return hops;
}

/** Where a packet is between the application and its first or after its last interface. */
export const SOCKET = 'socket';

export function tupleOf({ transport, source, destination }: IpPacket): Tuple {
  const ported = transport.kind === 'tcp' || transport.kind === 'udp';
  return {
    source: ported ? socketAddress(source, transport.sourcePort) : source,
    destination: ported ? socketAddress(destination, transport.destinationPort) : destination,
  };
}

function order(sightings: readonly Sighting[], start: string, wiring: Wiring): Sighting[] {
  const waiting = new Map<string, Sighting[]>();
  const seen = new Set<string>();
  const strays = new Set(
    sightings
      .filter((sighting) => isStray(sighting, wiring))
      .map(({ frame }) => `${frame.namespace} ${frame.interface}`),
  );
  for (const sighting of sightings.toSorted((a, b) => a.frame.index - b.frame.index)) {
    if (isStray(sighting, wiring) || leadsAstray(sighting, sightings, strays, wiring) || seen.has(passage(sighting)))
      continue;
    seen.add(passage(sighting));
    const queue = waiting.get(sighting.frame.namespace);
    if (queue) queue.push(sighting);
    else waiting.set(sighting.frame.namespace, [sighting]);
  }
  const ordered: Sighting[] = [];
  let namespace = start;
  for (;;) {
    const sighting = waiting.get(namespace)?.shift();
    if (!sighting) return ordered;
    ordered.push(sighting);
    if (sighting.frame.direction === 'out') namespace = arrival(sighting, waiting, wiring) ?? namespace;
  }
}

/** A switch's copy for a machine it is not meant for. A bridge port takes in frames for others as a matter of course. */
function isStray({ frame }: Sighting, wiring: Wiring): boolean {
  return frame.direction === 'other' && wiring.masterOf(frame.namespace, frame.interface) === undefined;
}

/** Sent out where only machines it was not meant for saw it: the sending half of such a copy. */
function leadsAstray(
  { frame }: Sighting,
  sightings: readonly Sighting[],
  strays: ReadonlySet<string>,
  wiring: Wiring,
): boolean {
  if (frame.direction !== 'out' || strays.size === 0) return false;
  const ends = wiring.neighbours(frame.namespace, frame.interface);
  const arrived = ends.some(({ namespace, name }) =>
    sightings.some(
      (other) =>
        other.frame.namespace === namespace && other.frame.interface === name && other.frame.direction === 'in',
    ),
  );
  return !arrived && ends.some(({ namespace, name }) => strays.has(`${namespace} ${name}`));
}

/** A packet passes an interface once with one TTL; a second time is a copy sent again. In a loop the TTL falls. */
function passage({ frame, packet, encapsulation }: Sighting): string {
  return [
    frame.namespace,
    frame.interface,
    frame.direction,
    packet.ttl,
    packet.source,
    packet.destination,
    encapsulation?.destination,
  ].join(' ');
}

/** The namespace whose next sighting of the packet is at the other end of the wire. */
function arrival({ frame }: Sighting, waiting: ReadonlyMap<string, Sighting[]>, wiring: Wiring): string | undefined {
  const candidates = wiring.neighbours(frame.namespace, frame.interface).flatMap(({ namespace, name }) => {
    const next = waiting.get(namespace)?.[0];
    return next && next.frame.interface === name && next.frame.direction !== 'out' ? [next] : [];
  });
  return candidates.sort(byTime)[0]?.frame.namespace;
}

/** In by one port and out by another of the same bridge, which itself is not seen: the frame was switched. */
function crossedBridge(before: Sighting, after: Sighting, wiring: Wiring): string | undefined {
  if (
    before.frame.namespace !== after.frame.namespace ||
    before.frame.direction === 'out' ||
    after.frame.direction !== 'out'
  )
    return undefined;
  const master = wiring.masterOf(before.frame.namespace, before.frame.interface);
  return master !== undefined && master === wiring.masterOf(after.frame.namespace, after.frame.interface)
    ? master
    : undefined;
}

export function rewritesBetween(before: Tuple, after: Tuple, at: string, undo: boolean): Rewrite[] {
  /** On the way back the source is what DNAT changed, and the destination what SNAT changed. */
  const [ofDestination, ofSource] = undo ? (['un-snat', 'un-dnat'] as const) : (['dnat', 'snat'] as const);
  return [
    ...(before.destination === after.destination
      ? []
      : [{ at, kind: ofDestination, from: before.destination, to: after.destination }]),
    ...(before.source === after.source ? [] : [{ at, kind: ofSource, from: before.source, to: after.source }]),
  ];
}

function sameTuple(a: Tuple, b: Tuple): boolean {
  return a.source === b.source && a.destination === b.destination;
}
