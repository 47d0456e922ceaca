/** kube-proxy modes. A new mode is one file here, its options in the schema, and its topology. */
import type { Cluster, ProxyMode } from '../../model/cluster.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { compileIptablesProxy } from './iptables.ts';

const MODES: Record<ProxyMode, (cluster: Cluster, state: KernelStateBuilder) => void> = {
  iptables: compileIptablesProxy,
  none: () => {},
};

export function compileProxy(cluster: Cluster, state: KernelStateBuilder): void {
  MODES[cluster.proxy.mode](cluster, state);
}
