/** How a pod finds others by name, and itself: what kubelet reads of its description. */

import type { Diagnostics } from '../diagnostic.ts';
import type { ResolverConfig } from '../dns/resolver.ts';
import { type Draft, podPlace } from './draft.ts';

export interface Naming {
  /** The kernel's hostname is the full one. */
  readonly isFull: boolean;
  readonly aliases: readonly { readonly ip: string; readonly hostnames: readonly string[] }[];
  readonly dnsPolicy: Draft['spec']['dnsPolicy'];
  readonly dnsConfig: ResolverConfig;
  readonly serviceLinks: boolean;
}

export function namingOf({ spec }: Draft): Naming {
  const { setHostnameAsFQDN = false, hostAliases = [], dnsPolicy, dnsConfig } = spec;
  const { nameservers = [], searches = [], options = [] } = dnsConfig ?? {};
  return {
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
