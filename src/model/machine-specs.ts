/** What the input says about each machine, the Topology document and Node objects brought together. */
import type { Diagnostics, Origin, Position } from '../diagnostic.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import type { RouteObject } from '../parse/schema/topology.ts';
import { DEFAULT_HOST, impliedNodeNames, internalAddresses, ofKind, podCIDRsOf } from './defaults.ts';

interface Spec {
  readonly place: string;
  readonly name: string;
  /** Addresses the input fixes. */
  readonly addresses: readonly string[];
  readonly routes: readonly RouteObject[];
  readonly at: Position | undefined;
  readonly routeAt: (index: number) => Position | undefined;
  readonly origin: Origin;
}

/** A node or a host, before anything is allocated. */
export interface MachineSpec extends Spec {
  readonly kind: 'node' | 'host';
  /** Undefined: the first network. */
  readonly network: string | undefined;
  readonly podCIDRs: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly listen: readonly (string | number)[];
}

export interface RouterSpec extends Spec {
  readonly networks: readonly string[];
  readonly networkAt: (index: number) => Position | undefined;
}

type Topology = ManifestOf<'Topology'> | undefined;

/** Nodes of the Topology and Node objects, one entry a name; the Topology's word counts where both speak. */
export function nodeSpecs(topology: Topology, manifests: readonly Manifest[], diagnostics: Diagnostics): MachineSpec[] {
  const objects = new Map<string, ManifestOf<'Node'>>();
  for (const manifest of ofKind(manifests, 'Node')) {
    const { name } = manifest.object.metadata;
    if (objects.has(name))
      diagnostics.error('duplicate-name', `there are two Nodes named ${name}`, manifest.locate(['metadata', 'name']));
    objects.set(name, manifest);
  }
  const declared = topology?.object.spec.nodes ?? [];
  const specs = declared.map((node, index): MachineSpec => {
    const object = objects.get(node.name);
    const own = [...(node.address ? [node.address] : []), ...node.addresses];
    return {
      ...placed(topology, 'nodes', index, `node/${node.name}`),
      kind: 'node',
      name: node.name,
      network: node.network,
      addresses: own.length > 0 || !object ? own : internalAddresses(object.object),
      podCIDRs: node.podCIDR ? [node.podCIDR].flat() : object ? podCIDRsOf(object.object) : [],
      labels: { ...object?.object.metadata.labels, ...node.labels },
      routes: node.routes,
      listen: [],
    };
  });
  const others = [...objects.values()].filter(
    ({ object }) => !declared.some(({ name }) => name === object.metadata.name),
  );
  specs.push(...others.map(fromNodeObject));
  if (specs.length > 0) return specs;
  const origin = originOf(topology, manifests);
  return impliedNodeNames(manifests).map((name) => ({ ...bare('node', name, origin) }));
}

/** The hosts of the Topology; without one, a single `client` outside the cluster. */
export function hostSpecs(topology: Topology, manifests: readonly Manifest[]): MachineSpec[] {
  if (!topology) return [bare('host', DEFAULT_HOST, originOf(topology, manifests))];
  return topology.object.spec.hosts.map((host, index) => ({
    ...placed(topology, 'hosts', index, `host/${host.name}`),
    kind: 'host',
    name: host.name,
    network: host.network,
    addresses: [...(host.address ? [host.address] : []), ...host.addresses],
    podCIDRs: [],
    labels: {},
    routes: host.routes,
    listen: host.listen,
  }));
}

export function routerSpecs(topology: Topology): RouterSpec[] {
  return (topology?.object.spec.routers ?? []).map((router, index) => ({
    ...placed(topology, 'routers', index, `router/${router.name}`),
    name: router.name,
    addresses: router.addresses,
    networks: router.networks,
    networkAt: (network) => topology?.locate(['spec', 'routers', index, 'networks', network]),
    routes: router.routes,
  }));
}

function fromNodeObject(manifest: ManifestOf<'Node'>): MachineSpec {
  const { metadata } = manifest.object;
  return {
    ...bare('node', metadata.name, manifest.origin),
    at: manifest.locate(['metadata', 'name']),
    addresses: internalAddresses(manifest.object),
    podCIDRs: podCIDRsOf(manifest.object),
    labels: metadata.labels ?? {},
  };
}

function bare(kind: 'node' | 'host', name: string, origin: Origin): MachineSpec {
  return {
    place: `${kind}/${name}`,
    kind,
    name,
    origin,
    network: undefined,
    addresses: [],
    podCIDRs: [],
    labels: {},
    routes: [],
    listen: [],
    at: undefined,
    routeAt: () => undefined,
  };
}

function placed(
  topology: Topology,
  list: 'nodes' | 'hosts' | 'routers',
  index: number,
  place: string,
): Pick<Spec, 'place' | 'at' | 'routeAt' | 'origin'> {
  const at = topology!.locate(['spec', list, index]);
  return {
    place,
    at,
    routeAt: (route) => topology?.locate(['spec', list, index, 'routes', route]),
    origin: { file: at.file, line: at.line },
  };
}

function originOf(topology: Topology, manifests: readonly Manifest[]): Origin {
  return topology?.origin ?? manifests[0]?.origin ?? { file: '<default>', line: 1 };
}
