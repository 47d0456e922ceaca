/** What a probe is sent to: every way to write it, and why a text is none. */
import { describe, expect, it } from 'vitest';
import type { AddressDestination } from '../../src/model/check.ts';
import { DestinationError, resolveDestination } from '../../src/model/destination.ts';
import { Places } from '../../src/model/place.ts';
import { clusterOf } from './cluster.ts';
import { pod, service, stream, topology } from './objects.ts';

const cluster = clusterOf(
  stream(
    topology({
      networks: [
        { name: 'lan', cidr: '10.0.0.0/24' },
        { name: 'dmz', cidr: '10.0.1.0/24' },
      ],
      nodes: [{ name: 'node1' }, { name: 'node2' }],
      hosts: [{ name: 'client', addresses: ['10.0.0.100', '10.0.0.200'] }],
      routers: [{ name: 'gw', networks: ['dmz', 'lan'] }],
    }),
    pod('a', { node: 'node1' }),
    pod('b', { node: 'node2', namespace: 'prod' }),
    service('web', { type: 'NodePort', clusterIP: '10.96.0.5' }),
    service('web', { clusterIP: '10.96.0.6', ports: [{ port: 8080 }] }, { namespace: 'prod' }),
    service('dns', {
      type: 'LoadBalancer',
      loadBalancerIP: '10.0.0.250',
      clusterIP: '10.96.0.10',
      ports: [
        { name: 'udp', port: 53, protocol: 'UDP' },
        { name: 'tcp', port: 53 },
        { name: 'metrics', port: 9153 },
      ],
    }),
  ),
);

function resolve(text: string, namespace = 'default') {
  return resolveDestination(text, cluster, new Places(cluster, namespace)) as AddressDestination;
}

describe('a destination', () => {
  it.each([
    ['service/web:80', '10.96.0.5', 80, 'TCP'],
    ['service/web', '10.96.0.5', 80, 'TCP'],
    ['service/default/web:80', '10.96.0.5', 80, 'TCP'],
    ['service/prod/web:8080', '10.96.0.6', 8080, 'TCP'],
    ['service/dns:53', '10.96.0.10', 53, 'UDP'],
    ['service/dns:53/TCP', '10.96.0.10', 53, 'TCP'],
    ['service/dns:53/udp', '10.96.0.10', 53, 'UDP'],
    ['service/dns:tcp', '10.96.0.10', 53, 'TCP'],
    ['service/dns:metrics', '10.96.0.10', 9153, 'TCP'],
    ['lb/dns:metrics', '10.0.0.250', 9153, 'TCP'],
    ['lb/dns:53/TCP', '10.0.0.250', 53, 'TCP'],
    ['nodeport/web:80@node1', '10.0.0.11', 30080, 'TCP'],
    ['nodeport/web@node2', '10.0.0.12', 30080, 'TCP'],
    ['nodeport/default/web:80@node2', '10.0.0.12', 30080, 'TCP'],
    ['nodeport/dns:53/TCP@node1', '10.0.0.11', 30053, 'TCP'],
    ['pod/a:8080', '10.244.1.2', 8080, undefined],
    ['pod/prod/b:53/UDP', '10.244.2.2', 53, 'UDP'],
    ['pod/a:80/sctp', '10.244.1.2', 80, 'SCTP'],
    ['node/node2:22', '10.0.0.12', 22, undefined],
    ['host/client:80', '10.0.0.100', 80, undefined],
    ['router/gw:179', '10.0.1.1', 179, undefined],
    ['10.9.9.9:65535', '10.9.9.9', 65535, undefined],
    ['10.9.9.9:53/UDP', '10.9.9.9', 53, 'UDP'],
    ['[10.9.9.9]:80', '10.9.9.9', 80, undefined],
    ['pod/a', '10.244.1.2', undefined, 'ICMP'],
    ['router/gw', '10.0.1.1', undefined, 'ICMP'],
    ['10.9.9.9', '10.9.9.9', undefined, 'ICMP'],
  ])('%s is %s port %s', (text, address, port, protocol) => {
    expect(resolve(text)).toEqual({
      text,
      address,
      ...(port !== undefined && { port }),
      ...(protocol !== undefined && { protocol }),
    });
  });

  it('without a namespace is of the one that is meant', () => {
    expect(resolve('service/web:8080', 'prod').address).toBe('10.96.0.6');
    expect(resolve('pod/b:80', 'prod').address).toBe('10.244.2.2');
    expect(resolve('service/default/web', 'prod').address).toBe('10.96.0.5');
  });
});

describe('no destination is', () => {
  it.each([
    ['service/wbe:80', 'there is no Service wbe with a cluster address', 'Services here: web, prod/web, dns'],
    ['service/we:80', 'there is no Service we with a cluster address', 'did you mean "web"?'],
    ['service/prd/web:80', 'there is no Service prd/web with a cluster address', 'did you mean "prod/web"?'],
    ['service/web:81', 'Service web has no port 81', 'ports: 80/TCP'],
    ['service/web:80/UDP', 'Service web has no port 80/UDP', 'ports: 80/TCP'],
    ['service/dns', 'which port of Service dns?', 'ports: 53/UDP (udp), 53/TCP (tcp), 9153/TCP (metrics)'],
    ['service/prod/web:http', 'Service prod/web has no port http', 'ports: 8080/TCP'],
    [
      'lb/web:80',
      'Service web has no load balancer address',
      'set status.loadBalancer.ingress or spec.loadBalancerIP, or describe who gives it one in spec.loadBalancers',
    ],
    ['nodeport/prod/web@node1', 'port 8080 of Service prod/web has no NodePort', undefined],
    [
      'nodeport/web:80',
      'nodeport/web:80 does not say which node',
      'write nodeport/web:80@NODE; nodes here: node1, node2',
    ],
    ['nodeport/web:80@node3', 'there is no node node3', 'write nodeport/web:80@NODE; nodes here: node1, node2'],
    ['pod/b:80', 'there is no pod/b', 'did you mean "pod/a"?'],
    ['pod/nowhere/nobody:80', 'there is no pod/nowhere/nobody', expect.stringMatching(/^places here: /)],
    ['node/node3', 'there is no node/node3', 'did you mean "node/node1"?'],
    ['deployment/web:80', '"deployment/web" is not a place', expect.stringMatching(/^a place is written /)],
    [
      'web.prod:80',
      '"web.prod" is a name, and this cluster has no DNS',
      expect.stringMatching(/^give it one, with spec.cluster.dns: {}, or write /),
    ],
    ['web', '"web" is not a destination', expect.stringMatching(/^write service/)],
    ['010.0.0.1:80', '"010.0.0.1:80" is not a destination', expect.stringMatching(/^write service/)],
    ['pod/a:0', '0 is not a port', 'ports are 1 to 65535'],
    ['10.9.9.9:70000', '70000 is not a port', 'ports are 1 to 65535'],
    ['pod/a:http', '"pod/a:http" is not a destination', expect.stringMatching(/^write /)],
    ['pod/a:80/ICMP', '"pod/a:80/ICMP" is not a destination', expect.stringMatching(/^write /)],
    ['', '"" is not a destination', expect.stringMatching(/^write /)],
    ['http://web/', 'http://web/ does not say where web leads', expect.stringMatching(/^write http:/)],
    ['http://web/@', '"http://web/@" is not a URL that can be asked for', expect.stringMatching(/^write http:/)],
    ['ftp://web/@node1', '"ftp://web/@node1" is not a destination', expect.anything()],
    [
      'http://a b/@node1',
      '"http://a b/@node1" is not a URL that can be asked for',
      expect.stringMatching(/^write http:/),
    ],
    [
      'http://web:0/@node1',
      '"http://web:0/@node1" is not a URL that can be asked for',
      expect.stringMatching(/^write http:/),
    ],
    [
      'http://web/#top@node1',
      '"http://web/#top@node1" is not a URL that can be asked for',
      expect.stringMatching(/^write http:/),
    ],
    ['http://web/@node3', 'there is no node node3', 'write http://web/@NODE; nodes here: node1, node2'],
    ['http://web/@host/nobody', 'there is no host/nobody', expect.anything()],
    ['http://web/@service/web:81', 'service/web:81 has a port, and so has the URL', expect.anything()],
  ])('"%s": %s', (text, message, help) => {
    let thrown: unknown;
    try {
      resolve(text);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(DestinationError);
    expect((thrown as DestinationError).message).toBe(message);
    expect((thrown as DestinationError).help).toEqual(help);
  });
});

describe('a URL', () => {
  it.each([
    ['http://foo.com@node1', '10.0.0.11', 80, { scheme: 'http', host: 'foo.com', path: '/' }],
    ['http://foo.com/a?b=c@node2', '10.0.0.12', 80, { scheme: 'http', host: 'foo.com', path: '/a?b=c' }],
    ['https://foo.com/@node1', '10.0.0.11', 443, { scheme: 'https', host: 'foo.com', path: '/' }],
    ['http://foo.com:8080/@host/client', '10.0.0.100', 8080, { scheme: 'http', host: 'foo.com:8080', path: '/' }],
    ['https://foo.com/@10.9.9.9', '10.9.9.9', 443, { scheme: 'https', host: 'foo.com', path: '/' }],
    ['http://foo.com/@service/web', '10.96.0.5', 80, { scheme: 'http', host: 'foo.com', path: '/' }],
    ['http://10.0.0.11/a', '10.0.0.11', 80, { scheme: 'http', host: '10.0.0.11', path: '/a' }],
    ['http://[fd00::1]:81/', 'fd00::1', 81, { scheme: 'http', host: '[fd00::1]:81', path: '/' }],
  ])('%s', (text, address, port, http) => {
    expect(resolve(text)).toEqual({ text, address, port, protocol: 'TCP', http });
  });
});

describe('a place', () => {
  const places = new Places(cluster);

  it.each([
    ['pod/a', 'pod/a'],
    ['pod/default/a', 'pod/a'],
    ['pod/prod/b', 'pod/prod/b'],
    ['node/node1', 'node/node1'],
    ['host/client', 'host/client'],
    ['router/gw', 'router/gw'],
  ])('%s is found as %s', (text, place) => {
    expect(places.find(text)?.place).toBe(place);
  });

  it.each(['a', 'pod/', 'pod//a', 'pod/prod/', 'pod/a/b/c', 'node/default/node1', 'node/', 'Pod/a', 'service/web', ''])(
    '"%s" is none',
    (text) => {
      expect(places.find(text)).toBeUndefined();
    },
  );

  it('without its kind is offered with it', () => {
    expect(places.explain('client')).toEqual({
      message: '"client" is not a place',
      help: 'did you mean "host/client"?',
    });
  });

  it('that is none of many has the first twelve named', () => {
    const crowd = clusterOf(
      stream(topology({ hosts: Array.from({ length: 20 }, (_, index) => ({ name: `h${index}` })) })),
    );
    expect(new Places(crowd).explain('router/elsewhere').help).toMatch(
      /^places here: node\/node1, .*, … \(22 in all\)$/,
    );
  });
});

describe('where the cluster has DNS, the sender resolves', () => {
  const named = clusterOf(stream(topology({ cluster: { dns: {} }, nodes: [{ name: 'node1' }] })));
  const found = (text: string) => resolveDestination(text, named, new Places(named, 'default'));

  it('a name', () => {
    expect(found('web.prod:80')).toEqual({ text: 'web.prod:80', name: 'web.prod', port: 80 });
  });

  it('that of a URL, unless it is said where that leads', () => {
    const http = { scheme: 'https', host: 'web.prod', path: '/a' };
    const url = { text: 'https://web.prod/a', port: 443, protocol: 'TCP', http };
    expect(found('https://web.prod/a')).toEqual({ ...url, name: 'web.prod' });
    expect(found('https://web.prod/a@node1')).toEqual({
      ...url,
      text: 'https://web.prod/a@node1',
      address: '10.0.0.11',
    });
    expect(() => found('https://web.prod/a@http://web/')).toThrow('http://web/ is a name, and the URL has one');
  });
});
