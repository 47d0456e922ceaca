/**
 * What became of a probe. The conditions are those of docs/outcomes.md, tried in its order; each outcome that says
 * "not" rests on a capture that was alive where the packet would have been next.
 */
import { socketAddress } from '../net/port.ts';
import type { Outcome } from '../parse/schema/topology.ts';
import type { EndpointAnswer, ProbeRun } from '../probe/probe.ts';
import { isAboutRequest } from './identify.ts';
import type { Evidence, ProbeFrames, SeenPacket } from './index.ts';
import { pathOf, SOCKET, type Tuple } from './path.ts';
import { rejectionOf } from './summary.ts';
import { byTime, origin } from './time.ts';
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
    const answer = this.#decisiveAnswer(request);
    const answered = run.result.kind === 'answered' ? run.result.answer : undefined;
    /** Only where there are rules can the endpoint have seen anything else than its last interface. */
    const atEndpoint =
      answered && this.#mayTranslate(request) ? { source: answered.source, destination: answered.address } : undefined;
    this.hops = this.#wayThere(request, atEndpoint);
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
    return { ...finding, ...this.#gap() };
  }

  #wayThere(request: SeenPacket, received?: Tuple): Hop[] {
    const { namespace: start } = this.#run;
    return pathOf(request, { start, sent: this.#sent, received, wiring: this.#wiring, undo: false });
  }

  /** The packet to follow: the first one, unless that one did its work and a later one did not. */
  #decisiveRequest(): SeenPacket {
    const { requests, answers } = this.#frames;
    const worked = this.#run.protocol === 'TCP' && this.#run.result.kind !== 'answered' && answers.length > 0;
    const data = worked ? requests.filter(carriesData) : [];
    return followed(data.length > 0 ? data : requests, (attempt) => this.#arrived(this.#wayThere(attempt)));
  }

  #decisiveAnswer(request: SeenPacket): SeenPacket {
    const { answers } = this.#frames;
    const candidates = carriesData(request) ? answers.filter(carriesData) : answers;
    return followed(candidates.length > 0 ? candidates : this.#errorsAboutRequest(), (attempt) =>
      this.#cameBack(attempt),
    );
  }

  /** The packet came to whoever answered, or else to the owner of its destination, and was seen no further. */
  #arrived(hops: readonly Hop[]): boolean {
    const answer = this.#frames.answers[0] ?? this.#errorsAboutRequest()[0];
    const namespace = answer ? origin(answer).frame.namespace : this.#ownerOfDestination(hops);
    return namespace !== undefined && cameTo(this.#wiring.placeOf(namespace), hops);
  }

  #cameBack(answer: SeenPacket): boolean {
    return answer.some(({ frame }) => frame.namespace === this.#run.namespace && frame.direction === 'in');
  }

  #ownerOfDestination(hops: readonly Hop[]): string | undefined {
    const last = hops.at(-1);
    return last && this.#wiring.ownerOf(addressOf(last.packet.destination));
  }

  /** The owner of the packet's destination, once the packet came to it and no rule there can have sent it on or dropped it. */
  #reachedOwner(): string | undefined {
    const owner = this.#ownerOfDestination(this.hops);
    const reached =
      owner !== undefined && cameTo(this.#wiring.placeOf(owner), this.hops) && !this.#wiring.hasRules(owner);
    return reached ? owner : undefined;
  }

  #errorsAboutRequest(): readonly SeenPacket[] {
    return this.#frames.errors.filter(
      ([sighting]) => isAboutRequest(sighting!) && rejectionOf(sighting!.packet) !== undefined,
    );
  }

  #mayTranslate(request: SeenPacket): boolean {
    const last = request.toSorted(byTime).at(-1);
    return last !== undefined && this.#wiring.hasRules(last.frame.namespace);
  }

  #delivered(): Finding {
    const { result } = this.#run;
    const answer = result.kind === 'answered' ? result.answer : undefined;
    const last = this.#arrived(this.hops) ? this.hops.at(-1) : undefined;
    const endpoint = answer?.endpoint ?? last?.place;
    const endpointAddress = answer?.address ?? last?.packet.destination;
    const sourceSeen = answer?.source ?? last?.packet.source;
    return {
      outcome: 'delivered',
      reason: `${endpoint ?? 'somebody'} answered`,
      ...(endpoint !== undefined && { endpoint }),
      ...(endpointAddress !== undefined && { endpointAddress }),
      ...(sourceSeen !== undefined && { sourceSeen }),
      ...this.#disagreement(answer),
    };
  }

  /** Endpoint and capture both say who was reached and whom it saw; when they differ, neither is believed. */
  #disagreement(answer: EndpointAnswer | undefined): Pick<Finding, 'doubt'> {
    const last = this.hops.at(-1);
    const because = this.#gap().doubt;
    const doubt = (text: string) => ({ doubt: because === undefined ? text : `${text}; ${because}` });
    if (!last) return doubt('the probe was answered, but no capture holds its packets');
    if (!answer)
      return this.#arrived(this.hops)
        ? {}
        : doubt(`the answer does not say who sent it, and the capture ends at ${last.place}`);
    const { endpoint, source } = answer;
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
    const told = this.#run.result.kind === 'refused' ? refusals[0] : undefined;
    const refusal = refusals.find((packet) => this.#cameBack(packet)) ?? told;
    if (!refusal) return undefined;
    const by = this.#wiring.placeOf(origin(refusal).frame.namespace);
    const kind = rejectionOf(refusal[0]!.packet)!;
    /** So a machine tells whoever waits for it that its own question went unanswered. */
    const neighbour = kind === 'icmp-host-unreachable' ? this.#noNeighbour() : undefined;
    if (neighbour?.lastSeen?.place === by) return neighbour;
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
    const last = this.replyHops.at(-1);
    if (!last || !this.#wasAnswered()) return undefined;
    const from = this.#wiring.placeOf(this.#run.namespace);
    const first = this.replyHops[0]!;
    const endpoint = { endpoint: first.place };
    if (cameTo(from, this.replyHops)) {
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

  /** An error is an answer when it comes from the owner of the destination, and not from somebody on the way. */
  #wasAnswered(): boolean {
    if (this.#frames.answers.length > 0) return true;
    const owner = this.#reachedOwner();
    return owner !== undefined && this.#wiring.placeOf(owner) === this.replyHops[0]?.place;
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
    const owner = this.#reachedOwner();
    if (owner !== undefined) {
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

/** What is not answered is sent again: the first attempt that got through is followed, or the first of all if none did. */
function followed(packets: readonly SeenPacket[], gotThrough: (attempt: SeenPacket) => boolean): SeenPacket {
  const [first = []] = packets;
  return packets.filter(([sighting]) => sighting!.content === first[0]!.content).find(gotThrough) ?? first;
}

function carriesData([sighting]: SeenPacket): boolean {
  const transport = sighting?.packet.transport;
  return transport?.kind === 'tcp' && transport.payloadLength > 0;
}

/** Came in there, and was not seen to leave. */
function cameTo(place: string, hops: readonly Hop[]): boolean {
  const last = hops.at(-1);
  return last?.place === place && last.direction === 'in' && !last.encapsulation;
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
