/**
 * KernelState → Plan: an order in which the kernel accepts everything.
 *
 * Namespaces, then sysctls (a device copies `conf.default` when it is made), the rules, which need nothing else, links
 * from the ground up, addresses, links up, and what needs links that are up: routes, neighbours, FDB. Then what a process
 * serves, and last what CNI plugins make of all that.
 */
import type { KernelState, Namespace } from '../compile/kernel-state.ts';
import type { Operation, Plan } from './operation.ts';
import { loadRules } from './rules.ts';
import * as steps from './steps.ts';

export type { Operation, Plan } from './operation.ts';

export function plan(state: KernelState): Plan {
  const { namespaces } = state;
  return {
    operations: [
      ...makeNamespaces(namespaces),
      ...steps.makeLinks(namespaces, state),
      ...furnish(namespaces),
      ...namespaces.flatMap(steps.addToNetworks),
    ],
  };
}

export function makeNamespaces(namespaces: readonly Namespace[]): Operation[] {
  return [
    ...namespaces.flatMap(steps.addNamespace),
    ...namespaces.flatMap(steps.setSysctls),
    ...namespaces.flatMap(loadRules),
    ...namespaces.flatMap(steps.setLoopback),
  ];
}

/** Whatever comes when the links are there. */
export function furnish(namespaces: readonly Namespace[]): Operation[] {
  return [
    ...namespaces.flatMap(steps.silenceLinks),
    ...namespaces.flatMap(steps.setDevices),
    ...namespaces.flatMap(steps.addAddresses),
    ...namespaces.flatMap(steps.raiseLinks),
    ...namespaces.flatMap(steps.joinBridges),
    ...namespaces.flatMap(steps.setPorts),
    ...namespaces.flatMap(steps.addRoutes),
    ...namespaces.flatMap(steps.addNeighbours),
    ...namespaces.flatMap(steps.addFdb),
    ...namespaces.flatMap(steps.setRelays),
    ...namespaces.flatMap(steps.setTunnels),
    ...namespaces.flatMap(steps.setPassThroughs),
    ...namespaces.flatMap(steps.setDaemons),
    ...namespaces.flatMap(steps.setSpeaker),
  ];
}
