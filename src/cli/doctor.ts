/** packetwalk doctor: what this machine can run, capability by capability, and how to get what is missing. */
import { examineMachine, type Finding } from '../agent/capabilities.ts';
import { table, wrap } from '../report/layout.ts';
import { type SandboxChoice, sandboxesOf } from './input.ts';
import { COLUMNS, colors, EXIT, note, print } from './output.ts';

export async function run(options: SandboxChoice & { readonly output: string }): Promise<number> {
  const sandboxes = sandboxesOf(options, note, true);
  const kind = options.kernel === undefined ? sandboxes.usual : 'vm';
  const findings = await examineMachine(() => sandboxes.open(kind)).finally(() => sandboxes.close());
  const missing = findings.filter(({ present, required }) => required && !present);
  print(options.output === 'json' ? JSON.stringify(findings, null, 2) : textOf(findings, missing));
  return missing.length === 0 ? EXIT.ok : EXIT.environment;
}

function textOf(findings: readonly Finding[], missing: readonly Finding[]): string {
  const sections = (['programs', 'kernel', 'virtual machines'] as const).map((about) => {
    const own = findings.filter((finding) => finding.about === about);
    return [colors.bold(about), ...rowsOf(own)].join('\n');
  });
  const verdict =
    missing.length === 0
      ? 'ready: packetwalk test topologies'
      : `not ready: ${missing.map(({ name }) => name).join(', ')} missing`;
  return [...sections, ...whatToDo(findings), verdict].join('\n\n');
}

/** Status, name, and what is to be said about it, never wider than a terminal. */
function rowsOf(findings: readonly Finding[]): string[] {
  const rows = table(findings.map(({ present, name }) => [present ? 'present' : 'missing', name, '']));
  const indent = Math.max(...rows.map((row) => row.length)) + 2;
  return findings.flatMap((finding, index) => {
    const [first = '', ...others] = wrap(aboutOf(finding), COLUMNS - indent, '');
    const lines = [`${rows[index]!.padEnd(indent)}${first}`, ...others.map((line) => ' '.repeat(indent) + line)];
    return lines.map((line) => paint(finding)(line.trimEnd()));
  });
}

function aboutOf({ about, neededFor, present, detail }: Finding): string {
  if (about === 'virtual machines' || neededFor === 'everything') return detail;
  if (detail === '') return neededFor;
  return present ? `${detail}, for ${neededFor}` : `for ${neededFor}: ${detail}`;
}

/** One line that installs all that can be installed, then what else helps, each remedy once. */
function whatToDo(findings: readonly Finding[]): string[] {
  const wanted = findings.filter(({ present }) => !present);
  const packages = [...new Set(wanted.flatMap(({ debianPackage }) => debianPackage ?? []))];
  const remedies = new Map<string, string[]>();
  for (const { name, remedy } of wanted)
    if (remedy !== undefined) remedies.set(remedy, [...(remedies.get(remedy) ?? []), name]);
  const lines = [
    ...(packages.length > 0 ? [`sudo apt-get install -y ${packages.join(' ')}`] : []),
    ...[...remedies].flatMap(([remedy, names]) => wrap(`${names.join(', ')}: ${remedy}`, COLUMNS, '  ')),
  ];
  return lines.length > 0 ? [lines.join('\n')] : [];
}

function paint({ present, required }: Finding): (text: string) => string {
  return present ? (text) => text : required ? colors.red : colors.yellow;
}
