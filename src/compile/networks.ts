/**
 * Networks and the machines on them.
 *
 *   node.node1            network.lan                 host.client
 *   ┌────────┐          ┌───────────────┐             ┌────────┐
 *   │ eth0 ──┼── veth ──┼─ node1 ┐      │             │        │
 *   └────────┘          │        ├─ br0 ─┼─ client ──┼─ eth0   │
 *                       └───────────────┘             └────────┘
 *
 * A network is a bridge without addresses in a namespace of its own: a switch.
 */

import type { Cluster, Interface, Machine, Network, Place } from '../model/cluster.ts';
import { cidrContains, defaultRoute, isOfFamily } from '../net/address.ts';
import { deviceName, isReservedDeviceName, macFor, namespaceName } from '../net/name.ts';
import type { KernelStateBuilder, NamespaceBuilder } from './builder.ts';
import { compileRouterAdvertisements, hasDefaultRoute, isAdvertised } from './router-advertisements.ts';

const SWITCH = 'br0';

function networkNamespace({ name }: Network): string {
  return namespaceName('network', name);
}

export function compileNetworks(cluster: Cluster, state: KernelStateBuilder): void {
  for (const network of cluster.networks) {
    const namespace = state.add(networkNamespace(network), network.origin);
    /** A switch does not look into packets; with bridge netfilter it would even fragment them. */
    namespace.sysctl('net.bridge.bridge-nf-call-iptables', 0);
    namespace.link({ kind: 'bridge', name: SWITCH, mtu: network.mtu, mac: macFor('switch', network.gateway) });
  }
  const portName = portNames(cluster);
  const { nodes, hosts, routers } = cluster;
  for (const node of nodes) compileMachine(node, portName(node), state);
  for (const host of hosts) compileMachine(host, portName(host), state);
  for (const router of routers) {
    const namespace = compileMachine(router, portName(router), state);
    namespace.sysctl('net.ipv4.ip_forward', 1);
    if (namespace.addressesIn(6).length > 0) namespace.sysctl('net.ipv6.conf.all.forwarding', 1);
  }
  for (const node of nodes) compileDefaultRoutes(node, cluster, state);
  for (const host of hosts) if (host.interfaces[0].network.routed) compileDefaultRoutes(host, cluster, state);
  compileRouterAdvertisements(cluster, state);
}

function compileMachine(machine: Machine, port: string, state: KernelStateBuilder): NamespaceBuilder {
  const { interfaces, routes } = machine;
  const namespace = state.add(machine.netns, machine.origin, machine.place);
  for (const own of interfaces) {
    connect(namespace, own, port, state);
    for (const address of own.addresses)
      namespace.address(own.device, address, own.network.cidrs.find((cidr) => isOfFamily(address, cidr.family))!);
  }
  for (const { to, via, origin } of routes) {
    const { device } = interfaces.find(({ network }) => network.cidrs.some((cidr) => cidrContains(cidr, via)))!;
    namespace.route({ to: to.prefix === 0 ? defaultRoute(to.family) : to.text, via, device }, origin);
  }
  return namespace;
}

/**
 * Every node has a default route, as a real one has: without it the kernel would not even try a ClusterIP.
 * A host outside the cluster has one only where a router exists. A given one stands instead, or one the router itself tells of.
 */
function compileDefaultRoutes(machine: Machine, cluster: Cluster, state: KernelStateBuilder): void {
  const { device, network } = machine.interfaces[0];
  for (const [index, via] of network.gateways.entries()) {
    const { family } = network.cidrs[index]!;
    if (hasDefaultRoute(machine, family) || (family === 6 && isAdvertised(network, cluster))) continue;
    state.get(machine.netns).route({ to: defaultRoute(family), via, device });
  }
}

function connect(
  namespace: NamespaceBuilder,
  { device, address, network, mtu }: Interface,
  port: string,
  state: KernelStateBuilder,
): void {
  const segment = networkNamespace(network);
  namespace.link({
    kind: 'veth',
    name: device,
    mtu,
    mac: macFor('machine', address),
    peer: { namespace: segment, name: port },
    creates: true,
  });
  state.get(segment).link(
    {
      kind: 'veth',
      name: port,
      mtu,
      mac: macFor('machinePort', address),
      master: SWITCH,
      peer: { namespace: namespace.name, name: device },
      creates: false,
    },
    namespace.origin,
  );
}

/** Ports are called like the machine; where that name is not free, like kind and name. */
function portNames({ nodes, hosts, routers }: Cluster): (machine: Named) => string {
  const brief = ({ name }: Named) => deviceName(name);
  const full = ({ place }: Named) => deviceName(place.replace('/', '-'));
  const uses = new Map<string, number>();
  const machines = [...nodes, ...hosts, ...routers];
  for (const name of [SWITCH, ...machines.flatMap((each) => [brief(each), full(each)])])
    uses.set(name, (uses.get(name) ?? 0) + 1);
  const isFree = (name: string) => uses.get(name) === 1 && !isReservedDeviceName(name);
  return (machine) => (isFree(brief(machine)) ? brief(machine) : full(machine));
}

type Named = Place & { readonly name: string };
