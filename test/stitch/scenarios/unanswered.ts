/** Packets that arrived and were not answered, or whose answer was lost or not taken. */
import { datagram, ID, icmpError, ownReset, question, reply, reset, seen, syn, synAck } from '../evidence.ts';
import { acrossNodes } from '../routes.ts';
import { A, B, CLIENT, clientToNode1, fromA, fromClient, type Scenario, there } from './scenario.ts';

export const UNANSWERED: readonly Scenario[] = [
  {
    name: 'a pod that got it and says nothing',
    topology: 'cross-node-vxlan',
    run: fromA,
    sights: there,
    expected: {
      outcome: 'unanswered',
      lastSeen: { place: 'pod/b', interface: 'eth0' },
      endpoint: 'pod/b',
      sourceSeen: A,
    },
    reason: 'pod/b got it and sent no answer',
  },
  {
    name: 'a host that got it and has no way back',
    topology: 'pod-to-outside-unmasqueraded',
    run: { namespace: 'pod.default.app', local: A, remote: '10.0.0.100:80' },
    sights: [
      seen('pod.default.app/eth0', 'out', syn(A, '10.0.0.100:80')),
      seen('node.node1/veth954f4d3c', 'in', syn(A, '10.0.0.100:80')),
      seen('node.node1/cni0', 'in', syn(A, '10.0.0.100:80')),
      seen('node.node1/eth0', 'out', syn(A, '10.0.0.100:80')),
      seen('host.server/eth0', 'in', syn(A, '10.0.0.100:80')),
    ],
    expected: {
      outcome: 'unanswered',
      lastSeen: { place: 'host/server', interface: 'eth0' },
      endpoint: 'host/server',
      sourceSeen: A,
    },
    reason: 'host/server got it and sent no answer: it has no route to 10.244.1.2',
  },
];

/** The endpoint itself answers, past the node that was asked. */
const answeredByThePod = [
  ...clientToNode1,
  seen('pod.default.web-0/eth0', 'out', synAck(B, CLIENT)),
  seen('node.node2/veth24d07f86', 'in', synAck(B, CLIENT)),
  seen('node.node2/cni0', 'in', synAck(B, CLIENT)),
  seen('node.node2/eth0', 'out', synAck(B, CLIENT)),
  seen('host.client/eth0', 'in', synAck(B, CLIENT)),
];

export const REPLY: readonly Scenario[] = [
  {
    name: 'an answer that gets lost on its way back',
    topology: 'cross-node-vxlan',
    run: fromA,
    sights: [...there, ...acrossNodes('b', synAck(B, A)).slice(0, 5)],
    expected: { outcome: 'reply-lost', lastSeen: { place: 'node/node2', interface: 'eth0' }, endpoint: 'pod/b' },
    reason: 'pod/b answered; it was last seen leaving node/node2 by eth0, never at node/node1',
  },
  {
    name: 'a reset that gets lost on its way back',
    topology: 'cross-node-vxlan',
    run: fromA,
    sights: [...there, ...acrossNodes('b', reset(B, A)).slice(0, 3)],
    expected: { outcome: 'reply-lost', lastSeen: { place: 'node/node2', interface: 'cni0' }, endpoint: 'pod/b' },
    reason: 'pod/b answered; it came into node/node2 by cni0 and did not leave',
  },
  {
    name: 'an error of the one who was asked, lost on its way back',
    topology: 'cross-node-vxlan',
    run: { ...fromA, protocol: 'UDP', remote: '10.244.2.2:53' },
    sights: [
      ...acrossNodes('a', datagram(A, '10.244.2.2:53', ID)),
      ...acrossNodes('b', icmpError('10.244.2.2', '10.244.1.2', [3, 3], datagram(A, '10.244.2.2:53', ID))).slice(0, 3),
    ],
    expected: { outcome: 'reply-lost', lastSeen: { place: 'node/node2', interface: 'cni0' }, endpoint: 'pod/b' },
    reason: 'pod/b answered; it came into node/node2 by cni0 and did not leave',
  },
  {
    name: 'an answer that comes back as asked, and is not taken',
    topology: 'cross-node-vxlan',
    run: fromA,
    sights: [...there, ...acrossNodes('b', synAck(B, A))],
    expected: { outcome: 'reply-lost', lastSeen: { place: 'pod/a', interface: 'eth0' }, endpoint: 'pod/b' },
    reason: 'the answer reached pod/a, but not the one who asked',
  },
  {
    name: 'the data of an answer, after a handshake that worked',
    topology: 'cross-node-vxlan',
    run: fromA,
    sights: [
      ...there,
      ...acrossNodes('b', synAck(B, A)),
      ...acrossNodes('a', question(A, B)),
      ...acrossNodes('b', reply(B, A)).slice(0, 4),
    ],
    expected: { outcome: 'reply-lost', lastSeen: { place: 'node/node2', interface: 'flannel.1' }, endpoint: 'pod/b' },
    reason: 'pod/b answered; it was last seen leaving node/node2 by flannel.1, never at pod/a',
  },
  {
    name: 'an answer from somebody who was not asked',
    topology: 'nodeport-snat',
    run: fromClient,
    sights: answeredByThePod,
    expected: {
      outcome: 'reply-mismatch',
      lastSeen: { place: 'host/client', interface: 'eth0' },
      endpoint: 'pod/web-0',
    },
    reason:
      'the answer came from 10.244.2.2:8080, but 10.0.0.11:30080 was asked: host/client does not take it for an answer',
  },
  {
    name: 'an answer from somebody who was not asked, whom the sender resets',
    topology: 'nodeport-snat',
    run: fromClient,
    sights: [...answeredByThePod, seen('host.client/eth0', 'out', ownReset(CLIENT, B))],
    expected: {
      outcome: 'reply-mismatch',
      lastSeen: { place: 'host/client', interface: 'eth0' },
      endpoint: 'pod/web-0',
    },
    reason:
      'the answer came from 10.244.2.2:8080, but 10.0.0.11:30080 was asked: host/client does not take it for an answer, and resets the connection',
  },
];
