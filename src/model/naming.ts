/** What a pod is called and how it finds others by name, as kubelet makes it out of the pod's description. */

import type { Diagnostics } from '../diagnostic.ts';
import type { ResolverConfig } from '../dns/resolver.ts';
import { type Draft, podPlace } from './draft.ts';

export interface Naming {
  /** The pod's name or `spec.hostname`, at most 63 characters (pkg/kubelet/kubelet_pods.go, truncatePodHostname). */
  readonly hostname: string;
  /** Its endpoint of a headless Service of this name has the hostname, if there is one. */
  readonly subdomain?: string;
  /** Whether `spec.hostname` is set: only then has its endpoint one. */
  readonly hasOwnHostname: boolean;
  /** The kernel's hostname is the full one. */
  readonly isFull: boolean;
  readonly aliases: readonly { readonly ip: string; readonly hostnames: readonly string[] }[];
  readonly dnsPolicy: Draft['spec']['dnsPolicy'];
  readonly dnsConfig: ResolverConfig;
  readonly serviceLinks: boolean;
}

/** sethostname(2) */
const MAX_HOSTNAME = 63;

export function namingOf({ name, spec }: Draft): Naming {
  const { hostname, subdomain, setHostnameAsFQDN = false, hostAliases = [], dnsPolicy, dnsConfig } = spec;
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  return {
    hostname: (hostname ?? name).slice(0, MAX_HOSTNAME).replace(/[-.]+$/, ''),
    ...(subdomain !== undefined && { subdomain }),
    hasOwnHostname: hostname !== undefined,
    isFull: setHostnameAsFQDN,
    aliases: hostAliases.map(({ ip, hostnames = [] }) => ({ ip, hostnames })),
    dnsPolicy,
    dnsConfig: {
      nameservers,
      searches,
      options: options.map(({ name, value }) => (value ? `${name}:${value}` : name)),
    },
    serviceLinks: spec.enableServiceLinks,
  };
}

/** As the API server refuses it (pkg/apis/core/validation/validation.go, validatePodDNSConfig). */
export function reportNaming(draft: Draft, diagnostics: Diagnostics): void {
  const { dnsPolicy, dnsConfig } = draft.spec;
  if (dnsPolicy === 'None' && (dnsConfig?.nameservers ?? []).length === 0)
    diagnostics.error(
      'missing-field',
      `${podPlace(draft)} has dnsPolicy None and no nameserver`,
      draft.locateSpec(['dnsPolicy']),
      'name at least one in dnsConfig.nameservers',
    );
}
