/**
 * kube-proxy, mode ipvs (kubernetes pkg/proxy/ipvs/proxier.go, 1.32 to 1.35).
 *
 * The addresses of Services are the node's own, on kube-ipvs0, so that packets to them are delivered to it, where IPVS
 * takes them. iptables only marks what needs another source, and refuses what is not served:
 *
 *   nat PREROUTING/OUTPUT → KUBE-SERVICES ─ load balancer IP ─→ KUBE-LOAD-BALANCER ─┤ mark for SNAT, or not (policy Local)
 *                                         ├ ClusterIP, not from a pod ──────────────┤ mark
 *                                         ├ external IP ────────────────────────────┤ mark, or not (policy Local)
 *                                         └ own address ─→ KUBE-NODE-PORT ──────────┤ mark, or not (policy Local)
 *   filter INPUT → KUBE-IPVS-FILTER: reject ports of kube-ipvs0 that no Service has
 *                → KUBE-PROXY-FIREWALL → KUBE-SOURCE-RANGES-FIREWALL: drop clients outside the source ranges
 *   IPVS (INPUT, after filter; OUTPUT, after nat): DNAT to a real server, and on as a packet sent from here
 *   nat POSTROUTING → KUBE-POSTROUTING: masquerade what carries the mark, or goes back to the pod it comes from
 */
import type { ProxyConfig } from '../../model/cluster.ts';
import { macFor } from '../../net/name.ts';
import type { NamespaceBuilder } from '../builder.ts';
import type { TableName } from '../iptables.ts';
import { compileRules } from './ipvs-rules.ts';
import { compileServicePort, DEVICE, type NodeContext } from './ipvs-service.ts';
import { IpSets } from './ipvs-sets.ts';
import { compileConntrack, compileJumps, type Jump, type KubeProxy } from './kube-proxy.ts';
import { localDetector } from './local-detector.ts';
import { acceptingAddresses } from './node-ports.ts';

export const ipvsProxy: KubeProxy = {
  start({ proxy: config }, node, namespace) {
    const iptables = namespace.rules(node.podCIDR.family);
    compileConntrack(config, namespace);
    compileSysctls(config, namespace);
    for (const [table, chain] of CHAINS) iptables.chain(table, chain);
    compileJumps(JUMPS, iptables, node.origin);
    /** Never up, as kube-proxy leaves it: the kernel delivers to its addresses all the same. */
    namespace.link({ kind: 'dummy', name: DEVICE, mtu: 1500, mac: macFor('dummy', node.address), up: false });
  },
  sync(cluster, node, namespace) {
    const { proxy: config, services } = cluster;
    const { family } = node.podCIDR;
    const addresses = namespace.addressesIn(family);
    const nodePortAddresses = acceptingAddresses(config, node, addresses);
    const sets = new IpSets(family);
    const servers = new Map();
    const context: NodeContext = { node, config, namespace, addresses, nodePortAddresses, sets, servers };
    for (const service of services) for (const port of service.ports) compileServicePort(service, port, context);
    compileRules(config, sets, localDetector(cluster, config, node), namespace.rules(family), node);
    namespace.ipsets.push(...sets.build(node.origin));
    namespace.ipvs.push(...servers.values());
  },
};

/** `conn_reuse_mode` is left alone: since Linux 5.9 its default does no harm (kubernetes#93297). */
function compileSysctls({ ipvs }: ProxyConfig, namespace: NamespaceBuilder): void {
  namespace.sysctl('net.ipv4.vs.conntrack', 1);
  namespace.sysctl('net.ipv4.vs.expire_nodest_conn', 1);
  namespace.sysctl('net.ipv4.vs.expire_quiescent_template', 1);
  if (!ipvs.strictARP) return;
  namespace.sysctl('net.ipv4.conf.all.arp_ignore', 1);
  namespace.sysctl('net.ipv4.conf.all.arp_announce', 2);
}

const CHAINS: readonly [TableName, string][] = [
  ['nat', 'KUBE-SERVICES'],
  ['nat', 'KUBE-POSTROUTING'],
  ['nat', 'KUBE-NODE-PORT'],
  ['nat', 'KUBE-LOAD-BALANCER'],
  ['nat', 'KUBE-MARK-MASQ'],
  ['filter', 'KUBE-FORWARD'],
  ['filter', 'KUBE-NODE-PORT'],
  ['filter', 'KUBE-PROXY-FIREWALL'],
  ['filter', 'KUBE-SOURCE-RANGES-FIREWALL'],
  ['filter', 'KUBE-IPVS-FILTER'],
  ['filter', 'KUBE-IPVS-OUT-FILTER'],
];

const PORTALS = 'kubernetes service portals';
const FIREWALL = 'kube-proxy firewall rules';
const ACCESS = 'kubernetes ipvs access filter';

const JUMPS: readonly Jump[] = [
  { table: 'nat', from: 'OUTPUT', to: 'KUBE-SERVICES', comment: PORTALS },
  { table: 'nat', from: 'PREROUTING', to: 'KUBE-SERVICES', comment: PORTALS },
  { table: 'nat', from: 'POSTROUTING', to: 'KUBE-POSTROUTING', comment: 'kubernetes postrouting rules' },
  { table: 'filter', from: 'FORWARD', to: 'KUBE-FORWARD', comment: 'kubernetes forwarding rules' },
  { table: 'filter', from: 'INPUT', to: 'KUBE-NODE-PORT', comment: 'kubernetes health check rules' },
  { table: 'filter', from: 'INPUT', to: 'KUBE-PROXY-FIREWALL', comment: FIREWALL },
  { table: 'filter', from: 'FORWARD', to: 'KUBE-PROXY-FIREWALL', comment: FIREWALL },
  { table: 'filter', from: 'INPUT', to: 'KUBE-IPVS-FILTER', comment: ACCESS },
  { table: 'filter', from: 'OUTPUT', to: 'KUBE-IPVS-OUT-FILTER', comment: ACCESS },
];
