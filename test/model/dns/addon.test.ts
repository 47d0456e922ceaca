/** When a lab has a cluster DNS, what it then consists of, and what is refused about names. */
import { describe, expect, it } from 'vitest';
import { clusterOf, error, modelled, serviceOf } from '../cluster.ts';
import { pod, service, stream, topology } from '../objects.ts';

const CHECK = { name: 'x', from: 'node/node1' };
const KUBE_DNS = service(
  'kube-dns',
  {
    clusterIP: '10.96.0.10',
    selector: { 'k8s-app': 'kube-dns' },
    ports: [{ name: 'dns', port: 53, protocol: 'UDP', targetPort: 1053 }],
  },
  { namespace: 'kube-system' },
);

describe('there is a cluster DNS', () => {
  it.each([
    ['where the topology says so', { cluster: { dns: {} } }],
    ['where a check sends to a name', { checks: [{ ...CHECK, to: 'web:80' }] }],
    ['where a check asks for one', { checks: [{ ...CHECK, resolve: 'web' }] }],
  ])('%s, with the tenth address and two pods', (_, spec) => {
    const cluster = clusterOf(stream(topology(spec), service('web')));
    expect(serviceOf(cluster, 'kube-dns')).toMatchObject({ namespace: 'kube-system', clusterIP: '10.96.0.10' });
    expect(cluster.dns!.nameservers).toEqual(['10.96.0.10']);
    expect(cluster.pods.map(({ place, node }) => [place, node.name])).toEqual([
      ['pod/kube-system/coredns-0', 'node1'],
      ['pod/kube-system/coredns-1', 'node2'],
    ]);
    const answering = cluster.listeners
      .filter(({ zone }) => zone)
      .map(({ place, port, protocol }) => `${place} ${port}/${protocol}`);
    expect(answering).toEqual([
      'pod/kube-system/coredns-0 53/UDP',
      'pod/kube-system/coredns-0 53/TCP',
      'pod/kube-system/coredns-1 53/UDP',
      'pod/kube-system/coredns-1 53/TCP',
    ]);
  });

  it('where a dump of a cluster has the Service: then its pods answer', () => {
    const text = stream(KUBE_DNS, pod('coredns-abc', { namespace: 'kube-system', labels: { 'k8s-app': 'kube-dns' } }));
    const { pods, listeners } = clusterOf(text);
    expect(pods.map(({ place }) => place)).toEqual(['pod/kube-system/coredns-abc']);
    expect(listeners).toMatchObject([
      { place: 'pod/kube-system/coredns-abc', port: 1053, zone: { domain: 'cluster.local' } },
    ]);
  });

  it('nowhere else', () => {
    const { dns, pods, listeners } = clusterOf(
      stream(topology({ checks: [{ ...CHECK, to: 'service/web:80' }] }), service('web')),
    );
    expect({ dns, pods, zones: listeners.filter(({ zone }) => zone) }).toEqual({ dns: undefined, pods: [], zones: [] });
  });
});

describe('is refused:', () => {
  const LONG = 'a'.repeat(64);
  it.each([
    [topology({ cluster: { dns: { domain: `${LONG}.local` } } }), 'invalid-value', /at most 63 are allowed/],
    [topology({ checks: [{ ...CHECK, to: `${LONG}.prod:80` }] }), 'unknown-destination', /at most 63 are allowed/],
    [
      topology({ checks: [{ ...CHECK, resolve: `${'a.'.repeat(126)}aa` }] }),
      'invalid-value',
      /at most 253 are allowed/,
    ],
    [topology({ checks: [{ ...CHECK, to: 'web:0' }] }), 'unknown-destination', /0 is not a port/],
    [topology({ checks: [{ ...CHECK, to: 'web:80', resolve: 'web' }] }), 'conflicting-fields', /"to" or "resolve"/],
    [
      topology({ checks: [{ ...CHECK, to: 'web:80', expect: { answers: [] } }] }),
      'conflicting-fields',
      /needs "resolve"/,
    ],
    [topology({ cluster: { dns: { hosts: { x: 'host/nobody' } } } }), 'unknown-place', /there is no host\/nobody/],
    [
      service('e', { type: 'ExternalName' }),
      'invalid-value',
      /spec.externalName: a Service of type ExternalName needs one/,
    ],
    [service('e', { type: 'ExternalName', externalName: `${LONG}.com` }), 'invalid-value', /at most 63 are allowed/],
    [pod('p', { spec: { dnsPolicy: 'Cluster', containers: [{ name: 'a' }] } }), 'invalid-value', /dnsPolicy/],
    [
      pod('p', { spec: { dnsPolicy: 'None', containers: [{ name: 'a' }] } }),
      'missing-field',
      /dnsPolicy None and no nameserver/,
    ],
  ])('%s', (text, code, message) => {
    expect(error(stream(text))).toMatchObject({ code, message: expect.stringMatching(message) });
  });

  it('a check by name where there can be no DNS', () => {
    const spec = { cluster: { serviceCIDR: '10.96.0.0/29' }, checks: [{ ...CHECK, to: 'web:80' }] };
    expect(error(topology(spec))).toMatchObject({ message: '"web" is a name, and this cluster has no DNS' });
  });
});

it('a subdomain without its headless Service is warned of', () => {
  const text = stream(service('sub'), pod('p', { spec: { subdomain: 'sub', containers: [{ name: 'a' }] } }));
  expect(modelled(text).diagnostics).toMatchObject([
    {
      severity: 'warning',
      code: 'subdomain-without-service',
      message: expect.stringContaining('there is no headless Service sub'),
    },
  ]);
});
