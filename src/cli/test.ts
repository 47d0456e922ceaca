/** packetwalk test: every topology built, probed, judged and reported. */
import { readFileSync, watch as watchFolder, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import type { Lab, Watched } from '../agent/lab.ts';
import type { Sandboxes } from '../agent/sandboxes.ts';
import type { Diagnostic } from '../diagnostic.ts';
import { byTopology, exitCodeOf, type LabResult } from '../judge/result.ts';
import type { Check } from '../model/check.ts';
import type { CniMode, ProxyMode } from '../model/cluster.ts';
import type { Source } from '../parse/index.ts';
import { CNI_MODES } from '../parse/schema/cni.ts';
import { PROXY_MODES } from '../parse/schema/proxy.ts';
import { FAULT_NAMES } from '../parse/schema/topology.ts';
import { type Prepared, prepare, type TestOptions, test } from '../pipeline.ts';
import { counted, firstOf } from '../report/layout.ts';
import { type Walk, Wiring } from '../stitch/index.ts';
import { report } from './diagnostics.ts';
import { makeFolder } from './folders.ts';
import {
  defaultName,
  expandPaths,
  oneOf,
  readSources,
  type SandboxChoice,
  sandboxesOf,
  selector,
  someOf,
  unique,
} from './input.ts';
import { COLUMNS, colors, EXIT, note, UsageError } from './output.ts';
import { Progress } from './progress.ts';
import { repeatCommand } from './repeat.ts';
import { type Destination, destinationsOf, prepareFiles, type ReporterName, write } from './reporters.ts';

export interface Options extends SandboxChoice {
  readonly test?: string;
  readonly reporter: readonly ReporterName[];
  readonly outputFile: readonly string[];
  readonly bail?: boolean;
  /** Labs are numbered from 1; those are meant whose number leaves this remainder. */
  readonly shard?: { readonly index: number; readonly count: number };
  readonly jobs?: number;
  readonly fault: readonly string[];
  readonly keep?: boolean;
  readonly captureDir?: string;
  readonly watch?: boolean;
  readonly verbose?: boolean;
  readonly namespace: string;
  readonly cni: readonly string[];
  readonly proxy: readonly string[];
}

export async function run(paths: readonly string[], options: Options): Promise<number> {
  const destinations = destinationsOf(options.reporter, options.outputFile);
  if (!options.watch) return once(paths, options, destinations);
  for (;;) {
    await once(paths, options, destinations);
    note(colors.dim('waiting for a change; Ctrl-C ends'));
    await change(paths);
  }
}

/** One topology in one combination of modes. */
interface Job {
  readonly file: string;
  readonly sources: readonly Source[];
  readonly prepared: Prepared;
}

async function once(paths: readonly string[], options: Options, destinations: readonly Destination[]): Promise<number> {
  const started = performance.now();
  const prepared = prepareAll(paths, options);
  if (report(prepared.diagnostics)) return EXIT.input;
  const jobs = shard(prepared.jobs, options.shard);
  const select = selector(options.test);
  const chosen = jobs.filter(({ prepared: { cluster, steps } }) =>
    [cluster, ...steps.map((step) => step.cluster)].some(({ checks }) => checks.some(select)),
  );
  if (jobs.length === 0) note(`this part is empty: all parts together have ${counted(prepared.jobs.length, 'lab')}`);
  else if (chosen.length === 0) note(options.test === undefined ? 'there are no checks' : 'no check matches');
  if (options.keep) refuseSameNames(chosen);
  prepareFiles(destinations);
  if (options.captureDir !== undefined) makeFolder(options.captureDir);
  const results = await runJobs(chosen, select, options, destinations);
  const durationMs = performance.now() - started;
  for (const destination of destinations) await write(destination, results, durationMs);
  return exitCodeOf(results);
}

function prepareAll(paths: readonly string[], options: Options): { jobs: Job[]; diagnostics: Diagnostic[] } {
  const files = expandPaths(paths).filter(
    (file) => paths.includes(file) || /packetwalk\.dev\//.test(readFileSync(file, 'utf8')),
  );
  if (files.length === 0)
    throw new UsageError(`no file in ${paths.join(', ')} has a Topology`, 'name a file to have it tested without one');
  const cni: readonly (CniMode | undefined)[] = orDefault(someOf('--cni', options.cni, CNI_MODES));
  const proxy: readonly (ProxyMode | undefined)[] = orDefault(someOf('--proxy', options.proxy, PROXY_MODES));
  const faults = oneOf('--fault', options.fault, FAULT_NAMES);
  const jobs: Job[] = [];
  const unsuited = new Set<string>();
  const diagnostics: Diagnostic[] = [];
  for (const file of files) {
    const sources = readSources([file]);
    for (const proxyMode of proxy) {
      for (const cniMode of cni) {
        const made = prepare(sources, {
          name: defaultName(file),
          namespace: options.namespace,
          cni: cniMode,
          proxy: proxyMode,
          faults,
        });
        diagnostics.push(...made.diagnostics);
        if (!made.prepared) continue;
        const { cluster } = made.prepared;
        if (cluster.suitsModes) jobs.push({ file, sources, prepared: made.prepared });
        else unsuited.add(`${cluster.name} with ${cluster.proxy.mode} and ${cluster.cni.mode}`);
      }
    }
  }
  if (unsuited.size > 0) note(`not made, for other modes: ${firstOf([...unsuited], 4)}`);
  return { jobs, diagnostics: unique(diagnostics) };
}

async function runJobs(
  jobs: readonly Job[],
  select: (check: Check) => boolean,
  options: Options,
  destinations: readonly Destination[],
): Promise<LabResult[]> {
  const progress = new Progress(jobs.length);
  const results: (LabResult | undefined)[] = jobs.map(() => undefined);
  const sandboxes = sandboxesOf(options, (text) => {
    progress.hide();
    note(text);
  });
  let next = 0;
  let stopped = false;
  /** Topologies are shown in their order, as soon as all before them are done. */
  const waiting = byTopology(jobs.map(({ file }, index) => ({ file, index })));
  const show = async (whole: boolean) => {
    while (waiting[0]?.every(({ index }) => !whole || results[index])) {
      const made = waiting.shift()!.flatMap(({ index }) => results[index] ?? []);
      if (made.length === 0) continue;
      progress.hide();
      const walks = options.verbose === true || jobs.length === 1;
      for (const { stream } of destinations) await stream?.(made, { walks, width: COLUMNS });
    }
  };
  const worker = async () => {
    while (!stopped && next < jobs.length) {
      const index = next++;
      const job = jobs[index]!;
      progress.begin(job.prepared.cluster.name);
      const result = await runJob(job, select, sandboxes, options);
      results[index] = result;
      progress.end(job.prepared.cluster.name);
      if (options.bail && exitCodeOf([result]) === EXIT.failed) stopped = true;
      await show(true);
    }
  };
  const atOnce = Math.min(options.jobs ?? availableParallelism(), jobs.length);
  await Promise.all(Array.from({ length: atOnce }, worker)).finally(() => sandboxes.close());
  await show(false);
  progress.hide();
  return results.filter((result) => result !== undefined);
}

async function runJob(
  { file, sources, prepared }: Job,
  select: (check: Check) => boolean,
  sandboxes: Sandboxes,
  options: Options,
): Promise<LabResult> {
  const { captureDir } = options;
  const written: string[] = [];
  const onCaptures: TestOptions['onCaptures'] = async (...captured) => {
    if (captureDir !== undefined) written.push(await writeCapture(captureDir, written.length, ...captured));
  };
  const tested = { file, sandboxes, select, onCaptures };
  const result = options.keep
    ? await (await import('./keep.ts')).testKept(prepared, tested, { ...options, sources })
    : await test(prepared, tested);
  return {
    ...result,
    command: repeatCommand(result, options),
    ...(written.length > 0 && { capture: written.join(', ') }),
  };
}

/** Writes `FOLDER/NAME-CNI-PROXY.pcapng`, and `FOLDER/NAME-CNI-PROXY-then-1.pcapng` for what follows on steps. */
async function writeCapture(
  folder: string,
  number: number,
  { cluster, state }: Lab,
  { captures }: Watched<unknown>,
  walks: ReadonlyMap<Check, readonly Walk[]>,
): Promise<string> {
  const { toPcapng } = await import('../report/pcapng.ts');
  const annotations = [...walks].map(([check, own]) => ({ name: check.name, walks: own }));
  const path = join(
    folder,
    `${cluster.name}-${cluster.cni.mode}-${cluster.proxy.mode}${number === 0 ? '' : `-then-${number}`}.pcapng`,
  );
  writeFileSync(path, toPcapng(captures, annotations, new Wiring(state)));
  return path;
}

/** Labs that stay are told apart by their names. */
function refuseSameNames(jobs: readonly Job[]): void {
  const names = jobs.map(({ prepared: { cluster } }) => cluster.name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined)
    throw new UsageError(
      `--keep leaves one lab of a name, and there would be several called ${twice}`,
      'choose one file and one combination of modes',
    );
}

/** Jobs are dealt out in turn, so that parts take about as long. */
function shard<T>(jobs: readonly T[], part: Options['shard']): readonly T[] {
  return part ? jobs.filter((_, index) => (index + 1) % part.count === part.index) : jobs;
}

function orDefault<T>(values: readonly T[]): readonly (T | undefined)[] {
  return values.length === 0 ? [undefined] : values;
}

function change(paths: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    const folders = new Set(expandPaths(paths).map(dirname));
    const watchers = [...folders].map((folder) => watchFolder(folder, () => done()));
    const done = () => {
      for (const watcher of watchers) watcher.close();
      /** Editors write a file in several steps. */
      setTimeout(resolve, 100);
    };
  });
}
