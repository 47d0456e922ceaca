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
import { type Family, LOOPBACK } from '../../net/address.ts';
import type { NamespaceBuilder } from '../builder.ts';
import type { IptablesBuilder } from '../iptables.ts';
import { BLOCK_LOCALNET } from '../kubelet.ts';
import { compileServicePort } from './iptables-service.ts';
import {
  compileConntrack,
  compileForward,
  compileJumps,
  compileMasquerade,
  type Jump,
  type KubeProxy,
} from './kube-proxy.ts';
import { localDetector } from './local-detector.ts';
import { acceptingAddresses, acceptsEverywhere, acceptsOnLoopback } from './node-ports.ts';

export const iptablesProxy: KubeProxy = {
  start(cluster, node, namespace) {
    const { family } = node.podCIDR;
    const config = configOf(cluster, family);
    const iptables = namespace.rules(family);
    compileConntrack(config, namespace);
    if (family === 4) compileLocalnet(config, namespace);
    compileJumps(JUMPS, iptables, node.origin);
    compileStaticChains(config, iptables, node.origin);
  },
  sync(cluster, node, namespace) {
    const { family } = node.podCIDR;
    const config = configOf(cluster, family);
    const { services } = cluster;
    const iptables = namespace.rules(family);
    const detector = localDetector(cluster, config, node);
    for (const service of services) {
      for (const port of service.ports) compileServicePort({ service, port, node, config, detector, iptables });
    }
    compileNodePortJump(config, node, namespace.addressesIn(family), iptables);
  },
};

/** NodePorts are not served at ::1: what comes from there cannot be sent on (NewDualStackProxier). */
function configOf({ proxy }: Cluster, family: Family): ProxyConfig {
  return family === 4 ? proxy : { ...proxy, localhostNodePorts: false };
}

/** `localhostNodePorts` need packets to 127.0.0.0/8 routed. */
function compileLocalnet(config: ProxyConfig, namespace: NamespaceBuilder): void {
  const localnet = config.localhostNodePorts && acceptsOnLoopback(config);
  namespace.sysctl('net.ipv4.conf.all.route_localnet', localnet ? 1 : 0);
}

const EXTERNAL = 'kubernetes externally-visible service portals';
const PORTALS = 'kubernetes service portals';
const FIREWALL = 'kubernetes load balancer firewall';

const JUMPS: readonly Jump[] = [
  { table: 'filter', from: 'INPUT', to: 'KUBE-EXTERNAL-SERVICES', comment: EXTERNAL, onlyNew: true },
  { table: 'filter', from: 'FORWARD', to: 'KUBE-EXTERNAL-SERVICES', comment: EXTERNAL, onlyNew: true },
  { table: 'filter', from: 'INPUT', to: 'KUBE-NODEPORTS', comment: 'kubernetes health check service ports' },
  { table: 'filter', from: 'FORWARD', to: 'KUBE-SERVICES', comment: PORTALS, onlyNew: true },
  { table: 'filter', from: 'OUTPUT', to: 'KUBE-SERVICES', comment: PORTALS, onlyNew: true },
  { table: 'filter', from: 'FORWARD', to: 'KUBE-FORWARD', comment: 'kubernetes forwarding rules' },
  { table: 'filter', from: 'INPUT', to: 'KUBE-PROXY-FIREWALL', comment: FIREWALL, onlyNew: true },
  { table: 'filter', from: 'OUTPUT', to: 'KUBE-PROXY-FIREWALL', comment: FIREWALL, onlyNew: true },
  { table: 'filter', from: 'FORWARD', to: 'KUBE-PROXY-FIREWALL', comment: FIREWALL, onlyNew: true },
  { table: 'nat', from: 'OUTPUT', to: 'KUBE-SERVICES', comment: PORTALS },
  { table: 'nat', from: 'PREROUTING', to: 'KUBE-SERVICES', comment: PORTALS },
  { table: 'nat', from: 'POSTROUTING', to: 'KUBE-POSTROUTING', comment: 'kubernetes postrouting rules' },
];

function compileStaticChains(config: ProxyConfig, iptables: IptablesBuilder, origin: Origin): void {
  for (const table of ['mangle', 'nat', 'filter'] as const) iptables.chain(table, 'KUBE-PROXY-CANARY');
  for (const chain of ['KUBE-NODEPORTS', 'KUBE-SERVICES', 'KUBE-EXTERNAL-SERVICES', 'KUBE-PROXY-FIREWALL'])
    iptables.chain('filter', chain);
  for (const chain of ['KUBE-NODEPORTS', 'KUBE-SERVICES']) iptables.chain('nat', chain);
  if (config.localhostNodePorts) {
    iptables.ensure('append', 'filter', 'KUBE-FIREWALL', BLOCK_LOCALNET, origin);
    iptables.ensure('prepend', 'filter', 'INPUT', '-j KUBE-FIREWALL', origin);
    iptables.ensure('prepend', 'filter', 'OUTPUT', '-j KUBE-FIREWALL', origin);
  }
  if (!config.conntrack.tcpBeLiberal)
    iptables.append('filter', 'KUBE-FORWARD', '-m conntrack --ctstate INVALID -j DROP', origin);
  compileForward(config, iptables, origin);
  compileMasquerade(config, iptables, origin);
}

const LAST_RULE = '-m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain"';

/** NodePorts come after every Service address. With restricted nodePortAddresses: one jump for each address of the node in them. */
function compileNodePortJump(
  config: ProxyConfig,
  node: Node,
  addresses: readonly string[],
  iptables: IptablesBuilder,
): void {
  const jump = (match: string) =>
    iptables.append('nat', 'KUBE-SERVICES', `${LAST_RULE} ${match} -j KUBE-NODEPORTS`, node.origin);
  const { family } = node.podCIDR;
  if (acceptsEverywhere(config, family)) {
    jump(`-m addrtype --dst-type LOCAL${config.localhostNodePorts ? '' : ` ! -d ${LOOPBACK[family]}`}`);
    return;
  }
  const own = config.localhostNodePorts ? [...addresses, '127.0.0.1'] : addresses;
  for (const address of acceptingAddresses(config, node, own)) jump(`-d ${address}`);
}
