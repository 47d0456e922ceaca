/** A traced walk: the hops, the fate, and when asked for the rules and connection tracking behind them. */
import type { TrackedConnections } from '../stitch/conntrack.ts';
import type { MatchedRule, RulesAtPlace } from '../stitch/rules.ts';
import type { Walk } from '../stitch/walk.ts';
import { type Colors, table } from './layout.ts';
import { formatWalk } from './walk-text.ts';

export function formatTrace(walk: Walk, rules: readonly RulesAtPlace[], tracked: readonly TrackedConnections[], colors: Colors): string {
  const lines = formatWalk(walk, colors, '  ');
  if (walk.outcome === 'delivered') {
    const saw = walk.sourceSeen === undefined ? '' : `, which saw ${walk.sourceSeen}`;
    lines.push(`  ${colors.green(`delivered to ${walk.endpoint}${saw}`)}`);
  }
  if (walk.doubt !== undefined) lines.push(`  ${colors.yellow(`not certain: ${walk.doubt}`)}`);
  for (const { place, direction, rules: matched } of rules) {
    lines.push('', colors.bold(`rules at ${place}${direction === 'reply' ? ', on the way back' : ''}`), ...table(matched.map(ruleRow)).map((line) => `  ${line}`));
  }
  for (const { place, entries } of tracked) {
    lines.push('', colors.bold(`connection tracking at ${place}`), ...entries.map((entry) => `  ${entry}`));
  }
  return lines.join('\n');
}

function ruleRow({ table: name, chain, rule }: MatchedRule): string[] {
  return [name, chain, rule];
}
