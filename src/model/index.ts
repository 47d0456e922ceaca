/** Manifest[] → Cluster: every reference resolved, every address allocated. */
import type { Diagnostics } from '../diagnostic.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import { cniInMode } from '../parse/schema/cni.ts';
import { DNS_DEFAULTS } from '../parse/schema/dns.ts';
import { CLUSTER_DEFAULTS } from '../parse/schema/topology.ts';
import type { Change } from './change.ts';
import { modelChecks } from './checks.ts';
import type { Cluster, CniConfig, CniMode, Fault, ProxyConfig, ProxyMode } from './cluster.ts';
import { modelContainers } from './containers.ts';
import { creationOrder } from './creation.ts';
import { ofKind } from './defaults.ts';
import { dnsAddon } from './dns/addon.ts';
import { clusterDns, modelZone } from './dns/index.ts';
import { modelImpairedLinks } from './impaired-links.ts';
import { modelIngressControllers } from './ingress/index.ts';
import { modelListeners } from './listeners.ts';
import { modelLoadBalancers } from './load-balancers.ts';
import { modelMachines } from './machines.ts';
import { fits, reportModes } from './modes.ts';
import { modelNames } from './names.ts';
import { modelNetworkConfiguration } from './network-configuration.ts';
import { modelRanges } from './networks.ts';
import { NO_PAST, type Past } from './past.ts';
import { Places } from './place.ts';
import { modelPods } from './pods.ts';
import { modelPolicies } from './policies.ts';
import { NO_SECTION, type Section } from './section.ts';
import { modelServices } from './services.ts';
import { reportTunnelPorts } from './tunnel-ports.ts';

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

/** After which change, and what stood before it. */
interface Moment {
  readonly past: Past;
  readonly change: Pick<Change, 'name' | 'section'>;
}

/** The cluster the manifests describe; undefined after reporting why there is none. Left out, the moment is the beginning. */
export function model(
  given: readonly Manifest[],
  options: ModelOptions,
  diagnostics: Diagnostics,
  moment?: Moment,
): Cluster | undefined {
  const past = moment?.past ?? NO_PAST;
  const topology = theTopology(given, diagnostics);
  const cni = chosenPlugin(topology, options);
  const ranges = modelRanges(topology, given, cni, diagnostics);
  if (!ranges) return undefined;
  const manifests = [...given, ...dnsAddon(topology, given, ranges, options)];
  const machines = modelMachines(topology, manifests, ranges, cni, diagnostics);
  const loadBalancers = modelLoadBalancers(topology, { ...ranges, cni, ...machines }, diagnostics);
  const balancers = loadBalancers.map(({ balancer }) => balancer);
  const pods = modelPods(manifests, machines.nodes, options.namespace, { past, balancers }, diagnostics);
  const containers = modelContainers(topology, machines.hosts, ranges.networks, diagnostics);
  const spec = topology?.object.spec;
  const proxy = chosenProxy(topology, options);
  reportModes(topology, { cni, proxy, families: ranges.families, nodes: machines.nodes }, diagnostics);
  reportTunnelPorts(cni, pods, diagnostics);
  const networkConfiguration = modelNetworkConfiguration(cni, topology, manifests, diagnostics);
  const modes = { cni: cni.mode, proxy: proxy.mode };
  const context = {
    namespace: options.namespace,
    ranges,
    nodePortRange: spec?.cluster.serviceNodePortRange ?? '30000-32767',
    nodePortRangeAt: topology?.locate(['spec', 'cluster', 'serviceNodePortRange']),
    nodes: machines.nodes,
    pods,
    loadBalancers,
    proxy: proxy.mode,
    created: creationOrder(manifests),
  };
  const services = modelServices(manifests, context, diagnostics);
  const policies = modelPolicies(manifests, pods, options.namespace, diagnostics);
  const populated = { ...machines, pods, containers, ...services };
  const { domain } = spec?.cluster.dns ?? DNS_DEFAULTS;
  const namesContext = { namespace: options.namespace, families: ranges.families, ...populated };
  const names = modelNames(manifests, namesContext, domain, diagnostics);
  const places = new Places(populated, options.namespace);
  const zone = modelZone(topology, manifests, { ...populated, names, domain, places }, diagnostics);
  const dns = clusterDns(populated.services, zone);
  const named = { domain, ...(dns && { dns }) };
  const ingressContext = { namespace: options.namespace, ...populated, zone };
  const ingressControllers = modelIngressControllers(manifests, ingressContext, diagnostics);
  const listeners = modelListeners({ ...populated, names, ...named }, populated.services, diagnostics);
  const section = sectionOf(topology, moment);
  const stands = ({ at }: { readonly at?: string }) => at === undefined || places.find(at) !== undefined;
  const cluster: Cluster = {
    name: topology?.object.metadata?.name ?? options.name,
    ...ranges,
    nodePortRange: context.nodePortRange,
    cni,
    ...(networkConfiguration && { networkConfiguration }),
    proxy,
    ...populated,
    names,
    ...named,
    ingressControllers,
    policies,
    loadBalancers: balancers,
    listeners,
    faults: [...past.faults.filter(stands), ...modelFaults(section, places, diagnostics)],
    impairedLinks: [
      ...past.impairedLinks.filter(({ place }) => stands({ at: place })),
      ...modelImpairedLinks(section, places, diagnostics),
    ],
    suitsModes: fits(spec?.when, modes),
    checks: modelChecks(section, { ...populated, ...named, listeners }, past.checks, places, modes, diagnostics),
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

/** Of the beginning, that of the Topology itself. */
function sectionOf(topology: ManifestOf<'Topology'> | undefined, moment: Moment | undefined): Section {
  const { name, section: path } = moment?.change ?? { section: ['spec'] };
  const spec = topology?.object.spec;
  const own = path && (path.length === 1 ? spec : spec?.steps[path[2] as number]);
  if (!topology || !path || !own) return NO_SECTION;
  const { faults, impairments, checks } = own;
  return {
    ...(name !== undefined && { step: name }),
    faults,
    impairments,
    checks,
    locate: (inner, part) => topology.locate([...path, ...inner], part),
  };
}

function modelFaults({ faults, locate }: Section, places: Places, diagnostics: Diagnostics): Fault[] {
  return faults.map(({ fault, at }, index) => {
    const position = locate(['faults', index]);
    const place = at === undefined ? undefined : places.find(at);
    if (at !== undefined && !place) {
      const { message, help } = places.explain(at);
      diagnostics.error('unknown-place', message, locate(['faults', index, 'at']), help);
    }
    return { fault, ...(place && { at: place.place }), origin: { file: position.file, line: position.line } };
  });
}
