/**
 * MetalLB's speaker on a node, layer 2: a process that answers ARP for addresses which no interface has, where the speakers that
 * are alive have elected its node (metallb speaker/layer2_controller.go). The kernel holds nothing of it; a process does it
 * (probe/speaker/).
 */
import type { Origin } from '../diagnostic.ts';
import type { SocketAddress } from '../net/port.ts';

export interface Speaker {
  /** The name of its node, by which the election goes. */
  readonly node: string;
  /** Where it answers. */
  readonly devices: readonly { readonly name: string; readonly mac: string }[];
  /** Where the others tell it that they are alive, and whence it tells them. */
  readonly local: SocketAddress;
  readonly peers: readonly { readonly node: string; readonly at: SocketAddress }[];
  /** The addresses to answer for, and the nodes that may be elected for each. */
  readonly announcements: readonly { readonly address: string; readonly nodes: readonly string[] }[];
  readonly origin: Origin;
}
