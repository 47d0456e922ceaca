/** userspace-proxy: host/client asks node1's NodePort, and kube-proxy there passes it on to pod/far on node2. */
import type { IpPacket } from '../../src/decode/packet.ts';
import type { RelayAttempt, Relayed } from '../../src/probe/probe.ts';
import { inVxlan, type RunOptions, type Seen, seen } from './evidence.ts';

export const CLIENT = '10.0.0.100:40112';
export const NODEPORT = '10.0.0.11:30080';
export const PROXY = '10.0.0.11:52490';
export const NODE = '10.244.1.0:50000';
export const FAR = '10.244.2.2:8080';

export const fromClient: RunOptions = { namespace: 'host.client', local: CLIENT, remote: NODEPORT };

/** An attempt at pod/far that was taken. */
export const CONNECTED: RelayAttempt = {
  endpoint: FAR,
  opened: { source: NODE, destination: FAR },
  connected: true,
};

export function attempt(source: string, rest: Partial<RelayAttempt> = {}): RelayAttempt {
  return { endpoint: FAR, opened: { source, destination: FAR }, connected: false, ...rest };
}

/** What node1's kube-proxy says. */
export function relayed(attempts: readonly RelayAttempt[] = [CONNECTED], rest: Partial<Relayed> = {}): Relayed {
  return {
    namespace: 'node.node1',
    program: 'kube-proxy',
    serves: 'default/far:http',
    accepted: { source: CLIENT, destination: PROXY },
    waiting: false,
    attempts,
    ...rest,
  };
}

/** Between the client and node1, which sees the NodePort, not the proxy port. */
export const asked = (packet: IpPacket): Seen[] => [
  seen('host.client/eth0', 'out', packet),
  seen('node.node1/eth0', 'in', packet),
];
export const told = (packet: IpPacket): Seen[] => [
  seen('node.node1/eth0', 'out', packet),
  seen('host.client/eth0', 'in', packet),
];

/** Between node1 and the pod. */
export function passedOn(packet: IpPacket): Seen[] {
  const outer = inVxlan('10.0.0.11', '10.0.0.12', packet);
  const routed = { ...packet, ttl: packet.ttl - 1 };
  return [
    seen('node.node1/flannel.1', 'out', packet),
    seen('node.node1/eth0', 'out', outer),
    seen('node.node2/eth0', 'in', outer),
    seen('node.node2/flannel.1', 'in', packet),
    seen('node.node2/cni0', 'out', routed),
    seen('node.node2/veth83c31a2b', 'out', routed),
    seen('pod.default.far/eth0', 'in', routed),
  ];
}
export function passedBack(packet: IpPacket): Seen[] {
  const routed = { ...packet, ttl: packet.ttl - 1 };
  const outer = inVxlan('10.0.0.12', '10.0.0.11', routed);
  return [
    seen('pod.default.far/eth0', 'out', packet),
    seen('node.node2/veth83c31a2b', 'in', packet),
    seen('node.node2/cni0', 'in', packet),
    seen('node.node2/flannel.1', 'out', routed),
    seen('node.node2/eth0', 'out', outer),
    seen('node.node1/eth0', 'in', outer),
    seen('node.node1/flannel.1', 'in', routed),
  ];
}
