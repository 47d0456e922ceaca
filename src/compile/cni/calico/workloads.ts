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
 */
import type { Node, Pod } from '../../../model/cluster.ts';
import { hostCidr } from '../../../net/address.ts';
import { macFor } from '../../../net/name.ts';
import type { KernelStateBuilder } from '../../builder.ts';
import { INTERFACE_MAC, interfaceName } from './names.ts';

const GATEWAY = '169.254.1.1';

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
  inside.route({ to: hostCidr(GATEWAY).text, device: 'eth0', scope: 'link' });
  inside.route({ to: 'default', via: GATEWAY, device: 'eth0' });
  machine.link(
    {
      kind: 'veth',
      name,
      mtu,
      mac: INTERFACE_MAC,
      settings: { route_localnet: 1, proxy_arp: 1, proxy_delay: 0 },
      peer: { namespace: pod.netns, name: 'eth0' },
      creates: false,
    },
    pod.origin,
  );
  machine.route({ to: own.text, device: name, scope: 'link' }, pod.origin);
}
