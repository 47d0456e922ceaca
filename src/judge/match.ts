/** Holds one walk against an expectation, field by field. */
import { formatData } from '../dns/record.ts';
import type { EncapsulationExpectation, Expectation, Peer, Step } from '../model/check.ts';
import { addressOf } from '../net/port.ts';
import { rewritesOn } from '../stitch/outer.ts';
import type { Encapsulation, Hop, Rewrite, Walk } from '../stitch/walk.ts';
import type { Wiring } from '../stitch/wiring.ts';
import { httpMismatches } from './match-http.ts';
import type { Mismatch } from './verdict.ts';

/** All expectations the walk does not meet, in the order of the fields. */
export function mismatches(expect: Expectation, walk: Walk, wiring: Wiring): Mismatch[] {
  const found: Mismatch[] = [];
  const differ = (field: string, expected: string, observed: string) => found.push({ field, expected, observed });

  if (expect.outcome && expect.outcome !== walk.outcome)
    differ('outcome', expect.outcome, `${walk.outcome}: ${walk.reason}`);
  if (expect.rejectedBy && expect.rejectedBy !== walk.rejection?.by)
    differ('rejectedBy', expect.rejectedBy, walk.rejection?.by ?? 'nobody');
  if (expect.rejectedWith && expect.rejectedWith !== walk.rejection?.with)
    differ('rejectedWith', expect.rejectedWith, walk.rejection?.with ?? 'nothing');
  found.push(...httpMismatches(expect, walk.probe.result));
  if (expect.answers) {
    const observed = answersIn(walk);
    if (observed.toSorted().join() !== expect.answers.toSorted().join())
      differ('answers', expect.answers.join(', ') || 'none', observed.join(', ') || `none: ${walk.reason}`);
  }
  if (expect.endpoint && !(walk.endpoint !== undefined && expect.endpoint.includes(walk.endpoint))) {
    differ('endpoint', expect.endpoint.join(' or '), walk.endpoint ?? 'none was reached');
  }
  if (expect.source && !(walk.sourceSeen !== undefined && isPeer(walk.sourceSeen, expect.source, wiring))) {
    differ(
      'source',
      expect.source.text,
      walk.sourceSeen === undefined ? 'no endpoint saw a source' : named(walk.sourceSeen, wiring),
    );
  }
  if (expect.whoHas) {
    const observed = walk.whoHas?.join(', ');
    const expected = expect.whoHas.toSorted().join(', ');
    if (observed !== expected)
      differ('whoHas', expected || 'nobody', observed === undefined ? 'nobody was asked' : observed || 'nobody');
  }
  if (expect.lastSeen && !(walk.lastSeen && fitsStep(walk.lastSeen, expect.lastSeen))) {
    differ('lastSeen', formatStep(expect.lastSeen), walk.lastSeen ? formatStep(walk.lastSeen) : 'it arrived');
  }
  if (expect.path) checkPath('path', expect.path, walk.hops, differ);
  if (expect.replyPath) checkPath('replyPath', expect.replyPath, walk.replyHops, differ);
  if (expect.rewrites) checkRewrites(expect.rewrites, walk, wiring, differ);
  if (expect.relays) {
    const observed = walk.hops.flatMap(({ relay }) => relay?.at ?? []).join(', ');
    if (observed !== expect.relays.join(', ')) differ('relays', expect.relays.join(', ') || 'none', observed || 'none');
  }
  if (expect.redirects) checkRedirects(expect.redirects, walk, wiring, differ);
  if (expect.latency) {
    const { text, atLeast, atMost } = expect.latency;
    const observed = walk.hops.at(-1)?.sinceStart;
    if (observed === undefined) differ('latency', text, 'no packet was seen');
    else if (observed < atLeast || observed > atMost) differ('latency', text, formatLatency(observed));
  }
  if (expect.encapsulation) checkEncapsulation(expect.encapsulation, walk, wiring, differ);
  for (const { at, peer } of expect.unseen ?? []) {
    const hop = [...walk.hops, ...walk.replyHops].find(
      (candidate) => fitsStep(candidate, at) && touches(candidate, peer, wiring),
    );
    if (hop)
      differ(
        'unseen',
        `no packet with ${peer.text} at ${formatStep(at)}`,
        `${hop.place} ${hop.interface}: ${hop.packet.source} → ${hop.packet.destination}`,
      );
  }
  return found;
}

/** Of the type that was asked for. */
export function answersIn({ probe: { result, question } }: Walk): string[] {
  const reply = result.kind === 'answered' ? result.reply : undefined;
  return (reply?.answers ?? []).filter(({ type }) => type === question?.type).map(formatData);
}

type Differ = (field: string, expected: string, observed: string) => void;

function checkPath(field: string, expected: readonly Step[], hops: readonly Hop[], differ: Differ): void {
  const detailed = expected.some((step) => step.interface !== undefined);
  const observed = detailed ? interfacesOf(hops) : placesOf(hops);
  const fits = detailed
    ? fitsInterfaces(expected, observed)
    : expected.length === observed.length && expected.every((step, index) => step.place === observed[index]!.place);
  if (!fits)
    differ(field, expected.map(formatStep).join(' → '), observed.map(formatStep).join(' → ') || 'no packet was seen');
}

/** The places of a walk in order, each once for every stay. */
export function placesOf(hops: readonly Hop[]): Step[] {
  return hops.filter(({ place }, index) => place !== hops[index - 1]?.place).map(({ place }) => ({ place }));
}

/** The interfaces of a walk in order; in and out by one interface count once. */
function interfacesOf(hops: readonly Hop[]): Step[] {
  const real = hops.filter((hop) => hop.interface !== 'socket');
  return real
    .filter((hop, index) => hop.place !== real[index - 1]?.place || hop.interface !== real[index - 1]?.interface)
    .map((hop) => ({ place: hop.place, interface: hop.interface }));
}

/** A step without an interface stands for one or more interfaces of its place. */
function fitsInterfaces(expected: readonly Step[], observed: readonly Step[]): boolean {
  const [step, ...rest] = expected;
  if (!step) return observed.length === 0;
  const [first, ...others] = observed;
  if (!first || !fitsStep(first, step)) return false;
  if (fitsInterfaces(rest, others)) return true;
  return step.interface === undefined && fitsInterfaces(expected, others);
}

function fitsStep(observed: Step, expected: Step): boolean {
  if (!fitsPattern(observed.place, expected.place)) return false;
  return expected.interface === undefined || fitsPattern(observed.interface ?? '', expected.interface);
}

function fitsPattern(text: string, pattern: string): boolean {
  if (!pattern.includes('*')) return text === pattern;
  const escaped = pattern.split('*').map((part) => part.replace(/[.\\^$+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${escaped.join('.*')}$`).test(text);
}

export function formatStep(step: Step): string {
  return step.interface === undefined ? step.place : `${step.place}:${step.interface}`;
}

function checkRewrites(
  expected: NonNullable<Expectation['rewrites']>,
  walk: Walk,
  wiring: Wiring,
  differ: Differ,
): void {
  const observed = rewritesOn(walk.hops);
  const fits =
    expected.length === observed.length &&
    expected.every((want, index) => {
      const got = observed[index]!;
      return (
        want.at === got.at &&
        want.kind === got.kind &&
        isPeer(got.from, want.from, wiring) &&
        isPeer(got.to, want.to, wiring)
      );
    });
  if (fits) return;
  const wanted = expected.map(({ at, kind, from, to }) => `${kind.toUpperCase()} at ${at}: ${from.text} → ${to.text}`);
  differ(
    'rewrites',
    wanted.join('; ') || 'none',
    observed.map((rewrite) => formatRewrite(rewrite, wiring)).join('; ') || 'none',
  );
}

function formatRewrite({ at, kind, from, to }: Rewrite, wiring: Wiring): string {
  return `${kind.toUpperCase()} at ${at}: ${named(from, wiring)} → ${named(to, wiring)}`;
}

function checkRedirects(
  expected: NonNullable<Expectation['redirects']>,
  { redirects = [] }: Walk,
  wiring: Wiring,
  differ: Differ,
): void {
  const fits =
    expected.length === redirects.length &&
    expected.every(({ by, to }, index) => by === redirects[index]!.by && isPeer(redirects[index]!.via, to, wiring));
  if (fits) return;
  differ(
    'redirects',
    expected.map(({ by, to }) => `by ${by} to ${to.text}`).join('; ') || 'none',
    redirects.map(({ by, via }) => `by ${by} to ${named(via, wiring)}`).join('; ') || 'none',
  );
}

function checkEncapsulation(expected: EncapsulationExpectation, walk: Walk, wiring: Wiring, differ: Differ): void {
  const observed = walk.hops.flatMap((hop) => hop.encapsulation ?? []);
  const shown = observed.map((outer) =>
    formatEncapsulation(outer, named(outer.source, wiring), named(outer.destination, wiring)),
  );
  const text = [...new Set(shown)].join('; ') || 'none';
  if (expected === 'none') {
    if (observed.length > 0) differ('encapsulation', 'none', text);
    return;
  }
  const { between, as, vni, port } = expected;
  const [from, to] = between;
  const fits = observed.some(
    (outer) =>
      outer.as === as &&
      ownerOf(outer.source, wiring) === from &&
      ownerOf(outer.destination, wiring) === to &&
      (vni === undefined || vni === outer.vni) &&
      (port === undefined || port === outer.port),
  );
  if (!fits) differ('encapsulation', formatEncapsulation(expected, from, to), text);
}

/** What is not expected, or what the kind of encapsulation does not have, is left out. */
function formatEncapsulation({ as, vni, port }: Pick<Encapsulation, 'as' | 'vni' | 'port'>, from: string, to: string) {
  const details = [as, vni !== undefined && `vni ${vni}`, port !== undefined && `port ${port}`].filter(Boolean);
  return `${details.join(' ')}, ${from} → ${to}`;
}

function formatLatency(nanoseconds: number): string {
  return nanoseconds < 1e6 ? `${Math.round(nanoseconds / 1e3)} us` : `${Number((nanoseconds / 1e6).toPrecision(3))} ms`;
}

function touches({ packet, encapsulation }: Hop, peer: Peer, wiring: Wiring): boolean {
  return [packet.source, packet.destination, encapsulation?.source, encapsulation?.destination].some(
    (socket) => socket !== undefined && isPeer(socket, peer, wiring, true),
  );
}

/** Whether `10.0.0.1:80` is the expected place or address; ports count only when the expectation has one. */
function isPeer(socket: string, peer: Peer, wiring: Wiring, ignorePort = false): boolean {
  const address = addressOf(socket);
  const port = socket === address ? undefined : Number(socket.slice(socket.lastIndexOf(':') + 1));
  if (peer.port !== undefined && !ignorePort && port !== peer.port) return false;
  if (peer.address !== undefined) return address === peer.address;
  return peer.place !== undefined && wiring.owns(peer.place, address);
}

function ownerOf(address: string, wiring: Wiring): string | undefined {
  const namespace = wiring.ownerOf(address);
  return namespace === undefined ? undefined : wiring.placeOf(namespace);
}

/** An address with the name of whoever owns it: `10.0.0.100:40112 (host/client)`. */
function named(socket: string, wiring: Wiring): string {
  const owner = ownerOf(addressOf(socket), wiring);
  return owner === undefined ? socket : `${socket} (${owner})`;
}
