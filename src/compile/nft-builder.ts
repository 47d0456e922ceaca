/** Collects a table of nftables from the files that write into it. */
import type { Origin } from '../diagnostic.ts';
import type { Rule } from './iptables.ts';
import type { NftChain, NftSet, NftTable } from './nft.ts';

export interface NftElement {
  /** `172.30.0.41 . tcp . 80` */
  readonly key: string;
  /** In maps: `goto service-…`. */
  readonly value?: string;
  readonly comment?: string;
}

export class NftTableBuilder {
  readonly #table: Pick<NftTable, 'family' | 'name' | 'comment'>;
  readonly #chains = new Map<string, Omit<NftChain, 'rules'> & { readonly rules: Rule[] }>();
  readonly #sets = new Map<string, { readonly set: NftSet; readonly elements: Map<string, string> }>();

  constructor(table: Pick<NftTable, 'family' | 'name' | 'comment'>) {
    this.#table = table;
  }

  /** Makes sure a chain exists. */
  chain(name: string, options: Pick<NftChain, 'hook' | 'comment'> = {}): void {
    if (!this.#chains.has(name)) this.#chains.set(name, { name, ...options, rules: [] });
  }

  rule(chain: string, text: string, origin: Origin): void {
    this.chain(chain);
    this.#chains.get(chain)!.rules.push({ text, origin });
  }

  /** Makes sure a set or map exists. */
  set(set: Omit<NftSet, 'elements'>): void {
    if (!this.#sets.has(set.name)) this.#sets.set(set.name, { set: { ...set, elements: [] }, elements: new Map() });
  }

  /** A key stands in a set once: its first element stays. */
  element(set: string, { key, value, comment }: NftElement): void {
    const { elements } = this.#sets.get(set)!;
    const text = `${key}${comment === undefined ? '' : ` comment "${comment}"`}${value === undefined ? '' : ` : ${value}`}`;
    if (!elements.has(key)) elements.set(key, text);
  }

  build(): NftTable {
    return {
      ...this.#table,
      chains: [...this.#chains.values()],
      sets: [...this.#sets.values()].map(({ set, elements }) => ({ ...set, elements: [...elements.values()] })),
    };
  }
}
