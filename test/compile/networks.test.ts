/** Networks as switches, machines cabled to them, and their own routes. */
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/index.ts';
import { modelled } from '../model/cluster.ts';
import { pod, stream, topology, workload } from '../model/objects.ts';
import { bare, linkOf, namespaceOf, stateOf, sysctlsOf } from './state.ts';

const PLAIN = { cni: { mode: 'bridge', ipMasq: false, routes: 'none' }, proxy: { mode: 'none' } };

function lab(spec: object, ...documents: readonly string[]) {
  const state = stateOf(stream(topology({ cluster: PLAIN, nodes: [{ name: 'node1' }], ...spec }), ...documents));
  return { state, at: (name: string) => namespaceOf(state, name) };
}

const TWO_NETWORKS = {
  networks: [
    { name: 'lan', cidr: '10.0.0.0/24', mtu: 9000 },
    { name: 'dmz', cidr: '10.0.1.0/28' },
  ],
  hosts: [{ name: 'client', network: 'dmz' }],
  routers: [{ name: 'gw', networks: ['lan', 'dmz'] }],
};

describe('a network', () => {
  it('is a bridge without addresses in a namespace of its own, which looks into no packet', () => {
    const network = lab(TWO_NETWORKS).at('network.lan');
    expect(bare([linkOf(network, 'br0')])).toEqual([
      { kind: 'bridge', name: 'br0', mtu: 9000, mac: '02:02:0a:00:00:01', up: true },
    ]);
    expect(network.addresses).toEqual([]);
    expect(network).not.toHaveProperty('place');
    expect(sysctlsOf(network)['net.bridge.bridge-nf-call-iptables']).toBe('0');
  });

  it('has a port for each machine, called like it', () => {
    const { at } = lab(TWO_NETWORKS);
    const ports = (name: string) =>
      at(name)
        .links.filter(({ master }) => master === 'br0')
        .map((link) => link.name);
    expect(ports('network.lan')).toEqual(['node1', 'gw']);
    expect(ports('network.dmz')).toEqual(['client', 'gw']);
  });

  it('calls ports after kind and name where two machines share a name', () => {
    const { at } = lab({ hosts: [{ name: 'node1' }, { name: 'br0' }] });
    expect(at('network.lan').links.map(({ name }) => name)).toEqual(['br0', 'node-node1', 'host-node1', 'host-br0']);
  });

  it.each([
    ['of any length', { nodes: [{ name: 'a-very-long-name-of-a-node.example.org' }] }],
    ['that is another’s kind and name', { nodes: [{ name: 'a' }], hosts: [{ name: 'a' }, { name: 'host-a' }] }],
    ['that another’s is shortened to', { nodes: [{ name: 'a-long-host-name' }, { name: 'a-long-h-514e61' }] }],
    ['of a device every namespace has', { nodes: [{ name: 'lo' }] }],
    ['of a sysctl folder', { nodes: [{ name: 'all' }], hosts: [{ name: 'default' }] }],
  ])('has ports the kernel accepts beside each other, also for a name %s, or refuses the name', (_, spec) => {
    const { cluster } = modelled(stream(topology({ cluster: PLAIN, ...spec })));
    if (!cluster) return;
    const names = namespaceOf(compile(cluster), 'network.lan').links.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) {
      expect(name.length).toBeLessThanOrEqual(15);
      expect(['lo', 'all', 'default']).not.toContain(name);
    }
  });
});

it('a port is not called like a word of `ip link`, or the beginning of one', () => {
  const { at } = lab({ nodes: [{ name: 'master' }, { name: 'h' }, { name: 'hosts' }] });
  const ports = at('network.lan').links.filter(({ master }) => master === 'br0');
  expect(ports.map(({ name }) => name)).toEqual(['node-master', 'node-h', 'hosts']);
});

describe('a machine', () => {
  it('is at one end of a cable whose other end is the port', () => {
    const { at } = lab(TWO_NETWORKS);
    expect(bare([linkOf(at('node.node1'), 'eth0')])).toEqual([
      {
        kind: 'veth',
        name: 'eth0',
        mtu: 9000,
        mac: '02:00:0a:00:00:0b',
        up: true,
        creates: true,
        peer: { namespace: 'network.lan', name: 'node1' },
      },
    ]);
    expect(bare([linkOf(at('network.lan'), 'node1')])).toEqual([
      {
        kind: 'veth',
        name: 'node1',
        mtu: 9000,
        mac: '02:01:0a:00:00:0b',
        up: true,
        creates: false,
        master: 'br0',
        peer: { namespace: 'node.node1', name: 'eth0' },
      },
    ]);
  });

  it('has all its addresses, with prefix and broadcast of its network', () => {
    const { at } = lab({ hosts: [{ name: 'client', addresses: ['10.0.0.7', '10.0.0.8'] }] });
    expect(bare(at('host.client').addresses)).toEqual([
      { device: 'eth0', address: '10.0.0.7/24', broadcast: '10.0.0.255' },
      { device: 'eth0', address: '10.0.0.8/24', broadcast: '10.0.0.255' },
    ]);
    expect(bare(lab(TWO_NETWORKS).at('host.client').addresses)).toEqual([
      { device: 'eth0', address: '10.0.1.2/28', broadcast: '10.0.1.15' },
    ]);
  });

  it('that is a node has a default route even where no router exists, a host only where one does', () => {
    const routes = (spec: object, name: string) => bare(lab(spec).at(name).routes);
    const byGateway = (via: string) => [{ to: 'default', via, device: 'eth0', onlink: false }];
    expect(routes({ hosts: [{ name: 'client' }] }, 'node.node1')).toEqual(byGateway('10.0.0.1'));
    expect(routes({ hosts: [{ name: 'client' }] }, 'host.client')).toEqual([]);
    expect(routes(TWO_NETWORKS, 'host.client')).toEqual(byGateway('10.0.1.1'));
  });

  it('that has a default route of its own gets no other', () => {
    const nodes = [
      {
        name: 'node1',
        routes: [
          { to: 'default', via: '10.0.0.9' },
          { to: '10.9.0.0/16', via: '10.0.0.8' },
        ],
      },
    ];
    expect(bare(lab({ nodes }).at('node.node1').routes)).toEqual([
      { to: 'default', via: '10.0.0.9', device: 'eth0', onlink: false },
      { to: '10.9.0.0/16', via: '10.0.0.8', device: 'eth0', onlink: false },
    ]);
  });
});

describe('a router', () => {
  it('forwards between its networks, an interface on each', () => {
    const router = lab(TWO_NETWORKS).at('router.gw');
    expect(sysctlsOf(router)).toEqual({ 'net.ipv4.ip_forward': '1' });
    expect(router.links.map(({ name, mtu }) => [name, mtu])).toEqual([
      ['eth0', 9000],
      ['eth1', 1500],
    ]);
    expect(bare(router.addresses)).toEqual([
      { device: 'eth0', address: '10.0.0.1/24', broadcast: '10.0.0.255' },
      { device: 'eth1', address: '10.0.1.1/28', broadcast: '10.0.1.15' },
    ]);
    expect(router.routes).toEqual([]);
  });

  it('routes out of the interface whose network has the next hop', () => {
    const routers = [
      {
        name: 'gw',
        networks: ['lan', 'dmz'],
        routes: [
          { to: '10.244.0.0/16', via: 'node/node1' },
          { to: 'default', via: '10.0.1.9' },
        ],
      },
    ];
    expect(bare(lab({ ...TWO_NETWORKS, routers }).at('router.gw').routes)).toEqual([
      { to: '10.244.0.0/16', via: '10.0.0.11', device: 'eth0', onlink: false },
      { to: 'default', via: '10.0.1.9', device: 'eth1', onlink: false },
    ]);
  });
});

describe('the kernel state', () => {
  const { state } = lab(TWO_NETWORKS, workload('web', { replicas: 3 }), pod('h', { spec: { hostNetwork: true } }));

  it('has its namespaces sorted by name, each place once', () => {
    expect(state.namespaces.map(({ name }) => name)).toEqual([
      'host.client',
      'network.dmz',
      'network.lan',
      'node.node1',
      'pod.default.web-0',
      'pod.default.web-1',
      'pod.default.web-2',
      'router.gw',
    ]);
  });

  it('has both ends of every cable, one of them making it, and no MAC address twice', () => {
    const links = state.namespaces.flatMap(({ name, links: own }) => own.map((link) => ({ ...link, namespace: name })));
    for (const link of links) {
      if (link.kind !== 'veth') continue;
      const peer = links.find(({ namespace, name }) => namespace === link.peer.namespace && name === link.peer.name)!;
      expect(peer).toMatchObject({
        kind: 'veth',
        creates: !link.creates,
        peer: { namespace: link.namespace, name: link.name },
      });
    }
    expect(new Set(links.flatMap((link) => ('mac' in link ? [link.mac] : []))).size).toBe(links.length);
  });

  it('remembers for each object the line behind it', () => {
    const [client] = state.namespaces;
    expect(client!.origin).toEqual({ file: 'lab.yaml', line: 1 });
    expect(namespaceOf(state, 'pod.default.web-0').links[0]!.origin).toEqual({ file: 'lab.yaml', line: 3 });
    expect(namespaceOf(state, 'node.node1').links.find(({ master }) => master === 'cni0')!.origin.line).toBe(3);
  });
});
