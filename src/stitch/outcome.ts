/**
 * What became of a probe. The conditions are those of docs/outcomes.md, tried in its order; each outcome that says
 * "not" rests on a capture that was alive where the packet would have been next.
 */
import { addressOf } from '../net/port.ts';
import type { Outcome } from '../parse/schema/check.ts';
import type { EndpointAnswer, ProbeRun, Relayed } from '../probe/probe.ts';
import { cameTo, type FollowedLeg, failedAttempts, followLegs, joinLegs } from './follow.ts';
import type { Evidence } from './index.ts';
import type { Leg, SeenPacket } from './legs.ts';
import { askedInVain } from './neighbour.ts';
import { SOCKET } from './path.ts';
import { redirectsOf } from './redirects.ts';
import { endsConnection, formatAttempts, formatStatus, rejectionOf } from './summary.ts';
import { origin } from './time.ts';
import type { Hop, Walk } from './walk.ts';
import type { Wiring } from './wiring.ts';

interface Finding
  extends Partial<Pick<Walk, 'rejection' | 'lastSeen' | 'doubt' | 'endpoint' | 'endpointAddress' | 'sourceSeen'>> {
  readonly outcome: Outcome;
  readonly reason: string;
}

export function outcomeOf(run: ProbeRun, legs: readonly Leg[], evidence: Evidence, wiring: Wiring): Walk {
  const followed = followLegs(run, legs, wiring);
  const found = new Context(run, followed, evidence, wiring).find();
  const finding = run.unresolved ? { ...found, ...unresolved(run, found) } : found;
  /** What a process was refused it does not pass on: it refuses, too. */
  const answered = finding.rejection ? followed.slice(0, 1) : followed.toReversed();
  const redirects = redirectsOf(
    followed.flatMap(({ leg }) => leg.frames.errors),
    wiring,
  );
  return {
    probe: run,
    from: wiring.placeOf(run.namespace),
    hops: joinLegs(followed, 'forward', wiring),
    replyHops: joinLegs(answered, 'reply', wiring),
    ...(redirects.length > 0 && { redirects }),
    ...finding,
  };
}

/** What became of the last question stays to be told: where it was lost, who refused it. */
function unresolved({ name, question, result }: ProbeRun, { reason }: Finding): Pick<Finding, 'outcome' | 'reason'> {
  const reply = result.kind === 'answered' ? result.reply : undefined;
  const asked = `${question!.type} ${question!.name}.`;
  const last = reply
    ? `the last answer, for ${asked}, is ${formatStatus(reply)}`
    : `nobody answered ${asked}: ${reason}`;
  const wanted = ['A', 'AAAA'].includes(question!.type) ? 'address' : `${question!.type} record`;
  return { outcome: 'unresolved', reason: `${name} has no ${wanted}: ${last}` };
}

class Context {
  readonly #run: ProbeRun;
  /** The probe's own leg, and how far it got. */
  readonly #legs: readonly FollowedLeg[];
  readonly #first: FollowedLeg;
  readonly #last: FollowedLeg;
  readonly #evidence: Evidence;
  readonly #wiring: Wiring;

  constructor(run: ProbeRun, legs: readonly FollowedLeg[], evidence: Evidence, wiring: Wiring) {
    this.#run = run;
    this.#legs = legs;
    this.#first = legs[0]!;
    this.#last = legs.at(-1)!;
    this.#evidence = evidence;
    this.#wiring = wiring;
  }

  find(): Finding {
    const { result } = this.#run;
    if (result.kind === 'answered') return this.#delivered();
    const finding = this.#loop() ?? this.#rejected() ?? this.#unsendable() ?? this.#replyProblem() ?? this.#lost();
    return { ...finding, ...this.#gap() };
  }

  #delivered(): Finding {
    const { result } = this.#run;
    const { answer, status = 200 } = result.kind === 'answered' ? result : {};
    const { arrived, hops } = answer ? this.#last : this.#speaker;
    const last = arrived ? hops.at(-1) : undefined;
    const endpoint = answer?.endpoint ?? last?.place;
    const endpointAddress = answer?.address ?? last?.packet.destination;
    const sourceSeen = answer?.source ?? last?.packet.source;
    return {
      outcome: 'delivered',
      reason: `${endpoint ?? 'somebody'} answered${status === 200 ? '' : ` ${status}`}`,
      ...(endpoint !== undefined && { endpoint }),
      ...(endpointAddress !== undefined && { endpointAddress }),
      ...(sourceSeen !== undefined && { sourceSeen }),
      ...this.#disagreement(answer),
    };
  }

  /** Who gave an answer that names nobody: nginx gives its own when it cannot pass on the endpoint's. */
  get #speaker(): FollowedLeg {
    return this.#legs.findLast(({ leg }) => leg.takenBy?.program === 'nginx') ?? this.#last;
  }

  /** Endpoint and capture both say who was reached and whom it saw; when they differ, neither is believed. */
  #disagreement(answer: EndpointAnswer | undefined): Pick<Finding, 'doubt'> {
    const because = this.#gap().doubt;
    const doubt = (text: string) => ({ doubt: because === undefined ? text : `${text}; ${because}` });
    const unseen = this.#legs.find(({ hops, arrived, leg }) => hops.length === 0 || (leg.takenBy && !arrived));
    if (unseen) return doubt(this.#unseen(unseen));
    const { arrived, hops } = answer ? this.#last : this.#speaker;
    const last = hops.at(-1)!;
    if (!answer)
      return arrived ? {} : doubt(`the answer does not say who sent it, and the capture ends at ${last.place}`);
    const { endpoint, source } = answer;
    if (last.packet.source !== source)
      return doubt(`${endpoint} says it saw ${source}, the capture shows ${last.packet.source}`);
    if (!samePlace(last.place, endpoint, this.#wiring))
      return doubt(`${endpoint} says it answered, the capture ends at ${last.place}`);
    return {};
  }

  /** What a process says it did must be seen as well. */
  #unseen({ leg, hops }: FollowedLeg): string {
    const { takenBy, openedBy } = leg;
    if (hops.length === 0)
      return openedBy
        ? `${this.#proxy(openedBy)} says it relayed the probe, but no capture holds its packets`
        : 'the probe was answered, but no capture holds its packets';
    return `${this.#proxy(takenBy!)} says it took the probe, the capture ends at ${hops.at(-1)!.place}`;
  }

  #proxy({ namespace, program }: Relayed): string {
    return `${this.#wiring.placeOf(namespace)}'s ${program}`;
  }

  /** Every connection has its own TTL. */
  #loop(): Finding | undefined {
    const passages = new Map<string, Hop>();
    const { hops } = this.#last;
    for (const hop of hops) {
      const key = `${hop.place} ${hop.interface} ${hop.direction}`;
      const earlier = passages.get(key);
      if (earlier && hop.packet.ttl < earlier.packet.ttl) {
        return {
          outcome: 'loop',
          reason: `the packet passed ${hop.place} ${hop.interface} again and again, its TTL falling from ${earlier.packet.ttl}`,
          lastSeen: lastSeen(hops),
        };
      }
      passages.set(key, earlier ?? hop);
    }
    return undefined;
  }

  /** A reset or an ICMP error came back to the sender, or the end of a connection on which nothing had been said. */
  #rejected(): Finding | undefined {
    const { leg } = this.#first;
    const isRefused = this.#run.result.kind === 'refused';
    const refusals = [...leg.frames.answers, ...this.#first.errorsAboutRequest].filter(
      ([sighting]) => rejectionOf(sighting!.packet) !== undefined,
    );
    const closings = isRefused ? leg.frames.answers.filter(([sighting]) => endsConnection(sighting!.packet)) : [];
    const cameBack = (packet: SeenPacket) => this.#first.cameBack(packet);
    const refusal = refusals.find(cameBack) ?? (isRefused ? refusals[0] : undefined) ?? closings.find(cameBack);
    if (!refusal) return undefined;
    const by = this.#wiring.placeOf(this.#makerOf(refusal));
    const kind = rejectionOf(refusal[0]!.packet) ?? 'tcp-fin';
    if (kind === 'icmp-host-unreachable' || kind === 'icmp6-addr-unreachable') {
      /** So a machine tells whoever waits for it that its own question went unanswered. Without a carrier none is seen. */
      const neighbour = this.#noNeighbour();
      if (neighbour?.lastSeen?.place === by) return neighbour;
      if (by === this.#wiring.placeOf(leg.start)) return this.#lost();
    }
    const why = leg.takenBy ? `; its ${leg.takenBy.program} ${failureOf(leg.takenBy)}` : '';
    return {
      outcome: 'rejected',
      rejection: { by, with: kind },
      reason: `${by} rejected it: ${REJECTION_WORDS[kind] ?? kind}${why}`,
    };
  }

  /** Where it was seen first; or if it came in there, sent when the captures were ending, the owner of its source. */
  #makerOf(packet: SeenPacket): string {
    const first = origin(packet);
    const cameIn = first.frame.direction === 'in' && first.frame.interface !== 'lo';
    return (cameIn ? this.#wiring.ownerOf(first.packet.source) : undefined) ?? first.frame.namespace;
  }

  /** The sender's own kernel would not send it. */
  #unsendable(): Finding | undefined {
    const { result, remote, namespace } = this.#run;
    if (result.kind !== 'refused') return undefined;
    const from = this.#wiring.placeOf(namespace);
    if (this.#first.hops.length > 0) return result.errno === 'EHOSTUNREACH' ? this.#noNeighbour() : undefined;
    switch (result.errno) {
      case 'ENETUNREACH':
        return {
          outcome: 'no-route',
          reason: `${from} has no route to ${remote.address}`,
          lastSeen: { place: from, interface: SOCKET },
        };
      case 'EHOSTUNREACH':
        return (
          this.#noNeighbour() ?? {
            outcome: 'no-route',
            reason: `${from} cannot reach ${remote.address}`,
            lastSeen: { place: from, interface: SOCKET },
          }
        );
      default:
        return {
          outcome: 'dropped',
          reason: `${from}'s own kernel did not send it: ${result.errno}`,
          lastSeen: { place: from, interface: SOCKET },
        };
    }
  }

  #replyProblem(): Finding | undefined {
    const { leg, answer, replyHops } = this.#whereAnswerEnds();
    const last = replyHops.at(-1);
    if (!last || !this.#wasAnswered()) return undefined;
    const from = this.#wiring.placeOf(leg.start);
    const first = this.#last.replyHops[0]!;
    const known = { lastSeen: lastSeen(replyHops), endpoint: first.place };
    if (!cameTo(from, replyHops))
      return { outcome: 'reply-lost', reason: `${first.place} answered; ${this.#disappearance(replyHops)}`, ...known };
    const expected = leg.sent?.destination;
    if (answer[0]!.kind === 'answer' && expected !== undefined && last.packet.source !== expected) {
      const resets = leg.frames.requests.some(([sighting]) => rejectionOf(sighting!.packet) === 'tcp-reset');
      const reason = `the answer came from ${last.packet.source}, but ${expected} was asked: ${from} does not take it for an answer${resets ? ', and resets the connection' : ''}`;
      return { outcome: 'reply-mismatch', reason, ...known };
    }
    const reason = leg.openedBy
      ? `${first.place} answered (${last.packet.info}); ${this.#proxy(leg.openedBy)} got that and passed nothing on`
      : `the answer reached ${from}, but not the one who asked`;
    return { outcome: 'reply-lost', reason, ...known };
  }

  /** Answers are passed on from leg to leg: the last one on which it was seen. */
  #whereAnswerEnds(): FollowedLeg {
    const [last, ...others] = this.#legs.toReversed();
    let ends = last!;
    for (const other of others) {
      if (!cameTo(this.#wiring.placeOf(ends.leg.start), ends.replyHops) || other.replyHops.length === 0) break;
      ends = other;
    }
    return ends;
  }

  /** An error is an answer when it comes from the owner of the destination, and not from somebody on the way. */
  #wasAnswered(): boolean {
    const { leg, taker, replyHops } = this.#last;
    const told = leg.openedBy?.attempts.at(-1)?.failure;
    if (leg.frames.answers.length > 0 || told !== undefined) return true;
    return taker !== undefined && this.#wiring.placeOf(taker) === replyHops[0]?.place;
  }

  #lost(): Finding {
    const { leg, hops, taker } = this.#last;
    const from = this.#wiring.placeOf(leg.start);
    const last = hops.at(-1);
    if (!last) {
      const neighbour = this.#noNeighbour();
      if (neighbour) return neighbour;
      return {
        outcome: 'dropped',
        reason: `it never left ${from}: none of its interfaces saw it`,
        lastSeen: { place: from, interface: SOCKET },
      };
    }
    if (taker !== undefined && leg.takenBy) {
      const reason = `${this.#proxy(leg.takenBy)} got it and ${failureOf(leg.takenBy)}`;
      return { outcome: 'unanswered', reason, lastSeen: lastSeen(hops) };
    }
    if (taker !== undefined) {
      const back = this.#wiring.nextHop(taker, addressOf(last.packet.source));
      const why = back === undefined ? `: it has no route to ${addressOf(last.packet.source)}` : '';
      return {
        outcome: 'unanswered',
        reason: `${last.place} got it and sent no answer${why}`,
        lastSeen: lastSeen(hops),
        endpoint: last.place,
        sourceSeen: last.packet.source,
      };
    }
    return (
      this.#noNeighbour() ?? {
        outcome: 'dropped',
        reason: this.#disappearance(hops),
        lastSeen: lastSeen(hops),
      }
    );
  }

  /** The question for the next hop went unanswered where the packet was last, for as long as the capture goes. */
  #noNeighbour(): Finding | undefined {
    const { leg, hops } = this.#last;
    const last = hops.at(-1);
    const namespace = (last && this.#wiring.namespaceOf(last.place)) ?? leg.start;
    const inner = last ? addressOf(last.packet.destination) : leg.target;
    /** What has left by a tunnel's device waits for the tunnel's other end. */
    const peer = last?.direction === 'out' ? this.#wiring.tunnelPeer(namespace, last.interface, inner) : undefined;
    const destination = last?.encapsulation?.destination ?? peer ?? inner;
    const target = this.#wiring.nextHop(namespace, destination);
    if (target === undefined) return undefined;
    if (!askedInVain(target, namespace, this.#evidence.frames)) return undefined;
    const place = this.#wiring.placeOf(namespace);
    return {
      outcome: 'no-neighbour',
      reason: `${place} asked who has ${target}, and nobody answered`,
      lastSeen: last ? lastSeen(hops) : { place, interface: SOCKET },
    };
  }

  #disappearance(hops: readonly Hop[]): string {
    const last = hops.at(-1)!;
    const destination = last.encapsulation?.destination ?? addressOf(last.packet.destination);
    if (last.direction !== 'out') {
      const namespace = this.#wiring.namespaceOf(last.place);
      const routeless = namespace !== undefined && this.#wiring.nextHop(namespace, destination) === undefined;
      return `it came into ${last.place} by ${last.interface} and did not leave${routeless ? `: there is no route to ${destination}` : ''}`;
    }
    const owner = this.#wiring.ownerOf(destination);
    const next = owner === undefined ? 'nowhere else' : `never at ${this.#wiring.placeOf(owner)}`;
    return `it was last seen leaving ${last.place} by ${last.interface}, ${next}`;
  }

  /** Silence proves nothing where a capture was not alive, nor where packets cannot be told from others. */
  #gap(): Pick<Finding, 'doubt'> {
    if (this.#run.protocol === 'SCTP')
      return { doubt: 'no capture can show where it went: SCTP packets carry no mark' };
    const [first] = this.#evidence.blind;
    return first ? { doubt: `the capture at ${this.#wiring.placeOf(first[0])} cannot be relied on: ${first[1]}` } : {};
  }
}

const REJECTION_WORDS: Record<string, string> = {
  'tcp-reset': 'TCP reset',
  'tcp-fin': 'the connection was closed',
  'icmp-net-unreachable': 'ICMP net unreachable',
  'icmp-host-unreachable': 'ICMP host unreachable',
  'icmp-port-unreachable': 'ICMP port unreachable',
  'icmp-fragmentation-needed': 'ICMP fragmentation needed',
  'icmp-admin-prohibited': 'ICMP administratively prohibited',
  'icmp-time-exceeded': 'ICMP time exceeded',
  'icmp6-no-route': 'ICMPv6 no route',
  'icmp6-adm-prohibited': 'ICMPv6 administratively prohibited',
  'icmp6-addr-unreachable': 'ICMPv6 address unreachable',
  'icmp6-port-unreachable': 'ICMPv6 port unreachable',
  'icmp6-policy-fail': 'ICMPv6 source address failed policy',
  'icmp6-reject-route': 'ICMPv6 reject route',
  'icmp6-packet-too-big': 'ICMPv6 packet too big',
  'icmp6-time-exceeded': 'ICMPv6 time exceeded',
};

/** What came of a process's attempts at endpoints. */
function failureOf({ serves, attempts, waiting }: Relayed): string {
  if (waiting) return 'was busy opening a connection for another client';
  if (attempts.length === 0) return `has no endpoint for ${serves}`;
  const failed = failedAttempts(attempts);
  return failed.length > 0
    ? `tried ${formatAttempts(failed).join(', ')}`
    : `was connected to ${attempts.at(-1)!.endpoint}`;
}

function lastSeen(hops: readonly Hop[]): { place: string; interface: string } {
  const last = hops.at(-1)!;
  return { place: last.place, interface: last.interface };
}

/** Who lives in another place's namespace answers from there. */
function samePlace(seen: string, claimed: string, wiring: Wiring): boolean {
  return seen === claimed || wiring.namespaceOf(claimed) === wiring.namespaceOf(seen);
}
