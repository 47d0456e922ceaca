/** packetwalk set: makes pods of a running lab ready, not ready, or terminating. */
import { POD_STATES, type PodState } from '../parse/schema/topology.ts';
import { type Options as ChangeOptions, changeRunning } from './change.ts';
import { UsageError } from './output.ts';

export interface Options extends ChangeOptions {
  readonly ready?: boolean;
  readonly notReady?: boolean;
  readonly terminating?: boolean;
}

export async function run(names: readonly string[], options: Options): Promise<number> {
  const state = stateOf(options);
  return changeRunning({ set: Object.fromEntries(names.map((name) => [name, state])) }, options);
}

function stateOf({ ready, notReady, terminating }: Options): PodState {
  const given = { ready, 'not-ready': notReady, terminating };
  const [state, ...others] = POD_STATES.filter((name) => given[name]);
  if (state !== undefined && others.length === 0) return state;
  throw new UsageError('what is the pod to be?', `one of ${POD_STATES.map((name) => `--${name}`).join(', ')}`);
}
