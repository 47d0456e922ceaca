/**
 * flannel, backend udp (flannel pkg/backend/udp): flanneld itself carries every packet.
 *
 *   pod → cni0 → route 10.244.0.0/16 dev flannel0, a TUN device
 *       → flanneld reads the packet, takes one from its TTL and sends it to 10.0.0.12:8285, with nothing before it
 *       → flanneld there takes one from its TTL and writes it into flannel0 → cni0 → pod
 */
import type { Cluster, CniConfig, Node } from '../../model/cluster.ts';
import { hostCidr } from '../../net/address.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { compileFlannelNode, overlayAddress } from './flannel.ts';
import { underlayOf } from './underlay.ts';

type Config = Extract<CniConfig, { mode: 'udp' }>;

/** flanneld asks for `flannel%d`. */
const DEVICE = 'flannel0';
/** Outer IPv4 and UDP headers. */
const OVERHEAD = 28;

export function compileUdp(cluster: Cluster, state: KernelStateBuilder): void {
  const { port, iface, ipMasq } = cluster.cni as Config;
  for (const node of cluster.nodes) {
    const own = underlayOf(node, iface);
    const mtu = own.mtu - OVERHEAD;
    compileDevice(cluster, node, mtu, state);
    state.get(node.netns).tunnels.push({
      device: DEVICE,
      address: overlayAddress(node),
      local: { address: own.address, port },
      subnets: cluster.nodes
        .filter((peer) => peer !== node)
        .map((peer) => ({ to: peer.podCIDR.text, via: { address: underlayOf(peer, iface).address, port } })),
      origin: node.origin,
    });
    compileFlannelNode(cluster, node, mtu, ipMasq, state);
  }
}

function compileDevice({ podCIDR }: Cluster, node: Node, mtu: number, state: KernelStateBuilder): void {
  const namespace = state.get(node.netns);
  const address = overlayAddress(node);
  namespace.link({ kind: 'tun', name: DEVICE, mtu });
  namespace.address(DEVICE, address, hostCidr(address));
  namespace.route({ to: podCIDR.text, device: DEVICE, scope: 'global' });
}
