/** Manifest[] → Cluster: every reference resolved, every address allocated. */
import { type Diagnostics, nearest } from '../diagnostic.ts';
import { fitsDevice, tunnelName } from '../net/name.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import { cniInMode } from '../parse/schema/cni.ts';
import { CLUSTER_DEFAULTS } from '../parse/schema/topology.ts';
import { modelChecks } from './checks.ts';
import type { CalicoConfig, Cluster, CniConfig, CniMode, Fault, Node, ProxyConfig, ProxyMode } from './cluster.ts';
import { modelContainers } from './containers.ts';
import { ofKind } from './defaults.ts';
import { modelImpairedLinks } from './impaired-links.ts';
import { modelListeners } from './listeners.ts';
import { modelMachines } from './machines.ts';
import { fits } from './modes.ts';
import { modelNetworkConfiguration } from './network-configuration.ts';
import { modelRanges } from './networks.ts';
import { Places } from './place.ts';
import { modelServices } from './services.ts';
import { modelPods } from './workloads.ts';

export interface ModelOptions {
  /** Name of the lab when the Topology gives none. */
  readonly name: string;
  /** Namespace of objects and places that name none. */
  readonly namespace: string;
  /** A mode to use instead of the Topology's, with its default options. */
  readonly cni?: CniMode | undefined;
  /** A mode to use instead of the Topology's, with the options given there. */
  readonly proxy?: ProxyMode | undefined;
}

/** The cluster the manifests describe; undefined after reporting why there is none. */
export function model(
  manifests: readonly Manifest[],
  options: ModelOptions,
  diagnostics: Diagnostics,
): Cluster | undefined {
  const topology = theTopology(manifests, diagnostics);
  const cni = chosenPlugin(topology, options);
  const ranges = modelRanges(topology, manifests, cni, diagnostics);
  if (!ranges) return undefined;
  const { networks, podCIDRs, podCIDR, serviceCIDR } = ranges;
  const machines = modelMachines(topology, manifests, ranges, cni, diagnostics);
  const pods = modelPods(manifests, machines.nodes, options.namespace, diagnostics);
  const containers = modelContainers(topology, machines.hosts, networks, diagnostics);
  const spec = topology?.object.spec;
  const proxy = chosenProxy(topology, options);
  reportModes(topology, cni, machines.nodes, diagnostics);
  const networkConfiguration = modelNetworkConfiguration(cni, topology, manifests, diagnostics);
  const modes = { cni: cni.mode, proxy: proxy.mode };
  const context = {
    namespace: options.namespace,
    ranges,
    nodePortRange: spec?.cluster.serviceNodePortRange ?? '30000-32767',
    nodePortRangeAt: topology?.locate(['spec', 'cluster', 'serviceNodePortRange']),
    nodes: machines.nodes,
    pods,
    proxy: proxy.mode,
  };
  const services = modelServices(manifests, context, diagnostics);
  const populated = { ...machines, pods, containers, services };
  const listeners = modelListeners(populated, services, diagnostics);
  const places = new Places(populated, options.namespace);
  const cluster: Cluster = {
    name: topology?.object.metadata?.name ?? options.name,
    podCIDRs,
    podCIDR,
    serviceCIDR,
    cni,
    ...(networkConfiguration && { networkConfiguration }),
    proxy,
    networks,
    ...populated,
    listeners,
    faults: modelFaults(topology, places, diagnostics),
    impairedLinks: modelImpairedLinks(topology, places, diagnostics),
    suitsModes: fits(spec?.when, modes),
    checks: modelChecks(topology, { ...populated, listeners }, places, modes, diagnostics),
  };
  return diagnostics.failed ? undefined : cluster;
}

function chosenPlugin(topology: ManifestOf<'Topology'> | undefined, { cni: mode }: ModelOptions): CniConfig {
  const given = topology?.object.spec.cluster.cni ?? CLUSTER_DEFAULTS.cni;
  return cniInMode(mode ?? given.mode, given);
}

function chosenProxy(topology: ManifestOf<'Topology'> | undefined, { proxy: mode }: ModelOptions): ProxyConfig {
  const given = topology?.object.spec.cluster.proxy ?? CLUSTER_DEFAULTS.proxy;
  return { ...given, mode: mode ?? given.mode };
}

/** That the Topology's own modes do not suit it is a mistake, and what of the options only nodes can show to be one. */
function reportModes(
  topology: ManifestOf<'Topology'> | undefined,
  cni: CniConfig,
  nodes: readonly Node[],
  diagnostics: Diagnostics,
): void {
  const { when, cluster } = topology?.object.spec ?? { cluster: CLUSTER_DEFAULTS };
  if (!fits(when, { cni: cluster.cni.mode, proxy: cluster.proxy.mode }))
    diagnostics.error(
      'conflicting-fields',
      `the topology is for other modes than its own, ${cluster.proxy.mode} and ${cluster.cni.mode}`,
      topology?.locate(['spec', 'when']),
      'name them in spec.when, or choose others in spec.cluster',
    );
  reportDevices(topology, cni, nodes, diagnostics);
  if ('blockSize' in cni) reportCalico(topology, cni, nodes, diagnostics);
}

/** A block lies in one node's pod subnet here, and a route reflector is a node. */
function reportCalico(
  topology: ManifestOf<'Topology'> | undefined,
  config: CalicoConfig,
  nodes: readonly Node[],
  diagnostics: Diagnostics,
): void {
  const at = (...path: (string | number)[]) => topology?.locate(['spec', 'cluster', 'cni', ...path]);
  const small = nodes.find(({ podCIDR }) => podCIDR.prefix > config.blockSize);
  if (small)
    diagnostics.error(
      'invalid-value',
      `a block of /${config.blockSize} does not fit into the pod subnet of ${small.place}, ${small.podCIDR.text}`,
      at('blockSize'),
      `choose a blockSize of ${small.podCIDR.prefix} or more, or a smaller nodeCIDRMaskSize`,
    );
  const reflectors = config.mode === 'calico-bgp' ? config.routeReflectors : [];
  for (const [index, name] of reflectors.entries()) {
    if (nodes.some((node) => node.name === name)) continue;
    const names = nodes.map((node) => node.name);
    const guess = nearest(name, names);
    diagnostics.error(
      'unknown-place',
      `there is no node ${name} to be a route reflector`,
      at('routeReflectors', index),
      guess ? `did you mean "${guess}"?` : `nodes here: ${names.join(', ')}`,
    );
  }
}

/** flannel calls its device after the VNI; the real one fails as well when the name is too long. */
function reportDevices(
  topology: ManifestOf<'Topology'> | undefined,
  config: CniConfig,
  nodes: readonly Node[],
  diagnostics: Diagnostics,
): void {
  if (config.mode === 'vxlan' && !fitsDevice(tunnelName(config.vni))) {
    diagnostics.error(
      'invalid-value',
      `VNI ${config.vni} needs a device called ${tunnelName(config.vni)}, and a device name has at most 15 characters`,
      topology?.locate(['spec', 'cluster', 'cni', 'vni']),
      'choose a VNI of at most 9999999',
    );
  }
  const iface = 'iface' in config ? config.iface : undefined;
  const without = nodes.find(
    ({ interfaces }) => iface !== undefined && !interfaces.some((own) => own.device === iface),
  );
  if (without) {
    const own = without.interfaces.map(({ device, network }) => `${device} (network ${network.name})`).join(', ');
    diagnostics.error(
      'invalid-value',
      `${without.place} has no interface ${iface}`,
      topology?.locate(['spec', 'cluster', 'cni', 'iface']),
      `it has ${own}; flanneld uses the same one on every node`,
    );
  }
}

function theTopology(manifests: readonly Manifest[], diagnostics: Diagnostics): ManifestOf<'Topology'> | undefined {
  const [first, ...others] = ofKind(manifests, 'Topology');
  for (const other of others) {
    diagnostics.error(
      'duplicate-topology',
      `there is a second Topology; the first stands in ${first!.origin.file}:${first!.origin.line}`,
      other.locate(['kind']),
      'a lab is described by one Topology document',
    );
  }
  return first;
}

function modelFaults(topology: ManifestOf<'Topology'> | undefined, places: Places, diagnostics: Diagnostics): Fault[] {
  return (topology?.object.spec.faults ?? []).map(({ fault, at }, index) => {
    const position = topology!.locate(['spec', 'faults', index]);
    const place = at === undefined ? undefined : places.find(at);
    if (at !== undefined && !place) {
      const { message, help } = places.explain(at);
      diagnostics.error('unknown-place', message, topology!.locate(['spec', 'faults', index, 'at']), help);
    }
    return { fault, ...(place && { at: place.place }), origin: { file: position.file, line: position.line } };
  });
}
