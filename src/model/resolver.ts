/** /etc/resolv.conf of every place, as kubelet composes that of pods (kubernetes pkg/kubelet/network/dns/dns.go, GetPodDNS). */
import type { ResolverConfig } from '../dns/resolver.ts';
import type { Cluster, Place, Pod } from './cluster.ts';

/** Machines have no nameserver: nobody outside the cluster serves names, which stand in /etc/hosts. */
const OF_MACHINES: ResolverConfig = { nameservers: [], searches: [], options: [] };

export function resolverOf(
  cluster: Pick<Cluster, 'dns' | 'domain' | 'pods'>,
  place: Pick<Place, 'place'>,
): ResolverConfig {
  const pod = cluster.pods.find((candidate) => candidate.place === place.place);
  return pod ? podResolver(pod, cluster) : OF_MACHINES;
}

function podResolver(
  { namespace, naming, hostNetwork }: Pod,
  { dns, domain }: Pick<Cluster, 'dns' | 'domain'>,
): ResolverConfig {
  const { dnsPolicy, dnsConfig } = naming;
  const isOfCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  /** Of `None` nothing, of others the node's, which has nothing. Without a cluster DNS kubelet falls back to that. */
  const base: ResolverConfig =
    isOfCluster && dns
      ? {
          nameservers: dns.nameservers,
          searches: [`${namespace}.svc.${domain}`, `svc.${domain}`, domain],
          options: ['ndots:5'],
        }
      : OF_MACHINES;
  return {
    nameservers: unique([...base.nameservers, ...dnsConfig.nameservers]).slice(0, MAX_NAMESERVERS),
    searches: unique([...base.searches, ...dnsConfig.searches]).slice(0, MAX_SEARCHES),
    options: mergeOptions(base.options, dnsConfig.options),
  };
}

/** pkg/apis/core/validation/validation.go */
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;

/** The later one of a name counts, in the earlier one's place. */
function mergeOptions(...lists: readonly (readonly string[])[]): string[] {
  return [...new Map(lists.flat().map((option) => [option.replace(/:.*$/, ''), option])).values()];
}

function unique(texts: readonly string[]): string[] {
  return [...new Set(texts)];
}
