/**
 * How a pod or container is wired: a cable from its eth0 to a port of a machine's bridge, which is its gateway.
 *
 *   pod.default.web-0          node.node1
 *   ┌──────────────────┐      ┌──────────────────────────────────┐
 *   │ eth0             │      │                    cni0          │
 *   │ 10.244.1.2/24 ───┼─veth─┼─ vethXXXXXXXX ──── 10.244.1.1/24 │
 *   └──────────────────┘      └──────────────────────────────────┘
 */
import type { Place } from '../model/cluster.ts';
import type { Cidr } from '../net/address.ts';
import { macFor } from '../net/name.ts';
import type { KernelStateBuilder, NamespaceBuilder } from './builder.ts';

export interface Bridge {
  readonly machine: NamespaceBuilder;
  readonly name: string;
  readonly mtu: number;
  /** Its own address, and the network it is the gateway of. */
  readonly gateway: string;
  readonly network: Cidr;
  /** Its ports send a packet back out where it came from. */
  readonly hairpin: boolean;
  readonly routeLocalnet: boolean;
}

export function addBridge({ machine, name, mtu, gateway, network, routeLocalnet }: Bridge): void {
  machine.link({
    kind: 'bridge',
    name,
    mtu,
    mac: macFor('bridge', gateway),
    ...(routeLocalnet && { settings: { route_localnet: 1 } }),
  });
  machine.address(name, gateway, network);
}

/** Makes the namespace of a place, and plugs it in as `port`. */
export function plugIn(
  { place, netns, origin, address }: Place & { readonly address: string },
  port: string,
  kind: 'pod' | 'container',
  { machine, name, mtu, gateway, network, hairpin }: Bridge,
  state: KernelStateBuilder,
): NamespaceBuilder {
  const inside = state.add(netns, origin, place);
  inside.link({
    kind: 'veth',
    name: 'eth0',
    mtu,
    mac: macFor(kind, address),
    peer: { namespace: machine.name, name: port },
    creates: true,
  });
  inside.address('eth0', address, network);
  inside.route({ to: 'default', via: gateway, device: 'eth0' });
  machine.link(
    {
      kind: 'veth',
      name: port,
      mtu,
      mac: macFor(`${kind}Port`, address),
      master: name,
      hairpin,
      peer: { namespace: netns, name: 'eth0' },
      creates: false,
    },
    origin,
  );
  return inside;
}
