/** What the aliases of a document stand for, and the plain value they expand to. */
import type { Alias, Node } from 'yaml';
import { isAlias, isMap, isScalar, isSeq, visit } from 'yaml';
import type { Diagnostics } from '../diagnostic.ts';
import { rangeOf, type ToPosition } from './position.ts';

export type Aliases = ReadonlyMap<Alias, Node>;

/** A node may name an anchor before it that it does not stand in. Other aliases are reported: undefined then. */
export function resolveAliases(contents: Node, position: ToPosition, diagnostics: Diagnostics): Aliases | undefined {
  const anchors = new Map<string, Node>();
  const aliases = new Map<Alias, Node>();
  let sound = true;
  const refuse = (alias: Alias, code: string, message: string) => {
    diagnostics.error(code, message, position(...rangeOf(alias)));
    sound = false;
  };
  visit(contents, {
    Alias(_, alias, ancestors) {
      const { source } = alias;
      const target = anchors.get(source);
      if (!target) refuse(alias, 'unknown-alias', `*${source} names nothing: there is no &${source} before it`);
      else if (ancestors.includes(target)) refuse(alias, 'alias-cycle', `*${source} stands inside what it names`);
      else aliases.set(alias, target);
    },
    Value(_, node) {
      if (node.anchor) anchors.set(node.anchor, node);
    },
  });
  return sound ? aliases : undefined;
}

interface Limits {
  /** Levels of the value. */
  readonly depth: number;
  /** Values that stand in the document by an alias only. */
  readonly copies: number;
}

/**
 * The document's value, aliases replaced by what they stand for; undefined when that exceeds the limits.
 * Kubernetes reads an empty value as an absent one, `creationTimestamp: null`: no mapping has a null, but below `patch`, where
 * it says that a field goes (RFC 7386).
 */
export function plainValue(contents: Node, aliases: Aliases, limits: Limits): unknown {
  let copies = 0;
  let exceeded = false;
  const expand = (node: unknown, depth: number, copied: boolean, isPatch = false): unknown => {
    if (copied && (++copies > limits.copies || depth > limits.depth)) exceeded = true;
    if (exceeded) return null;
    if (isAlias(node)) return expand(aliases.get(node), depth, true, isPatch);
    if (isSeq(node)) return node.items.map((item) => expand(item, depth + 1, copied, isPatch));
    if (isMap(node)) {
      return Object.fromEntries(
        node.items
          .map(({ key, value }) => {
            const name = isScalar(key) ? key.value : key;
            return [name, expand(value, depth + 1, copied, isPatch || name === 'patch')];
          })
          .filter(([, value]) => value !== null || isPatch),
      );
    }
    return isScalar(node) ? node.value : null;
  };
  const value = expand(contents, 0, false);
  return exceeded ? undefined : value;
}
