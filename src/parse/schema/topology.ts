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
import { loadBalancer } from './load-balancer.ts';
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
  routerAdvertisements: z
    .boolean()
    .default(false)
    .describe('It tells machines by IPv6 that it is their default gateway, instead of their being given a route.'),
});

export const FAULT_NAMES = [
  'no-masquerade',
  'double-nat',
  'no-route',
  'no-fdb',
  'stale-fdb',
  'wrong-vtep-mac',
  'vxlan-port-taken',
  'no-flanneld',
  'no-bird',
  'no-speaker',
  'no-ingress-controller',
  'no-default-route',
  'stale-cni0',
  'no-accept-ra',
  'source-dest-check',
  'no-br-netfilter',
  'no-hairpin',
  'forward-drop',
  'no-ip-forward',
  'loopback-drop',
  'rp-filter',
  'no-redirects',
  'small-mtu',
  'bad-checksums',
  'link-down',
  'no-dnat',
  'insert-failed',
  'no-port-mapping',
  'no-docker-proxy',
  'no-route-localnet',
  'no-vip',
  'no-strict-arp',
  'no-service-filter',
  'out-of-window',
  'no-invalid-drop',
  'no-policy',
  'stale-policy',
  'stateless-policy',
  'no-statistic',
  'no-affinity',
  'no-proxy-sync',
  'no-conntrack-cleanup',
  'ipvs-conn-reuse',
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

export const POD_STATES = ['ready', 'not-ready', 'terminating'] as const;
export type PodState = (typeof POD_STATES)[number];

const step = z.strictObject({
  name: z.string().min(1),
  apply: z
    .array(z.looseObject({ apiVersion: z.string(), kind: z.string() }))
    .default([])
    .describe('Objects that are added, or stand instead of the one of the same kind and name.'),
  patch: z
    .record(z.string(), z.record(z.string(), z.unknown()))
    .default({})
    .describe('`deployment/web: { spec: { replicas: 3 } }`, as `kubectl patch --type merge` reads it.'),
  delete: z.array(z.string()).default([]).describe('`pod/web-0`, `service/prod/web`. A workload replaces its pods.'),
  set: z
    .record(z.string(), z.enum(POD_STATES))
    .default({})
    .describe('`pod/web-0: not-ready`. A terminating pod still serves, and is not ready.'),
  faults: z.array(fault).default([]).describe('What breaks now, besides what is broken.'),
  mend: z.array(z.enum(FAULT_NAMES)).default([]).describe('Faults that are no more.'),
  impairments: z.array(impairment).default([]).describe('The later word about a link counts.'),
  wait: duration.optional().describe('How long after the change the checks are made; left out: at once.'),
  checks: z.array(check).default([]),
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
      loadBalancers: z
        .array(loadBalancer)
        .default([])
        .describe('Who gives Services of type LoadBalancer an address, and brings packets for it to nodes.'),
      checks: z.array(check).default([]),
      faults: z.array(fault).default([]).describe('What is broken on purpose.'),
      impairments: z.array(impairment).default([]).describe('What is slow, loses packets, or is down.'),
      steps: z
        .array(step)
        .max(100, 'must be at most 100')
        .default([])
        .describe('How the cluster changes then, one step after the other, each with checks of its own.'),
    })
    .prefault({}),
});

/** What a cluster is when nobody says anything about it. */
export const CLUSTER_DEFAULTS: z.infer<typeof cluster> = cluster.parse({});

export type TopologyObject = z.infer<typeof topology>;
export type ContainerObject = z.infer<typeof container>;
export type NodeObject = z.infer<typeof node>;
export type RouterObject = z.infer<typeof router>;
export type StepObject = z.infer<typeof step>;
export type ImpairmentObject = z.infer<typeof impairment>;
export type RouteObject = z.infer<typeof route>;
