/**
 * kube-proxy, mode iptables (kubernetes pkg/proxy/iptables/proxier.go, 1.32 to 1.35).
 *
 * The way of a packet to a Service:
 *
 *   nat PREROUTING/OUTPUT → KUBE-SERVICES ─ ClusterIP ───────────→ KUBE-SVC-x (KUBE-SVL-x: policy Local) ─→ KUBE-SEP-y: DNAT
 *                                         ├ external IP ─→ KUBE-EXT-x ─┤ mark for SNAT, or not (policy Local)
 *                                         ├ load balancer IP → KUBE-FW-x → KUBE-EXT-x
 *                                         └ own address → KUBE-NODEPORTS → KUBE-EXT-x
 *   filter INPUT/FORWARD/OUTPUT → KUBE-SERVICES, KUBE-EXTERNAL-SERVICES: reject or drop what has no endpoint
 *                               → KUBE-FORWARD: let marked and established packets through, drop invalid ones
 *   nat POSTROUTING → KUBE-POSTROUTING: what carries the mark is masqueraded
 */
import type { Origin } from '../../diagnostic.ts';
import type { Cluster, Node, ProxyConfig } from '../../model/cluster.ts';
import { cidrContains, hostCidr, parseCidr } from '../../net/address.ts';
import type { KernelStateBuilder, NamespaceBuilder } from '../builder.ts';
import type { IptablesBuilder } from '../iptables.ts';
import { BLOCK_LOCALNET } from '../kubelet.ts';
import { compileServicePort } from './iptables-service.ts';
import { localDetector } from './local-detector.ts';

export function compileIptablesProxy(cluster: Cluster, state: KernelStateBuilder): void {
  const config = cluster.proxy;
  const mark = formatMark(config.masqueradeBit);
  for (const node of cluster.nodes) {
    const namespace = state.get(node.netns);
    compileSysctls(config, namespace);
    compileJumps(namespace.iptables, node.origin);
    compileStaticChains(config, mark, namespace.iptables, node.origin);
    const detector = localDetector(cluster, config, node);
    for (const service of cluster.services) {
      for (const port of service.ports)
        compileServicePort({ service, port, node, config, detector, iptables: namespace.iptables });
    }
    compileNodePortJump(config, node, namespace.iptables);
  }
}

/** `localhostNodePorts` need packets to 127.0.0.0/8 routed; the conntrack values are KubeProxyConntrackConfiguration's defaults. */
function compileSysctls(config: ProxyConfig, namespace: NamespaceBuilder): void {
  const localnet = config.localhostNodePorts && coversLoopback(config.nodePortAddresses);
  namespace.sysctl('net.ipv4.conf.all.route_localnet', localnet ? 1 : 0);
  namespace.sysctl('net.netfilter.nf_conntrack_tcp_timeout_established', 86_400);
  namespace.sysctl('net.netfilter.nf_conntrack_tcp_timeout_close_wait', 3600);
}

/** Every jump is put on top of what stands there, in this order. */
function compileJumps(iptables: IptablesBuilder, origin: Origin): void {
  const jump = (table: 'filter' | 'nat', chain: string, target: string, comment: string, onlyNew: boolean) => {
    const state = onlyNew ? '-m conntrack --ctstate NEW ' : '';
    iptables.ensure('prepend', table, chain, `${state}-m comment --comment "${comment}" -j ${target}`, origin);
  };
  jump('filter', 'INPUT', 'KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals', true);
  jump('filter', 'FORWARD', 'KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals', true);
  jump('filter', 'INPUT', 'KUBE-NODEPORTS', 'kubernetes health check service ports', false);
  jump('filter', 'FORWARD', 'KUBE-SERVICES', 'kubernetes service portals', true);
  jump('filter', 'OUTPUT', 'KUBE-SERVICES', 'kubernetes service portals', true);
  jump('filter', 'FORWARD', 'KUBE-FORWARD', 'kubernetes forwarding rules', false);
  jump('filter', 'INPUT', 'KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall', true);
  jump('filter', 'OUTPUT', 'KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall', true);
  jump('filter', 'FORWARD', 'KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall', true);
  jump('nat', 'OUTPUT', 'KUBE-SERVICES', 'kubernetes service portals', false);
  jump('nat', 'PREROUTING', 'KUBE-SERVICES', 'kubernetes service portals', false);
  jump('nat', 'POSTROUTING', 'KUBE-POSTROUTING', 'kubernetes postrouting rules', false);
}

function compileStaticChains(config: ProxyConfig, mark: string, iptables: IptablesBuilder, origin: Origin): void {
  for (const table of ['mangle', 'nat', 'filter'] as const) iptables.chain(table, 'KUBE-PROXY-CANARY');
  for (const chain of ['KUBE-NODEPORTS', 'KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES', 'KUBE-PROXY-FIREWALL'])
    iptables.chain('filter', chain);
  for (const chain of ['KUBE-NODEPORTS', 'KUBE-SERVICES']) iptables.chain('nat', chain);
  if (config.localhostNodePorts) {
    iptables.ensure('append', 'filter', 'KUBE-FIREWALL', BLOCK_LOCALNET, origin);
    iptables.ensure('prepend', 'filter', 'INPUT', '-j KUBE-FIREWALL', origin);
    iptables.ensure('prepend', 'filter', 'OUTPUT', '-j KUBE-FIREWALL', origin);
  }
  iptables.append('filter', 'KUBE-FORWARD', '-m conntrack --ctstate INVALID -j DROP', origin);
  iptables.append(
    'filter',
    'KUBE-FORWARD',
    `-m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`,
    origin,
  );
  iptables.append(
    'filter',
    'KUBE-FORWARD',
    '-m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    origin,
  );
  iptables.append('nat', 'KUBE-MARK-MASQ', `-j MARK --or-mark ${mark}`, origin);
  iptables.append('nat', 'KUBE-POSTROUTING', `-m mark ! --mark ${mark}/${mark} -j RETURN`, origin);
  iptables.append('nat', 'KUBE-POSTROUTING', `-j MARK --xor-mark ${mark}`, origin);
  iptables.append(
    'nat',
    'KUBE-POSTROUTING',
    '-m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    origin,
  );
}

const LAST_RULE = '-m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain"';

/** NodePorts come after every Service address. With restricted nodePortAddresses: one jump for each address of the node in them. */
function compileNodePortJump(config: ProxyConfig, node: Node, iptables: IptablesBuilder): void {
  if (isOpen(config.nodePortAddresses)) {
    const loopback = config.localhostNodePorts ? '' : '! -d 127.0.0.0/8 ';
    iptables.append(
      'nat',
      'KUBE-SERVICES',
      `${LAST_RULE} -m addrtype --dst-type LOCAL ${loopback}-j KUBE-NODEPORTS`,
      node.origin,
    );
    return;
  }
  for (const address of nodePortAddresses(config, node)) {
    iptables.append('nat', 'KUBE-SERVICES', `${LAST_RULE} -d ${address} -j KUBE-NODEPORTS`, node.origin);
  }
}

function nodePortAddresses(config: ProxyConfig, node: Node): string[] {
  const ranges = config.nodePortAddresses.flatMap((range) =>
    range === 'primary' ? [hostCidr(node.address)] : (parseCidr(range) ?? []),
  );
  const own = config.localhostNodePorts ? [...node.addresses, '127.0.0.1'] : node.addresses;
  return own.filter((address) => ranges.some((range) => cidrContains(range, address)));
}

function isOpen(ranges: readonly string[]): boolean {
  return ranges.length === 0 || ranges.includes('0.0.0.0/0');
}

function coversLoopback(ranges: readonly string[]): boolean {
  return isOpen(ranges) || ranges.some((range) => cidrContains(parseCidr(range) ?? hostCidr('0.0.0.0'), '127.0.0.1'));
}

/** Go's `%#08x`: the mark of bit 14 is 0x00004000. */
function formatMark(bit: number): string {
  return `0x${(2 ** bit).toString(16).padStart(8, '0')}`;
}
