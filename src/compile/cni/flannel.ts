/**
 * What all flannel backends share: the delegated bridge plugin, the portmap plugin after it, and flanneld's own chains
 * (flannel-io/cni-plugin flannel_linux.go, flannel pkg/trafficmngr/iptables/iptables.go).
 *
 *   nat POSTROUTING → FLANNEL-POSTRTG, after KUBE-POSTROUTING: what leaves the cluster's pod range is masqueraded,
 *                     and what enters it from a node's own address
 *   filter FORWARD → FLANNEL-FWD: pods may be forwarded whatever the policy
 */
import type { Cluster, Node } from '../../model/cluster.ts';
import { nthAddress } from '../../net/address.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { compilePods } from './bridge-plugin.ts';
import { compileHostPorts } from './portmap.ts';

/** What kube-flannel's manifest calls the network. */
const NETWORK = 'cbr0';

/** The network number of the node's pod subnet, which its tunnel device has as /32: what the node itself sends from. */
export function overlayAddress({ podCIDR }: Node): string {
  return nthAddress(podCIDR, 0)!;
}

/** kube-flannel's manifest: `hairpinMode`, `isDefaultGateway`, `--ip-masq`, and a route for the whole pod range in the pod. */
export function compileFlannelNode(
  cluster: Cluster,
  node: Node,
  mtu: number,
  ipMasq: boolean,
  state: KernelStateBuilder,
): void {
  compilePods(node, cluster.pods, { mtu, hairpin: true, podRoutes: [cluster.podCIDR] }, state);
  const { iptables } = state.get(node.netns);
  const { origin } = node;
  const all = cluster.podCIDR.text;
  const own = node.podCIDR.text;

  if (ipMasq) {
    const masq = '-m comment --comment "flanneld masq"';
    const rule = (match: string, target: string) =>
      iptables.append('nat', 'FLANNEL-POSTRTG', `${match} ${masq} -j ${target}`, origin);
    iptables.append('nat', 'POSTROUTING', `${masq} -j FLANNEL-POSTRTG`, origin);
    rule('-m mark --mark 0x4000/0x4000', 'RETURN');
    rule(`-s ${own} -d ${all}`, 'RETURN');
    rule(`-s ${all} -d ${own}`, 'RETURN');
    rule(`! -s ${all} -d ${own}`, 'RETURN');
    rule(`-s ${all} ! -d 224.0.0.0/4`, 'MASQUERADE --random-fully');
    rule(`! -s ${all} -d ${all}`, 'MASQUERADE --random-fully');
  }

  const forward = '-m comment --comment "flanneld forward"';
  iptables.append('filter', 'FORWARD', `${forward} -j FLANNEL-FWD`, origin);
  iptables.append('filter', 'FLANNEL-FWD', `-s ${all} ${forward} -j ACCEPT`, origin);
  iptables.append('filter', 'FLANNEL-FWD', `-d ${all} ${forward} -j ACCEPT`, origin);
  compileHostPorts(node, cluster.pods, NETWORK, () => node.podCIDR, state);
}
