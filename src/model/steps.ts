/** Manifest[] → the cluster as it begins, and what each step makes of it. */
import type { Diagnostics, Origin } from '../diagnostic.ts';
import { type Manifest, type ManifestOf, parse, parseWithin, type Source } from '../parse/index.ts';
import type { PodState } from '../parse/schema/topology.ts';
import { type Change, changeObjects } from './change.ts';
import type { Cluster } from './cluster.ts';
import { ofKind } from './defaults.ts';
import { type ModelOptions, model } from './index.ts';
import { inNamespace } from './object-name.ts';
import { NO_PAST, type Past, pastOf, withAllocations } from './past.ts';

/** The cluster after a change. Its checks are those to be made then. */
export interface Step {
  readonly name: string;
  readonly cluster: Cluster;
  readonly waitMs: number;
  readonly origin: Origin;
}

/** What was done to a running lab by commands. Objects to apply are in sources of their own. */
export interface LabChange {
  readonly sources: readonly Source[];
  readonly delete: readonly string[];
  readonly set: Readonly<Record<string, PodState>>;
  /** Namespace of objects and names without one. */
  readonly namespace: string;
}

export interface StepOptions extends ModelOptions {
  /** So many of the topology's steps, and these changes after them; left out: all steps. */
  readonly made?: { readonly steps: number; readonly changes: readonly LabChange[] } | undefined;
}

/** Each step is modelled, whether or not somebody will take it. Undefined after reporting what is wrong with one of them. */
export function modelSteps(
  manifests: readonly Manifest[],
  options: StepOptions,
  diagnostics: Diagnostics,
): Modelled | undefined {
  const [topology] = ofKind(manifests, 'Topology');
  const modelled = modelOneByOne(topology, manifests, options, diagnostics);
  reportSameNames(topology, diagnostics);
  return modelled;
}

interface Modelled {
  readonly beginning: Cluster;
  readonly steps: readonly Step[];
}

function modelOneByOne(
  topology: ManifestOf<'Topology'> | undefined,
  manifests: readonly Manifest[],
  options: StepOptions,
  diagnostics: Diagnostics,
): Modelled | undefined {
  const beginning = model(manifests, options, diagnostics);
  if (!beginning) return undefined;
  const steps: Step[] = [];
  let objects = manifests.map((manifest) => inNamespace(manifest, options.namespace));
  let cluster = beginning;
  let past = NO_PAST;
  for (const change of changesOf(topology, options, diagnostics)) {
    const changed = changeObjects(objects, change, cluster, diagnostics);
    past = mended(pastOf(cluster, past, changed), change, diagnostics);
    objects = withAllocations(changed.manifests, past);
    const next = model(objects, options, diagnostics, { past, change });
    if (!next) return undefined;
    cluster = next;
    steps.push({ name: change.name, cluster, waitMs: change.waitMs, origin: change.origin });
  }
  return { beginning, steps };
}

function changesOf(
  topology: ManifestOf<'Topology'> | undefined,
  { made, namespace }: StepOptions,
  diagnostics: Diagnostics,
): Change[] {
  const written = topology ? stepsOf(topology, namespace, diagnostics) : [];
  return [
    ...written.slice(0, made?.steps),
    ...(made?.changes ?? []).map((change) => changeByCommand(change, diagnostics)),
  ];
}

function stepsOf(
  { object, locate: at }: ManifestOf<'Topology'>,
  namespace: string,
  diagnostics: Diagnostics,
): Change[] {
  return object.spec.steps.map((step, index) => {
    const section = ['spec', 'steps', index];
    const locate = (...path: (string | number)[]) => at([...section, ...path]);
    const locateKey = (...path: (string | number)[]) => at([...section, ...path], 'key');
    const { file, line } = locate('name');
    return {
      name: step.name,
      namespace,
      section,
      apply: step.apply.flatMap((value, item) => parseWithin(value, at, [...section, 'apply', item], diagnostics)),
      patch: Object.entries(step.patch).map(([text, value]) => ({
        text,
        at: locateKey('patch', text),
        value,
        locate: (path, part) => at([...section, 'patch', text, ...path], part),
      })),
      delete: step.delete.map((text, item) => ({ text, at: locate('delete', item) })),
      set: Object.entries(step.set).map(([text, state]) => ({ text, at: locateKey('set', text), state })),
      mend: step.mend.map((fault, item) => ({ fault, at: locate('mend', item) })),
      waitMs: step.wait ?? 0,
      origin: { file, line },
    };
  });
}

function changeByCommand({ sources, delete: names, set, namespace }: LabChange, diagnostics: Diagnostics): Change {
  const name = 'by command';
  return {
    name,
    namespace,
    apply: parse(sources, diagnostics),
    patch: [],
    delete: names.map((text) => ({ text })),
    set: Object.entries(set).map(([text, state]) => ({ text, state })),
    mend: [],
    waitMs: 0,
    origin: { file: name, line: 1 },
  };
}

/** Without the faults that are mended. */
function mended(past: Past, { mend }: Change, diagnostics: Diagnostics): Past {
  for (const { fault, at } of mend) {
    if (past.faults.some((other) => other.fault === fault)) continue;
    const broken = [...new Set(past.faults.map((other) => other.fault))].join(', ');
    const help = broken === '' ? 'nothing is broken here' : `broken here: ${broken}`;
    diagnostics.error('not-broken', `there is no fault ${fault} to mend`, at, help);
  }
  return { ...past, faults: past.faults.filter(({ fault }) => !mend.some((other) => other.fault === fault)) };
}

/** Reports name checks: no two of them may have one, whichever step they are made after. */
function reportSameNames(topology: ManifestOf<'Topology'> | undefined, diagnostics: Diagnostics): void {
  const { checks = [], steps = [] } = topology?.object.spec ?? {};
  const seen = new Set<string>();
  const look = (name: string, path: (string | number)[], what: string) => {
    if (seen.has(`${what} ${name}`))
      diagnostics.error('duplicate-name', `two ${what} are named "${name}"`, topology!.locate([...path, 'name']));
    seen.add(`${what} ${name}`);
  };
  for (const [index, { name }] of checks.entries()) look(name, ['spec', 'checks', index], 'checks');
  for (const [number, step] of steps.entries()) {
    look(step.name, ['spec', 'steps', number], 'steps');
    for (const [index, { name }] of step.checks.entries())
      look(name, ['spec', 'steps', number, 'checks', index], 'checks');
  }
}
