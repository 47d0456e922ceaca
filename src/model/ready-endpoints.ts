/** Who may answer at a destination. */
import type { NameDestination } from './check.ts';
import { addressesOf, type Cluster, type Place, placesOf, type ServicePort, serviceAddresses } from './cluster.ts';
import { addressesBehind } from './dns/lookup.ts';
import type { Target } from './expectation.ts';
import { addressOwners } from './listeners.ts';
import type { Neighbours } from './surroundings.ts';

type Context = Neighbours & Pick<Cluster, 'listeners'>;

/**
 * The places of the ready endpoints behind the address of a Service, or behind the addresses that a name has for its sender;
 * undefined when the destination is neither.
 */
export function readyEndpoints(to: Target, sender: Place, cluster: Context): string[] | undefined {
  if ('lookup' in to) return undefined;
  const { protocol = 'TCP' } = to;
  const sockets = 'name' in to ? socketsOfName(cluster, sender, to, protocol) : socketsOf(cluster, to, protocol);
  if (!sockets) return undefined;
  const owners = addressOwners(cluster);
  const wanted = new Set(sockets.map(({ address, port }) => `${owners.get(address)?.netns} ${port}`));
  const answering = new Set(
    cluster.listeners
      .filter((listener) => listener.protocol === protocol && wanted.has(`${listener.netns} ${listener.port}`))
      .map(({ place }) => place),
  );
  return placesOf(cluster)
    .map(({ place }) => place)
    .filter((place) => answering.has(place));
}

interface Socket {
  readonly address: string;
  readonly port: number;
}

/** The addresses themselves, as those of a headless Service, or the endpoints of the Services they are of. */
function socketsOfName(cluster: Context, sender: Place, to: NameDestination, protocol: string): Socket[] {
  return addressesBehind(cluster, sender, to)
    .map((address) => ({ address, port: to.port }))
    .flatMap((socket) => socketsOf(cluster, socket, protocol) ?? [socket]);
}

function socketsOf(cluster: Context, to: { address: string; port?: number }, protocol: string): Socket[] | undefined {
  return servicePort(cluster, to, protocol)?.endpoints.filter(({ ready }) => ready);
}

/** The Service port an address and port lead to. Several Services may share an address, and nodes have all NodePorts. */
function servicePort(
  { services, nodes }: Context,
  to: { address: string; port?: number },
  protocol: string,
): ServicePort | undefined {
  const onNode = nodes.some((node) => addressesOf(node).includes(to.address));
  return services
    .flatMap((service) => {
      const here = serviceAddresses(service).includes(to.address);
      return service.ports.filter(
        ({ port, nodePort }) => (here && port === to.port) || (onNode && nodePort === to.port),
      );
    })
    .find((candidate) => candidate.protocol === protocol);
}
