/** Endpoints of Services: what the EndpointSlice and mirroring controllers would write, or what is given. */
import { describe, expect, it } from 'vitest';
import type { Endpoint } from '../../src/model/cluster.ts';
import { clusterOf, error, modelled, serviceOf } from './cluster.ts';
import { endpointsObject, pod, service, slice, stream, topology } from './objects.ts';

const LAB = topology({
  nodes: [
    { name: 'node1', labels: { 'topology.kubernetes.io/zone': 'z1' } },
    { name: 'node2', labels: { 'topology.kubernetes.io/zone': 'z2' } },
  ],
});
const web = (name: string, fields: object = {}) => pod(name, { labels: { app: 'web' }, node: 'node1', ...fields });

function endpointsOf(...documents: readonly string[]): Endpoint[] {
  return serviceOf(clusterOf(stream(LAB, ...documents)), 'web').ports.flatMap(({ endpoints }) => endpoints);
}

/** `address:port`, the ones not ready with `!` before. */
function brief(...documents: readonly string[]): string[] {
  return endpointsOf(...documents).map(({ address, port, ready }) => `${ready ? '' : '!'}${address}:${port}`);
}

describe('a selector', () => {
  it('finds the pods that have all its labels, in its namespace', () => {
    expect(
      brief(
        service('web', { selector: { app: 'web', tier: 'front' } }),
        web('a', { labels: { app: 'web', tier: 'front', extra: 'x' } }),
        web('b', { labels: { app: 'web' } }),
        web('c', { labels: { app: 'web', tier: 'front' }, namespace: 'prod' }),
        web('d', { labels: { app: 'web', tier: 'front' }, node: 'node2' }),
      ),
    ).toEqual(['10.244.1.2:80', '10.244.2.2:80']);
  });

  it('that is empty finds nothing', () => {
    expect(brief(service('web', { selector: {} }), web('a'))).toEqual([]);
  });

  it('tells the node of each', () => {
    expect(endpointsOf(service('web'), web('a'), web('b', { node: 'node2' }))).toEqual([
      expect.objectContaining({ address: '10.244.1.2', node: 'node1', ready: true, serving: true, terminating: false }),
      expect.objectContaining({ address: '10.244.2.2', node: 'node2', ready: true, serving: true, terminating: false }),
    ]);
  });

  it('finds pods on the host network by the address of their node', () => {
    expect(brief(service('web'), web('a', { node: 'node2', spec: { hostNetwork: true } }))).toEqual(['10.0.0.12:80']);
  });

  it('finds pods that are not ready or going, as what they are', () => {
    const notReady = { status: { conditions: [{ type: 'Ready', status: 'False' }] } };
    const going = { metadata: { deletionTimestamp: '2024-01-01T00:00:00Z' } };
    expect(
      endpointsOf(service('web'), web('a', notReady), web('b', going), web('c', { ...going, ...notReady })),
    ).toEqual([
      expect.objectContaining({ address: '10.244.1.2', ready: false, serving: false, terminating: false }),
      expect.objectContaining({ address: '10.244.1.3', ready: false, serving: true, terminating: true }),
      expect.objectContaining({ address: '10.244.1.4', ready: false, serving: false, terminating: true }),
    ]);
  });

  it('with publishNotReadyAddresses calls them all ready, and leaves the rest as it is', () => {
    const notReady = { status: { conditions: [{ type: 'Ready', status: 'False' }] } };
    expect(endpointsOf(service('web', { publishNotReadyAddresses: true }), web('a', notReady))).toEqual([
      expect.objectContaining({ ready: true, serving: false, terminating: false }),
    ]);
  });

  it('lists them by address as text, as kube-proxy does, not by number', () => {
    const at = (name: string, podIP: string) => web(name, { status: { podIP } });
    expect(brief(service('web'), at('a', '10.244.1.9'), at('b', '10.244.1.10'), at('c', '10.244.1.100'))).toEqual([
      '10.244.1.100:80',
      '10.244.1.10:80',
      '10.244.1.9:80',
    ]);
  });
});

describe('the target port', () => {
  const to = (targetPort: unknown, rest: object = {}) => service('web', { ports: [{ port: 80, targetPort, ...rest }] });

  it('is the port itself when left out, empty or 0', () => {
    expect(brief(to(undefined), web('a'))).toEqual(['10.244.1.2:80']);
    expect(brief(to(0), web('a'))).toEqual(['10.244.1.2:80']);
  });

  it('may be a number, whatever the pod declares', () => {
    expect(brief(to(8080), web('a', { ports: [9090] }))).toEqual(['10.244.1.2:8080']);
  });

  it('may be a name, a different number for each pod', () => {
    expect(
      brief(
        to('http'),
        web('a', { ports: [{ name: 'http', port: 8080 }] }),
        web('b', { ports: [{ name: 'http', port: 9090 }] }),
        web('c', { ports: [{ name: 'https', port: 443 }] }),
      ),
    ).toEqual(['10.244.1.2:8080', '10.244.1.3:9090']);
  });

  it('that is a name counts with its protocol', () => {
    const dns = web('a', { ports: [{ name: 'dns', port: 5353, protocol: 'UDP' }] });
    expect(brief(to('dns'), dns)).toEqual([]);
    expect(brief(to('dns', { protocol: 'UDP' }), dns)).toEqual(['10.244.1.2:5353']);
  });
});

describe('slices written by hand', () => {
  const manual = service('web', { selector: undefined });
  const at = (address: string, rest: object = {}) => ({ addresses: [address], ...rest });

  it('belong to the Service their label names', () => {
    expect(brief(manual, slice('x', 'web', [at('10.0.0.50')]), slice('y', 'other', [at('10.0.0.51')]))).toEqual([
      '10.0.0.50:80',
    ]);
  });

  it('without that label belong to nobody, which is worth a warning', () => {
    const { diagnostics } = modelled(stream(LAB, manual, slice('x', undefined, [at('10.0.0.50')])));
    expect(diagnostics).toMatchObject([
      {
        severity: 'warning',
        code: 'unused',
        message: 'this EndpointSlice belongs to no Service: it has no label kubernetes.io/service-name',
        at: { line: 5 },
      },
    ]);
  });

  it('add up, also with what the selector finds', () => {
    expect(
      brief(service('web'), web('a'), slice('x', 'web', [at('10.0.0.50')]), slice('y', 'web', [at('10.0.0.51')])),
    ).toEqual(['10.0.0.50:80', '10.0.0.51:80', '10.244.1.2:80']);
  });

  it('count an endpoint once, as ready when one of them says so', () => {
    const ready = (is: boolean) => [at('10.0.0.50', { conditions: { ready: is } })];
    expect(brief(manual, slice('x', 'web', ready(false)), slice('y', 'web', ready(true)))).toEqual(['10.0.0.50:80']);
    expect(brief(manual, slice('x', 'web', ready(true)), slice('y', 'web', ready(false)))).toEqual(['10.0.0.50:80']);
    expect(brief(manual, slice('x', 'web', ready(false)), slice('y', 'web', ready(false)))).toEqual(['!10.0.0.50:80']);
  });

  it.each([
    [undefined, [true, true, false]],
    [{ ready: false }, [false, false, false]],
    [{ ready: false, serving: true, terminating: true }, [false, true, true]],
    [{ terminating: true }, [true, true, true]],
    [{ serving: false }, [true, false, false]],
  ])('with conditions %j mean what the API says about missing ones', (conditions, [ready, serving, terminating]) => {
    expect(endpointsOf(manual, slice('x', 'web', [at('10.0.0.50', { conditions })]))).toMatchObject([
      { ready, serving, terminating },
    ]);
  });

  it('may name node, zone hints and node hints', () => {
    const endpoint = at('10.0.0.50', {
      nodeName: 'node2',
      zone: 'z2',
      hints: { forZones: [{ name: 'z1' }, { name: 'z2' }], forNodes: [{ name: 'node1' }] },
    });
    expect(endpointsOf(manual, slice('x', 'web', [endpoint]))).toMatchObject([
      { node: 'node2', zoneHints: ['z1', 'z2'], nodeHints: ['node1'] },
    ]);
    expect(endpointsOf(manual, slice('x', 'web', [at('10.0.0.50')]))[0]).not.toHaveProperty('node');
  });

  it('use the first address of an endpoint only, as kube-proxy does', () => {
    expect(brief(manual, slice('x', 'web', [{ addresses: ['10.0.0.50', '10.0.0.51'] }]))).toEqual(['10.0.0.50:80']);
  });

  it.each([
    ['a port name that is not the Service’s', { ports: [{ name: 'http', port: 80 }] }],
    ['another protocol', { ports: [{ port: 80, protocol: 'UDP' }] }],
    ['no port number', { ports: [{}] }],
    ['no ports', { ports: [] }],
    ['names instead of addresses', { addressType: 'FQDN' }],
  ])('with %s serve nothing', (_, rest) => {
    expect(brief(manual, slice('x', 'web', [at('10.0.0.50')], rest))).toEqual([]);
  });

  it('serve each port of a Service by its name, the Service’s targetPort notwithstanding', () => {
    const ports = [
      { name: 'http', port: 80, targetPort: 1 },
      { name: 'https', port: 443 },
    ];
    const { ports: found } = serviceOf(
      clusterOf(
        stream(
          LAB,
          service('web', { selector: undefined, ports }),
          slice('x', 'web', [at('10.0.0.50')], {
            ports: [
              { name: 'https', port: 8443 },
              { name: 'http', port: 8080 },
            ],
          }),
        ),
      ),
      'web',
    );
    expect(found.map(({ name, endpoints }) => [name, endpoints.map(({ port }) => port)])).toEqual([
      ['http', [8080]],
      ['https', [8443]],
    ]);
  });
});

describe('an endpoint that the API server would not take', () => {
  const manual = service('web', { selector: undefined });

  it.each([
    ['10.0.0.50', 'IPv6', '10.0.0.50 is no IPv6 address, and the addressType is IPv6'],
    ['mysql', 'IPv4', 'mysql is no IPv4 address, and the addressType is IPv4'],
    ['127.0.0.1', 'IPv4', 'an endpoint cannot be 127.0.0.1, which is a loopback address'],
    ['169.254.0.1', 'IPv4', 'an endpoint cannot be 169.254.0.1, which is link-local'],
    ['fe80::1', 'IPv6', 'an endpoint cannot be fe80::1, which is link-local'],
    ['0.0.0.0', 'IPv4', 'an endpoint cannot be 0.0.0.0, which is no address'],
  ])('is refused: %s of %s', (address, addressType, message) => {
    const text = stream(LAB, manual, slice('x', 'web', [{ addresses: [address] }], { addressType }));
    expect(error(text)).toMatchObject({ code: 'invalid-value', message, at: { line: 5 } });
  });

  it('is refused in Endpoints as well', () => {
    const subset = { addresses: [{ ip: '10.0.0.50' }, { ip: '127.0.0.1' }], ports: [{ port: 80 }] };
    expect(error(stream(LAB, manual, endpointsObject('web', [subset]))).message).toBe(
      'an endpoint cannot be 127.0.0.1, which is a loopback address',
    );
  });
});

describe('slices of the controller, in a dump of a cluster', () => {
  const managed = { labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io' } };
  const at = (address: string, rest: object = {}) => ({ addresses: [address], ...rest });

  it('are what counts, not the selector', () => {
    expect(brief(service('web'), web('a'), web('b'), slice('web-x', 'web', [at('10.244.1.3')], managed))).toEqual([
      '10.244.1.3:80',
    ]);
    expect(brief(service('web'), web('a'), slice('web-x', 'web', [], managed))).toEqual([]);
  });

  it('of another family than the Service are left out', () => {
    const both = [
      slice('web-4', 'web', [at('10.244.1.2')], managed),
      slice('web-6', 'web', [at('fd00::2')], { ...managed, addressType: 'IPv6' }),
    ];
    expect(brief(service('web'), web('a'), ...both)).toEqual(['10.244.1.2:80']);
  });
});

describe('Endpoints', () => {
  const manual = service('web', { selector: undefined });
  const subset = { addresses: [{ ip: '10.0.0.50', nodeName: 'node1' }], ports: [{ port: 8080 }] };

  it('of a Service without selector are mirrored', () => {
    expect(endpointsOf(manual, endpointsObject('web', [subset]))).toEqual([
      {
        address: '10.0.0.50',
        port: 8080,
        node: 'node1',
        ready: true,
        serving: true,
        terminating: false,
        zoneHints: [],
        nodeHints: [],
      },
    ]);
  });

  it('have addresses that are not ready, several subsets, and IPv6 ones that are left out', () => {
    const subsets = [
      { ...subset, notReadyAddresses: [{ ip: '10.0.0.51' }] },
      { addresses: [{ ip: '10.0.0.52' }, { ip: 'fd00::1' }], ports: [{ port: 9090 }] },
      { addresses: [{ ip: '10.0.0.53' }] },
    ];
    expect(brief(manual, endpointsObject('web', subsets))).toEqual([
      '10.0.0.50:8080',
      '!10.0.0.51:8080',
      '10.0.0.52:9090',
    ]);
  });

  it('labelled skip-mirror are not', () => {
    const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
    expect(brief(manual, endpointsObject('web', [subset], labels))).toEqual([]);
    expect(
      brief(manual, endpointsObject('web', [subset], { 'endpointslice.kubernetes.io/skip-mirror': 'false' })),
    ).toEqual(['10.0.0.50:8080']);
  });

  it('of a Service with a selector, or of another name, are not', () => {
    expect(brief(service('web'), web('a'), endpointsObject('web', [subset]))).toEqual(['10.244.1.2:80']);
    expect(brief(manual, endpointsObject('other', [subset]))).toEqual([]);
  });

  it('whose port has another name or protocol are not', () => {
    expect(brief(manual, endpointsObject('web', [{ ...subset, ports: [{ name: 'http', port: 8080 }] }]))).toEqual([]);
    expect(brief(manual, endpointsObject('web', [{ ...subset, ports: [{ port: 53, protocol: 'UDP' }] }]))).toEqual([]);
  });

  it('count once in a dump that has their mirror as well', () => {
    const mirror = slice('web-m', 'web', [{ addresses: ['10.0.0.50'] }], {
      labels: { 'endpointslice.kubernetes.io/managed-by': 'endpointslicemirroring-controller.k8s.io' },
      ports: [{ port: 8080 }],
    });
    expect(brief(manual, endpointsObject('web', [subset]), mirror)).toEqual(['10.0.0.50:8080']);
  });
});

describe('kube-proxy of mode userspace reads Endpoints objects:', () => {
  const read = (...documents: readonly string[]) =>
    serviceOf(clusterOf(stream(LAB, ...documents), { proxy: 'userspace' }), 'web').ports.flatMap(({ endpoints }) =>
      endpoints.map(({ address, ready }) => `${ready ? '' : '!'}${address}`),
    );
  const managedBy = (controller: string) => ({ labels: { 'endpointslice.kubernetes.io/managed-by': controller } });
  const manual = service('web', { selector: undefined });
  const given = endpointsObject('web', [{ addresses: [{ ip: '10.0.0.50' }], ports: [{ port: 80 }] }]);
  const sliceOf = (address: string, rest = {}) => slice(`web-${address}`, 'web', [{ addresses: [address] }], rest);

  it('a selector’s have its pods, and nothing of slices somebody wrote', () => {
    expect(read(service('web'), web('a'), sliceOf('10.9.9.9'))).toEqual(['10.244.1.2']);
  });

  it('what the controllers’ slices have in a dump, they have as well', () => {
    const dumped = sliceOf('10.9.9.9', managedBy('endpointslice-controller.k8s.io'));
    expect(read(service('web'), web('a'), dumped)).toEqual(['10.9.9.9']);
    expect(read(manual, sliceOf('10.9.9.8', managedBy('endpointslicemirroring-controller.k8s.io')))).toEqual([
      '10.9.9.8',
    ]);
  });

  it('they count as they are, beside slices and without being mirrored', () => {
    expect(read(manual, sliceOf('10.9.9.9'), given)).toEqual(['10.0.0.50']);
    const labels = { 'endpointslice.kubernetes.io/skip-mirror': 'true' };
    const unmirrored = endpointsObject('web', [{ addresses: [{ ip: '10.0.0.51' }], ports: [{ port: 80 }] }], labels);
    expect(read(manual, unmirrored)).toEqual(['10.0.0.51']);
  });
});

describe('trafficDistribution', () => {
  it.each([
    [undefined, [], []],
    ['PreferClose', ['z2'], []],
    ['PreferSameZone', ['z2'], []],
    ['PreferSameNode', ['z2'], ['node2']],
  ])('%s gives hints', (trafficDistribution, zoneHints, nodeHints) => {
    expect(endpointsOf(service('web', { trafficDistribution }), web('a', { node: 'node2' }))).toMatchObject([
      { zoneHints, nodeHints },
    ]);
  });

  it('gives no zone hint on a node without a zone', () => {
    const text = stream(
      topology({ nodes: [{ name: 'node1' }] }),
      service('web', { trafficDistribution: 'PreferClose' }),
      web('a'),
    );
    expect(serviceOf(clusterOf(text), 'web').ports[0]!.endpoints[0]!.zoneHints).toEqual([]);
  });
});
