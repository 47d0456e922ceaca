/**
 * A walk as people read it: one line a hop, translations and relays between the lines, addresses in one column. Before it the
 * questions that were asked, the last one with its own hops, or the URL that was asked for.
 */
import { socketAddress } from '../net/port.ts';
import { formatAttempts } from '../stitch/summary.ts';
import type { Hop, Redirect, Relay, Rewrite, Walk } from '../stitch/walk.ts';
import { formatExchange, formatQuery } from './exchange-text.ts';
import { type Colors, wrap } from './layout.ts';

export interface WalkTextOptions {
  /** Which chains made a translation, when rules were traced. */
  readonly madeBy?: (rewrite: Rewrite) => string | undefined;
  /** Sentences are broken to fit into it; hops stay whole. */
  readonly width?: number;
}

export function formatWalk(
  walk: Walk,
  colors: Colors,
  indent = '    ',
  { madeBy = () => undefined, width = Number.POSITIVE_INFINITY }: WalkTextOptions = {},
): string[] {
  const { queries = [] } = walk;
  const shown = isQuestion(walk) ? [] : queries.slice(-1);
  const hops = [...shown, walk].flatMap((each) => [...each.hops, ...each.replyHops]);
  const columns = {
    place: Math.max(4, ...hops.map(({ place }) => place.length)),
    device: Math.max(4, ...hops.map((hop) => hop.interface.length)),
  };
  const line = (hop: Hop) => formatHop(hop, columns, colors, indent, madeBy);
  const way = ({ hops, redirects = [], replyHops }: Walk) => [
    ...hops.flatMap(line),
    ...redirects.map((redirect) => told(redirect, indent, colors)),
    ...(replyHops.length > 0 ? [`${indent}${colors.dim('and back')}`, ...replyHops.flatMap(line)] : []),
  ];
  const title = (text: string) => `${indent}${colors.bold(text)}`;
  const lines = queries.flatMap((query) => [title(formatQuery(query)), ...(shown.includes(query) ? way(query) : [])]);
  if (queries.length > 0 && !isQuestion(walk)) lines.push(title(`${walk.from} sends to ${walk.probe.remote.address}`));
  const exchange = formatExchange(walk);
  if (exchange !== undefined) lines.push(title(exchange));
  lines.push(...way(walk));
  const { whoHas = [] } = walk;
  if (whoHas.length > 1)
    lines.push(
      ...wrap(
        `${indent}who has ${walk.probe.remote.address}? ${whoHas.length} answer: ${whoHas.join(', ')}`,
        width,
        `${indent}  `,
      ).map(colors.yellow),
    );
  if (walk.outcome !== 'delivered')
    lines.push(...wrap(`${indent}${walk.outcome}: ${walk.reason}`, width, `${indent}  `).map(colors.yellow));
  return lines;
}

function isQuestion({ probe }: Walk): boolean {
  return probe.question !== undefined;
}

function formatHop(
  hop: Hop,
  columns: { place: number; device: number },
  colors: Colors,
  indent: string,
  madeBy: NonNullable<WalkTextOptions['madeBy']>,
): string[] {
  const lead = `${hop.place.padEnd(columns.place)}  ${hop.interface.padEnd(columns.device)}  ${ARROWS[hop.direction]}  `;
  const gap = `${indent}${' '.repeat(lead.length)}`;
  const { source, destination, info } = hop.packet;
  const inner = `${source} → ${destination}`;
  const text = hop.encapsulation ? `${formatEncapsulation(hop.encapsulation)}` : `${inner}  ${colors.dim(info)}`;
  return [
    ...(hop.relay ? formatRelay(hop.relay).map((line) => `${gap}${colors.cyan(line)}`) : []),
    ...(hop.rewrites ?? []).flatMap((rewrite) => {
      const chains = madeBy(rewrite);
      return [
        `${gap}${colors.cyan(formatRewrite(rewrite))}`,
        ...(chains === undefined ? [] : [`${gap}${colors.dim(`      by ${chains}`)}`]),
      ];
    }),
    ...formatOuterRewrites(hop).map((line) => `${gap}${colors.cyan(line)}`),
    `${indent}${lead}${text}`,
  ];
}

const ARROWS: Record<Hop['direction'], string> = { in: 'in ', out: 'out', through: ' · ' };

export function formatEncapsulation({ as, vni, port, source, destination }: NonNullable<Hop['encapsulation']>): string {
  if (as === 'ipip') return `IPIP  ${source} → ${destination}`;
  const far = socketAddress(destination, port!);
  if (as === 'udp') return `IP in UDP  ${source} → ${far}`;
  if (as === 'wireguard') return `WireGuard  ${source} → ${far}`;
  return `VXLAN vni ${vni}  ${source} → ${far}`;
}

/** `kube-proxy  relays  A → B  as  C → D` */
export function formatRelay({ program, from, to, connected, failed = [] }: Relay): string[] {
  const verb = connected ? 'relays' : 'tries to relay';
  return [
    ...formatAttempts(failed).map((attempt) => `${program}  tried  ${attempt}`),
    `${program}  ${verb}  ${from.source} → ${from.destination}  as  ${to.source} → ${to.destination}`,
  ];
}

function told({ by, told, destination, via }: Redirect, indent: string, colors: Colors): string {
  return `${indent}${colors.cyan(`${by} tells ${told} by ICMP redirect: ${destination} is better reached by ${via}`)}`;
}

/** What was done to the packet that carries the other one. */
export function formatOuterRewrites({ encapsulation }: Hop): string[] {
  return (encapsulation?.rewrites ?? []).map((rewrite) => `outer ${formatRewrite(rewrite)}`);
}

export function formatRewrite({ kind, from, to }: Rewrite): string {
  return `${kind.toUpperCase()}  ${from} → ${to}`;
}
