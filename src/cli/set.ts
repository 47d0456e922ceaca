/** packetwalk set: makes pods of a running lab ready, not ready, or terminating. */
import { POD_STATES, type PodState } from '../parse/schema/topology.ts';
import { chooseLab, readChanged } from './labs.ts';
import { EXIT, UsageError } from './output.ts';
import { change } from './up.ts';

export interface Options {
  readonly ready?: boolean;
  readonly notReady?: boolean;
  readonly terminating?: boolean;
  readonly lab?: string;
  readonly namespace: string;
  readonly dryRun?: boolean;
}

export async function run(names: readonly string[], options: Options): Promise<number> {
  const state = stateOf(options);
  const record = await chooseLab(options.lab);
  const set = Object.fromEntries(names.map((name) => [name, state]));
  const wanted = readChanged(record, { sources: [], delete: [], set, namespace: options.namespace });
  return wanted ? change(record, wanted, options) : EXIT.input;
}

function stateOf({ ready, notReady, terminating }: Options): PodState {
  const given = { ready, 'not-ready': notReady, terminating };
  const [state, ...others] = POD_STATES.filter((name) => given[name]);
  if (state !== undefined && others.length === 0) return state;
  throw new UsageError('what is the pod to be?', `one of ${POD_STATES.map((name) => `--${name}`).join(', ')}`);
}
