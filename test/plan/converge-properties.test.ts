/** Whatever two labs are: converge() touches what differs, nothing else, and arrives. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelState } from '../../src/compile/index.ts';
import type { Namespace } from '../../src/compile/kernel-state.ts';
import { converge } from '../../src/plan/converge.ts';
import type { Operation } from '../../src/plan/index.ts';
import { stateOf } from '../compile/state.ts';
import { pod, service, stream, topology } from '../model/objects.ts';

const lab = (spec: object, ...documents: readonly string[]) => stateOf(stream(topology(spec), ...documents));

/** Some pods on some nodes and some Services: two of these differ in whatever way a cluster changes from day to day. */
const someLab = fc
  .record({
    nodeCount: fc.integer({ min: 1, max: 3 }),
    pods: fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd'), on: fc.nat(2) }), {
      selector: ({ name }) => name,
    }),
    services: fc.subarray(['web', 'db', 'cache']),
    mode: fc.constantFrom('vxlan', 'host-gw', 'bridge'),
    proxy: fc.constantFrom('iptables', 'nftables'),
  })
  .map(({ nodeCount, pods, services, mode, proxy }) =>
    lab(
      {
        nodes: [{ name: 'node1' }, { name: 'node2' }, { name: 'node3' }].slice(0, nodeCount),
        cluster: { cni: { mode }, proxy: { mode: proxy } },
      },
      ...pods.map(({ name, on }) => pod(name, { labels: { app: 'web' }, node: `node${(on % nodeCount) + 1}` })),
      ...services.map((name) => service(name, { selector: { app: 'web' } })),
    ),
  );

const text = (value: unknown) => JSON.stringify(value, (key, inner) => (key === 'origin' ? undefined : inner));
const byName = ({ namespaces }: KernelState) => new Map(namespaces.map((namespace) => [namespace.name, namespace]));

describe('between any two labs', () => {
  it('only namespaces that differ are touched', () => {
    fc.assert(
      fc.property(someLab, someLab, (current, wanted) => {
        const [before, after] = [byName(current), byName(wanted)];
        for (const { namespace } of converge(current, wanted).operations)
          expect(text(before.get(namespace))).not.toBe(text(after.get(namespace)));
      }),
      { numRuns: 60 },
    );
  });

  it('only what is no longer wanted is deleted, and only what is not there is added', () => {
    fc.assert(
      fc.property(someLab, someLab, (current, wanted) => {
        const [before, after] = [byName(current), byName(wanted)];
        for (const operation of converge(current, wanted).operations) {
          const [from, to] = [before.get(operation.namespace), after.get(operation.namespace)];
          const object = objectOf(operation);
          if (object === undefined) continue;
          const [there, then] = [holds(from, object), holds(to, object)];
          if (operation.kind.startsWith('delete-')) expect([there, then]).toEqual([true, false]);
          else expect(then && (!there || (object.device !== undefined && renewed(from, to, object.device)))).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('everything that is wanted is there in the end, and nothing else', () => {
    fc.assert(
      fc.property(someLab, someLab, (current, wanted) => {
        const { operations } = converge(current, wanted);
        expect(namespacesAfter(current, operations)).toEqual(wanted.namespaces.map(({ name }) => name));
        const before = byName(current);
        for (const to of wanted.namespaces) {
          const left = entriesAfter(
            before.get(to.name),
            operations.filter(({ namespace }) => namespace === to.name),
            operations,
          );
          expect([...left].sort()).toEqual(entriesOf(to).map(text).sort());
        }
      }),
      { numRuns: 60 },
    );
  });

  it('that are the same there is nothing to do', () => {
    fc.assert(
      fc.property(someLab, (state) => {
        expect(converge(state, state).operations).toEqual([]);
      }),
      { numRuns: 20 },
    );
  });
});

/** An address, route, neighbour or forwarding entry: what stands on a device. */
type Entry = {
  readonly list: 'addresses' | 'routes' | 'neighbours' | 'fdb';
  readonly value: object;
  readonly device: string | undefined;
};

function objectOf(operation: Operation): Entry | undefined {
  switch (operation.kind) {
    case 'add-address':
    case 'delete-address':
      return { list: 'addresses', value: operation.address, device: operation.address.device };
    case 'add-route':
    case 'delete-route':
      return { list: 'routes', value: operation.route, device: operation.route.device };
    case 'add-neighbour':
    case 'delete-neighbour':
      return { list: 'neighbours', value: operation.neighbour, device: operation.neighbour.device };
    case 'add-fdb':
    case 'delete-fdb':
      return { list: 'fdb', value: operation.entry, device: operation.entry.device };
    default:
      return undefined;
  }
}

function entriesOf(namespace: Namespace): Entry[] {
  return (['addresses', 'routes', 'neighbours', 'fdb'] as const).flatMap((list) =>
    namespace[list].map(({ origin: _origin, ...value }) => ({ list, value, device: value.device })),
  );
}

function holds(namespace: Namespace | undefined, entry: Entry): boolean {
  return namespace !== undefined && entriesOf(namespace).map(text).includes(text(entry));
}

/** Whether a device is another one afterwards, or one whose cable leads elsewhere. */
function renewed(from: Namespace | undefined, to: Namespace | undefined, device: string): boolean {
  const link = (namespace: Namespace | undefined) => text(namespace?.links.find(({ name }) => name === device));
  return link(from) !== link(to);
}

function namespacesAfter(current: KernelState, operations: readonly Operation[]): string[] {
  const names = new Set(current.namespaces.map(({ name }) => name));
  for (const { kind, namespace } of operations) {
    if (kind === 'add-namespace') names.add(namespace);
    if (kind === 'delete-namespace') names.delete(namespace);
  }
  return [...names].sort();
}

/** Entries of a namespace when its operations are done: what stands on a deleted link goes with it. */
function entriesAfter(from: Namespace | undefined, own: readonly Operation[], all: readonly Operation[]): Set<string> {
  const left = new Map((from ? entriesOf(from) : []).map((entry) => [text(entry), entry]));
  const deleted = new Set(
    all.flatMap((each) => (each.kind === 'delete-link' ? [`${each.namespace} ${each.name}`] : [])),
  );
  for (const link of from?.links ?? []) {
    const ends = [
      `${from!.name} ${link.name}`,
      ...(link.kind === 'veth' ? [`${link.peer.namespace} ${link.peer.name}`] : []),
    ];
    if (!ends.some((end) => deleted.has(end))) continue;
    for (const [key, { device }] of left) if (device === link.name) left.delete(key);
  }
  for (const operation of own) {
    const entry = objectOf(operation);
    if (entry === undefined) continue;
    if (operation.kind.startsWith('delete-')) left.delete(text(entry));
    else left.set(text(entry), entry);
  }
  return new Set(left.keys());
}
