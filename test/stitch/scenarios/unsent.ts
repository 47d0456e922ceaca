/** Packets that did not leave their sender, and packets that wait for a neighbour that does not answer. */
import { arp, icmpError, inVxlan, refused, seen, syn } from '../evidence.ts';
import { A, fromA, fromClient, type Scenario, SYN, there } from './scenario.ts';

export const UNSENT: readonly Scenario[] = [
  {
    name: 'no route at the sender',
    topology: 'nodeport-snat',
    run: { namespace: 'host.client', remote: '10.244.2.2:8080', result: refused('ENETUNREACH') },
    sights: [],
    expected: { outcome: 'no-route', lastSeen: { place: 'host/client', interface: 'socket' } },
    reason: 'host/client has no route to 10.244.2.2',
  },
  {
    name: 'a route that says unreachable',
    topology: 'nodeport-snat',
    run: { namespace: 'host.client', remote: '10.244.2.2:8080', result: refused('EHOSTUNREACH') },
    sights: [],
    expected: { outcome: 'no-route', lastSeen: { place: 'host/client', interface: 'socket' } },
    reason: 'host/client cannot reach 10.244.2.2',
  },
  {
    name: 'a kernel that would not send',
    topology: 'nodeport-snat',
    run: { ...fromClient, result: refused('EPERM') },
    sights: [],
    expected: { outcome: 'dropped', lastSeen: { place: 'host/client', interface: 'socket' } },
    reason: "host/client's own kernel did not send it: EPERM",
  },
  {
    name: 'nothing seen anywhere',
    topology: 'nodeport-snat',
    run: fromClient,
    sights: [],
    expected: { outcome: 'dropped', lastSeen: { place: 'host/client', interface: 'socket' } },
    reason: 'it never left host/client: none of its interfaces saw it',
  },
  {
    name: 'a cable without a carrier: nobody can even be asked, and the kernel tells its own process',
    topology: 'cross-node-vxlan',
    run: { ...fromA, result: refused('EHOSTUNREACH') },
    sights: [seen('pod.default.a/lo', 'in', icmpError('10.244.1.2', '10.244.1.2', [3, 1], syn(A, fromA.remote)))],
    expected: { outcome: 'dropped', lastSeen: { place: 'pod/a', interface: 'socket' } },
    reason: 'it never left pod/a: none of its interfaces saw it',
  },
];

const NODE = '10.0.0.11:40000';
const unreachable = icmpError('10.244.1.1', '10.244.1.2', [3, 1], syn(A, '8.8.8.8:53'));

export const NO_NEIGHBOUR: readonly Scenario[] = [
  {
    name: 'the sender asks for its neighbour in vain, and times out',
    topology: 'nodeport-snat',
    run: { ...fromClient, remote: '10.0.0.99:80' },
    sights: [seen('host.client/eth0', 'out', arp('request', '10.0.0.100', '10.0.0.99'))],
    expected: { outcome: 'no-neighbour', lastSeen: { place: 'host/client', interface: 'socket' } },
    reason: 'host/client asked who has 10.0.0.99, and nobody answered',
  },
  {
    name: 'the sender asks for its neighbour in vain, and is told so',
    topology: 'nodeport-snat',
    run: { ...fromClient, remote: '10.0.0.99:80', result: refused('EHOSTUNREACH') },
    sights: [seen('host.client/eth0', 'out', arp('request', '10.0.0.100', '10.0.0.99'))],
    expected: { outcome: 'no-neighbour', lastSeen: { place: 'host/client', interface: 'socket' } },
    reason: 'host/client asked who has 10.0.0.99, and nobody answered',
  },
  {
    name: 'a node asks for its gateway in vain, and tells the pod',
    topology: 'cross-node-vxlan',
    run: { ...fromA, remote: '8.8.8.8:53', result: refused('EHOSTUNREACH') },
    sights: [
      seen('pod.default.a/eth0', 'out', syn(A, '8.8.8.8:53')),
      seen('node.node1/veth71273818', 'in', syn(A, '8.8.8.8:53')),
      seen('node.node1/cni0', 'in', syn(A, '8.8.8.8:53')),
      seen('node.node1/eth0', 'out', arp('request', '10.0.0.11', '10.0.0.1')),
      seen('node.node1/cni0', 'out', unreachable),
      seen('node.node1/veth71273818', 'out', unreachable),
      seen('pod.default.a/eth0', 'in', unreachable),
    ],
    expected: { outcome: 'no-neighbour', lastSeen: { place: 'node/node1', interface: 'cni0' } },
    reason: 'node/node1 asked who has 10.0.0.1, and nobody answered',
  },
  {
    name: 'a node that sends asks for its gateway in vain, and tells itself',
    topology: 'cross-node-vxlan',
    run: { namespace: 'node.node1', local: NODE, remote: '8.8.8.8:53', result: refused('EHOSTUNREACH') },
    sights: [
      seen('node.node1/eth0', 'out', arp('request', '10.0.0.11', '10.0.0.1')),
      seen('node.node1/lo', 'in', icmpError('10.0.0.11', '10.0.0.11', [3, 1], syn(NODE, '8.8.8.8:53'))),
    ],
    expected: { outcome: 'no-neighbour', lastSeen: { place: 'node/node1', interface: 'socket' } },
    reason: 'node/node1 asked who has 10.0.0.1, and nobody answered',
  },
  {
    name: 'a node asks for its gateway in vain',
    topology: 'cross-node-vxlan',
    run: { ...fromA, remote: '8.8.8.8:53' },
    sights: [
      seen('pod.default.a/eth0', 'out', syn(A, '8.8.8.8:53')),
      seen('node.node1/veth71273818', 'in', syn(A, '8.8.8.8:53')),
      seen('node.node1/cni0', 'in', syn(A, '8.8.8.8:53')),
      seen('node.node1/eth0', 'out', arp('request', '10.0.0.11', '10.0.0.1')),
    ],
    expected: { outcome: 'no-neighbour', lastSeen: { place: 'node/node1', interface: 'cni0' } },
    reason: 'node/node1 asked who has 10.0.0.1, and nobody answered',
  },
  {
    name: 'a node asks for the other end of a tunnel in vain, and nothing ever leaves it',
    topology: 'cross-node-vxlan',
    run: fromA,
    sights: [
      ...there.slice(0, 3),
      seen('node.node1/flannel.1', 'out', SYN),
      seen('node.node1/eth0', 'out', arp('request', '10.0.0.11', '10.0.0.12')),
    ],
    expected: { outcome: 'no-neighbour', lastSeen: { place: 'node/node1', interface: 'flannel.1' } },
    reason: 'node/node1 asked who has 10.0.0.12, and nobody answered',
  },
  {
    name: 'a node asks for the other end of a tunnel in vain',
    topology: 'cross-node-vxlan',
    run: fromA,
    sights: [
      ...there.slice(0, 3),
      seen('node.node1/flannel.1', 'out', SYN),
      seen('node.node1/eth0', 'out', inVxlan('10.0.0.11', '10.0.0.12', SYN)),
      seen('node.node1/eth0', 'out', arp('request', '10.0.0.11', '10.0.0.12')),
    ],
    expected: { outcome: 'no-neighbour', lastSeen: { place: 'node/node1', interface: 'eth0' } },
    reason: 'node/node1 asked who has 10.0.0.12, and nobody answered',
  },
];
