/**
 * Which packet is in which WireGuard message. Nobody but the peer can read that, but
 *
 *   a device encrypts what goes out by it in order, for each peer          (drivers/net/wireguard/send.c)
 *   it adds 32 bytes, and fills up to sixteen, as far as its MTU reaches   (the same, calculate_skb_padding())
 *   a message names its receiver's session and its number in clear         (messages.h, struct message_data)
 *
 * so the nth message of a size that a node sends to a peer has the nth packet of that size in it; wherever it is seen
 * afterwards, it is known by session and number.
 */
import type { Frame, IpPacket } from '../decode/packet.ts';
import type { Wiring } from './wiring.ts';

const OVERHEAD = 32;
const UNIT = 16;

/** The frames, those with messages whose packet is known with that packet in them. */
export function withSealedPackets(frames: readonly Frame[], wiring: Wiring): readonly Frame[] {
  if (!wiring.hasWireguard()) return frames;
  const packets = sealedPackets(frames, wiring);
  if (packets.size === 0) return frames;
  return frames.map((frame) => {
    const { packet } = frame;
    if (packet.kind !== 'ip' || packet.transport.kind !== 'udp' || packet.transport.sealed === undefined) return frame;
    const inner = packets.get(packet.transport.sealed);
    return inner ? { ...frame, packet: { ...packet, transport: { ...packet.transport, inner } } } : frame;
  });
}

function sealedPackets(frames: readonly Frame[], wiring: Wiring): Map<string, IpPacket> {
  const packets = new Map<string, IpPacket>();
  const waiting = new Map<string, IpPacket[]>();
  for (const { namespace, interface: device, direction, packet } of frames) {
    if (direction !== 'out' || packet.kind !== 'ip') continue;
    const peer = wiring.wireguardPeer(namespace, device, packet.destination);
    if (peer) {
      const size = Math.min(peer.mtu, Math.ceil(packet.length / UNIT) * UNIT);
      const key = `${namespace} ${peer.address} ${size}`;
      const queue = waiting.get(key);
      if (queue) queue.push(packet);
      else waiting.set(key, [packet]);
    } else if (packet.transport.kind === 'udp' && packet.transport.sealed !== undefined) {
      const { sealed, payloadLength } = packet.transport;
      const inner = waiting.get(`${namespace} ${packet.destination} ${payloadLength - OVERHEAD}`)?.shift();
      if (inner) packets.set(sealed, inner);
    }
  }
  return packets;
}
