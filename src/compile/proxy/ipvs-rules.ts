/** kube-proxy's rules in mode ipvs: writeIptablesRules (kubernetes pkg/proxy/ipvs/proxier.go). */
import type { Node, ProxyConfig } from '../../model/cluster.ts';
import { LOOPBACK } from '../../net/address.ts';
import type { IptablesBuilder, TableName } from '../iptables.ts';
import { commented, type IpSets, type SetName } from './ipvs-sets.ts';
import { compileForward, compileMasquerade } from './kube-proxy.ts';
import type { LocalDetector } from './local-detector.ts';

/** Rules that only look into a set. They are left out while it is empty. */
const SET_RULES: readonly [TableName, chain: string, SetName, by: string, target: string, protocol?: string][] = [
  ['nat', 'KUBE-POSTROUTING', 'KUBE-LOOP-BACK', 'dst,dst,src', 'MASQUERADE'],
  ['nat', 'KUBE-SERVICES', 'KUBE-LOAD-BALANCER', 'dst,dst', 'KUBE-LOAD-BALANCER'],
  ['nat', 'KUBE-LOAD-BALANCER', 'KUBE-LOAD-BALANCER-LOCAL', 'dst,dst', 'RETURN'],
  ['nat', 'KUBE-NODE-PORT', 'KUBE-NODE-PORT-LOCAL-TCP', 'dst', 'RETURN', 'tcp'],
  ['nat', 'KUBE-NODE-PORT', 'KUBE-NODE-PORT-TCP', 'dst', 'KUBE-MARK-MASQ', 'tcp'],
  ['nat', 'KUBE-NODE-PORT', 'KUBE-NODE-PORT-LOCAL-UDP', 'dst', 'RETURN', 'udp'],
  ['nat', 'KUBE-NODE-PORT', 'KUBE-NODE-PORT-UDP', 'dst', 'KUBE-MARK-MASQ', 'udp'],
  ['nat', 'KUBE-NODE-PORT', 'KUBE-NODE-PORT-LOCAL-SCTP-HASH', 'dst,dst', 'RETURN', 'sctp'],
  ['nat', 'KUBE-NODE-PORT', 'KUBE-NODE-PORT-SCTP-HASH', 'dst,dst', 'KUBE-MARK-MASQ', 'sctp'],
  ['filter', 'KUBE-PROXY-FIREWALL', 'KUBE-LOAD-BALANCER-FW', 'dst,dst', 'KUBE-SOURCE-RANGES-FIREWALL'],
  ['filter', 'KUBE-SOURCE-RANGES-FIREWALL', 'KUBE-LOAD-BALANCER-SOURCE-CIDR', 'dst,dst,src', 'RETURN'],
  ['filter', 'KUBE-SOURCE-RANGES-FIREWALL', 'KUBE-LOAD-BALANCER-SOURCE-IP', 'dst,dst,src', 'RETURN'],
];

export function compileRules(
  config: ProxyConfig,
  sets: IpSets,
  detector: LocalDetector | undefined,
  iptables: IptablesBuilder,
  { origin, podCIDR: { family } }: Node,
): void {
  const nat = (chain: string, text: string) => iptables.append('nat', chain, text, origin);
  const filter = (chain: string, text: string) => iptables.append('filter', chain, text, origin);

  nat('KUBE-SERVICES', `-s ${LOOPBACK[family]} -j RETURN`);
  for (const [table, chain, name, by, target, protocol] of SET_RULES) {
    if (sets.isEmpty(name)) continue;
    const match = protocol === undefined ? '' : `-p ${protocol} `;
    iptables.append(table, chain, `${match}${commented(name)} ${sets.match(name, by)} -j ${target}`, origin);
  }
  if (!sets.isEmpty('KUBE-CLUSTER-IP')) {
    const match = `${commented('KUBE-CLUSTER-IP')} ${notFromPods(config, sets, detector)}`;
    nat('KUBE-SERVICES', `${match} -j KUBE-MARK-MASQ`);
  }
  for (const name of ['KUBE-EXTERNAL-IP', 'KUBE-EXTERNAL-IP-LOCAL'] as const) {
    if (sets.isEmpty(name)) continue;
    const match = `${commented(name)} ${sets.match(name, 'dst,dst')}`;
    if (name === 'KUBE-EXTERNAL-IP') nat('KUBE-SERVICES', `${match} -j KUBE-MARK-MASQ`);
    nat('KUBE-SERVICES', `${match} -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT`);
    nat('KUBE-SERVICES', `${match} -m addrtype --dst-type LOCAL -j ACCEPT`);
  }
  nat('KUBE-SERVICES', '-m addrtype --dst-type LOCAL -j KUBE-NODE-PORT');
  nat('KUBE-LOAD-BALANCER', '-j KUBE-MARK-MASQ');
  for (const name of ['KUBE-CLUSTER-IP', 'KUBE-LOAD-BALANCER'] as const)
    if (!sets.isEmpty(name)) nat('KUBE-SERVICES', `${sets.match(name, 'dst,dst')} -j ACCEPT`);
  compileMasquerade(config, iptables, origin);

  filter('KUBE-SOURCE-RANGES-FIREWALL', '-j DROP');
  compileForward(config, iptables, origin);
  const health = 'KUBE-HEALTH-CHECK-NODE-PORT';
  filter('KUBE-NODE-PORT', `${commented(health)} ${sets.match(health, 'dst')} -j ACCEPT`);
  for (const name of ['KUBE-LOAD-BALANCER', 'KUBE-CLUSTER-IP', 'KUBE-EXTERNAL-IP', 'KUBE-EXTERNAL-IP-LOCAL'] as const)
    filter('KUBE-IPVS-FILTER', `${sets.match(name, 'dst,dst')} -j RETURN`);
  filter('KUBE-IPVS-FILTER', `${sets.match(health, 'dst')} -j RETURN`);
  filter('KUBE-IPVS-FILTER', `-m conntrack --ctstate NEW ${sets.match('KUBE-IPVS-IPS', 'dst')} -j REJECT`);
}

/** Who asks a ClusterIP and would not get the answer from the pod itself. Where pods cannot be told: the node, which sends from that address. */
function notFromPods({ masqueradeAll }: ProxyConfig, sets: IpSets, detector: LocalDetector | undefined): string {
  if (masqueradeAll) return sets.match('KUBE-CLUSTER-IP', 'dst,dst');
  return detector
    ? `${sets.match('KUBE-CLUSTER-IP', 'dst,dst')} ${detector.iptables.ifNotLocal}`
    : sets.match('KUBE-CLUSTER-IP', 'src,dst');
}
