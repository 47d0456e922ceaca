/** Modes of clouds: a router for every network, and a route table with so many entries. */
import { describe, expect, it } from 'vitest';
import { clusterOf, error, errors } from './cluster.ts';
import { node, stream, topology } from './objects.ts';

const LAN = { name: 'lan', cidr: '10.0.0.0/24' };
const DMZ = { name: 'dmz', cidr: '10.0.1.0/24' };

function routersOf(spec: object, mode = 'aws-vpc') {
  const { routers, networks } = clusterOf(stream(topology({ cluster: { cni: { mode } }, ...spec })));
  return {
    routers: routers.map(({ place, interfaces }) => [
      place,
      ...interfaces.map(({ device, network, address }) => `${device} ${network.name} ${address}`),
    ]),
    routed: networks.map(({ routed }) => routed),
  };
}

describe('router/vpc', () => {
  it.each(['aws-vpc', 'gce', 'ali-vpc'])('is there in mode %s, on every network', (mode) => {
    expect(routersOf({ networks: [LAN, DMZ] }, mode)).toEqual({
      routers: [['router/vpc', 'eth0 lan 10.0.0.1', 'eth1 dmz 10.0.1.1']],
      routed: [true, true],
    });
  });

  it('joins the networks that have no other router', () => {
    const gw = { name: 'gw', networks: ['dmz'] };
    expect(routersOf({ networks: [LAN, DMZ], routers: [gw] }).routers).toEqual([
      ['router/gw', 'eth0 dmz 10.0.1.1'],
      ['router/vpc', 'eth0 lan 10.0.0.1'],
    ]);
  });

  it('is not there when all have one, nor in other modes', () => {
    const gw = { name: 'gw', networks: ['lan'] };
    expect(routersOf({ routers: [gw] }).routers).toEqual([['router/gw', 'eth0 lan 10.0.0.1']]);
    expect(routersOf({}, 'host-gw')).toEqual({ routers: [], routed: [false] });
  });

  it('is there without a Topology when the mode is asked for', () => {
    expect(clusterOf(stream(node('node1')), { cni: 'gce' }).routers.map(({ place }) => place)).toEqual(['router/vpc']);
  });

  it('has its address before a node has it', () => {
    const text = stream(topology({ cluster: { cni: { mode: 'gce' } } }), node('n', {}, { internalIP: '10.0.0.1' }));
    expect(error(text).message).toBe('10.0.0.1 is taken by router/vpc');
  });
});

describe('the route table', () => {
  const nodes = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `node${index + 1}` }));
  const cloud = (cni: object, count: number) => stream(topology({ cluster: { cni }, nodes: nodes(count) }));

  it.each([
    ['aws-vpc', 50],
    ['gce', 100],
    ['ali-vpc', 50],
  ])('of %s has %i entries, and no more', (mode, quota) => {
    expect(clusterOf(cloud({ mode }, quota)).nodes).toHaveLength(quota);
    expect(error(cloud({ mode }, quota + 1))).toMatchObject({
      code: 'route-table-full',
      message: `the route table of the cloud's network has no entry left for node/node${quota + 1}: in mode ${mode} it has ${quota}, one a node`,
      help: expect.stringContaining('routeQuota'),
    });
  });

  it('has as many as it is given', () => {
    expect(clusterOf(cloud({ mode: 'aws-vpc', routeQuota: 60 }, 60)).nodes).toHaveLength(60);
    const text = cloud({ mode: 'gce', routeQuota: 1 }, 3);
    expect(errors(text)).toEqual([`1:${text.indexOf('{"name":"node2"}') + 1} route-table-full`]);
  });

  it('is of no importance in other modes', () => {
    expect(clusterOf(cloud({ mode: 'vxlan' }, 101)).nodes).toHaveLength(101);
  });
});
