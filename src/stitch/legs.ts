/**
 * The legs of a probe's way. Where a process takes a connection and opens one of its own (kube-proxy, mode userspace), one
 * leg ends and the next begins: new addresses, a new TTL, the same mark. A packet's far socket tells its leg, for the
 * processes name theirs; its near one may have been translated to anything.
 */
import { addressOf, socketAddress, type Tuple } from '../net/port.ts';
import type { ProbeRun, Relayed } from '../probe/probe.ts';
import { isAboutRequest, type Sighting } from './identify.ts';
import { tupleOf } from './path.ts';
import { byTime, origin } from './time.ts';

/** One packet: everywhere it was seen. */
export type SeenPacket = readonly Sighting[];

/** The packets of one leg, apart by what they are, in order of first sight. */
export interface LegFrames {
  readonly requests: readonly SeenPacket[];
  readonly answers: readonly SeenPacket[];
  readonly errors: readonly SeenPacket[];
}

export interface Leg {
  /** Namespace its packets start in. */
  readonly start: string;
  /** The address they are sent to. */
  readonly target: string;
  /** As the socket at its beginning has them; undefined when there was no route to choose an address by. */
  readonly sent?: Tuple;
  /** The process that opened it; undefined: the probe. */
  readonly openedBy?: Relayed;
  /** The process that took what came; undefined when none says so. */
  readonly takenBy?: Relayed;
  readonly frames: LegFrames;
}

/** At least one, the probe's own. */
export function legsOf(run: ProbeRun, sightings: readonly Sighting[]): Leg[] {
  const legs = legsToldBy(run);
  const shares = legs.length === 1 ? [packetsOf(sightings)] : shareOut(run, legs, sightings);
  return legs.map((leg, index) => ({ ...leg, frames: framesOf(shares[index]!, leg.openedBy) }));
}

type ToldLeg = Omit<Leg, 'frames'>;

function legsToldBy(run: ProbeRun): ToldLeg[] {
  const sent = sentTuple(run);
  const legs: ToldLeg[] = [{ start: run.namespace, target: run.remote.address, ...(sent && { sent }) }];
  for (const relayed of run.relayed ?? []) {
    legs.push({ ...legs.pop()!, takenBy: relayed });
    const { opened, endpoint } = relayed.attempts.at(-1) ?? {};
    if (!opened || endpoint === undefined) break;
    legs.push({ start: relayed.namespace, target: addressOf(endpoint), sent: opened, openedBy: relayed });
  }
  return legs;
}

function sentTuple({ local, remote, protocol }: ProbeRun): Tuple | undefined {
  if (!local) return undefined;
  if (protocol === 'ICMP') return { source: local.address, destination: remote.address };
  return {
    source: socketAddress(local.address, local.port),
    destination: socketAddress(remote.address, remote.port ?? 0),
  };
}

/** Where its sender aimed at, what it was translated to as the taker has it, or nobody's: then it stays what it was. */
function shareOut(run: ProbeRun, legs: readonly ToldLeg[], sightings: readonly Sighting[]): SeenPacket[][] {
  const ends = legs.map(({ sent, takenBy }) => [sent?.destination, takenBy?.accepted.destination]);
  if (run.result.kind === 'answered') ends.at(-1)!.push(run.result.answer?.address);
  const legOf = (sighting: Sighting) => ends.findLastIndex((sockets) => sockets.includes(socketsOf(sighting).far));
  const shares = legs.map((): Sighting[] => []);
  for (const packet of packetsOf(sightings)) {
    const inOrder = packet.toSorted(byTime);
    let leg = Math.max(0, inOrder.map(legOf).find((found) => found >= 0) ?? 0);
    for (const sighting of inOrder) {
      const found = legOf(sighting);
      if (found >= 0) leg = found;
      shares[leg]!.push(sighting);
    }
  }
  return shares.map(packetsOf);
}

function packetsOf(sightings: readonly Sighting[]): SeenPacket[] {
  const packets = new Map<string, Sighting[]>();
  for (const sighting of sightings) {
    const key = `${sighting.kind} ${sighting.key}`;
    const packet = packets.get(key);
    if (packet) packet.push(sighting);
    else packets.set(key, [sighting]);
  }
  return [...packets.values()].sort((a, b) => byTime(origin(a), origin(b)));
}

function framesOf(packets: readonly SeenPacket[], openedBy: Relayed | undefined): LegFrames {
  const own = openedBy ? ofLastAttempt(packets, openedBy) : packets;
  const ofKind = (kind: Sighting['kind']) => own.filter(([sighting]) => sighting!.kind === kind);
  return { requests: ofKind('request'), answers: ofKind('answer'), errors: ofKind('error') };
}

/** Of several attempts at one endpoint only the last is the leg. What a socket was translated to shows by its turn. */
function ofLastAttempt(packets: readonly SeenPacket[], { attempts }: Relayed): readonly SeenPacket[] {
  const last = attempts.at(-1)!;
  const own = attempts.filter(({ endpoint, opened }) => opened && endpoint === last.endpoint);
  if (own.length === 1) return packets;
  const nearOf = (packet: SeenPacket) => socketsOf(origin(packet)).near;
  const seen = [...new Set(packets.filter(([sighting]) => sighting!.kind === 'request').map(nearOf))];
  const translated = seen.filter((near) => !own.some(({ opened }) => opened!.source === near));
  const untold = own.filter(({ opened }) => !seen.includes(opened!.source));
  const near = untold.includes(last) ? translated[untold.indexOf(last)] : last.opened!.source;
  return packets.filter((packet) => nearOf(packet) === near);
}

/** The sockets of the connection a packet is of, or is about: the near one is that of whoever opened it. */
function socketsOf(sighting: Sighting): { readonly near: string; readonly far: string } {
  const { kind, packet } = sighting;
  const quoted = packet.transport.kind === 'icmp' && kind === 'error' ? packet.transport.quoted : undefined;
  const { source, destination } = tupleOf(quoted?.kind === 'ip' ? quoted : packet);
  const isRequest = kind === 'request' || (kind === 'error' && isAboutRequest(sighting));
  return isRequest ? { near: source, far: destination } : { near: destination, far: source };
}
