/** The examples of docs/examples: whoever copies one has what works, and every part of a suite is run by somebody. */
import { readdirSync, readFileSync } from 'node:fs';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { CNI_MODES } from '../../src/parse/schema/cni.ts';
import { PROXY_MODES } from '../../src/parse/schema/proxy.ts';
import { prepare } from '../../src/pipeline.ts';
import { ACTION, type Step } from './action.ts';
import { understood } from './words.ts';

const FOLDER = 'docs/examples';
const text = (name: string) => readFileSync(`${FOLDER}/${name}`, 'utf8');

/** Every lab is in one part, whichever number the parts begin with. */
function expectWhole(shards: readonly unknown[]): void {
  const parts = shards as readonly { index: number; count: number }[];
  expect(parts.map(({ count }) => count)).toEqual(parts.map(() => parts.length));
  expect(parts.map(({ index }) => index).sort()).toEqual(parts.map((_, index) => index));
}

it('every example is looked at here', () => {
  expect(readdirSync(FOLDER).sort()).toEqual([
    'Dockerfile',
    'github-workflow.yml',
    'gitlab-ci.yml',
    'indexed-job.yaml',
  ]);
});

describe('github-workflow.yml', () => {
  interface Workflow {
    readonly jobs: Readonly<
      Record<
        string,
        {
          readonly strategy: { readonly matrix: Readonly<Record<string, readonly unknown[]>> };
          readonly steps: readonly Step[];
        }
      >
    >;
  }
  const { jobs } = parse(text('github-workflow.yml')) as Workflow;
  const stepsOf = (name: string) => jobs[name]!.steps.filter(({ uses }) => /^OWNER\/packetwalk@v/.test(uses ?? ''));

  it('is nowhere where GitHub would run it here', () => {
    expect(readdirSync('.')).not.toContain('.github');
  });

  it.each(Object.keys(jobs))('job %s uses the action once, with inputs it has', (name) => {
    const [step, ...others] = stepsOf(name);
    expect(others).toEqual([]);
    for (const input of Object.keys(step!.with!)) expect(Object.keys(ACTION.inputs)).toContain(input);
  });

  it('runs each part of the suite once', () => {
    const { part } = jobs.topologies!.strategy.matrix;
    const shard = stepsOf('topologies')[0]!.with!.shard!;
    expectWhole(
      part!.map(
        (value) => understood(['--shard', shard.replace(/\$\{\{ matrix\.part \}\}/, String(value))]).options.shard,
      ),
    );
  });

  it('names modes there are', () => {
    const { cni, proxy } = jobs.modes!.strategy.matrix;
    expect(CNI_MODES).toEqual(expect.arrayContaining([...cni!]));
    expect(PROXY_MODES).toEqual(expect.arrayContaining([...proxy!]));
  });
});

describe('gitlab-ci.yml', () => {
  const { topologies } = parse(text('gitlab-ci.yml')) as {
    topologies: {
      parallel: number;
      script: string[];
      artifacts: { when: string; reports: { junit: string }; paths: string[] };
    };
  };
  /** GitLab counts from 1 (predefined variables, CI_NODE_INDEX). */
  const runs = Array.from({ length: topologies.parallel }, (_, index) => {
    const line = topologies.script[0]!.trim()
      .replace('$CI_NODE_INDEX', String(index + 1))
      .replace('$CI_NODE_TOTAL', String(topologies.parallel));
    const [program, command, ...words] = line.split(/\s+/);
    expect([program, command]).toEqual(['packetwalk', 'test']);
    return understood(words).options;
  });

  it('runs each part of the suite once', () => expectWhole(runs.map(({ shard }) => shard)));

  it('keeps what the command writes, also when it fails', () => {
    const { artifacts } = topologies;
    const { outputFile, captureDir } = runs[0]!;
    expect(outputFile).toEqual([`junit=${artifacts.reports.junit}`]);
    expect(artifacts.paths).toEqual([artifacts.reports.junit, captureDir]);
    expect(artifacts.when).toBe('always');
  });
});

/** The compiler takes its time on a busy machine. */
describe('indexed-job.yaml', { timeout: 30_000 }, () => {
  interface Job {
    readonly spec: {
      readonly completions: number;
      readonly podFailurePolicy: {
        readonly rules: readonly { readonly action: string; readonly onExitCodes: { readonly values: number[] } }[];
      };
      readonly template: {
        readonly spec: {
          readonly containers: readonly {
            readonly args: readonly string[];
            readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
          }[];
          readonly volumes: readonly { readonly name: string }[];
        };
      };
    };
  }
  const job = parse(text('indexed-job.yaml')) as Job;
  const { volumes, containers } = job.spec.template.spec;
  const { args, volumeMounts } = containers[0]!;
  /** The variable is set by the Job controller, from 0 (pkg/controller/job/indexed_job_utils.go). */
  const runs = Array.from({ length: job.spec.completions }, (_, index) => {
    const [command, ...words] = args.map((word) => word.replace('$(JOB_COMPLETION_INDEX)', String(index)));
    expect(command).toBe('test');
    return understood(words);
  });

  it('has the fields and values of batch/v1', () => {
    expect(mistakes('batch/v1', 'Job', job)).toEqual([]);
  });

  it.each([{ completionMod: 'Indexed' }, { completions: '4' }, { template: { spec: {} } }])(
    'would be caught with %j',
    (wrong) => {
      expect(mistakes('batch/v1', 'Job', { ...job, spec: { ...job.spec, ...wrong } })).toHaveLength(1);
    },
  );

  it('is understood by packetwalk', () => {
    const sources = [{ name: 'indexed-job.yaml', text: text('indexed-job.yaml') }];
    expect(prepare(sources, { name: 'job', namespace: 'default' }).diagnostics).toEqual([]);
  });

  it('runs each part of the suite once', () => expectWhole(runs.map(({ options }) => options.shard)));

  it('reads and writes only where something is mounted', () => {
    expect(volumeMounts.map(({ name }) => name)).toEqual(volumes.map(({ name }) => name));
    for (const { paths, options } of runs) {
      const [, report = ''] = (options.outputFile as string[])[0]!.split('=');
      for (const path of [...paths, report, options.captureDir as string])
        expect(volumeMounts.some(({ mountPath }) => path === mountPath || path.startsWith(`${mountPath}/`))).toBe(true);
    }
  });

  it('gives each part a report of its own', () => {
    expect(new Set(runs.map(({ options }) => String(options.outputFile))).size).toBe(job.spec.completions);
  });

  it('tries again neither a check that failed nor wrong input', () => {
    const rules = job.spec.podFailurePolicy.rules.map(({ action, onExitCodes }) => [action, onExitCodes.values]);
    expect(rules).toEqual([
      ['FailIndex', [1]],
      ['FailJob', [2]],
    ]);
  });
});

describe('Dockerfile', () => {
  it('runs the set-up of the clone, and the command the other examples call', () => {
    const lines = text('Dockerfile').split('\n');
    expect(lines).toContain(
      'RUN /packetwalk/scripts/setup && ln -s /packetwalk/scripts/packetwalk /usr/local/bin/packetwalk',
    );
    expect(lines).toContain('ENTRYPOINT ["packetwalk"]');
  });
});

/** What the TypeScript compiler finds wrong with an object, held against the package kubernetes-types. */
function mistakes(version: string, kind: string, object: unknown): string[] {
  const path = `${import.meta.dirname}/made.ts`;
  const source = `import type { ${kind} } from 'kubernetes-types/${version}.js';\nexport const made: ${kind} = ${JSON.stringify(object)};`;
  const options = {
    strict: true,
    module: ts.ModuleKind.NodeNext,
    skipLibCheck: true,
    types: [],
    lib: ['lib.es5.d.ts'],
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists } = host;
  host.getSourceFile = (name, ...rest) =>
    name === path ? ts.createSourceFile(name, source, ts.ScriptTarget.Latest) : getSourceFile(name, ...rest);
  host.fileExists = (name) => name === path || fileExists(name);
  return ts
    .getPreEmitDiagnostics(ts.createProgram([path], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}
