/** Capture → Frame[]: the records of a pcap file, decoded. */
import { type Capture, FENCE } from '../capture/capture.ts';
import { DNS_PORT } from '../net/port.ts';
import { LINK_TYPES } from './link.ts';
import type { Frame, Packet } from './packet.ts';
import { PcapError, readPcap } from './pcap.ts';

export type { Frame } from './packet.ts';
export { PcapError } from './pcap.ts';

export interface DecodeOptions {
  /** UDP ports whose payload is VXLAN. */
  readonly vxlanPorts: ReadonlySet<number>;
  /** UDP ports whose payload is a bare IP packet; left out: none. */
  readonly ipPorts?: ReadonlySet<number>;
  /** UDP ports whose payload is WireGuard; left out: none. */
  readonly wireguardPorts?: ReadonlySet<number>;
  /** Ports of UDP and TCP whose payload is DNS; left out: 53. */
  readonly dnsPorts?: ReadonlySet<number>;
}

/** The registered port (RFC 7348) and the one Linux and flannel have always used. */
export const VXLAN_PORTS: ReadonlySet<number> = new Set([4789, 8472]);

const DNS_PORTS: ReadonlySet<number> = new Set([DNS_PORT]);

/** All frames of a capture but its own fences. Throws a PcapError for a file that is none, or is damaged. */
export function decode(capture: Capture, options: DecodeOptions = { vxlanPorts: VXLAN_PORTS }): Frame[] {
  const frames: Frame[] = [];
  readFrames(capture.pcap, capture.namespace, capture.links, options, (frame) => frames.push(frame));
  return frames;
}

/** As `decode`, frame by frame. Frames before a damage are delivered before it is reported. */
export function readFrames(
  pcap: Buffer,
  namespace: string,
  links: ReadonlyMap<number, string>,
  { vxlanPorts, ipPorts = new Set(), wireguardPorts = new Set(), dnsPorts = DNS_PORTS }: DecodeOptions,
  receive: (frame: Frame, record: { readonly data: Buffer; readonly originalLength: number }) => void,
): void {
  let index = 0;
  const outermost = { vxlanPorts, ipPorts, wireguardPorts, dnsPorts, depth: 0 };
  readPcap(pcap, (record, { linkType }) => {
    const decoder = LINK_TYPES[linkType];
    if (!decoder) throw new PcapError(unknownLinkType(linkType));
    const { interfaceIndex, direction, packet } = decoder.decode(record.data, outermost);
    if (isFence(packet, record.data)) return;
    const device = interfaceIndex === 0 ? '' : (links.get(interfaceIndex) ?? String(interfaceIndex));
    receive(
      {
        namespace,
        index: index++,
        seconds: record.seconds,
        nanoseconds: record.nanoseconds,
        interface: device,
        direction,
        packet,
      },
      record,
    );
  });
}

/** Fences are datagrams over lo: other packets are not searched. */
function isFence(packet: Packet, data: Buffer): boolean {
  return (
    packet.kind === 'ip' &&
    packet.transport.kind === 'udp' &&
    packet.destination === '127.0.0.1' &&
    data.includes(FENCE)
  );
}

function unknownLinkType(linkType: number): string {
  const known = Object.entries(LINK_TYPES).map(([number, { name }]) => `${number} (${name})`);
  return `link type ${linkType} is not decoded; these are: ${known.join(', ')}`;
}
