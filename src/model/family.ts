/** What programs of one address family see of a cluster: kubelet, kube-proxy and network plugins do the same for each. */
import { type Cidr, type Family, isOfFamily } from '../net/address.ts';
import type { Cluster, Interface, Machine, Network, Node, Pod, Service } from './cluster.ts';

/**
 * The cluster with the addresses, ranges and routes of one of its families, without what has no address in it. What is one
 * object in the cluster is one in the view. A cluster that is of that family alone is its own view.
 */
export function inFamily(cluster: Cluster, family: Family): Cluster {
  const { networks, podCIDRs } = cluster;
  if ([...networks.flatMap(({ cidrs }) => cidrs), ...podCIDRs].every((cidr) => cidr.family === family)) return cluster;
  const lens = new Lens(family);
  const nodes = new Map(cluster.nodes.flatMap((node) => lens.node(node) ?? []).map((node) => [node.name, node]));
  const hosts = new Map(cluster.hosts.flatMap((host) => lens.machine(host) ?? []).map((host) => [host.name, host]));
  return {
    ...cluster,
    families: [family],
    podCIDRs: lens.ranges(podCIDRs),
    podCIDR: lens.ranges(podCIDRs)[0]!,
    serviceCIDRs: lens.ranges(cluster.serviceCIDRs),
    serviceCIDR: lens.ranges(cluster.serviceCIDRs)[0]!,
    networks: networks.flatMap((network) => lens.network(network) ?? []),
    nodes: [...nodes.values()],
    hosts: [...hosts.values()],
    routers: cluster.routers.flatMap((router) => lens.machine(router) ?? []),
    pods: cluster.pods.flatMap((pod) => lens.pod(pod, nodes.get(pod.node.name)) ?? []),
    containers: cluster.containers.flatMap((container) => {
      const host = hosts.get(container.host.name);
      return host ? [{ ...container, host }] : [];
    }),
    services: cluster.services.flatMap((service) => lens.service(service) ?? []),
  };
}

class Lens {
  readonly #family: Family;
  readonly #networks = new Map<Network, Network | undefined>();

  constructor(family: Family) {
    this.#family = family;
  }

  ranges(cidrs: readonly Cidr[]): Cidr[] {
    return cidrs.filter(({ family }) => family === this.#family);
  }

  network(network: Network): Network | undefined {
    if (!this.#networks.has(network)) this.#networks.set(network, this.#network(network));
    return this.#networks.get(network);
  }

  #network(network: Network): Network | undefined {
    const cidrs = this.ranges(network.cidrs);
    const gateways = this.#addresses(network.gateways);
    return cidrs[0] && { ...network, cidrs, cidr: cidrs[0], gateways, gateway: gateways[0]! };
  }

  machine<T extends Machine>(machine: T): T | undefined {
    const addresses = this.#addresses(machine.addresses);
    const [first, ...others] = machine.interfaces.flatMap((own) => this.#interface(own) ?? []);
    const routes = machine.routes.filter(({ to }) => to.family === this.#family);
    return first && { ...machine, addresses, address: addresses[0]!, interfaces: [first, ...others], routes };
  }

  #interface(own: Interface): Interface | undefined {
    const network = this.network(own.network);
    const addresses = this.#addresses(own.addresses);
    return network && addresses[0] !== undefined ? { ...own, network, addresses, address: addresses[0] } : undefined;
  }

  node(node: Node): Node | undefined {
    const machine = this.machine(node);
    const podCIDRs = this.ranges(node.podCIDRs);
    return machine && podCIDRs[0] && { ...machine, podCIDRs, podCIDR: podCIDRs[0] };
  }

  pod(pod: Pod, node: Node | undefined): Pod | undefined {
    const addresses = this.#addresses(pod.addresses);
    return node && addresses[0] !== undefined ? { ...pod, node, addresses, address: addresses[0] } : undefined;
  }

  service(service: Service): Service | undefined {
    const clusterIPs = this.#addresses(service.clusterIPs);
    if (clusterIPs[0] === undefined) return undefined;
    return {
      ...service,
      clusterIPs,
      clusterIP: clusterIPs[0],
      externalIPs: this.#addresses(service.externalIPs),
      ingressIPs: this.#addresses(service.ingressIPs),
      loadBalancerIPs: this.#addresses(service.loadBalancerIPs),
      loadBalancerSourceRanges: this.ranges(service.loadBalancerSourceRanges),
      ports: service.ports.map((port) => ({
        ...port,
        endpoints: port.endpoints.filter(({ address }) => isOfFamily(address, this.#family)),
      })),
    };
  }

  #addresses(addresses: readonly string[]): string[] {
    return addresses.filter((address) => isOfFamily(address, this.#family));
  }
}
