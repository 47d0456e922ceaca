/** From Ingresses to the configuration of nginx: servers, locations and their order, as ingress-nginx makes them. */
import { describe, expect, it } from 'vitest';
import { serversOf } from '../../src/compile/ingress/servers.ts';
import { clusterOf } from '../model/cluster.ts';
import { pod, service, stream, topology } from '../model/objects.ts';
import { namespaceOf, stateOf } from './state.ts';

type Path = readonly [path: string, pathType: string, service: string];

function ingress(
  name: string,
  rules: Readonly<Record<string, readonly Path[]>>,
  rest: object = {},
  annotations: object = {},
): string {
  return JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name, annotations },
    spec: {
      ingressClassName: 'nginx',
      rules: Object.entries(rules).map(([host, paths]) => ({
        ...(host !== '' && { host }),
        http: {
          paths: paths.map(([path, pathType, to]) => ({
            path,
            pathType,
            backend: { service: { name: to, port: { number: 80 } } },
          })),
        },
      })),
      ...rest,
    },
  });
}

const SERVICES = ['a', 'b', 'c'].flatMap((name) => [
  pod(name, { labels: { app: name }, ports: [80], node: 'node1' }),
  service(name),
]);
const NGINX = [
  topology(),
  pod('nginx', {
    node: 'node2',
    spec: { containers: [{ name: 'c', image: 'registry.k8s.io/ingress-nginx/controller:v1' }] },
  }),
  JSON.stringify({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'IngressClass',
    metadata: { name: 'nginx' },
    spec: { controller: 'k8s.io/ingress-nginx' },
  }),
];
const PREFIX = 'nginx.ingress.kubernetes.io/';

function lab(...ingresses: readonly string[]): string {
  return stream(...NGINX, ...ingresses, ...SERVICES);
}

/** Of each server its locations, in order. */
function locations(...ingresses: readonly string[]): Record<string, string[]> {
  const servers = serversOf(clusterOf(lab(...ingresses)).ingressControllers[0]!);
  return Object.fromEntries(
    servers.map(({ host, locations }) => [
      host,
      locations.map(
        ({ path, pathType, backend }) => `${pathType === 'Exact' ? '= ' : ''}${path} ${backend?.name ?? '404'}`,
      ),
    ]),
  );
}

function configuration(...ingresses: readonly string[]): string {
  return namespaceOf(stateOf(lab(...ingresses)), 'pod.default.nginx').nginx!.config;
}

describe('locations', () => {
  it('of a server without Ingresses: one, of nobody', () => {
    expect(locations()).toEqual({ _: ['/ 404'] });
  });

  it('of a prefix are two: itself, and what is below', () => {
    expect(locations(ingress('i', { h: [['/foo', 'Prefix', 'a']] })).h).toEqual([
      '/foo/ default-a-80',
      '= /foo default-a-80',
      '/ 404',
    ]);
  });

  it('stand in the order of their length', () => {
    const paths: Path[] = [
      ['/', 'Prefix', 'a'],
      ['/aaa', 'Exact', 'b'],
      ['/aaa/bbb', 'Exact', 'c'],
    ];
    expect(locations(ingress('i', { h: paths })).h).toEqual([
      '= /aaa/bbb default-c-80',
      '= /aaa default-b-80',
      '/ default-a-80',
    ]);
  });

  it('of an exact path and a prefix: each its own', () => {
    const paths: Path[] = [
      ['/foo', 'Prefix', 'a'],
      ['/foo', 'Exact', 'b'],
    ];
    expect(locations(ingress('i', { h: paths })).h).toEqual(['/foo/ default-a-80', '= /foo default-b-80', '/ 404']);
  });

  it('are taken by the first Ingress that has them', () => {
    const both = [ingress('x', { h: [['/foo', 'Exact', 'a']] }), ingress('w', { h: [['/foo', 'Exact', 'b']] })];
    expect(locations(...both).h).toEqual(['= /foo default-a-80', '/ 404']);
  });

  it('stand once, though prefixes with and without a slash are one', () => {
    const paths: Path[] = [
      ['/foo', 'Prefix', 'a'],
      ['/foo/', 'Prefix', 'b'],
    ];
    expect(locations(ingress('i', { h: paths })).h).toEqual([
      '/foo/ default-a-80',
      '= /foo/ default-b-80',
      '= /foo default-a-80',
      '/ 404',
    ]);
  });
});

describe('a default backend', () => {
  const rest = { defaultBackend: { service: { name: 'c', port: { number: 80 } } } };

  it('without rules takes whatever is left', () => {
    expect(locations(ingress('i', {}, rest))._).toEqual(['/ default-c-80']);
  });

  it('with rules takes what their hosts leave', () => {
    const found = locations(ingress('i', { h: [['/foo', 'Exact', 'a']] }, rest));
    expect(found).toEqual({ _: ['/ 404'], h: ['= /foo default-a-80', '/ default-c-80'] });
  });
});

describe('the configuration', () => {
  it('has the pods as servers, not the ClusterIP', () => {
    expect(configuration(ingress('i', { h: [['/', 'Prefix', 'a']] }))).toMatch(
      /upstream default-a-80 \{\s+server 10\.244\.\d\.\d:80 max_fails=0;\s+\}/,
    );
  });

  it('has one label for a wildcard', () => {
    expect(configuration(ingress('i', { '*.foo.com': [['/', 'Prefix', 'a']] }))).toContain(
      String.raw`server_name "~^(?<subdomain>[\w-]+)\.foo\.com$";`,
    );
  });

  it('makes all paths of a host regular expressions when one is, and rewrites', () => {
    const paths: Path[] = [['/a(/|$)(.*)', 'ImplementationSpecific', 'a']];
    const text = configuration(
      ingress('i', { h: paths }, {}, { [`${PREFIX}rewrite-target`]: '/$2' }),
      ingress('j', { h: [['/b', 'Prefix', 'b']] }),
    );
    expect(text).toContain('location ~* "^/a(/|$)(.*)" {');
    expect(text).toContain('rewrite "(?i)/a(/|$)(.*)" /$2 break;');
    expect(text).toContain('location ~* "^/b" {');
  });

  it('lets no path out of its quotes', () => {
    const paths: Path[] = [['/a"; return 200; \\', 'ImplementationSpecific', 'a']];
    expect(configuration(ingress('i', { h: paths }))).toContain(String.raw`location "/a\"; return 200; \\/" {`);
  });

  it('answers 503 for whom nobody is behind', () => {
    expect(configuration(ingress('i', { h: [['/', 'Prefix', 'nobody']] }))).toMatch(
      /set \$proxy_upstream_name "default-nobody-80";\s+return 503;/,
    );
  });

  it('is in the script that a plan is printed as, and nothing in it ends that', async () => {
    const { formatScript } = await import('../../src/plan/script.ts');
    const { plan } = await import('../../src/plan/index.ts');
    const script = formatScript(plan(stateOf(lab(ingress('i', { h: [['/', 'Prefix', 'a']] })))), 'lab');
    expect(script).toContain('# nginx, which serves Ingresses');
    expect(script).toContain("ip netns exec pod.default.nginx sh -c 'mkdir -p /run/nginx/pod.default.nginx && cat > ");
  });
});

describe('redirects to https', () => {
  const redirected = (rest: object, annotations: object = {}) =>
    configuration(ingress('i', { h: [['/', 'Prefix', 'a']] }, rest, annotations)).includes('return 308 https://');
  const tls = { tls: [{ hosts: ['h'] }] };

  it.each([
    ['where there is TLS', tls, {}, true],
    ['not where there is none', {}, {}, false],
    ['not where it is turned off', tls, { [`${PREFIX}ssl-redirect`]: 'false' }, false],
    ['always where it is forced', {}, { [`${PREFIX}force-ssl-redirect`]: 'true' }, true],
  ])('are made %s', (_, rest, annotations, wanted) => {
    expect(redirected(rest, annotations)).toBe(wanted);
  });
});
