/** Tries out what a kernel has: versions prove nothing. */
import { KernelError } from '../apply/kernel/errors.ts';
import type { AgentClient } from './client.ts';
import type { Feature } from './features.ts';

/** A feature, and why it is missing; undefined when it is there. */
export interface Examined {
  readonly feature: Feature;
  readonly missing?: string;
}

const NAMESPACE = 'probe';

/** Tries features out in a namespace that is gone afterwards: the agent can hold a lab then. */
export async function examineFeatures(client: AgentClient, features: readonly Feature[]): Promise<readonly Examined[]> {
  const about = { namespace: NAMESPACE, origin: { file: '<probe>', line: 1 } };
  await client.call('apply', { operations: [{ kind: 'add-namespace', ...about }] });
  const examined: Examined[] = [];
  for (const feature of features) examined.push(await examine(feature, client));
  await client.call('apply', { operations: [{ kind: 'delete-namespace', ...about }] });
  return examined;
}

async function examine(feature: Feature, client: AgentClient): Promise<Examined> {
  try {
    const { exitCode, stderr } = await client.call('run', { namespace: NAMESPACE, argv: feature.probe });
    return exitCode === 0 ? { feature } : { feature, missing: stderr.trim().split('\n').at(-1) ?? '' };
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return { feature, missing: error.details.cause };
  }
}
