/**
 * An iptables ruleset as data and as text, which `iptables-restore` reads. Rules stay text, in the words kube-proxy and flannel
 * write them in.
 */
import type { Origin } from '../diagnostic.ts';

export type TableName = 'raw' | 'mangle' | 'nat' | 'filter';

export interface Rule {
  /** Everything after `-A CHAIN `. */
  readonly text: string;
  readonly origin: Origin;
}

export interface Chain {
  readonly name: string;
  /** Built-in chains have one. */
  readonly policy?: 'ACCEPT' | 'DROP';
  readonly rules: readonly Rule[];
}

export interface Table {
  readonly name: TableName;
  readonly chains: readonly Chain[];
}

export interface Iptables {
  readonly tables: readonly Table[];
}

const BUILTIN: Record<TableName, readonly string[]> = {
  raw: ['PREROUTING', 'OUTPUT'],
  mangle: ['PREROUTING', 'INPUT', 'FORWARD', 'OUTPUT', 'POSTROUTING'],
  nat: ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'],
  filter: ['INPUT', 'FORWARD', 'OUTPUT'],
};

/** Collects the rules of one namespace from the programs that would write them, in the order those start. */
export class IptablesBuilder {
  readonly #tables = new Map<TableName, Map<string, Rule[]>>();
  /** By table and chain, where it is not ACCEPT. */
  readonly #dropping = new Set<string>();

  /** Makes sure a chain exists. */
  chain(table: TableName, chain: string): void {
    this.#chain(table, chain);
  }

  /** What becomes of packets that no rule of a built-in chain decides on. */
  dropByDefault(table: TableName, chain: string): void {
    this.#chain(table, chain);
    this.#dropping.add(`${table} ${chain}`);
  }

  append(table: TableName, chain: string, text: string, origin: Origin): void {
    this.#chain(table, chain).push({ text, origin });
  }

  /** Kubernetes' EnsureRule: puts the rule at the top or the bottom unless the chain has it already. */
  ensure(where: 'prepend' | 'append', table: TableName, chain: string, text: string, origin: Origin): void {
    const rules = this.#chain(table, chain);
    if (rules.some((rule) => rule.text === text)) return;
    if (where === 'prepend') rules.unshift({ text, origin });
    else rules.push({ text, origin });
  }

  build(): Iptables {
    const order: TableName[] = ['raw', 'mangle', 'nat', 'filter'];
    return {
      tables: order.flatMap((name) => {
        const chains = this.#tables.get(name);
        if (!chains) return [];
        const builtin = BUILTIN[name].map(
          (chain): Chain => ({
            name: chain,
            policy: this.#dropping.has(`${name} ${chain}`) ? 'DROP' : 'ACCEPT',
            rules: chains.get(chain) ?? [],
          }),
        );
        const own = [...chains]
          .filter(([chain]) => !BUILTIN[name].includes(chain))
          .map(([chain, rules]): Chain => ({ name: chain, rules }));
        return [{ name, chains: [...builtin, ...own] }];
      }),
    };
  }

  #chain(table: TableName, chain: string): Rule[] {
    const chains = this.#tables.get(table) ?? new Map<string, Rule[]>();
    const rules = chains.get(chain) ?? [];
    this.#tables.set(table, chains.set(chain, rules));
    return rules;
  }
}

/** Each table with its chains, then the rules chain by chain. */
export function formatIptables(rules: Iptables): string {
  return changeIptables({ tables: [] }, rules);
}

/**
 * What turns one ruleset into the other with --noflush, each table in one transaction. A chain that changes is written anew, all
 * of it. Tables that are not named stay.
 */
export function changeIptables(before: Iptables, after: Iptables): string {
  const tables = after.tables.flatMap((table) => {
    const old = before.tables.find(({ name }) => name === table.name);
    const lines = changeTable(old, table);
    return lines.length > 0 || !old ? [`*${table.name}`, ...lines, 'COMMIT'] : [];
  });
  return tables.length === 0 ? '' : `${tables.join('\n')}\n`;
}

/** A ruleset, and tables without rules where another one has tables that it has not. */
export function inPlaceOf(other: Iptables, { tables }: Iptables): Iptables {
  const gone = other.tables.filter(({ name }) => !tables.some((table) => table.name === name));
  const emptied = gone.map(({ name, chains }) => ({
    name,
    chains: chains.flatMap((chain): Chain[] => (chain.policy ? [{ ...chain, policy: 'ACCEPT', rules: [] }] : [])),
  }));
  return { tables: [...tables, ...emptied] };
}

/** To declare a chain empties it, unless it is a built-in one (iptables-restore(8), --noflush). */
function changeTable(before: Table | undefined, { chains }: Table): string[] {
  const old = new Map(before?.chains.map((chain) => [chain.name, chain]));
  const left = new Set(chains.map(({ name }) => name));
  const changed = chains.filter((chain) => rulesOf(old.get(chain.name)) !== rulesOf(chain));
  const gone = [...old.values()].filter(({ name }) => !left.has(name));
  const emptied = changed.filter(({ name, policy }) => policy && old.get(name)?.rules.length);
  return [
    ...[...changed, ...gone].map(({ name, policy }) => `:${name} ${policy ?? '-'} [0:0]`),
    ...emptied.map(({ name }) => `-F ${name}`),
    ...changed.flatMap(({ name, rules }) => rules.map(({ text }) => `-A ${name} ${text}`)),
    ...gone.map(({ name }) => `-X ${name}`),
  ];
}

/** Undefined of a chain that is not there: an empty one is something else. */
function rulesOf(chain: Chain | undefined): string | undefined {
  return chain && [chain.policy, ...chain.rules.map(({ text }) => text)].join('\n');
}
