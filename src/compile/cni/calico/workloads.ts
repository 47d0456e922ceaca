/**
 * How Calico wires a pod (cni-plugin/pkg/dataplane/linux/dataplane_linux.go, felix dataplane/linux/endpoint_mgr.go): a cable to
 * the node, and no bridge. Pod and node are not on one network: the pod asks for a gateway that nobody has, and the node
 * answers, because its own way there leads elsewhere (proxy ARP; net/ipv4/arp.c, arp_fwd_proxy).
 *
 *   pod.default.web-0           node.node1
 *   ┌───────────────────┐      ┌──────────────────────────────────────────┐
 *   │ eth0              │      │                                          │
 *   │ 10.244.1.2/32  ───┼─veth─┼─ caliXXXXXXXXXXX   10.244.1.2 dev caliX… │
 *   │ default via       │      │  ee:ee:ee:ee:ee:ee                       │
 *   │ 169.254.1.1       │      │                                          │
 *   └───────────────────┘      └──────────────────────────────────────────┘
 *
 * Over IPv6 the gateway is the link-local address of the node's end, which is the same everywhere.
 */
import type { Node, Pod } from '../../../model/cluster.ts';
import { defaultRoute, hostCidr } from '../../../net/address.ts';
import { macFor } from '../../../net/name.ts';
import type { KernelStateBuilder } from '../../builder.ts';
import { INTERFACE_ADDRESS, INTERFACE_MAC, interfaceName } from './names.ts';

const GATEWAY = '169.254.1.1';

/** Of the node's end. */
const SETTINGS = { 4: { route_localnet: 1, proxy_arp: 1, proxy_delay: 0 }, 6: { proxy_ndp: 1 } } as const;

export function connectWorkload(pod: Pod, node: Node, mtu: number, state: KernelStateBuilder): void {
  const machine = state.get(node.netns);
  const inside = state.add(pod.netns, pod.origin, pod.place);
  const name = interfaceName(pod);
  const own = hostCidr(pod.address);
  inside.link({
    kind: 'veth',
    name: 'eth0',
    mtu,
    mac: macFor('pod', pod.address),
    peer: { namespace: machine.name, name },
    creates: true,
  });
  inside.address('eth0', pod.address, own);
  if (own.family === 4) inside.route({ to: hostCidr(GATEWAY).text, device: 'eth0', scope: 'link' });
  const via = own.family === 4 ? GATEWAY : INTERFACE_ADDRESS;
  inside.route({ to: defaultRoute(own.family), via, device: 'eth0' });
  machine.link(
    {
      kind: 'veth',
      name,
      mtu,
      mac: INTERFACE_MAC,
      settings: SETTINGS[own.family],
      ...(own.family === 6 && { ipv6: true }),
      peer: { namespace: pod.netns, name: 'eth0' },
      creates: false,
    },
    pod.origin,
  );
  machine.route({ to: own.text, device: name, ...(own.family === 4 && { scope: 'link' }) }, pod.origin);
}
