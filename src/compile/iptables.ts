/**
 * An iptables ruleset as data and as text. Rules stay text, in the words kube-proxy and flannel write them in;
 * the text is what `iptables-restore` reads, and a table is replaced as a whole.
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

/** The input of `iptables-restore`: each table with its chains, then the rules chain by chain. */
export function formatIptables({ tables }: Iptables): string {
  const lines: string[] = [];
  for (const { name, chains } of tables) {
    lines.push(`*${name}`);
    for (const chain of chains) lines.push(`:${chain.name} ${chain.policy ?? '-'} [0:0]`);
    for (const chain of chains) for (const rule of chain.rules) lines.push(`-A ${chain.name} ${rule.text}`);
    lines.push('COMMIT');
  }
  return lines.length === 0 ? '' : `${lines.join('\n')}\n`;
}
