/** Which address a Service of type LoadBalancer gets, from whom, and what is refused. */
import { describe, expect, it } from 'vitest';
import type { ModelOptions } from '../../src/model/index.ts';
import { clusterOf, error, errors, modelled, serviceOf } from './cluster.ts';
import { pod, service, stream, topology } from './objects.ts';

const POOL = { name: 'metallb', kind: 'metallb-l2', addresses: ['10.0.0.240-10.0.0.242'] };
const LB = { type: 'LoadBalancer' };
const shared = (key: string) => ({ annotations: { 'metallb.io/allow-shared-ip': key } });
const port = (number: number, protocol = 'TCP') => ({ ports: [{ port: number, protocol }] });

function lab(loadBalancers: readonly object[], ...documents: readonly string[]): string {
  return stream(topology({ nodes: [{ name: 'node1' }, { name: 'node2' }], loadBalancers }), ...documents);
}

/** Of every Service its addresses. */
function given(text: string, options: Partial<ModelOptions> = {}): Record<string, readonly string[]> {
  return Object.fromEntries(clusterOf(text, options).services.map(({ name, ingressIPs }) => [name, ingressIPs]));
}

describe('the pool', () => {
  it('gives the first address that is free, in the order of the Services', () => {
    expect(given(lab([POOL], service('a', LB), service('b', LB), service('c')))).toEqual({
      a: ['10.0.0.240'],
      b: ['10.0.0.241'],
      c: [],
    });
  });

  it('gives nobody what stands in a status, or what another asks for', () => {
    const status = { loadBalancer: { ingress: [{ ip: '10.0.0.241' }] } };
    const asks = { annotations: { 'metallb.io/loadBalancerIPs': '10.0.0.240' } };
    const text = lab([POOL], service('a', LB), service('b', LB, { status }), service('c', LB, asks));
    expect(given(text)).toEqual({ a: ['10.0.0.242'], b: ['10.0.0.241'], c: ['10.0.0.240'] });
    expect(serviceOf(clusterOf(text), 'b').loadBalancer).toBe('metallb');
  });

  it('gives one address of each family', () => {
    const text = stream(
      topology({
        cluster: { podCIDR: ['10.244.0.0/16', 'fd00:10:244::/56'] },
        routers: [{ name: 'gw', networks: ['lan'] }],
        networks: [{ name: 'lan', cidr: ['10.0.0.0/24', 'fd00:10::/64'] }],
        loadBalancers: [{ name: 'metallb', kind: 'metallb-bgp', addresses: ['2001:db8::/120', '192.0.2.1-192.0.2.9'] }],
      }),
      service('a', { ...LB, ipFamilyPolicy: 'PreferDualStack' }),
      service('b', { ...LB, ipFamilies: ['IPv6'] }),
    );
    expect(given(text)).toEqual({ a: ['192.0.2.1', '2001:db8::'], b: ['2001:db8::1'] });
  });

  it('is that of the class a Service names', () => {
    const other = {
      name: 'other',
      kind: 'cloud',
      ipMode: 'Proxy',
      loadBalancerClass: 'x.io/y',
      addresses: ['10.0.0.250/32'],
    };
    const text = lab(
      [POOL, other],
      service('a', { ...LB, loadBalancerClass: 'x.io/y' }),
      service('b', LB),
      service('c', { ...LB, loadBalancerClass: 'nobody' }),
    );
    expect(given(text)).toEqual({ a: ['10.0.0.250'], b: ['10.0.0.240'], c: [] });
  });

  it('that is too small is an error at the Service without an address', () => {
    const small = { ...POOL, addresses: ['10.0.0.240/32'] };
    const text = lab([small], service('a', LB), service('b', LB));
    expect(errors(text)).toEqual(['5:56 addresses-exhausted']);
    expect(error(text).help).toBe('add addresses to load balancer metallb, or let Services share one');
  });
});

describe('an address is shared', () => {
  it('by Services with the same key and different ports', () => {
    const text = lab(
      [POOL],
      service('a', { ...LB, ...port(53, 'UDP') }, shared('dns')),
      service('b', { ...LB, ...port(53) }, shared('dns')),
      service('c', { ...LB, ...port(53) }, shared('dns')),
      service('d', { ...LB, ...port(80) }, shared('web')),
    );
    expect(given(text)).toEqual({ a: ['10.0.0.240'], b: ['10.0.0.240'], c: ['10.0.0.241'], d: ['10.0.0.242'] });
  });

  it('with policy Local only when the same pods are behind it', () => {
    const local = { ...LB, externalTrafficPolicy: 'Local', selector: { app: 'a' } };
    const text = lab(
      [POOL],
      service('a', { ...local, ...port(80) }, shared('web')),
      service('b', { ...local, ...port(81) }, shared('web')),
      service('c', { ...local, ...port(82), selector: { app: 'c' } }, shared('web')),
    );
    expect(given(text)).toEqual({ a: ['10.0.0.240'], b: ['10.0.0.240'], c: ['10.0.0.241'] });
  });

  it('by nobody who asks for it without that', () => {
    const asks = { ...LB, loadBalancerIP: '10.0.0.240' };
    const text = lab([POOL], service('a', asks), service('b', { ...asks, ...port(81) }));
    expect(errors(text)).toEqual(['5:170 address-taken']);
    expect(error(text).message).toBe('10.0.0.240 is that of Service a');
  });
});

describe('klipper', () => {
  const klipper = { name: 'servicelb', kind: 'klipper' };
  const web = pod('web', { labels: { app: 'kept' }, node: 'node2' });

  it('gives the addresses of the nodes, with policy Local of those that have an endpoint', () => {
    const kept = service('kept', { ...LB, externalTrafficPolicy: 'Local', ...port(81) });
    expect(given(lab([klipper], service('a', LB), kept, web))).toEqual({
      a: ['10.0.0.11', '10.0.0.12'],
      kept: ['10.0.0.12'],
    });
  });

  it('has a pod on every node that nobody listens in', () => {
    const { pods, listeners } = clusterOf(lab([klipper], service('a', LB)));
    expect(pods.map(({ place, balances, ports }) => [place, balances, ports[0]?.hostPort])).toEqual([
      ['pod/kube-system/svclb-a-71273818-node1', 'default/a', 80],
      ['pod/kube-system/svclb-a-71273818-node2', 'default/a', 80],
    ]);
    expect(listeners).toEqual([]);
  });

  it('lets the later of two Services with one port wait', () => {
    const text = lab([klipper], service('a', LB), service('b', LB));
    expect(given(text)).toMatchObject({ b: [] });
    expect(clusterOf(text).pods).toHaveLength(2);
  });
});

describe('a load balancer is refused', () => {
  const cases: [why: string, balancers: readonly object[], code: string, help?: string][] = [
    [
      'of an unknown kind',
      [{ ...POOL, kind: 'metallb' }],
      'invalid-value',
      'allowed: cloud, metallb-l2, metallb-bgp, klipper',
    ],
    ['with options of another kind', [{ ...POOL, myASN: 1 }], 'unknown-field'],
    ['without addresses', [{ name: 'a', kind: 'metallb-l2' }], 'missing-field'],
    ['with none in its list', [{ ...POOL, addresses: [] }], 'invalid-value'],
    ['with addresses that are none', [{ ...POOL, addresses: ['10.0.0.1'] }], 'invalid-value'],
    [
      'with a name that is another’s',
      [POOL, { ...POOL, loadBalancerClass: 'x', addresses: ['10.0.0.9/32'] }],
      'duplicate-name',
    ],
    [
      'that would serve the Services of another',
      [POOL, { ...POOL, name: 'b', addresses: ['10.0.0.9/32'] }],
      'two-load-balancers',
      'give each its own loadBalancerClass, and name it in the Services',
    ],
    ['with addresses of another', [POOL, { ...POOL, name: 'b', loadBalancerClass: 'x' }], 'overlapping-ranges'],
    ['of a kind that is there already', [POOL, { ...POOL, name: 'b', loadBalancerClass: 'x' }], 'two-of-a-kind'],
    [
      'of layer 2 with addresses of no network',
      [{ ...POOL, addresses: ['192.0.2.0/28'] }],
      'address-outside',
      'choose unused addresses of lan 10.0.0.0/24, or metallb-bgp',
    ],
    ['with the address of a node', [{ ...POOL, addresses: ['10.0.0.8/29'] }], 'address-taken'],
    ['with addresses of another family', [{ ...POOL, addresses: ['fd00::/120'] }], 'wrong-family'],
    ['of BGP without a router', [{ ...POOL, kind: 'metallb-bgp', addresses: ['192.0.2.0/28'] }], 'no-router'],
    ['of a cloud that routes to a network’s own addresses', [{ ...POOL, kind: 'cloud' }], 'address-inside'],
    [
      'of a cloud on an unknown network',
      [{ ...POOL, kind: 'cloud', network: 'wan', ipMode: 'Proxy' }],
      'unknown-network',
    ],
  ];
  it.each(cases)('%s', (_, balancers, code, help) => {
    const found = modelled(lab(balancers)).diagnostics.filter(({ severity }) => severity === 'error');
    expect(found.map((each) => each.code)).toContain(code);
    if (help !== undefined) expect(found.map((each) => each.help ?? '').join()).toContain(help);
  });

  it('of layer 2 with IPv6 addresses', () => {
    const text = stream(
      topology({
        networks: [{ name: 'lan', cidr: 'fd00:10::/64' }],
        cluster: { podCIDR: 'fd00:10:244::/56' },
        loadBalancers: [{ ...POOL, addresses: ['fd00:10::240/124'] }],
      }),
    );
    expect(error(text).code).toBe('no-ipv6');
  });

  it('with addresses of pods or Services', () => {
    expect(errors(lab([{ ...POOL, kind: 'cloud', addresses: ['10.244.9.0/28'] }])).join()).toContain('overlapping');
  });

  it('of BGP beside BIRD of Calico', () => {
    const text = stream(
      topology({
        routers: [{ name: 'gw', networks: ['lan'] }],
        networks: [{ name: 'lan', cidr: '10.0.0.0/24' }],
        loadBalancers: [{ name: 'metallb', kind: 'metallb-bgp', addresses: ['192.0.2.0/28'] }],
      }),
    );
    expect(error(text, { cni: 'calico-bgp' }).code).toBe('two-speakers');
  });

  it('an address that is not its own', () => {
    const text = lab([POOL], service('a', { ...LB, loadBalancerIP: '10.9.9.9' }));
    expect(error(text)).toMatchObject({ code: 'address-outside', help: 'ask for one of these, or for none' });
  });
});
