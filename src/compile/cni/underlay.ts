/** How nodes reach each other below the pods' network. */
import type { Interface, Node } from '../../model/cluster.ts';
import type { KernelStateBuilder } from '../builder.ts';

/**
 * The interface whose address other nodes are told: the one of that name, which the model has seen to be there, or
 * that of the default route (flanneld's --iface, pkg/ipmatch/match.go).
 */
export function underlayOf({ interfaces }: Node, name?: string): Interface {
  return interfaces.find(({ device }) => device === name) ?? interfaces[0];
}

/**
 * A route to a peer's pods by the first of its interfaces that is on one of the node's own networks. False when none is.
 */
export function compileDirectRoute(
  node: Node,
  peer: Node,
  interfaces: readonly Interface[],
  state: KernelStateBuilder,
): boolean {
  for (const { network, address } of interfaces) {
    const own = node.interfaces.find((candidate) => candidate.network === network);
    if (!own) continue;
    state.get(node.netns).route({ to: peer.podCIDR.text, via: address, device: own.device }, peer.origin);
    return true;
  }
  return false;
}
