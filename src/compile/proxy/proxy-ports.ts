/**
 * The port on which every node's kube-proxy listens for a Service's port. The real one takes one at random from
 * `portRange` or, without it, the one it gets from the kernel (kubernetes pkg/proxy/userspace/port_allocator.go); here
 * it follows from the Service's name and stays when other Services come and go.
 */
import type { Cluster, ServicePort } from '../../model/cluster.ts';
import { digest } from '../../net/name.ts';
import { servicePortName } from './names.ts';

/** net.ipv4.ip_local_port_range, as it is by default. */
const EPHEMERAL = '32768-60999';

/** The same on all nodes: computed once a cluster. */
const known = new WeakMap<Cluster, ReadonlyMap<ServicePort, number>>();

/** A port has none when the range is used up, or when its protocol is none of TCP and UDP. */
export function proxyPorts(cluster: Cluster): ReadonlyMap<ServicePort, number> {
  const ports = known.get(cluster) ?? allocate(cluster);
  known.set(cluster, ports);
  return ports;
}

function allocate(cluster: Cluster): ReadonlyMap<ServicePort, number> {
  const [low, high] = (cluster.proxy.portRange || EPHEMERAL).split('-').map(Number) as [number, number];
  const size = high - low + 1;
  const taken = portsInUse(cluster);
  const ports = new Map<ServicePort, number>();
  for (const service of cluster.services) {
    for (const port of service.ports) {
      if (port.protocol === 'SCTP') continue;
      const start = Number.parseInt(
        digest('sha1', `${servicePortName(service, port)} ${port.protocol}`).slice(0, 8),
        16,
      );
      const free = firstFree(low, size, start, taken);
      if (free === undefined) continue;
      taken.add(free);
      ports.set(port, free);
    }
  }
  return ports;
}

/** Whatever else listens on a node, or is held there. */
function portsInUse({ nodes, listeners, services }: Cluster): Set<number> {
  const namespaces = new Set(nodes.map(({ netns }) => netns));
  return new Set([
    ...listeners.filter(({ netns }) => namespaces.has(netns)).map(({ port }) => port),
    ...services.flatMap(({ ports }) => ports.flatMap(({ port, nodePort = port }) => [port, nodePort])),
  ]);
}

function firstFree(low: number, size: number, start: number, taken: ReadonlySet<number>): number | undefined {
  for (let offset = 0; offset < size; offset++) {
    const port = low + ((start + offset) % size);
    if (!taken.has(port)) return port;
  }
  return undefined;
}
