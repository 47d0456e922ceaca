/**
 * flannel, backend wireguard (flannel pkg/backend/wireguard), mode `separate`.
 *
 *   pod → cni0 → route 10.244.0.0/16 dev flannel-wg → the peer whose allowed IPs have the destination
 *       → encrypted, UDP 51820 out of eth0 → there decrypted, and dropped unless the source is in the peer's allowed IPs
 */
import type { Cluster, CniConfig, Node } from '../../model/cluster.ts';
import { hostCidr } from '../../net/address.ts';
import { keyPairOf } from '../../net/wireguard-key.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { compileFlannelNode, overlayAddress } from './flannel.ts';
import { underlayOf } from './underlay.ts';

type Config = Extract<CniConfig, { mode: 'wireguard' }>;

/** One a family; both have the node's one key (device.go, setupKeys()). */
const DEVICES = { 4: 'flannel-wg', 6: 'flannel-wg-v6' } as const;
/** Outer headers, WireGuard's own and its tag: 80 with IPv6 outside, and flannel reckons with that. */
const OVERHEAD = 80;

export function compileWireguard(cluster: Cluster, state: KernelStateBuilder): void {
  const config = cluster.cni as Config;
  for (const node of cluster.nodes) {
    const mtu = (config.mtu ?? underlayOf(node, config.iface).mtu) - OVERHEAD;
    compileDevice(cluster, node, mtu, state);
    compileFlannelNode(cluster, node, mtu, config.ipMasq, state);
  }
}

function compileDevice({ cni, podCIDR, nodes }: Cluster, node: Node, mtu: number, state: KernelStateBuilder): void {
  const { listenPort: port, listenPortV6, iface } = cni as Config;
  const { family } = podCIDR;
  const name = DEVICES[family];
  const listenPort = family === 4 ? port : listenPortV6;
  const namespace = state.get(node.netns);
  const address = overlayAddress(node);
  namespace.link({
    kind: 'wireguard',
    name,
    mtu,
    privateKey: keyPairOf(node.place).privateKey,
    listenPort,
    peers: nodes
      .filter((peer) => peer !== node)
      .map((peer) => ({
        publicKey: keyPairOf(peer.place).publicKey,
        endpoint: { address: underlayOf(peer, iface).address, port: listenPort },
        allowed: peer.podCIDR.text,
      })),
  });
  namespace.address(name, address, hostCidr(address));
  namespace.route({ to: podCIDR.text, device: name, ...(family === 4 && { scope: 'link' }) });
}
