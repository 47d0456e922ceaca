/** Walks and checks as values: a NodePort packet in nodeport-snat, delivered, and whatever a test changes in it. */
import type { Check, ConnectionCheck, Expectation, StateCheck } from '../../src/model/check.ts';
import type { ProbeRun } from '../../src/probe/probe.ts';
import type { Hop, Walk } from '../../src/stitch/walk.ts';

const ASKED = { source: '10.0.0.100:40112', destination: '10.0.0.11:30080' };
const INSIDE = { source: '10.244.1.0:61322', destination: '10.244.2.2:8080' };

export function hop(at: string, direction: Hop['direction'], tuple = ASKED, rest: Partial<Hop> = {}): Hop {
  const [place = '', device = ''] = at.split(':');
  const packet = { protocol: 'TCP', ...tuple, info: 'SYN', ttl: 64, length: 60 } as const;
  return { place, interface: device, direction, packet, sinceStart: 0, ...rest };
}

const encapsulation = { as: 'vxlan', source: '10.0.0.11', destination: '10.0.0.12', vni: 1, port: 8472 } as const;
const back = ({ source, destination }: typeof ASKED) => ({ source: destination, destination: source });

const HOPS: readonly Hop[] = [
  hop('host/client:eth0', 'out'),
  hop('node/node1:eth0', 'in'),
  hop('node/node1:flannel.1', 'out', INSIDE, {
    rewrites: [
      { at: 'node/node1', kind: 'dnat', from: ASKED.destination, to: INSIDE.destination },
      { at: 'node/node1', kind: 'snat', from: ASKED.source, to: INSIDE.source },
    ],
  }),
  hop('node/node1:eth0', 'out', INSIDE, { encapsulation }),
  hop('node/node2:eth0', 'in', INSIDE, { encapsulation }),
  hop('node/node2:flannel.1', 'in', INSIDE),
  hop('node/node2:cni0', 'out', INSIDE),
  hop('node/node2:veth24d07f86', 'out', INSIDE),
  hop('pod/web-0:eth0', 'in', INSIDE),
];

const REPLY_HOPS: readonly Hop[] = [
  hop('pod/web-0:eth0', 'out', back(INSIDE)),
  hop('node/node2:veth24d07f86', 'in', back(INSIDE)),
  hop('node/node1:flannel.1', 'in', back(INSIDE)),
  hop('host/client:eth0', 'in', back(ASKED), {
    rewrites: [{ at: 'node/node1', kind: 'un-dnat', from: INSIDE.destination, to: ASKED.destination }],
  }),
];

export function probe(result: ProbeRun['result'] = { kind: 'timeout' }): ProbeRun {
  return {
    id: 1,
    namespace: 'host.client',
    protocol: 'TCP',
    local: { address: '10.0.0.100', port: 40112 },
    remote: { address: '10.0.0.11', port: 30080 },
    result,
    durationMs: 3,
  };
}

export function delivered(changes: Partial<Walk> = {}): Walk {
  return {
    probe: probe({ kind: 'answered', status: 200 }),
    from: 'host/client',
    hops: HOPS,
    replyHops: REPLY_HOPS,
    outcome: 'delivered',
    reason: 'pod/web-0 answered',
    endpoint: 'pod/web-0',
    endpointAddress: INSIDE.destination,
    sourceSeen: INSIDE.source,
    ...changes,
  };
}

/** Passed on by node1's kube-proxy, at the second attempt. */
export function relayed(changes: Partial<Walk> = {}): Walk {
  const proxied = { source: ASKED.source, destination: '10.0.0.11:47732' };
  const relay = {
    at: 'node/node1',
    program: 'kube-proxy',
    serves: 'default/web',
    from: proxied,
    to: INSIDE,
    connected: true,
    failed: [{ endpoint: '10.244.1.9:8080', failure: 'ECONNREFUSED' }],
  } as const;
  const dnat = { at: 'node/node1', kind: 'dnat', from: ASKED.destination, to: proxied.destination } as const;
  return delivered({
    hops: [
      ...HOPS.slice(0, 2),
      hop('node/node1:socket', 'in', proxied, { rewrites: [dnat] }),
      hop('node/node1:flannel.1', 'out', INSIDE, { relay }),
      ...HOPS.slice(3),
    ],
    ...changes,
  });
}

/** Lost between the nodes. */
export function dropped(changes: Partial<Walk> = {}): Walk {
  return {
    probe: probe(),
    from: 'host/client',
    hops: HOPS.slice(0, 4),
    replyHops: [],
    outcome: 'dropped',
    reason: 'it was last seen leaving node/node1 by eth0, never at node/node2',
    lastSeen: { place: 'node/node1', interface: 'eth0' },
    ...changes,
  };
}

export function rejected(changes: Partial<Walk> = {}): Walk {
  return {
    probe: probe({ kind: 'refused', errno: 'ECONNREFUSED' }),
    from: 'host/client',
    hops: HOPS.slice(0, 2),
    replyHops: [],
    outcome: 'rejected',
    reason: 'node/node1 rejected it: ICMP port unreachable',
    rejection: { by: 'node/node1', with: 'icmp-port-unreachable' },
    ...changes,
  };
}

export function connectionCheck(expect?: Expectation, changes: Partial<ConnectionCheck> = {}): ConnectionCheck {
  return {
    kind: 'connection',
    name: 'the pod is reached',
    from: { place: 'host/client', protocol: 'TCP' },
    to: { text: 'nodeport/web:80@node1', address: '10.0.0.11', port: 30080 },
    connections: 1,
    timeoutMs: 1000,
    ...(expect && { expect }),
    origin: { file: 'topologies/nodeport-snat.yaml', line: 14 },
    ...changes,
  };
}

export function stateCheck(listings: StateCheck['listings'], name: Check['name'] = 'the route is there'): StateCheck {
  return { kind: 'state', name, at: 'node/node1', listings, origin: { file: 'topologies/routes.yaml', line: 9 } };
}
