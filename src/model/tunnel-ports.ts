/** The UDP ports that a network plugin's tunnels have on every node: of the kernel's devices, or of a process. */
import type { Diagnostics } from '../diagnostic.ts';
import { formatPort } from '../net/port.ts';
import type { CniConfig, Pod } from './cluster.ts';

/** By what is found in a datagram to them. */
export interface TunnelPorts {
  readonly vxlan: readonly number[];
  readonly ip: readonly number[];
  readonly wireguard: readonly number[];
}

const NONE: TunnelPorts = { vxlan: [], ip: [], wireguard: [] };

export function tunnelPorts(cni: CniConfig): TunnelPorts {
  switch (cni.mode) {
    case 'vxlan':
      return { ...NONE, vxlan: [cni.port] };
    case 'calico-vxlan':
      return { ...NONE, vxlan: [cni.vxlanPort] };
    case 'udp':
      return { ...NONE, ip: [cni.port] };
    case 'wireguard':
      return { ...NONE, wireguard: [cni.listenPort, cni.listenPortV6] };
    default:
      return NONE;
  }
}

/** Of a pod on the host network and a tunnel only one can have a port: the second to ask fails with "address already in use". */
export function reportTunnelPorts(cni: CniConfig, pods: readonly Pod[], diagnostics: Diagnostics): void {
  const taken = Object.values(tunnelPorts(cni)).flat();
  for (const { place, node, hostNetwork, ports, origin } of pods) {
    for (const port of hostNetwork ? ports : []) {
      if (port.protocol !== 'UDP' || !taken.includes(port.port)) continue;
      diagnostics.error(
        'port-taken',
        `${origin.file}:${origin.line}: ${place} cannot have port ${formatPort(port)} of ${node.place}: the tunnel of ${cni.mode} has it`,
        undefined,
        'give the pod another port, or the tunnel another one in spec.cluster.cni',
      );
    }
  }
}
