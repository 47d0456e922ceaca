/**
 * Two kernel states → Plan: the fewest steps from what stands to what is wanted. Objects that did not change are left
 * alone, connections through them included; a ruleset that changed is replaced table by table.
 */
import type { KernelState, Namespace } from '../compile/kernel-state.ts';
import { type Change, changesBetween, type Surplus } from './changes.ts';
import { furnish, makeNamespaces } from './index.ts';
import type { Operation, Plan } from './operation.ts';
import * as steps from './steps.ts';

export function converge(current: KernelState, wanted: KernelState): Plan {
  const { gone, changed, added } = changesBetween(current, wanted);
  const surplus = changed.map((change) => change.surplus);
  const missing = changed.map((change) => change.missing);
  return {
    operations: [
      ...gone.flatMap(steps.deleteFromNetworks),
      ...changed.flatMap(({ detach }) => detach),
      ...changed.flatMap(({ daemons }) => daemons.filter(({ daemon }) => !daemon)),
      ...surplus.flatMap(deleteRoutes),
      ...surplus.flatMap(deleteEntries),
      ...deleteLinks(surplus),
      ...gone.flatMap(endProcesses),
      ...gone.map(({ name, origin }): Operation => ({ kind: 'delete-namespace', namespace: name, origin })),
      ...missing.flatMap(steps.setSysctls),
      ...makeNamespaces(added),
      ...steps.makeLinks([...added, ...missing], wanted),
      ...furnish(added),
      ...missing.flatMap(steps.silenceLinks),
      ...missing.flatMap(steps.setDevices),
      ...missing.flatMap(steps.raiseLinks),
      ...missing.flatMap(steps.joinBridges),
      ...missing.flatMap(steps.setPorts),
      ...changed.flatMap(changeLinks),
      ...missing.flatMap(addEntries),
      ...changed.flatMap(({ rules }) => rules),
      ...changed.flatMap(({ relays }) => relays),
      ...changed.flatMap(({ tunnels }) => tunnels),
      ...changed.flatMap(({ passThroughs }) => passThroughs),
      ...changed.flatMap(({ daemons }) => daemons.filter(({ daemon }) => daemon)),
      ...changed.flatMap(({ speaker }) => speaker),
      ...changed.flatMap(({ flows }) => flows),
      ...added.flatMap(steps.addToNetworks),
      ...changed.flatMap(({ attach }) => attach),
    ],
  };
}

function deleteRoutes({ name, routes }: Surplus): Operation[] {
  return routes.map(({ origin, ...route }) => ({ kind: 'delete-route', namespace: name, route, origin }));
}

function deleteEntries({ name: namespace, neighbours, fdb, addresses }: Surplus): Operation[] {
  return [
    ...neighbours.map(
      ({ origin, ...neighbour }) => ({ kind: 'delete-neighbour', namespace, neighbour, origin }) as const,
    ),
    ...fdb.map(({ origin, ...entry }) => ({ kind: 'delete-fdb', namespace, entry, origin }) as const),
    ...addresses.map(({ origin, ...address }) => ({ kind: 'delete-address', namespace, address, origin }) as const),
  ];
}

/** From the top down, and a cable by one end: the second deletion of a link would fail. */
function deleteLinks(surplus: readonly Surplus[]): Operation[] {
  const stays = new Set(surplus.map(({ name }) => name));
  return steps.LINK_ORDER.toReversed().flatMap((kind) =>
    surplus.flatMap(({ name: namespace, links }) =>
      links
        .filter((link) => link.kind === kind)
        .filter(
          (link) =>
            link.kind !== 'veth' ||
            !stays.has(link.peer.namespace) ||
            steps.linkKey(namespace, link.name) < steps.linkKey(link.peer.namespace, link.peer.name),
        )
        .map(
          ({ name, kind, origin }): Operation =>
            kind === 'tunl0'
              ? { kind: 'set-link', namespace, change: { name, up: false }, origin }
              : { kind: 'delete-link', namespace, name, origin },
        ),
    ),
  );
}

/** A namespace lives as long as a socket in it. */
function endProcesses(namespace: Namespace): Operation[] {
  return [
    ...steps.setRelays(namespace).map((operation) => ({ ...operation, relays: [] })),
    ...steps.setTunnels(namespace).map((operation) => ({ ...operation, tunnels: [] })),
    ...steps.setPassThroughs(namespace).map((operation) => ({ ...operation, passThroughs: [] })),
    ...steps.setDaemons(namespace).map((operation) => ({ ...operation, daemon: undefined })),
    ...steps.setSpeaker(namespace).map((operation) => ({ ...operation, speaker: undefined })),
  ];
}

/** Settings of links that stay. A port that comes to a bridge comes without a flag. */
function changeLinks({ missing: { name: namespace }, links }: Change): Operation[] {
  return links.flatMap(({ before, after, joins }): Operation[] => {
    const { name, impairment = {}, origin } = after;
    const change = {
      ...(joins && { master: after.master! }),
      ...(before.mtu !== after.mtu && { mtu: after.mtu }),
      ...(before.up !== after.up && { up: after.up }),
    };
    const hairpin = after.hairpin ?? false;
    const flagged = joins ? false : (before.hairpin ?? false);
    return [
      ...(Object.keys(change).length > 0
        ? [{ kind: 'set-link', namespace, change: { name, ...change }, origin } as const]
        : []),
      ...(flagged === hairpin ? [] : [{ kind: 'set-port', namespace, name, hairpin, origin } as const]),
      ...steps.changeSettings(namespace, name, before.settings, after.settings, origin),
      ...(JSON.stringify(before.impairment ?? {}) === JSON.stringify(impairment)
        ? []
        : [{ kind: 'set-impairment', namespace, name, impairment, origin } as const]),
    ];
  });
}

function addEntries(missing: Namespace): Operation[] {
  return [steps.addAddresses, steps.addRoutes, steps.addNeighbours, steps.addFdb].flatMap((add) => add(missing));
}
