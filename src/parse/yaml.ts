/** Text to YAML documents whose every value still knows its line and column. */

import type { CST, Document, Node } from 'yaml';
import { Composer, Lexer, Parser, visit } from 'yaml';
import type { Diagnostics, Position } from '../diagnostic.ts';
import { plainValue, resolveAliases } from './aliases.ts';
import { type Locate, locator } from './locate.ts';
import { positionIn, rangeOf, type ToPosition } from './position.ts';

export type { Path } from './locate.ts';

/** A text to read: `name` is what messages call it, a path or `<stdin>`. */
export interface Source {
  readonly name: string;
  readonly text: string;
  /** Size of a file that was too large to be read; its text is then empty. */
  readonly bytes?: number;
}

export interface YamlDocument {
  readonly value: unknown;
  readonly locate: Locate;
}

/** 16 MiB: `kubectl get -A -o yaml` of a large cluster fits, an accident does not. */
export const MAX_SOURCE_BYTES = 16 * 1024 * 1024;
/** Levels of a document. What reads them recurses, and V8 ends the process, not the call, when a RegExp is compiled on the last of the stack. */
const MAX_DEPTH = 200;
/** Values that aliases may add to a document. */
const MAX_COPIES = 100_000;

/** All but what YAML calls printable, as kubectl has it: a control character would be obeyed by the terminal that shows its line. U+FFFD was no UTF-8. */
const NOT_TEXT = /[^\t\n\r\x20-\x7E\x85\u{A0}-\u{D7FF}\u{E000}-\u{FFFC}\u{10000}-\u{10FFFF}]/u;

/** Reads all documents of a source. Documents with syntax errors are reported and left out. */
export function readYaml(source: Source, diagnostics: Diagnostics): YamlDocument[] {
  if (!isText(source, diagnostics)) return [];
  const position = positionIn(source.name, source.text);
  const tokens = tokensOf(source, position, diagnostics);
  // JSON's values and no others, whatever version a %YAML directive names.
  const composer = new Composer({ stringKeys: true, schema: 'core', resolveKnownTags: false });
  return [...composer.compose(tokens)].flatMap((document) => readDocument(document, position, diagnostics) ?? []);
}

function isText({ name, text, bytes }: Source, diagnostics: Diagnostics): boolean {
  const size = bytes ?? Buffer.byteLength(text);
  if (size > MAX_SOURCE_BYTES) {
    diagnostics.error(
      'too-large',
      `${name} has ${Math.ceil(size / 1024 / 1024)} MiB`,
      undefined,
      `at most ${MAX_SOURCE_BYTES / 1024 / 1024} MiB are read; split the file`,
    );
    return false;
  }
  const offending = text.search(NOT_TEXT);
  if (offending < 0) return true;
  const byte = Buffer.byteLength(text.slice(0, offending));
  diagnostics.error('not-yaml', `${name} is not text: byte ${byte} is not a character YAML allows`);
  return false;
}

/** The syntax of a text, up to the document that is reported to be nested too deeply. */
function* tokensOf({ name, text }: Source, position: ToPosition, diagnostics: Diagnostics): Generator<CST.Token> {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    yield* parser.next(lexeme);
    if (parser.stack.length > MAX_DEPTH) {
      const at = position(parser.offset - 1, parser.offset);
      diagnostics.error('too-deep', `${name} is nested too deeply to be read`, at, `at most ${MAX_DEPTH} levels`);
      return;
    }
  }
  yield* parser.end();
}

/** Undefined when there is nothing in it, or after reporting what is wrong. */
function readDocument(
  document: Document.Parsed,
  position: ToPosition,
  diagnostics: Diagnostics,
): YamlDocument | undefined {
  reportSyntax(document, position, diagnostics);
  const { contents, errors } = document;
  if (errors.length > 0 || !contents) return undefined;
  warnOfYaml11(contents, position, diagnostics);
  const aliases = resolveAliases(contents, position, diagnostics);
  if (!aliases) return undefined;
  const value = plainValue(contents, aliases, { depth: MAX_DEPTH, copies: MAX_COPIES });
  if (value === undefined) {
    const [start] = rangeOf(contents);
    diagnostics.error(
      'alias-bomb',
      'the aliases of this document expand to more than is reasonable',
      position(start, start + 1),
      `at most ${MAX_COPIES} values and ${MAX_DEPTH} levels are read`,
    );
  }
  return value === undefined || value === null ? undefined : { value, locate: locator(contents, aliases, position) };
}

function reportSyntax({ errors, warnings }: Document.Parsed, position: ToPosition, diagnostics: Diagnostics): void {
  for (const { code, message, pos } of errors) {
    const at = position(...pos);
    if (code === 'DUPLICATE_KEY')
      diagnostics.error('duplicate-key', 'this key stands twice in one mapping', wholeWord(at));
    else diagnostics.error(code.toLowerCase().replaceAll('_', '-'), yamlMessage(message), at);
  }
  for (const { message, pos } of warnings) diagnostics.warn('yaml', yamlMessage(message), position(...pos));
}

function wholeWord(at: Position): Position {
  const word = /^[^\s:,{}[\]]+/.exec(at.text.slice(at.column - 1));
  return { ...at, length: word?.[0].length ?? at.length };
}

/** One line without a full stop: a second line of yaml's own is an excerpt, ours carry the position. */
function yamlMessage(message: string): string {
  const first = message.split('\n')[0]!.replace(/\.$/, '');
  return first.charAt(0).toLowerCase() + first.slice(1);
}

/** YAML 1.1 readers, kubectl among them, take these plain scalars for something else. */
const YAML11_BOOLEAN = /^(y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$/;
const YAML11_OCTAL = /^0[0-7]+$/;

function warnOfYaml11(contents: Node, position: ToPosition, diagnostics: Diagnostics): void {
  visit(contents, {
    Scalar(key, node) {
      const { type, source = '' } = node;
      if (type !== 'PLAIN' || key === 'key') return;
      const reading = YAML11_BOOLEAN.test(source) ? 'a boolean' : YAML11_OCTAL.test(source) ? 'an octal number' : null;
      if (!reading) return;
      diagnostics.warn(
        'yaml-1.1',
        `kubectl reads ${source} as ${reading}, this tool as written`,
        position(...rangeOf(node)),
        'quote it to mean the same everywhere',
      );
    },
  });
}
