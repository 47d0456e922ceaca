/** Small helpers for text in columns. */
import type picocolors from 'picocolors';

export type Colors = ReturnType<typeof picocolors.createColors>;

/** Rounded before the unit is chosen: never "1000 ms" or "60.0 s". */
export function formatDuration(milliseconds: number): string {
  const whole = Math.round(milliseconds);
  if (whole < 1000) return `${whole} ms`;
  const tenths = Math.round(milliseconds / 100);
  if (tenths < 600) return `${(tenths / 10).toFixed(1)} s`;
  const seconds = Math.round(milliseconds / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** "1 lab", "3 labs". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

/** The first of many, and how many more there are. */
export function firstOf(items: readonly string[], most: number): string {
  const more = items.length - most;
  return more > 0 ? `${items.slice(0, most).join(' ')} and ${more} more` : items.join(' ');
}

/** Breaks text at blanks so that it fits; what follows its first line is indented. Words longer than a line stay whole. */
export function wrap(text: string, width: number, indent: string): string[] {
  const [first = '', ...others] = text.split('\n');
  return [first, ...others.map((line) => indent + line.trim())].flatMap((line) => wrapLine(line, width, indent));
}

function wrapLine(text: string, width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/(?<=\S) /)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = indent + word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}

/** Rows as columns, each as wide as its widest cell. */
export function table(rows: readonly (readonly string[])[], gap = '  '): string[] {
  const widths = rows.reduce<number[]>(
    (sofar, row) => row.map((cell, index) => Math.max(cell.length, sofar[index] ?? 0)),
    [],
  );
  return rows.map((row) =>
    row
      .map((cell, index) => (index === row.length - 1 ? cell : cell.padEnd(widths[index]!)))
      .join(gap)
      .trimEnd(),
  );
}
