/** What flanneld does to the packets it carries (flannel pkg/backend/udp/proxy_amd64.c). */

const HEADER = 20;
const OFFSET = { fragment: 6, ttl: 8, protocol: 9, checksum: 10, source: 12, destination: 16 } as const;
const IP_AND_OPTIONS = 60;
const ICMP = { protocol: 1, header: 8, unreachable: 3, netUnreachable: 0 } as const;
const QUOTED = 8;
const UNREACHABLE_TTL = 8;

/** An IPv4 packet with a whole header. */
export function isPacket(packet: Buffer): boolean {
  return packet.length >= HEADER && packet[0]! >> 4 === 4;
}

export function destinationOf(packet: Buffer): string {
  return packet.subarray(OFFSET.destination, OFFSET.destination + 4).join('.');
}

/** Takes one from the TTL, in place. False when none is left: nobody is told (it sends no time exceeded). */
export function decrementTtl(packet: Buffer): boolean {
  const ttl = packet[OFFSET.ttl]! - 1;
  packet[OFFSET.ttl] = ttl;
  if (ttl === 0) return false;
  /** RFC 1624: one less in the upper half of a word is one more in the checksum's. */
  const checksum = packet.readUInt16BE(OFFSET.checksum) + 0x100;
  packet.writeUInt16BE((checksum & 0xffff) + (checksum >> 16), OFFSET.checksum);
  return true;
}

/** ICMP net unreachable about a packet; undefined about ICMP (RFC 792) and about all fragments but the first. */
export function netUnreachable(packet: Buffer, from: string): Buffer | undefined {
  const headerLength = (packet[0]! & 15) * 4;
  if (headerLength >= IP_AND_OPTIONS || packet.length < headerLength + QUOTED) return undefined;
  if (packet[OFFSET.protocol] === ICMP.protocol) return undefined;
  if ((packet.readUInt16BE(OFFSET.fragment) & 0x1fff) !== 0) return undefined;
  const answer = Buffer.alloc(HEADER + ICMP.header + headerLength + QUOTED);
  answer[0] = 0x45;
  answer.writeUInt16BE(answer.length, 2);
  answer[OFFSET.ttl] = UNREACHABLE_TTL;
  answer[OFFSET.protocol] = ICMP.protocol;
  answer.set(from.split('.').map(Number), OFFSET.source);
  packet.copy(answer, OFFSET.destination, OFFSET.source, OFFSET.source + 4);
  answer.writeUInt16BE(checksumOf(answer.subarray(0, HEADER)), OFFSET.checksum);
  const message = answer.subarray(HEADER);
  message[0] = ICMP.unreachable;
  message[1] = ICMP.netUnreachable;
  packet.copy(message, ICMP.header, 0, headerLength + QUOTED);
  message.writeUInt16BE(checksumOf(message), 2);
  return answer;
}

/** RFC 1071, of an even number of bytes whose checksum field is 0. */
export function checksumOf(bytes: Buffer): number {
  let sum = 0;
  for (let offset = 0; offset < bytes.length; offset += 2) sum += bytes.readUInt16BE(offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
