/** What one Service adds to kube-proxy's table in the situations it tells apart: policies, endpoints here and there, source ranges, affinity. */
import { describe, expect, it } from 'vitest';
import { pod, service, slice, stream, topology } from '../model/objects.ts';
import { namespaceOf, nftablesOf, stateOf } from './state.ts';

const LAB = topology({ cluster: { proxy: { mode: 'nftables' } }, nodes: [{ name: 'node1' }, { name: 'node2' }] });
const web = (name: string, node: string, fields: object = {}) => pod(name, { labels: { app: 'web' }, node, ...fields });

/** `default/web/tcp/` and its endpoints, as printf | sha256sum | base32 gives it. */
const BASE = 'PFISGYVC-default/web/tcp/';
const [SERVICE, LOCAL, EXTERNAL, FIREWALL] = ['service', 'local', 'external', 'firewall'].map(
  (kind) => `${kind}-${BASE}`,
) as [string, string, string, string];
const [A, B] = ['5V4SALOI-default/web/tcp/__10.244.1.2/80', 'OVM4RAAD-default/web/tcp/__10.244.2.2/80'] as const;
const CLUSTER_IP = '10.96.0.100 . tcp . 80';

function onNode1(...documents: readonly string[]) {
  const { chains, sets } = nftablesOf(namespaceOf(stateOf(stream(LAB, ...documents)), 'node.node1'));
  return { chains, sets, own: Object.keys(chains).filter((name) => name.includes('/')) };
}

describe('a ClusterIP', () => {
  it('leads to all endpoints, wherever they are', () => {
    const { chains, sets, own } = onNode1(service('web'), web('a', 'node1'), web('b', 'node2'));
    expect(sets).toMatchObject({
      'cluster-ips': ['10.96.0.100'],
      'service-ips': [`${CLUSTER_IP} : goto ${SERVICE}`],
      'no-endpoint-services': [],
    });
    expect(chains[SERVICE]).toEqual([
      'ip daddr 10.96.0.100 ip saddr != 10.244.0.0/16 jump mark-for-masquerade',
      `numgen random mod 2 vmap { 0 : goto endpoint-${A} , 1 : goto endpoint-${B} }`,
    ]);
    expect(chains[`endpoint-${B}`]).toEqual([
      'ip saddr 10.244.2.2 jump mark-for-masquerade',
      'meta l4proto tcp dnat to 10.244.2.2:80',
    ]);
    expect(own).toEqual([SERVICE, `endpoint-${A}`, `endpoint-${B}`]);
  });

  it('of several ports stands in the set once', () => {
    const ports = [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53 },
    ];
    const { chains, sets } = onNode1(service('web', { ports }), web('a', 'node1'));
    expect(sets['cluster-ips']).toEqual(['10.96.0.100']);
    expect(sets['service-ips']).toEqual([
      expect.stringMatching(/^10\.96\.0\.100 \. udp \. 53 : goto service-\w{8}-default\/web\/udp\/dns$/),
      expect.stringMatching(/^10\.96\.0\.100 \. tcp \. 53 : goto service-\w{8}-default\/web\/tcp\/dns-tcp$/),
    ]);
    expect(Object.values(chains).flat()).toContain('meta l4proto udp dnat to 10.244.1.2:53');
  });
});

describe('internalTrafficPolicy Local', () => {
  const local = service('web', { internalTrafficPolicy: 'Local' });

  it('leads to the endpoints of the node only', () => {
    const { chains, sets, own } = onNode1(local, web('a', 'node1'), web('b', 'node2'));
    expect(sets['service-ips']).toEqual([`${CLUSTER_IP} : goto ${LOCAL}`]);
    expect(chains[LOCAL]).toEqual([
      'ip daddr 10.96.0.100 ip saddr != 10.244.0.0/16 jump mark-for-masquerade',
      `numgen random mod 1 vmap { 0 : goto endpoint-${A} }`,
    ]);
    expect(own).toEqual([LOCAL, `endpoint-${A}`]);
  });

  it('drops where the node has none and another has', () => {
    const { sets, own } = onNode1(local, web('b', 'node2'));
    expect(sets).toMatchObject({
      'cluster-ips': ['10.96.0.100'],
      'service-ips': [],
      'no-endpoint-services': [`${CLUSTER_IP} comment "default/web" : drop`],
    });
    expect(own).toEqual([]);
  });

  it('rejects where nobody has one', () => {
    expect(onNode1(local).sets['no-endpoint-services']).toEqual([
      `${CLUSTER_IP} comment "default/web" : goto reject-chain`,
    ]);
  });
});

describe('externalTrafficPolicy', () => {
  const SHORT_CIRCUITS = [
    `ip saddr 10.244.0.0/16 goto ${SERVICE} comment "short-circuit pod traffic"`,
    'fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"',
    `fib saddr type local goto ${SERVICE} comment "short-circuit local traffic"`,
  ];
  const local = service('web', { type: 'NodePort', externalTrafficPolicy: 'Local' });

  it('Cluster masquerades and uses all endpoints', () => {
    const { chains, sets } = onNode1(service('web', { type: 'NodePort' }), web('b', 'node2'));
    expect(chains[EXTERNAL]).toEqual(['jump mark-for-masquerade', `goto ${SERVICE}`]);
    expect(sets['service-nodeports']).toEqual([`tcp . 30080 : goto ${EXTERNAL}`]);
    expect(sets['no-endpoint-nodeports']).toEqual([]);
  });

  it('Local sends strangers to the endpoints of the node, and the cluster’s own traffic to all', () => {
    const { chains, sets, own } = onNode1(local, web('a', 'node1'), web('b', 'node2'));
    expect(chains[EXTERNAL]).toEqual([...SHORT_CIRCUITS, `goto ${LOCAL}`]);
    expect(chains[SERVICE]).toHaveLength(2);
    expect(chains[LOCAL]).toEqual([`numgen random mod 1 vmap { 0 : goto endpoint-${A} }`]);
    expect(sets['no-endpoint-nodeports']).toEqual([]);
    expect(own.sort()).toEqual([`endpoint-${A}`, `endpoint-${B}`, EXTERNAL, LOCAL, SERVICE].sort());
  });

  it('Local drops strangers where the node has none, and short-circuits the others all the same', () => {
    const { chains, sets, own } = onNode1(local, web('b', 'node2'));
    expect(chains[EXTERNAL]).toEqual(SHORT_CIRCUITS);
    expect(sets).toMatchObject({
      'service-nodeports': [`tcp . 30080 : goto ${EXTERNAL}`],
      'no-endpoint-nodeports': ['tcp . 30080 comment "default/web" : drop'],
    });
    expect(own).not.toContain(LOCAL);
  });

  it('Local without a local detector cannot tell pods from strangers', () => {
    const cluster = { proxy: { mode: 'nftables', detectLocalMode: 'None' } };
    const lab = topology({ cluster, nodes: [{ name: 'node1' }] });
    const { chains } = nftablesOf(namespaceOf(stateOf(stream(lab, local, web('a', 'node1'))), 'node.node1'));
    expect(chains[EXTERNAL]).toEqual([...SHORT_CIRCUITS.slice(1), `goto ${LOCAL}`]);
    expect(chains[SERVICE]).toEqual([`numgen random mod 1 vmap { 0 : goto endpoint-${A} }`]);
  });
});

const BALANCER = { status: { loadBalancer: { ingress: [{ ip: '10.0.0.60' }, { ip: '10.0.0.61' }] } } };

describe('without any endpoint', () => {
  it('every address of a Service rejects, and none is translated; source ranges are looked at all the same', () => {
    const all = service(
      'web',
      { type: 'LoadBalancer', externalIPs: ['10.0.0.50'], loadBalancerSourceRanges: ['172.16.0.0/12'] },
      BALANCER,
    );
    const { sets, own } = onNode1(all);
    const refused = (key: string) => `${key} comment "default/web" : goto reject-chain`;
    expect(sets).toMatchObject({
      'service-ips': [],
      'service-nodeports': [],
      'no-endpoint-services': [
        refused(CLUSTER_IP),
        refused('10.0.0.50 . tcp . 80'),
        refused('10.0.0.60 . tcp . 80'),
        refused('10.0.0.61 . tcp . 80'),
      ],
      'no-endpoint-nodeports': [refused('tcp . 30080')],
      'firewall-ips': [`10.0.0.60 . tcp . 80 : goto ${FIREWALL}`, `10.0.0.61 . tcp . 80 : goto ${FIREWALL}`],
    });
    expect(own).toEqual([FIREWALL]);
  });

  it('terminating ones that serve are used, others are none', () => {
    const going = (ready: boolean, serving: boolean) =>
      slice('web', 'web', [{ addresses: ['10.244.1.2'], conditions: { ready, serving, terminating: true } }]);
    const bare = service('web', { selector: undefined });
    expect(onNode1(bare, going(false, true)).chains[SERVICE]?.at(-1)).toBe(
      `numgen random mod 1 vmap { 0 : goto endpoint-${A} }`,
    );
    expect(onNode1(bare, going(false, false)).own).toEqual([]);
  });
});

describe('load balancer source ranges', () => {
  const firewall = (loadBalancerSourceRanges: readonly string[]) =>
    onNode1(service('web', { type: 'LoadBalancer', loadBalancerSourceRanges }, BALANCER), web('a', 'node1'));

  it('drop everybody else, before anything is translated', () => {
    const { chains, sets } = firewall(['172.16.0.0/12', '192.0.2.0/24']);
    expect(chains[FIREWALL]).toEqual(['ip saddr != { 172.16.0.0/12 , 192.0.2.0/24 } drop']);
    expect(sets).toMatchObject({
      'firewall-ips': [`10.0.0.60 . tcp . 80 : goto ${FIREWALL}`, `10.0.0.61 . tcp . 80 : goto ${FIREWALL}`],
      'service-nodeports': [`tcp . 30080 : goto ${EXTERNAL}`],
    });
    expect(sets['service-ips']?.slice(1)).toEqual([
      `10.0.0.60 . tcp . 80 : goto ${EXTERNAL}`,
      `10.0.0.61 . tcp . 80 : goto ${EXTERNAL}`,
    ]);
  });

  it('that have the node in them let the balancer’s own addresses in', () => {
    expect(firewall(['10.0.0.0/24']).chains[FIREWALL]).toEqual([
      'ip saddr != { 10.0.0.0/24 , 10.0.0.60 , 10.0.0.61 } drop',
    ]);
  });

  it('are nothing without an address of a balancer', () => {
    const spec = { type: 'LoadBalancer', loadBalancerSourceRanges: ['172.16.0.0/12'] };
    const { sets, own } = onNode1(service('web', spec), web('a', 'node1'));
    expect(sets['firewall-ips']).toEqual([]);
    expect(own).not.toContain(FIREWALL);
  });
});

describe('session affinity', () => {
  const sticky = service('web', {
    type: 'NodePort',
    externalTrafficPolicy: 'Local',
    sessionAffinity: 'ClientIP',
    sessionAffinityConfig: { clientIP: { timeoutSeconds: 90 } },
  });

  it('looks a client up before it balances, and remembers it at the endpoint', () => {
    const { chains } = onNode1(sticky, web('a', 'node1'), web('b', 'node2'));
    expect(chains[SERVICE]?.slice(1)).toEqual([
      `ip saddr @affinity-${A} goto endpoint-${A}`,
      `ip saddr @affinity-${B} goto endpoint-${B}`,
      `numgen random mod 2 vmap { 0 : goto endpoint-${A} , 1 : goto endpoint-${B} }`,
    ]);
    expect(chains[LOCAL]).toEqual([
      `ip saddr @affinity-${A} goto endpoint-${A}`,
      `numgen random mod 1 vmap { 0 : goto endpoint-${A} }`,
    ]);
    expect(chains[`endpoint-${A}`]).toEqual([
      'ip saddr 10.244.1.2 jump mark-for-masquerade',
      `update @affinity-${A} { ip saddr }`,
      'meta l4proto tcp dnat to 10.244.1.2:80',
    ]);
  });

  it('has a set an endpoint, whose elements the kernel adds and lets go', () => {
    const node = namespaceOf(stateOf(stream(LAB, sticky, web('a', 'node1'), web('b', 'node2'))), 'node.node1');
    const own = node.nft[0]!.sets.filter(({ name }) => name.startsWith('affinity-'));
    expect(own.map(({ name, type, flags, timeout, elements }) => ({ name, type, flags, timeout, elements }))).toEqual(
      [A, B].map((endpoint) => ({
        name: `affinity-${endpoint}`,
        type: 'ipv4_addr',
        flags: 'dynamic,timeout',
        timeout: '90s',
        elements: [],
      })),
    );
  });
});

it('a health check port needs no rule: nothing filters what comes to the node', () => {
  const checked = service(
    'web',
    { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 32000 },
    BALANCER,
  );
  const { chains, sets } = onNode1(checked, web('a', 'node1'));
  expect([...Object.values(chains), ...Object.values(sets)].flat().filter((text) => text.includes('32000'))).toEqual(
    [],
  );
});
