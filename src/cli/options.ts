/** Options that several commands have, the same everywhere. */
import { Option } from 'commander';
import { collect, list, nameOf } from './arguments.ts';

export const files = () => new Option('-f, --file <path...>', 'files or folders to read together; - is standard input');
/** Where arguments may follow: one at a time. */
export const file = () =>
  new Option('-f, --file <path>', 'file or folder to read; - is standard input; repeatable').argParser(collect);
export const namespace = () =>
  new Option('-n, --namespace <name>', 'namespace of objects and places that name none')
    .argParser(nameOf)
    .default('default');
export const family = () => new Option('--family <name>', "of the destination's addresses").choices(['IPv4', 'IPv6']);
export const dryRun = () => new Option('--dry-run', 'print what would be done');
export const labName = () =>
  new Option('--name <name>', 'name of the lab; left out: that of the Topology').argParser(nameOf);
export const chosenLab = () => new Option('--lab <name>', 'a running lab; left out: the only one').argParser(nameOf);
export const sandbox = () => [
  new Option(
    '--sandbox <kind>',
    'where the lab lives; auto: private namespaces, or a virtual machine for what this kernel lacks',
  )
    .choices(['auto', 'rootless', 'root', 'vm'])
    .env('PACKETWALK_SANDBOX')
    .default('auto'),
  new Option('--kernel <kernel>', 'of virtual machines: a version, an image, or the folder of an unpacked package').env(
    'PACKETWALK_KERNEL',
  ),
];
export const output = (...formats: string[]) =>
  new Option('-o, --output <format>', 'format of the output').choices(formats).default(formats[0]);
export const fault = () =>
  new Option('--fault <name>', 'break something on purpose: no-route, no-dnat, …; repeatable')
    .argParser(collect)
    .default([]);
export const modes = (plural: boolean) =>
  [
    ['cni', 'network plugin mode', 'vxlan, host-gw, …'],
    ['proxy', 'kube-proxy mode', 'iptables, …'],
  ].map(([name, what, examples]) =>
    new Option(
      `--${name} <mode${plural ? 's' : ''}>`,
      `${what}: ${examples}${plural ? '; several: comma-separated, or all; all combinations are run' : ''}`,
    )
      .argParser(list)
      .default([]),
  );
