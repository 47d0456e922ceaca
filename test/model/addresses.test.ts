/** Addresses of machines and pods: recognisable ones are allocated, given ones kept, impossible ones refused. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addressesOf } from '../../src/model/cluster.ts';
import { cidrsOverlap } from '../../src/net/address.ts';
import { yaml } from '../parse/yaml-text.ts';
import { clusterOf, error, errors, nodeOf, podOf } from './cluster.ts';
import { node, pod, stream, topology, workload } from './objects.ts';

const named = (...names: readonly string[]) => names.map((name) => ({ name }));

describe('machines are numbered as the documents draw them:', () => {
  const cluster = clusterOf(
    stream(
      topology({
        networks: [
          { name: 'lan', cidr: '10.0.0.0/24' },
          { name: 'dmz', cidr: '10.0.1.0/24' },
        ],
        nodes: named('node1', 'node2', 'node3'),
        hosts: [{ name: 'client' }, { name: 'other' }, { name: 'outside', network: 'dmz' }],
        routers: [{ name: 'gw', networks: ['lan', 'dmz'] }],
      }),
    ),
  );

  it('nodes from .11 on', () => {
    expect(cluster.nodes.map(({ address }) => address)).toEqual(['10.0.0.11', '10.0.0.12', '10.0.0.13']);
  });

  it('hosts from .100 on, on their own network', () => {
    expect(cluster.hosts.map(({ address }) => address)).toEqual(['10.0.0.100', '10.0.0.101', '10.0.1.100']);
  });

  it('routers .1 of each network, the gateway of both', () => {
    expect(cluster.routers[0]!.interfaces.map(({ device, address }) => [device, address])).toEqual([
      ['eth0', '10.0.0.1'],
      ['eth1', '10.0.1.1'],
    ]);
    expect(cluster.networks.map(({ gateway, routed }) => [gateway, routed])).toEqual([
      ['10.0.0.1', true],
      ['10.0.1.1', true],
    ]);
  });

  it('two routers of one network share the numbers from .1 on', () => {
    const { routers } = clusterOf(
      stream(
        topology({
          routers: [
            { name: 'a', networks: ['lan'] },
            { name: 'b', networks: ['lan'] },
          ],
        }),
      ),
    );
    expect(routers.map(({ interfaces }) => interfaces[0]!.address)).toEqual(['10.0.0.1', '10.0.0.2']);
  });

  it('a network without a router has a gateway address that nobody owns', () => {
    const { networks } = clusterOf(stream(topology()));
    expect(networks).toMatchObject([{ name: 'lan', gateway: '10.0.0.1', routed: false }]);
  });

  it('places and namespaces are called after kind and name', () => {
    expect([...cluster.nodes, ...cluster.hosts, ...cluster.routers].map(({ place, netns }) => [place, netns])).toEqual([
      ['node/node1', 'node.node1'],
      ['node/node2', 'node.node2'],
      ['node/node3', 'node.node3'],
      ['host/client', 'host.client'],
      ['host/other', 'host.other'],
      ['host/outside', 'host.outside'],
      ['router/gw', 'router.gw'],
    ]);
  });
});

describe('a given address', () => {
  it('is kept, and never given to another', () => {
    const cluster = clusterOf(
      stream(
        topology({
          nodes: [...named('node1', 'node2'), { name: 'node3', address: '10.0.0.12' }],
          hosts: [{ name: 'client', address: '10.0.0.11' }],
          routers: [{ name: 'gw', networks: ['lan'], addresses: ['10.0.0.254'] }],
        }),
      ),
    );
    expect(cluster.nodes.map(({ address }) => address)).toEqual(['10.0.0.13', '10.0.0.14', '10.0.0.12']);
    expect(cluster.hosts[0]!.address).toBe('10.0.0.11');
    expect(cluster.routers[0]!.interfaces[0]!.address).toBe('10.0.0.254');
    expect(cluster.networks[0]!.gateway).toBe('10.0.0.254');
  });

  it('of a machine with several comes first', () => {
    const { nodes } = clusterOf(
      stream(topology({ nodes: [{ name: 'node1', address: '10.0.0.5', addresses: ['10.0.0.6', '10.0.0.7'] }] })),
    );
    expect(nodes[0]!.address).toBe('10.0.0.5');
    expect(addressesOf(nodes[0]!)).toEqual(['10.0.0.5', '10.0.0.6', '10.0.0.7']);
  });

  it('may be the first of a list of further ones', () => {
    const { hosts } = clusterOf(stream(topology({ hosts: [{ name: 'client', addresses: ['10.0.0.6', '10.0.0.7'] }] })));
    expect(hosts[0]!.address).toBe('10.0.0.6');
    expect(addressesOf(hosts[0]!)).toEqual(['10.0.0.6', '10.0.0.7']);
  });

  it.each([
    ['outside its network', 'address: 10.0.1.5', 'address-outside', '10.0.1.5 is not in network lan, 10.0.0.0/24'],
    ['of the other family', 'address: "fd00::5"', 'address-outside', 'fd00::5 is not in network lan, 10.0.0.0/24'],
    [
      'that is the network number',
      'address: 10.0.0.0',
      'address-reserved',
      '10.0.0.0 is the network number or broadcast address of network lan',
    ],
    [
      'that is the broadcast address',
      'addresses: [10.0.0.255]',
      'address-reserved',
      '10.0.0.255 is the network number or broadcast address of network lan',
    ],
    ['of another machine', 'address: 10.0.0.20', 'address-taken', '10.0.0.20 is taken by node/node1'],
    ['of a router', 'address: 10.0.0.1', 'address-taken', '10.0.0.1 is taken by router/gw'],
  ])('%s is refused at its machine', (_, address, code, message) => {
    const text = yaml`
      apiVersion: packetwalk.dev/v1alpha1
      kind: Topology
      spec:
        nodes: [{ name: node1, address: 10.0.0.20 }]
        routers: [{ name: gw, networks: [lan] }]
        hosts:
          - name: client
            ${address}
    `;
    expect(error(text)).toMatchObject({ code, message, at: { line: 7, column: 7 } });
  });

  it('that a machine names twice is refused', () => {
    expect(errors(stream(topology({ nodes: [{ name: 'a', address: '10.0.0.5', addresses: ['10.0.0.5'] }] })))).toEqual([
      expect.stringMatching(/^1:\d+ address-taken$/),
    ]);
  });

  it('of a router that is on none of its networks is refused', () => {
    const text = stream(topology({ routers: [{ name: 'gw', networks: ['lan'], addresses: ['10.9.0.1'] }] }));
    expect(error(text)).toMatchObject({
      code: 'address-outside',
      message: '10.9.0.1 is on none of the networks of router/gw',
      at: { line: 1 },
    });
  });
});

describe('a network that is full', () => {
  const crowd = (count: number) =>
    stream(
      topology({
        networks: [{ name: 'lan', cidr: '10.0.0.0/29' }],
        nodes: named('node1'),
        hosts: named(...Array.from({ length: count }, (_, index) => `host${index}`)),
      }),
    );

  it('gives out every usable address, wrapping round', () => {
    const { nodes, hosts } = clusterOf(crowd(5));
    const addresses = [...nodes, ...hosts].map(({ address }) => address);
    expect(new Set(addresses)).toEqual(new Set([1, 2, 3, 4, 5, 6].map((last) => `10.0.0.${last}`)));
  });

  it('says so once, at the first machine that gets none', () => {
    expect(error(crowd(9))).toMatchObject({
      code: 'addresses-exhausted',
      message: 'network lan, 10.0.0.0/29, has no address left for host/host5',
      help: 'it has 6 usable addresses, all taken',
      at: { line: 1 },
    });
  });
});

describe('pod subnets', () => {
  const podCIDRs = (text: string) => clusterOf(text).nodes.map(({ podCIDR }) => podCIDR.text);

  it('are cut from the second one on: the first usually belongs to a control plane', () => {
    expect(podCIDRs(stream(topology({ nodes: named('node1', 'node2') })))).toEqual(['10.244.1.0/24', '10.244.2.0/24']);
  });

  it('use the first one last', () => {
    const cluster = { podCIDR: '10.244.0.0/22' };
    expect(podCIDRs(stream(topology({ cluster, nodes: named('a', 'b', 'c', 'd') })))).toEqual([
      '10.244.1.0/24',
      '10.244.2.0/24',
      '10.244.3.0/24',
      '10.244.0.0/24',
    ]);
  });

  it('have the asked size, or are the whole range when that is smaller', () => {
    const cluster = { podCIDR: '10.244.0.0/16', nodeCIDRMaskSize: 26 };
    expect(podCIDRs(stream(topology({ cluster, nodes: named('a', 'b') })))).toEqual([
      '10.244.0.64/26',
      '10.244.0.128/26',
    ]);
    expect(podCIDRs(stream(topology({ cluster: { podCIDR: '10.244.7.0/28' }, nodes: named('a') })))).toEqual([
      '10.244.7.0/28',
    ]);
  });

  it('that are given are kept, and not cut for another node', () => {
    const nodes = [...named('a'), { name: 'b', podCIDR: '10.244.1.0/24' }, { name: 'c', podCIDR: '10.244.2.128/25' }];
    expect(podCIDRs(stream(topology({ nodes })))).toEqual(['10.244.3.0/24', '10.244.1.0/24', '10.244.2.128/25']);
  });

  it('never overlap, whatever is given', () => {
    const index = fc.option(fc.nat(15), { nil: undefined });
    fc.assert(
      fc.property(fc.uniqueArray(index, { selector: (value) => value ?? {}, maxLength: 16 }), (given) => {
        const nodes = given.map((third, at) => ({
          name: `node${at}`,
          ...(third !== undefined && { podCIDR: `10.244.${third}.0/24` }),
        }));
        const text = stream(
          topology({ cluster: { podCIDR: '10.244.0.0/20' }, nodes: [...nodes, { name: 'last' }].slice(0, 16) }),
        );
        const subnets = clusterOf(text).nodes.map(({ podCIDR }) => podCIDR);
        for (const [at, subnet] of subnets.entries()) {
          expect(subnets.slice(0, at).filter((other) => cidrsOverlap(other, subnet))).toEqual([]);
        }
      }),
      { numRuns: 50 },
    );
  });

  it('that are given twice, or outside the range, are refused at their node', () => {
    const text = yaml`
      apiVersion: packetwalk.dev/v1alpha1
      kind: Topology
      spec:
        nodes:
          - { name: a, podCIDR: 10.244.4.0/23 }
          - { name: b, podCIDR: 10.244.5.0/24 }
          - { name: c, podCIDR: 10.42.0.0/24 }
    `;
    expect(errors(text)).toEqual(['6:7 overlapping-ranges', '7:7 address-outside']);
  });

  it('run out with the range, said once', () => {
    const cluster = { podCIDR: '10.244.0.0/23' };
    expect(error(stream(topology({ cluster, nodes: named('a', 'b', 'c', 'd') })))).toMatchObject({
      code: 'subnets-exhausted',
      message: 'spec.cluster.podCIDR, 10.244.0.0/23, has no /24 left for node/c',
      at: { line: 1 },
    });
  });
});

describe('pods', () => {
  it('are numbered from .2 on in the order they are declared, node by node: the bridge has .1', () => {
    const cluster = clusterOf(
      stream(topology(), pod('a', { node: 'node1' }), pod('b', { node: 'node2' }), pod('c', { node: 'node1' })),
    );
    expect(cluster.pods.map(({ place, address }) => [place, address])).toEqual([
      ['pod/a', '10.244.1.2'],
      ['pod/b', '10.244.2.2'],
      ['pod/c', '10.244.1.3'],
    ]);
  });

  it('keep a given address, which is not given to another', () => {
    const cluster = clusterOf(
      stream(
        topology({ nodes: named('node1') }),
        pod('a'),
        pod('b', { status: { podIP: '10.244.1.2' } }),
        pod('c', { status: { podIP: '10.244.1.9' } }),
        pod('d'),
      ),
    );
    expect(cluster.pods.map(({ address }) => address)).toEqual([
      '10.244.1.3',
      '10.244.1.2',
      '10.244.1.9',
      '10.244.1.4',
    ]);
  });

  it.each([
    ['outside the subnet of its node', '10.244.2.9', 'address-outside'],
    ["that is the bridge's", '10.244.1.1', 'address-taken'],
    ['that is the network number', '10.244.1.0', 'address-reserved'],
    ['of another pod', '10.244.1.5', 'address-taken'],
  ])('are refused an address %s', (_, podIP, code) => {
    const text = stream(
      topology({ nodes: named('node1', 'node2') }),
      pod('a', { node: 'node1', status: { podIP: '10.244.1.5' } }),
      pod('b', { node: 'node1', status: { podIP } }),
    );
    expect(errors(text)).toEqual([expect.stringMatching(new RegExp(`^5:\\d+ ${code}$`))]);
  });

  it('fill the subnet to the last address', () => {
    const { pods } = clusterOf(stream(topology({ nodes: named('node1') }), workload('crowd', { replicas: 253 })));
    expect(pods.at(-1)!.address).toBe('10.244.1.254');
    expect(new Set(pods.map(({ address }) => address)).size).toBe(253);
  });

  it('that are more than the addresses of their node are refused, said once', () => {
    expect(error(stream(topology({ nodes: named('node1') }), workload('crowd', { replicas: 260 })))).toMatchObject({
      code: 'addresses-exhausted',
      message: 'the pod subnet of node/node1, 10.244.1.0/24, has no address left for pod/crowd-253',
      at: { line: 3 },
    });
  });

  it('keep their IPv4 address when an IPv6 one comes first', () => {
    const status = { podIP: 'fd00::7', podIPs: [{ ip: 'fd00::7' }, { ip: '10.244.1.7' }] };
    const cluster = clusterOf(stream(topology({ nodes: named('node1') }), pod('a', { node: 'node1', status })));
    expect(podOf(cluster, 'a').address).toBe('10.244.1.7');
  });

  it('have a namespace the file system takes, whatever the length of their name', () => {
    const name = `${'p'.repeat(60)}.`.repeat(4).slice(0, 243);
    const cluster = clusterOf(stream(topology({ nodes: named('node1') }), pod(name, { namespace: 'n'.repeat(63) })));
    expect(cluster.pods[0]!.netns.length).toBe(255);
  });

  it('on the host network have the address and namespace of their node, and take none of its subnet', () => {
    const cluster = clusterOf(
      stream(topology(), pod('a', { node: 'node1', spec: { hostNetwork: true } }), pod('b', { node: 'node1' })),
    );
    expect(podOf(cluster, 'a')).toMatchObject({ address: '10.0.0.11', netns: 'node.node1', hostNetwork: true });
    expect(podOf(cluster, 'b')).toMatchObject({ address: '10.244.1.2', netns: 'pod.default.b', hostNetwork: false });
  });
});

it('a Node object fixes the addresses of its node', () => {
  const cluster = clusterOf(
    stream(
      topology({ nodes: named('a') }),
      node('a', { podCIDR: '10.244.9.0/24' }, { internalIP: '10.0.0.77' }),
      node('b', { podCIDRs: ['fd00::/64', '10.244.8.0/24'] }),
    ),
  );
  expect(nodeOf(cluster, 'a')).toMatchObject({ address: '10.0.0.77', podCIDR: { text: '10.244.9.0/24' } });
  expect(nodeOf(cluster, 'b')).toMatchObject({ address: '10.0.0.11', podCIDR: { text: '10.244.8.0/24' } });
});
