/**
 * Rulesets in parts. iptables-restore sends a table to the kernel as one message, nft all it reads; for an ordinary user that must
 * fit into the socket's buffer of a fixed size: only root may make that larger (SO_SNDBUFFORCE, socket(7)). In parts a ruleset is
 * not there all at once: good for whom it could not be loaded at all.
 */
import type { RuleProgram } from '../../plan/operation.ts';

/** What a program reads in one run, and with which options. */
export interface Part {
  readonly stdin: string;
  readonly options: readonly string[];
}

/** So many chains or rules fit, comments and all. */
const LINES = 200;

/** Undefined of programs that send one thing at a time anyway. */
export function inParts(program: RuleProgram, text: string): Part[] | undefined {
  switch (program) {
    case 'iptables':
    case 'ip6tables':
      return tablesInParts(text);
    case 'nft':
      return chunks(linesOf(text)).map((lines) => ({ stdin: formatLines(lines), options: [] }));
    default:
      return undefined;
  }
}

/** The tables without anything of their own, and what is in them, which is sent at each COMMIT. */
function tablesInParts(text: string): Part[] {
  const tables = text.split(/^(?=\*)/m).map((table) => {
    const [name = '', ...lines] = linesOf(table);
    return { name, lines: lines.filter((line) => line !== 'COMMIT') };
  });
  const empty = tables.flatMap(({ name }) => [name, 'COMMIT']);
  const full = tables.flatMap(({ name, lines }) => chunks(lines).flatMap((chunk) => [name, ...chunk, 'COMMIT']));
  return [
    { stdin: formatLines(empty), options: [] },
    { stdin: formatLines(full), options: ['--noflush'] },
  ];
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '');
}

function formatLines(lines: readonly string[]): string {
  return `${lines.join('\n')}\n`;
}

function chunks(lines: readonly string[]): string[][] {
  return Array.from({ length: Math.ceil(lines.length / LINES) }, (_, index) =>
    lines.slice(index * LINES, (index + 1) * LINES),
  );
}
