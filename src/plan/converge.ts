/**
 * Two kernel states → Plan: the fewest steps from what stands to what is wanted. Objects that did not change are left
 * alone, connections through them included; a ruleset that changed is replaced table by table.
 */
import { formatIptables, type Iptables } from '../compile/iptables.ts';
import type { KernelState, Link, Namespace } from '../compile/kernel-state.ts';
import { addLink, linkLookup, planNamespaces, setLink, setPort } from './index.ts';
import type { Operation, Plan } from './operation.ts';

export function converge(current: KernelState, wanted: KernelState): Plan {
  const before = new Map(current.namespaces.map((namespace) => [namespace.name, namespace]));
  const after = new Map(wanted.namespaces.map((namespace) => [namespace.name, namespace]));
  const gone = current.namespaces.filter(({ name }) => !after.has(name));
  const added = wanted.namespaces.filter(({ name }) => !before.has(name));
  const pairs = wanted.namespaces.flatMap((to) => {
    const from = before.get(to.name);
    return from ? [pairOf(from, to, added)] : [];
  });
  const lookup = linkLookup(wanted);
  const each = (step: (pair: Pair) => readonly Operation[]) => pairs.flatMap(step);
  return {
    operations: [
      ...each(({ from, to }) =>
        difference(from.routes, to.routes, ({ origin, ...route }) => ({
          kind: 'delete-route',
          namespace: to.name,
          route,
          origin,
        })),
      ),
      ...each(removeEntries),
      ...uniqueCables(
        each(({ from, lostLinks }) =>
          lostLinks.map(
            (link): Operation => ({ kind: 'delete-link', namespace: from.name, name: link.name, origin: link.origin }),
          ),
        ),
        pairs,
      ),
      ...gone.map(({ name, origin }): Operation => ({ kind: 'delete-namespace', namespace: name, origin })),
      ...each(changeSettings),
      ...planNamespaces(added, wanted).operations,
      ...each(({ to, newLinks }) =>
        newLinks.flatMap((link) => (comesWithAdded(link, added) ? [] : addLink(to.name, link, lookup))),
      ),
      ...each(({ to, newLinks }) =>
        newLinks.map(
          (link): Operation => ({
            kind: 'set-link',
            namespace: to.name,
            change: { name: link.name, quiet: true },
            origin: link.origin,
          }),
        ),
      ),
      ...each(({ to, newLinks }) => newLinks.flatMap((link) => setLink(to.name, link))),
      ...each(({ to, newLinks }) => newLinks.flatMap((link) => setPort(to.name, link))),
      ...each(changeLinks),
      ...each(addEntries),
      ...each(replaceRules),
    ],
  };
}

/** A namespace that stays: its links apart into those that go, come and stay, and the devices whose settings are lost. */
interface Pair {
  readonly from: Namespace;
  readonly to: Namespace;
  readonly lostLinks: readonly Link[];
  readonly newLinks: readonly Link[];
  readonly keptLinks: readonly { readonly from: Link; readonly to: Link }[];
  /** Addresses, routes and entries on these have gone with the link. */
  readonly renewed: ReadonlySet<string>;
}

/** A cable is replaced when either end changed for good, or when the other end's namespace is new. */
function pairOf(from: Namespace, to: Namespace, added: readonly Namespace[]): Pair {
  const wanted = new Map(to.links.map((link) => [link.name, link]));
  const kept = from.links.flatMap((link) => {
    const other = wanted.get(link.name);
    return other && isSameLink(link, other) && !comesWithAdded(other, added) ? [{ from: link, to: other }] : [];
  });
  const names = new Set(kept.map((link) => link.to.name));
  const newLinks = to.links.filter(({ name }) => !names.has(name));
  return {
    from,
    to,
    keptLinks: kept,
    newLinks,
    lostLinks: from.links.filter(({ name }) => !names.has(name)),
    renewed: new Set(newLinks.map(({ name }) => name)),
  };
}

function comesWithAdded(link: Link, added: readonly Namespace[]): boolean {
  return link.kind === 'veth' && added.some(({ name }) => name === link.peer.namespace);
}

/** What can only be changed by making the link anew. */
function isSameLink(a: Link, b: Link): boolean {
  const fixed = ({ origin: _origin, up: _up, mtu: _mtu, hairpin: _hairpin, master: _master, ...rest }: Link) =>
    JSON.stringify(rest);
  return fixed(a) === fixed(b);
}

/** Deleting one end of a cable deletes both: the second deletion would fail. */
function uniqueCables(deletions: readonly Operation[], pairs: readonly Pair[]): Operation[] {
  const done = new Set<string>();
  return deletions.filter((operation) => {
    if (operation.kind !== 'delete-link') return true;
    const link = pairs
      .find(({ from }) => from.name === operation.namespace)!
      .from.links.find(({ name }) => name === operation.name)!;
    const ends = link.kind === 'veth' ? [`${link.peer.namespace} ${link.peer.name}`] : [];
    if (done.has(`${operation.namespace} ${operation.name}`)) return false;
    for (const end of ends) done.add(end);
    return true;
  });
}

function removeEntries({ from, to, renewed, lostLinks }: Pair): Operation[] {
  const lost = new Set([...renewed, ...lostLinks.map(({ name }) => name)]);
  const stays = <T extends { device: string }>({ device }: T) => !lost.has(device);
  return [
    ...difference(from.neighbours.filter(stays), to.neighbours, ({ origin, ...neighbour }) => ({
      kind: 'delete-neighbour',
      namespace: to.name,
      neighbour,
      origin,
    })),
    ...difference(from.fdb.filter(stays), to.fdb, ({ origin, ...entry }) => ({
      kind: 'delete-fdb',
      namespace: to.name,
      entry,
      origin,
    })),
    ...difference(from.addresses.filter(stays), to.addresses, ({ origin, ...address }) => ({
      kind: 'delete-address',
      namespace: to.name,
      address,
      origin,
    })),
  ];
}

function addEntries({ from, to, renewed }: Pair): Operation[] {
  const kept = <T extends { device: string }>(entries: readonly T[]) =>
    entries.filter(({ device }) => !renewed.has(device));
  return [
    ...difference(to.addresses, kept(from.addresses), ({ origin, ...address }) => ({
      kind: 'add-address',
      namespace: to.name,
      address,
      origin,
    })),
    ...difference(to.routes, kept(from.routes), ({ origin, ...route }) => ({
      kind: 'add-route',
      namespace: to.name,
      route,
      origin,
    })),
    ...difference(to.neighbours, kept(from.neighbours), ({ origin, ...neighbour }) => ({
      kind: 'add-neighbour',
      namespace: to.name,
      neighbour,
      origin,
    })),
    ...difference(to.fdb, kept(from.fdb), ({ origin, ...entry }) => ({
      kind: 'add-fdb',
      namespace: to.name,
      entry,
      origin,
    })),
  ];
}

function changeSettings({ from, to }: Pair): Operation[] {
  return difference(to.sysctls, from.sysctls, ({ origin, ...sysctl }) => ({
    kind: 'set-sysctl',
    namespace: to.name,
    sysctl,
    origin,
  }));
}

function changeLinks({ to, keptLinks }: Pair): Operation[] {
  return keptLinks.flatMap(({ from: before, to: after }): Operation[] => {
    const change = {
      name: after.name,
      ...(before.mtu !== after.mtu && { mtu: after.mtu }),
      ...(before.master !== after.master && after.master !== undefined && { master: after.master }),
      ...(before.up !== after.up && { up: after.up }),
    };
    const hairpin = after.hairpin ?? false;
    return [
      ...(Object.keys(change).length > 1
        ? [{ kind: 'set-link' as const, namespace: to.name, change, origin: after.origin }]
        : []),
      ...((before.hairpin ?? false) === hairpin
        ? []
        : [{ kind: 'set-port' as const, namespace: to.name, name: after.name, hairpin, origin: after.origin }]),
    ];
  });
}

function replaceRules({ from, to }: Pair): Operation[] {
  const text = formatIptables(withEmptied(from.iptables, to.iptables));
  if (text === formatIptables(from.iptables ?? { tables: [] })) return [];
  return [{ kind: 'load-iptables', namespace: to.name, text, origin: to.origin }];
}

/** Tables that are no longer wanted are loaded empty. */
function withEmptied(before: Iptables | undefined, after: Iptables | undefined): Iptables {
  const wanted = after?.tables ?? [];
  const emptied = (before?.tables ?? [])
    .filter(({ name }) => !wanted.some((table) => table.name === name))
    .map((table) => ({
      ...table,
      chains: table.chains.flatMap((chain) =>
        chain.policy ? [{ ...chain, policy: 'ACCEPT' as const, rules: [] }] : [],
      ),
    }));
  return { tables: [...wanted, ...emptied] };
}

/** What `from` has and `to` has not, origins aside, as operations. */
function difference<T extends object>(
  from: readonly T[],
  to: readonly T[],
  operation: (entry: T) => Operation,
): Operation[] {
  const identity = ({ origin: _origin, ...rest }: T & { origin?: unknown }) => JSON.stringify(rest);
  const there = new Set(to.map(identity));
  return from.filter((entry) => !there.has(identity(entry))).map(operation);
}
