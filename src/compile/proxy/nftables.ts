/**
 * kube-proxy, mode nftables (kubernetes pkg/proxy/nftables/proxier.go, as in 1.34, 1.35 and the last releases of 1.33:
 * earlier ones look for endpoints before DNAT; 1.36 marks in place and has a set of hairpin connections).
 *
 * The way of a packet to a Service, all in one table of kube-proxy's own:
 *
 *   prerouting/output  firewall-check ─ load balancer IP: @firewall-ips → firewall-x: drop sources that are not allowed
 *   prerouting/output  services ─ @service-ips ─ ClusterIP ──────→ service-x (local-x: policy Local) ─→ endpoint-y: DNAT
 *                              │              └ external address → external-x ─┤ mark for SNAT, or not (policy Local)
 *                              └ own address: @service-nodeports → external-x
 *   input              nodeport-endpoints-check ─ @no-endpoint-nodeports ┐
 *   input/forward/output service-endpoints-check ─ @no-endpoint-services ┴ reject or drop what has no endpoint
 *   forward/output     cluster-ips-check: reject other ports of ClusterIPs, drop what goes to no Service at all
 *   postrouting        masquerading: what carries the mark is masqueraded
 *
 * A NodePort is not served on the loopback, and a health check port needs no rule.
 */
import type { Origin } from '../../diagnostic.ts';
import type { Cluster, Node, ProxyConfig } from '../../model/cluster.ts';
import type { Family } from '../../net/address.ts';
import { IP, type NftTable } from '../nft.ts';
import { NftTableBuilder } from '../nft-builder.ts';
import { compileConntrack, type KubeProxy, markOf } from './kube-proxy.ts';
import { localDetector } from './local-detector.ts';
import { compileServicePort } from './nftables-service.ts';
import { acceptingAddresses, acceptsEverywhere } from './node-ports.ts';

export const nftablesProxy: KubeProxy = {
  start({ proxy }, _node, namespace) {
    compileConntrack(proxy, namespace);
  },
  sync(cluster, node, namespace) {
    namespace.nft.push(tableOf(cluster, node, namespace.addressesIn(node.podCIDR.family)));
  },
};

function tableOf(cluster: Cluster, node: Node, addresses: readonly string[]): NftTable {
  const { family } = node.podCIDR;
  const table = new NftTableBuilder({ family: IP[family], name: 'kube-proxy', comment: 'rules for kube-proxy' });
  const config = cluster.proxy;
  compileChains(table, node.origin);
  compileSets(family, table, node.origin);
  compileMasquerading(config, table, node.origin);
  compileServices(config, node, addresses, table);
  compileChecks(cluster, table, node.origin);
  const detector = localDetector(cluster, config, node);
  for (const service of cluster.services) {
    for (const port of service.ports) compileServicePort({ service, port, node, config, detector, table });
  }
  return table.build();
}

/** knftables writes `dstnat-10` and other named priorities as numbers. */
const BASE_CHAINS = {
  'filter-prerouting-pre-dnat': 'type filter hook prerouting priority -110',
  'filter-output-pre-dnat': 'type filter hook output priority -110',
  'filter-input': 'type filter hook input priority 0',
  'filter-forward': 'type filter hook forward priority 0',
  'filter-output': 'type filter hook output priority 0',
  'nat-prerouting': 'type nat hook prerouting priority -100',
  'nat-output': 'type nat hook output priority -100',
  'nat-postrouting': 'type nat hook postrouting priority 100',
} as const;

const JUMPS: readonly (readonly [from: keyof typeof BASE_CHAINS, to: string])[] = [
  ['filter-input', 'nodeport-endpoints-check'],
  ['filter-input', 'service-endpoints-check'],
  ['filter-forward', 'service-endpoints-check'],
  ['filter-output', 'service-endpoints-check'],
  ['filter-prerouting-pre-dnat', 'firewall-check'],
  ['filter-output-pre-dnat', 'firewall-check'],
  ['nat-output', 'services'],
  ['nat-prerouting', 'services'],
  ['nat-postrouting', 'masquerading'],
  ['filter-forward', 'cluster-ips-check'],
  ['filter-output', 'cluster-ips-check'],
];

function compileChains(table: NftTableBuilder, origin: Origin): void {
  for (const [name, hook] of Object.entries(BASE_CHAINS)) table.chain(name, { hook });
  for (const [from, to] of JUMPS) {
    table.chain(to);
    table.rule(from, `${from.startsWith('filter-') ? 'ct state new ' : ''}jump ${to}`, origin);
  }
  table.chain('mark-for-masquerade');
  table.chain('reject-chain', { comment: 'helper for @no-endpoint-services / @no-endpoint-nodeports' });
  table.rule('reject-chain', 'reject', origin);
}

const BY_PORT = 'inet_proto . inet_service : verdict';

function compileSets(family: Family, table: NftTableBuilder, origin: Origin): void {
  const address = `ipv${family}_addr`;
  const byAddress = `${address} . inet_proto . inet_service : verdict`;
  const map = (name: string, type: string, comment: string) => table.set({ kind: 'map', name, type, comment, origin });
  table.set({ kind: 'set', name: 'cluster-ips', type: address, comment: 'Active ClusterIPs', origin });
  map('no-endpoint-services', byAddress, 'vmap to drop or reject packets to services with no endpoints');
  map('no-endpoint-nodeports', BY_PORT, 'vmap to drop or reject packets to service nodeports with no endpoints');
  map('firewall-ips', byAddress, 'destinations that are subject to LoadBalancerSourceRanges');
  map('service-ips', byAddress, 'ClusterIP, ExternalIP and LoadBalancer IP traffic');
  map('service-nodeports', BY_PORT, 'NodePort traffic');
}

function compileMasquerading(config: ProxyConfig, table: NftTableBuilder, origin: Origin): void {
  const mark = markOf(config);
  table.rule('mark-for-masquerade', `mark set mark or ${mark}`, origin);
  table.rule('masquerading', `mark and ${mark} == 0 return`, origin);
  table.rule('masquerading', `mark set mark xor ${mark}`, origin);
  table.rule('masquerading', 'masquerade fully-random', origin);
}

function destination(family: Family): string {
  return `${IP[family]} daddr . meta l4proto . th dport`;
}

const NOT_LOOPBACK = { 4: 'ip daddr != 127.0.0.0/8', 6: 'ip6 daddr != ::1' } as const;

/** What kube-proxy makes of an empty list in this mode (cmd/kube-proxy/app/server_linux.go, platformApplyDefaults). */
function nodePortAddressesOf({ nodePortAddresses }: ProxyConfig): ProxyConfig['nodePortAddresses'] {
  return nodePortAddresses.length > 0 ? nodePortAddresses : ['primary'];
}

function compileServices(config: ProxyConfig, node: Node, addresses: readonly string[], table: NftTableBuilder): void {
  const {
    origin,
    podCIDR: { family },
  } = node;
  const given = { ...config, nodePortAddresses: nodePortAddressesOf(config) };
  const open = acceptsEverywhere(given, family);
  const isNodePort = (onAll: string) => (open ? onAll : `${IP[family]} daddr @nodeport-ips`);
  if (!open) {
    const comment = 'IPs that accept NodePort traffic';
    table.set({ kind: 'set', name: 'nodeport-ips', type: `ipv${family}_addr`, comment, origin });
    for (const key of acceptingAddresses(given, node, addresses)) table.element('nodeport-ips', { key });
  }
  table.rule('services', `${destination(family)} vmap @service-ips`, origin);
  table.rule(
    'services',
    `${isNodePort(`fib daddr type local ${NOT_LOOPBACK[family]}`)} meta l4proto . th dport vmap @service-nodeports`,
    origin,
  );
  table.rule(
    'nodeport-endpoints-check',
    `${isNodePort(NOT_LOOPBACK[family])} meta l4proto . th dport vmap @no-endpoint-nodeports`,
    origin,
  );
}

function compileChecks({ serviceCIDR: { text, family } }: Cluster, table: NftTableBuilder, origin: Origin): void {
  table.rule('firewall-check', `${destination(family)} vmap @firewall-ips`, origin);
  table.rule('service-endpoints-check', `${destination(family)} vmap @no-endpoint-services`, origin);
  table.rule(
    'cluster-ips-check',
    `${IP[family]} daddr @cluster-ips reject comment "Reject traffic to invalid ports of ClusterIPs"`,
    origin,
  );
  table.rule(
    'cluster-ips-check',
    `${IP[family]} daddr { ${text} } drop comment "Drop traffic to unallocated ClusterIPs"`,
    origin,
  );
}
