/** Ports of containers and of their hosts: what cannot be published, and what somebody has already. */
import { type Diagnostics, formatPosition, type Position } from '../diagnostic.ts';
import { formatPort, type Port } from '../net/port.ts';
import { addressesOf, type Host } from './cluster.ts';
import type { Draft, Placed } from './containers.ts';
import { type HostPort, HostPorts } from './scheduling/host-ports.ts';

/** docker run refuses it for container:NAME, and forgets it for host and none. What is not there nobody can listen on. */
export function reportUnpublishable(
  { place, network, publish, locate }: Draft,
  host: Host,
  diagnostics: Diagnostics,
): void {
  const addresses = addressesOf(host);
  for (const [index, { hostIP }] of publish.entries()) {
    if (hostIP === undefined || addresses.includes(hostIP) || hostIP.startsWith('127.')) continue;
    diagnostics.error(
      'address-outside',
      `${place} cannot publish a port at ${hostIP}: it is no address of ${host.place}`,
      locate(['publish', index]),
      `addresses there: ${[...addresses, '127.0.0.1'].join(', ')}`,
    );
  }
  if (network === 'bridge' || publish.length === 0) return;
  diagnostics.error(
    'conflicting-fields',
    `${place} cannot publish ports: its network is ${network}, and Docker leads to those on network bridge`,
    locate(['publish']),
    INSTEAD[network] ?? 'publish the ports of the container it joins',
  );
}

const INSTEAD: Readonly<Record<string, string>> = {
  host: 'its ports are ports of its host as they are',
  none: 'nobody can reach it',
};

/** Processes of the host and its containers, each in its namespace, then docker-proxy in that of the host. */
export function reportTakenPorts(
  host: Host,
  containers: readonly Placed[],
  locateListen: (port: number) => Position,
  diagnostics: Diagnostics,
): void {
  const taken = new HostPorts();
  const claim = (netns: string, code: 'port-taken' | 'host-port-taken', wanted: HostPort) => {
    for (const { other } of taken.conflicts(netns, [wanted])) {
      const port = formatPort({ port: wanted.hostPort, protocol: wanted.protocol });
      const whose = netns === host.netns ? host.place : 'its network';
      diagnostics.error(
        code,
        `${wanted.owner} cannot have port ${port} of ${whose}: ${other.owner} has it (${formatPosition(other.at)})`,
        wanted.at,
        'of those in one network namespace only one can have a port',
      );
    }
    taken.claim(netns, [wanted]);
  };
  const listening = (owner: string, { port: hostPort, protocol }: Port, at: Position): HostPort => ({
    owner,
    hostPort,
    protocol,
    hostIP: undefined,
    at,
  });
  for (const [index, port] of host.listen.entries())
    claim(host.netns, 'port-taken', listening(host.place, port, locateListen(index)));
  for (const { draft, container } of containers)
    for (const [index, port] of draft.listen.entries())
      claim(container.netns, 'port-taken', listening(draft.place, port, draft.locate(['listen', index])));
  for (const { draft } of containers)
    for (const [index, { hostPort, hostIP, protocol }] of draft.publish.entries()) {
      const at = draft.locate(['publish', index]);
      claim(host.netns, 'host-port-taken', { owner: draft.place, hostPort, hostIP, protocol, at });
    }
}
