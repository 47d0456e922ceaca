/**
 * Felix's way to write a table (felix generictables/rules.go, iptables/renderer.go, iptables/table.go): every rule carries
 * a hash of its chain, its place in it and its text, by which Felix knows its own rules again.
 */
import { createHash } from 'node:crypto';
import type { Origin } from '../../../diagnostic.ts';
import type { IptablesBuilder, TableName } from '../../iptables.ts';

/** In the words of felix iptables/match_builder.go and actions.go, which are the hashes' as well. */
export interface FelixRule {
  readonly comment?: string;
  readonly match?: string;
  /** Undefined: it only comments. */
  readonly action?: string;
}

/** Enough to tell rules apart. */
const HASH_LENGTH = 16;

export class FelixTable {
  readonly #iptables: IptablesBuilder;
  readonly #table: TableName;
  readonly #origin: Origin;

  constructor(iptables: IptablesBuilder, table: TableName, origin: Origin) {
    this.#iptables = iptables;
    this.#table = table;
    this.#origin = origin;
  }

  /** One of Felix's own chains. */
  chain(name: string, rules: readonly FelixRule[], origin = this.#origin): void {
    this.#iptables.chain(this.#table, name);
    for (const text of written(name, rules)) this.#iptables.append(this.#table, name, text, origin);
  }

  /** Before what others have in a chain of the kernel's: ChainInsertMode Insert. */
  insert(chain: string, rules: readonly FelixRule[]): void {
    for (const text of written(chain, rules).toReversed())
      this.#iptables.ensure('prepend', this.#table, chain, text, this.#origin);
  }

  /** Behind it. */
  append(chain: string, rules: readonly FelixRule[]): void {
    for (const text of written(`${chain}*appends*`, rules))
      this.#iptables.ensure('append', this.#table, chain, text, this.#origin);
  }
}

function written(chain: string, rules: readonly FelixRule[]): string[] {
  let hash = createHash('sha224').update(chain).digest();
  return rules.map(({ comment, match, action }) => {
    const words = [comment && `-m comment --comment "${comment}"`, match, action].filter(Boolean).join(' ');
    hash = createHash('sha224').update(hash).update(`-A ${chain} HASH ${words}`).digest();
    return `-m comment --comment "cali:${hash.toString('base64url').slice(0, HASH_LENGTH)}" ${words}`;
  });
}
