/** The command line as it is declared: every command has help that mentions its options, and refuses what cannot be. */
import { stripVTControlCharacters } from 'node:util';
import { type Command, CommanderError, type Option } from 'commander';
import { describe, expect, it } from 'vitest';
import { program } from '../../src/cli/commands.ts';
import { topology } from '../../src/parse/schema/topology.ts';

const COMMANDS = [
  'test',
  'trace',
  'diff',
  'up',
  'apply',
  'delete',
  'set',
  'down',
  'ls',
  'inspect',
  'exec',
  'shell',
  'capture',
  'impair',
  'plan',
  'lint',
  'explain',
  'doctor',
  'schema',
  'completion',
] as const;
type Name = (typeof COMMANDS)[number];

function commandOf(root: Command, name: string): Command {
  return root.commands.find((command) => command.name() === name || command.aliases().includes(name))!;
}

/** What the schema of topology files allows a probe. */
function probeLimits(): { ttl: number; size: number } {
  const { from } = topology.shape.spec.unwrap().shape.checks.unwrap().element.shape;
  const source = from.unwrap().options[1];
  return { ttl: source.shape.ttl.unwrap().maxValue!, size: source.shape.size.unwrap().maxValue! };
}

interface Parsed {
  readonly arguments: unknown[];
  readonly options: Record<string, unknown>;
}

/** Parses a command line; what the command was called with, or the error that refused it. Nothing is carried out. */
async function parse(...words: string[]): Promise<Parsed | CommanderError> {
  const root = program();
  let called: Parsed | undefined;
  for (const command of [root, ...root.commands]) {
    command.configureOutput({ writeOut: () => {}, writeErr: () => {} });
    if (command !== root) {
      command.action((...parameters: unknown[]) => {
        const options = parameters.at(-2) as Record<string, unknown>;
        called = { arguments: parameters.slice(0, -2), options };
      });
    }
  }
  try {
    await root.parseAsync(words, { from: 'user' });
  } catch (error) {
    if (error instanceof CommanderError) return error;
    throw error;
  }
  return called!;
}

async function accepted(...words: string[]): Promise<Parsed> {
  const result = await parse(...words);
  if (result instanceof CommanderError) throw result;
  return result;
}

async function refused(...words: string[]): Promise<CommanderError> {
  const result = await parse(...words);
  if (!(result instanceof CommanderError)) throw new Error(`${words.join(' ')} was not refused`);
  return result;
}

describe('help', () => {
  it('lists every command, and none that is not meant for people', () => {
    const visible = program()
      .createHelp()
      .visibleCommands(program())
      .map((command) => command.name());
    expect(visible.filter((name) => name !== 'help')).toEqual([...COMMANDS]);
  });

  it.each(COMMANDS)('of %s describes it, its arguments and each of its options', (name) => {
    const command = commandOf(program(), name);
    const text = command.helpInformation();
    expect(command.description()).not.toBe('');
    expect(text).toContain(`Usage: packetwalk ${name}`);
    for (const { long, short, description } of command.options as Option[]) {
      expect(text).toContain(long!);
      if (short !== undefined) expect(text).toContain(`${short}, ${long}`);
      expect(description).not.toBe('');
    }
    for (const argument of command.registeredArguments) {
      expect(text).toContain(argument.name());
      expect(argument.description).not.toBe('');
    }
  });

  it.each(['packetwalk', ...COMMANDS])('of %s fits into 100 columns', (name) => {
    const root = program();
    const command = commandOf(root, name) ?? root;
    let text = '';
    command.configureOutput({ writeOut: (words) => (text += words), getOutHelpWidth: () => 100 });
    command.outputHelp();
    expect(text.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it('asked for ends without an error', async () => {
    for (const words of [['--help'], ['test', '--help'], ['help', 'up'], ['--version'], ['-V']]) {
      expect((await refused(...words)).exitCode).toBe(0);
    }
  });

  it('shows how places are written, and examples of commands that exist', () => {
    const root = program();
    let text = '';
    root.configureOutput({ writeOut: (words) => (text += words) });
    root.outputHelp();
    const examples = [...text.matchAll(/packetwalk ([a-z]+) (?=[a-z-])/g)].map(([, name]) => name!);
    expect(examples.length).toBeGreaterThanOrEqual(4);
    expect(examples.filter((name) => !COMMANDS.includes(name as Name))).toEqual([]);
    expect(text).toContain('pod/prod/web-0');
  });
});

describe('other names', () => {
  it.each([
    ['destroy', 'down'],
    ['validate', 'lint'],
  ])('%s is %s', (alias, name) => {
    expect(commandOf(program(), alias).name()).toBe(name);
  });
});

describe('options people are used to', () => {
  it.each([
    ['-f', ['trace', 'diff', 'up', 'apply', 'plan', 'lint', 'inspect']],
    ['-o', ['trace', 'diff', 'ls', 'inspect', 'plan', 'lint', 'doctor']],
    [
      '-n',
      [
        'test',
        'trace',
        'diff',
        'up',
        'apply',
        'delete',
        'set',
        'inspect',
        'exec',
        'shell',
        'capture',
        'impair',
        'plan',
        'lint',
      ],
    ],
    ['--name', ['up', 'apply', 'plan']],
    ['--fault', ['test', 'trace', 'diff', 'up', 'apply', 'plan']],
    ['--cni', ['test', 'trace', 'diff', 'up', 'apply', 'plan']],
    ['--proxy', ['test', 'trace', 'diff', 'up', 'apply', 'plan']],
    ['--lab', ['apply', 'delete', 'set', 'trace', 'exec', 'shell', 'capture', 'impair']],
    ['--sandbox', ['test', 'trace', 'diff', 'up', 'apply', 'doctor']],
  ])('%s is the same everywhere', (flag, names) => {
    const with_ = program()
      .commands.filter((command) => command.options.some(({ short, long }) => short === flag || long === flag))
      .map((command) => command.name());
    expect(with_.sort()).toEqual([...names].sort());
  });
});

describe('what is left out', () => {
  it('has the defaults a test run needs', async () => {
    expect(await accepted('test')).toEqual({
      arguments: [['.']],
      options: {
        reporter: [],
        outputFile: [],
        fault: [],
        cni: [],
        proxy: [],
        namespace: 'default',
        sandbox: 'auto',
      },
    });
  });

  it('is text where an output can be chosen, and the topology where a schema can', async () => {
    expect((await accepted('ls')).options).toMatchObject({ output: 'text' });
    expect((await accepted('schema')).arguments).toEqual(['topology']);
  });
});

describe('what is given', () => {
  it('reaches the command, repeated options as lists', async () => {
    const words = 'test a.yaml b -t vxlan --reporter json --reporter tap --output-file tap=x.tap --fault no-dnat';
    const more = '--fault rp-filter --shard 2/3 --jobs 4 --cni vxlan,host-gw --proxy iptables --bail -v -n prod';
    expect(await accepted(...words.split(' '), ...more.split(' '))).toEqual({
      arguments: [['a.yaml', 'b']],
      options: {
        test: 'vxlan',
        reporter: ['json', 'tap'],
        outputFile: ['tap=x.tap'],
        fault: ['no-dnat', 'rp-filter'],
        shard: { index: 2, count: 3 },
        jobs: 4,
        cni: ['vxlan', 'host-gw'],
        proxy: ['iptables'],
        bail: true,
        verbose: true,
        namespace: 'prod',
        sandbox: 'auto',
      },
    });
  });

  it('does not reach the next command line: each begins with its own defaults', async () => {
    await accepted('test', '--fault', 'no-dnat', '--reporter', 'json');
    expect((await accepted('test')).options).toMatchObject({ fault: [], reporter: [] });
  });

  it('may be several files', async () => {
    expect((await accepted('up', '-f', 'a.yaml', 'b.yaml', '-f', '-')).options.file).toEqual(['a.yaml', 'b.yaml', '-']);
  });

  it('may be a file before the places of a trace', async () => {
    const words = ['trace', '-f', 'a.yaml', '-f', 'b.yaml', 'pod/a', 'pod/b'];
    expect(await accepted(...words)).toMatchObject({
      arguments: ['pod/a', 'pod/b'],
      options: { file: ['a.yaml', 'b.yaml'] },
    });
  });

  it('after a place is the program to run there, options and all', async () => {
    expect(await accepted('exec', 'pod/web-0', '--', 'curl', '-s', '--name', 'x')).toMatchObject({
      arguments: ['pod/web-0', ['--', 'curl', '-s', '--name', 'x']],
    });
    expect(await accepted('exec', '--lab', 'web', 'pod/web-0', 'ip', '-br', 'addr')).toMatchObject({
      arguments: ['pod/web-0', ['ip', '-br', 'addr']],
      options: { lab: 'web' },
    });
  });

  it('at capture may be a filter', async () => {
    expect(await accepted('capture', 'node/node1:eth0', '-c', '5', 'udp', 'port', '8472')).toMatchObject({
      arguments: ['node/node1:eth0', ['udp', 'port', '8472']],
      options: { count: 5 },
    });
  });
});

describe('what cannot be is refused with an error of the command line, which main.ts turns into exit code 2', () => {
  const wrong: [words: string, reason: RegExp][] = [
    ['tests', /unknown command 'tests'[\s\S]*did you mean test/i],
    ['test --repoter json', /unknown option '--repoter'[\s\S]*--reporter/],
    ['test --shard 4/3', /there is no such part: of n parts, i is 0 to n-1, or 1 to n/],
    ['test --shard 1/0', /there is no such part/],
    ['test --shard 0/0', /there is no such part/],
    ['test --shard 1', /write it i\/n, such as 1\/4\.?$/m],
    ['test --shard /3', /is a variable in it not set\?/],
    ['test --shard 1/', /is a variable in it not set\?/],
    ['test --shard 1/2/3', /write it i\/n/],
    ['test --shard a/b', /write it i\/n/],
    ['test --shard -1/3', /write it i\/n/],
    ['test --jobs 0', /a whole number from 1/],
    ['test --jobs -1', /a whole number from 1/],
    ['test --jobs 1.5', /a whole number from 1/],
    ['test --jobs many', /a whole number from 1/],
    ['test --jobs 0x10', /a whole number from 1/],
    ['test --jobs 1e1', /a whole number from 1/],
    ['test --jobs', /argument missing/],
    ['test --reporter xml', /allowed: text, json, junit, github, tap/],
    ['test --sandbox docker', /Allowed choices are auto, rootless, root/],
    ['trace pod/a', /missing required argument 'to'/],
    ['trace pod/a pod/b --protocol ICMP', /Allowed choices are TCP, UDP, SCTP/],
    ['trace pod/a pod/b --size 0', /a whole number from 1/],
    ['trace pod/a pod/b --ttl 1e9x', /a whole number from 1/],
    ['trace pod/a pod/b -o yaml', /Allowed choices are text, json/],
    ['up', /required option '-f, --file <path...>' not specified/],
    ['up -f a.yaml --name Web', /lower-case letters/],
    ['up -f a.yaml --name -web', /lower-case letters/],
    ['up -f a.yaml --name web-', /lower-case letters/],
    ['up -f a.yaml --name ../web', /lower-case letters/],
    ['up -f a.yaml --name web_0', /lower-case letters/],
    [`up -f a.yaml --name ${'w'.repeat(64)}`, /at most 63/],
    ['exec --lab ../../etc pod/a ls', /lower-case letters/],
    ['plan', /required option '-f, --file/],
    ['exec pod/a', /missing required argument 'command'/],
    ['capture pod/a -c 0', /a whole number from 1/],
    ['schema nothing', /Allowed choices are topology, result/],
    ['completion powershell', /Allowed choices are bash, zsh, fish/],
    ['completion', /missing required argument 'shell'/],
    ['ls extra words', /too many arguments/],
    ['trace pod/a pod/b -f a.yaml --lab web', /cannot be used with option '--lab/],
    ['capture -r a.pcap -w b.pcap', /cannot be used with option '-w, --write/],
    ['capture -r a.pcap -c 3', /cannot be used with option '-c, --count/],
  ];
  it.each(wrong)('%s', async (words, reason) => {
    const error = await refused(...words.split(' '));
    expect(error.exitCode).not.toBe(0);
    expect(error.message).toMatch(reason);
  });

  it('but the longest name there may be is accepted, and so is the last of several parts', async () => {
    expect((await accepted('up', '-f', 'a', '--name', 'w'.repeat(63))).options.name).toHaveLength(63);
    expect((await accepted('test', '--shard', '3/3')).options.shard).toEqual({ index: 0, count: 3 });
  });

  it.each([0, 1])('and all parts counted from %d, which are every part once', async (first) => {
    const parts = [0, 1, 2].map(async (part) => (await accepted('test', '--shard', `${first + part}/3`)).options.shard);
    expect((await Promise.all(parts)).map((shard) => (shard as { index: number }).index).sort()).toEqual([0, 1, 2]);
  });

  it('and so is what a topology file would be refused for: a TTL above 255, a payload above 60,000 bytes', async () => {
    expect(await parse('trace', 'pod/a', 'pod/b', '--ttl', '256')).toBeInstanceOf(CommanderError);
    expect(await parse('trace', 'pod/a', 'pod/b', '--size', '60001')).toBeInstanceOf(CommanderError);
  });

  it('and nothing else: what a topology file may say is accepted', async () => {
    const { ttl, size } = probeLimits();
    const words = ['trace', 'pod/a', 'pod/b', '--ttl', String(ttl), '--size', String(size)];
    expect((await accepted(...words)).options).toMatchObject({ ttl, size });
    expect(await parse('trace', 'pod/a', 'pod/b', '--ttl', String(ttl + 1))).toBeInstanceOf(CommanderError);
    expect(await parse('trace', 'pod/a', 'pod/b', '--size', String(size + 1))).toBeInstanceOf(CommanderError);
  });
});

describe('what is refused', () => {
  /** What a person sees. */
  async function shown(...words: string[]): Promise<string> {
    const root = program();
    let text = '';
    for (const command of [root, ...root.commands]) command.configureOutput({ writeErr: (line) => (text += line) });
    await root.parseAsync(words, { from: 'user' }).catch(() => {});
    return stripVTControlCharacters(text);
  }

  it('is told as all other errors are, with where to read on', async () => {
    expect(await shown('test', '--repoter', 'json')).toBe(
      "error: unknown option '--repoter'\n  = did you mean --reporter?\n  = packetwalk test --help\n",
    );
    expect(await shown('tests')).toBe(
      "error: unknown command 'tests'\n  = did you mean test?\n  = packetwalk --help\n",
    );
  });
});
