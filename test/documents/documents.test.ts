/** The manifests printed in the source documents, used as they stand. 001 prints none. */
import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Diagnostic, Diagnostics } from '../../src/diagnostic.ts';
import type { Cluster, Service } from '../../src/model/cluster.ts';
import { model } from '../../src/model/index.ts';
import { parse } from '../../src/parse/index.ts';

const FOLDER = import.meta.dirname;

/** What each document's file holds that is emulated, and what is said about the rest. */
const TABLE: readonly (readonly [file: string, objects: readonly string[], warnings: readonly string[]])[] = [
  ['000-my-service', ['Service my-service'], []],
  ['000-my-nginx-deployment', ['Deployment my-nginx'], []],
  ['000-my-nginx-service', ['Service my-nginx'], []],
  ['000-default-subdomain', ['Service default-subdomain', 'Pod busybox1', 'Pod busybox2'], []],
  ['000-nginx-deployment', ['Deployment nginx-deployment'], []],
  ['000-nginx-nodeport', ['Service nginx-deployment'], []],
  ['000-minimal-ingress', ['Ingress minimal-ingress'], [unserved('minimal-ingress')]],
  ['002-frontend-controller', ['ReplicationController frontend'], []],
  ['002-frontend-service', ['Service frontend'], []],
  ['003-hwa-ingress', ['Ingress hwa-ingress'], [unserved('hwa-ingress')]],
  ['003-host-network', ['Pod nginx'], []],
  ['003-host-port', ['Pod nginx'], []],
  ['004-redis-clusterip', ['Service redis'], []],
  ['004-redis-nodeport', ['Service redis'], []],
  ['004-redis-hostport', ['Pod redis'], []],
  ['004-redis-loadbalancer', ['Service redis'], []],
  ['004-redis-externalname', ['Service redis'], []],
  ['004-redis-endpoints', ['Endpoints redis'], []],
  [
    '004-mysql-endpointslice',
    ['Service mysql', 'EndpointSlice mysql'],
    [
      '004-mysql-endpointslice.yaml:3: endpoint 10.0.0.5 of Service default/mysql belongs to nothing in this topology; connections to it die on the way',
    ],
  ],
  ['004-test-ingress', ['Ingress test'], [unserved('test')]],
  ['004-nginx-externalname', ['Service nginx'], []],
  ['004-test-networkpolicy', ['NetworkPolicy test'], []],
  ['004-ingress-allow-none', ['NetworkPolicy ingress-allow-none'], []],
  ['004-ingress-allow-all', ['NetworkPolicy ingress-allow-all'], []],
];

function unserved(name: string): string {
  return `nobody serves the Ingress ${name}: no pod here is an Ingress controller`;
}

function load(...names: readonly string[]): { objects: string[]; cluster: Cluster; diagnostics: Diagnostic[] } {
  const diagnostics = new Diagnostics();
  const sources = names.map((name) => ({
    name: `${name}.yaml`,
    text: readFileSync(`${FOLDER}/${name}.yaml`, 'utf8'),
  }));
  const manifests = parse(sources, diagnostics);
  const cluster = model(manifests, { name: 'documents', namespace: 'default' }, diagnostics);
  expect(diagnostics.all.filter(({ severity }) => severity === 'error')).toEqual([]);
  const objects = manifests.map(
    ({ kind, object }) => `${kind} ${(object as { metadata?: { name?: string } }).metadata?.name}`,
  );
  return { objects, cluster: cluster!, diagnostics: diagnostics.sorted() };
}

function onlyService({ services }: Cluster): Service {
  expect(services).toHaveLength(1);
  return services[0]!;
}

function endpoints({ ports }: Service): string[] {
  return ports.flatMap((port) => port.endpoints.map(({ address, port: number }) => `${address}:${number}`));
}

it('every file of this folder is in the table', () => {
  const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));
  expect(files.map((file) => basename(file, '.yaml')).sort()).toEqual(TABLE.map(([file]) => file).sort());
});

describe('the manifest loads without an error:', () => {
  it.each(TABLE)('%s', (file, objects, warnings) => {
    const loaded = load(file);
    expect(loaded.objects).toEqual(objects);
    expect(loaded.diagnostics.map(({ severity, message }) => [severity, message])).toEqual(
      warnings.map((message) => ['warning', message]),
    );
  });
});

describe('as the document says:', () => {
  it('000: my-nginx has two pods, and its Service the address of both on port 80', () => {
    const { cluster } = load('000-my-nginx-deployment', '000-my-nginx-service');
    expect(cluster.pods.map(({ place, address }) => [place, address])).toEqual([
      ['pod/my-nginx-0', '10.244.1.2'],
      ['pod/my-nginx-1', '10.244.2.2'],
    ]);
    expect(endpoints(onlyService(cluster))).toEqual(['10.244.1.2:80', '10.244.2.2:80']);
  });

  it('000: my-service has no pod of its label, so no endpoint', () => {
    const service = onlyService(load('000-my-service', '000-my-nginx-deployment').cluster);
    expect(service.ports).toEqual([{ name: '', protocol: 'TCP', port: 80, endpoints: [] }]);
  });

  it('000: a headless Service is a name, nothing for kube-proxy', () => {
    const { cluster } = load('000-default-subdomain');
    expect(cluster.services).toEqual([]);
    expect(cluster.pods.map(({ name }) => name)).toEqual(['busybox1', 'busybox2']);
  });

  it('000: the NodePort is 30001, and the pod behind it needs no containerPort', () => {
    const service = onlyService(load('000-nginx-deployment', '000-nginx-nodeport').cluster);
    expect(service).toMatchObject({
      type: 'NodePort',
      ports: [{ name: 'nginx-service80', port: 80, nodePort: 30001 }],
    });
    expect(endpoints(service)).toEqual(['10.244.1.2:80']);
  });

  it('002: the ReplicationController has one pod, the endpoint of the Service', () => {
    const { cluster } = load('002-frontend-controller', '002-frontend-service');
    expect(cluster.pods.map(({ place, labels }) => [place, labels])).toEqual([
      ['pod/frontend-0', { name: 'frontend' }],
    ]);
    expect(endpoints(onlyService(cluster))).toEqual(['10.244.1.2:80']);
  });

  it("003: a pod on the host network has its node's address and answers on its port", () => {
    const { cluster } = load('003-host-network');
    expect(cluster.pods[0]).toMatchObject({ place: 'pod/nginx', address: '10.0.0.11', netns: 'node.node1' });
    expect(cluster.listeners).toEqual([{ place: 'pod/nginx', netns: 'node.node1', port: 8000, protocol: 'TCP' }]);
  });

  it.each([
    ['002-frontend-controller', { port: 80, hostPort: 80 }],
    ['003-host-port', { port: 80, hostPort: 8000 }],
    ['004-redis-hostport', { port: 6379, hostPort: 6379 }],
  ])('%s: the pod has its hostPort', (file, port) => {
    expect(load(file).cluster.pods[0]!.ports).toMatchObject([port]);
  });

  it.each([
    ['004-redis-clusterip', { type: 'ClusterIP', clusterIP: '10.43.0.1' }],
    ['004-redis-nodeport', { type: 'NodePort', clusterIP: '10.43.0.1', ports: [{ port: 80, nodePort: 31017 }] }],
    [
      '004-redis-loadbalancer',
      { type: 'LoadBalancer', loadBalancerIPs: ['1.1.1.1'], ports: [{ port: 6379, nodePort: 31212 }] },
    ],
  ])('004: %s keeps its addresses and ports, in the service range they imply', (file, expected) => {
    const { cluster } = load(file);
    expect(cluster.serviceCIDR.text).toBe('10.43.0.0/16');
    expect(onlyService(cluster)).toMatchObject(expected);
  });

  it('004: Endpoints count for a Service without selector only', () => {
    expect(endpoints(onlyService(load('004-redis-clusterip', '004-redis-endpoints').cluster))).toEqual([]);
  });

  it('004: a Service without selector leads to the address of its EndpointSlice', () => {
    const service = onlyService(load('004-mysql-endpointslice').cluster);
    expect(service.ports).toMatchObject([{ name: 'tcp', port: 3306 }]);
    expect(endpoints(service)).toEqual(['10.0.0.5:3306']);
  });

  it.each(['004-redis-externalname', '004-nginx-externalname'])('004: %s is a name, nothing for kube-proxy', (file) => {
    expect(load(file).cluster.services).toEqual([]);
  });
});
