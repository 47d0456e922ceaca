/**
 * The CNI plugin `portmap`, chained behind the one that made the pod's interface: hostPorts
 * (containernetworking/plugins 1.9, plugins/meta/portmap/portmap_iptables.go).
 *
 *   nat PREROUTING/OUTPUT ─ to an address of the node → CNI-HOSTPORT-DNAT ─ one of the pod's hostPorts → CNI-DN-x
 *   CNI-DN-x ─ from the node's pods or 127.0.0.1: CNI-HOSTPORT-SETMARK ─ then DNAT to the pod
 *   nat POSTROUTING → CNI-HOSTPORT-MASQ, before all others: what carries the mark is masqueraded
 *
 * The jumps stand behind what was there when the first pod came: whoever translates before them, as kube-proxy does in
 * mode iptables, takes the packet.
 */
import type { ContainerPort, Node, Pod } from '../../model/cluster.ts';
import { type Cidr, familyOf } from '../../net/address.ts';
import { socketAddress } from '../../net/port.ts';
import type { KernelStateBuilder } from '../builder.ts';
import { chainName, containerId } from './names.ts';

/** Kubernetes uses bits 14 and 15. */
const MARK = '0x2000/0x2000';
/** As many as the match multiport takes. */
const PORTS_PER_RULE = 15;

type HostPort = ContainerPort & { readonly hostPort: number };

/**
 * `network` is the name of the network in the plugins' configuration, `subnetOf` what the plugin before gave the pod's address
 * together with.
 */
export function compileHostPorts(
  node: Node,
  pods: readonly Pod[],
  network: string,
  subnetOf: (pod: Pod) => Cidr,
  state: KernelStateBuilder,
): void {
  for (const pod of pods)
    if (pod.node === node && hasHostPorts(pod)) compilePod(node, pod, network, subnetOf(pod), state);
}

/** On the host network the ports of the pod are those of the node, and the plugin is not called. */
export function hasHostPorts(pod: Pod): boolean {
  return !pod.hostNetwork && hostPortsOf(pod).length > 0;
}

function hostPortsOf({ ports }: Pod): HostPort[] {
  return ports.flatMap(({ hostPort, ...port }) => (hostPort === undefined ? [] : [{ ...port, hostPort }]));
}

function compilePod(node: Node, pod: Pod, network: string, subnet: Cidr, state: KernelStateBuilder): void {
  const { iptables } = state.get(node.netns);
  const ports = hostPortsOf(pod);
  const id = containerId(pod);
  const chain = chainName('DN-', network, id);
  const shared = (where: 'prepend' | 'append', from: string, text: string) =>
    iptables.ensure(where, 'nat', from, text, node.origin);

  shared(
    'append',
    'CNI-HOSTPORT-SETMARK',
    `-m comment --comment "CNI portfwd masquerade mark" -j MARK --set-xmark ${MARK}`,
  );
  shared('append', 'CNI-HOSTPORT-MASQ', `-m mark --mark ${MARK} -j MASQUERADE`);
  shared('prepend', 'POSTROUTING', '-m comment --comment "CNI portfwd requiring masquerade" -j CNI-HOSTPORT-MASQ');
  for (const from of ['PREROUTING', 'OUTPUT'])
    shared('append', from, '-m addrtype --dst-type LOCAL -j CNI-HOSTPORT-DNAT');

  const comment = `-m comment --comment "dnat name: \\"${network}\\" id: \\"${id}\\""`;
  for (const { protocol, numbers } of multiports(ports))
    iptables.append(
      'nat',
      'CNI-HOSTPORT-DNAT',
      `${comment} -m multiport -p ${protocol} --destination-ports ${numbers.join(',')} -j ${chain}`,
      pod.origin,
    );
  for (const { port, protocol, hostPort, hostIP } of ports) {
    if (hostIP !== undefined && familyOf(hostIP) !== 4) continue;
    const match = `-p ${protocol.toLowerCase()} --dport ${hostPort}${hostIP === undefined ? '' : ` -d ${hostIP}`}`;
    const rule = (text: string) => iptables.append('nat', chain, `${match} ${text}`, pod.origin);
    rule(`-s ${subnet.text} -j CNI-HOSTPORT-SETMARK`);
    rule('-s 127.0.0.1 -j CNI-HOSTPORT-SETMARK');
    rule(`-j DNAT --to-destination ${socketAddress(pod.address, port)}`);
  }
}

/** The hostPorts by protocol, in lots that fit into one rule. */
function multiports(ports: readonly HostPort[]): { protocol: string; numbers: number[] }[] {
  const protocols = [...new Set(ports.map(({ protocol }) => protocol.toLowerCase()))].sort();
  return protocols.flatMap((protocol) => {
    const all = ports.filter((port) => port.protocol.toLowerCase() === protocol).map(({ hostPort }) => hostPort);
    const lots = Math.ceil(all.length / PORTS_PER_RULE);
    return Array.from({ length: lots }, (_, lot) => ({
      protocol,
      numbers: all.slice(lot * PORTS_PER_RULE, (lot + 1) * PORTS_PER_RULE),
    }));
  });
}
