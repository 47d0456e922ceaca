/** Machines with several interfaces: a list of them, or the short form for one. */
import { describe, expect, it } from 'vitest';
import { bare, linkOf, namespaceOf, stateOf } from '../compile/state.ts';
import { clusterOf, error, nodeOf } from './cluster.ts';
import { stream, topology } from './objects.ts';

const NETWORKS = [
  { name: 'lan', cidr: '10.0.0.0/24' },
  { name: 'storage', cidr: '10.1.0.0/24', mtu: 9000 },
];
const lab = (spec: object) => stream(topology({ networks: NETWORKS, ...spec }));
const TWO = [{ network: 'lan' }, { network: 'storage', address: '10.1.0.5', addresses: ['10.1.0.6'], mtu: 1400 }];

describe('a machine with several interfaces', () => {
  const text = lab({ nodes: [{ name: 'node1', interfaces: TWO }], hosts: [{ name: 'client' }] });

  it('has eth0, eth1, … in their order, each with the addresses and the MTU of its network or its own', () => {
    const { interfaces, address } = nodeOf(clusterOf(text), 'node1');
    expect(address).toBe('10.0.0.11');
    expect(interfaces).toMatchObject([
      { device: 'eth0', network: { name: 'lan' }, addresses: ['10.0.0.11'], mtu: 1500 },
      {
        device: 'eth1',
        network: { name: 'storage' },
        address: '10.1.0.5',
        addresses: ['10.1.0.5', '10.1.0.6'],
        mtu: 1400,
      },
    ]);
  });

  it('is plugged into both networks, with the MTU at both ends of the cable', () => {
    const state = stateOf(text);
    expect(linkOf(namespaceOf(state, 'node.node1'), 'eth1')).toMatchObject({
      mtu: 1400,
      peer: { namespace: 'network.storage' },
    });
    expect(linkOf(namespaceOf(state, 'network.storage'), 'node1')).toMatchObject({ mtu: 1400, master: 'br0' });
    expect(linkOf(namespaceOf(state, 'network.storage'), 'br0').mtu).toBe(9000);
  });

  it('has its default route by the first one, and static routes by the one they lead to', () => {
    const nodes = [{ name: 'node1', interfaces: TWO, routes: [{ to: '10.9.0.0/16', via: '10.1.0.9' }] }];
    const { routes } = namespaceOf(stateOf(lab({ nodes })), 'node.node1');
    expect(bare(routes)).toEqual(
      expect.arrayContaining([
        { to: '10.9.0.0/16', via: '10.1.0.9', device: 'eth1', onlink: false },
        { to: 'default', via: '10.0.0.1', device: 'eth0', onlink: false },
      ]),
    );
  });

  it('may be a router, which takes the first address of each unless it is given another', () => {
    const interfaces = [{ network: 'lan' }, { network: 'storage', address: '10.1.0.254', mtu: 1500 }];
    const { routers, networks } = clusterOf(lab({ routers: [{ name: 'gw', interfaces }] }));
    expect(routers[0]!.interfaces).toMatchObject([{ address: '10.0.0.1' }, { address: '10.1.0.254', mtu: 1500 }]);
    expect(networks.map(({ gateway }) => gateway)).toEqual(['10.0.0.1', '10.1.0.254']);
  });

  it('is a next hop by the one on the same network', () => {
    const hosts = [{ name: 'client', network: 'storage', routes: [{ to: '10.96.0.0/12', via: 'node/node1' }] }];
    expect(clusterOf(lab({ nodes: [{ name: 'node1', interfaces: TWO }], hosts })).hosts[0]!.routes).toMatchObject([
      { via: '10.1.0.5' },
    ]);
  });
});

describe('interfaces are refused', () => {
  it.each([
    [
      'with the short form beside them',
      { nodes: [{ name: 'node1', network: 'lan', interfaces: TWO }] },
      'conflicting-fields',
    ],
    [
      'with the short form beside those of a router',
      { routers: [{ name: 'gw', networks: ['lan'], interfaces: TWO }] },
      'conflicting-fields',
    ],
    [
      'twice on one network',
      { hosts: [{ name: 'client', interfaces: [{ network: 'lan' }, { network: 'lan' }] }] },
      'duplicate-network',
    ],
    [
      'on a network that is not there',
      { hosts: [{ name: 'client', interfaces: [{ network: 'wan' }] }] },
      'unknown-network',
    ],
    [
      'with an address of another network',
      { hosts: [{ name: 'client', interfaces: [{ network: 'lan', address: '10.1.0.9' }] }] },
      'address-outside',
    ],
    ['when a router has none', { routers: [{ name: 'gw' }] }, 'missing-field'],
  ])('%s', (_, spec, code) => {
    expect(error(lab(spec))).toMatchObject({ code, at: { file: 'lab.yaml' } });
  });
});

describe('flanneld', () => {
  const nodes = ['node1', 'node2'].map((name) => ({ name, interfaces: [{ network: 'lan' }, { network: 'storage' }] }));
  const withIface = (mode: string, iface?: string) =>
    lab({ nodes, cluster: { cni: { mode, ...(iface && { iface }) } } });

  it('stands on the interface it is told, with its MTU', () => {
    const at = namespaceOf(stateOf(withIface('vxlan', 'eth1')), 'node.node1');
    expect(linkOf(at, 'flannel.1')).toMatchObject({ device: 'eth1', local: '10.1.0.11', mtu: 8950 });
    expect(at.fdb).toMatchObject([{ destination: '10.1.0.12' }]);
  });

  it('otherwise on that of the default route', () => {
    const at = namespaceOf(stateOf(withIface('vxlan')), 'node.node1');
    expect(linkOf(at, 'flannel.1')).toMatchObject({ device: 'eth0', local: '10.0.0.11', mtu: 1450 });
  });

  it('in mode host-gw routes by it', () => {
    const { routes } = namespaceOf(stateOf(withIface('host-gw', 'eth1')), 'node.node1');
    expect(routes).toContainEqual(expect.objectContaining({ to: '10.244.2.0/24', via: '10.1.0.12', device: 'eth1' }));
  });

  it('needs it on every node', () => {
    expect(error(withIface('vxlan', 'eth2'))).toMatchObject({
      message: 'node/node1 has no interface eth2',
      help: 'it has eth0 (network lan), eth1 (network storage); flanneld uses the same one on every node',
    });
  });
});
