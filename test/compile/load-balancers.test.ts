/** What each kind of load balancer puts into the machines of a lab. */
import { describe, expect, it } from 'vitest';
import { pod, service, stream, topology } from '../model/objects.ts';
import { namespaceOf, rulesOf, stateOf, sysctlsOf } from './state.ts';

const LB = { type: 'LoadBalancer' };
const LOCAL = { ...LB, externalTrafficPolicy: 'Local', selector: { app: 'web' } };
const WEB = pod('web', { labels: { app: 'web' }, node: 'node2', ports: [80] });

function lab(balancer: object, ...documents: readonly string[]) {
  const state = stateOf(
    stream(
      topology({
        networks: [
          { name: 'lan', cidr: '10.0.0.0/24' },
          { name: 'outside', cidr: '10.1.0.0/24' },
        ],
        routers: [{ name: 'gw', networks: ['lan', 'outside'] }],
        nodes: [
          { name: 'node1' },
          { name: 'node2' },
          { name: 'node3', labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } },
        ],
        loadBalancers: [balancer],
      }),
      ...documents,
      WEB,
    ),
  );
  return (name: string) => namespaceOf(state, name);
}

describe('metallb-l2', () => {
  const at = lab(
    { name: 'metallb', kind: 'metallb-l2', addresses: ['10.0.0.240/28'] },
    service('web', LB),
    service('kept', LOCAL),
    service('empty', LB),
  );

  it('has a speaker on every node, each with the same candidates', () => {
    const announcements = [
      { address: '10.0.0.240', nodes: ['node1', 'node2'] },
      { address: '10.0.0.241', nodes: ['node2'] },
      { address: '10.0.0.242', nodes: [] },
    ];
    for (const node of ['node1', 'node2', 'node3'])
      expect(at(`node.${node}`).speaker).toMatchObject({ node, announcements });
    expect(at('router.gw').speaker).toBeUndefined();
  });

  it('lets speakers know of each other, and where they answer', () => {
    expect(at('node.node1').speaker).toMatchObject({
      devices: [{ name: 'eth0', mac: '02:00:0a:00:00:0b' }],
      local: { address: '10.0.0.11', port: 7946 },
      peers: [
        { node: 'node2', at: { address: '10.0.0.12', port: 7946 } },
        { node: 'node3', at: { address: '10.0.0.13', port: 7946 } },
      ],
    });
  });

  it('puts the address on no interface', () => {
    expect(at('node.node1').addresses.filter(({ address }) => address.startsWith('10.0.0.24'))).toEqual([]);
  });
});

describe('metallb-bgp', () => {
  const at = lab(
    { name: 'metallb', kind: 'metallb-bgp', addresses: ['192.0.2.1-192.0.2.9'], myASN: 65001 },
    service('web', LB),
    service('kept', LOCAL),
  );

  it('lets nodes announce what they may, and keep it out of their kernels', () => {
    expect(at('node.node1').bird).toMatchObject({ announces: ['192.0.2.1/32'], blackholes: [], learns: [] });
    expect(at('node.node2').bird).toMatchObject({ announces: ['192.0.2.1/32', '192.0.2.2/32'] });
    expect(at('node.node3').bird).toMatchObject({ announces: [] });
    expect(at('node.node1').bird!.config).toMatch(/local 10\.0\.0\.11 as 65001;\n {2}neighbor 10\.0\.0\.1 as 64501;/);
    expect(at('node.node1').bird!.config).not.toContain('protocol kernel');
  });

  it('lets the router learn every way, and choose one for each connection', () => {
    const { bird } = at('router.gw');
    expect(bird!.learns).toEqual([
      { range: '192.0.2.1/32', from: 'node.node1' },
      { range: '192.0.2.1/32', from: 'node.node2' },
      { range: '192.0.2.2/32', from: 'node.node2' },
    ]);
    expect(bird!.config).toContain('merge paths on;');
    expect(sysctlsOf(at('router.gw'))['net.ipv4.fib_multipath_hash_policy']).toBe('1');
  });
});

describe('klipper', () => {
  const at = lab(
    { name: 'servicelb', kind: 'klipper' },
    service('web', { ...LB, clusterIP: '10.96.0.20', loadBalancerSourceRanges: ['10.1.0.0/24'] }),
    service('kept', { ...LOCAL, ports: [{ port: 81, nodePort: 30081 }] }),
  );
  const inside = (name: string, node: string) => at(`pod.kube-system.svclb-${name}-${node}`);

  it('leads from the pod to the Service, and masquerades', () => {
    const web = inside('web-5887b110', 'node1');
    expect(rulesOf(web, 'nat', 'PREROUTING')).toEqual(['-p tcp --dport 80 -j DNAT --to-destination 10.96.0.20:80']);
    expect(rulesOf(web, 'nat', 'POSTROUTING')).toEqual(['-d 10.96.0.20/32 -p tcp -j MASQUERADE']);
    expect(rulesOf(web, 'filter', 'FORWARD')).toEqual([
      '-s 10.1.0.0/24 -p tcp --dport 80 -j ACCEPT',
      '-d 10.96.0.20/32 -p tcp --dport 80 -j DROP',
    ]);
    expect(sysctlsOf(web)['net.ipv4.ip_forward']).toBe('1');
  });

  it('with policy Local to the NodePort of its node', () => {
    const kept = inside('kept-9ea37670', 'node3');
    expect(rulesOf(kept, 'nat', 'PREROUTING')).toEqual(['-p tcp --dport 81 -j DNAT --to-destination 10.0.0.13:30081']);
    expect(rulesOf(kept, 'filter', 'FORWARD')[0]).toBe('-s 0.0.0.0/0 -p tcp --dport 30081 -j ACCEPT');
  });
});

describe('cloud', () => {
  it('of mode Proxy relays to NodePorts of nodes that are well, and kube-proxy knows nothing of the address', () => {
    const at = lab(
      { name: 'elb', kind: 'cloud', ipMode: 'Proxy', addresses: ['10.0.0.240/28'] },
      service('web', { ...LB, ports: [{ port: 80, nodePort: 30080 }] }),
      service('kept', { ...LOCAL, healthCheckNodePort: 32000, ports: [{ port: 81, nodePort: 30081 }] }),
    );
    const [web, kept] = at('host.elb').relays;
    expect(web).toMatchObject({ program: 'haproxy', serves: 'default/web', address: '10.0.0.240', port: 80 });
    expect(web!.endpoints[0]).toEqual({
      address: '10.0.0.11',
      port: 30080,
      check: { address: '10.0.0.11', port: 30080 },
    });
    expect(kept!.endpoints[1]!.check).toEqual({ address: '10.0.0.12', port: 32000, path: '/healthz' });
    expect(at('host.elb').addresses.map(({ address }) => address)).toContain('10.0.0.240/32');
    expect(JSON.stringify(at('node.node1').iptables)).not.toContain('10.0.0.240');
  });

  it('of mode VIP passes on to nodes, and kube-proxy knows the address', () => {
    const at = lab(
      { name: 'nlb', kind: 'cloud', addresses: ['192.0.2.1-192.0.2.9'] },
      service('web', { ...LB, allocateLoadBalancerNodePorts: false }),
    );
    const { passThroughs, addresses } = at('host.nlb');
    expect(passThroughs).toMatchObject([
      { address: '192.0.2.1', nodes: [{ via: '10.0.0.11' }, { via: '10.0.0.12' }, { via: '10.0.0.13' }] },
    ]);
    expect(passThroughs[0]!.nodes[0]).not.toHaveProperty('check');
    expect(addresses.map(({ address }) => address)).toEqual(['10.0.0.100/24']);
    expect(JSON.stringify(at('node.node1').iptables)).toContain('-d 192.0.2.1 --dport 80');
  });
});

describe('an address that Services share', () => {
  const sharing = { annotations: { 'metallb.io/allow-shared-ip': 'web' } };
  const services = [
    service('web', { ...LB, ports: [{ port: 80, nodePort: 30080 }] }, sharing),
    service('empty', { ...LB, selector: { app: 'nobody' }, ports: [{ port: 81, nodePort: 30081 }] }, sharing),
  ];
  const routed = (kind: string, rest = {}) =>
    lab({ name: 'lb', kind, addresses: ['192.0.2.1-192.0.2.9'], ...rest }, ...services);

  it('is announced by MetalLB where any of them would be', () => {
    const at = lab({ name: 'lb', kind: 'metallb-l2', addresses: ['10.0.0.240/28'] }, ...services);
    expect(at('node.node1').speaker!.announcements).toEqual([{ address: '10.0.0.240', nodes: ['node1', 'node2'] }]);
    expect(routed('metallb-bgp')('node.node1').bird!.announces).toEqual(['192.0.2.1/32']);
  });

  it('is led by a cloud to nodes that are well for any of them', () => {
    const { passThroughs } = routed('cloud')('host.lb');
    expect(passThroughs).toHaveLength(1);
    expect(passThroughs[0]!.nodes.map(({ via, check }) => `${via} ${check?.port}`)).toEqual(
      ['30080', '30081'].flatMap((port) => ['11', '12', '13'].map((host) => `10.0.0.${host} ${port}`)),
    );
  });

  it('stands once on a cloud’s machine, and each of their ports is relayed', () => {
    const { addresses, relays } = routed('cloud', { ipMode: 'Proxy' })('host.lb');
    expect(addresses.map(({ address }) => address)).toEqual(['10.0.0.100/24', '192.0.2.1/32']);
    expect(relays.map(({ port }) => port)).toEqual([80, 81]);
  });
});
