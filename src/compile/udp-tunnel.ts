/**
 * flanneld's proxy of backend udp (flannel pkg/backend/udp): a process that sends what it reads from a TUN device to the
 * node that has the destination, and writes what it gets from there back into the device. The kernel holds the device and
 * the routes to it; the rest is served by a process (probe/tunnel/).
 */
import type { Origin } from '../diagnostic.ts';
import type { SocketAddress } from '../net/port.ts';

export interface UdpTunnel {
  /** The TUN device. */
  readonly device: string;
  /** The device's address: whom the process speaks as when it says that there is no way. */
  readonly address: string;
  /** Where it listens, and what it sends from. */
  readonly local: SocketAddress;
  /** The subnets of the other nodes. */
  readonly subnets: readonly { readonly to: string; readonly via: SocketAddress }[];
  readonly origin: Origin;
}
