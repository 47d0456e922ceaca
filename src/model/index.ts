/** Manifest[] → Cluster: every reference resolved, every address allocated. */
import type { Diagnostics } from '../diagnostic.ts';
import { fitsDevice, tunnelName } from '../net/name.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import { cniInMode } from '../parse/schema/cni.ts';
import { CLUSTER_DEFAULTS } from '../parse/schema/topology.ts';
import { modelChecks } from './checks.ts';
import type { Cluster, CniConfig, CniMode, Fault, Node, ProxyMode } from './cluster.ts';
import { ofKind } from './defaults.ts';
import { modelImpairedLinks } from './impaired-links.ts';
import { modelListeners } from './listeners.ts';
import { modelMachines } from './machines.ts';
import { fits } from './modes.ts';
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
  const ranges = modelRanges(topology, manifests, diagnostics);
  if (!ranges) return undefined;
  const { networks, podCIDRs, podCIDR, serviceCIDR } = ranges;
  const machines = modelMachines(topology, manifests, ranges, diagnostics);
  const pods = modelPods(manifests, machines.nodes, options.namespace, diagnostics);
  const spec = topology?.object.spec;
  const { cni, proxy } = modelModes(topology, machines.nodes, options, diagnostics);
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
  const populated = { ...machines, pods, services };
  const listeners = modelListeners(populated, services, diagnostics);
  const places = new Places(populated, options.namespace);
  const cluster: Cluster = {
    name: topology?.object.metadata?.name ?? options.name,
    podCIDRs,
    podCIDR,
    serviceCIDR,
    cni,
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

/** The modes of the Topology, or those chosen instead. That its own do not suit it is a mistake. */
function modelModes(
  topology: ManifestOf<'Topology'> | undefined,
  nodes: readonly Node[],
  options: ModelOptions,
  diagnostics: Diagnostics,
): Pick<Cluster, 'cni' | 'proxy'> {
  const { when, cluster } = topology?.object.spec ?? { cluster: CLUSTER_DEFAULTS };
  if (!fits(when, { cni: cluster.cni.mode, proxy: cluster.proxy.mode }))
    diagnostics.error(
      'conflicting-fields',
      `the topology is for other modes than its own, ${cluster.proxy.mode} and ${cluster.cni.mode}`,
      topology?.locate(['spec', 'when']),
      'name them in spec.when, or choose others in spec.cluster',
    );
  return {
    cni: modelCni(topology, nodes, options.cni, diagnostics),
    proxy: { ...cluster.proxy, mode: options.proxy ?? cluster.proxy.mode },
  };
}

/** flannel calls its device after the VNI; the real one fails as well when the name is too long. */
function modelCni(
  topology: ManifestOf<'Topology'> | undefined,
  nodes: readonly Node[],
  mode: CniMode | undefined,
  diagnostics: Diagnostics,
): CniConfig {
  const given = topology?.object.spec.cluster.cni ?? CLUSTER_DEFAULTS.cni;
  const config = cniInMode(mode ?? given.mode, given);
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
  return config;
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
