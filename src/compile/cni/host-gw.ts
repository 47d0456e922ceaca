/**
 * flannel, backend host-gw (flannel pkg/backend/hostgw, route_network.go): each node is the gateway of its pods.
 *
 *   pod → cni0 → route 10.244.2.0/24 via 10.0.0.12 dev eth0 → node2
 *
 * Works on one layer-2 network only. The kernel refuses a next hop that is not on a connected network ("network is
 * unreachable", flannel-io/flannel#765), so a peer behind a router gets no route, and its pods are out of reach.
 */
import type { Cluster, CniConfig } from '../../model/cluster.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { compileFlannelNode } from './flannel.ts';
import { underlayOf } from './underlay.ts';

type Config = Extract<CniConfig, { mode: 'host-gw' }>;

export function compileHostGateway(cluster: Cluster, state: KernelStateBuilder): void {
  const { ipMasq, iface } = cluster.cni as Config;
  for (const node of cluster.nodes) {
    const own = underlayOf(node, iface);
    for (const peer of cluster.nodes) {
      const { network, address } = underlayOf(peer, iface);
      if (peer === node || network !== own.network) continue;
      state.get(node.netns).route({ to: peer.podCIDR.text, via: address, device: own.device }, peer.origin);
    }
    compileFlannelNode(cluster, node, own.mtu, ipMasq, state);
  }
}
