/** Packets that were lost on their way there, or circle. */
import { arp, icmpError, question, type Seen, seen, syn, synAck } from '../evidence.ts';
import { acrossNodes } from '../routes.ts';
import { A, B, clientToNode1, errorFromNode1, fromA, fromClient, type Scenario, there, toNode1 } from './scenario.ts';

export const DROPPED: readonly Scenario[] = [
  {
    name: 'in, and never out again',
    topology: 'cross-node-vxlan',
    run: fromA,
    sights: toNode1,
    expected: { outcome: 'dropped', lastSeen: { place: 'node/node1', interface: 'cni0' } },
    reason: 'it came into node/node1 by cni0 and did not leave',
  },
  {
    name: 'in, where there is no route',
    topology: 'vxlan-across-router',
    run: { ...fromA, remote: '8.8.8.8:53' },
    sights: [
      seen('pod.default.a/eth0', 'out', syn(A, '8.8.8.8:53')),
      seen('node.node1/veth71273818', 'in', syn(A, '8.8.8.8:53')),
      seen('node.node1/cni0', 'in', syn(A, '8.8.8.8:53')),
      seen('node.node1/eth0', 'out', syn(A, '8.8.8.8:53')),
      seen('router.gw/eth0', 'in', syn(A, '8.8.8.8:53')),
    ],
    expected: { outcome: 'dropped', lastSeen: { place: 'router/gw', interface: 'eth0' } },
    reason: 'it came into router/gw by eth0 and did not leave: there is no route to 8.8.8.8',
  },
  {
    name: 'in at the node it was for: rules may have dropped it',
    topology: 'nodeport-snat',
    run: fromClient,
    sights: clientToNode1,
    expected: { outcome: 'dropped', lastSeen: { place: 'node/node1', interface: 'eth0' } },
    reason: 'it came into node/node1 by eth0 and did not leave',
  },
  {
    name: 'out, and never in at the machine it was for',
    topology: 'nodeport-snat',
    run: fromClient,
    sights: clientToNode1.slice(0, 1),
    expected: { outcome: 'dropped', lastSeen: { place: 'host/client', interface: 'eth0' } },
    reason: 'it was last seen leaving host/client by eth0, never at node/node1',
  },
  {
    name: 'out, and never in at the other end of the tunnel',
    topology: 'cross-node-vxlan',
    run: fromA,
    sights: there.slice(0, 5),
    expected: { outcome: 'dropped', lastSeen: { place: 'node/node1', interface: 'eth0' } },
    reason: 'it was last seen leaving node/node1 by eth0, never at node/node2',
  },
  {
    name: 'out, for an address nobody owns',
    topology: 'cross-node-vxlan',
    run: { ...fromA, remote: '10.244.2.9:80' },
    sights: [
      seen('pod.default.a/eth0', 'out', syn(A, '10.244.2.9:80')),
      seen('node.node1/veth71273818', 'in', syn(A, '10.244.2.9:80')),
      seen('node.node1/cni0', 'in', syn(A, '10.244.2.9:80')),
      seen('node.node1/flannel.1', 'out', syn(A, '10.244.2.9:80')),
    ],
    expected: { outcome: 'dropped', lastSeen: { place: 'node/node1', interface: 'flannel.1' } },
    reason: 'it was last seen leaving node/node1 by flannel.1, nowhere else',
  },
  {
    name: 'out, though the neighbour had answered',
    topology: 'nodeport-snat',
    run: fromClient,
    sights: [
      seen('host.client/eth0', 'out', arp('request', '10.0.0.100', '10.0.0.11')),
      seen('host.client/eth0', 'in', arp('reply', '10.0.0.11', '10.0.0.100')),
      ...clientToNode1.slice(0, 1),
    ],
    expected: { outcome: 'dropped', lastSeen: { place: 'host/client', interface: 'eth0' } },
    reason: 'it was last seen leaving host/client by eth0, never at node/node1',
  },
  {
    name: 'out, while others asked, or the sender asked for others',
    topology: 'nodeport-snat',
    run: fromClient,
    sights: [
      seen('host.client/eth0', 'in', arp('request', '10.0.0.12', '10.0.0.11')),
      seen('host.client/eth0', 'out', arp('request', '10.0.0.100', '10.0.0.99')),
      seen('node.node2/eth0', 'out', arp('request', '10.0.0.12', '10.0.0.11')),
      ...clientToNode1.slice(0, 1),
    ],
    expected: { outcome: 'dropped', lastSeen: { place: 'host/client', interface: 'eth0' } },
    reason: 'it was last seen leaving host/client by eth0, never at node/node1',
  },
  {
    name: 'an error that does not come back to a sender who waits in vain',
    topology: 'cross-node-vxlan',
    run: fromA,
    sights: [...toNode1, ...errorFromNode1([3, 1]).slice(0, 1)],
    expected: { outcome: 'dropped', lastSeen: { place: 'node/node1', interface: 'cni0' } },
    reason: 'it came into node/node1 by cni0 and did not leave',
  },
  {
    name: 'a redirect is advice, and no rejection',
    topology: 'cross-node-vxlan',
    run: fromA,
    sights: [...toNode1, ...errorFromNode1([5, 1])],
    expected: { outcome: 'dropped', lastSeen: { place: 'node/node1', interface: 'cni0' } },
    reason: 'it came into node/node1 by cni0 and did not leave',
  },
  {
    name: 'data after a handshake that worked',
    topology: 'cross-node-vxlan',
    run: fromA,
    sights: [...there, ...acrossNodes('b', synAck(B, A)), ...acrossNodes('a', question(A, B)).slice(0, 5)],
    expected: { outcome: 'dropped', lastSeen: { place: 'node/node1', interface: 'eth0' } },
    reason: 'it was last seen leaving node/node1 by eth0, never at node/node2',
  },
];

const circling = (ttl: number) => syn('10.1.0.100:40112', '10.97.0.1:80', { ttl });
const round = (ttl: number): Seen[] => [
  seen('router.gw/eth1', 'out', circling(ttl)),
  seen('node.node1/eth0', 'in', circling(ttl)),
  seen('node.node1/eth0', 'out', circling(ttl - 1)),
  seen('router.gw/eth1', 'in', circling(ttl - 1)),
];
const timeExceeded = icmpError('10.1.0.1', '10.1.0.100', [11, 0], circling(1));

export const LOOP: readonly Scenario[] = [
  {
    name: 'a packet between router and node, until its time is up',
    topology: 'service-cidr-loop',
    run: { namespace: 'host.client', local: '10.1.0.100:40112', remote: '10.97.0.1:80' },
    sights: [
      seen('host.client/eth0', 'out', circling(6)),
      seen('router.gw/eth0', 'in', circling(6)),
      ...round(5),
      ...round(3),
      seen('router.gw/eth0', 'out', timeExceeded),
      seen('host.client/eth0', 'in', timeExceeded),
    ],
    expected: { outcome: 'loop', lastSeen: { place: 'router/gw', interface: 'eth1' } },
    reason: 'the packet passed router/gw eth1 again and again, its TTL falling from 5',
  },
];
