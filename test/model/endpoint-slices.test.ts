/** EndpointSlices and Endpoints as the controllers write them. */
import { describe, expect, it } from 'vitest';
import type { EndpointSlice, EndpointSubset } from '../../src/model/cluster.ts';
import { clusterOf, serviceOf } from './cluster.ts';
import { endpointsObject, pod, service, slice, stream, topology, workload } from './objects.ts';

const LAB = topology({
  cluster: { podCIDR: '10.240.0.0/12', nodeCIDRMaskSize: 16 },
  nodes: [{ name: 'node1' }, { name: 'node2' }],
});
const CONTROLLER = 'endpointslice-controller.k8s.io';
const MIRRORING = 'endpointslicemirroring-controller.k8s.io';
const many = (replicas: number, fields: object = {}) => workload('web', { replicas, ...fields });

function slices(...documents: readonly string[]): readonly EndpointSlice[] {
  return clusterOf(stream(LAB, ...documents)).endpointSlices;
}

/** `NAME: PORTS: how many endpoints`. */
function brief(...documents: readonly string[]): string[] {
  return slices(...documents).map(({ name, ports, endpoints }) => {
    const numbers = ports.map(({ name: port, port: number }) => `${port}=${number}`).join(',');
    return `${name}: ${numbers}: ${endpoints.length}`;
  });
}

describe('a selector has slices', () => {
  it.each([
    [1, ['web-0: =80: 1']],
    [100, ['web-0: =80: 100']],
    [101, ['web-0: =80: 100', 'web-1: =80: 1']],
    [250, ['web-0: =80: 100', 'web-1: =80: 100', 'web-2: =80: 50']],
  ])('of at most a hundred endpoints: %i', (replicas, expected) => {
    expect(brief(many(replicas), service('web'))).toEqual(expected);
  });

  it('of its controller, with what a pod is and where', () => {
    const [first] = slices(
      pod('a', { labels: { app: 'web' }, node: 'node2' }),
      service('web', { ports: [{ name: 'http', port: 80 }] }),
    );
    expect(first).toEqual({
      namespace: 'default',
      name: 'web-0',
      service: 'web',
      addressType: 'IPv4',
      managedBy: CONTROLLER,
      ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
      endpoints: [
        {
          address: '10.242.0.2',
          pod: 'pod/a',
          node: 'node2',
          ready: true,
          serving: true,
          terminating: false,
          zoneHints: [],
          nodeHints: [],
        },
      ],
      origin: { file: 'lab.yaml', line: 5 },
    });
  });

  it('and an empty one when there is no pod', () => {
    expect(brief(service('web'))).toEqual(['web-0: : 0']);
  });

  it('for each set of ports that its pods have', () => {
    const named = (name: string, port: number) =>
      pod(name, { labels: { app: 'web' }, ports: [{ name: 'http', port }] });
    const ports = [
      { name: 'web', port: 80, targetPort: 'http' },
      { name: 'stats', port: 90, targetPort: 9000 },
    ];
    expect(
      brief(
        named('a', 8080),
        named('b', 9090),
        named('c', 8080),
        pod('d', { labels: { app: 'web' } }),
        service('web', { ports }),
      ),
    ).toEqual(['web-0: web=8080,stats=9000: 2', 'web-1: web=9090,stats=9000: 1', 'web-2: stats=9000: 1']);
  });

  it('for each of its families', () => {
    const dual = topology({
      cluster: { podCIDR: ['10.244.0.0/16', 'fd00:10:244::/56'] },
      nodes: [{ name: 'node1' }],
    });
    const text = stream(dual, many(2), service('web', { ipFamilyPolicy: 'PreferDualStack' }));
    expect(
      clusterOf(text).endpointSlices.map(({ name, addressType, endpoints }) => [
        name,
        addressType,
        endpoints[0]!.address,
      ]),
    ).toEqual([
      ['web-0', 'IPv4', '10.244.1.2'],
      ['web-1', 'IPv6', 'fd00:10:244:1::2'],
    ]);
  });

  it('when it is headless, too, and then names pods that have a hostname in its domain', () => {
    const set = workload('db', { kind: 'StatefulSet', labels: { app: 'web' }, own: { serviceName: 'web' } });
    const [first] = slices(set, service('web', { clusterIP: 'None' }), service('other', { selector: { app: 'web' } }));
    expect(first!.endpoints.map(({ hostname }) => hostname)).toEqual(['db-0']);
    const [, second] = slices(
      set,
      service('web', { clusterIP: 'None' }),
      service('other', { selector: { app: 'web' } }),
    );
    expect(second!.endpoints[0]).not.toHaveProperty('hostname');
  });

  it('beside those that somebody wrote, and none of its own beside its controller’s', () => {
    const own = slice('mine', 'web', [{ addresses: ['10.0.0.50'] }]);
    expect(brief(many(1), service('web'), own)).toEqual(['mine: =80: 1', 'web-0: =80: 1']);
    const dumped = slice('web-x7k2p', 'web', [], { labels: { 'endpointslice.kubernetes.io/managed-by': CONTROLLER } });
    expect(brief(many(1), service('web'), dumped)).toEqual(['web-x7k2p: =80: 0']);
  });
});

describe('an ExternalName', () => {
  it('has none', () => {
    expect(slices(service('web', { type: 'ExternalName', externalName: 'example.com', ports: undefined }))).toEqual([]);
  });
});

describe('Endpoints of a Service without selector are mirrored', () => {
  const manual = service('web', { selector: undefined });
  const subset = (addresses: readonly string[], port: number, notReady: readonly string[] = []) => ({
    addresses: addresses.map((ip) => ({ ip })),
    notReadyAddresses: notReady.map((ip) => ({ ip })),
    ports: [{ port }],
  });
  const addresses = (count: number) => Array.from({ length: count }, (_, n) => `10.9.${n >> 8}.${n & 255}`);

  it('into slices of the mirroring controller, one for each set of ports and family', () => {
    const given = [
      subset(['10.0.0.50', 'fd00::50'], 80, ['10.0.0.51']),
      subset(['10.0.0.52'], 90),
      subset(['10.0.0.53'], 80),
    ];
    expect(
      slices(manual, endpointsObject('web', given)).map(({ managedBy, addressType, ports, endpoints }) => [
        managedBy,
        addressType,
        ports[0]!.port,
        endpoints.map(({ address, ready }) => `${ready ? '' : '!'}${address}`).join(' '),
      ]),
    ).toEqual([
      [MIRRORING, 'IPv4', 80, '10.0.0.50 !10.0.0.51 10.0.0.53'],
      [MIRRORING, 'IPv6', 80, 'fd00::50'],
      [MIRRORING, 'IPv4', 90, '10.0.0.52'],
    ]);
  });

  it('up to a thousand addresses of a subset', () => {
    expect(brief(manual, endpointsObject('web', [subset(addresses(1001), 80)]))).toEqual(['web-0: =80: 1000']);
  });

  it('not when they are a leader’s', () => {
    const text = endpointsObject('web', [subset(['10.0.0.50'], 80)]).replace(
      '"name":"web"',
      '"name":"web","annotations":{"control-plane.alpha.kubernetes.io/leader":"{}"}',
    );
    expect(brief(manual, text)).toEqual([]);
  });

  it('beside slices that somebody wrote', () => {
    const own = slice('mine', 'web', [{ addresses: ['10.0.0.60'] }]);
    expect(brief(manual, own, endpointsObject('web', [subset(['10.0.0.50'], 80)]))).toEqual([
      'mine: =80: 1',
      'web-0: =80: 1',
    ]);
  });
});

describe('the Endpoints of a selector', () => {
  const counts = (subsets: readonly EndpointSubset[]) =>
    subsets.map(({ endpoints }) => [
      endpoints.filter(({ ready }) => ready).length,
      endpoints.filter(({ ready }) => !ready).length,
    ]);
  const NOT_READY = { status: { conditions: [{ type: 'Ready', status: 'False' }] } };

  it('have the pods of all its slices', () => {
    const { endpoints } = clusterOf(stream(LAB, many(250), service('web')));
    expect(endpoints).toMatchObject([{ name: 'web', isTruncated: false }]);
    expect(counts(endpoints[0]!.subsets)).toEqual([[250, 0]]);
  });

  it('are truncated to a thousand, those that are not ready first', () => {
    const broken = Array.from({ length: 100 }, (_, index) =>
      pod(`sick-${index}`, { labels: { app: 'web' }, ...NOT_READY }),
    );
    const some = clusterOf(stream(LAB, ...broken, many(950), service('web'))).endpoints[0]!;
    expect(some.isTruncated).toBe(true);
    expect(counts(some.subsets)).toEqual([[950, 50]]);
    const all = clusterOf(stream(LAB, ...broken, many(1100), service('web'))).endpoints[0]!;
    expect(counts(all.subsets)).toEqual([[1000, 0]]);
  });

  it('lose the same share in each subset', () => {
    const named = (name: string, replicas: number, port: number) =>
      workload(name, { replicas, labels: { app: 'web' }, ports: [{ name: 'http', port }] });
    const text = stream(
      LAB,
      named('a', 800, 8080),
      named('b', 800, 9090),
      service('web', { ports: [{ port: 80, targetPort: 'http' }] }),
    );
    expect(counts(clusterOf(text).endpoints[0]!.subsets)).toEqual([
      [500, 0],
      [500, 0],
    ]);
  });

  it('are what kube-proxy of mode userspace has, and no more', () => {
    const of = (proxy: 'userspace' | 'iptables') =>
      serviceOf(clusterOf(stream(LAB, many(1001), service('web')), { proxy }), 'web').ports[0]!.endpoints.length;
    expect([of('userspace'), of('iptables')]).toEqual([1000, 1001]);
  });

  it('leave out pods that are going, unless these are wanted all the same', () => {
    const going = pod('a', { labels: { app: 'web' }, metadata: { deletionTimestamp: '2024-01-01T00:00:00Z' } });
    const of = (spec: object) => clusterOf(stream(LAB, going, service('web', spec))).endpoints[0]!.subsets.length;
    expect([of({}), of({ publishNotReadyAddresses: true })]).toEqual([0, 1]);
  });
});
