/** Every command with its arguments and options. Nothing heavy is imported here: `--help` must be quick. */
import { Argument, Command, Help, Option } from 'commander';
import { VERSION } from '../version.ts';
import { collect, collectOf, list, nameOf, shardOf, wholeNumber } from './arguments.ts';
import { errorColors } from './output.ts';
import { REPORTERS } from './reporters.ts';

type Action = (...args: never[]) => Promise<number>;

/** Loads a command's file when it is called, with arguments, options, and itself; what `run` returns becomes the exit code. */
function lazily(load: () => Promise<{ run: Action }>): (...args: unknown[]) => Promise<void> {
  return async (...args) => {
    const { run } = await load();
    process.exitCode = await (run as unknown as (...args: unknown[]) => Promise<number>)(...args);
  };
}

export function program(): Command {
  const root = new Command('packetwalk')
    .description(
      'Builds the real Kubernetes dataplane out of Linux network namespaces, sends real packets through it, and shows and judges every hop.',
    )
    .version(VERSION, '-V, --version')
    .exitOverride()
    .enablePositionalOptions()
    .configureHelp({ optionDescription: withoutEmptyDefault })
    .configureOutput({ outputError: (text, write) => write(asOurs(text)) })
    .showHelpAfterError('  = packetwalk --help')
    .addHelpText('after', EXAMPLES);
  for (const command of [
    test(),
    trace(),
    diff(),
    up(),
    apply(),
    remove(),
    set(),
    down(),
    ls(),
    inspect(),
    exec(),
    shell(),
    capture(),
    impair(),
    plan(),
    lint(),
    explain(),
    doctor(),
    schema(),
    completion(),
  ]) {
    command.copyInheritedSettings(root).showHelpAfterError(`  = packetwalk ${command.name()} --help`);
    root.addCommand(command);
  }
  return root;
}

/** As `program`, and what the completion scripts ask. */
export function programWithCompletion(): Command {
  return program().addCommand(complete(), { hidden: true });
}

const EXAMPLES = `
Places are written KIND/NAME: pod/web-0, pod/prod/web-0, node/node1, host/client, router/gw.

  packetwalk test topologies                                  build, probe and judge every topology
  packetwalk trace pod/web-0 service/web:80 -f web.yaml       one connection, hop by hop
  packetwalk up -f web.yaml && packetwalk exec pod/web-0 -- curl -s 10.96.0.100
  kubectl get nodes,pods,svc,endpointslices -A -o yaml | packetwalk up -f -

Exit codes: 0 all passed; 1 a check failed; 2 the input is wrong; 3 nothing ran, this machine could
not run it, or a result is uncertain.`;

const files = () => new Option('-f, --file <path...>', 'files or folders to read together; - is standard input');
/** Where arguments may follow: one at a time. */
const file = () =>
  new Option('-f, --file <path>', 'file or folder to read; - is standard input; repeatable').argParser(collect);
const namespace = () =>
  new Option('-n, --namespace <name>', 'namespace of objects and places that name none')
    .argParser(nameOf)
    .default('default');
const family = () => new Option('--family <name>', "of the destination's addresses").choices(['IPv4', 'IPv6']);
const dryRun = () => new Option('--dry-run', 'print what would be done');
const labName = () => new Option('--name <name>', 'name of the lab; left out: that of the Topology').argParser(nameOf);
const chosenLab = () => new Option('--lab <name>', 'a running lab; left out: the only one').argParser(nameOf);
const sandbox = () => [
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
const output = (...formats: string[]) =>
  new Option('-o, --output <format>', 'format of the output').choices(formats).default(formats[0]);
const fault = () =>
  new Option('--fault <name>', 'break something on purpose: no-route, no-dnat, …; repeatable')
    .argParser(collect)
    .default([]);
const modes = (plural: boolean) =>
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

/** As in a topology file. */
const MAX_SIZE = 60_000;
const MAX_TTL = 255;
/** parse/schema/topology.ts */
const MAX_STEPS = 100;

function test(): Command {
  const command = new Command('test')
    .description("build each topology, send its checks' packets, judge, report")
    .addArgument(new Argument('[paths...]', 'topology files, or folders of them').default(['.'], 'this folder'))
    .option('-t, --test <pattern>', 'only checks whose name matches (regular expression)')
    .addOption(
      new Option('--reporter <name>', `${REPORTERS.join(', ')}; repeatable`)
        .argParser(collectOf(...REPORTERS))
        .default([]),
    )
    .addOption(
      new Option('--output-file <file>', 'where a reporter writes: FILE, or REPORTER=FILE; repeatable')
        .argParser(collect)
        .default([]),
    )
    .option('--bail', 'stop after the first lab with a failed check')
    .addOption(
      new Option('--shard <i/n>', 'run part i of n; i counts from 0 or from 1, as the CI system does').argParser(
        shardOf,
      ),
    )
    .addOption(new Option('--jobs <n>', 'labs at a time; left out: one a CPU').argParser(wholeNumber()))
    .addOption(fault())
    .option('--keep', 'leave the labs running afterwards, for a look')
    .option('--capture-dir <folder>', 'write one pcapng a lab there, its packets annotated')
    .option('--watch', 'run again when a file changes')
    .option('-v, --verbose', 'show the walk of every check')
    .addOption(namespace());
  for (const option of [...sandbox(), ...modes(true)]) command.addOption(option);
  return command.action(lazily(() => import('./test.ts')));
}

function trace(): Command {
  const command = new Command('trace')
    .description('walk one connection, hop by hop')
    .argument('<from>', 'the place that sends: pod/web-0')
    .argument(
      '<to>',
      'service/web:80, nodeport/web:80@node1, lb/web:80, PLACE:PORT, ADDRESS:PORT; a place or address alone is pinged',
    )
    .addOption(file().conflicts('lab'))
    .addOption(chosenLab())
    .option('--rules', 'name the rules that matched, and show connection tracking')
    .addOption(
      new Option('--protocol <name>', 'TCP, UDP or SCTP where the destination leaves it open').choices([
        'TCP',
        'UDP',
        'SCTP',
      ]),
    )
    .addOption(family())
    .addOption(new Option('--size <bytes>', 'payload to send').argParser(wholeNumber(MAX_SIZE)))
    .addOption(new Option('--ttl <hops>', 'TTL to send with').argParser(wholeNumber(MAX_TTL)))
    .addOption(new Option('--source <address>', "one of the sender's own addresses to send from"))
    .addOption(fault())
    .addOption(output('text', 'json'))
    .addOption(namespace());
  for (const option of [...sandbox(), ...modes(false)]) command.addOption(option);
  return command.action(lazily(() => import('./trace.ts')));
}

function diff(): Command {
  const command = new Command('diff')
    .description('the same connections in two modes: what moved, in words and hop by hop')
    .argument('[from]', 'the place that sends; left out: the checks of the topology')
    .argument('[to]', 'as for trace')
    .addOption(file().makeOptionMandatory())
    .addOption(family())
    .option('-t, --test <pattern>', 'only checks whose name matches (regular expression)')
    .addOption(fault())
    .addOption(output('text', 'json'))
    .addOption(namespace());
  for (const option of [...sandbox(), ...modes(true)]) command.addOption(option);
  return command.action(lazily(() => import('./diff.ts')));
}

function up(): Command {
  return building(
    new Command('up').description('build a lab and leave it running; again: change it to what the file says'),
  ).action(lazily(() => import('./up.ts')));
}

function apply(): Command {
  return building(
    new Command('apply').description('with --lab: add objects to a running lab, or replace them; without: as up'),
  )
    .addOption(new Option('--lab <name>', 'a running lab, of which nothing else changes').argParser(nameOf))
    .action(lazily(() => import('./apply.ts')));
}

/** The options by which a lab is built or changed as a whole. */
function building(command: Command): Command {
  command
    .addOption(files().makeOptionMandatory())
    .addOption(labName())
    .addOption(new Option('--steps <count>', 'take so many steps of the topology').argParser(wholeNumber(MAX_STEPS)))
    .addOption(dryRun())
    .addOption(fault())
    .addOption(namespace());
  for (const option of [...sandbox(), ...modes(false)]) command.addOption(option);
  return command;
}

function remove(): Command {
  return new Command('delete')
    .description('take objects out of a running lab')
    .argument('<objects...>', 'pod/web-0, service/prod/web, …')
    .addOption(chosenLab())
    .addOption(dryRun())
    .addOption(namespace())
    .action(lazily(() => import('./delete.ts')));
}

function set(): Command {
  return new Command('set')
    .description('make pods of a running lab ready or not, or terminating')
    .argument('<pods...>', 'pod/web-0, pod/prod/web-0, …')
    .option('--ready', 'they pass their readiness probes')
    .option('--not-ready', 'they do not')
    .option('--terminating', 'they are being deleted, and still serve')
    .addOption(chosenLab())
    .addOption(dryRun())
    .addOption(namespace())
    .action(lazily(() => import('./set.ts')));
}

function down(): Command {
  return new Command('down')
    .alias('destroy')
    .description('remove a lab; nothing to remove is no error')
    .argument('[name]', 'left out: the only one')
    .option('--all', 'remove every lab of this user')
    .action(lazily(() => import('./down.ts')));
}

function ls(): Command {
  return new Command('ls')
    .description('list running labs')
    .addOption(output('text', 'json'))
    .action(lazily(() => import('./ls.ts')));
}

function inspect(): Command {
  return new Command('inspect')
    .description('show the places, addresses, Services and endpoints of a lab')
    .argument('[name]', 'a running lab; left out: the only one')
    .addOption(files())
    .addOption(output('text', 'json'))
    .addOption(namespace())
    .action(lazily(() => import('./inspect.ts')));
}

function exec(): Command {
  return new Command('exec')
    .description('run a program at a place of a running lab')
    .argument('<place>', 'pod/web-0, node/node1, …')
    .argument('<command...>', 'the program to run and its arguments, after --')
    .addOption(chosenLab())
    .addOption(namespace())
    .passThroughOptions()
    .action(lazily(() => import('./exec.ts')));
}

function shell(): Command {
  return new Command('shell')
    .description('open a shell at a place of a running lab')
    .argument('<place>', 'pod/web-0, node/node1, …')
    .addOption(chosenLab())
    .addOption(namespace())
    .action(lazily(() => import('./shell.ts')));
}

function capture(): Command {
  return new Command('capture')
    .description('capture at a place of a running lab, or read a capture file')
    .argument('[place]', 'PLACE or PLACE:INTERFACE')
    .argument('[filter...]', 'a pcap filter expression')
    .option('-w, --write <file>', 'write a pcap file; - is standard output')
    .addOption(new Option('-c, --count <packets>', 'stop after so many').argParser(wholeNumber()))
    .addOption(
      new Option('-r, --read <file>', 'print the packets of a pcap file instead').conflicts(['write', 'count', 'lab']),
    )
    .addOption(chosenLab())
    .addOption(namespace())
    .action(lazily(() => import('./capture.ts')));
}

function impair(): Command {
  return new Command('impair')
    .description('make a link of a running lab slow, lossy or dead, and well again; values add to those it has')
    .argument('[interface]', 'PLACE:INTERFACE, for the packets that leave by it; left out: show what is impaired')
    .option('--delay <time>', 'how long a packet waits: 20ms')
    .option('--jitter <time>', 'how far its delay may be from that, either way: 5ms')
    .option('--loss <percentage>', 'how many packets are lost: 1%')
    .option('--rate <rate>', 'bits a second: 10mbit')
    .option('--down', 'take it down')
    .option('--up', 'take it up')
    .option('--reset', 'first forget what was; without an interface: of all')
    .addOption(chosenLab())
    .addOption(namespace())
    .action(lazily(() => import('./impair.ts')));
}

function plan(): Command {
  const command = new Command('plan')
    .description('print the commands that build the lab, as a shell script that works on its own')
    .addOption(files().makeOptionMandatory())
    .addOption(labName())
    .addOption(fault())
    .addOption(output('text', 'json'))
    .addOption(namespace());
  for (const option of modes(false)) command.addOption(option);
  return command.action(lazily(() => import('./plan.ts')));
}

function lint(): Command {
  return new Command('lint')
    .alias('validate')
    .description('check the input only: file:line:col, the line, what is allowed')
    .addOption(files())
    .argument('[paths...]', 'files or folders, each a lab of its own')
    .addOption(output('text', 'json'))
    .addOption(namespace())
    .action(lazily(() => import('./lint.ts')));
}

function explain(): Command {
  return new Command('explain')
    .description('the story of a failure: why it happens, what one sees, what mends it')
    .argument('[fault]', 'a fault, or a failure that needs none; left out: list them')
    .action(lazily(() => import('./explain.ts')));
}

function doctor(): Command {
  const command = new Command('doctor')
    .description('what this machine can run, what is missing, and how to get it')
    .addOption(output('text', 'json'));
  for (const option of sandbox()) command.addOption(option);
  return command.action(lazily(() => import('./doctor.ts')));
}

function schema(): Command {
  return new Command('schema')
    .description('print a JSON Schema')
    .addArgument(new Argument('[what]', 'of what').choices(['topology', 'result']).default('topology'))
    .action(lazily(() => import('./schema.ts')));
}

function completion(): Command {
  return new Command('completion')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>', 'which').choices(['bash', 'zsh', 'fish']))
    .addHelpText('after', '\nIn ~/.bashrc:  source <(packetwalk completion bash)')
    .action(lazily(() => import('./completion.ts')));
}

function complete(): Command {
  return new Command('complete')
    .argument('[words...]')
    .allowUnknownOption()
    .action(lazily(() => import('./complete.ts')));
}

/** Commander's words for a mistake, shown as all others are. */
function asOurs(text: string): string {
  return text.replace(/^error:/, errorColors.red).replace(/^\(Did you mean (.*)\)$/m, '  = did you mean $1');
}

/** Commander's description of an option, without "(default: [])". */
function withoutEmptyDefault(option: Option): string {
  const isEmpty = Array.isArray(option.defaultValue) && option.defaultValue.length === 0;
  return isEmpty ? option.description : new Help().optionDescription(option);
}
