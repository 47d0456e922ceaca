/** Who serves an Ingress, where its Services lead, and which certificates its Secrets hold. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { IngressController } from '../../src/model/ingress/index.ts';
import { clusterOf, errors, modelled } from './cluster.ts';
import { endpointsObject, pod, service, stream, topology } from './objects.ts';

const IMAGE = 'registry.k8s.io/ingress-nginx/controller:v1.15.1';

function controller(args: readonly string[] = [], image = IMAGE): string {
  const containers = [{ name: 'controller', image, args, ports: [{ containerPort: 80 }, { containerPort: 443 }] }];
  return pod('nginx', { namespace: 'ingress-nginx', spec: { containers } });
}

function object(kind: string, metadata: object, spec: object): string {
  return JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind, metadata, spec });
}

const ingressClass = (name: string, fields: { controller?: string; isDefault?: boolean } = {}) =>
  object(
    'IngressClass',
    { name, ...(fields.isDefault && { annotations: { 'ingressclass.kubernetes.io/is-default-class': 'true' } }) },
    { controller: fields.controller ?? 'k8s.io/ingress-nginx' },
  );

const to = (name: string, port: object = { number: 80 }) => ({ service: { name, port } });

function ingress(
  name: string,
  fields: { spec?: object; annotations?: object; backend?: object; path?: object } = {},
): string {
  const path = { path: '/', pathType: 'Prefix', backend: fields.backend ?? to('web'), ...fields.path };
  return object(
    'Ingress',
    { name, annotations: fields.annotations },
    { ingressClassName: 'nginx', rules: [{ host: 'a.b', http: { paths: [path] } }], ...fields.spec },
  );
}

const NGINX = [topology(), controller(), ingressClass('nginx')];

function controllerIn(...documents: readonly string[]): IngressController {
  return clusterOf(stream(...NGINX, ...documents)).ingressControllers[0]!;
}

function endpoints(...documents: readonly string[]): string[] {
  const backend = controllerIn(...documents).ingresses[0]!.rules[0]!.paths[0]!.backend!;
  return backend.endpoints.map(({ address, port }) => `${address}:${port}`);
}

function warnings(...documents: readonly string[]): string[] {
  return modelled(stream(...documents)).diagnostics.map(
    ({ severity, code, message }) => `${severity} ${code}: ${message}`,
  );
}

describe('a controller', () => {
  it.each([
    [IMAGE, true],
    [
      'registry.k8s.io/ingress-nginx/controller:v1.8.1@sha256:e5c4824e7375fcf2a393e1c03c293b69759af37a9ca6abdb91b13d78a93da8bd',
      true,
    ],
    ['registry.k8s.io/ingress-nginx/controller-chroot:v1.8.1', true],
    ['registry.aliyuncs.com/google_containers/nginx-ingress-controller:v1.1.1', true],
    ['nginx:1.25', false],
    ['nginx/nginx-ingress:3.0', false],
    ['example.com/ingress-nginx/controller-tools', false],
  ])('is a pod with the image %s: %s', (image, isOne) => {
    const { ingressControllers } = clusterOf(stream(topology(), controller([], image)));
    expect(ingressControllers).toHaveLength(isOne ? 1 : 0);
  });

  it('has ports that no endpoint of ours answers', () => {
    const places = clusterOf(stream(...NGINX)).listeners.map(({ place }) => place);
    expect(places).not.toContain('pod/ingress-nginx/nginx');
  });

  it('listens where its flags say', () => {
    const { ingressControllers } = clusterOf(
      stream(topology(), controller(['--http-port=8080', '--https-port', '8443'])),
    );
    expect(ingressControllers[0]!.pod.ingressController).toMatchObject({ httpPort: 8080, httpsPort: 8443 });
  });
});

describe('an Ingress is served', () => {
  const withoutClass = { ingressClassName: undefined };
  const old = { 'kubernetes.io/ingress.class': 'nginx' };
  it.each([
    ['by the controller of its class', [controller(), ingressClass('nginx'), ingress('a')]],
    [
      'by the default class',
      [controller(), ingressClass('x', { isDefault: true }), ingress('a', { spec: withoutClass })],
    ],
    ['by its annotation', [controller(), ingress('a', { spec: withoutClass, annotations: old })]],
    [
      'without a class by who takes those',
      [controller(['--watch-ingress-without-class=true']), ingress('a', { spec: withoutClass })],
    ],
    [
      'by a controller of another name',
      [controller(['--controller-class=a.b/c']), ingressClass('nginx', { controller: 'a.b/c' }), ingress('a')],
    ],
  ])('%s', (_, documents) => {
    const { ingressControllers } = clusterOf(stream(topology(), ...documents));
    expect(ingressControllers[0]!.ingresses.map(({ name }) => name)).toEqual(['a']);
  });

  it.each([
    ['no pod here is an Ingress controller', [ingressClass('nginx'), ingress('a')]],
    ['there is no IngressClass nginx', [controller(), ingress('a')]],
    ['its class nginx is for a.b/c', [controller(), ingressClass('nginx', { controller: 'a.b/c' }), ingress('a')]],
    ['it has no class', [controller(), ingressClass('nginx'), ingress('a', { spec: withoutClass })]],
    [
      'its annotation kubernetes.io/ingress.class is traefik',
      [controller(), ingress('a', { spec: withoutClass, annotations: { 'kubernetes.io/ingress.class': 'traefik' } })],
    ],
  ])('by nobody: %s', (reason, documents) => {
    expect(warnings(topology(), ...documents)).toEqual([`warning unserved: nobody serves the Ingress a: ${reason}`]);
  });
});

describe('a backend', () => {
  const web = [
    pod('web', { labels: { app: 'web' }, node: 'node1', ports: [8080] }),
    service('web', { ports: [{ name: 'http', port: 80, targetPort: 8080 }] }),
  ];

  it.each([
    ['number', { number: 80 }],
    ['name', { name: 'http' }],
    ['target', { number: 8080 }],
  ])('leads to the pods, by the %s of its port', (_, port) => {
    expect(endpoints(ingress('a', { backend: to('web', port) }), ...web)).toEqual(['10.244.1.3:8080']);
  });

  it('is called as ingress-nginx calls it', () => {
    const [path] = controllerIn(ingress('a'), ...web).ingresses[0]!.rules[0]!.paths;
    expect(path!.backend!.name).toBe('default-web-80');
  });

  it('may be a headless Service', () => {
    const headless = service('web', { clusterIP: 'None', ports: [{ port: 80, targetPort: 8080 }] });
    expect(endpoints(ingress('a'), web[0]!, headless)).toEqual(['10.244.1.3:8080']);
  });

  it('has the endpoints that are given', () => {
    const given = endpointsObject('web', [{ addresses: [{ ip: '10.0.0.11' }], ports: [{ port: 99 }] }]);
    expect(endpoints(ingress('a'), service('web', { selector: undefined }), given)).toEqual(['10.0.0.11:99']);
  });

  it('has no pod that is not ready', () => {
    const unready = pod('web', {
      labels: { app: 'web' },
      status: { conditions: [{ type: 'Ready', status: 'False' }] },
      ports: [80],
    });
    expect(endpoints(ingress('a'), unready, service('web'))).toEqual([]);
  });

  it.each([
    ['an address', '10.0.0.12', ['10.0.0.12:80']],
    ['a Service in another namespace', 'there.other.svc.cluster.local', ['10.96.0.50:80']],
    ['the same, ending with a dot', 'there.other.svc.cluster.local.', ['10.96.0.50:80']],
    ['a host of the topology', 'client', ['10.0.0.100:80']],
    ['a name of a name', 'again.default.svc', ['10.96.0.50:80']],
    ['itself', 'web.default.svc.cluster.local', []],
  ])('of type ExternalName is %s', (_, externalName, wanted) => {
    const named = (name: string, target: string) =>
      service(name, { type: 'ExternalName', externalName: target, ports: undefined, selector: undefined });
    const documents = [
      topology({ hosts: [{ name: 'client' }] }),
      controller(),
      ingressClass('nginx'),
      ingress('a'),
      named('web', externalName),
      named('again', 'there.other.svc.cluster.local'),
      service('there', { clusterIP: '10.96.0.50' }, { namespace: 'other' }),
    ];
    const backend = clusterOf(stream(...documents)).ingressControllers[0]!.ingresses[0]!.rules[0]!.paths[0]!.backend!;
    expect(backend.endpoints.map(({ address, port }) => `${address}:${port}`)).toEqual(wanted);
  });

  it.each([
    ['there is no Service web', 'unknown-service', []],
    ['Service web has no port 80', 'unknown-port', [service('web', { ports: [{ port: 81 }] })]],
    ['Service web has no endpoint that is ready', 'no-endpoints', [service('web')]],
    [
      'nothing here is called nowhere.org, the name behind Service web',
      'no-endpoints',
      [service('web', { type: 'ExternalName', externalName: 'nowhere.org', ports: undefined })],
    ],
  ])('warns: %s', (message, code, documents) => {
    expect(warnings(...NGINX, ingress('a'), ...documents)).toEqual([`warning ${code}: ${message}`]);
    expect(endpoints(ingress('a'), ...documents)).toEqual([]);
  });
});

describe('what ingress-nginx refuses is refused:', () => {
  it.each([
    ['a regular expression as Prefix', { path: { path: '/a(/|$)(.*)' } }],
    [
      'a rewrite target that would be configuration',
      { annotations: { 'nginx.ingress.kubernetes.io/rewrite-target': '/; return 200' } },
    ],
    ['a flag that is none', { annotations: { 'nginx.ingress.kubernetes.io/use-regex': 'yes' } }],
  ])('%s', (_, fields) => {
    expect(errors(stream(...NGINX, ingress('a', fields), service('web')))).toEqual([
      expect.stringMatching(/ invalid-value$/),
    ]);
  });

  it('an Ingress that stands here twice', () => {
    expect(errors(stream(...NGINX, ingress('a'), ingress('a')))).toEqual([expect.stringMatching(/ duplicate-name$/)]);
  });

  it('while an annotation it does not know is ignored', () => {
    const annotations = { 'nginx.ingress.kubernetes.io/limit-rps': '5' };
    expect(warnings(...NGINX, ingress('a', { annotations }), service('web')).join()).toContain('limit-rps is ignored');
  });
});

describe('a certificate', () => {
  /** The topology's own Secrets. */
  const TLS = readFileSync('topologies/ingress-tls.yaml', 'utf8');
  const all = clusterOf(TLS).ingressControllers[0]!.ingresses;
  const of = (name: string) => all.find((each) => each.name === name)!.tls[0]!.certificate;

  it('is read from data and from stringData, with its names', () => {
    expect(of('one')).toMatchObject({ names: ['one.example.com'] });
    expect(of('wild')).toMatchObject({ names: ['*.wild.example.com'] });
  });

  it('that is none is shown at its line, and is none', () => {
    const { diagnostics } = modelled(TLS);
    expect(diagnostics).toMatchObject([
      { severity: 'warning', code: 'invalid-certificate', at: { text: expect.stringContaining('not a certificate') } },
    ]);
    expect(of('bad')).toBeUndefined();
  });

  it('has to have its own key', () => {
    const [one, wild] = ['one', 'wild'].map((name) => of(name)!);
    const secret = JSON.stringify({
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's' },
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': one!.chain, 'tls.key': wild!.key },
    });
    const tls = { tls: [{ hosts: ['a.b'], secretName: 's' }] };
    expect(warnings(...NGINX, ingress('a', { spec: tls }), service('web'), secret).join()).toContain(
      'tls.key is not the key of tls.crt',
    );
  });

  it('that nobody has is a warning', () => {
    const tls = { tls: [{ hosts: ['a.b'], secretName: 'gone' }] };
    expect(warnings(...NGINX, ingress('a', { spec: tls }), service('web')).join()).toContain('there is no Secret gone');
  });
});
