/**
 * nftables tables as data and as what `nft -f` reads, in the form of the knftables library, by which kube-proxy writes
 * them: one command a line, chains before what names them.
 */
import type { Origin } from '../diagnostic.ts';
import type { Rule } from './iptables.ts';

/** What each address family is called, as a table's family and as a header to look into. */
export const IP = { 4: 'ip', 6: 'ip6' } as const;

export interface NftTable {
  readonly family: 'ip' | 'ip6' | 'inet' | 'bridge';
  readonly name: string;
  readonly comment?: string;
  readonly chains: readonly NftChain[];
  readonly sets: readonly NftSet[];
}

export interface NftChain {
  readonly name: string;
  /** Base chains: `type nat hook prerouting priority -100`. */
  readonly hook?: string;
  readonly comment?: string;
  /** Comments are part of a rule's text. */
  readonly rules: readonly Rule[];
}

/** A set, or a map from keys to verdicts or values. */
export interface NftSet {
  readonly kind: 'set' | 'map';
  readonly name: string;
  /** `ipv4_addr . inet_proto . inet_service : verdict` */
  readonly type: string;
  /** `dynamic,timeout` */
  readonly flags?: string;
  /** `10800s` */
  readonly timeout?: string;
  readonly comment?: string;
  /** `172.30.0.41 . tcp . 80 : goto service-…`; comments are part of an element's text. Those the kernel adds do not count. */
  readonly elements: readonly string[];
  readonly origin: Origin;
}

export function formatNft(tables: readonly NftTable[]): string {
  return lines(tables.flatMap((table) => changeTable(undefined, table)));
}

/** What turns one list of tables into the other, in one transaction. Elements the kernel added, as affinity does, stay. */
export function changeNft(from: readonly NftTable[], to: readonly NftTable[]): string {
  const old = new Map(from.map((table) => [tableKey(table), table]));
  const wanted = new Set(to.map(tableKey));
  const gone = from.filter((table) => !wanted.has(tableKey(table))).map((table) => `delete table ${tableKey(table)}`);
  return lines([...gone, ...to.flatMap((table) => changeTable(old.get(tableKey(table)), table))]);
}

function changeTable(before: NftTable | undefined, table: NftTable): string[] {
  const at = tableKey(table);
  const oldChains = new Map(before?.chains.map((chain) => [chain.name, chain]));
  const oldSets = new Map(before?.sets.map((set) => [set.name, set]));
  const newSets = new Map(table.sets.map((set) => [set.name, set]));
  /** A set whose definition changed is made anew, and with it the rules that name it. */
  const isNewSet = (set: NftSet) => !isSameSet(oldSets.get(set.name), set);
  const goneSets = [...oldSets.values()].filter((set) => !isSameSet(newSets.get(set.name), set));
  const gone = new Set(goneSets.map(({ name }) => `@${name}`));
  const namesGone = ({ rules }: NftChain) => rules.some(({ text }) => text.split(' ').some((word) => gone.has(word)));
  const changed = table.chains.filter(
    (chain) => rulesOf(oldChains.get(chain.name)) !== rulesOf(chain) || (gone.size > 0 && namesGone(chain)),
  );
  const chainsLeft = new Set(table.chains.map(({ name }) => name));
  const goneChains = [...oldChains.keys()].filter((name) => !chainsLeft.has(name));
  const elements = table.sets.map((set) => ({
    set,
    ...elementChanges(isNewSet(set) ? undefined : oldSets.get(set.name), set),
  }));
  return [
    ...(before ? [] : [`add table ${at}${block(comment(table.comment))}`]),
    ...table.chains
      .filter(({ name }) => !oldChains.has(name))
      .map((chain) => `add chain ${at} ${chain.name}${block(chain.hook, comment(chain.comment))}`),
    ...[...changed.map(({ name }) => name), ...goneChains]
      .filter((name) => oldChains.has(name))
      .map((name) => `flush chain ${at} ${name}`),
    ...elements.flatMap(({ set, removed }) => element('delete', at, set, removed)),
    ...goneSets.map(({ kind, name }) => `delete ${kind} ${at} ${name}`),
    ...table.sets.filter(isNewSet).map((set) => `add ${set.kind} ${at} ${set.name}${setDefinition(set)}`),
    ...changed.flatMap(({ name, rules }) => rules.map(({ text }) => `add rule ${at} ${name} ${text}`)),
    ...elements.flatMap(({ set, added }) => element('add', at, set, added)),
    ...goneChains.map((name) => `delete chain ${at} ${name}`),
  ];
}

function isSameSet(other: NftSet | undefined, set: NftSet): boolean {
  return other !== undefined && setDefinition(other) === setDefinition(set);
}

function elementChanges(before: NftSet | undefined, after: NftSet): { added: string[]; removed: string[] } {
  const [has, shall] = [new Set(before?.elements), new Set(after.elements)];
  return { added: [...shall].filter((text) => !has.has(text)), removed: [...has].filter((text) => !shall.has(text)) };
}

/** An element is deleted by its key. */
function element(verb: 'add' | 'delete', at: string, { name }: NftSet, texts: readonly string[]): string[] {
  const keyOf = (text: string) => text.replace(/ (comment|:) .*$/, '');
  return texts.map((text) => `${verb} element ${at} ${name} { ${verb === 'add' ? text : keyOf(text)} }`);
}

function setDefinition({ type, flags, timeout, comment: text }: NftSet): string {
  return block(`type ${type}`, flags && `flags ${flags}`, timeout && `timeout ${timeout}`, comment(text));
}

function block(...parts: readonly (string | undefined)[]): string {
  const given = parts.filter(Boolean);
  return given.length === 0 ? '' : ` { ${given.map((part) => `${part} ;`).join(' ')} }`;
}

function comment(text: string | undefined): string | undefined {
  return text === undefined ? undefined : `comment "${text}"`;
}

function rulesOf(chain: NftChain | undefined): string {
  return (chain?.rules ?? []).map(({ text }) => text).join('\n');
}

function tableKey({ family, name }: NftTable): string {
  return `${family} ${name}`;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
