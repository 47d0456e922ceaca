/** Network plugins and their options: one schema a mode. */
import * as z from 'zod';
import { duration, mtu, oneOrMany, portNumber } from './fields.ts';
import { networkConfiguration } from './network-configuration.ts';

const VNI = 'must be a VXLAN network identifier, 1 to 16777215';
const AS = 'must be the number of an autonomous system, 1 to 4294967295';
const vni = z.int('must be a whole number').min(1, VNI).max(16_777_215, VNI);

/** Options of flanneld itself, whatever its backend. */
const flanneld = {
  iface: z
    .string()
    .regex(/^eth[0-9]+$/, 'must be an interface that every node has, like eth1')
    .optional()
    .describe(
      "flanneld's --iface: the interface nodes reach each other by; left out: that of the default route, eth0.",
    ),
  ipMasq: z.boolean().default(true).describe("flanneld's --ip-masq."),
};

const vxlan = z.strictObject({
  mode: z.literal('vxlan'),
  ...flanneld,
  vni: vni.default(1).describe('VXLAN network identifier; flannel calls it VNI.'),
  port: portNumber.default(8472).describe('UDP port of the encapsulation.'),
  mtu: mtu
    .optional()
    .describe("MTU of the packets that leave the node, 50 more than the overlay's; left out: that of the network."),
  learning: z
    .boolean()
    .default(false)
    .describe('Learn peers from traffic instead of relying on the programmed entries.'),
  gbp: z.boolean().default(false).describe('Group Based Policy extension.'),
  directRouting: z
    .boolean()
    .default(false)
    .describe('Plain routes between nodes of one layer-2 network, as in host-gw.'),
});

const ipip = z.strictObject({
  mode: z.literal('ipip'),
  ...flanneld,
  directRouting: z
    .boolean()
    .default(false)
    .describe('Plain routes between nodes of one layer-2 network, as in host-gw.'),
});

const udp = z.strictObject({
  mode: z.literal('udp'),
  ...flanneld,
  port: portNumber.default(8285).describe('UDP port of the encapsulation, on which flanneld listens.'),
});

const wireguard = z.strictObject({
  mode: z.literal('wireguard'),
  ...flanneld,
  listenPort: portNumber.default(51_820).describe('UDP port of the encrypted packets, on every node.'),
  listenPortV6: portNumber.default(51_821).describe('That of the device for IPv6.'),
  mtu: mtu
    .optional()
    .describe("MTU of the packets that leave the node, 80 more than the overlay's; left out: that of the network."),
});

const hostGateway = z.strictObject({
  mode: z.literal('host-gw'),
  ...flanneld,
});

const QUOTA =
  "Entries the route table of the cloud's network has room for, one a node; flannel's documents name the quota, and a cloud gives more on request.";

const cloud = <M extends string>(mode: M, quota: number) =>
  z.strictObject({
    mode: z.literal(mode),
    ...flanneld,
    routeQuota: z.int('must be a whole number').min(1, 'must be at least 1').default(quota).describe(QUOTA),
  });

/** Documentation/aws-vpc-backend.md, gce-backend.md and alicloud-vpc-backend.md of flannel v0.19. */
const CLOUDS = [cloud('aws-vpc', 50), cloud('gce', 100), cloud('ali-vpc', 50)] as const;
export const CLOUD_MODES = CLOUDS.map(({ shape }) => shape.mode.value);

const routes = z
  .enum(['static', 'none'])
  .default('static')
  .describe(
    '`static`: each node has a route to the pod subnet of every other node of its network, as an administrator would add it.',
  );

const bridge = z.strictObject({
  mode: z.literal('bridge'),
  mtu: mtu.optional(),
  ipMasq: z
    .boolean()
    .default(true)
    .describe("The bridge plugin's ipMasq: pods are masqueraded outside their own subnet."),
  hairpinMode: z.boolean().default(true).describe("The bridge plugin's hairpinMode."),
  routes,
});

const docker = z.strictObject({
  mode: z.literal('docker'),
  mtu: mtu.default(1500).describe("dockerd's --mtu."),
});

/** What every IPPool has. */
const calico = {
  blockSize: z
    .int('must be a whole number')
    .min(20, 'must be 20 to 32')
    .max(32, 'must be 20 to 32')
    .default(26)
    .describe('Prefix length of the blocks that addresses are handed out from, each of which belongs to a node.'),
  blockSizeIPv6: z
    .int('must be a whole number')
    .min(116, 'must be 116 to 128')
    .max(128, 'must be 116 to 128')
    .default(122)
    .describe('The same of IPv6 blocks.'),
  natOutgoing: z.boolean().default(true).describe('Pods are masqueraded outside the pod range.'),
  mtu: mtu
    .optional()
    .describe("MTU of pods, Calico's vethMTU; left out: that of the network without what the encapsulation takes."),
};

const encapsulationMode = (what: string) =>
  z
    .enum(['Always', 'CrossSubnet'])
    .default('Always')
    .describe(`\`CrossSubnet\`: ${what} only where a router is between two nodes.`);

const calicoIpip = z.strictObject({
  mode: z.literal('calico-ipip'),
  ...calico,
  ipipMode: encapsulationMode('IP in IP'),
});

const calicoVxlan = z.strictObject({
  mode: z.literal('calico-vxlan'),
  ...calico,
  vxlanMode: encapsulationMode('VXLAN'),
  vxlanVNI: vni.default(4096).describe('VXLAN network identifier.'),
  vxlanPort: portNumber.default(4789).describe('UDP port of the encapsulation.'),
});

const calicoBgp = z.strictObject({
  mode: z.literal('calico-bgp'),
  ...calico,
  asNumber: z
    .int('must be a whole number')
    .min(1, AS)
    .max(4_294_967_295, AS)
    .default(64_512)
    .describe('The autonomous system that all nodes are in.'),
  routeReflectors: z
    .array(z.string())
    .default([])
    .describe('Nodes that pass on what they hear; all others have sessions with them only. None: a full mesh.'),
});

/** Where Kubernetes has them (containerd's bin_dir), and where Debian has. */
export const DEFAULT_PLUGIN_PATH = ['/opt/cni/bin', '/usr/lib/cni'];

/** What mode `bridge` builds itself, in the words of the plugins. */
const BRIDGE_AND_PORTMAP = {
  cniVersion: '1.0.0' as const,
  name: 'mynet',
  plugins: [
    {
      type: 'bridge',
      bridge: 'cni0',
      isDefaultGateway: true,
      ipMasq: true,
      hairpinMode: true,
      ipam: { type: 'host-local', ranges: [[{ subnet: '{{.PodCIDR}}' }]] },
    },
    { type: 'portmap', capabilities: { portMappings: true } },
  ],
};

const plugins = z.strictObject({
  mode: z.literal('plugins'),
  conf: z
    .union([
      z.string().regex(/\.conflist$/, 'must be a file NAME.conflist, or the network configuration itself'),
      networkConfiguration,
    ])
    .prefault(BRIDGE_AND_PORTMAP)
    .describe(
      'The network configuration of all nodes: a file, beside this one, or written here. `{{.PodCIDR}}` in it stands for the pod subnet of the node. Left out: the plugins `bridge` and `portmap`, as in mode bridge.',
    ),
  path: oneOrMany(z.string().regex(/^\//, 'must be a folder, from the root on'))
    .default(DEFAULT_PLUGIN_PATH)
    .describe('Folders with plugins, in the order in which they are searched.'),
  timeout: duration.prefault('30s').describe('How long one call of a plugin may take.'),
  routes,
});

const CNI = [
  vxlan,
  hostGateway,
  ipip,
  udp,
  wireguard,
  ...CLOUDS,
  bridge,
  docker,
  calicoIpip,
  calicoVxlan,
  calicoBgp,
  plugins,
] as const;
export const CNI_MODES = CNI.map(({ shape }) => shape.mode.value);

export const cni = z
  .discriminatedUnion('mode', CNI)
  .describe('How pods are wired, and how nodes reach the pods of other nodes.');

export type CniConfig = z.infer<typeof cni>;
export type CniMode = CniConfig['mode'];
export type CalicoConfig = Extract<CniConfig, { blockSize: number }>;
export type CloudConfig = Extract<CniConfig, { mode: (typeof CLOUD_MODES)[number] }>;

/** A mode with its default options, but for flanneld's own where both modes are backends of flannel's: they say nothing of the mode. */
export function cniInMode(mode: CniMode, given: CniConfig): CniConfig {
  if (mode === given.mode) return given;
  const isBackend = (name: string) => CNI.some(({ shape }) => shape.mode.value === name && 'iface' in shape);
  const kept = isBackend(mode) && isBackend(given.mode) && 'iface' in given;
  return cni.parse({ mode, ...(kept && { iface: given.iface, ipMasq: given.ipMasq }) });
}
