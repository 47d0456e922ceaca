/**
 * Real CNI plugins: each pod is connected by calling the programs of the network configuration, as containerd does it
 * (containerd internal/cri/server/sandbox_run.go, containernetworking/cni libcni/api.go).
 *
 *   ADD  plugin 1 ─ result → plugin 2 ─ result → …      standard input: the plugin's configuration, and the result before it
 *   DEL  the other way round, each with the result of the last
 *
 * Nodes reach each other's pods by static routes, as in mode bridge. A pod's `lo` is raised by whoever makes its namespace, as
 * containerd does with use_internal_loopback.
 */
import type { Cluster, CniConfig, Node, Pod } from '../../model/cluster.ts';
import { type NetworkConfiguration, type PluginConfiguration, POD_CIDR } from '../../model/network-configuration.ts';
import { withPrefix } from '../../net/address.ts';
import { macFor } from '../../net/name.ts';
import type { PluginCall, PluginNetwork } from '../attachment.ts';
import type { KernelStateBuilder, NamespaceBuilder } from '../builder.ts';
import { containerId } from './names.ts';
import { compileDirectRoute } from './underlay.ts';

type Config = Extract<CniConfig, { mode: 'plugins' }>;

/** kubelet's and containerd's name for a pod's first interface. */
const DEVICE = 'eth0';

export function compilePlugins(cluster: Cluster, state: KernelStateBuilder): void {
  const { path, timeout, routes } = cluster.cni as Config;
  const configuration = cluster.networkConfiguration!;
  const network: PluginNetwork = {
    name: configuration.name,
    version: configuration.version,
    checks: !configuration.disableCheck && configuration.version >= '0.4.0',
    collectsGarbage: !configuration.disableGC && configuration.version >= '1.1.0',
    path: [path].flat(),
    timeoutMs: timeout,
  };
  for (const node of cluster.nodes) {
    const machine = state.get(node.netns);
    silence(machine);
    if (routes === 'static')
      for (const peer of cluster.nodes) if (peer !== node) compileDirectRoute(node, peer, peer.interfaces, state);
    for (const pod of cluster.pods) {
      if (pod.node !== node || pod.hostNetwork) continue;
      silence(state.add(pod.netns, pod.origin, pod.place));
      attach(pod, machine, configuration, network);
    }
  }
}

/** What plugins make gets no IPv6 link-local address, as what the lab makes itself: captures are quiet. */
function silence(namespace: NamespaceBuilder): void {
  namespace.sysctl('net.ipv6.conf.default.addr_gen_mode', 1);
}

function attach(pod: Pod, machine: NamespaceBuilder, { plugins }: NetworkConfiguration, network: PluginNetwork): void {
  const asksForAddress = plugins.some(({ capabilities }) => capabilities.includes('ips'));
  machine.attachments.push({
    place: pod.place,
    pod: pod.netns,
    container: containerId(pod),
    device: DEVICE,
    args: argsOf(pod, asksForAddress),
    address: pod.address,
    network,
    calls: plugins.map((plugin) => callOf(plugin, pod, network)),
    origin: pod.origin,
  });
}

/**
 * containerd's labels. host-local and static take the address to give from IP= (CNI CONVENTIONS.md), if no plugin wants it as
 * a capability.
 */
function argsOf(pod: Pod, asksForAddress: boolean): string {
  return [
    'IgnoreUnknown=1',
    `K8S_POD_NAMESPACE=${pod.namespace}`,
    `K8S_POD_NAME=${pod.name}`,
    `K8S_POD_INFRA_CONTAINER_ID=${containerId(pod)}`,
    ...(asksForAddress ? [] : [`IP=${addressOf(pod)}`]),
  ].join(';');
}

function addressOf({ address, node }: Pod): string {
  return withPrefix(address, node.podCIDR);
}

function callOf(
  { type, capabilities, fields, origin }: PluginConfiguration,
  pod: Pod,
  { name, version }: PluginNetwork,
): PluginCall {
  const told = capabilitiesOf(pod);
  const runtimeConfig = Object.fromEntries(
    capabilities.flatMap((capability) => (capability in told ? [[capability, told[capability]]] : [])),
  );
  return {
    plugin: type,
    configuration: {
      ...(filled(fields, pod.node) as Record<string, unknown>),
      cniVersion: version,
      name,
      ...(Object.keys(runtimeConfig).length > 0 && { runtimeConfig }),
    },
    origin,
  };
}

/** What the runtime has to say, by the names of CONVENTIONS.md; each plugin gets what it has the capability for. */
function capabilitiesOf(pod: Pod): Record<string, unknown> {
  const portMappings = pod.ports.flatMap(({ hostPort, hostIP, port, protocol }) =>
    hostPort === undefined
      ? []
      : [{ hostPort, containerPort: port, protocol: protocol.toLowerCase(), ...(hostIP !== undefined && { hostIP }) }],
  );
  return {
    ...(portMappings.length > 0 && { portMappings }),
    ...(pod.bandwidth && { bandwidth: bandwidthOf(pod.bandwidth) }),
    ipRanges: [[{ subnet: pod.node.podCIDR.text }]],
    ips: [addressOf(pod)],
    mac: macFor('pod', pod.address),
  };
}

/** containerd internal/cri/server/sandbox_run.go, toCNIBandWidth: as much at once as can be said. */
const BURST = 2 ** 32 - 1;

function bandwidthOf({ ingress, egress }: NonNullable<Pod['bandwidth']>): Record<string, number> {
  return {
    ...(ingress !== undefined && { ingressRate: ingress, ingressBurst: BURST }),
    ...(egress !== undefined && { egressRate: egress, egressBurst: BURST }),
  };
}

/** The configuration as a node has it. */
function filled(value: unknown, node: Node): unknown {
  if (typeof value === 'string') return value.replaceAll(POD_CIDR, node.podCIDR.text);
  if (Array.isArray(value)) return value.map((item) => filled(item, node));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, filled(inner, node)]));
}
