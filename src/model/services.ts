/** Services as kube-proxy sees them: cluster addresses and node ports allocated, endpoints attached. */
import type { Diagnostics, Position } from '../diagnostic.ts';
import { type Family, familyIn, familyOf, parseCidr } from '../net/address.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import type { Cluster, Node, Pod, ProxyMode, Service } from './cluster.ts';
import type { CreationOrder } from './creation.ts';
import { clusterIPsOf, ofKind } from './defaults.ts';
import { type Behind, endpointsOfPort, modelEndpoints } from './endpoints/index.ts';
import { allocateLoadBalancerIngress, type LoadBalancerIngress } from './load-balancer-ingress.ts';
import type { PooledBalancer } from './load-balancers.ts';
import { isExternal, isHeadless } from './names.ts';
import type { Ranges } from './networks.ts';
import { NodePorts } from './node-ports.ts';
import { AddressPool } from './pool.ts';
import { familiesOf } from './service-families.ts';

/** Allocated ClusterIPs start here, out of the way of 10.96.0.1 (kubernetes) and 10.96.0.10 (DNS). */
const FIRST_CLUSTER_IP = { 4: 100, 6: 0x100 } as const;

type ServiceManifest = ManifestOf<'Service'>;

export interface ServiceContext {
  readonly namespace: string;
  readonly ranges: Ranges;
  readonly nodePortRange: string;
  readonly nodePortRangeAt: Position | undefined;
  readonly nodes: readonly Node[];
  readonly pods: readonly Pod[];
  readonly loadBalancers: readonly PooledBalancer[];
  readonly proxy: ProxyMode;
  /** The order in which objects were made. */
  readonly created: CreationOrder;
}

/**
 * Headless and ExternalName Services are names only, and no `services`, as kube-proxy leaves them out; headless ones have endpoints
 * all the same.
 */
export function modelServices(
  manifests: readonly Manifest[],
  context: ServiceContext,
  diagnostics: Diagnostics,
): Pick<Cluster, 'services' | 'endpointSlices' | 'endpoints'> {
  const all = ofKind(manifests, 'Service');
  reportDuplicates(all, context.namespace, diagnostics);
  const configured = context.ranges.serviceCIDRs.map(({ family }) => family);
  const families = new Map(
    all
      .filter((service) => !isExternal(service))
      .flatMap((service) => {
        const own = familiesOf(service, configured, diagnostics);
        return own ? [[service, own] as const] : [];
      }),
  );
  const behind = modelEndpoints(manifests, families, context, diagnostics);
  const proxied = all.filter((service) => isProxied(service, diagnostics));
  const addresses = allocateClusterIPs(proxied, families, context, diagnostics);
  const nodePorts = new NodePorts(context.nodePortRange, context.nodePortRangeAt, diagnostics);
  for (const service of proxied) nodePorts.claim(service);
  const applicants = proxied.flatMap((service) => {
    const own = addresses.get(service)?.map(familyIn);
    if (!own || service.object.spec.type !== 'LoadBalancer') return [];
    return [{ service, families: own, localNodes: localNodes(behind.get(service)!, context.nodes) }];
  });
  const ingress = allocateLoadBalancerIngress(applicants, context.loadBalancers, context.nodes, diagnostics);
  return {
    services: proxied.flatMap((service) => {
      const clusterIPs = addresses.get(service);
      return clusterIPs
        ? [
            modelService(
              service,
              clusterIPs,
              ingress.get(service),
              nodePorts,
              behind.get(service)!,
              context,
              diagnostics,
            ),
          ]
        : [];
    }),
    endpointSlices: [...behind.values()].flatMap(({ slices }) => slices),
    endpoints: [...behind.values()].flatMap(({ endpoints }) => endpoints ?? []),
  };
}

/** Those that have a ready endpoint. */
function localNodes({ slices }: Behind, nodes: readonly Node[]): Node[] {
  const endpoints = slices.flatMap((slice) => slice.endpoints);
  return nodes.filter(({ name }) => endpoints.some(({ ready, node }) => ready && node === name));
}

function modelService(
  service: ServiceManifest,
  clusterIPs: readonly string[],
  { addresses: ingress, balancer }: LoadBalancerIngress = { addresses: [] },
  nodePorts: NodePorts,
  behind: Behind,
  context: ServiceContext,
  diagnostics: Diagnostics,
): Service {
  const { metadata, spec } = service.object;
  const namespace = metadata.namespace ?? context.namespace;
  const loadBalanced = spec.type === 'LoadBalancer';
  /** Its last version is older than ipMode, never served health check ports, and reads Endpoints. */
  const isUserspace = context.proxy === 'userspace';
  const families = clusterIPs.map(familyIn);
  const own = (addresses: readonly string[]) =>
    addresses.filter((address) => familyOf(address) !== undefined && families.includes(familyIn(address)));
  const external = spec.type !== 'ClusterIP' || (spec.externalIPs ?? []).length > 0;
  const affinity =
    spec.sessionAffinity === 'ClientIP' ? (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 10_800) : undefined;
  const healthCheckNodePort =
    loadBalanced && spec.externalTrafficPolicy === 'Local' ? nodePorts.healthCheck(service) : undefined;
  const subsets = isUserspace ? (behind.endpoints?.subsets ?? []) : behind.slices;
  return {
    namespace,
    name: metadata.name,
    type: spec.type as Service['type'],
    clusterIPs,
    clusterIP: clusterIPs[0]!,
    externalIPs: own(spec.externalIPs ?? []),
    ingressIPs: own(ingress.map(({ ip }) => ip)),
    loadBalancerIPs: own(ingress.flatMap(({ ip, ipMode }) => (isUserspace || ipMode === 'VIP' ? [ip] : []))),
    ...(balancer && { loadBalancer: balancer.name }),
    loadBalancerSourceRanges: loadBalanced ? sourceRanges(service, families, diagnostics) : [],
    externalTrafficPolicy: external ? spec.externalTrafficPolicy : 'Cluster',
    internalTrafficPolicy: spec.internalTrafficPolicy,
    ...(affinity !== undefined && { affinitySeconds: affinity }),
    ...(healthCheckNodePort !== undefined && !isUserspace && { healthCheckNodePort }),
    ports: (spec.ports ?? []).map(({ name = '', protocol, port }, index) => {
      const nodePort = nodePorts.of(service, index);
      return {
        name,
        protocol,
        port,
        ...(nodePort !== undefined && { nodePort }),
        endpoints: endpointsOfPort(subsets, { name, protocol }, families),
      };
    }),
    created: context.created(service.origin),
    origin: service.origin,
  };
}

function isProxied(service: ServiceManifest, diagnostics: Diagnostics): boolean {
  if (isExternal(service) || isHeadless(service)) return false;
  const { object, locate } = service;
  const { spec } = object;
  if ((spec.ports ?? []).length === 0) {
    diagnostics.error(
      'missing-field',
      'spec.ports is missing',
      locate(['spec']),
      'a Service with a cluster address needs at least one port',
    );
  }
  return true;
}

/** Those that cannot have the addresses they ask for, or their families, are left out. */
function allocateClusterIPs(
  services: readonly ServiceManifest[],
  familiesOfServices: ReadonlyMap<ServiceManifest, readonly Family[]>,
  { ranges, namespace }: ServiceContext,
  diagnostics: Diagnostics,
): Map<ServiceManifest, readonly string[]> {
  const pools = new Map(
    ranges.serviceCIDRs.map((cidr) => [cidr.family, new AddressPool(cidr, 'the service range', diagnostics)]),
  );
  const owner = ({ object }: ServiceManifest) =>
    `Service ${object.metadata.namespace ?? namespace}/${object.metadata.name}`;
  const wanted = services.flatMap((service) => {
    const families = familiesOfServices.get(service);
    return families ? [{ service, families, fixed: clusterIPsOf(service.object) }] : [];
  });
  for (const { service, fixed } of wanted)
    for (const address of fixed)
      pools.get(familyIn(address))!.claim(address, owner(service), service.locate(['spec', 'clusterIP']));
  return new Map(
    wanted.flatMap(({ service, families, fixed }) => {
      const at = service.locate(['metadata', 'name']);
      const addresses = families.flatMap(
        (family, index) => fixed[index] ?? pools.get(family)!.take(FIRST_CLUSTER_IP[family], owner(service), at) ?? [],
      );
      return addresses.length === families.length ? [[service, addresses] as const] : [];
    }),
  );
}

function sourceRanges(
  { object, locate }: ServiceManifest,
  families: readonly Family[],
  diagnostics: Diagnostics,
): Service['loadBalancerSourceRanges'] {
  return (object.spec.loadBalancerSourceRanges ?? []).flatMap((text, index) => {
    const range = parseCidr(text.trim());
    if (!range)
      diagnostics.error(
        'invalid-value',
        `"${text}" is not a network in CIDR notation`,
        locate(['spec', 'loadBalancerSourceRanges', index]),
      );
    return range && families.includes(range.family) ? [range] : [];
  });
}

function reportDuplicates(services: readonly ServiceManifest[], namespace: string, diagnostics: Diagnostics): void {
  const seen = new Set<string>();
  for (const { object, locate } of services) {
    const name = `${object.metadata.namespace ?? namespace}/${object.metadata.name}`;
    if (seen.has(name))
      diagnostics.error('duplicate-name', `there are two Services named ${name}`, locate(['metadata', 'name']));
    seen.add(name);
    reportDuplicatePorts(object, locate, diagnostics);
  }
}

/** As the API server's validation: several ports need distinct names, and no port may stand twice. */
function reportDuplicatePorts(
  object: ServiceManifest['object'],
  locate: ServiceManifest['locate'],
  diagnostics: Diagnostics,
): void {
  const ports = object.spec.ports ?? [];
  for (const [index, port] of ports.entries()) {
    const at = locate(['spec', 'ports', index]);
    if (ports.length > 1 && !port.name)
      diagnostics.error(
        'missing-field',
        `spec.ports[${index}].name is missing`,
        at,
        'a Service with several ports needs a name for each',
      );
    const twin = ports.slice(0, index).find((other) => other.port === port.port && other.protocol === port.protocol);
    if (twin) diagnostics.error('duplicate-port', `port ${port.port}/${port.protocol} stands here twice`, at);
    if (port.name && ports.slice(0, index).some(({ name }) => name === port.name)) {
      diagnostics.error('duplicate-name', `two ports are named ${port.name}`, at);
    }
  }
}
