/** `cluster.proxy` of a Topology document: how Services are implemented. */
import * as z from 'zod';
import { cidr, deviceName, duration } from './fields.ts';

export const PROXY_MODES = ['iptables', 'ipvs', 'nftables', 'userspace', 'none'] as const;

/** The kernel's, a module `ip_vs_NAME` each (net/netfilter/ipvs/Kconfig). */
const IPVS_SCHEDULERS = [
  'rr',
  'wrr',
  'lc',
  'wlc',
  'fo',
  'ovf',
  'lblc',
  'lblcr',
  'dh',
  'sh',
  'mh',
  'sed',
  'nq',
  'twos',
] as const;

function isPortRange(text: string): boolean {
  const [low = 0, high = 0] = text.split('-').map(Number);
  return text === '' || (/^[0-9]+-[0-9]+$/.test(text) && low > 0 && low <= high && high <= 65_535);
}

/** kube-proxy's own names, from KubeProxyConfiguration v1alpha1. As there, options of other modes may stand beside those of the chosen one. */
export const proxy = z
  .strictObject({
    mode: z.enum(PROXY_MODES).default('iptables'),
    masqueradeAll: z.boolean().default(false),
    masqueradeBit: z.int().min(0).max(31).default(14),
    localhostNodePorts: z.boolean().default(true),
    nodePortAddresses: z.array(z.union([cidr, z.literal('primary')])).default([]),
    detectLocalMode: z
      .enum(['ClusterCIDR', 'NodeCIDR', 'BridgeInterface', 'InterfaceNamePrefix', 'None'])
      .default('ClusterCIDR'),
    detectLocal: z
      // iptables counts the "+" it ends a prefix with.
      .strictObject({ bridgeInterface: deviceName(15).default(''), interfaceNamePrefix: deviceName(14).default('') })
      .prefault({}),
    conntrack: z
      .strictObject({
        tcpBeLiberal: z
          .boolean()
          .default(false)
          .describe('Segments outside the window are translated as well (nf_conntrack_tcp_be_liberal).'),
      })
      .prefault({}),
    ipvs: z
      .strictObject({
        scheduler: z.enum(IPVS_SCHEDULERS).default('rr').describe('How IPVS chooses among endpoints.'),
        strictARP: z.boolean().default(false).describe('Answer ARP for no address of kube-ipvs0.'),
      })
      .prefault({}),
    portRange: z
      .string()
      .refine(isPortRange, 'must be a range like 40000-41000')
      .default('')
      .describe('Mode userspace: where proxy ports come from; empty: from those the kernel gives to connections.'),
    udpIdleTimeout: duration
      .default(250)
      .describe('Mode userspace: how long a UDP client that says nothing keeps its endpoint.'),
  })
  .describe("How Services are implemented; kube-proxy's own option names.");

export type ProxyConfig = z.infer<typeof proxy>;
export type ProxyMode = (typeof PROXY_MODES)[number];
