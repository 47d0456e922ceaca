/** Ports of nodes and of containers: who may have them, who is refused and why. */
import { describe, expect, it } from 'vitest';
import { yaml } from '../../parse/yaml-text.ts';
import { clusterOf, error, errors, modelled, podOf } from '../cluster.ts';
import { pod, stream, topology, workload } from '../objects.ts';

const TWO_NODES = topology({ nodes: [{ name: 'node1' }, { name: 'node2' }] });

interface Asked {
  readonly containerPort?: number;
  readonly hostPort?: number;
  readonly hostIP?: string;
  readonly protocol?: string;
}

/** A pod of node1 that asks for one port of it. */
function asking(name: string, port: Asked, spec: object = {}): string {
  const ports = [{ containerPort: 80, ...port }];
  return pod(name, { node: 'node1', spec: { containers: [{ name: 'app', ports }], ...spec } });
}

describe('a hostPort', () => {
  it('is kept with the container it is of, and the address it is on', () => {
    const { ports } = podOf(clusterOf(stream(TWO_NODES, asking('a', { hostPort: 8000, hostIP: '127.0.0.1' }))), 'a');
    expect(ports).toEqual([{ container: 'app', port: 80, protocol: 'TCP', hostPort: 8000, hostIP: '127.0.0.1' }]);
  });

  it.each(['0.0.0.0', ''])('on "%s" is on every address', (hostIP) => {
    const { ports } = podOf(clusterOf(stream(TWO_NODES, asking('a', { hostPort: 8000, hostIP }))), 'a');
    expect(ports[0]).not.toHaveProperty('hostIP');
  });

  it('on something that is no address is refused', () => {
    expect(errors(stream(TWO_NODES, asking('a', { hostPort: 8000, hostIP: 'eth0' })))).toHaveLength(1);
  });

  it('belongs to one pod of a node: the second is refused, with both places', () => {
    const text = yaml`
      apiVersion: v1
      kind: Pod
      metadata: { name: a }
      spec:
        nodeName: node1
        containers:
        - name: app
          ports: [{ containerPort: 80, hostPort: 8000 }]
      ---
      apiVersion: v1
      kind: Pod
      metadata: { name: b }
      spec:
        nodeName: node1
        containers:
        - name: app
          ports:
          - containerPort: 9090
            hostPort: 8000
    `;
    expect(error(text)).toMatchObject({
      code: 'host-port-taken',
      message: 'pod/b cannot have port 8000 of node/node1: pod/a has it (lab.yaml:8:44)',
      at: { line: 19, column: 17 },
      help: 'a port of a node belongs to one pod: give them different ports, or put them on different nodes',
    });
  });

  it.each<[string, Asked, Asked, boolean]>([
    ['another port', { hostPort: 1 }, { hostPort: 2 }, false],
    ['another protocol', { hostPort: 1 }, { hostPort: 1, protocol: 'UDP' }, false],
    ['another address', { hostPort: 1, hostIP: '10.0.0.11' }, { hostPort: 1, hostIP: '127.0.0.1' }, false],
    ['the same address', { hostPort: 1, hostIP: '10.0.0.11' }, { hostPort: 1, hostIP: '10.0.0.11' }, true],
    ['every address, then one', { hostPort: 1 }, { hostPort: 1, hostIP: '127.0.0.1' }, true],
    ['one address, then every', { hostPort: 1, hostIP: '127.0.0.1' }, { hostPort: 1 }, true],
  ])('with %s', (_, first, second, refused) => {
    const text = stream(TWO_NODES, asking('a', first), asking('b', second));
    expect(modelled(text).diagnostics.map(({ code }) => code)).toEqual(refused ? ['host-port-taken'] : []);
  });

  it('may be the same on two nodes, which is where replicas go', () => {
    const spec = { containers: [{ name: 'app', ports: [{ containerPort: 80, hostPort: 80 }] }] };
    const text = stream(TWO_NODES, pod('here', { node: 'node1' }), workload('web', { replicas: 2, spec }));
    expect(clusterOf(text).pods.map(({ place, node }) => `${place} ${node.name}`)).toEqual([
      'pod/here node1',
      'pod/web-0 node2',
      'pod/web-1 node1',
    ]);
  });

  it('that no node has free leaves a pod without a node, and who has it is said', () => {
    const spec = { containers: [{ name: 'app', ports: [{ containerPort: 80, hostPort: 80 }] }] };
    const text = stream(TWO_NODES, workload('web', { replicas: 4, spec }));
    expect(error(text)).toMatchObject({
      code: 'unschedulable',
      message: expect.stringMatching(
        /^0\/2 nodes are available for pod\/web-2: 2 node\(s\) didn't have free ports for the requested pod ports: node\/node1 has 80 taken by pod\/web-0 \(lab.yaml:3:\d+\); node\/node2 has 80 taken by pod\/web-1/,
      ),
    });
  });

  it('cannot stand twice in one pod', () => {
    const ports = [
      { containerPort: 80, hostPort: 8000 },
      { containerPort: 81, hostPort: 8000 },
    ];
    const text = stream(TWO_NODES, pod('a', { spec: { containers: [{ name: 'app', ports }] } }));
    expect(error(text)).toMatchObject({
      code: 'host-port-taken',
      message: expect.stringContaining('hostPort 8000 stands twice in pod/a'),
    });
  });
});

describe('on the host network', () => {
  const onHost = { hostNetwork: true };

  it('a port is one of the node, which nobody else can have', () => {
    const text = stream(TWO_NODES, asking('a', {}, onHost), asking('b', { hostPort: 80 }));
    expect(error(text)).toMatchObject({
      code: 'host-port-taken',
      message: expect.stringContaining('pod/b cannot have port 80 of node/node1: pod/a has it'),
    });
    expect(errors(stream(TWO_NODES, asking('a', {}, onHost), asking('b', {}, onHost)))).toHaveLength(1);
    expect(errors(stream(TWO_NODES, asking('a', {}, onHost), asking('b', {})))).toEqual([]);
  });

  it('replicas go to different nodes', () => {
    const spec = { ...onHost, containers: [{ name: 'app', ports: [{ containerPort: 80 }] }] };
    const { pods } = clusterOf(stream(TWO_NODES, workload('web', { replicas: 2, spec })));
    expect(pods.map(({ node }) => node.name)).toEqual(['node1', 'node2']);
  });

  it('a hostPort can only be the port itself', () => {
    expect(errors(stream(TWO_NODES, asking('a', { hostPort: 80 }, onHost)))).toEqual([]);
    expect(error(stream(TWO_NODES, asking('a', { hostPort: 8000 }, onHost)))).toMatchObject({
      code: 'conflicting-fields',
      message: 'pod/a is on the host network: its hostPort 8000 must be its containerPort, 80',
    });
  });
});

describe('the containers of a pod', () => {
  const containers = (...ports: readonly (readonly object[])[]) => ({
    containers: ports.map((own, index) => ({ name: `c${index}`, ports: own })),
  });

  it('listen on one address, each on ports of its own', () => {
    const spec = containers([{ containerPort: 80 }], [{ containerPort: 9090 }, { containerPort: 80, protocol: 'UDP' }]);
    const { listeners } = clusterOf(stream(TWO_NODES, pod('a', { spec })));
    expect(listeners.map(({ netns, port, protocol }) => `${netns} ${port}/${protocol}`)).toEqual([
      'pod.default.a 80/TCP',
      'pod.default.a 9090/TCP',
      'pod.default.a 80/UDP',
    ]);
  });

  it('cannot share a port: the second could not bind it, and is refused with both places, once for all replicas', () => {
    const spec = containers([{ containerPort: 80 }], [{ containerPort: 80 }]);
    const found = error(stream(TWO_NODES, workload('web', { replicas: 3, spec })));
    expect(found).toMatchObject({
      code: 'port-taken',
      message: expect.stringMatching(
        /^container c1 of pod\/web-0 cannot listen on port 80: container c0 does \(lab.yaml:3:\d+\)$/,
      ),
      help: 'the containers of a pod share its network namespace: give one of them another port',
    });
  });

  it('may name one port twice, each for itself', () => {
    const spec = containers([
      { containerPort: 80, name: 'http' },
      { containerPort: 80, name: 'metrics' },
    ]);
    expect(errors(stream(TWO_NODES, pod('a', { spec })))).toEqual([]);
  });

  it('come after init containers, whose ports are closed again, and beside those that are restarted', () => {
    const init = (restartPolicy?: string) => ({
      initContainers: [{ name: 'init', restartPolicy, ports: [{ containerPort: 80 }] }],
      ...containers([{ containerPort: 80 }]),
    });
    expect(errors(stream(TWO_NODES, pod('a', { spec: init() })))).toEqual([]);
    expect(error(stream(TWO_NODES, pod('a', { spec: init('Always') })))).toMatchObject({ code: 'port-taken' });
  });
});
