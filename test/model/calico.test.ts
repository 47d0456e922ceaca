/** What Calico's options ask of the nodes there are. */
import { describe, expect, it } from 'vitest';
import { clusterOf, error, errors } from './cluster.ts';
import { stream, topology } from './objects.ts';

const NODES = [{ name: 'node1' }, { name: 'node2' }];
const lab = (cluster: object) => stream(topology({ nodes: NODES, cluster }));
const DUAL = { podCIDR: ['10.244.0.0/16', 'fd00:10:244::/112'], nodeCIDRMaskSizeIPv6: 120 };
const NETWORKS = [{ name: 'lan', cidr: ['192.168.50.0/24', 'fd00:50::/64'] }];
const dual = (cni: object) => stream(topology({ networks: NETWORKS, nodes: NODES, cluster: { ...DUAL, cni } }));

describe("Calico's options", () => {
  it.each([
    [
      'a block larger than the pod subnet of a node',
      lab({ cni: { mode: 'calico-vxlan', blockSize: 23 } }),
      'a block of /23 does not fit into the pod subnet of node/node1, 10.244.1.0/24',
      'choose a blockSize of 24 or more, or a smaller nodeCIDRMaskSize',
    ],
    [
      'such a block of IPv6',
      dual({ mode: 'calico-bgp', blockSizeIPv6: 119 }),
      'a block of /119 does not fit into the pod subnet of node/node1, fd00:10:244::100/120',
      'choose a blockSizeIPv6 of 120 or more, or a smaller nodeCIDRMaskSizeIPv6',
    ],
    [
      'a route reflector that is no node',
      lab({ cni: { mode: 'calico-bgp', routeReflectors: ['node1', 'nod2'] } }),
      'there is no node nod2 to be a route reflector',
      'did you mean "node2"?',
    ],
    [
      'one that is like none',
      lab({ cni: { mode: 'calico-bgp', routeReflectors: ['reflector'] } }),
      'there is no node reflector to be a route reflector',
      'nodes here: node1, node2',
    ],
  ])('are refused with %s', (_, text, message, help) => {
    expect(error(text)).toMatchObject({ message, help, at: { file: 'lab.yaml' } });
  });

  it('may have a block that is as large as the pod subnet', () => {
    expect(clusterOf(lab({ cni: { mode: 'calico-vxlan', blockSize: 24 } })).cni).toMatchObject({ blockSize: 24 });
    expect(errors(dual({ mode: 'calico-bgp', blockSizeIPv6: 120 }))).toEqual([]);
  });
});
