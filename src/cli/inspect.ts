/** packetwalk inspect: who is where, with which address, and what Services lead to. */
import type { Checked } from '../apply/cni/attachments.ts';
import type {
  Cluster,
  Endpoint,
  EndpointAddress,
  EndpointPort,
  EndpointSlice,
  Endpoints,
  Interface,
  Machine,
  Service,
} from '../model/cluster.ts';
import { objectName, serviceAddresses } from '../model/cluster.ts';
import type { Cidr } from '../net/address.ts';
import { formatPort, formatPublishedPort, socketAddress } from '../net/port.ts';
import { firstOf, table } from '../report/layout.ts';
import { readLab } from './input.ts';
import { chooseLab, resume } from './labs.ts';
import { colors, EXIT, print, UsageError } from './output.ts';

export interface Options {
  readonly file?: readonly string[];
  readonly output: string;
  readonly namespace: string;
}

export async function run(name: string | undefined, options: Options): Promise<number> {
  if (name !== undefined && options.file)
    throw new UsageError(`the running lab ${name}, or the one in the files of -f?`, 'leave one out');
  const found = options.file ? await readLab(options) : await runningLab(name);
  if (!found) return EXIT.input;
  const { cluster } = found;
  const checked = 'checked' in found ? found.checked : [];
  const text = () => [format(cluster), ...problemsOf(checked)].join('\n');
  print(options.output === 'json' ? JSON.stringify({ ...describe(cluster), ...asJson(checked) }, null, 2) : text());
  return EXIT.ok;
}

/** What is in a running lab, and what its CNI plugins say to it. */
async function runningLab(name: string | undefined): Promise<{ cluster: Cluster; checked: readonly Checked[] }> {
  const { cluster, agent } = await resume(await chooseLab(name));
  try {
    return { cluster, checked: await agent.call('checkAttachments') };
  } finally {
    agent.close();
  }
}

function problemsOf(checked: readonly Checked[]): string[] {
  const problems = checked.flatMap(({ problem }) => problem ?? []);
  return problems.length === 0 ? [] : ['', colors.dim('NOT AS THE PLUGINS LEFT IT'), ...problems];
}

function asJson(checked: readonly Checked[]): { plugins?: readonly Checked[] } {
  return checked.length === 0 ? {} : { plugins: checked };
}

/** Plain values; also what `-o json` prints. */
function describe({
  name,
  podCIDRs,
  serviceCIDRs,
  cni,
  proxy,
  networks,
  nodes,
  hosts,
  routers,
  pods,
  containers,
  loadBalancers,
  services,
  endpointSlices,
  endpoints,
}: Cluster) {
  return {
    name,
    podCIDR: podCIDRs[0]!.text,
    podCIDRs: podCIDRs.map(({ text }) => text),
    serviceCIDR: serviceCIDRs[0]!.text,
    serviceCIDRs: serviceCIDRs.map(({ text }) => text),
    cni,
    proxy,
    networks: networks.map((network) => ({
      name: network.name,
      cidr: network.cidr.text,
      cidrs: network.cidrs.map(({ text }) => text),
      gateway: network.gateway,
      gateways: network.gateways,
      routed: network.routed,
      mtu: network.mtu,
    })),
    nodes: nodes.map((node) => ({
      place: node.place,
      interfaces: node.interfaces.map(interfaceFacts),
      podCIDR: node.podCIDR.text,
      podCIDRs: node.podCIDRs.map(({ text }) => text),
    })),
    hosts: hosts.map((host) => ({
      place: host.place,
      interfaces: host.interfaces.map(interfaceFacts),
      listen: host.listen.map(formatPort),
    })),
    routers: routers.map((router) => ({
      place: router.place,
      interfaces: router.interfaces.map(interfaceFacts),
    })),
    pods: pods.map((pod) => ({
      place: pod.place,
      address: pod.address,
      addresses: pod.addresses,
      node: pod.node.name,
      hostNetwork: pod.hostNetwork,
      ...pod.conditions,
    })),
    containers: containers.map(({ place, network, address, listen, published }) => ({
      place,
      network,
      ...(address !== undefined && { address }),
      listen: listen.map(formatPort),
      published: published.map(formatPublishedPort),
    })),
    loadBalancers: loadBalancers.map(({ name, kind, loadBalancerClass }) => ({
      name,
      kind,
      ...(loadBalancerClass !== undefined && { loadBalancerClass }),
    })),
    services: services.map((service) => ({
      name: objectName(service.namespace, service.name),
      type: service.type,
      clusterIP: service.clusterIP,
      clusterIPs: service.clusterIPs,
      externalIPs: service.externalIPs,
      ingressIPs: service.ingressIPs,
      loadBalancerIPs: service.loadBalancerIPs,
      ...(service.loadBalancer !== undefined && { loadBalancer: service.loadBalancer }),
      ports: service.ports.map(({ endpoints: own, ...port }) => ({
        ...port,
        endpoints: own.map(({ zoneHints: _zones, nodeHints: _nodes, ...endpoint }) => endpoint),
      })),
    })),
    endpointSlices: endpointSlices.map(({ namespace, name: own, service, origin: _, ...slice }) => ({
      name: objectName(namespace, own),
      service: objectName(namespace, service),
      ...slice,
    })),
    endpoints: endpoints.map(({ namespace, name: own, subsets, isTruncated }) => ({
      name: objectName(namespace, own),
      subsets,
      ...(isTruncated && { annotations: TRUNCATED }),
    })),
  };
}

function interfaceFacts({ device, network, addresses, mtu }: Interface) {
  return { device, network: network.name, addresses, mtu };
}

function format(cluster: Cluster): string {
  const { cni, proxy, podCIDRs, serviceCIDRs } = cluster;
  return [
    `${colors.bold(cluster.name)}  pods ${listed(podCIDRs)}, Services ${listed(serviceCIDRs)}, network plugin ${cni.mode}, kube-proxy ${proxy.mode}`,
    ...section(
      ['NETWORK', 'RANGE', 'GATEWAY'],
      cluster.networks.map(({ name, cidrs, gateways, routed }) => [
        name,
        listed(cidrs),
        `${gateways.join(' ')}${routed ? '' : ' (nobody)'}`,
      ]),
    ),
    ...section(
      ['NODE', 'INTERFACES', 'PODS'],
      cluster.nodes.map((node) => [node.place, formatInterfaces(node), listed(node.podCIDRs)]),
    ),
    ...section(
      ['HOST', 'INTERFACES', 'LISTENS'],
      cluster.hosts.map((host) => [host.place, formatInterfaces(host), host.listen.map(formatPort).join(' ')]),
    ),
    ...section(
      ['ROUTER', 'INTERFACES'],
      cluster.routers.map((router) => [router.place, formatInterfaces(router)]),
    ),
    ...section(
      ['POD', 'ADDRESS', 'NODE', 'STATE'],
      cluster.pods.map(({ place, addresses, node, conditions }) => [
        place,
        addresses.join(' '),
        node.name,
        stateOf(conditions),
      ]),
    ),
    ...section(
      ['CONTAINER', 'NETWORK', 'ADDRESS', 'LISTENS', 'PUBLISHED'],
      cluster.containers.map(({ place, network, addresses, listen, published }) => [
        place,
        network,
        addresses.join(' '),
        listen.map(formatPort).join(' '),
        published.map(formatPublishedPort).join(' '),
      ]),
    ),
    ...section(
      ['LOAD BALANCER', 'KIND', 'CLASS', 'SERVICES'],
      cluster.loadBalancers.map(({ name, kind, loadBalancerClass = '' }) => [
        name,
        kind,
        loadBalancerClass,
        firstOf(servedBy(name, cluster), 3),
      ]),
    ),
    ...section(['SERVICE', 'TYPE', 'ADDRESS', 'PORT', 'ENDPOINTS'], cluster.services.flatMap(serviceRows)),
    ...section(['ENDPOINTSLICE', 'SERVICE', 'MANAGED BY', 'PORTS', 'ENDPOINTS'], cluster.endpointSlices.map(sliceRow)),
    ...section(
      ['ENDPOINTS', 'ADDRESSES', 'ANNOTATION'],
      cluster.endpoints.filter(({ isTruncated }) => isTruncated).map(truncatedRow),
    ),
  ].join('\n');
}

function listed(ranges: readonly Cidr[]): string {
  return ranges.map(({ text }) => text).join(' ');
}

function formatInterfaces({ interfaces }: Machine): string {
  return interfaces
    .map(({ device, network, addresses }) => `${device} ${addresses.join(' ')} (${network.name})`)
    .join(', ');
}

function section(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  const [first = '', ...lines] = table([head, ...rows]);
  return ['', colors.dim(first), ...lines];
}

function servedBy(balancer: string, { services }: Cluster): string[] {
  const own = services.filter(({ loadBalancer }) => loadBalancer === balancer);
  return own.map(({ namespace, name }) => objectName(namespace, name));
}

function serviceRows(service: Service): string[][] {
  const addresses = serviceAddresses(service).join(' ');
  return service.ports.map(({ port, protocol, nodePort, endpoints }) => [
    objectName(service.namespace, service.name),
    service.type,
    addresses,
    `${formatPort({ port, protocol })}${nodePort === undefined ? '' : ` (node ${nodePort})`}`,
    firstOf(endpoints.map(formatEndpoint), 3) || 'none',
  ]);
}

function sliceRow({ namespace, name, service, managedBy, ports, endpoints }: EndpointSlice): string[] {
  return [
    objectName(namespace, name),
    objectName(namespace, service),
    managedBy?.split('.')[0] ?? 'nobody',
    ports.map(formatEndpointPort).join(' ') || 'none',
    firstOf(endpoints.map(formatAddress), 3) || 'none',
  ];
}

function formatEndpointPort({ name, port, protocol }: EndpointPort): string {
  const number = port === undefined ? 'all' : formatPort({ port, protocol });
  return name === '' ? number : `${name}=${number}`;
}

const OVER_CAPACITY = 'endpoints.kubernetes.io/over-capacity';
const TRUNCATED = { [OVER_CAPACITY]: 'truncated' };

function truncatedRow({ namespace, name, subsets }: Endpoints): string[] {
  const count = subsets.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  return [objectName(namespace, name), String(count), `${OVER_CAPACITY}: truncated`];
}

function formatEndpoint(endpoint: Endpoint): string {
  return `${socketAddress(endpoint.address, endpoint.port)}${unlessReady(endpoint)}`;
}

function formatAddress(endpoint: EndpointAddress): string {
  return `${endpoint.address}${unlessReady(endpoint)}`;
}

function unlessReady(endpoint: EndpointAddress): string {
  const state = stateOf(endpoint);
  return state === 'ready' ? '' : ` (${state})`;
}

function stateOf({ ready, terminating }: { ready: boolean; terminating: boolean }): string {
  return terminating ? 'terminating' : ready ? 'ready' : 'not ready';
}
