/** From paths in a document to lines and columns. */
import type { Node } from 'yaml';
import { isAlias, isMap, isNode, isScalar, isSeq } from 'yaml';
import type { Position } from '../diagnostic.ts';
import type { Aliases } from './aliases.ts';
import { rangeOf, type ToPosition } from './position.ts';

export type Path = readonly (string | number)[];

/** Where the value at `path` stands, or its key; the nearest existing parent when there is no such value. */
export type Locate = (path: Path, part?: 'key' | 'value') => Position;

export function locator(contents: Node, aliases: Aliases, position: ToPosition): Locate {
  return (path, part = 'value') => {
    let value: Node = contents;
    let key: Node | undefined;
    for (const step of path) {
      const next = child(isAlias(value) ? aliases.get(value) : value, step);
      if (!next) break;
      ({ value, key } = next);
    }
    return position(...rangeOf(part === 'key' && key ? key : value));
  };
}

/** A key without a value stands for it. */
function child(node: unknown, step: string | number): { key?: Node; value: Node } | undefined {
  if (isSeq<Node>(node)) {
    const value = typeof step === 'number' ? node.items[step] : undefined;
    return value && { value };
  }
  if (!isMap<Node, Node>(node)) return undefined;
  const pair = node.items.find(({ key }) => isScalar(key) && key.value === String(step));
  return pair && { key: pair.key, value: isNode(pair.value) ? pair.value : pair.key };
}
