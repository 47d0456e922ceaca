/** Legs followed: which of a leg's packets tells what became of it, where that packet and the answer to it went, and all of them as one way. */
import { addressOf, type Tuple } from '../net/port.ts';
import type { ProbeRun, RelayAttempt, Relayed } from '../probe/probe.ts';
import { isAboutRequest } from './identify.ts';
import type { Leg, SeenPacket } from './legs.ts';
import { pathOf } from './path.ts';
import { endsConnection, rejectionOf } from './summary.ts';
import { byTime, elapsed, origin } from './time.ts';
import type { FailedAttempt, Hop, Relay } from './walk.ts';
import type { Wiring } from './wiring.ts';

/** Up to the first leg whose packet did not arrive. Of an answered probe all did. */
export function followLegs(run: ProbeRun, legs: readonly Leg[], wiring: Wiring): FollowedLeg[] {
  const way: FollowedLeg[] = [];
  for (const leg of legs) {
    const next = new FollowedLeg(leg, run, wiring);
    way.push(next);
    if (run.result.kind !== 'answered' && !next.arrived) break;
  }
  return way;
}

export class FollowedLeg {
  readonly leg: Leg;
  readonly hops: readonly Hop[];
  readonly replyHops: readonly Hop[];
  /** The packet came to whom the leg leads, and was seen no further. */
  readonly arrived: boolean;
  readonly request: SeenPacket;
  readonly answer: SeenPacket;
  readonly #run: ProbeRun;
  readonly #wiring: Wiring;

  constructor(leg: Leg, run: ProbeRun, wiring: Wiring) {
    this.leg = leg;
    this.#run = run;
    this.#wiring = wiring;
    this.request = this.#decisiveRequest();
    this.answer = this.#decisiveAnswer();
    this.arrived = this.#arrivedBy(this.#wayThere(this.request));
    const taken = this.#asTaken();
    this.hops = this.#wayThere(this.request, taken);
    this.replyHops = pathOf(this.answer, {
      start: this.answer.length > 0 ? origin(this.answer).frame.namespace : leg.start,
      sent: this.answer[0]?.kind === 'answer' && taken ? reversed(taken) : undefined,
      received: run.result.kind === 'answered' && leg.sent ? reversed(leg.sent) : undefined,
      wiring,
      undo: true,
    });
  }

  /** Errors that would end the attempt, and are about what was sent. */
  get errorsAboutRequest(): readonly SeenPacket[] {
    return this.leg.frames.errors.filter(
      ([sighting]) => isAboutRequest(sighting!) && rejectionOf(sighting!.packet) !== undefined,
    );
  }

  /** The answer, or another packet for the leg's beginning, was seen to come back there. */
  cameBack(packet: SeenPacket): boolean {
    return packet.some(({ frame }) => frame.namespace === this.leg.start && frame.direction === 'in');
  }

  /**
   * Who got the packet: a process that says so, or the owner of its destination, where it acknowledged what the packet
   * carried, or no rule can have sent it on or dropped it.
   */
  get taker(): string | undefined {
    const { takenBy } = this.leg;
    const owner = takenBy?.namespace ?? this.#ownerOfDestination(this.hops);
    if (owner === undefined || !cameTo(this.#wiring.placeOf(owner), this.hops)) return undefined;
    return takenBy || this.#acknowledgedBy(owner) || !this.#wiring.hasRules(owner) ? owner : undefined;
  }

  #acknowledgedBy(namespace: string): boolean {
    const end = endOf(this.request);
    return (
      carriesData(this.request) &&
      this.leg.frames.answers.some(
        (answer) => origin(answer).frame.namespace === namespace && acknowledgementOf(answer) >= end,
      )
    );
  }

  /** As the process at the end has the packet. Without rules there, that is how its last interface saw it. */
  #asTaken(): Tuple | undefined {
    const { result } = this.#run;
    if (this.leg.takenBy) return this.arrived ? this.leg.takenBy.accepted : undefined;
    const last = this.request.toSorted(byTime).at(-1);
    if (result.kind !== 'answered' || !result.answer || !last || !this.#wiring.hasRules(last.frame.namespace))
      return undefined;
    return { source: result.answer.source, destination: result.answer.address };
  }

  #wayThere(request: SeenPacket, received?: Tuple): Hop[] {
    const { start, sent } = this.leg;
    return pathOf(request, { start, sent, received, wiring: this.#wiring, undo: false });
  }

  /** The packet to follow: the first one, unless that one did its work and a later one did not, or it only says that one is there. */
  #decisiveRequest(): SeenPacket {
    const { requests, answers } = this.leg.frames;
    const { protocol, result, continued = false } = this.#run;
    const worked = protocol === 'TCP' && result.kind !== 'answered' && answers.length > 0;
    const data = worked || continued ? requests.filter(carriesData) : [];
    return followed(data.length > 0 ? data : requests, (attempt) => this.#arrivedBy(this.#wayThere(attempt)));
  }

  /** What a process passes on is what was said, not the handshake before it. */
  #decisiveAnswer(): SeenPacket {
    const { answers } = this.leg.frames;
    const saying = carriesData(this.request) || (this.#run.relayed && this.#run.protocol === 'TCP');
    const candidates = saying ? answers.filter((answer) => carriesData(answer) || this.#refuses(answer)) : answers;
    return followed(candidates.length > 0 ? candidates : this.errorsAboutRequest, (attempt) => this.cameBack(attempt));
  }

  #refuses([sighting]: SeenPacket): boolean {
    return this.#run.result.kind === 'refused' && !this.leg.openedBy && endsConnection(sighting!.packet);
  }

  #arrivedBy(hops: readonly Hop[]): boolean {
    const { takenBy, frames } = this.leg;
    const answer = frames.answers[0] ?? this.errorsAboutRequest[0];
    const namespace = takenBy?.namespace ?? (answer ? origin(answer).frame.namespace : this.#ownerOfDestination(hops));
    return namespace !== undefined && cameTo(this.#wiring.placeOf(namespace), hops);
  }

  #ownerOfDestination(hops: readonly Hop[]): string | undefined {
    const last = hops.at(-1);
    return last && this.#wiring.ownerOf(addressOf(last.packet.destination));
  }
}

/** The hops of several legs as one way, with the relays between them. */
export function joinLegs(legs: readonly FollowedLeg[], direction: 'forward' | 'reply', wiring: Wiring): Hop[] {
  const parts = legs.flatMap(({ leg, hops, replyHops, request, answer }, index) => {
    const [own, packet] = direction === 'forward' ? [hops, request] : [replyHops, answer];
    const relayed = index === 0 ? undefined : direction === 'forward' ? leg.openedBy : leg.takenBy;
    return own.length === 0 ? [] : [{ own, began: origin(packet), relayed }];
  });
  return parts.flatMap(({ own, began, relayed }) =>
    own.map((hop, index) => ({
      ...hop,
      ...(index === 0 && relayed && { relay: relayOf(relayed, direction, wiring) }),
      sinceStart: hop.sinceStart + elapsed(parts[0]!.began, began),
    })),
  );
}

function relayOf(relayed: Relayed, direction: 'forward' | 'reply', wiring: Wiring): Relay {
  const { namespace, program, serves, accepted, attempts } = relayed;
  const { opened, connected } = attempts.at(-1)!;
  const failed = direction === 'forward' ? failedAttempts(attempts.slice(0, -1)) : [];
  const [from, to] = direction === 'forward' ? [accepted, opened!] : [reversed(opened!), reversed(accepted)];
  return { at: wiring.placeOf(namespace), program, serves, from, to, connected, ...(failed.length > 0 && { failed }) };
}

export function failedAttempts(attempts: readonly RelayAttempt[]): FailedAttempt[] {
  return attempts.flatMap(({ endpoint, failure }) => (failure === undefined ? [] : [{ endpoint, failure }]));
}

function reversed({ source, destination }: Tuple): Tuple {
  return { source: destination, destination: source };
}

/** What is not answered is sent again: the first attempt that got through is followed, or the first of all if none did. */
function followed(packets: readonly SeenPacket[], gotThrough: (attempt: SeenPacket) => boolean): SeenPacket {
  const [first = []] = packets;
  return packets.filter(([sighting]) => sighting!.content === first[0]!.content).find(gotThrough) ?? first;
}

function carriesData([sighting]: SeenPacket): boolean {
  const transport = sighting?.packet.transport;
  return transport?.kind === 'tcp' && transport.payloadLength > 0;
}

/** The sequence number after what it carries. A probe's numbers do not run over (probe/mark.ts). */
function endOf([sighting]: SeenPacket): number {
  const transport = sighting?.packet.transport;
  return transport?.kind === 'tcp' ? transport.sequence + transport.payloadLength : 0;
}

function acknowledgementOf([sighting]: SeenPacket): number {
  const transport = sighting?.packet.transport;
  return transport?.kind === 'tcp' ? transport.acknowledgement : 0;
}

/** Came in there, and was not seen to leave. */
export function cameTo(place: string, hops: readonly Hop[]): boolean {
  const last = hops.at(-1);
  return last?.place === place && last.direction === 'in' && !last.encapsulation;
}
