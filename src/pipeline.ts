/**
 * The verbs in order. Read this first.
 *
 *   text ─parse→ Manifest[] ─model→ Cluster ─compile→ KernelState ─fault→ KernelState ─plan→ Plan ─apply→ Lab
 *   A lab becomes what a step makes of it, by the difference: Plan ─apply→ Lab, again.
 *   Lab ─ watch(probe) → Capture[], ProbeRun[] ─decode→ Frame[] ─stitch→ Walk[] ─judge→ Verdict ─report→ text, json, …
 *
 * Everything is pure but apply, probe and capture, which happen in the lab's agent (agent/).
 */

import { setTimeout as delay } from 'node:timers/promises';
import {
  become,
  buildLab,
  type Lab,
  list,
  namespacesOnTheWay,
  probe,
  trackedDatagrams,
  type Watched,
  watch,
} from './agent/lab.ts';
import { problemOf } from './agent/problem.ts';
import { tryPairs } from './agent/reachability.ts';
import type { Sandboxes } from './agent/sandboxes.ts';
import { compile, type KernelState } from './compile/index.ts';
import { type Diagnostic, Diagnostics } from './diagnostic.ts';
import { impair, interfacesOf } from './fault/impair.ts';
import { injectFaults } from './fault/index.ts';
import { judgeConnections, judgeState, skipped, type Verdict } from './judge/index.ts';
import { type Pair, pairsOf, type Scope } from './judge/pairs.ts';
import type { Cell } from './judge/reachability.ts';
import type { LabResult } from './judge/result.ts';
import type { Check, ConnectionCheck, ListingName, StateCheck } from './model/check.ts';
import type { Cluster, Fault, FaultName } from './model/cluster.ts';
import { modelSteps, type Step, type StepOptions } from './model/steps.ts';
import { parse, type Source } from './parse/index.ts';
import type { ProbeRun } from './probe/probe.ts';
import { evidenceOf, stitch, type Walk, Wiring } from './stitch/index.ts';
import { tunnelEnds, withOuterRewrites } from './stitch/outer.ts';

/** A cluster that can be built: its kernel state, faults already injected, links already impaired. */
interface Buildable {
  readonly cluster: Cluster;
  readonly state: KernelState;
}

export interface Prepared extends Buildable {
  readonly faults: readonly FaultName[];
  /** What it becomes, one after the other. */
  readonly steps: readonly PreparedStep[];
}

export interface PreparedStep extends Buildable, Omit<Step, 'cluster'> {}

export interface PrepareOptions extends StepOptions {
  /** Faults to inject besides those of the topology, wherever they apply. */
  readonly faults?: readonly FaultName[];
}

/** parse, model, compile, fault. `prepared` is undefined when the diagnostics hold an error. */
export function prepare(
  sources: readonly Source[],
  options: PrepareOptions,
): { prepared?: Prepared; diagnostics: readonly Diagnostic[] } {
  const diagnostics = new Diagnostics();
  const modelled = modelSteps(parse(sources, diagnostics), options, diagnostics);
  if (!modelled || diagnostics.failed) return { diagnostics: diagnostics.sorted() };
  const { faults: given = [] } = options;
  const beginning = build(modelled.beginning, given, diagnostics);
  const steps: PreparedStep[] = [];
  for (const step of modelled.steps)
    steps.push({ ...step, ...build(step.cluster, given, diagnostics, steps.at(-1) ?? beginning) });
  if (diagnostics.failed) return { diagnostics: diagnostics.sorted() };
  const faults = [...beginning.cluster.faults.map(({ fault }) => fault), ...given];
  return { prepared: { ...beginning, faults, steps }, diagnostics: diagnostics.sorted() };
}

/** compile, fault. What was broken before need not be found again, nor anything in modes that the topology is not meant for. */
function build(cluster: Cluster, given: readonly FaultName[], diagnostics: Diagnostics, before?: Buildable): Buildable {
  const own = injectFaults(compile(cluster), cluster.faults, before?.state);
  const isIdle = (fault: Fault) =>
    cluster.suitsModes && own.idle.includes(fault.fault) && !before?.cluster.faults.includes(fault);
  for (const { fault, origin } of cluster.faults.filter(isIdle)) {
    diagnostics.error('idle-fault', `${origin.file}:${origin.line}: the fault ${fault} finds nothing to break here`);
  }
  const { state } = injectFaults(
    own.state,
    given.map((fault) => ({ fault })),
    before?.state,
  );
  const impaired = impair(state, cluster.impairedLinks);
  for (const { place, netns, device, origin } of impaired.unknown) {
    const own = interfacesOf(state, netns).join(', ');
    const where = `${origin.file}:${origin.line}`;
    diagnostics.error('unknown-interface', `${where}: ${place} has no interface ${device}; it has ${own}`);
  }
  return { cluster, state: impaired.state };
}

/** Where a lab is after all steps, and what it needs of a kernel on the way there. */
export function lastOf({ steps, ...beginning }: Prepared): Buildable {
  return steps.at(-1) ?? beginning;
}

export function everyState({ state, steps }: Prepared): KernelState {
  return { namespaces: [state, ...steps.map((step) => step.state)].flatMap(({ namespaces }) => namespaces) };
}

export interface TestOptions {
  readonly file: string;
  /** Where labs are built; the caller closes it. */
  readonly sandboxes: Sandboxes;
  /** Which of the topology's checks to make; undefined: all. */
  readonly select?: ((check: Check) => boolean) | undefined;
  /** Sees what the captures held, before it is gone. */
  readonly onCaptures?:
    | ((lab: Lab, watched: Watched<unknown>, walks: ReadonlyMap<Check, readonly Walk[]>) => Promise<void>)
    | undefined;
}

/** Builds a lab, makes its checks, takes its steps, and takes it down. Never throws for what the lab or its environment does. */
export async function test(prepared: Prepared, options: TestOptions): Promise<LabResult> {
  const started = performance.now();
  const { cluster, faults } = prepared;
  const about = {
    file: options.file,
    name: cluster.name,
    cni: cluster.cni.mode,
    proxy: cluster.proxy.mode,
    faults,
  };
  let sandbox = options.sandboxes.usual;
  try {
    sandbox = await options.sandboxes.choose(everyState(prepared));
    const lab = await buildLab(cluster, prepared.state, await options.sandboxes.for(everyState(prepared)));
    try {
      const { results } = await takeSteps(lab, prepared, options);
      return { ...about, sandbox, kernel: lab.kernel, ...results, durationMs: performance.now() - started };
    } finally {
      await lab.close();
    }
  } catch (error) {
    const problem = problemOf(error);
    const verdicts = chosenChecks(prepared, options).map((check): Verdict => skipped(check, problem.message));
    return { ...about, sandbox, kernel: '', verdicts, durationMs: performance.now() - started, problem };
  }
}

interface Taken {
  /** How many steps have been. */
  readonly steps: number;
  readonly results: Pick<LabResult, 'verdicts' | 'problem'>;
}

/** The checks of a lab that stands at its beginning, its steps, and theirs. A step that cannot be taken is the last. */
export async function takeSteps(
  lab: Lab,
  prepared: Prepared,
  options: Pick<TestOptions, 'select' | 'onCaptures'>,
): Promise<Taken> {
  const chosen = new Set(chosenChecks(prepared, options));
  const verdicts: Verdict[] = [];
  const look = async ({ cluster: { checks } }: Buildable) => {
    const own = checks.filter((check) => chosen.has(check));
    if (own.length > 0) verdicts.push(...(await examine(lab, own, options.onCaptures)));
  };
  await look(prepared);
  let before: Buildable = prepared;
  for (const [index, step] of prepared.steps.entries()) {
    try {
      lab = { ...lab, ...(await become(lab.agent, before, step)) };
    } catch (error) {
      const problem = { step: step.name, ...problemOf(error) };
      const left = [...chosen].slice(verdicts.length);
      verdicts.push(...left.map((check) => skipped(check, problem.message)));
      return { steps: index, results: { verdicts, problem } };
    }
    before = step;
    await delay(step.waitMs);
    await look(step);
  }
  return { steps: prepared.steps.length, results: { verdicts } };
}

/** Those that are selected, and those that open the connections of such. In their order. */
function chosenChecks({ cluster, steps }: Prepared, { select = () => true }: Pick<TestOptions, 'select'>): Check[] {
  const all = [cluster, ...steps.map((step) => step.cluster)].flatMap(({ checks }) => checks);
  const kept = new Set(all.filter(select).flatMap((check) => (check.kind === 'connection' ? (check.on ?? []) : [])));
  const opens = (check: Check) => check.kind === 'connection' && check.opens !== undefined && kept.has(check.opens);
  return all.filter((check) => select(check) || opens(check));
}

/** Makes checks in a lab that stands: all at once, watched by one set of captures. */
export async function examine(
  lab: Lab,
  checks: readonly Check[],
  onCaptures?: TestOptions['onCaptures'],
): Promise<Verdict[]> {
  const watched = await watch(lab, { namespaces: namespacesOnTheWay(lab.cluster, checks) }, () => {
    const sending = checks.map((check) => (check.kind === 'connection' ? send(lab, check) : undefined));
    const sent = Promise.allSettled(sending);
    return Promise.all(
      checks.map((check, index) => (check.kind === 'state' ? look(lab, check, sent) : sending[index]!)),
    );
  });
  const wiring = new Wiring(lab.state);
  const runs = watched.result.flatMap((done) => (done.kind === 'connection' ? done.runs : []));
  const walks = new Map((await walksOf(lab, runs, watched, wiring)).map((walk) => [walk.probe, walk]));
  const made = (done: Performed) => (done.kind === 'connection' ? done.runs.map((run) => walks.get(run)!) : []);
  await onCaptures?.(lab, watched, new Map(watched.result.map((done) => [done.check, made(done)])));
  return watched.result.map((done) =>
    done.kind === 'connection'
      ? judgeConnections(done.check, made(done), wiring, done.durationMs)
      : judgeState(done.check, done.listings, done.durationMs),
  );
}

type Performed = Awaited<ReturnType<typeof send>> | Awaited<ReturnType<typeof look>>;

async function send(lab: Lab, check: ConnectionCheck) {
  const started = performance.now();
  const runs = await probe(lab, check);
  return { kind: 'connection' as const, check, runs, durationMs: performance.now() - started };
}

async function look(lab: Lab, check: StateCheck, sent: Promise<unknown>) {
  const started = performance.now();
  const listings = await listUntilRight(lab, check, sent);
  return { kind: 'state' as const, check, listings, durationMs: performance.now() - started };
}

/**
 * Some of it settles on its own shortly after a change, a link's state for one, and some is learned from what is sent: a wrong
 * listing is read again until all has been sent, and for a while after that.
 */
async function listUntilRight(lab: Lab, check: StateCheck, sent: Promise<unknown>): Promise<Map<ListingName, string>> {
  let deadline = Number.POSITIVE_INFINITY;
  void sent.then(() => {
    deadline = performance.now() + SETTLING_MS;
  });
  for (;;) {
    const listings = await list(lab, check);
    if (judgeState(check, listings, 0).verdict === 'pass' || performance.now() > deadline) return listings;
    await delay(50);
  }
}

const SETTLING_MS = 1000;

/** The walks of a check's connections, with the rules they met when asked for. */
export async function trace(
  lab: Lab,
  check: ConnectionCheck,
  rules: boolean,
): Promise<{ walks: Walk[]; watched: Watched<ProbeRun[]> }> {
  const namespaces = namespacesOnTheWay(lab.cluster, [check]);
  const ruled = lab.state.namespaces.filter(
    ({ iptables, ip6tables, nft }) => iptables !== undefined || ip6tables !== undefined || nft.length > 0,
  );
  const traced = { namespaces: ruled.map(({ name }) => name), probes: check.connections };
  const watched = await watch(lab, { namespaces, ...(rules && { rules: traced }) }, () => probe(lab, check));
  return { walks: await walksOf(lab, watched.result, watched, new Wiring(lab.state)), watched };
}

/** decode and stitch, with what connection tracking tells of the packets of tunnels. */
async function walksOf(
  lab: Lab,
  runs: readonly ProbeRun[],
  watched: Pick<Watched<unknown>, 'captures'>,
  wiring: Wiring,
): Promise<Walk[]> {
  const walks = stitch(runs, evidenceOf(watched, lab.cluster), wiring);
  const tracked = tunnelEnds(walks, wiring).map(async ({ place, namespace, family }) => ({
    place,
    listing: await trackedDatagrams(lab, namespace, family),
  }));
  return withOuterRewrites(walks, await Promise.all(tracked));
}

/** Who may ask whom for what, and what policies say about it. */
export function pairs({ cluster, state }: Pick<Lab, 'cluster' | 'state'>, scope: Scope): Pair[] {
  return pairsOf(cluster, new Wiring(state), scope);
}

/** Tries pairs, and holds what comes of it against what policies say. */
export function matrix(lab: Lab, wanted: readonly Pair[], timeoutMs: number): Promise<Cell[]> {
  return tryPairs(lab, wanted, timeoutMs);
}
