/** Clusters of IPv6, and of both families: which addresses everybody has, and what does not go together. */
import { describe, expect, it } from 'vitest';
import { inFamily } from '../../src/model/family.ts';
import { clusterOf, error, nodeOf, podOf, serviceOf } from './cluster.ts';
import { node, pod, service, stream, topology } from './objects.ts';

const DUAL = ['10.244.0.0/16', 'fd00:10:244::/56'];
const LAN = { name: 'lan', cidr: ['10.0.0.0/24', 'fd00:10::/64'] };

function lab(podCIDR: string | readonly string[], spec: object = {}): string {
  return topology({ cluster: { podCIDR }, nodes: [{ name: 'node1' }, { name: 'node2' }], ...spec });
}

describe('a dual-stack cluster', () => {
  const cluster = clusterOf(
    stream(
      lab(DUAL, { hosts: [{ name: 'client' }], routers: [{ name: 'gw', networks: ['lan'] }], networks: [LAN] }),
      pod('a', { node: 'node2' }),
      pod('h', { node: 'node1', spec: { hostNetwork: true } }),
      service('a', { ipFamilyPolicy: 'PreferDualStack' }),
    ),
  );

  it('gives machines an address in each range, alike at sight', () => {
    const { nodes, hosts, routers } = cluster;
    expect([...nodes, ...hosts, ...routers].map(({ addresses }) => addresses)).toEqual([
      ['10.0.0.11', 'fd00:10::11'],
      ['10.0.0.12', 'fd00:10::12'],
      ['10.0.0.100', 'fd00:10::100'],
      ['10.0.0.1', 'fd00:10::1'],
    ]);
  });

  it('gives nodes a subnet of each range, and pods an address in each', () => {
    expect(nodeOf(cluster, 'node2').podCIDRs.map(({ text }) => text)).toEqual(['10.244.2.0/24', 'fd00:10:244:2::/64']);
    expect(podOf(cluster, 'a').addresses).toEqual(['10.244.2.2', 'fd00:10:244:2::2']);
    expect(podOf(cluster, 'h').addresses).toEqual(['10.0.0.11', 'fd00:10::11']);
  });

  it('has Services of both families where they want that, and endpoints of each', () => {
    const text = stream(
      lab(DUAL),
      pod('a', { node: 'node1', labels: { app: 'web' } }),
      service('web', { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] }),
      service('four', { selector: { app: 'web' } }),
      service('six', { selector: { app: 'web' }, ipFamilies: ['IPv6'] }),
    );
    const endpoints = (name: string) => {
      const { clusterIPs, ports } = serviceOf(clusterOf(text), name);
      return [...clusterIPs, ...ports[0]!.endpoints.map(({ address }) => address)];
    };
    expect(endpoints('web')).toEqual(['fd00:10:96::100', '10.96.0.100', '10.244.1.2', 'fd00:10:244:1::2']);
    expect(endpoints('four')).toEqual(['10.96.0.101', '10.244.1.2']);
    expect(endpoints('six')).toEqual(['fd00:10:96::101', 'fd00:10:244:1::2']);
  });

  it('seen in one family has no address of the other', () => {
    for (const [family, other] of [
      [4, 'fd00'],
      [6, '10.'],
    ] as const) {
      const { origin: _, ...seen } = { ...inFamily(cluster, family), origin: undefined };
      expect(JSON.stringify(seen, (_key, value) => (typeof value === 'bigint' ? String(value) : value))).not.toContain(
        `"${other}`,
      );
    }
  });

  it('seen in one family keeps what is the same object the same', () => {
    const { nodes, networks, pods, hosts } = inFamily(cluster, 6);
    expect(pods[0]!.node).toBe(nodes.find(({ name }) => name === pods[0]!.node.name));
    expect(nodes[0]!.interfaces[0].network).toBe(networks[0]);
    expect(hosts[0]!.interfaces[0].network).toBe(networks[0]);
  });
});

describe('a cluster of IPv6 alone', () => {
  const cluster = clusterOf(stream(lab('fd00:10:244::/56'), pod('a', { node: 'node1' }), service('a')));

  it('has nothing else', () => {
    expect(cluster.families).toEqual([6]);
    expect(cluster.networks[0]!.cidrs.map(({ text }) => text)).toEqual(['fd00:10::/64']);
    expect(cluster.nodes[0]!.addresses).toEqual(['fd00:10::11']);
    expect(podOf(cluster, 'a').addresses).toEqual(['fd00:10:244:1::2']);
    expect(serviceOf(cluster, 'a').clusterIPs).toEqual(['fd00:10:96::100']);
  });

  it('is its own view', () => {
    expect(inFamily(cluster, 6)).toBe(cluster);
  });
});

describe('the order of ranges decides', () => {
  it('by which family pods and nodes are called, and which one Services have', () => {
    const ranges = { podCIDR: [...DUAL].reverse(), serviceCIDR: ['10.96.0.0/12', 'fd00:10:96::/112'] };
    const cluster = clusterOf(
      stream(topology({ cluster: ranges, nodes: [{ name: 'node1' }] }), pod('a'), service('a')),
    );
    expect([cluster.nodes[0]!.address, podOf(cluster, 'a').address]).toEqual(['fd00:10::11', 'fd00:10:244:1::2']);
    expect(serviceOf(cluster, 'a').clusterIPs).toEqual(['10.96.0.100']);
  });
});

describe('given addresses', () => {
  it('of each family are kept, the missing one is allocated', () => {
    const status = { podIP: '10.244.1.9', podIPs: [{ ip: '10.244.1.9' }, { ip: 'fd00:10:244:1::9' }] };
    const nodes = [
      { name: 'node1', address: 'fd00:10::5' },
      { name: 'node2', podCIDR: ['fd00:10:244:7::/64'] },
    ];
    const cluster = clusterOf(stream(lab(DUAL, { nodes }), pod('a', { node: 'node1', status })));
    expect(podOf(cluster, 'a').addresses).toEqual(['10.244.1.9', 'fd00:10:244:1::9']);
    expect(cluster.nodes[0]!.addresses).toEqual(['10.0.0.11', 'fd00:10::5']);
    expect(cluster.nodes[1]!.podCIDRs.map(({ text }) => text)).toEqual(['10.244.2.0/24', 'fd00:10:244:7::/64']);
  });

  it('of IPv6 may be the last of a network, and not the first', () => {
    const at = (address: string) => lab('fd00:10:244::/56', { nodes: [{ name: 'node1', address }] });
    expect(clusterOf(stream(at('fd00:10::ffff:ffff:ffff:ffff'))).nodes[0]!.address).toBe(
      'fd00:10::ffff:ffff:ffff:ffff',
    );
    expect(error(stream(at('fd00:10::'))).message).toBe('fd00:10:: is the network number of network lan');
  });
});

describe('a static route', () => {
  it('goes via the address of its family', () => {
    const routes = [
      { to: 'fd00:10:244::/56', via: 'node/node1' },
      { to: '10.244.0.0/16', via: 'node/node1' },
      { to: 'default', via: 'node/node2' },
      { to: '::/0', via: 'node/node2' },
    ];
    const { hosts } = clusterOf(stream(lab(DUAL, { hosts: [{ name: 'client', routes }] })));
    expect(hosts[0]!.routes.map(({ to, via }) => [to.text, via])).toEqual([
      ['fd00:10:244::/56', 'fd00:10::11'],
      ['10.244.0.0/16', '10.0.0.11'],
      ['0.0.0.0/0', '10.0.0.12'],
      ['::/0', 'fd00:10::12'],
    ]);
  });
});

describe('refused is', () => {
  it.each([
    [
      'two ranges of one family',
      lab(['10.244.0.0/16', '10.245.0.0/16']),
      'spec.cluster.podCIDR has several IPv4 ranges',
    ],
    [
      'a network with two ranges of one family',
      lab('fd00:10:244::/56', { networks: [{ name: 'lan', cidr: ['fd00:10::/64', 'fd00:11::/64'] }] }),
      'network lan has several IPv6 ranges',
    ],
    [
      'Services of another family than pods',
      topology({ cluster: { podCIDR: DUAL, serviceCIDR: '10.96.0.0/12' } }),
      'pods have IPv4 and IPv6 addresses, and Services IPv4 ones',
    ],
    [
      'a node without an address of a family',
      lab(DUAL, { networks: [{ name: 'lan', cidr: '10.0.0.0/24' }], nodes: [{ name: 'node1' }] }),
      'pods have IPv6 addresses, and eth0 of node/node1 has none: network lan is 10.0.0.0/24',
    ],
    [
      'a network plugin without IPv6',
      topology({ cluster: { podCIDR: DUAL, cni: { mode: 'ipip' } } }),
      'network plugin ipip has no IPv6, and pods have IPv6 addresses',
    ],
    [
      'kube-proxy without IPv6',
      topology({ cluster: { podCIDR: DUAL, proxy: { mode: 'userspace' } } }),
      'kube-proxy of mode userspace has no IPv6, and pods have IPv6 addresses',
    ],
    [
      'a tunnel whose device for IPv6 has too long a name',
      topology({ cluster: { podCIDR: DUAL, cni: { mode: 'vxlan', vni: 10_000 } } }),
      'VNI 10000 needs a device called flannel-v6.10000, and a device name has at most 15 characters',
    ],
    [
      'an interface between nodes without an address of a family',
      topology({
        cluster: { podCIDR: DUAL, cni: { mode: 'vxlan', iface: 'eth1' } },
        networks: [LAN, { name: 'old', cidr: '10.1.0.0/24' }],
        nodes: [{ name: 'node1', interfaces: [{ network: 'lan' }, { network: 'old' }] }],
      }),
      'node/node1 has no interface eth1 with IPv4 and IPv6 addresses',
    ],
    [
      'a pod subnet outside the range',
      stream(lab(DUAL), node('node3', { podCIDRs: ['fd01::/64'] })),
      expect.stringContaining('fd01::/64'),
    ],
  ])('%s', (_, text, message) => {
    expect(error(stream(text)).message).toEqual(message);
  });

  it('nothing when a mode that the topology is not for replaces its own', () => {
    const text = topology({ cluster: { podCIDR: DUAL }, when: { cni: ['vxlan', 'host-gw'] } });
    expect(clusterOf(stream(text), { cni: 'ipip' }).suitsModes).toBe(false);
  });

  it('more nodes than IPv6 subnets', () => {
    const text = lab(['10.244.0.0/16', 'fd00:10:244::/64']);
    expect(error(stream(text))).toMatchObject({
      message: 'spec.cluster.podCIDR, fd00:10:244::/64, has no /64 left for node/node2',
      help: 'widen podCIDR or raise nodeCIDRMaskSizeIPv6',
    });
  });
});

describe('as the API server has it, a Service is refused', () => {
  const four = lab('10.244.0.0/16');
  const both = lab(DUAL);
  it.each([
    [four, { ipFamilies: ['IPv6'] }, 'spec.ipFamilies[0] IPv6 is not configured on this cluster, which has IPv4'],
    [four, { clusterIP: 'fd00::5' }, 'spec.clusterIP fd00::5: IPv6 is not configured on this cluster, which has IPv4'],
    [
      four,
      { ipFamilyPolicy: 'RequireDualStack' },
      'spec.ipFamilyPolicy is RequireDualStack, and this cluster has only IPv4',
    ],
    [
      both,
      { ipFamilies: ['IPv4', 'IPv6'] },
      'spec.ipFamilyPolicy must be RequireDualStack or PreferDualStack where there are two families or cluster addresses',
    ],
    [
      both,
      { ipFamilies: ['IPv4', 'IPv4'], ipFamilyPolicy: 'PreferDualStack' },
      'spec.ipFamilies may have each family once',
    ],
    [
      both,
      { clusterIP: '10.96.0.5', clusterIPs: ['10.96.0.5', '10.96.0.6'], ipFamilyPolicy: 'PreferDualStack' },
      'spec.clusterIPs may have one address of each family',
    ],
    [
      both,
      { clusterIP: '10.96.0.5', ipFamilies: ['IPv6'] },
      'spec.clusterIP must be an IPv6 address, as ipFamilies has it, not 10.96.0.5',
    ],
    [
      both,
      { clusterIP: '10.96.0.5', clusterIPs: ['10.96.0.6'] },
      'spec.clusterIPs[0] must be clusterIP, 10.96.0.5, not 10.96.0.6',
    ],
    [both, { clusterIP: '10.96.0' }, 'spec.clusterIP must be an IP address or None, not "10.96.0"'],
  ])('%#', (text, spec, message) => {
    expect(error(stream(text, service('web', spec)))).toMatchObject({ message, at: { line: 3 } });
  });

  it('and PreferDualStack on a cluster of one family is that family', () => {
    const { services } = clusterOf(stream(four, service('web', { ipFamilyPolicy: 'PreferDualStack' })));
    expect(services[0]!.clusterIPs).toEqual(['10.96.0.100']);
  });
});

describe('a check', () => {
  const objects = [
    pod('a', { node: 'node1', labels: { app: 'web' }, ports: [80] }),
    service('web', { type: 'NodePort', ipFamilyPolicy: 'PreferDualStack' }),
    service('six', { type: 'NodePort', ipFamilies: ['IPv6'], selector: { app: 'web' } }),
  ];
  const to = (destination: string, check: object = {}) => {
    const spec = { checks: [{ name: 'x', from: 'node/node1', to: destination, ...check }] };
    return stream(lab(DUAL, spec), ...objects);
  };
  const destination = (text: string) => {
    const [check] = clusterOf(text).checks;
    return check!.kind === 'connection' && 'address' in check!.to ? check!.to.address : undefined;
  };

  it.each([
    ['service/web:80', '10.96.0.100', 'fd00:10:96::100'],
    ['nodeport/web:80@node2', '10.0.0.12', 'fd00:10::12'],
    ['nodeport/six:80@node2', 'fd00:10::12', 'fd00:10::12'],
    ['pod/a:80', '10.244.1.2', 'fd00:10:244:1::2'],
    ['node/node2', '10.0.0.12', 'fd00:10::12'],
    ['[fd00::1]:80', 'fd00::1', 'fd00::1'],
    ['fd00::1', 'fd00::1', 'fd00::1'],
  ])('to %s means the primary address, or that of its family', (text, primary, six) => {
    expect(destination(to(text))).toBe(primary);
    expect(destination(to(text, { family: 'IPv6' }))).toBe(six);
  });

  it('expects Services of the same family', () => {
    const rewrites = [{ at: 'node/node1', dnat: 'service/web:80 → pod/a:80' }];
    const [check] = clusterOf(to('service/web:80', { family: 'IPv6', expect: { rewrites } })).checks;
    expect(check).toMatchObject({ expect: { rewrites: [{ from: { address: 'fd00:10:96::100', port: 80 } }] } });
  });

  it('to what has no address of the family is refused', () => {
    expect(error(to('service/six:80', { family: 'IPv4' }))).toMatchObject({
      code: 'unknown-destination',
      message: 'Service six has no IPv4 address, only fd00:10:96::101',
    });
  });
});
