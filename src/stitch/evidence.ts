/** Capture[] → Evidence: every capture's frames, and which captures cannot be relied on. */
import type { Capture } from '../capture/capture.ts';
import { type Frame, PcapError, readFrames, VXLAN_PORTS } from '../decode/index.ts';
import type { Cluster } from '../model/cluster.ts';
import { tunnelPorts } from '../model/tunnel-ports.ts';
import { DNS_PORT } from '../net/port.ts';

export interface Evidence {
  readonly frames: readonly Frame[];
  /** Namespaces whose captures are not complete, and why. */
  readonly blind: ReadonlyMap<string, string>;
}

export function evidenceOf(
  { captures }: { readonly captures: readonly Capture[] },
  { cni, listeners }: Pick<Cluster, 'cni' | 'listeners'>,
): Evidence {
  const { vxlan, ip, wireguard } = tunnelPorts(cni);
  const ports = {
    vxlanPorts: new Set([...VXLAN_PORTS, ...vxlan]),
    ipPorts: new Set(ip),
    wireguardPorts: new Set(wireguard),
    dnsPorts: new Set([DNS_PORT, ...listeners.filter(({ zone }) => zone).map(({ port }) => port)]),
  };
  const blind = new Map<string, string>();
  const frames: Frame[] = [];
  for (const { namespace, pcap, links, blind: reason } of captures) {
    if (reason !== undefined) blind.set(namespace, reason);
    try {
      readFrames(pcap, namespace, links, ports, (frame) => frames.push(frame));
    } catch (error) {
      if (!(error instanceof PcapError)) throw error;
      blind.set(namespace, reason ?? error.message);
    }
  }
  return { frames, blind };
}
