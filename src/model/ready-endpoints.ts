/** Who answers behind the address of a Service. */
import {
  addressesOf,
  type Cluster,
  type Inhabitants,
  placesOf,
  type ServicePort,
  serviceAddresses,
} from './cluster.ts';
import type { ResolvedDestination } from './destination.ts';
import { addressOwners } from './listeners.ts';

type Context = Inhabitants & Pick<Cluster, 'services' | 'listeners'>;

/** The places of the ready endpoints behind a destination; undefined when it is no Service's. */
export function readyEndpoints(to: ResolvedDestination, cluster: Context): string[] | undefined {
  const port = servicePort(to, cluster);
  if (!port) return undefined;
  const owners = addressOwners(cluster);
  const sockets = new Set(
    port.endpoints.filter(({ ready }) => ready).map((each) => `${owners.get(each.address)?.netns} ${each.port}`),
  );
  const answering = new Set(
    cluster.listeners
      .filter((listener) => listener.protocol === port.protocol && sockets.has(`${listener.netns} ${listener.port}`))
      .map(({ place }) => place),
  );
  return placesOf(cluster)
    .map(({ place }) => place)
    .filter((place) => answering.has(place));
}

/** The Service port an address and port lead to. Several Services may share an address, and nodes have all NodePorts. */
function servicePort(to: ResolvedDestination, { services, nodes }: Context): ServicePort | undefined {
  const onNode = nodes.some((node) => addressesOf(node).includes(to.address));
  return services
    .flatMap((service) => {
      const here = serviceAddresses(service).includes(to.address);
      return service.ports.filter(
        ({ port, nodePort }) => (here && port === to.port) || (onNode && nodePort === to.port),
      );
    })
    .find(({ protocol }) => protocol === to.protocol);
}
