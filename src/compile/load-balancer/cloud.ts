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
  for (const service of services)
    for (const address of service.ingressIPs) {
      if (ipMode === 'VIP') passThrough(service, address, nodes, namespace);
      else compileProxy(service, address, nodes, machine.interfaces[0].device, namespace);
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

function passThrough(service: Service, address: string, nodes: readonly Node[], namespace: NamespaceBuilder): void {
  const nodePort = service.ports.find(({ protocol }) => protocol === 'TCP')?.nodePort;
  const ways = nodes.map((node) => {
    const via = addressOf(node, address);
    const check = checkOf(service, via, nodePort);
    return { via, ...(check && { check }) };
  });
  namespace.passThroughs.push({ address, nodes: ways, origin: service.origin });
}

function compileProxy(
  service: Service,
  address: string,
  nodes: readonly Node[],
  device: string,
  namespace: NamespaceBuilder,
): void {
  const { namespace: space, name, ports, origin } = service;
  namespace.address(device, address, hostCidr(address), origin);
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
