/** Ranges, networks and routes: no two ranges overlap, and every name leads somewhere. */
import { describe, expect, it } from 'vitest';
import { yaml } from '../parse/yaml-text.ts';
import { clusterOf, error, errors, nodeOf } from './cluster.ts';
import { node, pod, service, stream, topology } from './objects.ts';

describe('ranges that overlap are refused where the later one stands:', () => {
  it.each([
    ['two networks', '  networks: [{ name: a, cidr: 10.0.0.0/24 }, { name: b, cidr: 10.0.0.128/25 }]', '4:63'],
    ['pods and Services', '  cluster: { podCIDR: 10.96.0.0/16, serviceCIDR: 10.96.0.0/12 }', '4:50'],
    ['pods and a network', '  cluster: { podCIDR: 10.0.0.0/8 , serviceCIDR: 172.16.0.0/16 }', '4:23'],
    [
      'the second pod range and the second service range',
      '  cluster: { podCIDR: [10.1.0.0/16, "fd00::/48"], serviceCIDR: [10.2.0.0/16, "fd00::/64"] }',
      '4:64',
    ],
  ])('%s', (_, line, where) => {
    expect(errors(`apiVersion: packetwalk.dev/v1alpha1\nkind: Topology\nspec:\n${line}\n`)).toEqual([
      `${where} overlapping-ranges`,
    ]);
  });

  it('the message names both', () => {
    const text = stream(topology({ cluster: { podCIDR: '10.0.0.0/16' } }));
    expect(error(text).message).toBe('spec.cluster.podCIDR, 10.0.0.0/16, overlaps network lan, 10.0.0.0/24');
  });
});

describe('a network', () => {
  it.each([
    ['10.0.0.0/31', 'IPv4 network from /8 to /30'],
    ['10.0.0.0/32', 'IPv4 network from /8 to /30'],
    ['10.0.0.0/7', 'IPv4 network from /8 to /30'],
    ['fd00::/127', 'IPv6 network from /16 to /126'],
    ['fd00::/8', 'IPv6 network from /16 to /126'],
  ])('cannot be %s', (cidr, allowed) => {
    expect(error(stream(topology({ networks: [{ name: 'lan', cidr }] })))).toMatchObject({
      code: 'network-size',
      message: `network lan must be an ${allowed}, not ${cidr}`,
    });
  });
});

describe('names', () => {
  it.each([
    ['nodes', 'nodes: [{ name: a }, { name: a }]', '4:24', 'node/a stands here twice'],
    ['hosts', 'hosts: [{ name: a }, { name: a }]', '4:24', 'host/a stands here twice'],
    [
      'routers',
      'routers: [{ name: a, networks: [lan] }, { name: a, networks: [lan] }]',
      '4:43',
      'router/a stands here twice',
    ],
    [
      'networks',
      'networks: [{ name: a, cidr: 10.0.0.0/24 }, { name: a, cidr: 10.0.1.0/24 }]',
      '4:46',
      'there are two networks named a',
    ],
    [
      'checks',
      'checks: [{ name: a, from: node/node1, to: node/node2 }, { name: a, from: node/node1, to: node/node2 }]',
      '4:67',
      'two checks are named "a"',
    ],
  ])('of %s stand once', (_, line, where, message) => {
    const text = `apiVersion: packetwalk.dev/v1alpha1\nkind: Topology\nspec:\n  ${line}\n`;
    expect(errors(text)).toEqual([`${where} duplicate-name`]);
    expect(error(text).message).toBe(message);
  });

  it('of Node objects stand once', () => {
    expect(error(stream(node('a'), node('a')))).toMatchObject({
      code: 'duplicate-name',
      message: 'there are two Nodes named a',
      at: { line: 3 },
    });
  });

  it('of pods and Services stand once in a namespace', () => {
    const text = stream(pod('a'), pod('a', { namespace: 'b' }), pod('a', { namespace: 'default' }));
    expect(error(text)).toMatchObject({ code: 'duplicate-name', message: 'pod/a stands here twice', at: { line: 5 } });
    const services = stream(service('a'), service('a', {}, { namespace: 'b' }), service('a', {}, { namespace: 'b' }));
    expect(error(services)).toMatchObject({
      code: 'duplicate-name',
      message: 'there are two Services named b/a',
      at: { line: 5 },
    });
  });

  it('a node and a host may share', () => {
    const { nodes, hosts } = clusterOf(stream(topology({ nodes: [{ name: 'a' }], hosts: [{ name: 'a' }] })));
    expect([nodes[0]!.place, hosts[0]!.place]).toEqual(['node/a', 'host/a']);
  });

  it('of networks that do not exist are refused where they stand, with the nearest one', () => {
    const text = yaml`
      apiVersion: packetwalk.dev/v1alpha1
      kind: Topology
      spec:
        networks: [{ name: lan, cidr: 10.0.0.0/24 }, { name: storage, cidr: 10.0.1.0/24 }]
        nodes:
          - { name: a, network: storag }
        routers:
          - name: gw
            networks:
              - lan
              - wan1
              - internet
    `;
    expect(errors(text)).toEqual(['6:7 unknown-network', '11:11 unknown-network', '12:11 unknown-network']);
  });

  it('the nearest network is offered, or all of them', () => {
    const networks = [
      { name: 'lan', cidr: '10.0.0.0/24' },
      { name: 'storage', cidr: '10.0.1.0/24' },
    ];
    const of = (network: string) => error(stream(topology({ networks, nodes: [{ name: 'a', network }] })));
    expect(of('storag')).toMatchObject({ message: 'there is no network storag', help: 'did you mean "storage"?' });
    expect(of('internet').help).toBe('networks here: lan, storage');
  });

  it('a second Topology is refused, with the place of the first', () => {
    expect(error(stream(topology(), topology()))).toMatchObject({
      code: 'duplicate-topology',
      message: 'there is a second Topology; the first stands in lab.yaml:1',
      at: { line: 3 },
    });
  });
});

describe('a router', () => {
  it('cannot have two interfaces on one network', () => {
    expect(errors(stream(topology({ routers: [{ name: 'gw', networks: ['lan', 'lan'] }] })))).toHaveLength(1);
  });

  it('that would is refused where the network is named again', () => {
    const text = yaml`
      apiVersion: packetwalk.dev/v1alpha1
      kind: Topology
      spec:
        routers:
          - name: gw
            networks:
              - lan
              - lan
    `;
    expect(error(text)).toMatchObject({
      code: 'duplicate-network',
      message: 'router/gw joins network lan twice',
      at: { line: 8, column: 11 },
    });
  });
});

describe('a tunnel', () => {
  it('whose device the kernel would not take is refused at its VNI', () => {
    const text = yaml`
      apiVersion: packetwalk.dev/v1alpha1
      kind: Topology
      spec:
        cluster:
          cni:
            mode: vxlan
            vni: 16777215
    `;
    expect(errors(text)).toEqual(['7:12 invalid-value']);
    expect(errors(text, { cni: 'bridge' })).toEqual([]);
  });
});

describe('a route', () => {
  const networks = [
    { name: 'lan', cidr: '10.0.0.0/24' },
    { name: 'dmz', cidr: '10.0.1.0/24' },
  ];
  const routesOf = (routes: readonly object[]) => {
    const spec = {
      networks,
      nodes: [{ name: 'node1' }, { name: 'node2', network: 'dmz' }],
      hosts: [{ name: 'client', routes }],
      routers: [{ name: 'gw', networks: ['dmz', 'lan'] }],
    };
    return clusterOf(stream(topology(spec))).hosts[0]!.routes.map(({ to, via }) => `${to.text} via ${via}`);
  };

  it.each([
    ['a network by an address', '10.96.0.0/12', '10.0.0.11', '10.96.0.0/12 via 10.0.0.11'],
    ['an address by a node', '10.9.9.9', 'node/node1', '10.9.9.9/32 via 10.0.0.11'],
    ['everything by a router, on the network they share', 'default', 'router/gw', '0.0.0.0/0 via 10.0.0.1'],
    ['a network whose host bits are not zero', '10.9.9.9/8', '10.0.0.1', '10.0.0.0/8 via 10.0.0.1'],
  ])('leads to %s', (_, to, via, expected) => {
    expect(routesOf([{ to, via }])).toEqual([expected]);
  });

  it('of a router goes out on whichever of its networks has the next hop', () => {
    const { routers } = clusterOf(
      stream(
        topology({
          networks,
          nodes: [{ name: 'node1', network: 'dmz' }],
          routers: [{ name: 'gw', networks: ['lan', 'dmz'], routes: [{ to: '10.244.0.0/16', via: 'node/node1' }] }],
        }),
      ),
    );
    expect(routers[0]!.routes).toMatchObject([{ via: '10.0.1.11', to: { text: '10.244.0.0/16' } }]);
  });

  it.each([
    ['to: nowhere, via: 10.0.0.1', 'a route leads to a network, an address or "default", not to "nowhere"'],
    ['to: "fd00::/64", via: 10.0.0.1', 'a route to fd00::/64 goes via an IPv6 address, not via 10.0.0.1'],
    ['to: "fd00::/64", via: node/node1', 'node/node1 has no IPv6 address to go via'],
    ['to: 10.0.0.0/33, via: 10.0.0.1', 'a route leads to a network, an address or "default", not to "10.0.0.0/33"'],
    ['to: default, via: node/node7', 'a route goes via an address, node, host or router, not via "node/node7"'],
    ['to: default, via: pod/a', 'a route goes via an address, node, host or router, not via "pod/a"'],
    ['to: default, via: "fd00::1"', 'fd00::1 is not on network lan (10.0.0.0/24)'],
    ['to: default, via: 10.9.9.9', '10.9.9.9 is not on network lan (10.0.0.0/24)'],
  ])('{ %s } is refused where it stands', (route, message) => {
    const text = yaml`
      apiVersion: packetwalk.dev/v1alpha1
      kind: Topology
      spec:
        nodes: [{ name: node1 }]
        hosts:
          - name: client
            routes:
              - { ${route} }
    `;
    expect(error(text)).toMatchObject({ code: 'bad-route', message, at: { line: 8, column: 11 } });
  });

  it('by a misspelt place has the nearest one', () => {
    const text = stream(topology({ nodes: [{ name: 'node1', routes: [{ to: 'default', via: 'node/nod1' }] }] }));
    expect(error(text).help).toBe('did you mean "node/node1"?');
  });

  it('remembers its own line', () => {
    const cluster = clusterOf(yaml`
      apiVersion: packetwalk.dev/v1alpha1
      kind: Topology
      spec:
        nodes:
          - name: node1
            routes:
              - { to: 10.9.0.0/16, via: 10.0.0.1 }
    `);
    expect(nodeOf(cluster, 'node1').routes[0]!.origin).toEqual({ file: 'lab.yaml', line: 7 });
  });
});

describe('a fault', () => {
  it('at a place that does not exist is refused', () => {
    const text = yaml`
      apiVersion: packetwalk.dev/v1alpha1
      kind: Topology
      spec:
        nodes: [{ name: node1 }]
        faults:
          - { fault: no-route, at: node/node2 }
          - { fault: no-fdb, at: node1 }
          - { fault: no-dnat, at: node/node1 }
    `;
    expect(errors(text)).toEqual(['6:30 unknown-place', '7:28 unknown-place']);
  });

  it('keeps its order, place and line', () => {
    const { faults } = clusterOf(
      stream(
        topology({
          nodes: [{ name: 'node1' }],
          faults: [{ fault: 'no-fdb' }, { fault: 'no-route', at: 'node/node1' }],
        }),
      ),
    );
    expect(faults).toEqual([
      { fault: 'no-fdb', origin: { file: 'lab.yaml', line: 1 } },
      { fault: 'no-route', at: 'node/node1', origin: { file: 'lab.yaml', line: 1 } },
    ]);
  });
});
