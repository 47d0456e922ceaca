/**
 * What a node has before kube-proxy and the network plugin start: forwarding, bridge netfilter, and kubelet's chains
 * (kubernetes pkg/kubelet/kubelet_network_linux.go, as it is since IPTablesOwnershipCleanup).
 */
import type { Node } from '../model/cluster.ts';
import type { Family } from '../net/address.ts';
import type { NamespaceBuilder } from './builder.ts';

export function compileKubelet({ podCIDR: { family }, origin }: Node, namespace: NamespaceBuilder): void {
  compileSysctls(family, namespace);
  const rules = namespace.rules(family);
  rules.chain('mangle', 'KUBE-IPTABLES-HINT');
  for (const table of ['mangle', 'nat', 'filter'] as const) rules.chain(table, 'KUBE-KUBELET-CANARY');
  if (family === 6) return;
  rules.append('filter', 'KUBE-FIREWALL', BLOCK_LOCALNET, origin);
  rules.ensure('prepend', 'filter', 'OUTPUT', '-j KUBE-FIREWALL', origin);
  rules.ensure('prepend', 'filter', 'INPUT', '-j KUBE-FIREWALL', origin);
}

/** A node that forwards ignores router advertisements, unless an interface has accept_ra = 2 (Documentation/networking/ip-sysctl.rst). */
function compileSysctls(family: Family, namespace: NamespaceBuilder): void {
  if (family === 6) {
    namespace.sysctl('net.ipv6.conf.all.forwarding', 1);
    namespace.sysctl('net.bridge.bridge-nf-call-ip6tables', 1);
  } else {
    namespace.sysctl('net.ipv4.ip_forward', 1);
    namespace.sysctl('net.bridge.bridge-nf-call-iptables', 1);
    namespace.sysctl('net.ipv4.conf.all.rp_filter', 0);
    namespace.sysctl('net.ipv4.conf.default.rp_filter', 0);
    /** The kernel's defaults of what kube-proxy may change: without it, they are what they were. */
    namespace.sysctl('net.ipv4.conf.all.route_localnet', 0);
    namespace.sysctl('net.ipv4.conf.all.arp_ignore', 0);
    namespace.sysctl('net.ipv4.conf.all.arp_announce', 0);
  }
  namespace.sysctl('net.netfilter.nf_conntrack_tcp_timeout_established', 432_000);
  namespace.sysctl('net.netfilter.nf_conntrack_tcp_timeout_close_wait', 60);
}

/** CVE-2020-8558: with route_localnet, nobody else may talk to 127.0.0.0/8. kube-proxy writes the same rule. */
export const BLOCK_LOCALNET =
  '-m comment --comment "block incoming localnet connections" -d 127.0.0.0/8 ! -s 127.0.0.0/8 -m conntrack ! --ctstate RELATED,ESTABLISHED,DNAT -j DROP';
