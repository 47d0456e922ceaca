/** Labs that stay: building one, finding the one that is meant, and turning its description back into a lab. */

import { asItStands, type Lab } from '../agent/lab.ts';
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
import type { FaultName, Place } from '../model/cluster.ts';
import { Places } from '../model/place.ts';
import type { Source } from '../parse/index.ts';
import { type Prepared, type PrepareOptions, prepare } from '../pipeline.ts';
import { converge } from '../plan/converge.ts';
import { plan } from '../plan/index.ts';
import type { Operation } from '../plan/operation.ts';
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
  const place = await sandboxes.placeFor(state).finally(() => sandboxes.close());
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
export function changesTo(record: LabRecord, { state }: LabInput): readonly Operation[] {
  return converge(record.state, state).operations;
}

export async function changeLab(record: LabRecord, input: LabInput, operations: readonly Operation[]): Promise<void> {
  const { agent } = await openLab(record);
  try {
    await agent.call('apply', { operations }).catch((error: unknown) => {
      note(`lab ${record.name} is half changed: packetwalk down ${record.name}, then up again`);
      throw error;
    });
    await agent.call('listen', input.cluster.listeners);
    writeRecord({ ...record, ...descriptionOf(input) });
  } finally {
    agent.close();
  }
}

function descriptionOf({ sources, options, state }: LabInput): Pick<LabRecord, 'sources' | 'options' | 'state'> {
  const { namespace, cni, proxy, faults = [] } = options;
  return { sources, options: { namespace, cni, proxy, faults }, state };
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
  const options = { ...record.options, name: record.name } as PrepareOptions & { faults: FaultName[] };
  const { prepared } = prepare(record.sources, options);
  if (!prepared)
    throw new UsageError(
      `lab ${record.name} was made by another version of packetwalk`,
      `packetwalk down ${record.name}`,
    );
  const { agent, kernel } = await openLab(record);
  return {
    cluster: { ...prepared.cluster, name: record.name },
    state: await asItStands(record.state, agent),
    agent,
    sandbox: record.sandbox,
    kernel,
    options,
  };
}

/** The place a text names in a lab. */
export function placeIn({ cluster }: Pick<Lab, 'cluster'>, text: string, namespace: string): Place {
  const places = new Places(cluster, namespace);
  const place = places.find(text);
  if (place) return place;
  const { message, help } = places.explain(text);
  throw new UsageError(message, help);
}
