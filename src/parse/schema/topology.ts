/** The `Topology` document: what Kubernetes objects do not say about a cluster, and the checks. Ships as JSON Schema. */
import * as z from 'zod';
import { type CLOUD_MODES, CNI_MODES, cni } from './cni.ts';
import {
  address,
  cidr,
  duration,
  labelName,
  labels,
  listenPort,
  mtu,
  oneOrMany,
  percentage,
  portNumber,
  protocol,
  publishedPort,
  rate,
  subdomainName,
} from './fields.ts';
import { PROXY_MODES, proxy } from './proxy.ts';

const route = z.strictObject({
  to: z.string().describe('A network, an address, or `default`.'),
  via: z.string().describe('An address, or a place on the same network: `node/node1`, `router/gw`.'),
});

export { CNI_MODES } from './cni.ts';

const cluster = z.strictObject({
  podCIDR: oneOrMany(cidr)
    .optional()
    .describe(
      'Cut into one subnet per node. A list for dual stack. Left out: 10.244.0.0/16, or what the Node objects imply.',
    ),
  nodeCIDRMaskSize: z.int().min(8).max(30).default(24).describe("kube-controller-manager's --node-cidr-mask-size."),
  serviceCIDR: oneOrMany(cidr)
    .optional()
    .describe('ClusterIPs are allocated from here. Left out: 10.96.0.0/12, or what the Services imply.'),
  serviceNodePortRange: z
    .string()
    .regex(/^[0-9]+-[0-9]+$/, 'must be a range like 30000-32767')
    .default('30000-32767')
    .describe("kube-apiserver's --service-node-port-range."),
  cni: cni.prefault({ mode: 'vxlan' }),
  proxy: proxy.prefault({}),
});

const network = z.strictObject({
  name: labelName,
  cidr,
  mtu: mtu.default(1500),
});

const addresses = {
  address: address.optional().describe('Left out: allocated from the network.'),
  addresses: z.array(address).default([]).describe('Further addresses on the same interface.'),
};

const interfaces = z
  .array(z.strictObject({ network: labelName, ...addresses, mtu: mtu.optional().describe("Left out: the network's.") }))
  .min(1)
  .describe('eth0, eth1, … in this order, each on another network. Stands instead of the fields for one interface.');

const machine = {
  name: subdomainName,
  network: labelName.optional().describe('Left out: the first network.'),
  ...addresses,
  interfaces: interfaces.optional(),
  routes: z.array(route).default([]),
};

const node = z.strictObject({
  ...machine,
  podCIDR: oneOrMany(cidr).optional(),
  labels: labels.default({}),
});

export const CONTAINER_NETWORKS = ['bridge', 'host', 'none'] as const;

const container = z.strictObject({
  name: labelName,
  network: z
    .union([
      z.enum(CONTAINER_NETWORKS),
      z.string().regex(/^container:./, `must be one of ${CONTAINER_NETWORKS.join(', ')}, container:NAME`),
    ])
    .default('bridge')
    .describe("docker run's --network: `bridge`, `host`, `none` or `container:NAME`."),
  listen: z.array(listenPort).default([]).describe('Ports that answer: 8080, 53/UDP.'),
  publish: z.array(publishedPort).default([]).describe("docker run's --publish: `[ADDRESS:]HOST-PORT:PORT`."),
});

const docker = z.strictObject({
  userlandProxy: z
    .boolean()
    .default(true)
    .describe("dockerd's --userland-proxy: docker-proxy helps with published ports."),
  containers: z.array(container).default([]),
});

const host = z.strictObject({
  ...machine,
  listen: z.array(listenPort).default([]).describe('Ports that answer: 8080, 53/UDP.'),
  docker: docker.optional().describe('Docker Engine runs there.'),
});

const router = z.strictObject({
  name: subdomainName,
  networks: z
    .array(labelName)
    .min(1)
    .optional()
    .describe('The networks it joins; it takes the first address of each and is their default gateway.'),
  interfaces: interfaces.optional(),
  addresses: z.array(address).default([]).describe('An address for some of the networks instead of the first one.'),
  routes: z.array(route).default([]),
});

export const FAULT_NAMES = [
  'no-masquerade',
  'no-route',
  'no-fdb',
  'stale-fdb',
  'wrong-vtep-mac',
  'no-flanneld',
  'source-dest-check',
  'no-br-netfilter',
  'no-hairpin',
  'forward-drop',
  'no-ip-forward',
  'loopback-drop',
  'rp-filter',
  'small-mtu',
  'link-down',
  'no-dnat',
  'no-port-mapping',
  'no-docker-proxy',
  'no-route-localnet',
  'no-vip',
  'no-service-filter',
  'no-statistic',
  'no-affinity',
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

const fault = z.strictObject({
  fault: z.enum(FAULT_NAMES),
  at: z.string().optional().describe('The place to break; left out: everywhere the fault applies.'),
});

/** The same as fields of a file and as options of the command line. */
export const IMPAIRMENT = {
  delay: duration.optional().describe('How long a packet waits.'),
  jitter: duration.optional().describe('How far its delay may be from that, either way.'),
  loss: percentage.optional().describe('How many packets are lost: `1%`.'),
  rate: rate.optional().describe('Bits a second: `10mbit`.'),
};

const impairment = z.strictObject({
  at: z.string().describe('An interface, for the packets that leave by it: `node/node1:eth0`.'),
  ...IMPAIRMENT,
  down: z.boolean().optional().describe('The interface is down, or up whatever a fault says.'),
});

export const OUTCOMES = [
  'delivered',
  'rejected',
  'dropped',
  'no-route',
  'no-neighbour',
  'unanswered',
  'reply-lost',
  'reply-mismatch',
  'loop',
] as const;
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

const expectation = z.strictObject({
  outcome: z.enum(OUTCOMES).optional(),
  rejectedBy: z.string().optional().describe('With outcome `rejected`: the place that said no.'),
  rejectedWith: z.enum(REJECTIONS).optional(),
  status: z.int().min(100).max(599).optional().describe('HTTP status of the answer.'),
  endpoint: oneOrMany(z.string()).optional().describe('Who answered: a place, or any of several.'),
  source: z.string().optional().describe('Whom the endpoint saw: a place or an address.'),
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
    .describe('All address translations of the forward direction, in order. `[]`: none at all.'),
  relays: z
    .array(z.string())
    .optional()
    .describe(
      'The machines whose kube-proxy or docker-proxy took the connection and passed it on as one of its own, in order. `[]`: none.',
    ),
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
  latency: z
    .string()
    .regex(/^(>=|<=) ?[0-9]+(\.[0-9]+)?(us|ms|s)$/, 'must be a limit such as ">= 20ms" or "<= 100ms"')
    .optional()
    .describe('From the first interface that saw the packet to the last one: `>= 20ms`.'),
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
  addresses: listing.optional().describe('`ip -br addr` at the place `at`.'),
  links: listing.optional().describe('`ip -d link` at the place `at`, one line per link.'),
  routes: listing.optional().describe('`ip route show table all`.'),
  neighbours: listing.optional().describe('`ip neigh`.'),
  fdb: listing.optional().describe('`bridge fdb`.'),
  qdiscs: listing.optional().describe('`tc qdisc`.'),
  sockets: listing.optional().describe('`ss -Htuln`.'),
  iptables: listing.optional().describe('`iptables-save`.'),
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
const modes = {
  proxy: oneOrMany(z.enum(PROXY_MODES)).optional(),
  cni: oneOrMany(z.enum(CNI_MODES)).optional(),
};

const check = z.strictObject({
  name: z.string().min(1),
  from: z.union([z.string(), probeSource]).optional().describe('The place that sends.'),
  to: z
    .string()
    .optional()
    .describe(
      '`service/web:80`, `nodeport/web:80@node1`, `lb/web:80`, `pod/web-0:8080`, `10.0.0.1:80`, or a place alone: ping.',
    ),
  at: z.string().optional().describe('Instead of from/to: the place whose kernel state is looked at.'),
  connections: z.int().min(1).max(1000).default(1),
  interval: duration.optional().describe('Pause between connections; left out: all at once.'),
  timeout: duration.optional(),
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

export const topology = z.strictObject({
  apiVersion: z.literal('packetwalk.dev/v1alpha1'),
  kind: z.literal('Topology'),
  metadata: z.strictObject({ name: labelName, labels: labels.optional(), annotations: labels.optional() }).optional(),
  spec: z
    .strictObject({
      when: z.strictObject(modes).optional().describe('Only in these modes is there anything to check.'),
      cluster: cluster.prefault({}),
      networks: z.array(network).default([]).describe('Left out: one network `lan`, 10.0.0.0/24.'),
      nodes: z.array(node).default([]),
      hosts: z.array(host).default([]).describe('Machines outside the cluster.'),
      routers: z.array(router).default([]),
      checks: z.array(check).default([]),
      faults: z.array(fault).default([]).describe('What is broken on purpose.'),
      impairments: z.array(impairment).default([]).describe('What is slow, loses packets, or is down.'),
    })
    .prefault({}),
});

/** What a cluster is when nobody says anything about it. */
export const CLUSTER_DEFAULTS: z.infer<typeof cluster> = cluster.parse({});

export type TopologyObject = z.infer<typeof topology>;
export type CniConfig = z.infer<typeof cni>;
export type CniMode = CniConfig['mode'];
export type CloudConfig = Extract<CniConfig, { mode: (typeof CLOUD_MODES)[number] }>;
export type ProxyConfig = z.infer<typeof proxy>;
export type ProxyMode = (typeof PROXY_MODES)[number];
export type ModesObject = { readonly [K in keyof typeof modes]?: z.infer<(typeof modes)[K]> };
export type ContainerObject = z.infer<typeof container>;
export type CheckObject = z.infer<typeof check>;
export type ExpectationObject = z.infer<typeof expectation>;
export type NodeObject = z.infer<typeof node>;
export type RouterObject = z.infer<typeof router>;
export type ImpairmentObject = z.infer<typeof impairment>;
export type RouteObject = z.infer<typeof route>;
export type Outcome = (typeof OUTCOMES)[number];
export type EncapsulationKind = (typeof ENCAPSULATIONS)[number];
export type Rejection = (typeof REJECTIONS)[number];
