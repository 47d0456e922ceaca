/** One topology in several modes: checks as rows, modes as columns, and below what did not pass. */
import type { LabResult } from '../judge/result.ts';
import type { Verdict } from '../judge/verdict.ts';
import { type Colors, formatDuration, wrap } from './layout.ts';
import { formatProblem, formatVerdict, MARKS, PAINTS, type TextOptions } from './text.ts';

interface Column {
  readonly lab: LabResult;
  /** Heading, one line for each dimension that varies. */
  readonly heading: readonly string[];
  readonly width: number;
}

const GAP = 2;
const MIN_NAME_WIDTH = 30;
/** The check has no meaning in this mode. */
const NOT_MADE = '·';
const FOOTNOTES = '¹²³⁴⁵⁶⁷⁸⁹';

/** `labs`: one topology, once for every combination of modes in which it has a meaning. */
export function formatModes(labs: readonly LabResult[], options: TextOptions): string {
  const { colors, width } = options;
  const columns = columnsOf(labs);
  const nameWidth = Math.max(MIN_NAME_WIDTH, width - columns.reduce((sum, column) => sum + column.width + GAP, 0));
  const differences = differencesOf(labs);
  const names = [...new Set(labs.flatMap(({ verdicts }) => verdicts.map(({ check }) => check.name)))];
  const duration = formatDuration(labs.reduce((sum, { durationMs }) => sum + durationMs, 0));
  return [
    ...headings(labs[0]!.name, duration, columns, nameWidth, colors),
    ...names.flatMap((name) => row(name, columns, nameWidth, differences, colors)),
    ...differences.flatMap(({ because, modes }, index) =>
      wrap(`  ${footnote(index)} ${modes.join(', ')}: ${because}`, width, '    ').map(colors.dim),
    ),
    ...labs.flatMap((lab) => troubles(lab, options)),
  ].join('\n');
}

function columnsOf(labs: readonly LabResult[]): Column[] {
  const varies = (dimension: 'proxy' | 'cni') => new Set(labs.map((lab) => lab[dimension])).size > 1;
  const dimensions = (['proxy', 'cni'] as const).filter(varies);
  return labs.map((lab) => {
    const heading = dimensions.map((dimension) => lab[dimension]);
    return { lab, heading, width: Math.max(1, ...heading.map(({ length }) => length)) };
  });
}

/** A heading is written once for columns beside each other that share it. */
function headings(
  name: string,
  duration: string,
  columns: readonly Column[],
  nameWidth: number,
  colors: Colors,
): string[] {
  const title = `${name}  ${duration}`;
  const count = columns[0]!.heading.length;
  const lines = Array.from({ length: count }, (_, line) =>
    columns
      .map(({ heading, width }, index) => {
        const shared = line < count - 1 && columns[index - 1]?.heading[line] === heading[line];
        return `${' '.repeat(GAP)}${(shared ? '' : heading[line]!).padEnd(width)}`;
      })
      .join('')
      .trimEnd(),
  );
  const padding = ' '.repeat(Math.max(0, nameWidth - title.length));
  const head = `${colors.bold(name)}  ${colors.dim(duration)}${padding}`;
  return lines.length === 0
    ? [head.trimEnd()]
    : lines.map((line, index) => (index === 0 ? head : ' '.repeat(nameWidth)) + colors.dim(line));
}

function row(
  name: string,
  columns: readonly Column[],
  nameWidth: number,
  differences: readonly Difference[],
  colors: Colors,
): string[] {
  const cells = columns.map(({ lab, width }) => {
    const verdict = lab.verdicts.find(({ check }) => check.name === name);
    const note = verdict ? noteOf(verdict, differences) : '';
    const mark = verdict ? MARKS[verdict.verdict] : NOT_MADE;
    const paint = verdict ? PAINTS[verdict.verdict](colors) : colors.dim;
    return `${' '.repeat(GAP)}${paint(mark)}${note}${' '.repeat(Math.max(0, width - 1 - note.length))}`;
  });
  const lines = wrap(`  ${name}`, nameWidth, '    ');
  return lines.map((line, index) => (index === 0 ? `${line.padEnd(nameWidth)}${cells.join('')}`.trimEnd() : line));
}

/** A reason for which modes differ, and those that do. */
interface Difference {
  readonly because: string;
  readonly modes: readonly string[];
}

function differencesOf(labs: readonly LabResult[]): Difference[] {
  const found = new Map<string, Set<string>>();
  for (const lab of labs)
    for (const { check } of lab.verdicts)
      if (check.because !== undefined)
        found.set(check.because, (found.get(check.because) ?? new Set()).add(modesOf(lab)));
  return [...found].map(([because, modes]) => ({ because, modes: [...modes] }));
}

function noteOf({ check }: Verdict, differences: readonly Difference[]): string {
  const index = differences.findIndex(({ because }) => because === check.because);
  return index < 0 ? '' : footnote(index);
}

function footnote(index: number): string {
  return FOOTNOTES[index] ?? `(${index + 1})`;
}

function modesOf({ proxy, cni }: LabResult): string {
  return `${proxy} · ${cni}`;
}

function troubles(lab: LabResult, options: TextOptions): string[] {
  const troubled = lab.verdicts.filter(({ verdict }) => verdict !== 'pass');
  if (!lab.problem && troubled.length === 0) return [];
  return [
    `  ${options.colors.bold(modesOf(lab))}`,
    ...formatProblem(lab, options),
    ...(lab.problem ? [] : troubled.flatMap((verdict) => formatVerdict(verdict, options, false))),
  ];
}
