/** Which ports answer in a lab, and who says it is there. */
import { describe, expect, it } from 'vitest';
import { clusterOf, modelled } from './cluster.ts';
import { endpointsObject, node, pod, service, slice, stream, topology } from './objects.ts';

const LAB = topology({
  nodes: [{ name: 'node1' }, { name: 'node2' }],
  hosts: [{ name: 'db', address: '10.0.0.50', listen: [3306, '53/UDP'] }],
});

/** `place port/PROTOCOL in namespace` */
function listeners(...documents: readonly string[]): string[] {
  return clusterOf(stream(...documents)).listeners.map(
    ({ place, netns, port, protocol }) => `${place} ${port}/${protocol} in ${netns}`,
  );
}

describe('a listener', () => {
  it('stands for every port a pod declares and a host listens on', () => {
    expect(listeners(LAB, pod('a', { ports: [8080, '53/UDP'] }))).toEqual([
      'pod/a 8080/TCP in pod.default.a',
      'pod/a 53/UDP in pod.default.a',
      'host/db 3306/TCP in host.db',
      'host/db 53/UDP in host.db',
    ]);
  });

  it('stands for a port that only an endpoint promises', () => {
    const found = listeners(
      LAB,
      pod('a', { labels: { app: 'web' } }),
      service('web', { ports: [{ port: 80, targetPort: 9090 }] }),
    );
    expect(found).toContain('pod/a 9090/TCP in pod.default.a');
  });

  it('stands once, however many ask for it', () => {
    const found = listeners(
      LAB,
      pod('a', { labels: { app: 'web' }, ports: [80] }),
      service('web'),
      service('web-too', { selector: { app: 'web' } }),
    );
    expect(found.filter((text) => text.startsWith('pod/a'))).toEqual(['pod/a 80/TCP in pod.default.a']);
  });

  it('of a pod on the host network answers for the pod, in the namespace of its node', () => {
    const found = listeners(
      LAB,
      pod('a', { labels: { app: 'web' }, node: 'node1', ports: [80], spec: { hostNetwork: true } }),
      service('web'),
    );
    expect(found).toContain('pod/a 80/TCP in node.node1');
    expect(found.filter((text) => text.includes('node.node1'))).toHaveLength(1);
  });

  it('of a pod on the host network answers for the pod as well when only an endpoint promises the port', () => {
    const onNode1 = (name: string) => pod(name, { labels: { app: name }, node: 'node1', spec: { hostNetwork: true } });
    const ref = { kind: 'Pod', name: 'c' };
    const found = listeners(
      LAB,
      ...['a', 'b', 'c'].map(onNode1),
      service('a', { ports: [{ port: 80 }] }),
      service('b', { ports: [{ port: 81 }] }),
      service('c', { selector: undefined, ports: [{ port: 82 }] }),
      slice('c-1', 'c', [{ addresses: ['10.0.0.11'], targetRef: ref }], { ports: [{ port: 82 }] }),
      service('d', { selector: undefined, ports: [{ port: 83 }] }),
      endpointsObject('d', [{ addresses: [{ ip: '10.0.0.11', targetRef: ref }], ports: [{ port: 83 }] }]),
    );
    expect(found.filter((text) => text.includes('node.node1'))).toEqual([
      'pod/a 80/TCP in node.node1',
      'pod/b 81/TCP in node.node1',
      'pod/c 82/TCP in node.node1',
      'pod/c 83/TCP in node.node1',
    ]);
  });

  it('of an endpoint answers where its address is, whatever pod it claims to be', () => {
    const found = listeners(
      LAB,
      pod('a', { node: 'node1' }),
      service('web', { selector: undefined }),
      slice('x', 'web', [{ addresses: ['10.0.0.50'], targetRef: { kind: 'Pod', name: 'a' } }]),
    );
    expect(found).toContain('host/db 80/TCP in host.db');
  });

  it('of an endpoint with the address of a machine answers there', () => {
    const at = (address: string) => ({ addresses: [address] });
    const found = listeners(
      LAB,
      service('web', { selector: undefined }),
      slice('x', 'web', [at('10.0.0.50'), at('10.0.0.12')]),
    );
    expect(found).toContain('host/db 80/TCP in host.db');
    expect(found).toContain('node/node2 80/TCP in node.node2');
  });
});

describe('an endpoint that belongs to nobody', () => {
  it('is worth one warning, with the place of its Service', () => {
    const text = stream(
      LAB,
      service('web', { selector: undefined }),
      service('too', { selector: undefined }),
      slice('x', 'web', [{ addresses: ['192.0.2.1'] }]),
      slice('y', 'too', [{ addresses: ['192.0.2.1'] }]),
    );
    expect(modelled(text).diagnostics).toEqual([
      {
        severity: 'warning',
        code: 'stranger',
        message:
          'lab.yaml:3: endpoint 192.0.2.1 of Service default/web belongs to nothing in this topology; connections to it die on the way',
      },
    ]);
  });
});

it('no process listens on a node for an endpoint that is a NodePort: what comes there is a Service’s', () => {
  const node = (port: number) => endpointsObject('chain', [{ addresses: [{ ip: '10.0.0.11' }], ports: [{ port }] }]);
  const chain = service('chain', { selector: undefined });
  const on = (port: number) =>
    clusterOf(stream(LAB, service('web', { type: 'NodePort' }), chain, node(port))).listeners.filter(
      ({ place, ...listener }) => place === 'node/node1' && listener.port === port,
    );
  expect(on(30_080)).toEqual([]);
  expect(on(8080)).toHaveLength(1);
});

it('in mode userspace nobody serves health check ports', () => {
  const local = service('web', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 32000 });
  const { listeners } = clusterOf(stream(LAB, local), { proxy: 'userspace' });
  expect(listeners.filter(({ health, port }) => health || port === 32_000)).toEqual([]);
});

describe('a health check port', () => {
  const balanced = (rest: object = {}) =>
    service('web', { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 32000, ...rest });
  const at = (name: string, on: string, fields: object = {}) =>
    pod(name, { labels: { app: 'web' }, node: on, ...fields });
  const health = (...documents: readonly string[]) =>
    clusterOf(stream(LAB, ...documents)).listeners.filter((listener) => listener.health);

  it('answers on every node, with the number of ready endpoints there', () => {
    const notReady = { status: { conditions: [{ type: 'Ready', status: 'False' }] } };
    expect(health(balanced(), at('a', 'node1'), at('b', 'node1'), at('c', 'node1', notReady))).toEqual([
      {
        place: 'node/node1',
        netns: 'node.node1',
        port: 32000,
        protocol: 'TCP',
        health: { namespace: 'default', name: 'web', localEndpoints: 2 },
      },
      {
        place: 'node/node2',
        netns: 'node.node2',
        port: 32000,
        protocol: 'TCP',
        health: { namespace: 'default', name: 'web', localEndpoints: 0 },
      },
    ]);
  });

  it('counts an endpoint once, however many ports it has', () => {
    const ports = [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ];
    expect(health(balanced({ ports }), at('a', 'node1'))[0]!.health!.localEndpoints).toBe(1);
  });

  it('does not exist without that policy', () => {
    expect(health(balanced({ externalTrafficPolicy: 'Cluster' }), at('a', 'node1'), node('node1'))).toEqual([]);
  });
});
