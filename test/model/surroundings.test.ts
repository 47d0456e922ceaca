/** What a program finds at a place: resolv.conf by policy, hosts, hostname, and the variables of Services. */
import { describe, expect, it } from 'vitest';
import { placesOf } from '../../src/model/cluster.ts';
import { surroundingsOf } from '../../src/model/surroundings.ts';
import { clusterOf } from './cluster.ts';
import { pod, service, stream, topology } from './objects.ts';

const DNS = topology({ cluster: { dns: {} }, hosts: [{ name: 'client' }] });
const CLUSTER =
  'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n';

function at(place: string, ...documents: string[]) {
  const cluster = clusterOf(stream(...documents));
  return surroundingsOf(cluster, placesOf(cluster).find((each) => each.place === place)!);
}

const spec = (fields: object) => ({ spec: { containers: [{ name: 'a' }], ...fields } });

describe('resolv.conf', () => {
  it.each([
    ['ClusterFirst', {}, CLUSTER],
    ['ClusterFirst on the host network', { hostNetwork: true }, ''],
    ['ClusterFirstWithHostNet', { hostNetwork: true, dnsPolicy: 'ClusterFirstWithHostNet' }, CLUSTER],
    ['Default', { dnsPolicy: 'Default' }, ''],
    [
      'None',
      {
        dnsPolicy: 'None',
        dnsConfig: {
          nameservers: ['1.1.1.1'],
          searches: ['a.b'],
          options: [{ name: 'ndots', value: '2' }, { name: 'edns0' }],
        },
      },
      'search a.b\nnameserver 1.1.1.1\noptions ndots:2 edns0\n',
    ],
    [
      'ClusterFirst with more',
      { dnsConfig: { nameservers: ['1.1.1.1'], searches: ['a.b'], options: [{ name: 'ndots', value: '2' }] } },
      'search default.svc.cluster.local svc.cluster.local cluster.local a.b\nnameserver 10.96.0.10\nnameserver 1.1.1.1\noptions ndots:2\n',
    ],
  ])('of policy %s', (_, fields, expected) => {
    expect(at('pod/p', DNS, pod('p', spec(fields))).files['resolv.conf']).toBe(expected);
  });

  it('without a cluster DNS is the node’s', () => {
    expect(at('pod/p', pod('p')).files['resolv.conf']).toBe('');
  });
});

describe('hostname and hosts', () => {
  it('of a pod are its name', () => {
    const { hostname, files } = at('pod/p', pod('p'));
    expect(hostname).toBe('p');
    expect(files.hosts).toMatch(
      /^# Kubernetes-managed hosts file\.\n127\.0\.0\.1\tlocalhost\n[\s\S]*\n10\.244\.1\.2\tp\n$/,
    );
  });

  it('with hostname and subdomain are those, the full name first', () => {
    const { hostname, files } = at('pod/p', pod('p', spec({ hostname: 'h', subdomain: 's' })));
    expect(hostname).toBe('h');
    expect(files.hosts).toContain('\n10.244.1.2\th.s.default.svc.cluster.local\th\n');
  });

  it('with setHostnameAsFQDN are the full one', () => {
    const fields = { hostname: 'h', subdomain: 's', setHostnameAsFQDN: true };
    expect(at('pod/p', pod('p', spec(fields))).hostname).toBe('h.s.default.svc.cluster.local');
  });

  it('end with hostAliases', () => {
    const { files } = at(
      'pod/p',
      pod('p', spec({ hostAliases: [{ ip: '10.1.2.3', hostnames: ['foo.remote', 'bar.remote'] }] })),
    );
    expect(files.hosts.endsWith('\n\n# Entries added by HostAliases.\n10.1.2.3\tfoo.remote\tbar.remote\n')).toBe(true);
  });

  it('on the host network are the node’s', () => {
    const { hostname, files } = at(
      'pod/p',
      DNS,
      pod('p', { node: 'node2', ...spec({ hostNetwork: true, nodeName: 'node2' }) }),
    );
    expect(hostname).toBe('node2');
    expect(files.hosts).toMatch(/^# Kubernetes-managed hosts file \(host network\)\.\n[\s\S]*10\.0\.0\.100\tclient\n$/);
  });

  it('of machines know each other', () => {
    expect(at('host/client', DNS).files.hosts).toContain('10.0.0.11\tnode1\n');
  });
});

describe('variables', () => {
  const REDIS = service('redis-primary', {
    clusterIP: '10.0.0.11',
    selector: undefined,
    ports: [
      { name: 'redis', port: 6379 },
      { name: 'admin-ui', port: 80, protocol: 'UDP' },
    ],
  });
  const NETWORK = topology({
    cluster: { serviceCIDR: '10.0.0.0/24' },
    networks: [{ name: 'lan', cidr: '192.168.0.0/24' }],
  });

  it('are those of Docker’s links, and plain ones', () => {
    expect(at('pod/p', NETWORK, REDIS, pod('p')).environment).toEqual({
      HOSTNAME: 'p',
      REDIS_PRIMARY_SERVICE_HOST: '10.0.0.11',
      REDIS_PRIMARY_SERVICE_PORT: '6379',
      REDIS_PRIMARY_SERVICE_PORT_REDIS: '6379',
      REDIS_PRIMARY_SERVICE_PORT_ADMIN_UI: '80',
      REDIS_PRIMARY_PORT: 'tcp://10.0.0.11:6379',
      REDIS_PRIMARY_PORT_6379_TCP: 'tcp://10.0.0.11:6379',
      REDIS_PRIMARY_PORT_6379_TCP_PROTO: 'tcp',
      REDIS_PRIMARY_PORT_6379_TCP_PORT: '6379',
      REDIS_PRIMARY_PORT_6379_TCP_ADDR: '10.0.0.11',
      REDIS_PRIMARY_PORT_80_UDP: 'udp://10.0.0.11:80',
      REDIS_PRIMARY_PORT_80_UDP_PROTO: 'udp',
      REDIS_PRIMARY_PORT_80_UDP_PORT: '80',
      REDIS_PRIMARY_PORT_80_UDP_ADDR: '10.0.0.11',
    });
  });

  const hosts = (...documents: string[]) =>
    Object.keys(at('pod/p', ...documents).environment).filter((name) => name.endsWith('_SERVICE_HOST'));

  it('are none of younger Services, of other namespaces, of headless ones, or when they are not wanted', () => {
    expect(hosts(pod('p'), service('web'))).toEqual([]);
    expect(hosts(service('web', {}, { namespace: 'prod' }), pod('p'))).toEqual([]);
    expect(hosts(service('web', { clusterIP: 'None' }), pod('p'))).toEqual([]);
    expect(hosts(service('web'), pod('p', spec({ enableServiceLinks: false })))).toEqual([]);
    expect(hosts(service('web'), pod('p'))).toEqual(['WEB_SERVICE_HOST']);
  });

  it('are always those of the API server', () => {
    expect(hosts(pod('p', spec({ enableServiceLinks: false })), service('kubernetes'))).toEqual([
      'KUBERNETES_SERVICE_HOST',
    ]);
  });

  it('go by creationTimestamp, where a cluster has set it', () => {
    const at = (creationTimestamp: string) => ({ metadata: { creationTimestamp } });
    const dumped = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { name: 'web', creationTimestamp: '2024-01-01T00:00:00Z' },
      spec: { ports: [{ port: 80 }] },
    });
    expect(hosts(pod('p', at('2024-01-02T00:00:00Z')), dumped)).toEqual(['WEB_SERVICE_HOST']);
    expect(hosts(dumped, pod('p', at('2023-01-02T00:00:00Z')))).toEqual([]);
  });
});
