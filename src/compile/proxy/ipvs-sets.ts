/** The sets kube-proxy's rules name in mode ipvs (kubernetes pkg/proxy/ipvs/ipset.go, proxier.go: ipsetInfo). */
import type { Origin } from '../../diagnostic.ts';
import type { Family } from '../../net/address.ts';
import type { IpSet } from '../ipset.ts';

/** For the IPv6 twin, `inet6`. */
const HASH = 'family inet hashsize 1024 maxelem 65536';
const IP_PORT = `hash:ip,port ${HASH}`;
const PORT = 'bitmap:port range 0-65535';

/** Definition, and the comment of rules that name the set. */
const SETS = {
  'KUBE-LOOP-BACK': [
    `hash:ip,port,ip ${HASH}`,
    'Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose',
  ],
  'KUBE-CLUSTER-IP': [IP_PORT, 'Kubernetes service cluster ip + port for masquerade purpose'],
  'KUBE-EXTERNAL-IP': [IP_PORT, 'Kubernetes service external ip + port for masquerade and filter purpose'],
  'KUBE-EXTERNAL-IP-LOCAL': [IP_PORT, 'Kubernetes service external ip + port with externalTrafficPolicy=local'],
  'KUBE-LOAD-BALANCER': [IP_PORT, 'Kubernetes service lb portal'],
  'KUBE-LOAD-BALANCER-FW': [IP_PORT, 'Kubernetes service load balancer ip + port for load balancer with sourceRange'],
  'KUBE-LOAD-BALANCER-LOCAL': [IP_PORT, 'Kubernetes service load balancer ip + port with externalTrafficPolicy=local'],
  'KUBE-LOAD-BALANCER-SOURCE-IP': [
    `hash:ip,port,ip ${HASH}`,
    'Kubernetes service load balancer ip + port + source IP for packet filter purpose',
  ],
  'KUBE-LOAD-BALANCER-SOURCE-CIDR': [
    `hash:ip,port,net ${HASH}`,
    'Kubernetes service load balancer ip + port + source cidr for packet filter purpose',
  ],
  'KUBE-NODE-PORT-TCP': [PORT, 'Kubernetes nodeport TCP port for masquerade purpose'],
  'KUBE-NODE-PORT-LOCAL-TCP': [PORT, 'Kubernetes nodeport TCP port with externalTrafficPolicy=local'],
  'KUBE-NODE-PORT-UDP': [PORT, 'Kubernetes nodeport UDP port for masquerade purpose'],
  'KUBE-NODE-PORT-LOCAL-UDP': [PORT, 'Kubernetes nodeport UDP port with externalTrafficPolicy=local'],
  'KUBE-NODE-PORT-SCTP-HASH': [
    IP_PORT,
    "Kubernetes nodeport SCTP port for masquerade purpose with type 'hash ip:port'",
  ],
  'KUBE-NODE-PORT-LOCAL-SCTP-HASH': [
    IP_PORT,
    "Kubernetes nodeport SCTP port with externalTrafficPolicy=local with type 'hash ip:port'",
  ],
  'KUBE-HEALTH-CHECK-NODE-PORT': [PORT, 'Kubernetes health check node port'],
  'KUBE-IPVS-IPS': [`hash:ip ${HASH}`, 'Addresses on the ipvs interface'],
} as const;
export type SetName = keyof typeof SETS;

/** What is in the sets of one node, of one family. */
export class IpSets {
  readonly #family: Family;
  readonly #entries = new Map<SetName, Set<string>>();

  constructor(family: Family) {
    this.#family = family;
  }

  /** False when it is there already. */
  add(name: SetName, entry: string | number): boolean {
    const entries = this.#entries.get(name) ?? new Set();
    const isNew = !entries.has(String(entry));
    this.#entries.set(name, entries.add(String(entry)));
    return isNew;
  }

  isEmpty(name: SetName): boolean {
    return !this.#entries.has(name);
  }

  /** The match for packets in a set, compared by what `by` says: `dst,dst` is destination address and port. */
  match(name: SetName, by: string): string {
    return `-m set --match-set ${this.#nameOf(name)} ${by}`;
  }

  /** kube-proxy makes all of them, also those that stay empty. */
  build(origin: Origin): IpSet[] {
    return Object.entries(SETS).map(([name, [definition]]) => ({
      name: this.#nameOf(name as SetName),
      definition: this.#family === 4 ? definition : definition.replace('family inet ', 'family inet6 '),
      entries: [...(this.#entries.get(name as SetName) ?? [])].sort(),
      origin,
    }));
  }

  /** Of a set for IPv6; the kernel ends names at 31 characters (newIPSet()). */
  #nameOf(name: SetName): string {
    return this.#family === 4 ? name : name.replace('KUBE-', 'KUBE-6-').slice(0, 31);
  }
}

export function commented(name: SetName): string {
  return `-m comment --comment "${SETS[name][1]}"`;
}
