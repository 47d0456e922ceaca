/**
 * The CNI reference plugin `bridge` with host-local addresses (containernetworking/plugins plugins/main/bridge,
 * pkg/ip/link_linux.go), with isDefaultGateway.
 *
 *   pod.default.web-0          node.node1
 *   ┌──────────────────┐      ┌──────────────────────────────────┐
 *   │ eth0             │      │                    cni0          │
 *   │ 10.244.1.2/24 ───┼─veth─┼─ vethXXXXXXXX ──── 10.244.1.1/24 │
 *   └──────────────────┘      └──────────────────────────────────┘
 */

import type { Cluster, Node, Pod } from '../../model/cluster.ts';
import { type Cidr, nthAddress } from '../../net/address.ts';
import { macFor, vethName } from '../../net/name.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { hasHostPorts } from './portmap.ts';

const BRIDGE = 'cni0';

export interface BridgePluginOptions {
  readonly mtu: number;
  readonly hairpin: boolean;
  /** Routes in the pod via the gateway, besides the default one. */
  readonly podRoutes: readonly Cidr[];
}

/** The bridge's own address, the first of the pod subnet. */
function gatewayOf(node: Node): string {
  return nthAddress(node.podCIDR, 1)!;
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
  const namespace = state.get(node.netns);
  const gateway = gatewayOf(node);
  namespace.link({
    kind: 'bridge',
    name: BRIDGE,
    mtu,
    mac: macFor('bridge', gateway),
    /** portmap's doing: 127.0.0.1 shall reach hostPorts as well. */
    ...(own.some(hasHostPorts) && { routeLocalnet: true }),
  });
  namespace.address(BRIDGE, gateway, node.podCIDR);
  for (const pod of own) {
    const port = podPort(pod);
    const inside = state.add(pod.netns, pod.origin, pod.place);
    inside.link({
      kind: 'veth',
      name: 'eth0',
      mtu,
      mac: macFor('pod', pod.address),
      peer: { namespace: node.netns, name: port },
      creates: true,
    });
    inside.address('eth0', pod.address, node.podCIDR);
    inside.route({ to: 'default', via: gateway, device: 'eth0' });
    for (const { text } of podRoutes) inside.route({ to: text, via: gateway, device: 'eth0' });
    namespace.link(
      {
        kind: 'veth',
        name: port,
        mtu,
        mac: macFor('podPort', pod.address),
        master: BRIDGE,
        hairpin,
        peer: { namespace: pod.netns, name: 'eth0' },
        creates: false,
      },
      pod.origin,
    );
  }
}

/** The node's end of the pod's veth pair. */
function podPort({ namespace, name }: Pod): string {
  return vethName(`${namespace}/${name}`);
}
