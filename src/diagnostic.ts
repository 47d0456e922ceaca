/**
 * Input errors are data: collected over the whole input, each with its place, shown with the line and a caret.
 * A stage that finds some returns them; nothing here throws or prints.
 */

/** A place in a source text. Lines and columns count from 1; `text` is the whole line. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** Characters the caret underlines, at least 1. */
  readonly length: number;
  readonly text: string;
}

/** Where an object of the kernel state, or a check, comes from: `file:line`. */
export interface Origin {
  readonly file: string;
  readonly line: number;
}

export interface Diagnostic {
  readonly severity: 'error' | 'warning';
  /** Stable, kebab-case, for machines: `unknown-field`. */
  readonly code: string;
  /** What is wrong and why, one sentence without a full stop. */
  readonly message: string;
  readonly at?: Position;
  /** What is allowed, or what to do. */
  readonly help?: string;
}

/** Collects the diagnostics of one run, in the order found, each once: what changes step by step is looked at after every step. */
export class Diagnostics {
  readonly all: Diagnostic[] = [];
  readonly #known = new Set<string>();

  error(code: string, message: string, at?: Position, help?: string): void {
    this.#add('error', code, message, at, help);
  }

  warn(code: string, message: string, at?: Position, help?: string): void {
    this.#add('warning', code, message, at, help);
  }

  /** By file in the order met, then by line; what has no place comes first. */
  sorted(): Diagnostic[] {
    const files = [...new Set(this.all.map((diagnostic) => diagnostic.at?.file))];
    const rank = ({ at }: Diagnostic): [number, number, number] => [
      at ? files.indexOf(at.file) : -1,
      at?.line ?? 0,
      at?.column ?? 0,
    ];
    return this.all.toSorted((a, b) => {
      const [left, right] = [rank(a), rank(b)];
      return left[0] - right[0] || left[1] - right[1] || left[2] - right[2];
    });
  }

  get failed(): boolean {
    return this.all.some((diagnostic) => diagnostic.severity === 'error');
  }

  #add(severity: Diagnostic['severity'], code: string, message: string, at?: Position, help?: string): void {
    const key = [code, message, at?.file, at?.line, at?.column].join('\0');
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.all.push({ severity, code, message, ...(at && { at }), ...(help && { help }) });
  }
}

/** Thrown by the library entry points when the input is wrong; carries every problem found. */
export class InputError extends Error {
  readonly diagnostics: readonly Diagnostic[];

  constructor(diagnostics: readonly Diagnostic[]) {
    super(diagnostics.map((diagnostic) => formatDiagnostic(diagnostic)).join('\n'));
    this.name = 'InputError';
    this.diagnostics = diagnostics;
  }
}

export function formatOrigin(origin: Origin): string {
  return `${origin.file}:${origin.line}`;
}

/** `file:line:column` */
export function formatPosition({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}

const MAX_LINE = 96;

/** Several lines: `file:line:col: error: message`, the line, a caret, and the help. Plain text. */
export function formatDiagnostic(diagnostic: Diagnostic): string {
  const { severity, at } = diagnostic;
  const message = printable(diagnostic.message);
  const help = diagnostic.help && printable(diagnostic.help);
  if (!at) return [`${severity}: ${message}`, ...(help ? [`  = ${help}`] : [])].join('\n');
  const number = String(at.line);
  const gutter = ' '.repeat(number.length);
  const { text, column } = excerpt(at);
  const caret = '^'.repeat(Math.max(1, Math.min(at.length, text.length - column + 1)));
  return [
    `${formatPosition(at)}: ${severity}: ${message}`,
    ` ${number} | ${text}`,
    ` ${gutter} | ${text.slice(0, column - 1).replace(/[^\t]/g, ' ')}${caret}`,
    ...(help ? [` ${gutter} = ${help}`] : []),
  ].join('\n');
}

/** Names may hold characters, written as YAML escapes, that would steer a terminal. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (character) => {
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/** A very long line is cut around the column that matters. */
function excerpt({ text, column }: Position): { text: string; column: number } {
  if (text.length <= MAX_LINE) return { text, column };
  const start = Math.max(0, column - 1 - MAX_LINE / 2);
  const head = start > 0 ? '…' : '';
  const tail = start + MAX_LINE < text.length ? '…' : '';
  return { text: head + text.slice(start, start + MAX_LINE) + tail, column: column - start + head.length };
}

/** The candidate closest to a misspelt word, if one is close enough to be meant. */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: { candidate: string; distance: number } | undefined;
  for (const candidate of candidates) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (!best || distance < best.distance) best = { candidate, distance };
  }
  return best && best.distance <= Math.max(1, Math.floor(word.length / 3)) ? best.candidate : undefined;
}

/** Levenshtein distance. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = previous[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      current[j] = Math.min(previous[j]! + 1, current[j - 1]! + 1, substitution);
    }
    previous = current;
  }
  return previous[b.length]!;
}
