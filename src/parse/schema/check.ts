/** A check: what is sent or looked at, and what is expected of it, by mode where modes differ. */
import * as z from 'zod';
import { FAMILY_NAMES } from '../../net/address.ts';
import { CNI_MODES } from './cni.ts';
import { lookup } from './dns.ts';
import { address, duration, latencyLimit, oneOrMany, portNumber, protocol } from './fields.ts';
import { PROXY_MODES } from './proxy.ts';

export const OUTCOMES = [
  'delivered',
  'unresolved',
  'rejected',
  'dropped',
  'no-route',
  'no-neighbour',
  'unanswered',
  'reply-lost',
  'reply-mismatch',
  'loop',
] as const;
/** Those of ICMPv6 are called as `ip6tables -j REJECT --reject-with` calls them (ip6tables-extensions(8)), as far as it sends them. */
export const REJECTIONS = [
  'tcp-reset',
  'tcp-fin',
  'icmp-net-unreachable',
  'icmp-host-unreachable',
  'icmp-port-unreachable',
  'icmp-fragmentation-needed',
  'icmp-admin-prohibited',
  'icmp-time-exceeded',
  'icmp-other',
  'icmp6-no-route',
  'icmp6-adm-prohibited',
  'icmp6-addr-unreachable',
  'icmp6-port-unreachable',
  'icmp6-policy-fail',
  'icmp6-reject-route',
  'icmp6-packet-too-big',
  'icmp6-time-exceeded',
  'icmp6-other',
] as const;

/** VXLAN; an IP packet in another one; an IP packet in a datagram, as flannel's backend udp sends it; the same, encrypted. */
export const ENCAPSULATIONS = ['vxlan', 'ipip', 'udp', 'wireguard'] as const;

const arrow = z.string().describe('`FROM → TO`, each a place or an address with or without a port.');
const rewrite = z.strictObject({
  at: z.string(),
  dnat: arrow.optional(),
  snat: arrow.optional(),
});
const listing = z.strictObject({
  has: z
    .array(z.string())
    .default([])
    .describe('Each text occurs in some line, one of several lines in consecutive ones. Runs of blanks count as one.'),
  lacks: z.array(z.string()).default([]).describe('No line contains any of these texts.'),
});

const count = z.union([z.int().min(0), z.string().regex(/^>= ?[0-9]+$/, 'must be a number or ">= number"')]);

/** Their names are read in lower case, as they come (RFC 9110 5.1). */
const headers = z
  .record(z.string(), z.string())
  .overwrite((given) => Object.fromEntries(Object.entries(given).map(([name, value]) => [name.toLowerCase(), value])));

const expectation = z.strictObject({
  outcome: z.enum(OUTCOMES).optional(),
  rejectedBy: z.string().optional().describe('With outcome `rejected`: the place that said no.'),
  rejectedWith: z.enum(REJECTIONS).optional(),
  status: z.int().min(100).max(599).optional().describe('HTTP status of the answer.'),
  location: z.string().optional().describe('Where the answer, a redirect, leads.'),
  certificate: z
    .string()
    .optional()
    .describe(
      'A name of the certificate that was shown, its common name or an alternative one; nobody checks who signed it.',
    ),
  request: z
    .strictObject({
      path: z.string().optional(),
      headers: headers.default({}).describe('`X-Forwarded-For: 10.0.0.100`'),
    })
    .optional()
    .describe('The HTTP request as the endpoint saw it.'),
  endpoint: oneOrMany(z.string()).optional().describe('Who answered: a place, or any of several.'),
  source: z.string().optional().describe('Whom the endpoint saw: a place or an address.'),
  whoHas: z
    .array(z.string())
    .optional()
    .describe(
      "Who answered when the destination's address was asked for on its network, by ARP or neighbour discovery, in any order. `[]`: nobody did.",
    ),
  lastSeen: z
    .string()
    .optional()
    .describe('Where a packet that did not arrive was seen last: `node/node1` or `node/node1:eth0`.'),
  path: z
    .array(z.string())
    .optional()
    .describe(
      'The places the packet passed. With interfaces (`node/node1:cni0`, `*` allowed): the exact interface-level walk.',
    ),
  replyPath: z.array(z.string()).optional(),
  rewrites: z
    .array(rewrite)
    .optional()
    .describe(
      'All address translations of the forward direction, in order, those of outer packets as well. `[]`: none at all.',
    ),
  relays: z
    .array(z.string())
    .optional()
    .describe(
      'The places whose kube-proxy, docker-proxy or nginx took the connection and passed it on as one of its own, in order. `[]`: none.',
    ),
  redirects: z
    .array(z.strictObject({ by: z.string(), to: z.string() }))
    .optional()
    .describe('Who told a sender of a better next hop by ICMP redirect, and of which. `[]`: nobody.'),
  encapsulation: z
    .union([
      z.literal('none'),
      z.strictObject({
        between: z.tuple([z.string(), z.string()]),
        as: z.enum(ENCAPSULATIONS),
        vni: z.int().optional(),
        port: portNumber.optional(),
      }),
    ])
    .optional(),
  latency: latencyLimit.optional().describe('From the first interface that saw the packet to the last one: `>= 20ms`.'),
  unseen: z
    .array(z.strictObject({ at: z.string(), address: z.string() }))
    .optional()
    .describe(
      'No packet of this check with this address (a place or an IP) crossed the interface `at`; `*` allowed in both parts: `node/*:eth0`.',
    ),
  spread: z
    .union([z.enum(['one', 'all', 'several']), z.record(z.string(), count)])
    .optional()
    .describe(
      'How repeated connections were shared: all to `one` endpoint, over `several`, over `all`, or counts per endpoint.',
    ),
  answers: z
    .array(z.string())
    .optional()
    .describe(
      'With `resolve`: all answers of the type that was asked for, as `dig +short` prints them, or places; in any order.',
    ),
  environment: listing.optional().describe('`env` at the place `at`, as far as its variables are its own.'),
  hostname: listing.optional().describe('`hostname -f`.'),
  hosts: listing.optional().describe('`cat /etc/hosts`.'),
  resolvConf: listing.optional().describe('`cat /etc/resolv.conf`.'),
  addresses: listing.optional().describe('`ip -br addr` at the place `at`.'),
  links: listing.optional().describe('`ip -d link` at the place `at`, one line per link.'),
  routes: listing.optional().describe('`ip route show table all`.'),
  routeCache: listing
    .optional()
    .describe('`ip route show cache`: what the kernel has learned of single destinations, by redirects for one.'),
  neighbours: listing.optional().describe('`ip neigh`.'),
  fdb: listing.optional().describe('`bridge fdb`.'),
  qdiscs: listing.optional().describe('`tc qdisc`.'),
  sockets: listing.optional().describe('`ss -Htuln`.'),
  iptables: listing.optional().describe('`iptables-save`.'),
  ip6tables: listing.optional().describe('`ip6tables-save`.'),
  ipsets: listing.optional().describe('`ipset save`.'),
  ipvs: listing.optional().describe('`ipvsadm -Ln`.'),
  nft: listing.optional().describe('`nft list ruleset`.'),
});

const probeSource = z.strictObject({
  place: z.string(),
  ip: address.optional().describe("Bind one of the place's own addresses."),
  port: portNumber.optional(),
  protocol: protocol.optional(),
  payload: z.string().max(1024).optional(),
  size: z.int().min(0).max(60_000).optional().describe('Bytes of payload.'),
  ttl: z.int().min(1).max(255).optional(),
});

/** Modes a statement is about: all that are named must fit. */
export const modes = {
  proxy: oneOrMany(z.enum(PROXY_MODES)).optional(),
  cni: oneOrMany(z.enum(CNI_MODES)).optional(),
};

export const check = z.strictObject({
  name: z.string().min(1),
  from: z.union([z.string(), probeSource]).optional().describe('The place that sends.'),
  to: z
    .string()
    .optional()
    .describe(
      '`service/web:80`, `nodeport/web:80@node1`, `lb/web:80`, `pod/web-0:8080`, `10.0.0.1:80`, a name the sender resolves: `web.prod:80`, a URL with where it leads, `http://foo.bar.com/path@node1`, or a place alone: ping.',
    ),
  resolve: lookup
    .optional()
    .describe(
      'Instead of to: a name the sender asks its nameserver for, as nslookup does: `web`, `{ name: _http._tcp.web.prod.svc.cluster.local, type: SRV }`; an address asks for its name.',
    ),
  family: z
    .enum(FAMILY_NAMES)
    .optional()
    .describe(
      'Which address of the destination, where it has one of each family; left out: its primary one, or the one that is written.',
    ),
  opens: z
    .string()
    .min(1)
    .optional()
    .describe('A name for its TCP connection, which stays open: checks of later steps send over it with `on`.'),
  on: z.string().optional().describe('Instead of from/to: a connection that an earlier step has opened.'),
  at: z.string().optional().describe('Instead of from/to: the place whose kernel state is looked at.'),
  connections: z.int().min(1).max(1000).default(1),
  interval: duration.optional().describe('Pause between connections; left out: all at once.'),
  timeout: duration.optional().describe('Left out: 1s, of URLs 3s.'),
  expect: expectation.optional(),
  when: z.strictObject(modes).optional().describe('Only in these modes has the check a meaning.'),
  differs: z
    .array(
      z.strictObject({
        ...modes,
        because: z.string().min(1).describe('Why, in a sentence: it is shown with the result.'),
        expect: expectation.describe('Stands instead of the other one, whole.'),
      }),
    )
    .default([])
    .describe('Modes that behave otherwise by design. The first that fits is used.'),
});

export type ModesObject = { readonly [K in keyof typeof modes]?: z.infer<(typeof modes)[K]> };
export type CheckObject = z.infer<typeof check>;
export type ExpectationObject = z.infer<typeof expectation>;
export type Outcome = (typeof OUTCOMES)[number];
export type EncapsulationKind = (typeof ENCAPSULATIONS)[number];
export type Rejection = (typeof REJECTIONS)[number];
