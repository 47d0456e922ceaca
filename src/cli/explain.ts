/** packetwalk explain: the story of a fault, or of a failure that needs none. */
import { nearest } from '../diagnostic.ts';
import { FAULTS } from '../fault/index.ts';
import { BEHAVIOURS, FAULT_STORIES } from '../fault/stories.ts';
import type { Story } from '../fault/story.ts';
import { FAULT_NAMES } from '../parse/schema/topology.ts';
import { table, wrap } from '../report/layout.ts';
import { COLUMNS, colors, EXIT, print, UsageError } from './output.ts';

export async function run(name: string | undefined): Promise<number> {
  if (name === undefined) {
    print(listing());
    return EXIT.ok;
  }
  const explained = EXPLAINED.find((each) => each.name === name);
  if (!explained) {
    const guess = nearest(
      name,
      EXPLAINED.map((each) => each.name),
    );
    throw new UsageError(`there is no ${name}`, guess ? `did you mean "${guess}"?` : 'packetwalk explain lists all');
  }
  print(format(explained));
  return EXIT.ok;
}

interface Explained {
  readonly name: string;
  readonly summary: string;
  readonly story: Story;
  /** Whether it is to be injected. */
  readonly isFault: boolean;
}

const EXPLAINED: readonly Explained[] = [
  ...FAULT_NAMES.map((name) => ({
    name,
    summary: FAULTS[name].summary,
    story: FAULT_STORIES[name],
    isFault: true,
  })),
  ...Object.entries(BEHAVIOURS).map(([name, { summary, ...story }]) => ({ name, summary, story, isFault: false })),
];

function listing(): string {
  const width = Math.max(...EXPLAINED.map(({ name }) => name.length)) + 2;
  const rows = table(EXPLAINED.map(({ name, summary }) => [name, summary]));
  return [
    ...rows.flatMap((row) => wrap(row, COLUMNS, ' '.repeat(width))),
    '',
    'packetwalk explain NAME tells why it happens, what one sees, and what mends it.',
  ].join('\n');
}

const LABEL = 10;

function format({ name, summary, story, isFault }: Explained): string {
  const { cause, symptom, remedy, threads, topology } = story;
  const parts = [
    ['why', cause],
    ['seen', symptom],
    ['mend', remedy],
    ['met', threads.join(', ')],
    ['show', `packetwalk test topologies/${topology}.yaml${isFault ? ` --fault ${name}` : ''}`],
  ] as const;
  const lines = parts
    .filter(([, text]) => text !== '')
    .flatMap(([label, text]) => {
      const [first = '', ...others] = wrap(text, COLUMNS - LABEL, '').map((line) => line.trim());
      return [
        '',
        `  ${colors.dim(label.padEnd(LABEL - 2))}${first}`,
        ...others.map((line) => ' '.repeat(LABEL) + line),
      ];
    });
  return [...wrap(`${colors.bold(name)}: ${summary}`, COLUMNS, '  '), ...lines].join('\n');
}
