/** Labs that stay: building one, finding the one that is meant, and turning its description back into a lab. */

import type { Command } from 'commander';
import { asItStands, become, type Lab } from '../agent/lab.ts';
import {
  createLab,
  findLab,
  isRunning,
  type LabRecord,
  listLabs,
  openLab,
  removeLab,
  writeRecord,
} from '../agent/registry.ts';
import { impairedAs } from '../fault/impair.ts';
import type { Place } from '../model/cluster.ts';
import { Places } from '../model/place.ts';
import type { LabChange } from '../model/steps.ts';
import type { Source } from '../parse/index.ts';
import { everyState, lastOf, type Prepared, type PrepareOptions, prepare } from '../pipeline.ts';
import { converge } from '../plan/converge.ts';
import { plan } from '../plan/index.ts';
import type { Operation } from '../plan/operation.ts';
import { report } from './diagnostics.ts';
import { type SandboxChoice, sandboxesOf } from './input.ts';
import { unlessInterrupted } from './interrupt.ts';
import { note, UsageError } from './output.ts';

export interface LabInput extends Prepared {
  readonly sources: readonly Source[];
  readonly options: PrepareOptions;
}

/** Builds a lab that stays after this process. When that fails, or is interrupted, nothing of it is left. */
export async function buildDetached(input: LabInput, choice: SandboxChoice): Promise<Lab> {
  const { cluster, state } = input;
  const sandboxes = sandboxesOf(choice, note);
  const place = await sandboxes.placeFor(everyState(input)).finally(() => sandboxes.close());
  if (place.kind === 'vm') note(`booting a virtual machine with Linux ${place.kernel.release}`);
  const { agent: starting, settle, abandon } = createLab(cluster.name, place);
  return unlessInterrupted(abandon, async () => {
    try {
      const agent = await starting;
      await agent.call('apply', plan(state));
      await agent.call('listen', cluster.listeners);
      const { kernel } = await agent.call('hello');
      await settle(descriptionOf(input));
      return { cluster, state: await asItStands(state, agent), agent, sandbox: place.kind, kernel };
    } catch (error) {
      await abandon();
      throw error;
    }
  });
}

/** What has to be done to a running lab to make it what the input says; nothing when it is that already. */
export function changesTo(record: LabRecord, { state }: Pick<LabInput, 'state'>): readonly Operation[] {
  return converge(record.state, state).operations;
}

/** All of a change, or nothing of it. Throws a ChangeError. */
export async function changeLab(record: LabRecord, input: LabInput): Promise<void> {
  const { cluster } = lastOf(readAgain(record));
  const { agent } = await openLab(record);
  try {
    await become(agent, { cluster, state: record.state }, input);
    writeRecord({ ...record, ...descriptionOf(input) });
  } finally {
    agent.close();
  }
}

/** Writes down that a lab has taken so many of its steps. */
export function recordSteps(name: string, { steps: all, state }: Prepared, steps: number): void {
  writeRecord({ ...findLab(name)!, made: { ...NOTHING_MADE, steps }, state: all[steps - 1]?.state ?? state });
}

function descriptionOf({
  sources,
  options,
  state,
}: LabInput): Pick<LabRecord, 'sources' | 'options' | 'made' | 'state'> {
  const { namespace, cni, proxy, faults = [], made = NOTHING_MADE } = options;
  return { sources, options: { namespace, cni, proxy, faults }, made, state };
}

/** What a running lab would be after one more change; undefined after its errors have been shown. */
export function readChanged(record: LabRecord, change: LabChange): LabInput | undefined {
  const { steps, changes } = record.made ?? NOTHING_MADE;
  const options = optionsOf(record, { steps, changes: [...changes, change] });
  const { prepared, diagnostics } = prepare(record.sources, options);
  if (report(diagnostics.filter(({ severity }) => severity === 'error')) || !prepared) return undefined;
  const { cluster, state } = lastOf(prepared);
  const before = prepared.steps.at(-2) ?? prepared;
  const since = impairedAs(record.state, before.state, state);
  return { ...prepared, cluster: { ...cluster, name: record.name }, state: since, sources: record.sources, options };
}

/** What a lab was made from, with the steps it has taken and the changes since. */
function readAgain(record: LabRecord): Prepared {
  const { prepared } = prepare(record.sources, optionsOf(record));
  if (prepared) return prepared;
  throw new UsageError(
    `lab ${record.name} was made by another version of packetwalk`,
    `packetwalk down ${record.name}`,
  );
}

const NOTHING_MADE: NonNullable<LabRecord['made']> = { steps: 0, changes: [] };

function optionsOf({ name, options, made = NOTHING_MADE }: LabRecord, now = made): PrepareOptions {
  return { ...options, name, made: now } as PrepareOptions;
}

/** The lab of that name, or the only one. Labs whose sandbox has died are removed on the way. */
export async function chooseLab(name: string | undefined): Promise<LabRecord> {
  const labs = await runningLabs();
  if (name !== undefined) {
    const found = labs.find((lab) => lab.name === name);
    if (!found)
      throw new UsageError(
        `there is no running lab ${name}`,
        labs.length > 0 ? `running: ${labs.map((lab) => lab.name).join(', ')}` : 'packetwalk up -f FILE starts one',
      );
    return found;
  }
  const [only, ...others] = labs;
  if (!only) throw new UsageError('no lab is running', 'packetwalk up -f FILE starts one');
  if (others.length > 0)
    throw new UsageError('several labs are running', `say which: ${labs.map((lab) => lab.name).join(', ')}`);
  return only;
}

export async function runningLabs(): Promise<LabRecord[]> {
  const labs = listLabs();
  await Promise.all(labs.filter((lab) => !isRunning(lab)).map(removeLab));
  return labs.filter(isRunning);
}

export function runningLab(name: string): LabRecord | undefined {
  const record = findLab(name);
  return record && isRunning(record) ? record : undefined;
}

/** A running lab as the pipeline knows it. */
export async function resume(record: LabRecord): Promise<Lab & { readonly options: PrepareOptions }> {
  const { cluster } = lastOf(readAgain(record));
  const { agent, kernel } = await openLab(record);
  return {
    cluster: { ...cluster, name: record.name },
    state: await asItStands(record.state, agent),
    agent,
    sandbox: record.sandbox,
    kernel,
    options: optionsOf(record),
  };
}

/**
 * What says how a lab is to be built says nothing to one that stands. The environment speaks to all commands. `meant` is the lab
 * that it is for: `of the trace's own`.
 */
export function refuseForRunningLab(
  command: Command,
  meant: string,
  remedy = 'add -f FILE, or leave it out to use a running lab',
): void {
  const name = ['name', 'steps', 'cni', 'proxy', 'fault', 'kernel', 'sandbox'].find(
    (option) => command.getOptionValueSource(option) === 'cli',
  );
  if (name !== undefined) throw new UsageError(`--${name} is for a lab ${meant}`, remedy);
}

/** The place a text names in a lab. */
export function placeIn({ cluster }: Pick<Lab, 'cluster'>, text: string, namespace: string): Place {
  const places = new Places(cluster, namespace);
  const place = places.find(text);
  if (place) return place;
  const { message, help } = places.explain(text);
  throw new UsageError(message, help);
}
