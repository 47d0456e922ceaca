/** Injecting faults: idle where there is nothing to break, in order, and without touching the state it was given. */
import { describe, expect, it } from 'vitest';
import type { KernelState } from '../../src/compile/index.ts';
import { injectFault, injectFaults } from '../../src/fault/index.ts';
import type { FaultName } from '../../src/model/cluster.ts';
import type { ModelOptions } from '../../src/model/index.ts';
import { FAULT_NAMES } from '../../src/parse/schema/topology.ts';
import { prepare } from '../../src/pipeline.ts';
import { stateOf } from '../compile/state.ts';
import { pod, service, stream, topology } from '../model/objects.ts';
import { difference } from './script.ts';

const FULL = stream(
  topology({
    nodes: [{ name: 'node1' }, { name: 'node2' }],
    hosts: [{ name: 'client', docker: { containers: [{ name: 'web', publish: ['80:80'] }] } }],
  }),
  pod('a', {
    labels: { app: 'web' },
    node: 'node1',
    spec: { containers: [{ name: 'app', ports: [{ containerPort: 80, hostPort: 8000 }] }] },
  }),
  pod('b', { labels: { app: 'web' }, node: 'node2' }),
  service('web', { sessionAffinity: 'ClientIP' }),
  service('empty'),
);

/** What has something to break for every fault; some break what one mode alone has. */
const MODES: Partial<Record<FaultName, Partial<ModelOptions>>> = {
  'no-vip': { proxy: 'ipvs' },
  'no-flanneld': { cni: 'udp' },
  'no-bird': { cni: 'calico-bgp' },
  'no-dns': { dns: true },
};

function full(fault: FaultName): KernelState {
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
    'stale-fdb',
    'wrong-vtep-mac',
    'no-dnat',
    'no-port-mapping',
    'no-docker-proxy',
    'no-route-localnet',
    'no-vip',
    'no-service-filter',
    'no-statistic',
    'no-affinity',
    'no-dns',
    'no-route',
    'no-fdb',
    'no-flanneld',
    'no-bird',
    'no-hairpin',
    'loopback-drop',
  ];

  it.each(FAULT_NAMES)('%s is idle where there is nothing to break, and only there', (fault) => {
    expect(injectFault(stateOf(BARE), { fault }).changed).toBe(!idle.includes(fault));
    expect(injectFault(full(fault), { fault }).changed).toBe(true);
  });

  it.each(FAULT_NAMES)('%s leaves the state it is given as it was', (fault) => {
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
    'no-default-route',
    'source-dest-check',
    'no-dnat',
    'no-vip',
    'no-hairpin',
    'no-masquerade',
    'no-statistic',
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
