/** How an outside load balancer finds out whether a node takes connections: it asks for a path and is told 200, or, without one, the port is open. */
import type { SocketAddress } from '../net/port.ts';

export interface HealthCheck extends SocketAddress {
  readonly path?: string;
}
