/** The ways packets take in some topologies, seen at every interface on the way. */
import type { IpPacket } from '../../src/decode/packet.ts';
import { inVxlan, type Seen, seen } from './evidence.ts';

/** One hop fewer to live. */
function hop<P extends IpPacket>(packet: P, hops = 1): P {
  return { ...packet, ttl: packet.ttl - hops };
}

const POD = {
  a: { namespace: 'pod.default.a', port: 'node.node1/veth71273818', node: 'node.node1' },
  b: { namespace: 'pod.default.b', port: 'node.node2/veth1af9dded', node: 'node.node2' },
} as const;
const ADDRESS = { 'node.node1': '10.0.0.11', 'node.node2': '10.0.0.12' } as const;

/** cross-node-vxlan: from one pod over both nodes to the other. */
export function acrossNodes(from: 'a' | 'b', packet: IpPacket): Seen[] {
  const [sender, receiver] = from === 'a' ? [POD.a, POD.b] : [POD.b, POD.a];
  const outer = inVxlan(ADDRESS[sender.node], ADDRESS[receiver.node], hop(packet));
  return [
    seen(`${sender.namespace}/eth0`, 'out', packet),
    seen(sender.port, 'in', packet),
    seen(`${sender.node}/cni0`, 'in', packet),
    seen(`${sender.node}/flannel.1`, 'out', hop(packet)),
    seen(`${sender.node}/eth0`, 'out', outer),
    seen(`${receiver.node}/eth0`, 'in', outer),
    seen(`${receiver.node}/flannel.1`, 'in', hop(packet)),
    seen(`${receiver.node}/cni0`, 'out', hop(packet, 2)),
    seen(receiver.port, 'out', hop(packet, 2)),
    seen(`${receiver.namespace}/eth0`, 'in', hop(packet, 2)),
  ];
}

/** What `hopLines` makes of it. */
export const ACROSS_NODES = {
  a: [
    'pod/a eth0 out',
    'node/node1 veth71273818 in',
    'node/node1 cni0 in',
    'node/node1 flannel.1 out',
    'node/node1 eth0 out vxlan',
    'node/node2 eth0 in vxlan',
    'node/node2 flannel.1 in',
    'node/node2 cni0 out',
    'node/node2 veth1af9dded out',
    'pod/b eth0 in',
  ],
  b: [
    'pod/b eth0 out',
    'node/node2 veth1af9dded in',
    'node/node2 cni0 in',
    'node/node2 flannel.1 out',
    'node/node2 eth0 out vxlan',
    'node/node1 eth0 in vxlan',
    'node/node1 flannel.1 in',
    'node/node1 cni0 out',
    'node/node1 veth71273818 out',
    'pod/a eth0 in',
  ],
} as const;
