/**
 * flanneld as a process (backend udp): what becomes of its devices, ports and packets when the cluster changes.
 *
 *   pod/a ── node1 ── flannel0 ── flanneld ══ UDP 8285 ══ flanneld ── flannel0 ── node2 ── pod/b
 */
import { afterAll, beforeAll, describe, expect, test as it } from 'vitest';
import { buildLab, type Lab } from '../../src/agent/lab.ts';
import { examine } from '../../src/pipeline.ts';
import { converge } from '../../src/plan/converge.ts';
import { pod, stream, topology } from '../model/objects.ts';
import { preparedText, sandboxes } from './tools.ts';

interface Change {
  readonly cni: object;
  readonly node2?: object;
  readonly nodes?: readonly object[];
  readonly expect?: object;
  readonly faults?: readonly object[];
}

const UDP = { mode: 'udp' };
const carried = (encapsulation: object) => ({
  outcome: 'delivered',
  encapsulation: { between: ['node/node1', 'node/node2'], ...encapsulation },
});

/** The packet arrives, and is carried as it should be now. */
function lab({ cni, node2, nodes = [], expect = carried({ as: 'udp', port: 8285 }), faults = [] }: Change) {
  const checks = [
    { name: 'a small packet', from: 'pod/a', to: 'pod/b:8080', expect },
    { name: 'a large one', from: { place: 'pod/a', size: 1400 }, to: 'pod/b', expect },
  ];
  return preparedText(
    stream(
      topology({ cluster: { cni }, nodes: [{ name: 'node1' }, { name: 'node2', ...node2 }, ...nodes], checks, faults }),
      pod('a', { node: 'node1', ports: [8080] }),
      pod('b', { node: 'node2', ports: [8080] }),
    ),
  );
}

/** One after the other, in one lab. */
const CHANGES: readonly (readonly [title: string, change: Change])[] = [
  ['another backend has no process', { cni: { mode: 'vxlan' }, expect: carried({ as: 'vxlan' }) }],
  ['one begins', { cni: UDP }],
  ['it listens on another port', { cni: { ...UDP, port: 8286 }, expect: carried({ as: 'udp', port: 8286 }) }],
  ['a peer has another address', { cni: UDP, node2: { address: '10.0.0.22' } }],
  ['a peer has another subnet, and its device another address', { cni: UDP, node2: { podCIDR: '10.244.7.0/24' } }],
  ['another node joins', { cni: UDP, nodes: [{ name: 'node3' }] }],
  ['a node leaves', { cni: UDP }],
  [
    'one process ends',
    {
      cni: UDP,
      faults: [{ fault: 'no-flanneld', at: 'node/node2' }],
      expect: { outcome: 'dropped', lastSeen: 'node/node2:eth0' },
    },
  ],
  ['and begins again', { cni: UDP }],
  ['all of them end', { cni: { mode: 'host-gw' }, expect: { outcome: 'delivered', encapsulation: 'none' } }],
  ['and begin again', { cni: UDP }],
];

describe('in a running lab', () => {
  const labs = CHANGES.map(([title, change]) => [title, lab(change)] as const);
  const [first] = labs;
  let standing = first![1];
  let running: Lab & { close(): Promise<void> };

  beforeAll(async () => {
    const all = { namespaces: labs.flatMap(([, { state }]) => state.namespaces) };
    running = await buildLab(standing.cluster, standing.state, await sandboxes.for(all));
  });
  afterAll(() => running.close());

  it.each(labs)('%s', async (_, prepared) => {
    await running.agent.call('apply', converge(standing.state, prepared.state));
    await running.agent.call('listen', prepared.cluster.listeners);
    standing = prepared;
    const { cluster, state } = prepared;
    const verdicts = await examine({ ...running, cluster, state }, cluster.checks);
    expect(verdicts.filter(({ verdict }) => verdict !== 'pass').map(({ reason }) => reason)).toEqual([]);
    expect(verdicts).toHaveLength(2);
  });
});
