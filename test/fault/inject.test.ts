/** Injecting faults: idle where there is nothing to break, in order, and without touching the state it was given. */
import { describe, expect, it } from 'vitest';
import type { KernelState } from '../../src/compile/index.ts';
import { injectFault, injectFaults } from '../../src/fault/index.ts';
import type { FaultName } from '../../src/model/cluster.ts';
import type { ModelOptions } from '../../src/model/index.ts';
import { FAULT_NAMES } from '../../src/parse/schema/topology.ts';
import { prepare } from '../../src/pipeline.ts';
import { stateOf, stateOfFile } from '../compile/state.ts';
import { pod, policy, service, stream, topology } from '../model/objects.ts';
import { difference, isOfChange } from './script.ts';

const FULL = stream(
  topology({
    networks: [{ name: 'lan', cidr: ['10.0.0.0/24', 'fd00:10::/64'] }],
    cluster: { proxy: { ipvs: { strictARP: true } } },
    loadBalancers: [{ name: 'metallb', kind: 'metallb-l2', addresses: ['10.0.0.240/28'] }],
    nodes: [{ name: 'node1' }, { name: 'node2' }],
    hosts: [{ name: 'client', docker: { containers: [{ name: 'web', publish: ['80:80'] }] } }],
    routers: [{ name: 'gw', networks: ['lan'], routerAdvertisements: true }],
  }),
  pod('a', {
    labels: { app: 'web' },
    node: 'node1',
    spec: { containers: [{ name: 'app', ports: [{ containerPort: 80, hostPort: 8000 }] }] },
  }),
  pod('b', { labels: { app: 'web' }, node: 'node2' }),
  service('web', { sessionAffinity: 'ClientIP' }),
  service('empty'),
  policy('p', { ingress: [{}] }),
);

/** What has something to break for every fault; some break what one mode alone has. */
const MODES: Partial<Record<FaultName, Partial<ModelOptions>>> = {
  'no-vip': { proxy: 'ipvs' },
  'no-strict-arp': { proxy: 'ipvs' },
  'ipvs-conn-reuse': { proxy: 'ipvs' },
  'no-flanneld': { cni: 'udp' },
  'no-bird': { cni: 'calico-bgp' },
  'no-dns': { dns: true },
};

const INGRESS = stream(
  topology({ nodes: [{ name: 'node1' }] }),
  pod('nginx', { spec: { containers: [{ name: 'nginx', image: 'registry.k8s.io/ingress-nginx/controller' }] } }),
);

function full(fault: FaultName): KernelState {
  if (fault === 'stale-cni0') return stateOfFile('topologies/cni-plugins.yaml');
  if (fault === 'no-ingress-controller') return stateOf(INGRESS);
  return stateOf(FULL, MODES[fault]);
}

/** A lab with as little as there can be: one node, no pods, no Services, plain wiring. */
const BARE = stream(
  topology({
    cluster: { cni: { mode: 'bridge', ipMasq: false, routes: 'none' }, proxy: { mode: 'none' } },
    nodes: [{ name: 'node1' }],
  }),
);

describe('a fault', () => {
  const idle = [
    'no-masquerade',
    'double-nat',
    'stale-fdb',
    'wrong-vtep-mac',
    'vxlan-port-taken',
    'no-dnat',
    'no-port-mapping',
    'no-docker-proxy',
    'no-route-localnet',
    'no-vip',
    'no-strict-arp',
    'no-service-filter',
    'out-of-window',
    'no-invalid-drop',
    'no-policy',
    'stale-policy',
    'stateless-policy',
    'no-statistic',
    'no-affinity',
    'no-accept-ra',
    'ipvs-conn-reuse',
    'no-dns',
    'no-route',
    'no-fdb',
    'no-flanneld',
    'no-bird',
    'no-speaker',
    'stale-cni0',
    'no-ingress-controller',
    'no-hairpin',
    'loopback-drop',
  ];

  it.each(FAULT_NAMES.filter((fault) => !isOfChange(fault)))(
    '%s is idle where there is nothing to break, and only there',
    (fault) => {
      expect(injectFault(stateOf(BARE), { fault }).changed).toBe(!idle.includes(fault));
      expect(injectFault(full(fault), { fault }).changed).toBe(true);
    },
  );

  it.each(FAULT_NAMES.filter((fault) => !isOfChange(fault)))('%s leaves the state it is given as it was', (fault) => {
    const state = deepFreeze(full(fault));
    const before = JSON.stringify(state);
    const after = injectFault(state, { fault }).state;
    expect(JSON.stringify(state)).toBe(before);
    expect(after).not.toBe(state);
    const untouched = state.namespaces.filter((namespace, index) => namespace === after.namespaces[index]);
    expect(untouched.length).toBeGreaterThan(0);
  });

  it.each([
    'no-route',
    'no-fdb',
    'no-flanneld',
    'no-bird',
    'no-ingress-controller',
    'no-default-route',
    'source-dest-check',
    'no-dnat',
    'no-vip',
    'no-hairpin',
    'no-masquerade',
    'double-nat',
    'vxlan-port-taken',
    'no-redirects',
    'bad-checksums',
    'insert-failed',
    'no-statistic',
    'no-accept-ra',
    'out-of-window',
    'no-invalid-drop',
  ] as const)('%s has nothing left to break the second time', (fault) => {
    const once = injectFault(full(fault), { fault }).state;
    expect(injectFault(once, { fault })).toEqual({ state: once, changed: false });
  });
});

describe('several faults', () => {
  it('are injected one after the other', () => {
    const state = stateOf(FULL);
    const both = injectFaults(state, [{ fault: 'no-fdb' }, { fault: 'no-hairpin', at: 'node/node1' }]);
    expect(both.idle).toEqual([]);
    const { gone, come } = difference(state, both.state);
    expect(gone.map((line) => line.split(' ').slice(0, 4).join(' '))).toEqual([
      'bridge -n node.node1 link',
      'bridge -n node.node1 fdb',
      'bridge -n node.node2 fdb',
    ]);
    expect(come).toEqual([]);
  });

  it('edit the far ends of several cables in one switch', () => {
    const state = stateOf(FULL);
    const { state: broken } = injectFaults(state, [
      { fault: 'link-down', at: 'node/node1' },
      { fault: 'link-down', at: 'host/client' },
    ]);
    expect(difference(state, broken).gone).toEqual([
      'ip -n network.lan link set node1 up',
      'ip -n network.lan link set client up',
    ]);
  });

  it('tell which of them had nothing to break', () => {
    const { idle } = injectFaults(stateOf(BARE), [{ fault: 'no-fdb' }, { fault: 'rp-filter' }, { fault: 'no-route' }]);
    expect(idle).toEqual(['no-fdb', 'no-route']);
  });

  it('that are none leave the state', () => {
    const state = stateOf(FULL);
    expect(injectFaults(state, [])).toEqual({ state, idle: [] });
    expect(injectFaults(state, []).state).toBe(state);
  });
});

describe('in the pipeline', () => {
  const prepared = (spec: object, faults: readonly (typeof FAULT_NAMES)[number][] = []) =>
    prepare([{ name: 'lab.yaml', text: stream(topology(spec)) }], { name: 'lab', namespace: 'default', faults });

  it('a fault of the topology that is idle is an error', () => {
    const { prepared: none, diagnostics } = prepared({ nodes: [{ name: 'node1' }], faults: [{ fault: 'no-fdb' }] });
    expect(none).toBeUndefined();
    expect(diagnostics.map(({ severity, code }) => [severity, code])).toEqual([['error', 'idle-fault']]);
  });

  it('a fault from outside that is idle is not', () => {
    const { prepared: lab, diagnostics } = prepared({ nodes: [{ name: 'node1' }] }, ['no-fdb']);
    expect(diagnostics).toEqual([]);
    expect(lab!.faults).toEqual(['no-fdb']);
  });

  it('those of the topology come first', () => {
    const spec = { faults: [{ fault: 'no-route', at: 'node/node1' }] };
    const { prepared: lab } = prepared(spec, ['no-fdb']);
    expect(lab!.faults).toEqual(['no-route', 'no-fdb']);
    expect(lab!.state.namespaces.flatMap(({ fdb }) => fdb)).toEqual([]);
    const routes = (name: string) => lab!.state.namespaces.find((namespace) => namespace.name === name)!.routes.length;
    expect([routes('node.node1'), routes('node.node2')]).toEqual([1, 2]);
  });
});

function deepFreeze(state: KernelState): KernelState {
  const freeze = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return;
    Object.freeze(value);
    for (const inner of Object.values(value)) freeze(inner);
  };
  freeze(state);
  return state;
}
