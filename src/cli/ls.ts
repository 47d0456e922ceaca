/** packetwalk ls: the labs of this user. */
import { table } from '../report/layout.ts';
import { runningLabs } from './labs.ts';
import { colors, EXIT, print } from './output.ts';

export async function run({ output }: { output: string }): Promise<number> {
  const labs = await runningLabs();
  const rows = labs.map(({ name, sandbox, createdAt, process: { pid }, state, sources }) => ({
    name,
    sandbox,
    createdAt,
    pid,
    places: state.namespaces.filter(({ place }) => place !== undefined).length,
    files: sources.map((source) => source.name),
  }));
  if (output === 'json') {
    print(JSON.stringify(rows, null, 2));
    return EXIT.ok;
  }
  if (rows.length === 0) {
    print('no lab is running');
    return EXIT.ok;
  }
  const [head = '', ...lines] = table([
    ['NAME', 'SANDBOX', 'PLACES', 'AGE', 'FILES'],
    ...rows.map((row) => [row.name, row.sandbox, String(row.places), age(row.createdAt), row.files.join(' ')]),
  ]);
  print([colors.dim(head), ...lines].join('\n'));
  return EXIT.ok;
}

function age(since: string): string {
  const seconds = Math.round((Date.now() - Date.parse(since)) / 1000);
  if (seconds < 120) return `${seconds} s`;
  return seconds < 7200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3600)} h`;
}
