/** Pods that are given: their nodes, names, ports and readiness. */
import { describe, expect, it } from 'vitest';
import { yaml } from '../parse/yaml-text.ts';
import { clusterOf, errors, modelled, podOf } from './cluster.ts';
import { node, pod, service, stream, topology } from './objects.ts';

const TWO_NODES = topology({
  nodes: [
    { name: 'node1', labels: { disk: 'ssd', zone: 'a' } },
    { name: 'node2', labels: { disk: 'hdd', zone: 'a' } },
  ],
});

function placements(text: string): string[] {
  return clusterOf(text).pods.map(({ place, node: on }) => `${place} on ${on.name}`);
}

describe('a pod', () => {
  it('is on the node it names', () => {
    expect(placements(stream(TWO_NODES, pod('a', { node: 'node2' }), pod('b', { node: 'node2' })))).toEqual([
      'pod/a on node2',
      'pod/b on node2',
    ]);
  });

  it('that names a node that does not exist is refused where it does', () => {
    const text = yaml`
      apiVersion: v1
      kind: Node
      metadata: { name: node1 }
      ---
      apiVersion: v1
      kind: Pod
      metadata: { name: a }
      spec:
        nodeName: nod1
        containers: [{ name: app }]
      ---
      apiVersion: apps/v1
      kind: Deployment
      metadata: { name: web }
      spec:
        selector: { matchLabels: { app: web } }
        template:
          metadata: { labels: { app: web } }
          spec:
            nodeName: elsewhere
            containers: [{ name: app }]
    `;
    expect(errors(text)).toEqual(['9:13 unknown-node', '20:17 unknown-node']);
    expect(modelled(text).diagnostics.map(({ help }) => help)).toEqual(['did you mean "node1"?', 'nodes here: node1']);
  });

  it('that has finished is left out', () => {
    const text = stream(
      TWO_NODES,
      pod('done', { status: { phase: 'Succeeded' } }),
      pod('failed', { status: { phase: 'Failed' } }),
      pod('running', { status: { phase: 'Running' } }),
    );
    expect(placements(text)).toEqual(['pod/running on node1']);
  });

  it('of another namespace than the one that is meant says so', () => {
    const text = stream(TWO_NODES, pod('a'), pod('a', { namespace: 'prod' }));
    expect(clusterOf(text).pods.map(({ place, netns }) => [place, netns])).toEqual([
      ['pod/a', 'pod.default.a'],
      ['pod/prod/a', 'pod.prod.a'],
    ]);
    const inProd = clusterOf(stream(TWO_NODES, pod('a')), { namespace: 'prod' });
    expect(inProd.pods[0]).toMatchObject({ place: 'pod/prod/a', namespace: 'prod' });
  });

  it('has the ports of all its containers, those that only prepare it left out', () => {
    const text = stream(
      TWO_NODES,
      pod('a', {
        spec: {
          initContainers: [
            { name: 'setup', ports: [{ containerPort: 7000 }] },
            { name: 'sidecar', restartPolicy: 'Always', ports: [{ containerPort: 9000 }] },
          ],
          containers: [
            { name: 'one', ports: [{ name: 'http', containerPort: 80 }] },
            { name: 'two', ports: [{ containerPort: 53, protocol: 'UDP' }] },
          ],
        },
      }),
    );
    expect(podOf(clusterOf(text), 'a').ports).toEqual([
      { container: 'sidecar', port: 9000, protocol: 'TCP' },
      { container: 'one', name: 'http', port: 80, protocol: 'TCP' },
      { container: 'two', port: 53, protocol: 'UDP' },
    ]);
  });
});

describe('readiness', () => {
  const ready = (status: string) => ({ conditions: [{ type: 'Ready', status }] });
  it.each([
    ['nothing said', {}, [true, true, false]],
    ['condition True', { status: ready('True') }, [true, true, false]],
    ['condition False', { status: ready('False') }, [false, false, false]],
    ['condition Unknown', { status: ready('Unknown') }, [false, false, false]],
    ['still pending', { status: { phase: 'Pending' } }, [false, false, false]],
    ['another condition', { status: { conditions: [{ type: 'Initialized', status: 'False' }] } }, [true, true, false]],
    ['being deleted', { metadata: { deletionTimestamp: '2024-01-01T00:00:00Z' } }, [false, true, true]],
    [
      'being deleted and not ready',
      { metadata: { deletionTimestamp: '2024-01-01T00:00:00Z' }, status: ready('False') },
      [false, false, true],
    ],
  ])('%s', (_, fields, [isReady, serving, terminating]) => {
    const { conditions } = podOf(clusterOf(stream(TWO_NODES, pod('a', fields))), 'a');
    expect(conditions).toEqual({ ready: isReady, serving, terminating });
  });
});

it('labels of a Node object and of the Topology are put together, the Topology having the last word', () => {
  const { nodes } = clusterOf(
    stream(
      topology({ nodes: [{ name: 'a', labels: { zone: 'z1' } }] }),
      node('a', {}, { labels: { zone: 'z0', disk: 'ssd' } }),
      service('x'),
    ),
  );
  expect(nodes[0]!.labels).toEqual({
    'kubernetes.io/arch': 'amd64',
    'kubernetes.io/hostname': 'a',
    'kubernetes.io/os': 'linux',
    zone: 'z1',
    disk: 'ssd',
  });
});
