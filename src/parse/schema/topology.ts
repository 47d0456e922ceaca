/** The `Topology` document: what Kubernetes objects do not say about a cluster, and the checks. Ships as JSON Schema. */
import * as z from 'zod';
import { check, modes } from './check.ts';
import { cni } from './cni.ts';
import { dns } from './dns.ts';
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
  publishedPort,
  rate,
  subdomainName,
} from './fields.ts';
import { proxy } from './proxy.ts';
import { taint } from './scheduling.ts';

const route = z.strictObject({
  to: z.string().describe('A network, an address, or `default`.'),
  via: z.string().describe('An address, or a place on the same network: `node/node1`, `router/gw`.'),
});

const cluster = z.strictObject({
  podCIDR: oneOrMany(cidr)
    .optional()
    .describe(
      'Cut into one subnet per node. A list for dual stack, the primary family first. Left out: 10.244.0.0/16, fd00:10:244::/56, or what the Node objects imply.',
    ),
  nodeCIDRMaskSize: z
    .int()
    .min(8)
    .max(30)
    .default(24)
    .describe("kube-controller-manager's --node-cidr-mask-size-ipv4."),
  nodeCIDRMaskSizeIPv6: z
    .int()
    .min(16)
    .max(126)
    .default(64)
    .describe("kube-controller-manager's --node-cidr-mask-size-ipv6."),
  serviceCIDR: oneOrMany(cidr)
    .optional()
    .describe(
      'ClusterIPs are allocated from here. A list for dual stack, the family of Services that name none first. Left out: 10.96.0.0/12, fd00:10:96::/112, or what the Services imply.',
    ),
  serviceNodePortRange: z
    .string()
    .regex(/^[0-9]+-[0-9]+$/, 'must be a range like 30000-32767')
    .default('30000-32767')
    .describe("kube-apiserver's --service-node-port-range."),
  cni: cni.prefault({ mode: 'vxlan' }),
  proxy: proxy.prefault({}),
  dns: dns
    .optional()
    .describe(
      "The cluster's DNS. Left out: there is one where a check asks for a name, or a Service kube-dns is given.",
    ),
});

const network = z.strictObject({
  name: labelName,
  cidr: oneOrMany(cidr).describe('A list for dual stack.'),
  mtu: mtu.default(1500),
});

const addresses = {
  address: address.optional().describe('Left out: allocated from the network, in each of its ranges.'),
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
  taints: z.array(taint).optional().describe('Left out: those of the Node object.'),
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
  'no-bird',
  'no-default-route',
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
  'no-dns',
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

export const topology = z.strictObject({
  apiVersion: z.literal('packetwalk.dev/v1alpha1'),
  kind: z.literal('Topology'),
  metadata: z.strictObject({ name: labelName, labels: labels.optional(), annotations: labels.optional() }).optional(),
  spec: z
    .strictObject({
      when: z.strictObject(modes).optional().describe('Only in these modes is there anything to check.'),
      cluster: cluster.prefault({}),
      networks: z.array(network).default([]).describe('Left out: one network `lan`, 10.0.0.0/24, fd00:10::/64.'),
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
export type ContainerObject = z.infer<typeof container>;
export type NodeObject = z.infer<typeof node>;
export type RouterObject = z.infer<typeof router>;
export type ImpairmentObject = z.infer<typeof impairment>;
export type RouteObject = z.infer<typeof route>;
