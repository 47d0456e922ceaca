/**
 * Rulesets in parts. iptables-restore sends a table to the kernel as one message, nft all it reads; for an ordinary user that must
 * fit into the socket's buffer of a fixed size: only root may make that larger (SO_SNDBUFFORCE, socket(7)). In parts a ruleset is
 * not there all at once: good for whom it could not be loaded at all.
 */
import type { LoadRules } from '../../plan/operation.ts';

/** So many chains or rules fit, comments and all. */
const LINES = 200;

/** Undefined of programs that send one thing at a time anyway. */
export function inParts(whole: LoadRules): LoadRules[] | undefined {
  switch (whole.program) {
    case 'iptables':
    case 'ip6tables':
      return tablesInParts(whole);
    case 'nft':
      return chunks(linesOf(whole.text)).map((lines) => ({ ...whole, text: formatLines(lines) }));
    default:
      return undefined;
  }
}

/** The tables without anything of their own, unless that stays, and what is in them, which is sent at each COMMIT. */
function tablesInParts(whole: LoadRules): LoadRules[] {
  const tables = whole.text.split(/^(?=\*)/m).map((table) => {
    const [name = '', ...lines] = linesOf(table);
    return { name, lines: lines.filter((line) => line !== 'COMMIT') };
  });
  const empty = tables.flatMap(({ name }) => [name, 'COMMIT']);
  const full = tables.flatMap(({ name, lines }) => chunks(lines).flatMap((chunk) => [name, ...chunk, 'COMMIT']));
  return [
    ...(whole.onTop ? [] : [{ ...whole, text: formatLines(empty) }]),
    { ...whole, text: formatLines(full), onTop: true },
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
