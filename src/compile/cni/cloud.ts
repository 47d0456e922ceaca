/**
 * flannel's backends for clouds: aws-vpc, gce and ali-vpc (flannel backend/awsvpc, gce and alivpc; v0.19 was the last to
 * have them). There is nothing on a node but its default route. Each flanneld enters its node's subnet into the route table
 * of the cloud's network, and the router of that network carries the packets.
 *
 *   pod → cni0 → default route → router/vpc: 10.244.2.0/24 via 10.0.0.12 → node2 → cni0 → pod
 *
 * A cloud carries only packets between addresses of its own, unless an instance is excepted: aws-vpc tells EC2 not to
 * check (awsvpc.go, disableSrcDestCheck()), an instance of GCE is made with canIpForward.
 */
import type { CloudConfig, Cluster, Router } from '../../model/cluster.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { compileFlannelNode } from './flannel.ts';
import { underlayOf } from './underlay.ts';

export function compileCloud(cluster: Cluster, state: KernelStateBuilder): void {
  const { iface, ipMasq } = cluster.cni as CloudConfig;
  for (const router of cluster.routers) compileRouteTable(cluster, router, state);
  for (const node of cluster.nodes) compileFlannelNode(cluster, node, underlayOf(node, iface).mtu, ipMasq, state);
}

/** An instance sends to another one of its own network through the router, and no cloud's router tells it a shorter way. */
function compileRouteTable({ nodes, cni }: Cluster, router: Router, state: KernelStateBuilder): void {
  const { iface } = cni as CloudConfig;
  const namespace = state.get(router.netns);
  for (const scope of ['all', 'default']) namespace.sysctl(`net.ipv4.conf.${scope}.send_redirects`, 0);
  for (const node of nodes) {
    const { network, address } = underlayOf(node, iface);
    const port = router.interfaces.find((own) => own.network === network);
    if (port) namespace.route({ to: node.podCIDR.text, via: address, device: port.device }, node.origin);
  }
}
