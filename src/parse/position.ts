/** From offsets in a text to lines and columns. */
import type { Node } from 'yaml';
import { LineCounter } from 'yaml';
import type { Position } from '../diagnostic.ts';

/** Where the characters from `start` to `end` of a text stand. */
export type ToPosition = (start: number, end: number) => Position;

/** Counts lines itself: yaml's parser leaves out those inside a scalar that stands where none may. */
export function positionIn(file: string, text: string): ToPosition {
  const lines = new LineCounter();
  lines.addNewLine(0);
  for (const { index } of text.matchAll(/\n/g)) lines.addNewLine(index + 1);
  return (start, end) => {
    const { line, col } = lines.linePos(start);
    const lineStart = lines.lineStarts[line - 1]!;
    const lineFeed = (lines.lineStarts[line] ?? text.length + 1) - 1;
    const lineEnd = text[lineFeed - 1] === '\r' ? lineFeed - 1 : lineFeed;
    const length = Math.max(1, Math.min(end, lineEnd) - start);
    return { file, line, column: col, length, text: text.slice(lineStart, lineEnd) };
  };
}

/** The offsets of a node that stands in a text. */
export function rangeOf(node: Node): [start: number, end: number] {
  const [start, end] = node.range!;
  return [start, end];
}
