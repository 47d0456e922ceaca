/**
 * The CNI reference plugin `bridge` with host-local addresses (containernetworking/plugins plugins/main/bridge,
 * pkg/ip/link_linux.go), with isDefaultGateway.
 */

import type { Cluster, Node } from '../../model/cluster.ts';
import { type Cidr, nthAddress } from '../../net/address.ts';
import { vethName } from '../../net/name.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { addBridge, plugIn } from '../cable.ts';
import { hasHostPorts } from './portmap.ts';

export interface BridgePluginOptions {
  readonly mtu: number;
  readonly hairpin: boolean;
  /** Routes in the pod via the gateway, besides the default one. */
  readonly podRoutes: readonly Cidr[];
}

/** Wires all pods of a node that have a network of their own. A node without one has no bridge, as on a real node. */
export function compilePods(
  node: Node,
  pods: Cluster['pods'],
  { mtu, hairpin, podRoutes }: BridgePluginOptions,
  state: KernelStateBuilder,
): void {
  const own = pods.filter((pod) => pod.node === node && !pod.hostNetwork);
  if (own.length === 0) return;
  const bridge = {
    machine: state.get(node.netns),
    name: 'cni0',
    mtu,
    gateway: nthAddress(node.podCIDR, 1)!,
    network: node.podCIDR,
    hairpin,
    /** portmap's doing: 127.0.0.1 shall reach hostPorts as well. */
    routeLocalnet: own.some(hasHostPorts),
  };
  addBridge(bridge);
  for (const pod of own) {
    const inside = plugIn(pod, vethName(`${pod.namespace}/${pod.name}`), 'pod', bridge, state);
    for (const { text } of podRoutes) inside.route({ to: text, via: bridge.gateway, device: 'eth0' });
  }
}
