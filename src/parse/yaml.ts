/** Text to YAML documents whose every value still knows its line and column. */

import type { Document, Node } from 'yaml';
import { isAlias, isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseAllDocuments } from 'yaml';
import type { Diagnostics, Position } from '../diagnostic.ts';

/** A text to read: `name` is what messages call it, a path or `<stdin>`. */
export interface Source {
  readonly name: string;
  readonly text: string;
  /** Size of a file that was too large to be read; its text is then empty. */
  readonly bytes?: number;
}

export type Path = readonly (string | number)[];

/** Where the value at `path` stands, or its key; the nearest existing parent when there is no such value. */
export type Locate = (path: Path, part?: 'key' | 'value') => Position;

export interface YamlDocument {
  readonly value: unknown;
  readonly locate: Locate;
}

/** 16 MiB: `kubectl get -A -o yaml` of a large cluster fits, an accident does not. */
export const MAX_SOURCE_BYTES = 16 * 1024 * 1024;
/** Every document may expand aliases to at most this many nodes per anchor (yaml's own counting). */
const MAX_ALIAS_COUNT = 100;

/** Reads all documents of a source. Documents with syntax errors are reported and left out. */
export function readYaml(source: Source, diagnostics: Diagnostics): YamlDocument[] {
  const size = source.bytes ?? Buffer.byteLength(source.text);
  if (size > MAX_SOURCE_BYTES) {
    diagnostics.error(
      'too-large',
      `${source.name} has ${Math.ceil(size / 1024 / 1024)} MiB`,
      undefined,
      `at most ${MAX_SOURCE_BYTES / 1024 / 1024} MiB are read; split the file`,
    );
    return [];
  }
  const binary = source.text.search(/[\0\uFFFD]/);
  if (binary >= 0) {
    diagnostics.error('not-yaml', `${source.name} is not text: byte ${binary} is not a character YAML allows`);
    return [];
  }
  const lines = new LineCounter();
  const position = positionIn(source, lines);
  const documents: YamlDocument[] = [];
  for (const document of parseDocuments(source, lines, diagnostics)) {
    for (const error of document.errors) {
      const at = position(error.pos[0], error.pos[1]);
      if (error.code === 'DUPLICATE_KEY')
        diagnostics.error('duplicate-key', 'this key stands twice in one mapping', wholeWord(at));
      else diagnostics.error(error.code.toLowerCase().replaceAll('_', '-'), yamlMessage(error.message), at);
    }
    for (const warning of document.warnings) {
      diagnostics.warn('yaml', yamlMessage(warning.message), position(warning.pos[0], warning.pos[1]));
    }
    if (document.errors.length > 0 || !document.contents) continue;
    warnOfYaml11(document, position, diagnostics);
    const value = toValue(document, position, diagnostics);
    if (value !== undefined && value !== null) documents.push({ value, locate: locator(document, position) });
  }
  return documents;
}

function parseDocuments(source: Source, lineCounter: LineCounter, diagnostics: Diagnostics): Document.Parsed[] {
  try {
    const documents = parseAllDocuments(source.text, {
      lineCounter,
      uniqueKeys: true,
      stringKeys: true,
      prettyErrors: false,
    });
    return Array.isArray(documents) ? documents : [];
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    diagnostics.error('too-deep', `${source.name} is nested too deeply to be read`);
    return [];
  }
}

function toValue(document: Document.Parsed, position: ToPosition, diagnostics: Diagnostics): unknown {
  try {
    return document.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
  } catch (error) {
    const why = error instanceof ReferenceError ? 'its aliases expand to more than is reasonable' : String(error);
    const [start] = document.contents?.range ?? [0];
    diagnostics.error('alias-bomb', `this document cannot be read: ${why}`, position(start, start + 1));
    return undefined;
  }
}

type ToPosition = (start: number, end: number) => Position;

function positionIn({ name, text }: Source, lines: LineCounter): ToPosition {
  return (start, end) => {
    const { line, col } = lines.linePos(start);
    const lineStart = lines.lineStarts[line - 1] ?? 0;
    const lineEnd = text.indexOf('\n', lineStart);
    const lineText = text.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).replace(/\r$/, '');
    const length = Math.max(1, Math.min(end, lineStart + lineText.length) - start);
    return { file: name, line: Math.max(1, line), column: Math.max(1, col), length, text: lineText };
  };
}

function wholeWord(at: Position): Position {
  const word = /^[^\s:,{}[\]]+/.exec(at.text.slice(at.column - 1));
  return { ...at, length: word?.[0].length ?? at.length };
}

function locator(document: Document.Parsed, position: ToPosition): Locate {
  return (path, part = 'value') => {
    let node: unknown = document.contents;
    let key: unknown;
    for (const step of path) {
      if (isAlias(node)) node = node.resolve(document);
      const next = child(node, step);
      if (!next) break;
      node = next.value ?? next.key;
      key = next.key;
    }
    const target = part === 'key' && isNode(key) ? key : node;
    const [start, end] = rangeOf(target) ?? rangeOf(document.contents) ?? [0, 1];
    return position(start, end);
  };
}

function child(node: unknown, step: string | number): { key?: unknown; value: unknown } | undefined {
  if (isSeq(node)) return typeof step === 'number' && step in node.items ? { value: node.items[step] } : undefined;
  if (!isMap(node)) return undefined;
  const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(step));
  return pair && { key: pair.key, value: pair.value };
}

function rangeOf(node: unknown): [number, number] | undefined {
  const range = isNode(node) ? (node as Node).range : undefined;
  return range ? [range[0], range[1]] : undefined;
}

/** YAML 1.1 readers, kubectl among them, take these plain scalars for something else. */
const YAML11_BOOLEAN = /^(y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$/;
const YAML11_OCTAL = /^0[0-7]+$/;

function warnOfYaml11(document: Document.Parsed, position: ToPosition, diagnostics: Diagnostics): void {
  const visit = (node: unknown): void => {
    if (isMap(node)) for (const pair of node.items) visit(pair.value);
    else if (isSeq(node)) for (const item of node.items) visit(item);
    else if (isScalar(node) && node.type === 'PLAIN' && typeof node.source === 'string') {
      const reading = YAML11_BOOLEAN.test(node.source)
        ? 'a boolean'
        : YAML11_OCTAL.test(node.source)
          ? 'an octal number'
          : undefined;
      const [start, end] = rangeOf(node) ?? [0, 1];
      if (reading) {
        diagnostics.warn(
          'yaml-1.1',
          `kubectl reads ${node.source} as ${reading}, this tool as written`,
          position(start, end),
          'quote it to mean the same everywhere',
        );
      }
    }
  };
  visit(document.contents);
}

/** yaml's messages end in "at line x, column y:" and an excerpt; ours carry the position. */
function yamlMessage(message: string): string {
  const first = message
    .split('\n')[0]!
    .replace(/ at line \d+, column \d+:?$/, '')
    .replace(/\.$/, '');
  return first.charAt(0).toLowerCase() + first.slice(1);
}
