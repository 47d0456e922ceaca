/**
 * The verbs in order. Read this first.
 *
 *   text ─parse→ Manifest[] ─model→ Cluster ─compile→ KernelState ─fault→ KernelState ─plan→ Plan ─apply→ Lab
 *   Lab ─ watch(probe) → Capture[], ProbeRun[] ─decode→ Frame[] ─stitch→ Walk[] ─judge→ Verdict ─report→ text, json, …
 *
 * Everything is pure but apply, probe and capture, which happen in the lab's agent (agent/).
 */

import { setTimeout as delay } from 'node:timers/promises';
import { buildLab, type Lab, list, namespacesOnTheWay, probe, type Watched, watch } from './agent/lab.ts';
import type { Sandboxes } from './agent/sandboxes.ts';
import { KernelError } from './apply/kernel/errors.ts';
import { SandboxError } from './apply/sandbox/error.ts';
import { compile, type KernelState } from './compile/index.ts';
import { type Frame, PcapError, readFrames, VXLAN_PORTS } from './decode/index.ts';
import { type Diagnostic, Diagnostics } from './diagnostic.ts';
import { impair, interfacesOf } from './fault/impair.ts';
import { injectFaults } from './fault/index.ts';
import { judgeConnections, judgeState, type Verdict } from './judge/index.ts';
import type { LabResult } from './judge/result.ts';
import type { Check, ConnectionCheck, ListingName, StateCheck } from './model/check.ts';
import type { Cluster, FaultName } from './model/cluster.ts';
import { type ModelOptions, model } from './model/index.ts';
import { DNS_PORT } from './net/port.ts';
import { parse, type Source } from './parse/index.ts';
import type { ProbeRun } from './probe/probe.ts';
import { type Evidence, stitch, type Walk, Wiring } from './stitch/index.ts';

/** A cluster that can be built: its kernel state, faults already injected, links already impaired. */
export interface Prepared {
  readonly cluster: Cluster;
  readonly state: KernelState;
  readonly faults: readonly FaultName[];
}

export interface PrepareOptions extends ModelOptions {
  /** Faults to inject besides those of the topology, wherever they apply. */
  readonly faults?: readonly FaultName[];
}

/** parse, model, compile, fault. `prepared` is undefined when the diagnostics hold an error. */
export function prepare(
  sources: readonly Source[],
  options: PrepareOptions,
): { prepared?: Prepared; diagnostics: readonly Diagnostic[] } {
  const diagnostics = new Diagnostics();
  const cluster = model(parse(sources, diagnostics), options, diagnostics);
  if (!cluster || diagnostics.failed) return { diagnostics: diagnostics.sorted() };
  const own = injectFaults(compile(cluster), cluster.faults);
  for (const { fault, origin } of cluster.faults.filter(({ fault }) => own.idle.includes(fault))) {
    diagnostics.error('idle-fault', `${origin.file}:${origin.line}: the fault ${fault} finds nothing to break here`);
  }
  const { state } = injectFaults(
    own.state,
    (options.faults ?? []).map((fault) => ({ fault })),
  );
  const impaired = impair(state, cluster.impairedLinks);
  for (const { place, netns, device, origin } of impaired.unknown) {
    const own = interfacesOf(state, netns).join(', ');
    const where = `${origin.file}:${origin.line}`;
    diagnostics.error('unknown-interface', `${where}: ${place} has no interface ${device}; it has ${own}`);
  }
  if (diagnostics.failed) return { diagnostics: diagnostics.sorted() };
  const faults = [...cluster.faults.map(({ fault }) => fault), ...(options.faults ?? [])];
  return { prepared: { cluster, state: impaired.state, faults }, diagnostics: diagnostics.sorted() };
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

/** Builds a lab, makes its checks, and takes it down. Never throws for what the lab or its environment does. */
export async function test({ cluster, state, faults }: Prepared, options: TestOptions): Promise<LabResult> {
  const started = performance.now();
  const checks = cluster.checks.filter(options.select ?? (() => true));
  const about = {
    file: options.file,
    name: cluster.name,
    cni: cluster.cni.mode,
    proxy: cluster.proxy.mode,
    faults,
  };
  let sandbox = options.sandboxes.usual;
  try {
    sandbox = await options.sandboxes.choose(state);
    const lab = await buildLab(cluster, state, await options.sandboxes.for(state));
    try {
      const verdicts = await examine(lab, checks, options.onCaptures);
      return { ...about, sandbox, kernel: lab.kernel, verdicts, durationMs: performance.now() - started };
    } finally {
      await lab.close();
    }
  } catch (error) {
    const problem = explain(error);
    const verdicts = checks.map((check): Verdict => skipped(check, problem.message));
    return { ...about, sandbox, kernel: '', verdicts, durationMs: performance.now() - started, problem };
  }
}

/** Makes checks in a lab that stands: all at once, watched by one set of captures. */
export async function examine(
  lab: Lab,
  checks: readonly Check[],
  onCaptures?: TestOptions['onCaptures'],
): Promise<Verdict[]> {
  const watched = await watch(lab, { namespaces: namespacesOnTheWay(lab.cluster, checks) }, () =>
    Promise.all(checks.map((check) => perform(lab, check))),
  );
  const wiring = new Wiring(lab.state);
  const runs = watched.result.flatMap((done) => (done.kind === 'connection' ? done.runs : []));
  const walks = new Map(stitch(runs, evidenceOf(watched, lab.cluster), wiring).map((walk) => [walk.probe, walk]));
  const walksOf = (done: Performed) => (done.kind === 'connection' ? done.runs.map((run) => walks.get(run)!) : []);
  await onCaptures?.(lab, watched, new Map(watched.result.map((done) => [done.check, walksOf(done)])));
  return watched.result.map((done) =>
    done.kind === 'connection'
      ? judgeConnections(done.check, walksOf(done), wiring, done.durationMs)
      : judgeState(done.check, done.listings, done.durationMs),
  );
}

type Performed = Awaited<ReturnType<typeof perform>>;

async function perform(lab: Lab, check: Check) {
  const started = performance.now();
  if (check.kind === 'state') {
    const listings = await listUntilRight(lab, check);
    return { kind: 'state' as const, check, listings, durationMs: performance.now() - started };
  }
  const runs = await probe(lab, check);
  return { kind: 'connection' as const, check, runs, durationMs: performance.now() - started };
}

/** Some of it settles on its own shortly after a change, a link's state for one: a wrong listing is read again for a while. */
async function listUntilRight(lab: Lab, check: StateCheck): Promise<Map<ListingName, string>> {
  const deadline = performance.now() + SETTLING_MS;
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
  return { walks: stitch(watched.result, evidenceOf(watched, lab.cluster), new Wiring(lab.state)), watched };
}

/** decode: every capture's frames, and which captures cannot be relied on. */
export function evidenceOf({ captures }: Pick<Watched<unknown>, 'captures'>, { cni, listeners }: Cluster): Evidence {
  const vxlanPorts = new Set([
    ...VXLAN_PORTS,
    ...(cni.mode === 'vxlan' ? [cni.port] : []),
    ...(cni.mode === 'calico-vxlan' ? [cni.vxlanPort] : []),
  ]);
  const ipPorts = new Set(cni.mode === 'udp' ? [cni.port] : []);
  const wireguardPorts = new Set(cni.mode === 'wireguard' ? [cni.listenPort, cni.listenPortV6] : []);
  const dnsPorts = new Set([DNS_PORT, ...listeners.filter(({ zone }) => zone).map(({ port }) => port)]);
  const ports = { vxlanPorts, ipPorts, wireguardPorts, dnsPorts };
  const blind = new Map<string, string>();
  const frames: Frame[] = [];
  for (const { namespace, pcap, links, blind: reason } of captures) {
    if (reason !== undefined) blind.set(namespace, reason);
    try {
      readFrames(pcap, namespace, links, ports, (frame) => frames.push(frame));
    } catch (error) {
      if (!(error instanceof PcapError)) throw error;
      blind.set(namespace, reason ?? error.message);
    }
  }
  return { frames, blind };
}

/** What went wrong, for a person: message and remedy. Anything unexpected is thrown on. */
export function explain(error: unknown): NonNullable<LabResult['problem']> {
  if (error instanceof KernelError) {
    const { details } = error;
    return {
      message: error.message.split('\n  = ')[0]!,
      ...(details.remedy !== undefined && { remedy: details.remedy }),
    };
  }
  if (error instanceof SandboxError)
    return { message: error.message, ...(error.remedy !== undefined && { remedy: error.remedy }) };
  throw error;
}

function skipped(check: Check, reason: string): Verdict {
  const base = { verdict: 'skipped' as const, reason, mismatches: [], durationMs: 0 };
  return check.kind === 'connection'
    ? { ...base, kind: 'connection', check }
    : { ...base, kind: 'state', check, listings: {} };
}
