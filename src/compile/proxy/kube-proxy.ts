/**
 * What kube-proxy is in several modes alike: how it begins and goes on, how packets get its mark, and what the
 * mark does (kubernetes pkg/proxy/{iptables,ipvs}/proxier.go).
 *
 *   nat KUBE-MARK-MASQ: set the mark        filter FORWARD → KUBE-FORWARD: let marked and established packets through
 *   nat POSTROUTING → KUBE-POSTROUTING: clear the mark and masquerade
 */
import type { Origin } from '../../diagnostic.ts';
import type { Cluster, Node, ProxyConfig } from '../../model/cluster.ts';
import type { NamespaceBuilder } from '../builder.ts';
import type { IptablesBuilder, TableName } from '../iptables.ts';

/** A mode, on one node, for one address family: `cluster` and `node` are what it sees of them in that family. */
export interface KubeProxy {
  /** When it starts: before the network plugin, whose rules come after its own. */
  start(cluster: Cluster, node: Node, namespace: NamespaceBuilder): void;
  /** What it keeps up to date, when the node has all its addresses. */
  sync(cluster: Cluster, node: Node, namespace: NamespaceBuilder): void;
}

/** KubeProxyConntrackConfiguration, its other fields as they are by default (cmd/kube-proxy/app/server_linux.go, setupConntrack). */
export function compileConntrack({ conntrack }: ProxyConfig, namespace: NamespaceBuilder): void {
  namespace.sysctl('net.netfilter.nf_conntrack_tcp_timeout_established', 86_400);
  namespace.sysctl('net.netfilter.nf_conntrack_tcp_timeout_close_wait', 3600);
  if (conntrack.tcpBeLiberal) namespace.sysctl('net.netfilter.nf_conntrack_tcp_be_liberal', 1);
}

export interface Jump {
  readonly table: TableName;
  readonly from: string;
  readonly to: string;
  readonly comment: string;
  readonly onlyNew?: boolean;
}

/** Every jump is put on top of what stands there, in this order. */
export function compileJumps(jumps: readonly Jump[], iptables: IptablesBuilder, origin: Origin): void {
  for (const { table, from, to, comment, onlyNew } of jumps) {
    const state = onlyNew ? '-m conntrack --ctstate NEW ' : '';
    iptables.ensure('prepend', table, from, `${state}-m comment --comment "${comment}" -j ${to}`, origin);
  }
}

export function compileForward(config: ProxyConfig, iptables: IptablesBuilder, origin: Origin): void {
  const rule = (text: string) => iptables.append('filter', 'KUBE-FORWARD', text, origin);
  const mark = markOf(config);
  rule(`-m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`);
  rule(
    '-m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  );
}

/** The mark goes before the packet does: it may come by again, encapsulated. */
export function compileMasquerade(config: ProxyConfig, iptables: IptablesBuilder, origin: Origin): void {
  const rule = (chain: string, text: string) => iptables.append('nat', chain, text, origin);
  const mark = markOf(config);
  rule('KUBE-MARK-MASQ', `-j MARK --or-mark ${mark}`);
  rule('KUBE-POSTROUTING', `-m mark ! --mark ${mark}/${mark} -j RETURN`);
  rule('KUBE-POSTROUTING', `-j MARK --xor-mark ${mark}`);
  rule(
    'KUBE-POSTROUTING',
    '-m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
  );
}

/** The mark of what is to be masqueraded, as Go's `%#08x` writes it: that of bit 14 is 0x00004000. */
export function markOf({ masqueradeBit }: ProxyConfig): string {
  return `0x${(2 ** masqueradeBit).toString(16).padStart(8, '0')}`;
}
