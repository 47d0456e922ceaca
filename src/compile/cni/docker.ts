/**
 * Kubernetes on Docker's own bridge, as before there were network plugins: dockerd is started with the node's pod subnet for
 * docker0 and leaves rules to others (--bip=10.244.1.1/24 --iptables=false --ip-masq=false).
 *
 *   pod → docker0 → route 10.244.2.0/24 via 10.0.0.12 dev eth0 → node2
 *
 * Nodes are routers, by static routes between those of one network; pods have addresses that all nodes know. A hostPort is a
 * published port, without rules: docker-proxy serves it.
 */
import { addressesOf, type Cluster, type CniConfig, type Node, type Pod } from '../../model/cluster.ts';
import { nthAddress } from '../../net/address.ts';
import { containerVethName } from '../../net/name.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { addBridge, plugIn } from '../cable.ts';
import { dockerProxy } from '../docker-proxy.ts';
import type { Relay } from '../relay.ts';
import { compileDirectRoute } from './underlay.ts';

type Config = Extract<CniConfig, { mode: 'docker' }>;

export function compileDockerBridge({ cni, nodes, pods }: Cluster, state: KernelStateBuilder): void {
  const { mtu } = cni as Config;
  for (const node of nodes) {
    for (const peer of nodes) if (peer !== node) compileDirectRoute(node, peer, peer.interfaces, state);
    compileNode(
      node,
      pods.filter((pod) => pod.node === node && !pod.hostNetwork),
      mtu,
      state,
    );
  }
}

function compileNode(node: Node, pods: readonly Pod[], mtu: number, state: KernelStateBuilder): void {
  const machine = state.get(node.netns);
  const gateway = nthAddress(node.podCIDR, 1)!;
  /** kubelet's doing, for pods that call their own Service (kubernetes 1.6 pkg/kubelet/dockertools, configureHairpinMode). */
  const options = { hairpin: true, routeLocalnet: false };
  const bridge = { machine, name: 'docker0', mtu, gateway, network: node.podCIDR, ...options };
  addBridge(bridge);
  for (const pod of pods) {
    plugIn(pod, containerVethName(`${pod.namespace}/${pod.name}`), 'container', bridge, state);
    machine.relays.push(...publishedPorts(pod));
  }
}

/** docker-proxy knows TCP and UDP, and listens on addresses that are the node's. */
function publishedPorts(pod: Pod): Relay[] {
  return pod.ports.flatMap(({ hostPort, hostIP, port, protocol }) => {
    if (hostPort === undefined || protocol === 'SCTP') return [];
    if (hostIP === undefined) return [dockerProxy(pod, { port, protocol, hostPort })];
    const isOwn = addressesOf(pod.node).includes(hostIP) || hostIP.startsWith('127.');
    return isOwn ? [dockerProxy(pod, { port, protocol, hostPort, hostIP })] : [];
  });
}
