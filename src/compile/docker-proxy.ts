/**
 * docker-proxy: a process for each published port, which takes what no rule leads to the container and passes it on from
 * docker0's address (moby cmd/docker-proxy).
 */
import type { Place } from '../model/cluster.ts';
import type { PublishedPort } from '../net/port.ts';
import type { Relay } from './relay.ts';

/** moby cmd/docker-proxy/udp_proxy_linux.go, DefaultConnTrackTimeout. */
const IDLE_MS = 90_000;

export function dockerProxy(
  { place, address, origin }: Place & { readonly address: string },
  { port, protocol, hostPort, hostIP }: PublishedPort,
): Relay {
  return {
    program: 'docker-proxy',
    serves: `${place}:${port}`,
    protocol: protocol === 'UDP' ? 'UDP' : 'TCP',
    ...(hostIP !== undefined && { address: hostIP }),
    port: hostPort,
    endpoints: [{ address, port }],
    idleMs: IDLE_MS,
    held: [],
    origin,
  };
}
