/** What the input says about each machine, the Topology document and Node objects brought together. */
import type { Diagnostics, Origin, Position } from '../diagnostic.ts';
import { cidrContains, type Family, isOfFamily } from '../net/address.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import type { Taint } from '../parse/schema/scheduling.ts';
import type { NodeObject, RouteObject, RouterObject } from '../parse/schema/topology.ts';
import type { Network } from './cluster.ts';
import { DEFAULT_HOST, impliedNodeNames, internalAddresses, ofKind, podCIDRsOf } from './defaults.ts';
import { UNSCHEDULABLE } from './scheduling/taints.ts';

/** A machine before anything is allocated. */
export interface MachineSpec {
  readonly kind: 'node' | 'host' | 'router';
  readonly place: string;
  readonly name: string;
  /** eth0, eth1, … */
  readonly interfaces: readonly InterfaceSpec[];
  readonly podCIDRs: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly Taint[];
  readonly listen: readonly (string | number)[];
  /** Docker Engine's settings, where it runs. */
  readonly docker?: { readonly userlandProxy: boolean };
  readonly routes: readonly RouteObject[];
  readonly at: Position | undefined;
  readonly routeAt: (index: number) => Position | undefined;
  readonly origin: Origin;
}

export interface InterfaceSpec {
  /** Undefined: the first network. */
  readonly network: string | undefined;
  /** Addresses the input fixes. */
  readonly addresses: readonly string[];
  /** Undefined: the network's. */
  readonly mtu?: number | undefined;
  readonly at: Position | undefined;
}

type Topology = ManifestOf<'Topology'> | undefined;
type Located = ReturnType<typeof placed>;

/**
 * Nodes of the Topology and Node objects, one entry a name; the Topology's word counts where both speak. InternalIPs of other
 * families than the cluster's are left out.
 */
export function nodeSpecs(
  topology: Topology,
  manifests: readonly Manifest[],
  families: readonly Family[],
  diagnostics: Diagnostics,
): MachineSpec[] {
  const internal = (node: ManifestOf<'Node'>['object']) =>
    internalAddresses(node).filter((address) => families.some((family) => isOfFamily(address, family)));
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
    const at = placed(topology, 'nodes', index, `node/${node.name}`);
    const [first, ...others] = machineInterfaces(node, at, diagnostics);
    const isFixed = first!.addresses.length > 0 || !object;
    return {
      ...at,
      kind: 'node',
      name: node.name,
      interfaces: [isFixed ? first! : { ...first!, addresses: internal(object.object) }, ...others],
      podCIDRs: node.podCIDR ? [node.podCIDR].flat() : object ? podCIDRsOf(object.object) : [],
      labels: { ...object?.object.metadata.labels, ...node.labels },
      taints: node.taints ?? (object ? taintsOf(object.object) : []),
      routes: node.routes,
      listen: [],
    };
  });
  const others = [...objects.values()].filter(
    ({ object }) => !declared.some(({ name }) => name === object.metadata.name),
  );
  specs.push(...others.map((manifest) => fromNodeObject(manifest, internal(manifest.object))));
  if (specs.length > 0) return specs;
  const origin = originOf(topology, manifests);
  return impliedNodeNames(manifests).map((name) => ({ ...bare('node', name, origin) }));
}

/** The hosts of the Topology; without one, a single `client` outside the cluster. */
export function hostSpecs(topology: Topology, manifests: readonly Manifest[], diagnostics: Diagnostics): MachineSpec[] {
  if (!topology) return [bare('host', DEFAULT_HOST, originOf(topology, manifests))];
  return topology.object.spec.hosts.map((host, index) => {
    const at = placed(topology, 'hosts', index, `host/${host.name}`);
    return {
      ...bare('host', host.name, at.origin),
      ...at,
      interfaces: machineInterfaces(host, at, diagnostics),
      routes: host.routes,
      listen: host.listen,
      ...(host.docker && { docker: { userlandProxy: host.docker.userlandProxy } }),
    };
  });
}

export function routerSpecs(topology: Topology, networks: readonly Network[], diagnostics: Diagnostics): MachineSpec[] {
  return (topology?.object.spec.routers ?? []).map((router, index) => {
    const at = placed(topology, 'routers', index, `router/${router.name}`);
    return {
      ...bare('router', router.name, at.origin),
      ...at,
      interfaces: routerInterfaces(router, networks, at, diagnostics),
      routes: router.routes,
    };
  });
}

/** Every network of a cloud has a router: `router/vpc` joins those on which the Topology has none. */
export function cloudRouterSpecs(
  topology: Topology,
  routers: readonly MachineSpec[],
  networks: readonly Network[],
): MachineSpec[] {
  const routed = new Set(routers.flatMap(({ interfaces }) => interfaces.map(({ network }) => network)));
  const without = networks.filter(({ name }) => !routed.has(name));
  if (without.length === 0) return [];
  const at = topology?.locate(['spec', 'cluster', 'cni']);
  const origin = at ? { file: at.file, line: at.line } : without[0]!.origin;
  const interfaces = without.map(({ name }) => ({ network: name, addresses: [], at }));
  return [{ ...bare('router', 'vpc', origin), at, interfaces }];
}

/** `network`, `address` and `addresses` are the short form for a machine with one interface. */
function machineInterfaces(
  machine: Pick<NodeObject, 'network' | 'address' | 'addresses' | 'interfaces'>,
  at: Located,
  diagnostics: Diagnostics,
): InterfaceSpec[] {
  const { network, address, addresses, interfaces } = machine;
  if (!interfaces) return [{ network, addresses: addressesOf({ address, addresses }), at: at.at }];
  if (network !== undefined || address !== undefined || addresses.length > 0) reportBothForms(at, diagnostics);
  return interfaces.map((own, index) => ({ ...own, addresses: addressesOf(own), at: at.interfaceAt(index) }));
}

/** `networks` and `addresses` are the short form. */
function routerInterfaces(
  { networks: names, addresses, interfaces }: RouterObject,
  networks: readonly Network[],
  at: Located,
  diagnostics: Diagnostics,
): InterfaceSpec[] {
  if (interfaces) {
    if (names || addresses.length > 0) reportBothForms(at, diagnostics);
    return interfaces.map((own, index) => ({ ...own, addresses: addressesOf(own), at: at.interfaceAt(index) }));
  }
  if (!names) {
    diagnostics.error('missing-field', `${at.place} joins no networks`, at.at, 'say `networks: [lan, dmz]`');
    return [];
  }
  const joined = networks.filter(({ name }) => names.includes(name));
  const isOn = ({ cidrs }: Network, own: string) => cidrs.some((cidr) => cidrContains(cidr, own));
  for (const address of addresses.filter((own) => !joined.some((network) => isOn(network, own))))
    diagnostics.error('address-outside', `${address} is on none of the networks of ${at.place}`, at.at);
  return names.map((network, index) => ({
    network,
    addresses: addresses.filter((own) => joined.some((each) => each.name === network && isOn(each, own))),
    at: at.networkAt(index),
  }));
}

function addressesOf({ address, addresses }: Pick<NodeObject, 'address' | 'addresses'>): string[] {
  return [...(address === undefined ? [] : [address]), ...addresses];
}

function reportBothForms({ place, at }: Located, diagnostics: Diagnostics): void {
  diagnostics.error(
    'conflicting-fields',
    `${place} has \`interfaces\` and the short form for them as well`,
    at,
    'say everything in `interfaces`: [{ network, address, addresses, mtu }, …]',
  );
}

function fromNodeObject(manifest: ManifestOf<'Node'>, addresses: readonly string[]): MachineSpec {
  const { metadata } = manifest.object;
  const at = manifest.locate(['metadata', 'name']);
  return {
    ...bare('node', metadata.name, manifest.origin),
    at,
    interfaces: [{ network: undefined, addresses, at }],
    podCIDRs: podCIDRsOf(manifest.object),
    labels: metadata.labels ?? {},
    taints: taintsOf(manifest.object),
  };
}

/** The node lifecycle controller taints a node that is unschedulable. */
function taintsOf({ spec }: ManifestOf<'Node'>['object']): Taint[] {
  const { taints = [], unschedulable } = spec ?? {};
  const isTainted = taints.some(({ key }) => key === UNSCHEDULABLE.key);
  return unschedulable && !isTainted ? [...taints, UNSCHEDULABLE] : taints;
}

function bare(kind: MachineSpec['kind'], name: string, origin: Origin): MachineSpec {
  return {
    place: `${kind}/${name}`,
    kind,
    name,
    origin,
    interfaces: [{ network: undefined, addresses: [], at: undefined }],
    podCIDRs: [],
    labels: {},
    taints: [],
    routes: [],
    listen: [],
    at: undefined,
    routeAt: () => undefined,
  };
}

/** Where the Topology names a machine, and what it says about it. */
function placed(topology: Topology, list: 'nodes' | 'hosts' | 'routers', index: number, place: string) {
  const locate = (...path: (string | number)[]) => topology!.locate(['spec', list, index, ...path]);
  const at = locate();
  return {
    place,
    at,
    interfaceAt: (own: number): Position => locate('interfaces', own),
    networkAt: (network: number): Position => locate('networks', network),
    routeAt: (route: number): Position => locate('routes', route),
    origin: { file: at.file, line: at.line },
  };
}

function originOf(topology: Topology, manifests: readonly Manifest[]): Origin {
  return topology?.origin ?? manifests[0]?.origin ?? { file: '<default>', line: 1 };
}
