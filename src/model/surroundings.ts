/** What a program finds that runs at a place: its hostname, files in /etc, and variables. */
import { formatResolvConf } from '../dns/resolver.ts';
import type { Cluster, Inhabitants, Machine, Place, Pod } from './cluster.ts';
import { serviceVariables } from './environment.ts';
import { resolverOf } from './resolver.ts';

export type Neighbours = Inhabitants & Pick<Cluster, 'services' | 'domain' | 'dns'>;

export interface Surroundings {
  readonly place: string;
  /** As the kernel has it. */
  readonly hostname: string;
  /** By name in /etc. */
  readonly files: Readonly<Record<(typeof FILES)[number], string>>;
  readonly environment: Readonly<Record<string, string>>;
}

export const FILES = ['hostname', 'hosts', 'resolv.conf'] as const;

export function surroundingsOf(cluster: Neighbours, place: Place): Surroundings {
  const pod = cluster.pods.find((candidate) => candidate.place === place.place);
  const hostname = pod ? podHostname(pod, cluster) : place.place.split('/').at(-1)!;
  return {
    place: place.place,
    hostname,
    files: {
      hostname: `${hostname}\n`,
      hosts: pod ? podHosts(pod, cluster) : machineHosts(cluster),
      'resolv.conf': formatResolvConf(resolverOf(cluster, place)),
    },
    environment: pod ? { HOSTNAME: hostname, ...serviceVariables(pod, cluster) } : { HOSTNAME: hostname },
  };
}

/** The names in /etc/hosts, in lower case, each with its addresses. */
export function hostsEntries(cluster: Neighbours, place: Place): Map<string, string[]> {
  const entries = new Map<string, string[]>();
  for (const line of surroundingsOf(cluster, place).files.hosts.split('\n')) {
    const [address, ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    for (const name of names.map((each) => each.toLowerCase()))
      entries.set(name, [...(entries.get(name) ?? []), address!]);
  }
  return entries;
}

/** `NAME.SUBDOMAIN.NAMESPACE.svc.DOMAIN` of a pod with a subdomain. */
function fullName(pod: Pod, { domain }: Neighbours): string | undefined {
  const { subdomain, namespace } = pod;
  return subdomain === undefined ? undefined : `${ownName(pod)}.${subdomain}.${namespace}.svc.${domain}`;
}

/** At most 63 characters, as sethostname(2) has it (pkg/kubelet/kubelet_pods.go, truncatePodHostname). */
function ownName({ hostname, name }: Pod): string {
  return (hostname ?? name).slice(0, MAX_HOSTNAME).replace(/[-.]+$/, '');
}

const MAX_HOSTNAME = 63;

/** A pod on the host network is in its node's UTS namespace as well. */
function podHostname(pod: Pod, cluster: Neighbours): string {
  if (pod.hostNetwork) return pod.node.name;
  return (pod.naming.isFull && fullName(pod, cluster)) || ownName(pod);
}

const HEADER = '# Kubernetes-managed hosts file';

/** pkg/kubelet/kubelet_pods.go, managedHostsFileContent and nodeHostsFileContent */
function podHosts(pod: Pod, cluster: Neighbours): string {
  const { hostNetwork, addresses, naming } = pod;
  const names = [fullName(pod, cluster), ownName(pod)].filter((name) => name !== undefined);
  return [
    ...(hostNetwork
      ? [`${HEADER} (host network).`, machineHosts(cluster).trimEnd()]
      : [`${HEADER}.`, ...LOOPBACK, ...addresses.map((address) => [address, ...names].join('\t'))]),
    ...(naming.aliases.length > 0 ? ['', '# Entries added by HostAliases.'] : []),
    ...naming.aliases.map(({ ip, hostnames }) => [ip, ...hostnames].join('\t')),
  ]
    .map((line) => `${line}\n`)
    .join('');
}

const LOOPBACK = [
  '127.0.0.1\tlocalhost',
  '::1\tlocalhost ip6-localhost ip6-loopback',
  'fe00::0\tip6-localnet',
  'fe00::0\tip6-mcastprefix',
  'fe00::1\tip6-allnodes',
  'fe00::2\tip6-allrouters',
];

/** Machines know each other's names, as their administrator has written them down. */
function machineHosts({ nodes, hosts, routers }: Neighbours): string {
  const line = ({ name, addresses }: Machine) => addresses.map((address) => `${address}\t${name}`);
  return [...LOOPBACK.slice(0, 2), ...[...nodes, ...hosts, ...routers].flatMap(line)]
    .map((text) => `${text}\n`)
    .join('');
}
