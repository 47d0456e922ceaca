/**
 * flannel, backend vxlan (flannel pkg/backend/vxlan).
 *
 *   pod → cni0 → route 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink
 *       → neighbour 10.244.2.0 is 0e:00:0a:f4:02:00 (permanent: nobody asks)
 *       → FDB 0e:00:0a:f4:02:00 is behind 10.0.0.12 → UDP 8472 out of eth0
 *
 * In IPv6 the same with another device, flannel-v6.1. With `directRouting`, a node of the same network is the gateway of its pods, as in host-gw.
 */

import type { Cluster, CniConfig, Node } from '../../model/cluster.ts';
import { hostCidr } from '../../net/address.ts';
import { macFor, tunnelName } from '../../net/name.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { compileFlannelNode, overlayAddress } from './flannel.ts';
import { compileDirectRoute, underlayOf } from './underlay.ts';

type Config = Extract<CniConfig, { mode: 'vxlan' }>;

/** Outer Ethernet, IPv4, UDP and VXLAN headers. Of IPv6 they are 20 more, and flannel does not reckon with that. */
const OVERHEAD = 50;

export function compileVxlan(cluster: Cluster, state: KernelStateBuilder): void {
  const config = cluster.cni as Config;
  for (const node of cluster.nodes) {
    const mtu = (config.mtu ?? underlayOf(node, config.iface).mtu) - OVERHEAD;
    compileDevice(node, config, mtu, state);
    for (const peer of cluster.nodes) {
      if (peer === node) continue;
      const theirs = underlayOf(peer, config.iface);
      if (config.directRouting && compileDirectRoute(node, peer, [theirs], state)) continue;
      compilePeer(node, peer, config, state);
    }
    compileFlannelNode(cluster, node, mtu, config.ipMasq, state);
  }
}

function compileDevice(
  node: Node,
  { vni, port, learning, gbp, iface }: Config,
  mtu: number,
  state: KernelStateBuilder,
): void {
  const underlay = underlayOf(node, iface);
  const namespace = state.get(node.netns);
  const address = overlayAddress(node);
  const device = tunnelName(vni, node.podCIDR.family);
  namespace.link({
    kind: 'vxlan',
    name: device,
    mtu,
    mac: macFor('vtep', address),
    vni,
    port,
    local: underlay.address,
    device: underlay.device,
    learning,
    gbp,
  });
  namespace.address(device, address, hostCidr(address));
}

function compilePeer(node: Node, peer: Node, { vni, iface }: Config, state: KernelStateBuilder): void {
  const namespace = state.get(node.netns);
  const device = tunnelName(vni, node.podCIDR.family);
  const address = overlayAddress(peer);
  const mac = macFor('vtep', address);
  namespace.neighbour({ device, address, mac }, peer.origin);
  namespace.fdb({ device, mac, destination: underlayOf(peer, iface).address }, peer.origin);
  namespace.route({ to: peer.podCIDR.text, via: address, device, onlink: true }, peer.origin);
}
