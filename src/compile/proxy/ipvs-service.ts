/**
 * The virtual servers of one port of one Service, the addresses they need on kube-ipvs0, and what goes into the sets: the
 * loop in syncProxyRules (kubernetes pkg/proxy/ipvs/proxier.go).
 */
import type { Endpoint, Node, ProxyConfig, Service, ServicePort } from '../../model/cluster.ts';
import { cidrContains, hostCidr } from '../../net/address.ts';
import { socketAddress } from '../../net/port.ts';
import type { NamespaceBuilder } from '../builder.ts';
import type { VirtualServer } from '../ipvs.ts';
import { categorizeEndpoints } from './endpoints.ts';
import type { IpSets } from './ipvs-sets.ts';

export interface NodeContext {
  readonly node: Node;
  readonly config: ProxyConfig;
  readonly namespace: NamespaceBuilder;
  /** Of the node, those on kube-ipvs0 and the loopback aside. */
  readonly addresses: readonly string[];
  /** Those among them that accept NodePorts. */
  readonly nodePortAddresses: readonly string[];
  readonly sets: IpSets;
  /** By protocol and address: of two Services with one address and port, the later one has it. */
  readonly servers: Map<string, VirtualServer>;
}

/** Where the addresses of Services are. */
export const DEVICE = 'kube-ipvs0';

export function compileServicePort(service: Service, port: ServicePort, context: NodeContext): void {
  const { node, sets } = context;
  const protocol = port.protocol.toLowerCase() as VirtualServer['protocol'];
  const { cluster, local } = categorizeEndpoints(service, port, node);
  /** Where policy Local finds no endpoint, pods of the node shall still get through (kubernetes#97081). */
  const endpointsFor = (policy: 'Cluster' | 'Local') => (policy === 'Local' && local.length > 0 ? local : cluster);
  const internal = endpointsFor(service.internalTrafficPolicy);
  const external = endpointsFor(service.externalTrafficPolicy);
  const externalLocal = service.externalTrafficPolicy === 'Local';
  const serve = (address: string, servicePort: number, endpoints: readonly Endpoint[]) =>
    addServer({ service, protocol, address, port: servicePort, endpoints }, context);
  const entry = (address: string, ...rest: readonly string[]) =>
    [`${address},${protocol}:${port.port}`, ...rest].join(',');

  for (const { address, port: target, node: place } of port.endpoints)
    if (place === node.name) sets.add('KUBE-LOOP-BACK', `${address},${protocol}:${target},${address}`);

  sets.add('KUBE-CLUSTER-IP', entry(service.clusterIP));
  serve(service.clusterIP, port.port, internal);
  bind(service.clusterIP, service, context);

  for (const address of service.externalIPs) {
    sets.add(externalLocal ? 'KUBE-EXTERNAL-IP-LOCAL' : 'KUBE-EXTERNAL-IP', entry(address));
    serve(address, port.port, external);
    bind(address, service, context);
  }
  for (const address of service.loadBalancerIPs) {
    sets.add('KUBE-LOAD-BALANCER', entry(address));
    if (externalLocal) sets.add('KUBE-LOAD-BALANCER-LOCAL', entry(address));
    if (service.loadBalancerSourceRanges.length > 0) {
      sets.add('KUBE-LOAD-BALANCER-FW', entry(address));
      /** ipset stores no range of all addresses; kube-proxy logs its refusal and goes on. */
      for (const { text, prefix } of service.loadBalancerSourceRanges)
        if (prefix > 0) sets.add('KUBE-LOAD-BALANCER-SOURCE-CIDR', entry(address, text));
      if (service.loadBalancerSourceRanges.some((range) => cidrContains(range, node.address)))
        sets.add('KUBE-LOAD-BALANCER-SOURCE-IP', entry(address, address));
      else forbidToNode(address, protocol, port.port, service, context);
    }
    serve(address, port.port, external);
    bind(address, service, context);
  }
  if (port.nodePort !== undefined) {
    if (context.nodePortAddresses.length === 0) return;
    for (const name of nodePortSets(protocol, externalLocal)) {
      if (protocol !== 'sctp') sets.add(name, port.nodePort);
      else for (const address of context.nodePortAddresses) sets.add(name, `${address},sctp:${port.nodePort}`);
    }
    for (const address of context.nodePortAddresses) serve(address, port.nodePort, external);
  }
  if (service.healthCheckNodePort !== undefined) sets.add('KUBE-HEALTH-CHECK-NODE-PORT', service.healthCheckNodePort);
}

const NODE_PORT_SETS = {
  tcp: ['KUBE-NODE-PORT-TCP', 'KUBE-NODE-PORT-LOCAL-TCP'],
  udp: ['KUBE-NODE-PORT-UDP', 'KUBE-NODE-PORT-LOCAL-UDP'],
  sctp: ['KUBE-NODE-PORT-SCTP-HASH', 'KUBE-NODE-PORT-LOCAL-SCTP-HASH'],
} as const;

function nodePortSets(protocol: VirtualServer['protocol'], local: boolean) {
  return NODE_PORT_SETS[protocol].slice(0, local ? 2 : 1);
}

/** An address the node has anyway is not put on kube-ipvs0. */
function bind(address: string, { origin }: Service, { addresses, namespace, sets }: NodeContext): void {
  if (addresses.includes(address) || !sets.add('KUBE-IPVS-IPS', address)) return;
  namespace.address(DEVICE, address, hostCidr(address), origin);
}

/** What the node sends to an address of its own comes from that address, which no source range says anything about (kubernetes#119656). */
function forbidToNode(
  address: string,
  protocol: VirtualServer['protocol'],
  port: number,
  { origin }: Service,
  { namespace, node }: NodeContext,
): void {
  const match = `-s ${address} -m ipvs --vaddr ${address} --vproto ${protocol} --vport ${port}`;
  const iptables = namespace.rules(node.podCIDR.family);
  iptables.append('filter', 'KUBE-IPVS-OUT-FILTER', `${match} -j DROP`, origin);
}

function addServer(
  {
    service,
    protocol,
    address,
    port,
    endpoints,
  }: Pick<VirtualServer, 'protocol' | 'address'> & {
    readonly service: Service;
    readonly port: number;
    readonly endpoints: readonly Endpoint[];
  },
  { config, servers }: NodeContext,
): void {
  const { scheduler } = config.ipvs;
  const { affinitySeconds, origin } = service;
  const at = socketAddress(address, port);
  servers.set(`${protocol} ${at}`, {
    protocol,
    address: at,
    scheduler,
    ...(scheduler === 'mh' && { flags: 'mh-port' }),
    ...(affinitySeconds !== undefined && { persistentSeconds: affinitySeconds }),
    servers: endpoints.map((endpoint) => ({ address: socketAddress(endpoint.address, endpoint.port), weight: 1 })),
    origin,
  });
}
