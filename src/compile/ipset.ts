/** Sets of addresses and ports, as data and as what `ipset restore` reads (ipset(8)). */
import type { Origin } from '../diagnostic.ts';

export interface IpSet {
  readonly name: string;
  /** `hash:ip,port family inet hashsize 1024 maxelem 65536`: what follows the name in `ipset create`. */
  readonly definition: string;
  /** As `ipset list` shows them, an element and its options: `10.96.0.1,tcp:443`, `10.1.0.0/16 timeout 0 nomatch`. */
  readonly entries: readonly string[];
  readonly origin: Origin;
}

/** Sets in the order in which they were made. */
export function formatIpSets(sets: readonly IpSet[]): string {
  return lines(sets.flatMap((set) => [create(set), ...set.entries.map((entry) => `add ${set.name} ${entry}`)]));
}

/**
 * What turns one list of sets into the other. `before` is what rules that name the wanted sets need, `after` what may
 * only go when no rule names it any more. A set whose definition changed is an error of whoever compiled it.
 */
export function changeIpSets(from: readonly IpSet[], to: readonly IpSet[]): { before: string; after: string } {
  const old = new Map(from.map((set) => [set.name, set]));
  const wanted = new Set(to.map(({ name }) => name));
  const changes = to.flatMap((set) => {
    const known = old.get(set.name);
    const [has, shall] = [new Set(known?.entries), new Set(set.entries)];
    return [
      ...(known ? [] : [create(set)]),
      ...[...has].filter((entry) => !shall.has(entry)).map((entry) => `del ${set.name} ${elementOf(entry)}`),
      ...set.entries.filter((entry) => !has.has(entry)).map((entry) => `add ${set.name} ${entry}`),
    ];
  });
  const gone = from.filter(({ name }) => !wanted.has(name)).map(({ name }) => `destroy ${name}`);
  return { before: lines(changes), after: lines(gone) };
}

/** What an entry is found by, without its options. */
function elementOf(entry: string): string {
  return entry.split(' ')[0]!;
}

function create({ name, definition }: IpSet): string {
  return `create ${name} ${definition}`;
}

function lines(texts: readonly string[]): string {
  return texts.map((text) => `${text}\n`).join('');
}
