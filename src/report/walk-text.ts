/** A walk as people read it: one line a hop, translations between the lines, addresses in one column. */

import type { Hop, Rewrite, Walk } from '../stitch/walk.ts';
import type { Colors } from './layout.ts';

/** Which chains made a translation, when rules were traced. */
export type MadeBy = (rewrite: Rewrite) => string | undefined;

export function formatWalk(walk: Walk, colors: Colors, indent = '    ', madeBy: MadeBy = () => undefined): string[] {
  const hops = [...walk.hops, ...walk.replyHops];
  const width = {
    place: Math.max(4, ...hops.map(({ place }) => place.length)),
    device: Math.max(4, ...hops.map((hop) => hop.interface.length)),
  };
  const line = (hop: Hop) => formatHop(hop, width, colors, indent, madeBy);
  const lines = walk.hops.flatMap(line);
  if (walk.replyHops.length > 0) lines.push(`${indent}${colors.dim('and back')}`, ...walk.replyHops.flatMap(line));
  if (walk.outcome !== 'delivered') lines.push(`${indent}${colors.yellow(`${walk.outcome}: ${walk.reason}`)}`);
  return lines;
}

function formatHop(
  hop: Hop,
  width: { place: number; device: number },
  colors: Colors,
  indent: string,
  madeBy: MadeBy,
): string[] {
  const lead = `${hop.place.padEnd(width.place)}  ${hop.interface.padEnd(width.device)}  ${ARROWS[hop.direction]}  `;
  const gap = `${indent}${' '.repeat(lead.length)}`;
  const { source, destination, info } = hop.packet;
  const inner = `${source} → ${destination}`;
  const text = hop.encapsulation ? `${formatEncapsulation(hop.encapsulation)}` : `${inner}  ${colors.dim(info)}`;
  return [
    ...(hop.rewrites ?? []).flatMap((rewrite) => {
      const chains = madeBy(rewrite);
      return [
        `${gap}${colors.cyan(formatRewrite(rewrite))}`,
        ...(chains === undefined ? [] : [`${gap}${colors.dim(`      by ${chains}`)}`]),
      ];
    }),
    `${indent}${lead}${text}`,
  ];
}

const ARROWS: Record<Hop['direction'], string> = { in: 'in ', out: 'out', through: ' · ' };

function formatEncapsulation({ as, vni, port, source, destination }: NonNullable<Hop['encapsulation']>): string {
  if (as === 'ipip') return `IPIP  ${source} → ${destination}`;
  return `VXLAN vni ${vni}  ${source} → ${destination}:${port}`;
}

export function formatRewrite({ kind, from, to }: Rewrite): string {
  return `${kind.toUpperCase()}  ${from} → ${to}`;
}
