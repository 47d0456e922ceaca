/** A traced walk: the hops, the fate, and when asked for the rules, connection tracking and IPVS behind them. */
import type { TrackedConnections } from '../stitch/conntrack.ts';
import type { Balancing } from '../stitch/ipvs.ts';
import type { MatchedRule, RulesAtPlace, Unread } from '../stitch/rules.ts';
import type { Rewrite, Walk } from '../stitch/walk.ts';
import { type Colors, table } from './layout.ts';
import { formatWalk } from './walk-text.ts';

export function formatTrace(
  walk: Walk,
  rules: readonly RulesAtPlace[],
  tracked: readonly TrackedConnections[],
  balancings: readonly Balancing[],
  colors: Colors,
): string {
  const lines = formatWalk(walk, colors, '  ', { madeBy: (rewrite) => chainsBehind(rewrite, rules) });
  if (walk.outcome === 'delivered') {
    const to = walk.endpoint === undefined ? '' : ` to ${walk.endpoint}`;
    const saw = walk.sourceSeen === undefined ? '' : `, which saw ${walk.sourceSeen}`;
    lines.push(`  ${colors.green(`delivered${to}${saw}`)}`);
  }
  if (walk.doubt !== undefined) lines.push(`  ${colors.yellow(`not certain: ${walk.doubt}`)}`);
  for (const [index, { place, direction, rules: matched }] of rules.entries()) {
    const before = rules[index - 1];
    const isRelayed = before?.place === place && before.direction === direction;
    lines.push(
      '',
      colors.bold(
        `rules at ${place}${isRelayed ? ', after the relay' : ''}${direction === 'reply' ? ', on the way back' : ''}`,
      ),
      ...table(matched.map(ruleRow)).map((line) => `  ${line}`),
    );
  }
  for (const { place, entries } of tracked) {
    lines.push('', colors.bold(`connection tracking at ${place}`), ...entries.map((entry) => `  ${entry}`));
  }
  for (const { place, entry } of balancings) {
    if (entry !== undefined) lines.push('', colors.bold(`connections of IPVS at ${place}`), `  ${entry}`);
  }
  return lines.join('\n');
}

export function formatUnread({ place, reason }: Unread): string {
  return `not all rules at ${place} could be read: ${reason}`;
}

const TARGETS = { dnat: /-j (DNAT|REDIRECT)|\bdnat to /, snat: /-j (MASQUERADE|SNAT)|^masquerade/ } as const;
const NAT_TABLES = ['nat', 'kube-proxy'];
/** Where netfilter calls: in the tables of iptables, and in kube-proxy's own. */
const HOOKS = /^[A-Z]+ROUTING$|^OUTPUT$|^nat-(prerouting|output|postrouting)$/;

/** What is passed on every way. */
const MARKS = ['KUBE-MARK-MASQ', 'mark-for-masquerade'];
const PORTALS = ['KUBE-SERVICES', 'services'];

/** The own chains a packet passed on its way to the rule that translated it, hashes shortened; or IPVS's scheduler. */
export function chainsBehind({ at, kind }: Rewrite, rules: readonly RulesAtPlace[]): string | undefined {
  if (kind !== 'dnat' && kind !== 'snat') return undefined;
  const stays = rules.filter(({ place, direction }) => place === at && direction === 'forward');
  const virtual = kind === 'dnat' && stays.flatMap(({ rules }) => rules).find((rule) => rule.table === 'ipvs');
  if (virtual) return `IPVS, ${/-s (\S+)/.exec(virtual.rule)?.[1]}`;
  const translates = ({ table, rule }: MatchedRule) => NAT_TABLES.includes(table) && TARGETS[kind].test(rule);
  const nat = stays
    .find(({ rules }) => rules.some(translates))
    ?.rules.filter(({ table }) => NAT_TABLES.includes(table));
  if (!nat) return undefined;
  const last = nat.findIndex(translates);
  const start = nat.slice(0, last).findLastIndex(({ chain }) => HOOKS.test(chain));
  const chains = nat.slice(start + 1, last + 1).map(({ chain }) => chain);
  return [...new Set(chains)]
    .filter((chain) => !MARKS.includes(chain) && (!PORTALS.includes(chain) || chains.at(-1) === chain))
    .map((chain) => chain.replace(/-([A-Z2-7]{4})[A-Z2-7]{12}$/, '-$1…').replace(/-([A-Z2-7]{8})-.*$/, '-$1…'))
    .join(' → ');
}

function ruleRow({ table: name, chain, rule }: MatchedRule): string[] {
  return [name, chain, rule];
}
