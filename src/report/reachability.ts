/** Who reaches whom, as a table: senders as rows, what they ask as numbered columns; below it what differs, and why what is denied is. */
import type { Target } from '../judge/pairs.ts';
import { type Cell, denialsOf } from '../judge/reachability.ts';
import { type Colors, counted, firstOf, formatDuration, table, wrap } from './layout.ts';

export interface MatrixAbout {
  readonly name: string;
  readonly cni: string;
  readonly proxy: string;
  readonly durationMs: number;
}

interface Options {
  readonly colors: Colors;
  readonly width: number;
}

const MARK = {
  reached: { text: '✓', means: 'reached' },
  denied: { text: '-', means: 'denied' },
  notReached: { text: '✗', means: 'should be reached, and is not' },
  notDenied: { text: '!', means: 'should be denied, and is reached' },
  undefinedReached: { text: '○', means: 'reached, not defined' },
  undefinedNot: { text: '·', means: 'not reached, not defined' },
  unsent: { text: '?', means: 'could not be tried here' },
} as const;
type Mark = keyof typeof MARK;

const PAINTS: Partial<Record<Mark, keyof Colors & ('green' | 'red' | 'yellow' | 'dim')>> = {
  reached: 'green',
  notReached: 'red',
  notDenied: 'red',
  unsent: 'yellow',
  undefinedReached: 'dim',
  undefinedNot: 'dim',
};

const MOST_NAMES = 4;

export function formatReachability(about: MatrixAbout, cells: readonly Cell[], { colors, width }: Options): string {
  const differing = cells.filter(({ differs }) => differs);
  const said =
    differing.length === 0
      ? colors.green('all as the policies say')
      : colors.red(`${differing.length} not as the policies say`);
  const head = `${colors.bold(about.name)}  ${colors.dim(`${about.proxy} · ${about.cni} · ${formatDuration(about.durationMs)}`)}`;
  const hint = differing.length > 0 ? [colors.dim('  (where enforcers differ from Kubernetes: docs/policies.md)')] : [];
  return [
    `${head}  ${counted(cells.length, 'pair')}, ${said}`,
    ...blocks(cells, width, colors),
    ...legend(cells, width, colors),
    ...section('differs', differing.map(difference), width, colors),
    ...hint,
    ...section('denied', denials(cells), width, colors),
  ].join('\n');
}

function markOf({ expected, measured, differs }: Cell): Mark {
  if (measured === 'unsent') return 'unsent';
  const isReached = measured === 'reached';
  if (differs) return isReached ? 'notDenied' : 'notReached';
  if (expected === 'undefined') return isReached ? 'undefinedReached' : 'undefinedNot';
  return isReached ? 'reached' : 'denied';
}

/** A target's number stands before the sender it is. Tables too wide go on below. */
function blocks(cells: readonly Cell[], width: number, colors: Colors): string[] {
  const targets = [...new Map(cells.map(({ to }) => [to.text, to])).values()];
  const senders = [...new Set(cells.map(({ from }) => from.place))];
  const byPair = new Map(cells.map((cell) => [`${cell.from.place} ${cell.to.text}`, cell]));
  const nameWidth = Math.max(...senders.map(({ length }) => length)) + 2;
  const cellWidth = String(targets.length).length + 2;
  const perBlock = Math.max(1, Math.floor((width - nameWidth) / cellWidth));
  const lines: string[] = [];
  for (let start = 0; start < targets.length; start += perBlock) {
    const columns = targets.slice(start, start + perBlock);
    const numbers = columns.map((_, index) => String(start + index + 1).padStart(cellWidth)).join('');
    lines.push('', ' '.repeat(nameWidth) + colors.dim(numbers));
    for (const sender of senders) {
      const marks = columns.map(({ text }) => {
        const cell = byPair.get(`${sender} ${text}`);
        return ' '.repeat(cellWidth - 1) + (cell ? painted(markOf(cell), colors) : ' ');
      });
      lines.push(`  ${sender.padEnd(nameWidth - 2)}${marks.join('')}`.trimEnd());
    }
  }
  return [...lines, '', ...targetList(targets, width, colors)];
}

/** In as many columns as fit. */
function targetList(targets: readonly Target[], width: number, colors: Colors): string[] {
  const texts = targets.map(
    ({ text }, index) => `${String(index + 1).padStart(String(targets.length).length)} ${text}`,
  );
  const widest = Math.max(...texts.map(({ length }) => length));
  const columns = Math.max(1, Math.floor((width - 2) / (widest + 2)));
  const height = Math.ceil(texts.length / columns);
  const rows = texts.slice(0, height).map((_, row) => texts.filter((_, index) => index % height === row));
  return table(rows).map((line) => colors.dim(`  ${line}`));
}

function painted(mark: Mark, colors: Colors): string {
  const paint = PAINTS[mark];
  return paint ? colors[paint](MARK[mark].text) : MARK[mark].text;
}

/** Of the marks there are. */
function legend(cells: readonly Cell[], width: number, colors: Colors): string[] {
  const used = new Set(cells.map(markOf));
  const known = (Object.keys(MARK) as Mark[]).filter((mark) => used.has(mark));
  return wrap(`  ${known.map((mark) => `${MARK[mark].text} ${MARK[mark].means}`).join('   ')}`, width, '  ').map(
    colors.dim,
  );
}

function section(title: string, lines: readonly string[], width: number, colors: Colors): string[] {
  if (lines.length === 0) return [];
  return ['', colors.bold(title), ...lines.flatMap((line) => wrap(`  ${line}`, width, '      '))];
}

function difference(cell: Cell): string {
  const { from, to, measured, endpoint } = cell;
  const where = `${from.place} → ${to.text}`;
  if (measured === 'reached')
    return `${where}: ${endpoint ?? 'somebody'} answered, but ${denialsOf(cell).join(', and ')}`;
  return `${where}: ${measured === 'refused' ? 'refused' : 'no answer'}, but ${permissionsOf(cell)}`;
}

function permissionsOf({ permissions = [] }: Cell): string {
  const by = permissions.flatMap(({ permission: { egress, ingress } }) =>
    [egress, ingress].flatMap((judgement) => (judgement.allowed && judgement.by !== undefined ? [judgement.by] : [])),
  );
  return by.length > 0 ? `allowed by ${[...new Set(by)].join(' and ')}` : 'no policy denies it';
}

/** Each reason once, with those who meet it. */
function denials(cells: readonly Cell[]): string[] {
  const found = new Map<string, Set<string>>();
  for (const cell of cells) {
    if (cell.expected !== 'denied') continue;
    for (const reason of denialsOf(cell)) {
      const other = reason.startsWith('egress') ? `to ${cell.to.text}` : `from ${cell.from.place}`;
      found.set(reason, (found.get(reason) ?? new Set()).add(other));
    }
  }
  return [...found].map(
    ([reason, others]) =>
      `${reason}  (${firstOf(
        [...others].map((other) => `${other},`),
        MOST_NAMES,
      ).replace(/,( and|$)/, '$1')})`,
  );
}
