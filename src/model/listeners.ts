/** Which ports answer: declared container ports, ports that endpoints promise, and what hosts listen on. */
import type { Diagnostics } from '../diagnostic.ts';
import type { Zone } from '../dns/record.ts';
import { familyIn, isOfFamily } from '../net/address.ts';
import { DNS_PORT, type Port } from '../net/port.ts';
import {
  addressesOf,
  type Cluster,
  type ClusterDns,
  type Inhabitants,
  type Listener,
  type Node,
  type Place,
  type Service,
  type ServicePort,
} from './cluster.ts';
import type { HeadlessService } from './names.ts';

/** One listener a port and network namespace; of a hostNetwork pod and its node, the pod is who answers. */
export function modelListeners(
  cluster: Inhabitants & Pick<Cluster, 'dns' | 'names'>,
  services: readonly Service[],
  diagnostics: Diagnostics,
): Listener[] {
  const listeners = new Map<string, Listener>();
  /** nginx answers there, or nobody: its rules lead on. */
  const occupied = new Set(
    cluster.pods
      .filter(({ ingressController, balances }) => ingressController !== undefined || balances !== undefined)
      .map(({ place }) => place),
  );
  const add = ({ place, netns }: Place, { port, protocol }: Port, zone?: Zone) => {
    if (occupied.has(place)) return;
    const key = `${netns} ${port}/${protocol}`;
    const known = listeners.get(key) ?? { place, netns, port, protocol };
    listeners.set(key, { ...known, ...(zone && { zone }) });
  };
  for (const pod of cluster.pods) for (const port of pod.ports) add(pod, port);
  for (const place of [...cluster.hosts, ...cluster.containers]) for (const port of place.listen) add(place, port);
  const pods = new Map(cluster.pods.map((pod) => [pod.place, pod]));
  const owners = addressOwners(cluster);
  for (const listener of healthChecks(cluster.nodes, services))
    listeners.set(`${listener.netns} ${listener.port}/TCP`, listener);
  const strangers = new Map<string, Service | HeadlessService>();
  /** Those of nodes are kube-proxy's. */
  const nodePorts = new Set(
    services.flatMap(({ ports }) => ports.map(({ nodePort, protocol }) => `${nodePort}/${protocol}`)),
  );
  const nodes = new Set(cluster.nodes.map(({ place }) => place));
  for (const service of [...services, ...cluster.names.headless]) {
    for (const servicePort of service.ports) {
      const { protocol, endpoints } = servicePort;
      const zone = zoneBehind(service, servicePort, cluster.dns);
      for (const { address, port, pod } of endpoints) {
        const named = pods.get(pod ?? '');
        const owner = named?.addresses.includes(address) ? named : owners.get(address);
        if (owner && nodes.has(owner.place) && nodePorts.has(`${port}/${protocol}`)) continue;
        if (port === 0) continue;
        if (owner) add(owner, { port, protocol }, zone);
        else if (!strangers.has(address)) strangers.set(address, service);
      }
    }
  }
  for (const [address, { namespace, name, origin }] of strangers) {
    const where = `${origin.file}:${origin.line}`;
    diagnostics.warn(
      'stranger',
      `${where}: endpoint ${address} of Service ${namespace}/${name} belongs to nothing in this topology; connections to it die on the way`,
    );
  }
  return [...listeners.values()];
}

/** What stands behind port 53 of the cluster's DNS. */
function zoneBehind(
  service: Service | HeadlessService,
  { port }: ServicePort,
  dns: ClusterDns | undefined,
): Zone | undefined {
  const isDns = port === DNS_PORT && 'clusterIP' in service && service.clusterIP === dns?.nameservers[0];
  return isDns ? dns?.zone : undefined;
}

/**
 * Every node answers on a Service's health check port (KEP-1669: ready endpoints on this node count; those of the Service's
 * primary family, since there is a kube-proxy for each).
 */
function healthChecks(nodes: readonly Node[], services: readonly Service[]): Listener[] {
  return services.flatMap(({ namespace, name, clusterIP, healthCheckNodePort: port, ports }) => {
    if (port === undefined) return [];
    return nodes.map((node): Listener => {
      const local = new Set(
        ports
          .flatMap(({ endpoints }) => endpoints)
          .filter((endpoint) => endpoint.ready && endpoint.node === node.name)
          .map(({ address }) => address)
          .filter((address) => isOfFamily(address, familyIn(clusterIP))),
      );
      return {
        place: node.place,
        netns: node.netns,
        port,
        protocol: 'TCP',
        health: { namespace, name, localEndpoints: local.size },
      };
    });
  });
}

/** A pod on the host network owns none of its node's addresses. */
export function addressOwners({ nodes, hosts, routers, pods }: Inhabitants): Map<string, Place> {
  return new Map<string, Place>([
    ...[...routers, ...nodes, ...hosts].flatMap((machine) =>
      addressesOf(machine).map((address): [string, Place] => [address, machine]),
    ),
    ...pods
      .filter(({ hostNetwork }) => !hostNetwork)
      .flatMap((pod) => pod.addresses.map((address): [string, Place] => [address, pod])),
  ]);
}
