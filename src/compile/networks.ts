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

import type { Cluster, Machine, Network, Place, Route } from '../model/cluster.ts';
import { cidrContains, hostCidr } from '../net/address.ts';
import { deviceName, isReservedDeviceName, macFor, namespaceName } from '../net/name.ts';
import type { KernelStateBuilder, NamespaceBuilder } from './builder.ts';

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
  for (const machine of [...cluster.nodes, ...cluster.hosts]) compileMachine(machine, portName(machine), state);
  for (const router of cluster.routers) {
    const namespace = state.add(router.netns, router.origin, router.place);
    namespace.sysctl('net.ipv4.ip_forward', 1);
    for (const { device, network, address } of router.interfaces) {
      connect(namespace, device, address, network, portName(router), state);
      namespace.address(device, address, network.cidr);
    }
    compileRoutes(
      namespace,
      router.routes,
      (via) => router.interfaces.find(({ network }) => cidrContains(network.cidr, via))!.device,
    );
  }
}

function compileMachine(machine: Machine, port: string, state: KernelStateBuilder): void {
  const { network } = machine;
  const namespace = state.add(machine.netns, machine.origin, machine.place);
  connect(namespace, 'eth0', machine.address, network, port, state);
  for (const address of machine.addresses) {
    namespace.address('eth0', address, cidrContains(network.cidr, address) ? network.cidr : hostCidr(address));
  }
  compileRoutes(namespace, machine.routes, () => 'eth0');
  if (hasDefaultRoute(machine)) namespace.route({ to: 'default', via: network.gateway, device: 'eth0' });
}

/**
 * Every node has a default route, as a real one has: without it the kernel would not even try a ClusterIP.
 * A host outside the cluster has one only where a router exists.
 */
function hasDefaultRoute({ place, network, routes }: Machine): boolean {
  return (place.startsWith('node/') || network.routed) && !routes.some(({ to }) => to.prefix === 0);
}

function compileRoutes(namespace: NamespaceBuilder, routes: readonly Route[], device: (via: string) => string): void {
  for (const { to, via, origin } of routes) {
    namespace.route({ to: to.prefix === 0 ? 'default' : to.text, via, device: device(via) }, origin);
  }
}

function connect(
  namespace: NamespaceBuilder,
  device: string,
  address: string,
  network: Network,
  port: string,
  state: KernelStateBuilder,
): void {
  const segment = networkNamespace(network);
  namespace.link({
    kind: 'veth',
    name: device,
    mtu: network.mtu,
    mac: macFor('machine', address),
    peer: { namespace: segment, name: port },
    creates: true,
  });
  state.get(segment).link(
    {
      kind: 'veth',
      name: port,
      mtu: network.mtu,
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
