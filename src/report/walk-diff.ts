/** The walks of one connection in two modes, side by side: what is the same, what is not, and in words what moved. */
import { addressOf, socketAddress } from '../net/port.ts';
import { rewritesOn } from '../stitch/outer.ts';
import type { RulesAtPlace } from '../stitch/rules.ts';
import type { Hop, Rewrite, Walk } from '../stitch/walk.ts';
import type { Colors } from './layout.ts';
import { wrap } from './layout.ts';
import { chainsBehind } from './trace-text.ts';
import { formatEncapsulation, formatOuterRewrites, formatRelay, formatRewrite } from './walk-text.ts';

/** A walk, the rules it met, and what its modes are called. */
export interface ModeWalk {
  readonly modes: string;
  readonly walk: Walk;
  readonly rules: readonly RulesAtPlace[];
}

/** A line of both walks, or of one of them. Ports the kernel chose at random are written `*`. */
export interface DiffLine {
  readonly in: 'both' | 'first' | 'second';
  readonly kind: 'hop' | 'rewrite' | 'relay';
  readonly text: string;
}

export interface WalkDifference {
  readonly from: string;
  readonly to: string;
  readonly modes: readonly [string, string];
  /** Sentences: what differs, and what of interest does not. */
  readonly statements: readonly string[];
  readonly forward: readonly DiffLine[];
  readonly reply: readonly DiffLine[];
}

export function compareWalks(first: ModeWalk, second: ModeWalk): WalkDifference {
  const width = columnWidths([first.walk, second.walk]);
  const [a, b] = [linesOf(first, width), linesOf(second, width)];
  return {
    from: first.walk.from,
    to: remoteOf(first.walk),
    modes: [first.modes, second.modes],
    statements: [
      ...compareFates(first, second),
      ...compareSources(first, second),
      ...compareRewrites(first, second),
      ...compareRelays(first, second),
      ...compareWires(first, second),
      ...compareWays(first, second),
    ],
    forward: align(a.forward, b.forward),
    reply: align(a.reply, b.reply),
  };
}

export function formatDifference(difference: WalkDifference, colors: Colors, width: number): string {
  const { from, to, modes, statements, forward, reply } = difference;
  const signs = { both: '  ', first: '- ', second: '+ ' } as const;
  const paints = { both: (text: string) => text, first: colors.red, second: colors.green } as const;
  const lines = (all: readonly DiffLine[]) => all.map((line) => paints[line.in](`  ${signs[line.in]}${line.text}`));
  return [
    `${colors.bold(`${from} → ${to}`)}  ${colors.red(`- ${modes[0]}`)}  ${colors.green(`+ ${modes[1]}`)}`,
    ...statements.flatMap((text) => wrap(`  ${text}`, width, '    ')),
    '',
    ...lines(forward),
    ...(reply.length > 0 ? [`    ${colors.dim('and back')}`, ...lines(reply)] : []),
  ].join('\n');
}

function remoteOf({ probe: { remote } }: Walk): string {
  return remote.port === undefined ? remote.address : socketAddress(remote.address, remote.port);
}

function compareFates(first: ModeWalk, second: ModeWalk): string[] {
  const fate = ({ walk }: ModeWalk) =>
    walk.outcome === 'delivered' ? `delivered to ${walk.endpoint ?? 'somebody'}` : `${walk.outcome}: ${walk.reason}`;
  const [a, b] = [fate(first), fate(second)];
  return a === b ? [`${a} in both`] : [`${first.modes}: ${a}`, `${second.modes}: ${b}`];
}

function compareSources(first: ModeWalk, second: ModeWalk): string[] {
  const [a, b] = [first, second].map(({ walk }) =>
    walk.sourceSeen === undefined ? undefined : addressOf(walk.sourceSeen),
  );
  if (a === undefined || b === undefined) return [];
  return a === b
    ? [`source address unchanged: the endpoint sees ${a}`]
    : [`source address: the endpoint sees ${a} with ${first.modes}, ${b} with ${second.modes}`];
}

/** Translations are matched by kind and order: what is done, where, and by whom. */
function compareRewrites(first: ModeWalk, second: ModeWalk): string[] {
  return (['dnat', 'snat'] as const).flatMap((kind) => {
    const [a, b] = [first, second].map((mode) => rewritesOf(mode, kind)) as [Made[], Made[]];
    return Array.from({ length: Math.max(a.length, b.length) }, (_, index) =>
      compareRewrite(kind.toUpperCase(), a[index], b[index], first.modes, second.modes),
    ).filter((text) => text !== undefined);
  });
}

function compareRewrite(
  kind: string,
  a: Made | undefined,
  b: Made | undefined,
  first: string,
  second: string,
): string | undefined {
  if (!a || !b) {
    const { made, modes } = a ? { made: a, modes: first } : { made: b!, modes: second };
    return `${kind} only with ${modes}: ${made.text} at ${made.at}${made.by === undefined ? '' : `, by ${made.by}`}`;
  }
  const each = (own: string | undefined, other: string | undefined, verb: string) => {
    const said = (by: string | undefined) => by ?? 'nothing traced';
    if (own === other) return own === undefined ? undefined : `${verb}${own}`;
    return `${verb}${said(own)} with ${first}, ${said(other)} with ${second}`;
  };
  const parts = [each(a.text, b.text, ''), each(a.at, b.at, 'at '), each(a.by, b.by, 'by ')];
  const same = a.text === b.text && a.at === b.at && a.by === b.by;
  return `${kind}${same ? ' unchanged' : ''}: ${parts.filter((part) => part !== undefined).join('; ')}`;
}

interface Made {
  readonly at: string;
  readonly text: string;
  readonly by: string | undefined;
}

function rewritesOf({ walk, rules }: ModeWalk, kind: Rewrite['kind']): Made[] {
  const hide = portsHidden(walk);
  return walk.hops
    .flatMap(({ rewrites = [] }) => rewrites)
    .filter((rewrite) => rewrite.kind === kind)
    .map((rewrite) => ({
      at: rewrite.at,
      text: hide(`${rewrite.from} → ${rewrite.to}`),
      by: chainsBehind(rewrite, rules),
    }));
}

/** Whose process took the connection and opened another one. */
function compareRelays(first: ModeWalk, second: ModeWalk): string[] {
  const [a, b] = [first, second].map(({ walk }) => walk.hops.flatMap(({ relay }) => relay?.at ?? []).join(', '));
  if (a === b) return [];
  const said = (places: string | undefined) => (places ? `relayed by kube-proxy on ${places}` : 'not relayed');
  return [`the connection is ${said(a)} with ${first.modes}, ${said(b)} with ${second.modes}`];
}

/** What travels between machines: as it is, or in another packet. */
function compareWires(first: ModeWalk, second: ModeWalk): string[] {
  const wire = ({ walk }: ModeWalk) => {
    const outer = walk.hops.find(({ encapsulation }) => encapsulation)?.encapsulation;
    return outer ? formatEncapsulation(outer) : 'the packet itself';
  };
  const [a, b] = [wire(first), wire(second)];
  return a === b ? [] : [`on the wire: ${a} with ${first.modes}, ${b} with ${second.modes}`];
}

function compareWays(first: ModeWalk, second: ModeWalk): string[] {
  return (['hops', 'replyHops'] as const).flatMap((direction) => {
    const [a, b] = [first, second].map(({ walk }) => stations(walk[direction])) as [string[], string[]];
    const way = direction === 'hops' ? 'the way there' : 'the way back';
    if (a.join() === b.join()) return [];
    const [onlyA, onlyB] = [a.filter((station) => !b.includes(station)), b.filter((station) => !a.includes(station))];
    const only = [
      onlyA.length > 0 && `only with ${first.modes} by ${onlyA.join(', ')}`,
      onlyB.length > 0 && `only with ${second.modes} by ${onlyB.join(', ')}`,
    ].filter(Boolean);
    return [`${way} differs: ${only.length > 0 ? only.join('; ') : 'the same interfaces in another order'}`];
  });
}

function stations(hops: readonly Hop[]): string[] {
  return [...new Set(hops.map((hop) => `${hop.place} ${hop.interface}`))];
}

interface Line {
  readonly kind: DiffLine['kind'];
  readonly text: string;
}

/** Of the columns for places, interfaces and directions. */
type Widths = readonly number[];

function columnWidths(walks: readonly Walk[]): Widths {
  const hops = walks.flatMap((walk) => [...walk.hops, ...walk.replyHops]);
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map(({ length }) => length));
  return [
    widest(hops.map(({ place }) => place)),
    widest(hops.map((hop) => hop.interface)),
    widest(hops.map(({ direction }) => direction)),
  ];
}

function linesOf({ walk }: ModeWalk, widths: Widths): { forward: Line[]; reply: Line[] } {
  const hide = portsHidden(walk);
  const row = (cells: readonly string[], content: string) =>
    [...widths.map((width, index) => (cells[index] ?? '').padEnd(width)), hide(content)].join('  ');
  const lines = (hops: readonly Hop[]) =>
    hops.flatMap((hop): Line[] => [
      ...(hop.relay
        ? formatRelay(hop.relay).map((text) => ({ kind: 'relay' as const, text: row([hop.place], text) }))
        : []),
      ...(hop.rewrites ?? []).map((rewrite) => ({
        kind: 'rewrite' as const,
        text: row([rewrite.at], formatRewrite(rewrite)),
      })),
      ...formatOuterRewrites(hop).map((text) => ({ kind: 'rewrite' as const, text: row([hop.place], text) })),
      { kind: 'hop', text: row([hop.place, hop.interface, hop.direction], contentOf(hop)) },
    ]);
  return { forward: lines(walk.hops), reply: lines(walk.replyHops) };
}

function contentOf({ packet, encapsulation }: Hop): string {
  if (encapsulation) return formatEncapsulation(encapsulation);
  return `${packet.source} → ${packet.destination}  ${packet.info}`;
}

/** Client ports are the kernel's choice, and after SNAT again: they tell two walks apart that are the same. */
function portsHidden({ hops }: Walk): (text: string) => string {
  const clients = new Set(hops.map(({ packet }) => packet.source).filter(hasPort));
  for (const { kind, from, to } of rewritesOn(hops))
    if (kind === 'snat') for (const each of [from, to]) if (hasPort(each)) clients.add(each);
  return (text) =>
    text
      .split(' ')
      .map((word) => (clients.has(word) ? word.replace(/\d+$/, '*') : word))
      .join(' ');
}

function hasPort(socket: string): boolean {
  return addressOf(socket) !== socket;
}

/** The longest common subsequence stays; what is only in one stands where it was, the first walk's before the second's. */
function align(first: readonly Line[], second: readonly Line[]): DiffLine[] {
  const common = Array.from({ length: first.length + 1 }, () => new Array<number>(second.length + 1).fill(0));
  for (let i = first.length - 1; i >= 0; i--)
    for (let j = second.length - 1; j >= 0; j--)
      common[i]![j] =
        first[i]!.text === second[j]!.text
          ? common[i + 1]![j + 1]! + 1
          : Math.max(common[i + 1]![j]!, common[i]![j + 1]!);
  const lines: DiffLine[] = [];
  let [i, j] = [0, 0];
  while (i < first.length || j < second.length) {
    if (i < first.length && j < second.length && first[i]!.text === second[j]!.text) {
      lines.push({ in: 'both', ...first[i]! });
      i++;
      j++;
    } else if (j === second.length || (i < first.length && common[i + 1]![j]! >= common[i]![j + 1]!))
      lines.push({ in: 'first', ...first[i++]! });
    else lines.push({ in: 'second', ...second[j++]! });
  }
  return lines;
}
