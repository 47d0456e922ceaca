/** What a listing command printed against what should be in it. */
import type { Listing } from '../model/check.ts';
import type { Mismatch } from './verdict.ts';

export function listingMismatches({ name, has, lacks }: Listing, printed: string): Mismatch[] {
  const lines = linesOf(printed);
  return [
    ...has.flatMap((text): Mismatch[] => {
      const place = search(text, lines);
      if (place.found) return [];
      const { missing, after, line } = place;
      return [
        {
          field: name,
          expected: `a line with "${missing}"${after === undefined ? '' : ` after "${after}"`}`,
          observed: line === undefined ? 'there is none' : `"${line}"`,
        },
      ];
    }),
    ...lacks.flatMap((text): Mismatch[] => {
      const place = search(text, lines);
      return place.found ? [{ field: name, expected: 'no such line', observed: `"${place.line}"` }] : [];
    }),
  ];
}

/** A text of several lines, each of them part of one of consecutive lines; or where it comes closest. */
type Place =
  | { readonly found: true; readonly line: string }
  /** `missing` should be part of `line`, which follows on `after`. */
  | { readonly found: false; readonly missing: string; readonly after?: string; readonly line?: string };

function search(text: string, lines: readonly string[]): Place {
  const wanted = linesOf(text);
  const matched = lines.map((_, start) => {
    const differing = wanted.findIndex((part, index) => !lines[start + index]?.includes(part));
    return differing < 0 ? wanted.length : differing;
  });
  const most = Math.max(...matched);
  const start = matched.indexOf(most);
  if (most === wanted.length) return { found: true, line: lines[start]! };
  const [missing, line] = [wanted[most]!, lines[start + most]];
  if (most === 0) return { found: false, missing };
  return { found: false, missing, after: lines[start + most - 1]!, ...(line !== undefined && { line }) };
}

/** Runs of blanks count as one. */
function linesOf(text: string): string[] {
  return text
    .trim()
    .split('\n')
    .map((line) => line.trim().replace(/\s+/g, ' '));
}
