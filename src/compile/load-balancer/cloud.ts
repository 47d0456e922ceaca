/**
 * A cloud's load balancer: a machine in front of the nodes, which asks each whether it is well before it gives it connections
 * (kubernetes pkg/proxy/healthcheck/service_health.go: with policy Local, nodes without an endpoint say 503).
 *
 *   ipMode Proxy   it has the addresses, takes connections and opens others of its own to NodePorts: nodes see the balancer
 *   ipMode VIP     packets are routed to it, and on to a node with the address they have; answers go straight to the client
 *
 * In-cluster clients come here with ipMode Proxy only; with VIP kube-proxy knows the address and keeps them (KEP-1860).
 */
import type { Cluster, LoadBalancer, Node, Service } from '../../model/cluster.ts';
import { familyIn, hostCidr, isOfFamily } from '../../net/address.ts';
import type { KernelStateBuilder, NamespaceBuilder } from '../builder.ts';
import type { HealthCheck } from '../health-check.ts';
import type { PassThrough } from '../pass-through.ts';

type Balancer = Extract<LoadBalancer, { kind: 'cloud' }>;

export function compileCloud(
  balancer: LoadBalancer,
  services: readonly Service[],
  { nodes }: Cluster,
  state: KernelStateBuilder,
): void {
  const { machine, ipMode } = balancer as Balancer;
  const namespace = state.get(machine.netns);
  if (ipMode === 'VIP') compileForwarding(namespace);
  for (const address of new Set(services.flatMap(({ ingressIPs }) => ingressIPs))) {
    const sharing = services.filter(({ ingressIPs }) => ingressIPs.includes(address));
    const { origin } = sharing[0]!;
    if (ipMode === 'VIP') {
      const ways = sharing.flatMap((service) => waysTo(service, address, nodes));
      namespace.passThroughs.push({ address, nodes: ways, origin });
    } else {
      namespace.address(machine.interfaces[0].device, address, hostCidr(address), origin);
      for (const service of sharing) compileProxy(service, address, nodes, namespace);
    }
  }
}

/** It does not tell clients to ask the nodes themselves. */
function compileForwarding(namespace: NamespaceBuilder): void {
  namespace.sysctl('net.ipv4.ip_forward', 1);
  namespace.sysctl('net.ipv4.fib_multipath_hash_policy', 1);
  for (const whose of ['all', 'default']) namespace.sysctl(`net.ipv4.conf.${whose}.send_redirects`, 0);
  if (namespace.addressesIn(6).length === 0) return;
  namespace.sysctl('net.ipv6.conf.all.forwarding', 1);
  namespace.sysctl('net.ipv6.fib_multipath_hash_policy', 1);
}

function waysTo(service: Service, address: string, nodes: readonly Node[]): PassThrough['nodes'] {
  const nodePort = service.ports.find(({ protocol }) => protocol === 'TCP')?.nodePort;
  return nodes.map((node) => {
    const via = addressOf(node, address);
    const check = checkOf(service, via, nodePort);
    return { via, ...(check && { check }) };
  });
}

function compileProxy(service: Service, address: string, nodes: readonly Node[], namespace: NamespaceBuilder): void {
  const { namespace: space, name, ports, origin } = service;
  for (const { name: portName, port, protocol, nodePort } of ports) {
    if (protocol !== 'TCP' || nodePort === undefined) continue;
    namespace.relays.push({
      program: 'haproxy',
      serves: `${space}/${name}${portName ? `:${portName}` : ''}`,
      protocol,
      address,
      port,
      endpoints: nodes.map((node) => {
        const own = addressOf(node, address);
        const check = checkOf(service, own, nodePort);
        return { address: own, port: nodePort, ...(check && { check }) };
      }),
      idleMs: 0,
      held: [],
      origin,
    });
  }
}

/** With policy Local the health check port tells; otherwise a NodePort that is open does. Without NodePorts nothing is asked. */
function checkOf(
  { healthCheckNodePort }: Service,
  address: string,
  nodePort: number | undefined,
): HealthCheck | undefined {
  if (healthCheckNodePort !== undefined) return { address, port: healthCheckNodePort, path: '/healthz' };
  return nodePort === undefined ? undefined : { address, port: nodePort };
}

function addressOf({ addresses }: Node, like: string): string {
  return addresses.find((address) => isOfFamily(address, familyIn(like)))!;
}
