/** packetwalk doctor: what this machine can run, capability by capability, and how to get what is missing. */

import { examineMachine, type Finding } from '../agent/capabilities.ts';
import { table } from '../report/layout.ts';
import { type SandboxChoice, sandboxesOf } from './input.ts';
import { colors, EXIT, note, print } from './output.ts';

export async function run(options: SandboxChoice & { readonly output: string }): Promise<number> {
  const sandboxes = sandboxesOf(options, note);
  const findings = await examineMachine(() => sandboxes.open(sandboxes.usual)).finally(() => sandboxes.close());
  const missing = findings.filter(({ present, required }) => required && !present);
  if (options.output === 'json') {
    print(JSON.stringify(findings, null, 2));
  } else {
    const rows = findings.map(({ name, present, neededFor, detail }) => [
      present ? 'present' : 'missing',
      name,
      neededFor,
      detail,
    ]);
    const lines = table(rows);
    print(lines.map((line, index) => paint(findings[index]!)(line)).join('\n'));
    const packages = [
      ...new Set(findings.flatMap(({ present, debianPackage }) => (present || !debianPackage ? [] : [debianPackage]))),
    ];
    const others = findings.filter(({ present, remedy }) => !present && remedy !== undefined);
    if (packages.length > 0 || others.length > 0) print('');
    if (packages.length > 0) print(`sudo apt-get install -y ${packages.join(' ')}`);
    for (const { name, remedy } of others) print(`${name}: ${remedy}`);
    print(
      missing.length === 0
        ? '\nready: packetwalk test topologies'
        : `\nnot ready: ${missing.map(({ name }) => name).join(', ')} missing`,
    );
  }
  return missing.length === 0 ? EXIT.ok : EXIT.environment;
}

function paint({ present, required }: Finding): (text: string) => string {
  return present ? (text) => text : required ? colors.red : colors.yellow;
}
