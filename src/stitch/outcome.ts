/**
 * What became of a probe. The conditions are those of docs/outcomes.md, tried in its order; each outcome that says
 * "not" rests on a capture that was alive where the packet would have been next.
 */
import { socketAddress } from '../net/port.ts';
import type { Outcome } from '../parse/schema/topology.ts';
import type { ProbeRun } from '../probe/probe.ts';
import { isAboutRequest, type Sighting } from './identify.ts';
import type { Evidence, ProbeFrames } from './index.ts';
import { pathOf, SOCKET, type Tuple } from './path.ts';
import { rejectionOf } from './summary.ts';
import type { Hop, Walk } from './walk.ts';
import type { Wiring } from './wiring.ts';

interface Finding
  extends Partial<Pick<Walk, 'rejection' | 'lastSeen' | 'doubt' | 'endpoint' | 'endpointAddress' | 'sourceSeen'>> {
  readonly outcome: Outcome;
  readonly reason: string;
}

export function outcomeOf(run: ProbeRun, frames: ProbeFrames, evidence: Evidence, wiring: Wiring): Walk {
  const context = new Context(run, frames, evidence, wiring);
  const finding = context.find();
  return {
    probe: run,
    from: wiring.placeOf(run.namespace),
    hops: context.hops,
    replyHops: context.replyHops,
    ...finding,
  };
}

class Context {
  readonly hops: readonly Hop[];
  readonly replyHops: readonly Hop[];
  readonly #run: ProbeRun;
  readonly #frames: ProbeFrames;
  readonly #evidence: Evidence;
  readonly #wiring: Wiring;
  readonly #sent: Tuple | undefined;

  constructor(run: ProbeRun, frames: ProbeFrames, evidence: Evidence, wiring: Wiring) {
    this.#run = run;
    this.#frames = frames;
    this.#evidence = evidence;
    this.#wiring = wiring;
    this.#sent = sentTuple(run);
    const request = this.#decisiveRequest();
    const answer = this.#decisiveAnswer();
    const answered = run.result.kind === 'answered' ? run.result.answer : undefined;
    /** Only where there are rules can the endpoint have seen anything else than its last interface. */
    const atEndpoint =
      answered && this.#mayTranslate(request) ? { source: answered.source, destination: answered.address } : undefined;
    this.hops = pathOf(request, { start: run.namespace, sent: this.#sent, received: atEndpoint, wiring, undo: false });
    this.replyHops = pathOf(answer, {
      start: answer.length > 0 ? origin(answer).frame.namespace : run.namespace,
      sent: atEndpoint && reversed(atEndpoint),
      received: run.result.kind === 'answered' && this.#sent ? reversed(this.#sent) : undefined,
      wiring,
      undo: true,
    });
  }

  find(): Finding {
    const { result } = this.#run;
    if (result.kind === 'answered') return this.#delivered();
    const finding = this.#loop() ?? this.#rejected() ?? this.#unsendable() ?? this.#replyProblem() ?? this.#lost();
    return { ...finding, ...this.#blindness() };
  }

  /** The packet to follow: the first one, unless that one did its work and a later one did not. */
  #decisiveRequest(): readonly Sighting[] {
    const { requests, answers } = this.#frames;
    const [first = []] = requests;
    if (this.#run.protocol !== 'TCP' || this.#run.result.kind === 'answered' || answers.length === 0) return first;
    const data = requests.find(
      ([sighting]) => sighting!.packet.transport.kind === 'tcp' && sighting!.packet.transport.payloadLength > 0,
    );
    return data ?? first;
  }

  #decisiveAnswer(): readonly Sighting[] {
    const { answers } = this.#frames;
    const request = this.#decisiveRequest();
    const isData = request.length > 0 && request !== this.#frames.requests[0];
    if (isData) {
      const reply = answers.find(
        ([sighting]) => sighting!.packet.transport.kind === 'tcp' && sighting!.packet.transport.payloadLength > 0,
      );
      return reply ?? this.#errorsAboutRequest()[0] ?? [];
    }
    return answers[0] ?? this.#errorsAboutRequest()[0] ?? [];
  }

  #errorsAboutRequest(): readonly (readonly Sighting[])[] {
    return this.#frames.errors.filter(
      ([sighting]) => isAboutRequest(sighting!) && rejectionOf(sighting!.packet) !== undefined,
    );
  }

  #mayTranslate(sightings: readonly Sighting[]): boolean {
    return sightings.some(
      ({ frame }) =>
        this.#wiring.hasRules(frame.namespace) && this.#wiring.placeOf(frame.namespace) === this.#lastPlace(sightings),
    );
  }

  #lastPlace(sightings: readonly Sighting[]): string | undefined {
    const last = sightings
      .toSorted((a, b) => a.frame.seconds - b.frame.seconds || a.frame.nanoseconds - b.frame.nanoseconds)
      .at(-1);
    return last && this.#wiring.placeOf(last.frame.namespace);
  }

  #delivered(): Finding {
    const { result } = this.#run;
    const answer = result.kind === 'answered' ? result.answer : undefined;
    const last = this.hops.at(-1);
    const endpoint = answer?.endpoint ?? last?.place;
    const endpointAddress = answer?.address ?? last?.packet.destination;
    const sourceSeen = answer?.source ?? last?.packet.source;
    return {
      outcome: 'delivered',
      reason: `${endpoint ?? 'somebody'} answered`,
      ...(endpoint !== undefined && { endpoint }),
      ...(endpointAddress !== undefined && { endpointAddress }),
      ...(sourceSeen !== undefined && { sourceSeen }),
      ...this.#disagreement(),
    };
  }

  /** Endpoint and capture both say who was reached and whom it saw; when they differ, neither is believed. */
  #disagreement(): Pick<Finding, 'doubt'> {
    const { result } = this.#run;
    const last = this.hops.at(-1);
    const because = this.#blindness().doubt;
    const doubt = (text: string) => ({ doubt: because === undefined ? text : `${text}; ${because}` });
    if (!last) return doubt('the probe was answered, but no capture holds its packets');
    if (result.kind !== 'answered' || !result.answer) return {};
    const { endpoint, source } = result.answer;
    if (last.packet.source !== source)
      return doubt(`${endpoint} says it saw ${source}, the capture shows ${last.packet.source}`);
    if (!samePlace(last.place, endpoint, this.#wiring))
      return doubt(`${endpoint} says it answered, the capture ends at ${last.place}`);
    return {};
  }

  #loop(): Finding | undefined {
    const passages = new Map<string, Hop>();
    for (const hop of this.hops) {
      const key = `${hop.place} ${hop.interface} ${hop.direction}`;
      const earlier = passages.get(key);
      if (earlier && hop.packet.ttl < earlier.packet.ttl) {
        return {
          outcome: 'loop',
          reason: `the packet passed ${hop.place} ${hop.interface} again and again, its TTL falling from ${earlier.packet.ttl}`,
          lastSeen: lastSeen(this.hops),
        };
      }
      passages.set(key, earlier ?? hop);
    }
    return undefined;
  }

  /** A reset or an ICMP error came back to the sender. */
  #rejected(): Finding | undefined {
    const refusals = [...this.#frames.answers, ...this.#errorsAboutRequest()].filter(
      ([sighting]) => rejectionOf(sighting!.packet) !== undefined,
    );
    const [refusal] = refusals;
    if (!refusal) return undefined;
    const reached = refusal.some(({ frame }) => frame.namespace === this.#run.namespace);
    if (!reached && this.#run.result.kind !== 'refused') return undefined;
    const by = this.#wiring.placeOf(origin(refusal).frame.namespace);
    const kind = rejectionOf(refusal[0]!.packet)!;
    return {
      outcome: 'rejected',
      rejection: { by, with: kind },
      reason: `${by} rejected it: ${REJECTION_WORDS[kind] ?? kind}`,
    };
  }

  /** The sender's own kernel would not send it. */
  #unsendable(): Finding | undefined {
    const { result, remote, namespace } = this.#run;
    if (result.kind !== 'refused') return undefined;
    const from = this.#wiring.placeOf(namespace);
    if (this.hops.length > 0) return result.errno === 'EHOSTUNREACH' ? this.#noNeighbour() : undefined;
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
    const [answer] = this.#frames.answers;
    const last = this.replyHops.at(-1);
    if (!answer || !last) return undefined;
    const from = this.#wiring.placeOf(this.#run.namespace);
    const first = this.replyHops[0]!;
    const endpoint = { endpoint: first.place };
    if (last.place === from) {
      const expected = this.#sent?.destination;
      if (expected === undefined || last.packet.source === expected) {
        return {
          outcome: 'reply-lost',
          reason: `the answer reached ${from}, but not the one who asked`,
          lastSeen: lastSeen(this.replyHops),
          ...endpoint,
        };
      }
      const reason = `the answer came from ${last.packet.source}, but ${expected} was asked: ${from} does not take it for an answer`;
      return { outcome: 'reply-mismatch', reason, lastSeen: lastSeen(this.replyHops), ...endpoint };
    }
    return {
      outcome: 'reply-lost',
      reason: `${first.place} answered; ${this.#disappearance(this.replyHops)}`,
      lastSeen: lastSeen(this.replyHops),
      ...endpoint,
    };
  }

  #lost(): Finding {
    const from = this.#wiring.placeOf(this.#run.namespace);
    const last = this.hops.at(-1);
    if (!last) {
      const neighbour = this.#noNeighbour();
      if (neighbour) return neighbour;
      return {
        outcome: 'dropped',
        reason: `it never left ${from}: none of its interfaces saw it`,
        lastSeen: { place: from, interface: SOCKET },
      };
    }
    const owner = this.#wiring.ownerOf(addressOf(last.packet.destination));
    const arrived =
      owner !== undefined &&
      this.#wiring.placeOf(owner) === last.place &&
      last.direction === 'in' &&
      !last.encapsulation;
    if (arrived && !this.#wiring.hasRules(owner)) {
      const back = this.#wiring.nextHop(owner, addressOf(last.packet.source));
      const why = back === undefined ? `: it has no route to ${addressOf(last.packet.source)}` : '';
      return {
        outcome: 'unanswered',
        reason: `${last.place} got it and sent no answer${why}`,
        lastSeen: lastSeen(this.hops),
        endpoint: last.place,
        sourceSeen: last.packet.source,
      };
    }
    return (
      this.#noNeighbour() ?? {
        outcome: 'dropped',
        reason: this.#disappearance(this.hops),
        lastSeen: lastSeen(this.hops),
      }
    );
  }

  /** ARP for the next hop went unanswered where the packet was last, for as long as the capture goes. */
  #noNeighbour(): Finding | undefined {
    const last = this.hops.at(-1);
    const namespace = (last && this.#wiring.namespaceOf(last.place)) ?? this.#run.namespace;
    const destination =
      last?.encapsulation?.destination ?? addressOf(last?.packet.destination ?? this.#run.remote.address);
    const target = this.#wiring.nextHop(namespace, destination);
    if (target === undefined) return undefined;
    /** One question serves all packets that wait for the answer: it may be older than this one. */
    const arp = this.#evidence.frames.filter((frame) => frame.namespace === namespace && frame.packet.kind === 'arp');
    const asked = arp.some(
      ({ packet, direction }) =>
        packet.kind === 'arp' && packet.operation === 'request' && packet.target === target && direction === 'out',
    );
    const told = arp.some(
      ({ packet }) => packet.kind === 'arp' && packet.operation === 'reply' && packet.sender === target,
    );
    if (!asked || told) return undefined;
    const place = this.#wiring.placeOf(namespace);
    return {
      outcome: 'no-neighbour',
      reason: `${place} asked who has ${target}, and nobody answered`,
      lastSeen: last ? lastSeen(this.hops) : { place, interface: SOCKET },
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

  /** Silence proves nothing where a capture was not alive. */
  #blindness(): Pick<Finding, 'doubt'> {
    const [first] = this.#evidence.blind;
    return first ? { doubt: `the capture at ${this.#wiring.placeOf(first[0])} cannot be relied on: ${first[1]}` } : {};
  }
}

const REJECTION_WORDS: Record<string, string> = {
  'tcp-reset': 'TCP reset',
  'icmp-net-unreachable': 'ICMP net unreachable',
  'icmp-host-unreachable': 'ICMP host unreachable',
  'icmp-port-unreachable': 'ICMP port unreachable',
  'icmp-fragmentation-needed': 'ICMP fragmentation needed',
  'icmp-admin-prohibited': 'ICMP administratively prohibited',
  'icmp-time-exceeded': 'ICMP time exceeded',
};

function sentTuple({ local, remote, protocol }: ProbeRun): Tuple | undefined {
  if (!local) return undefined;
  if (protocol === 'ICMP') return { source: local.address, destination: remote.address };
  return {
    source: socketAddress(local.address, local.port),
    destination: socketAddress(remote.address, remote.port ?? 0),
  };
}

function reversed({ source, destination }: Tuple): Tuple {
  return { source: destination, destination: source };
}

/** Where a packet was seen first: who sent it. */
function origin(sightings: readonly Sighting[]): Sighting {
  return sightings.toSorted(
    (a, b) => a.frame.seconds - b.frame.seconds || a.frame.nanoseconds - b.frame.nanoseconds,
  )[0]!;
}

function lastSeen(hops: readonly Hop[]): { place: string; interface: string } {
  const last = hops.at(-1)!;
  return { place: last.place, interface: last.interface };
}

/** `10.0.0.1:80` → `10.0.0.1` */
export function addressOf(socket: string): string {
  if (socket.startsWith('[')) return socket.slice(1, socket.indexOf(']'));
  const colon = socket.indexOf(':');
  return colon < 0 || socket.indexOf(':', colon + 1) >= 0 ? socket : socket.slice(0, colon);
}

/** A pod on the host network answers from its node's namespace. */
function samePlace(seen: string, claimed: string, wiring: Wiring): boolean {
  return seen === claimed || (wiring.namespaceOf(claimed) === undefined && seen.startsWith('node/'));
}
