/**
 * BIRD on the nodes (cni mode calico-bgp): what becomes of its routes when the cluster changes, and what is said when it cannot
 * run.
 *
 *   pod/a ── node1 ── BIRD ══ TCP 179 ══ BIRD ── node2 ── pod/b
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLab, type Lab } from '../../src/agent/lab.ts';
import type { KernelState } from '../../src/compile/index.ts';
import { examine, type Prepared } from '../../src/pipeline.ts';
import { converge } from '../../src/plan/converge.ts';
import { pod, stream, topology } from '../model/objects.ts';
import { preparedText, sandboxes } from './tools.ts';

interface Change {
  readonly cni: object;
  readonly nodes?: readonly object[];
  readonly expect?: object;
  readonly faults?: readonly object[];
}

const BGP = { mode: 'calico-bgp' };
const DELIVERED = { outcome: 'delivered', encapsulation: 'none' };

function lab({ cni, nodes = [], expect = DELIVERED, faults = [] }: Change): Prepared {
  return preparedText(
    stream(
      topology({
        cluster: { cni },
        nodes: [{ name: 'node1' }, { name: 'node2' }, ...nodes],
        checks: [{ name: 'from node to node', from: 'pod/a', to: 'pod/b:8080', expect }],
        faults,
      }),
      pod('a', { node: 'node1', ports: [8080] }),
      pod('b', { node: 'node2', ports: [8080] }),
    ),
  );
}

const blocks = (nodes: number) => Array.from({ length: nodes }, (_, index) => `10.244.${index + 1}.0/26`);

/** One after the other, in one lab; the ranges that node1 has from BIRD afterwards. */
const CHANGES: readonly (readonly [title: string, change: Change, ranges: readonly string[]])[] = [
  ['a plugin without it', { cni: { mode: 'host-gw' } }, []],
  ['it begins', { cni: BGP }, blocks(2)],
  ['another node joins', { cni: BGP, nodes: [{ name: 'node3' }] }, blocks(3)],
  [
    'that becomes a route reflector',
    { cni: { ...BGP, routeReflectors: ['node3'] }, nodes: [{ name: 'node3' }] },
    blocks(3),
  ],
  ['and leaves', { cni: BGP }, blocks(2)],
  [
    'one ends',
    { cni: BGP, faults: [{ fault: 'no-bird', at: 'node/node2' }], expect: { outcome: 'no-neighbour' } },
    blocks(1),
  ],
  ['and begins again', { cni: BGP }, blocks(2)],
  ['all of them end', { cni: { mode: 'host-gw' } }, []],
];

describe('BIRD', () => {
  let standing: Lab & { close(): Promise<void> };
  let current: KernelState;

  beforeAll(async () => {
    const { cluster, state } = lab(CHANGES[0]![1]);
    standing = await buildLab(cluster, state, await sandboxes.for(state));
    current = state;
  });
  afterAll(() => standing.close());

  it.for(CHANGES)('%s', async ([, change, ranges]) => {
    const { cluster, state } = lab(change);
    await standing.agent.call('apply', converge(current, state));
    await standing.agent.call('listen', cluster.listeners);
    current = state;
    const verdicts = await examine({ ...standing, cluster, state }, cluster.checks);
    expect(verdicts.filter(({ verdict }) => verdict !== 'pass').map(({ reason }) => reason)).toEqual([]);
    expect(verdicts).toHaveLength(1);
    const argv = ['ip', 'route', 'show', 'proto', 'bird'];
    const { stdout } = await standing.agent.call('run', { namespace: 'node.node1', argv });
    expect((stdout.match(/[\d.]+\/\d+/g) ?? []).sort()).toEqual(ranges);
  });

  it('answers at its socket', async () => {
    const { cluster, state } = lab({ cni: BGP });
    const own = await buildLab(cluster, state, await sandboxes.for(state));
    const argv = ['birdc', '-s', '/run/calico/node.node2/bird.ctl', 'show', 'protocols'];
    const { stdout } = await own.agent.call('run', { namespace: 'node.node2', argv }).finally(() => own.close());
    expect(stdout).toMatch(/^Mesh_10_0_0_11 +BGP .* up .* Established/m);
  });
});

describe('BIRD that does not take its configuration', () => {
  it('says where, and for which line of the topology it is', async () => {
    const { cluster, state } = lab({ cni: BGP });
    const broken = {
      namespaces: state.namespaces.map((namespace) =>
        namespace.bird ? { ...namespace, bird: { ...namespace.bird, config: 'router id nonsense;\n' } } : namespace,
      ),
    };
    await expect(buildLab(cluster, broken, await sandboxes.for(state))).rejects.toThrow(
      /^bird -p -c \/run\/calico\/node\.node[12]\/bird\.new: .*bird\.new:1:\d+ .*\(in node\.node[12], for text\.yaml:\d+\)/s,
    );
  });
});
