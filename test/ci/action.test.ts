/** The GitHub action: what it promises is what it does, and nothing of what a user writes becomes shell. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ACTION, ACTION_TEXT, Job, stepOf } from './action.ts';
import { understood } from './words.ts';

const scripts = ACTION.runs.steps.filter(({ run }) => run !== undefined);

/** Every input set to a value that can be recognised, and to what shells do things with. */
const INPUTS = {
  paths: 'topologies\n\n  \na b;$(touch pwned).yaml',
  shard: '0/2',
  cni: 'vxlan,host-gw',
  proxy: 'iptables',
  args: '--fault\nno-dnat\n--bail',
  artifact: 'name',
};

/** A repository whose `scripts/packetwalk` writes down its words and ends as told. */
function pretended(code: number): { folder: string; words: () => string[] } {
  const folder = mkdtempSync('/tmp/packetwalk-action-');
  mkdirSync(join(folder, 'scripts'));
  executable(
    join(folder, 'scripts/packetwalk'),
    `printf '%s\\0' "$@" >'${folder}/words'; while [ "$1" != --capture-dir ]; do shift; done; mkdir "$2"; echo 'the report'; exit ${code}`,
  );
  return { folder, words: () => readFileSync(join(folder, 'words'), 'utf8').split('\0').slice(0, -1) };
}

function executable(path: string, text: string): void {
  writeFileSync(path, `#!/bin/bash\n${text}\n`);
  chmodSync(path, 0o755);
}

describe('action.yml', () => {
  it('describes every input, and uses each of them', () => {
    expect(Object.keys(ACTION.inputs)).toEqual(Object.keys(INPUTS));
    for (const [name, { description }] of Object.entries(ACTION.inputs)) {
      expect(description).toMatch(/\w/);
      expect(ACTION_TEXT).toContain(`inputs.${name} `);
    }
  });

  it('has an output only where a step sets one', () => {
    const set = Object.values(ACTION.outputs).map(({ value }) =>
      /^\$\{\{ steps\.(\w+)\.outputs\.(\w+) \}\}$/.exec(value),
    );
    for (const [, id = '', name] of set.map((match) => match!)) expect(stepOf(id).run).toContain(`echo "${name}=`);
  });

  it('puts nothing into the text of a script: values arrive as environment variables', () => {
    expect(scripts.length).toBeGreaterThan(2);
    for (const { run, shell } of scripts) {
      expect(run).not.toContain('${{');
      expect(shell).toBe('bash');
    }
  });

  it('needs an expression that GitHub evaluates nowhere in what it says about itself', () => {
    const { runs, outputs, ...about } = ACTION;
    expect(JSON.stringify(about)).not.toContain('${{');
  });

  it('keeps the report also of a run that failed', () => {
    const upload = ACTION.runs.steps.at(-1)!;
    expect(upload).toMatchObject({
      uses: expect.stringMatching(/^actions\/upload-artifact@v\d+$/),
      if: expect.stringContaining('!cancelled()'),
    });
    expect(upload.with!.path).toMatch(/^\$\{\{ steps\.test\.outputs\.results \}\}$/);
  });
});

describe('the step that tests', () => {
  it('calls the command with what the inputs say, word by word, and with options there are', () => {
    const { folder, words } = pretended(0);
    const job = new Job(folder);
    expect(job.run(stepOf('test'), INPUTS)).toMatchObject({ status: 0 });
    const [command, ...rest] = words();
    expect(command).toBe('test');
    const { paths, options } = understood(rest);
    expect(paths).toEqual(['topologies', 'a b;$(touch pwned).yaml']);
    expect(options).toMatchObject({
      shard: { index: 0, count: 2 },
      cni: ['vxlan', 'host-gw'],
      proxy: ['iptables'],
      fault: ['no-dnat'],
      bail: true,
      reporter: ['text', 'junit', 'github'],
    });
    expect(existsSync(join(job.workspace, 'pwned'))).toBe(false);
  });

  it('leaves to the command what no input says', () => {
    const { folder, words } = pretended(0);
    expect(new Job(folder).run(stepOf('test'))).toMatchObject({ status: 0 });
    const { paths, options } = understood(words().slice(1));
    expect(paths).toEqual(['.']);
    expect(options).toMatchObject({ cni: [], proxy: [], fault: [] });
    expect(options).not.toHaveProperty('shard');
  });

  it.each([0, 1, 2, 3])('ends as the command does: %d', (code) => {
    const job = new Job(pretended(code).folder);
    expect(job.run(stepOf('test'))).toMatchObject({ status: code, stdout: 'the report\n' });
    expect(job.summary).toBe(code === 0 ? '' : '``````text\nthe report\n``````\n');
    expect(existsSync(join(job.outputs.results!, 'captures'))).toBe(code !== 0);
    expect(dirname(job.outputs.report!)).toBe(job.outputs.results);
  });
});

describe('the keys of the caches', () => {
  it('change with the packages and the month', () => {
    const job = new Job(process.cwd());
    expect(job.run(stepOf('keys'))).toMatchObject({ status: 0 });
    expect(job.outputs).toEqual({
      packages: expect.stringMatching(/^[0-9a-f]{16}$/),
      month: expect.stringMatching(/^\d{4}-\d\d$/),
    });
  });
});

describe('what changes the machine', () => {
  const changing = scripts.filter(({ run }) => /\bsudo\b/.test(run!));

  it('is one step, for machines that exist for this job only', () => {
    expect(changing.map((step) => step.if)).toEqual(["runner.environment == 'github-hosted'"]);
  });

  it('goes on without a module or a device that is not there', () => {
    const job = new Job(process.cwd());
    /** Instead of the real one: nothing may change here. */
    executable(join(job.programs, 'sudo'), '[ "$1" != modprobe ]');
    expect(job.run(changing[0]!)).toMatchObject({
      status: 0,
      stdout: 'labs that need br_netfilter run in a virtual machine\nlabs that need ip_vs run in a virtual machine\n',
    });
  });
});
