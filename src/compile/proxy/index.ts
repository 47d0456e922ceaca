/** kube-proxy modes. A new mode is one file here, its options in the schema, and its topology. */
import type { Cluster, ProxyMode } from '../../model/cluster.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { iptablesProxy } from './iptables.ts';
import { ipvsProxy } from './ipvs.ts';
import type { KubeProxy } from './kube-proxy.ts';
import { nftablesProxy } from './nftables.ts';
import { udpFlows } from './stale-flows.ts';
import { userspaceProxy } from './userspace.ts';

const MODES: Record<ProxyMode, KubeProxy> = {
  iptables: iptablesProxy,
  ipvs: ipvsProxy,
  nftables: nftablesProxy,
  userspace: userspaceProxy,
  none: { start: () => {}, sync: () => {} },
};

/** Those that translate in the kernel, where what is translated is remembered. */
const TRANSLATING: readonly ProxyMode[] = ['iptables', 'ipvs', 'nftables'];

export function startProxy(cluster: Cluster, state: KernelStateBuilder): void {
  for (const node of cluster.nodes) MODES[cluster.proxy.mode].start(cluster, node, state.get(node.netns));
}

export function syncProxy(cluster: Cluster, state: KernelStateBuilder): void {
  const { mode } = cluster.proxy;
  const flows = TRANSLATING.includes(mode) ? udpFlows(cluster) : [];
  for (const node of cluster.nodes) {
    const namespace = state.get(node.netns);
    MODES[mode].sync(cluster, node, namespace);
    namespace.flows.push(...flows);
  }
}
