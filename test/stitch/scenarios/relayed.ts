/** Packets that came to kube-proxy's process, and what became of them there or behind it. */
import { datagram, ID, icmpError, question, refused, reply, reset, segment, syn, synAck } from '../evidence.ts';
import {
  asked,
  attempt,
  CLIENT,
  FAR,
  fromClient,
  NODE,
  NODEPORT,
  passedBack,
  passedOn,
  relayed,
  told,
} from '../relays.ts';
import type { Scenario } from './scenario.ts';

const topology = 'userspace-proxy';
const NODE1 = { place: 'node/node1', interface: 'socket' };
/** kube-proxy's node accepts before anybody behind it was asked. */
const accepted = [
  ...asked(syn(CLIENT, NODEPORT)),
  ...told(synAck(NODEPORT, CLIENT)),
  ...asked(question(CLIENT, NODEPORT)),
];
const acknowledged = told(
  segment(NODEPORT, CLIENT, { sequence: 0xc0ff_ee01, acknowledgement: ID * 0x10000 + 121, flags: 16, id: 3 }),
);
const closed = told(reset(NODEPORT, CLIENT, { id: 9 }));
const udp = { protocol: 'UDP', remote: '10.0.0.11:30053' } as const;
const UDP_FAR = '10.244.2.2:53';
const udpRelayed = (attempts: Parameters<typeof relayed>[0]) =>
  relayed(attempts, { serves: 'default/far:dns', accepted: { source: CLIENT, destination: '10.0.0.11:48879' } });
const udpAttempt = { endpoint: UDP_FAR, opened: { source: NODE, destination: UDP_FAR }, connected: true };

export const RELAYED: readonly Scenario[] = [
  {
    name: 'a Service without endpoints: the connection is accepted, and then reset',
    topology,
    run: { ...fromClient, result: refused('ECONNRESET'), relayed: [relayed([])] },
    sights: [...accepted, ...closed],
    expected: { outcome: 'rejected', rejection: { by: 'node/node1', with: 'tcp-reset' } },
    reason: 'node/node1 rejected it: TCP reset; its kube-proxy has no endpoint for default/far:http',
  },
  {
    name: 'the same, closed before anything was said',
    topology,
    run: { ...fromClient, result: refused('ECONNRESET'), relayed: [relayed([])] },
    sights: [
      ...accepted.slice(0, 4),
      ...told(
        segment(NODEPORT, CLIENT, { sequence: 0xc0ff_ee01, acknowledgement: ID * 0x10000 + 1, flags: 17, id: 3 }),
      ),
    ],
    expected: { outcome: 'rejected', rejection: { by: 'node/node1', with: 'tcp-fin' } },
    reason: 'node/node1 rejected it: the connection was closed; its kube-proxy has no endpoint for default/far:http',
  },
  {
    name: 'endpoints that all refuse',
    topology,
    run: {
      ...fromClient,
      result: refused('ECONNRESET'),
      relayed: [relayed([1, 2, 3, 4].map((turn) => attempt(`10.244.1.0:5000${turn}`, { failure: 'ECONNREFUSED' })))],
    },
    sights: [
      ...accepted,
      ...[1, 2, 3, 4].flatMap((turn) => [
        ...passedOn(syn(`10.244.1.0:5000${turn}`, FAR, { id: 10 + turn })),
        ...passedBack(reset(FAR, `10.244.1.0:5000${turn}`, { id: 10 + turn })),
      ]),
      ...closed,
    ],
    expected: { outcome: 'rejected', rejection: { by: 'node/node1', with: 'tcp-reset' } },
    reason: 'node/node1 rejected it: TCP reset; its kube-proxy tried 10.244.2.2:8080: ECONNREFUSED (4 times)',
  },
  {
    name: 'a datagram for a Service without endpoints',
    topology,
    run: { ...fromClient, ...udp, relayed: [udpRelayed([])] },
    sights: asked(datagram(CLIENT, '10.0.0.11:30053', ID)),
    expected: { outcome: 'unanswered', lastSeen: NODE1 },
    reason: "node/node1's kube-proxy got it and has no endpoint for default/far:dns",
  },
  {
    name: 'a datagram for an endpoint there is no route to',
    topology,
    run: {
      ...fromClient,
      ...udp,
      relayed: [udpRelayed([{ endpoint: '192.0.2.9:53', connected: false, failure: 'ENETUNREACH' }])],
    },
    sights: asked(datagram(CLIENT, '10.0.0.11:30053', ID)),
    expected: { outcome: 'unanswered', lastSeen: NODE1 },
    reason: "node/node1's kube-proxy got it and tried 192.0.2.9:53: ENETUNREACH",
  },
  {
    name: 'a datagram whose endpoint refuses: kube-proxy does not pass that on',
    topology,
    run: { ...fromClient, ...udp, relayed: [udpRelayed([{ ...udpAttempt, failure: 'ECONNREFUSED' }])] },
    sights: [
      ...asked(datagram(CLIENT, '10.0.0.11:30053', ID)),
      ...passedOn(datagram(NODE, UDP_FAR, ID, { id: 5 })),
      ...passedBack(icmpError('10.244.2.2', '10.244.1.0', [3, 3], datagram(NODE, UDP_FAR, ID, { id: 5 }))),
    ],
    expected: {
      outcome: 'reply-lost',
      lastSeen: { place: 'node/node1', interface: 'flannel.1' },
      endpoint: 'pod/far',
    },
    reason: "pod/far answered (port unreachable); node/node1's kube-proxy got that and passed nothing on",
  },
  {
    name: 'a connection kube-proxy has not come to: it takes one after the other',
    topology,
    run: { ...fromClient, relayed: [relayed([], { waiting: true })] },
    sights: [...accepted, ...acknowledged],
    expected: { outcome: 'unanswered', lastSeen: NODE1 },
    reason: "node/node1's kube-proxy got it and was busy opening a connection for another client",
  },
  {
    name: 'a second connection that is lost on its way',
    topology,
    run: { ...fromClient, relayed: [relayed([attempt('10.244.1.0:50001', { failure: 'ETIMEDOUT' }), attempt(NODE)])] },
    sights: [
      ...accepted,
      ...passedOn(syn('10.244.1.0:50001', FAR, { id: 5 })).slice(0, 2),
      ...passedOn(syn(NODE, FAR, { id: 6 })).slice(0, 4),
    ],
    expected: { outcome: 'dropped', lastSeen: { place: 'node/node2', interface: 'flannel.1' } },
    reason: 'it came into node/node2 by flannel.1 and did not leave',
  },
  {
    name: 'a second connection that never leaves the node',
    topology,
    run: { ...fromClient, relayed: [relayed([attempt(NODE)])] },
    sights: accepted,
    expected: { outcome: 'dropped', lastSeen: NODE1 },
    reason: 'it never left node/node1: none of its interfaces saw it',
  },
  {
    name: 'a second connection that is accepted, and whose data is lost',
    topology,
    run: { ...fromClient, relayed: [relayed()] },
    sights: [
      ...accepted,
      ...passedOn(syn(NODE, FAR, { id: 5 })),
      ...passedBack(synAck(FAR, NODE, { id: 5 })),
      ...passedOn(question(NODE, FAR, { id: 6 })).slice(0, 2),
    ],
    expected: { outcome: 'dropped', lastSeen: { place: 'node/node1', interface: 'eth0' } },
    reason: 'it was last seen leaving node/node1 by eth0, never at node/node2',
  },
  {
    name: 'data lost before it came to kube-proxy, though that has opened its connection',
    topology,
    run: { ...fromClient, relayed: [relayed()] },
    sights: [
      ...accepted.slice(0, 5),
      ...passedOn(syn(NODE, FAR, { id: 5 })),
      ...passedBack(synAck(FAR, NODE, { id: 5 })),
    ],
    expected: { outcome: 'dropped', lastSeen: { place: 'host/client', interface: 'eth0' } },
    reason: 'it was last seen leaving host/client by eth0, never at node/node1',
  },
  {
    name: 'an answer that kube-proxy got, lost on its way to the client',
    topology,
    run: { ...fromClient, relayed: [relayed()] },
    sights: [
      ...accepted,
      ...passedOn(syn(NODE, FAR, { id: 5 })),
      ...passedBack(synAck(FAR, NODE, { id: 5 })),
      ...passedOn(question(NODE, FAR, { id: 6 })),
      ...passedBack(reply(FAR, NODE, { id: 6 })),
      ...told(reply(NODEPORT, CLIENT, { id: 7 })).slice(0, 1),
    ],
    expected: { outcome: 'reply-lost', lastSeen: { place: 'node/node1', interface: 'eth0' }, endpoint: 'pod/far' },
    reason: 'pod/far answered; it was last seen leaving node/node1 by eth0, never at host/client',
  },
  {
    name: 'a pod that got what was passed on and says nothing',
    topology,
    run: { ...fromClient, ...udp, relayed: [udpRelayed([udpAttempt])] },
    sights: [...asked(datagram(CLIENT, '10.0.0.11:30053', ID)), ...passedOn(datagram(NODE, UDP_FAR, ID, { id: 5 }))],
    expected: {
      outcome: 'unanswered',
      lastSeen: { place: 'pod/far', interface: 'eth0' },
      endpoint: 'pod/far',
      sourceSeen: NODE,
    },
    reason: 'pod/far got it and sent no answer',
  },
  {
    name: 'no relay: a port of the node that is open, and nobody serves it',
    topology,
    run: fromClient,
    sights: [...accepted, ...acknowledged],
    expected: {
      outcome: 'unanswered',
      lastSeen: { place: 'node/node1', interface: 'eth0' },
      endpoint: 'node/node1',
      sourceSeen: CLIENT,
    },
    reason: 'node/node1 got it and sent no answer',
  },
];
