/** Which node a pod that may choose is on, and why it is on none. */
import { describe, expect, it } from 'vitest';
import { yaml } from '../../parse/yaml-text.ts';
import { clusterOf, error, errors } from '../cluster.ts';
import { node, type PodFields, pod, stream, topology, workload } from '../objects.ts';

const NODES = topology({
  nodes: [
    { name: 'node1', labels: { disk: 'ssd', zone: 'a', cpus: '4' } },
    { name: 'node2', labels: { disk: 'hdd', zone: 'a', cpus: '8' } },
    { name: 'node3', labels: { zone: 'b', cpus: 'many' } },
  ],
});

/** `NAME NODE` of all pods. */
function placements(...documents: readonly string[]): string[] {
  return clusterOf(stream(...documents)).pods.map(({ name, node: on }) => `${name} ${on.name}`);
}

/** The nodes on which a pod with this spec could be, by asking for each of them as well. */
function allowed(spec: object, lab = NODES, fields: PodFields = {}): string[] {
  return ['node1', 'node2', 'node3'].filter((name) => {
    const nodeSelector = { 'kubernetes.io/hostname': name };
    return errors(stream(lab, pod('a', { ...fields, spec: { nodeSelector, ...spec } }))).length === 0;
  });
}

describe('a pod that may choose', () => {
  it('goes where the fewest are, to the earlier node on a tie', () => {
    const two = topology({ nodes: [{ name: 'node1' }, { name: 'node2' }] });
    expect(placements(two, pod('a'), pod('b'), pod('c'), pod('fixed', { node: 'node1' }), pod('d'))).toEqual([
      'a node2',
      'b node1',
      'c node2',
      'fixed node1',
      'd node1',
    ]);
  });

  it('goes to a node with all the labels it selects', () => {
    const selecting = (nodeSelector: object) => ({ spec: { nodeSelector } });
    expect(
      placements(
        NODES,
        pod('a', selecting({ disk: 'hdd' })),
        pod('b', selecting({ disk: 'hdd', zone: 'a' })),
        pod('c', selecting({ 'kubernetes.io/hostname': 'node1', 'kubernetes.io/os': 'linux' })),
      ),
    ).toEqual(['a node2', 'b node2', 'c node1']);
  });

  it('is refused when no node will have it, once for all replicas, with what it is on each', () => {
    const text = stream(NODES, workload('web', { replicas: 3, spec: { nodeSelector: { disk: 'ssd', zone: 'b' } } }));
    expect(error(text)).toMatchObject({
      code: 'unschedulable',
      message:
        "0/3 nodes are available for pod/web-0: 3 node(s) didn't match Pod's node affinity/selector: node/node1 has the label zone=a; node/node2 has the label disk=hdd; node/node3 has no label disk",
      at: { line: 3 },
    });
  });

  it('is told of the reasons by how many nodes have them, and of the node that nearly fits first', () => {
    const text = yaml`
      apiVersion: packetwalk.dev/v1alpha1
      kind: Topology
      spec:
        nodes:
        - { name: node1, taints: [{ key: dedicated, value: gpu, effect: NoSchedule }] }
        - { name: node2, labels: { disk: hdd } }
        - { name: node3, labels: { disk: ssd } }
      ---
      apiVersion: v1
      kind: Pod
      metadata: { name: holder }
      spec:
        nodeName: node3
        containers: [{ name: app, ports: [{ containerPort: 80, hostPort: 80 }] }]
      ---
      apiVersion: v1
      kind: Pod
      metadata: { name: web }
      spec:
        nodeSelector: { disk: ssd }
        containers:
        - name: app
          ports:
          - containerPort: 80
            hostPort: 80
    `;
    expect(error(text)).toMatchObject({
      code: 'unschedulable',
      message: [
        "0/3 nodes are available for pod/web: 1 node(s) didn't have free ports for the requested pod ports",
        "1 node(s) didn't match Pod's node affinity/selector",
        '1 node(s) had untolerated taint {dedicated: gpu}: node/node3 has 80 taken by pod/holder (lab.yaml:14:68); node/node2 has the label disk=hdd; node/node1 has the taint dedicated=gpu:NoSchedule',
      ].join(', '),
      at: { line: 25 },
    });
  });
});

describe('a pod with a nodeName', () => {
  const spec = { nodeSelector: { disk: 'hdd' } };

  it('is refused by kubelet when the node does not have the labels it selects', () => {
    expect(error(stream(NODES, pod('a', { node: 'node1', spec })))).toMatchObject({
      code: 'unschedulable',
      message: 'pod/a cannot be on node/node1, which has the label disk=ssd',
    });
  });

  it('that runs there in a dump of a cluster does so still', () => {
    expect(placements(NODES, pod('a', { node: 'node1', spec, status: { phase: 'Running' } }))).toEqual(['a node1']);
  });
});

describe('required node affinity', () => {
  const required = (...nodeSelectorTerms: readonly object[]) => ({
    affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
  });
  const expression = (key: string, operator: string, ...values: readonly string[]) => ({
    matchExpressions: [{ key, operator, ...(values.length > 0 && { values }) }],
  });

  it.each([
    ['In', required(expression('disk', 'In', 'hdd', 'ssd')), ['node1', 'node2']],
    ['NotIn, a label that is not there included', required(expression('disk', 'NotIn', 'ssd')), ['node2', 'node3']],
    ['Exists', required(expression('disk', 'Exists')), ['node1', 'node2']],
    ['DoesNotExist', required(expression('disk', 'DoesNotExist')), ['node3']],
    ['Gt, for numbers only', required(expression('cpus', 'Gt', '4')), ['node2']],
    ['Lt, for numbers only', required(expression('cpus', 'Lt', '8')), ['node1']],
    [
      'all expressions of a term',
      required({
        matchExpressions: [
          { key: 'zone', operator: 'In', values: ['a'] },
          { key: 'disk', operator: 'NotIn', values: ['ssd'] },
        ],
      }),
      ['node2'],
    ],
    ['any term', required(expression('disk', 'In', 'ssd'), expression('zone', 'In', 'b')), ['node1', 'node3']],
    ['no empty term', required({}, expression('zone', 'In', 'b')), ['node3']],
    [
      'the name of a node',
      required({ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node2'] }] }),
      ['node2'],
    ],
    [
      'not the name of a node',
      required({ matchFields: [{ key: 'metadata.name', operator: 'NotIn', values: ['node2'] }] }),
      ['node1', 'node3'],
    ],
  ])('%s', (_, spec, nodes) => {
    expect(allowed(spec)).toEqual(nodes);
  });

  it.each([
    [expression('disk', 'In'), 'must have values'],
    [expression('disk', 'Exists', 'ssd'), 'must have values'],
    [expression('cpus', 'Gt', 'four'), 'must have one whole number'],
    [expression('cpus', 'Lt', '1', '2'), 'must have one whole number'],
    [{ matchFields: [{ key: 'metadata.uid', operator: 'In', values: ['x'] }] }, 'cannot be "metadata.uid"'],
    [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['a', 'b'] }] }, 'must be one name'],
  ])('is refused as by the API server: %j', (term, message) => {
    expect(error(stream(NODES, pod('a', { spec: required(term) }))).message).toContain(message);
  });
});

describe('preferred node affinity', () => {
  const preferring = (...weights: readonly (readonly [number, string, string])[]) => ({
    spec: {
      affinity: {
        nodeAffinity: {
          preferredDuringSchedulingIgnoredDuringExecution: weights.map(([weight, key, value]) => ({
            weight,
            preference: { matchExpressions: [{ key, operator: 'In', values: [value] }] },
          })),
        },
      },
    },
  });

  it('counts more than how many pods a node has, by its weights', () => {
    const others = [pod('x', { node: 'node3' }), pod('y', { node: 'node3' })];
    expect(placements(NODES, ...others, pod('a', preferring([1, 'zone', 'b'])))).toContain('a node3');
    expect(placements(NODES, pod('a', preferring([1, 'zone', 'b'], [2, 'disk', 'hdd'])))).toEqual(['a node2']);
    expect(placements(NODES, pod('a', preferring([2, 'zone', 'a'], [1, 'disk', 'hdd'])))).toEqual(['a node2']);
  });

  it('is no condition', () => {
    expect(placements(NODES, pod('a', preferring([100, 'zone', 'c'])))).toEqual(['a node1']);
  });
});

describe('a taint', () => {
  const tainted = (...taints: readonly object[]) =>
    topology({ nodes: [{ name: 'node1', taints }, { name: 'node2' }, { name: 'node3' }] });
  const GPU = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' };

  it.each([
    [[], ['node2', 'node3']],
    [[{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }], ['node1', 'node2', 'node3']],
    [[{ key: 'dedicated', operator: 'Equal', value: 'gpu' }], ['node1', 'node2', 'node3']],
    [[{ key: 'dedicated', operator: 'Exists' }], ['node1', 'node2', 'node3']],
    [[{ operator: 'Exists' }], ['node1', 'node2', 'node3']],
    [[{ key: 'dedicated', value: 'cpu' }], ['node2', 'node3']],
    [[{ key: 'other', operator: 'Exists' }], ['node2', 'node3']],
    [[{ key: 'dedicated', operator: 'Exists', effect: 'NoExecute' }], ['node2', 'node3']],
  ])('is tolerated by %j: %j', (tolerations, nodes) => {
    expect(allowed({ tolerations }, tainted(GPU))).toEqual(nodes);
  });

  it('of effect NoExecute keeps pods away as well, and every taint must be tolerated', () => {
    const both = tainted(GPU, { key: 'broken', effect: 'NoExecute' });
    expect(allowed({ tolerations: [{ key: 'dedicated', operator: 'Exists' }] }, both)).toEqual(['node2', 'node3']);
    expect(allowed({ tolerations: [{ operator: 'Exists' }] }, both)).toEqual(['node1', 'node2', 'node3']);
  });

  it('of effect PreferNoSchedule is a wish', () => {
    const lab = tainted({ key: 'slow', effect: 'PreferNoSchedule' });
    expect(placements(lab, pod('a'), pod('b'), pod('c'))).toEqual(['a node2', 'b node3', 'c node2']);
    expect(allowed({}, lab)).toEqual(['node1', 'node2', 'node3']);
  });

  it('does not matter to a pod that names its node', () => {
    expect(placements(tainted(GPU), pod('a', { node: 'node1' }))).toEqual(['a node1']);
  });

  it('of a Node object counts, unless the Topology has taints for it', () => {
    const nodes = [node('node1', { taints: [GPU] }), node('node2')];
    expect(placements(...nodes, pod('a'))).toEqual(['a node2']);
    expect(placements(topology({ nodes: [{ name: 'node1', taints: [] }] }), ...nodes, pod('a'))).toEqual(['a node1']);
  });

  it('is what a node has that is unschedulable', () => {
    const nodes = [node('node1', { unschedulable: true })];
    expect(error(stream(...nodes, pod('a'))).message).toContain('1 node(s) were unschedulable');
    const tolerations = [{ key: 'node.kubernetes.io/unschedulable', operator: 'Exists' }];
    expect(placements(...nodes, pod('a', { spec: { tolerations } }))).toEqual(['a node1']);
  });

  it('keeps DaemonSets away, but not those that the node lifecycle controller sets', () => {
    const daemon = workload('agent', { kind: 'DaemonSet' });
    expect(placements(tainted(GPU), daemon)).toEqual(['agent-0 node2', 'agent-1 node3']);
    const nodes = [
      node('node1', { unschedulable: true }),
      node('node2', { taints: [{ key: 'node.kubernetes.io/not-ready', effect: 'NoExecute' }] }),
      node('node3', { taints: [{ key: 'node.kubernetes.io/network-unavailable', effect: 'NoSchedule' }] }),
    ];
    expect(placements(...nodes, daemon)).toEqual(['agent-0 node1', 'agent-1 node2']);
    const onHost = workload('agent', { kind: 'DaemonSet', spec: { hostNetwork: true } });
    expect(placements(...nodes, onHost)).toHaveLength(3);
  });

  it.each([
    [{ operator: 'Equal', value: 'x' }, 'must have a key'],
    [{ key: 'a', operator: 'Exists', value: 'x' }, 'must have no value'],
    [{ key: 'a', operator: 'In' }, 'cannot be "In"'],
    [{ key: 'a', effect: 'Never' }, 'cannot be "Never"'],
  ])('cannot be tolerated by %j', (toleration, message) => {
    expect(error(stream(NODES, pod('a', { spec: { tolerations: [toleration] } }))).message).toContain(message);
  });
});
