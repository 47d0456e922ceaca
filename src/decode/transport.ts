/** TCP (RFC 9293), UDP (RFC 768) with VXLAN (RFC 7348), ICMP (RFC 792), ICMPv6 (RFC 4443), IP in IP (RFC 2003). */
import { markOfHttpRequest, markOfMessage, markOfPayload } from '../probe/mark.ts';
import { decodeDns, decodeDnsStream } from './dns.ts';
import { formatIpv4 } from './format.ts';
import { decodeNetwork, ETHERTYPE, type Layer } from './ip.ts';
import { decodeEthernet } from './link.ts';
import { decodeGroups, decodeNeighbour, redirectedPacket } from './neighbour.ts';
import type { Icmp, Transport, Udp } from './packet.ts';

const PROTOCOL = { icmp: 1, ipip: 4, tcp: 6, udp: 17, ipv6: 41, icmpv6: 58 } as const;
const VXLAN_VNI_VALID = 0x08;
/** Type of a data message, and the bytes before what is encrypted (drivers/net/wireguard/messages.h). */
const WIREGUARD = { data: 4, header: 16 } as const;

/** `end` is where the captured bytes stop; `length` is what the IP header promises, header of the transport included. */
export function decodeTransport(
  protocol: number,
  data: Buffer,
  offset: number,
  end: number,
  length: number,
  layer: Layer,
): Transport {
  switch (protocol) {
    case PROTOCOL.tcp: {
      if (end < offset + 20) return truncated(protocol, data, offset, end);
      const headerLength = (data[offset + 12]! >> 4) * 4;
      const mark = markOfHttpRequest(data, offset + headerLength, end);
      const [sourcePort, destinationPort] = [data.readUInt16BE(offset), data.readUInt16BE(offset + 2)];
      const isDns = layer.dnsPorts.has(sourcePort) || layer.dnsPorts.has(destinationPort);
      const dns = isDns ? decodeDnsStream(data.subarray(offset + headerLength, end)) : undefined;
      return {
        kind: 'tcp',
        sourcePort,
        destinationPort,
        sequence: data.readUInt32BE(offset + 4),
        acknowledgement: data.readUInt32BE(offset + 8),
        flags: data[offset + 13]!,
        payloadLength: Math.max(0, length - headerLength),
        ...(mark > 0 && { mark }),
        ...(dns && { dns }),
      };
    }
    case PROTOCOL.udp:
      return end < offset + 8 ? truncated(protocol, data, offset, end) : decodeUdp(data, offset, end, layer);
    case PROTOCOL.icmp:
    case PROTOCOL.icmpv6:
      return end < offset + 8
        ? truncated(protocol, data, offset, end)
        : decodeIcmp(protocol === PROTOCOL.icmp ? 4 : 6, data, offset, end, layer);
    case PROTOCOL.ipip:
      return { kind: 'ipip', inner: decodeNetwork(ETHERTYPE.ipv4, data, offset, end, inside(layer)) };
    case PROTOCOL.ipv6:
      return { kind: 'ipip', inner: decodeNetwork(ETHERTYPE.ipv6, data, offset, end, inside(layer)) };
    default:
      return { kind: 'other', protocol };
  }
}

/** For what a packet carries. */
function inside(layer: Layer): Layer {
  return { ...layer, depth: layer.depth + 1 };
}

function decodeUdp(data: Buffer, offset: number, limit: number, layer: Layer): Udp {
  const destinationPort = data.readUInt16BE(offset + 2);
  const length = data.readUInt16BE(offset + 4);
  const payload = offset + 8;
  const end = Math.min(limit, offset + length);
  const isVxlan =
    layer.vxlanPorts.has(destinationPort) && end >= payload + 8 && (data[payload]! & VXLAN_VNI_VALID) !== 0;
  const sourcePort = data.readUInt16BE(offset);
  const base = {
    kind: 'udp',
    sourcePort,
    destinationPort,
    payloadLength: Math.max(0, length - 8),
  } as const;
  if (layer.ipPorts.has(destinationPort))
    return { ...base, mark: 0, inner: decodeNetwork(ETHERTYPE.ipv4, data, payload, end, inside(layer)) };
  if (
    layer.wireguardPorts.has(destinationPort) &&
    end >= payload + WIREGUARD.header &&
    data[payload] === WIREGUARD.data
  ) {
    const sealed = `${data.readUInt32LE(payload + 4)} ${data.readBigUInt64LE(payload + 8)}`;
    return { ...base, mark: 0, sealed };
  }
  if (layer.dnsPorts.has(sourcePort) || layer.dnsPorts.has(destinationPort)) {
    const message = data.subarray(payload, end);
    const dns = decodeDns(message);
    return { ...base, mark: markOfMessage(message), ...(dns && { dns }) };
  }
  if (!isVxlan) return { ...base, mark: markBetween(data, payload, end) };
  const { packet, ...macs } = decodeEthernet(data, payload + 8, end, inside(layer));
  return { ...base, mark: 0, vxlan: { vni: data.readUInt32BE(payload + 4) >>> 8, ...macs, inner: packet } };
}

/** Bytes behind the end are the link layer's padding: no mark of this packet. */
function markBetween(data: Buffer, payload: number, end: number): number {
  return markOfPayload(data.subarray(payload, end));
}

const ICMP = { echoReply: 0, unreachable: 3, redirect: 5, echo: 8, timeExceeded: 11, parameter: 12 } as const;
const ICMPV6 = { unreachable: 1, tooBig: 2, timeExceeded: 3, parameter: 4, echo: 128, echoReply: 129 } as const;
const FRAGMENTATION_NEEDED = 4;

function decodeIcmp(version: 4 | 6, data: Buffer, offset: number, end: number, layer: Layer): Icmp {
  const type = data[offset]!;
  const code = data[offset + 1]!;
  const base = { kind: 'icmp', version, type, code } as const;
  const isEcho =
    version === 4 ? type === ICMP.echo || type === ICMP.echoReply : type === ICMPV6.echo || type === ICMPV6.echoReply;
  if (isEcho) {
    return {
      ...base,
      mark: markBetween(data, offset + 8, end),
      echo: { identifier: data.readUInt16BE(offset + 4), sequence: data.readUInt16BE(offset + 6) },
    };
  }
  const isError =
    version === 4
      ? type === ICMP.unreachable || type === ICMP.redirect || type === ICMP.timeExceeded || type === ICMP.parameter
      : type >= ICMPV6.unreachable && type <= ICMPV6.parameter;
  if (!isError) {
    const neighbour = version === 6 ? decodeNeighbour(type, data, offset, end) : undefined;
    const groups = version === 6 ? decodeGroups(type, data, offset, end) : undefined;
    const redirected = version === 6 ? redirectedPacket(type, data, offset, end) : undefined;
    return {
      ...base,
      mark: 0,
      ...(neighbour && { neighbour }),
      ...(groups && { groups }),
      ...(redirected !== undefined && {
        quoted: decodeNetwork(ETHERTYPE.ipv6, data, redirected, end, inside(layer)),
      }),
    };
  }
  const tooBig = version === 4 ? type === ICMP.unreachable && code === FRAGMENTATION_NEEDED : type === ICMPV6.tooBig;
  return {
    ...base,
    mark: 0,
    ...(version === 4 && type === ICMP.redirect && { gateway: formatIpv4(data.readUInt32BE(offset + 4)) }),
    ...(tooBig && { mtu: version === 4 ? data.readUInt16BE(offset + 6) : data.readUInt32BE(offset + 4) }),
    quoted: decodeNetwork(version === 4 ? ETHERTYPE.ipv4 : ETHERTYPE.ipv6, data, offset + 8, end, inside(layer)),
  };
}

/** An ICMP error may quote no more than the first eight bytes of a transport header: ports, and TCP's sequence number. */
function truncated(protocol: number, data: Buffer, offset: number, end: number): Transport {
  if (protocol === PROTOCOL.tcp && end >= offset + 8) {
    return {
      kind: 'tcp',
      sourcePort: data.readUInt16BE(offset),
      destinationPort: data.readUInt16BE(offset + 2),
      sequence: data.readUInt32BE(offset + 4),
      acknowledgement: 0,
      flags: 0,
      payloadLength: 0,
    };
  }
  return { kind: 'other', protocol, truncated: true };
}
