/** KernelState → KernelState with something broken: named edits, each the smallest that shows a known failure. */
import type { KernelState, Namespace } from '../compile/kernel-state.ts';
import type { Fault, FaultName } from '../model/cluster.ts';
import { FAULTS } from './catalogue.ts';

export { FAULTS } from './catalogue.ts';

/**
 * Applies a fault at its place, or at every place where it has something to break. `changed` is false when it had
 * nothing to break: the state is then returned as it was. `before` is the state before a step, faults included.
 */
export function injectFault(
  state: KernelState,
  { fault, at }: Pick<Fault, 'fault' | 'at'>,
  before?: KernelState,
): { state: KernelState; changed: boolean } {
  const { edit } = FAULTS[fault];
  const given = new Map(state.namespaces.map((namespace) => [namespace.name, namespace]));
  const former = new Map(before?.namespaces.map((namespace) => [namespace.name, namespace]));
  const edited = new Map<string, Namespace>();
  for (const namespace of state.namespaces) {
    if (namespace.place === undefined || (at !== undefined && namespace.place !== at)) continue;
    const current = (name: string) => edited.get(name) ?? given.get(name)!;
    for (const result of edit(current(namespace.name), current, former.get(namespace.name)))
      edited.set(result.name, result);
  }
  if (edited.size === 0) return { state, changed: false };
  return {
    state: { namespaces: state.namespaces.map((namespace) => edited.get(namespace.name) ?? namespace) },
    changed: true,
  };
}

/** Applies several faults in order and tells which had nothing to break. */
export function injectFaults(
  state: KernelState,
  faults: readonly Pick<Fault, 'fault' | 'at'>[],
  before?: KernelState,
): { state: KernelState; idle: FaultName[] } {
  const idle: FaultName[] = [];
  for (const fault of faults) {
    const result = injectFault(state, fault, before);
    if (!result.changed) idle.push(fault.fault);
    state = result.state;
  }
  return { state, idle };
}
