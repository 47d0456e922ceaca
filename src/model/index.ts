/** Manifest[] → Cluster: every reference resolved, every address allocated. */
import type { Diagnostics } from '../diagnostic.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import { cniInMode } from '../parse/schema/cni.ts';
import { DNS_DEFAULTS } from '../parse/schema/dns.ts';
import { CLUSTER_DEFAULTS } from '../parse/schema/topology.ts';
import { modelChecks } from './checks.ts';
import type { Cluster, CniConfig, CniMode, Fault, ProxyConfig, ProxyMode } from './cluster.ts';
import { modelContainers } from './containers.ts';
import { creationOrder } from './creation.ts';
import { ofKind } from './defaults.ts';
import { clusterDns } from './dns/addon.ts';
import { modelDns } from './dns/index.ts';
import { endpointSource } from './endpoints.ts';
import { modelImpairedLinks } from './impaired-links.ts';
import { modelListeners } from './listeners.ts';
import { modelMachines } from './machines.ts';
import { fits, reportModes } from './modes.ts';
import { modelNames } from './names.ts';
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
  /** There is a cluster DNS, whether or not the Topology says so. */
  readonly dns?: boolean | undefined;
}

/** The cluster the manifests describe; undefined after reporting why there is none. */
export function model(
  given: readonly Manifest[],
  options: ModelOptions,
  diagnostics: Diagnostics,
): Cluster | undefined {
  const topology = theTopology(given, diagnostics);
  const cni = chosenPlugin(topology, options);
  const ranges = modelRanges(topology, given, cni, diagnostics);
  if (!ranges) return undefined;
  const manifests = [...given, ...clusterDns(topology, given, ranges, options)];
  const machines = modelMachines(topology, manifests, ranges, cni, diagnostics);
  const pods = modelPods(manifests, machines.nodes, options.namespace, diagnostics);
  const containers = modelContainers(topology, machines.hosts, ranges.networks, diagnostics);
  const spec = topology?.object.spec;
  const proxy = chosenProxy(topology, options);
  reportModes(topology, { cni, proxy, families: ranges.families, nodes: machines.nodes }, diagnostics);
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
    source: endpointSource(manifests, { namespace: options.namespace, pods, proxy: proxy.mode }, diagnostics),
    created: creationOrder(manifests),
  };
  const services = modelServices(manifests, context, diagnostics);
  const populated = { ...machines, pods, containers, services };
  const places = new Places(populated, options.namespace);
  const { domain } = spec?.cluster.dns ?? DNS_DEFAULTS;
  const names = modelNames(manifests, context, domain, diagnostics);
  const dns = modelDns(topology, manifests, { ...populated, names, domain, places }, diagnostics);
  const listeners = modelListeners({ ...populated, names, ...(dns && { dns }) }, services, diagnostics);
  const cluster: Cluster = {
    name: topology?.object.metadata?.name ?? options.name,
    ...ranges,
    cni,
    ...(networkConfiguration && { networkConfiguration }),
    proxy,
    ...populated,
    names,
    domain,
    ...(dns && { dns }),
    listeners,
    faults: modelFaults(topology, places, diagnostics),
    impairedLinks: modelImpairedLinks(topology, places, diagnostics),
    suitsModes: fits(spec?.when, modes),
    checks: modelChecks(topology, { ...populated, domain, ...(dns && { dns }), listeners }, places, modes, diagnostics),
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
