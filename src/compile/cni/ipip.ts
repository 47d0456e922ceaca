/**
 * flannel, backend ipip (flannel pkg/backend/ipip).
 *
 *   pod → cni0 → route 10.244.2.0/24 via 10.0.0.12 dev flannel.ipip onlink → IP protocol 4 to 10.0.0.12 out of eth0
 *
 * One device for all peers: the next hop of the route is the destination of the outer packet. There are no ports to
 * tell flows apart by, nor for a firewall to open. With `directRouting`, the route to a node of the same network is
 * by eth0.
 */
import type { Cluster, CniConfig, Node } from '../../model/cluster.ts';
import { hostCidr } from '../../net/address.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { compileFlannelNode, overlayAddress } from './flannel.ts';
import { underlayOf } from './underlay.ts';

type Config = Extract<CniConfig, { mode: 'ipip' }>;

const DEVICE = 'flannel.ipip';
/** The outer IPv4 header. */
const OVERHEAD = 20;

export function compileIpip(cluster: Cluster, state: KernelStateBuilder): void {
  const { directRouting, iface, ipMasq } = cluster.cni as Config;
  for (const node of cluster.nodes) {
    const own = underlayOf(node, iface);
    const mtu = own.mtu - OVERHEAD;
    compileDevice(node, own.address, mtu, state);
    for (const peer of cluster.nodes) {
      if (peer === node) continue;
      const { network, address: via } = underlayOf(peer, iface);
      const device = directRouting && network === own.network ? own.device : DEVICE;
      state.get(node.netns).route({ to: peer.podCIDR.text, via, device, onlink: true }, peer.origin);
    }
    compileFlannelNode(cluster, node, mtu, ipMasq, state);
  }
}

function compileDevice(node: Node, local: string, mtu: number, state: KernelStateBuilder): void {
  const namespace = state.get(node.netns);
  const address = overlayAddress(node);
  namespace.link({ kind: 'ipip', name: DEVICE, mtu, local });
  namespace.address(DEVICE, address, hostCidr(address));
}
