/** KUBE-NWPLCY-COMMON: what pods may send and get whatever policies say (pkg/utils/iptables.go, CommonICMPRules). */
import type { Family } from '../../net/address.ts';

export function commonRules(family: Family): string[] {
  const [protocol, type] = family === 4 ? ['icmp', '--icmp-type'] : ['ipv6-icmp', '--icmpv6-type'];
  return [
    '-m comment --comment "rule to drop invalid state for pod" -m conntrack --ctstate INVALID -j DROP',
    '-m comment --comment "rule for stateful firewall for pod" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ...[...ICMP, ...(family === 6 ? NEIGHBOURS : [])].map(
      ([name, comment]) => `-m comment --comment "${comment}" -p ${protocol} ${type} ${name} -j ACCEPT`,
    ),
  ];
}

const ICMP = [
  ['echo-request', 'allow icmp echo requests'],
  ['destination-unreachable', 'allow icmp destination unreachable messages'],
  ['time-exceeded', 'allow icmp time exceeded messages'],
] as const;

const NEIGHBOURS = [
  ['neighbor-solicitation', 'allow icmp neighbor solicitation messages'],
  ['neighbor-advertisement', 'allow icmp neighbor advertisement messages'],
  ['echo-reply', 'allow icmp echo reply messages'],
] as const;
