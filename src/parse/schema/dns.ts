/** The cluster's DNS, and what pods say about names: PodSpec as far as it is about them. */
import * as z from 'zod';
import { nameProblem, RECORD_TYPES } from '../../dns/record.ts';
import { address, labelName, oneOrMany, orEmpty } from './fields.ts';

/** A name of DNS; a final dot is of no account. */
const dnsName = z
  .string()
  .min(1)
  .superRefine((name, context) => {
    const problem = nameProblem(name);
    if (problem !== undefined) context.addIssue({ code: 'custom', message: `must be a name of DNS: ${problem}` });
  })
  .transform((name) => name.replace(/\.$/, ''));

export const dns = z.strictObject({
  domain: dnsName.default('cluster.local').describe("kubelet's --cluster-domain."),
  replicas: z.int().min(0).max(100).default(2).describe('Pods of CoreDNS.'),
  hosts: z
    .record(z.string(), oneOrMany(z.string()))
    .default({})
    .describe("Further names outside the cluster, each with its addresses or places: CoreDNS' plugin hosts."),
});

export const DNS_DEFAULTS: z.infer<typeof dns> = dns.parse({});

/** A lookup of one name, as nslookup makes it. */
export const lookup = z.union([
  z.string().min(1),
  z.strictObject({ name: z.string().min(1), type: z.enum(RECORD_TYPES).optional() }),
]);

const DNS_POLICIES = ['ClusterFirst', 'ClusterFirstWithHostNet', 'Default', 'None'] as const;

/** Kubernetes' limits (pkg/apis/core/validation/validation.go, validatePodDNSConfig). */
const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 32;

export const podNames = {
  hostname: orEmpty(labelName).optional(),
  subdomain: orEmpty(labelName).optional(),
  setHostnameAsFQDN: z.boolean().optional(),
  hostAliases: z.array(z.strictObject({ ip: address, hostnames: z.array(z.string()).optional() })).optional(),
  dnsPolicy: z.enum(DNS_POLICIES).default('ClusterFirst'),
  dnsConfig: z
    .strictObject({
      nameservers: z.array(address).max(MAX_NAMESERVERS, `must be at most ${MAX_NAMESERVERS}`).optional(),
      searches: z
        .array(dnsName.or(z.literal('.')))
        .max(MAX_SEARCHES, `must be at most ${MAX_SEARCHES}`)
        .optional(),
      options: z.array(z.strictObject({ name: z.string().min(1), value: z.string().optional() })).optional(),
    })
    .optional(),
  enableServiceLinks: z.boolean().default(true),
};
