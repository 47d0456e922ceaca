/**
 * One pcapng a lab (draft-ietf-opsawg-pcapng): every interface under its own name, `node/node1/flannel.1`; addresses
 * with the names of their owners; each packet of a probe with a comment that names check, hop and translation. Stock
 * Wireshark shows all of it.
 */
import type { Capture } from '../capture/capture.ts';
import { PcapError, readFrames, VXLAN_PORTS } from '../decode/index.ts';
import { addressBytes, isIpv6 } from '../net/address.ts';
import type { Hop, Walk } from '../stitch/walk.ts';
import type { Wiring } from '../stitch/wiring.ts';
import { formatOuterRewrites, formatRelay, formatRewrite } from './walk-text.ts';

const BLOCK = { section: 0x0a0d0d0a, interface: 1, names: 4, packet: 6 } as const;
const OPTION = { comment: 1, interfaceName: 2, userApplication: 4, timestampResolution: 9, packetFlags: 2 } as const;
const LINUX_SLL2 = 276;
const NANOSECONDS = 9;
const RECORD = { ipv4: 1, ipv6: 2 } as const;

/** The walks of each check, by its name. */
export type AnnotatedWalks = readonly { readonly name: string; readonly walks: readonly Walk[] }[];

export function toPcapng(captures: readonly Capture[], annotations: AnnotatedWalks, wiring: Wiring): Buffer {
  const comments = commentsOf(annotations);
  const interfaces = new Map<string, number>();
  const interfaceBlocks: Buffer[] = [];
  const packets: { readonly time: bigint; readonly block: Buffer }[] = [];
  for (const capture of captures) {
    const place = wiring.placeOf(capture.namespace);
    readIntact(capture, (frame, { data, originalLength }) => {
      const name = `${place}/${frame.interface}`;
      let id = interfaces.get(name);
      if (id === undefined) {
        id = interfaces.size;
        interfaces.set(name, id);
        interfaceBlocks.push(interfaceBlock(name));
      }
      const time = BigInt(frame.seconds) * 1_000_000_000n + BigInt(frame.nanoseconds);
      const comment = comments.get(`${frame.namespace} ${frame.index}`);
      packets.push({
        time,
        block: packetBlock(id, time, data, originalLength, frame.direction === 'out' ? 2 : 1, comment),
      });
    });
  }
  packets.sort((a, b) => (a.time < b.time ? -1 : a.time > b.time ? 1 : 0));
  return Buffer.concat([sectionBlock(), ...interfaceBlocks, namesBlock(wiring), ...packets.map(({ block }) => block)]);
}

/** The frames before a damage are worth showing; that there is one makes the verdicts inconclusive, and is said there. */
function readIntact({ pcap, namespace, links }: Capture, receive: Parameters<typeof readFrames>[4]): void {
  try {
    readFrames(pcap, namespace, links, { vxlanPorts: VXLAN_PORTS }, receive);
  } catch (error) {
    if (!(error instanceof PcapError)) throw error;
  }
}

function commentsOf(annotations: AnnotatedWalks): Map<string, string> {
  const comments = new Map<string, string>();
  for (const { name, walks } of annotations) {
    for (const [index, walk] of walks.entries()) {
      const title = walks.length > 1 ? `${name}, connection ${index + 1}` : name;
      annotate(comments, title, 'hop', walk.hops);
      annotate(comments, title, 'reply hop', walk.replyHops);
    }
  }
  return comments;
}

function annotate(comments: Map<string, string>, title: string, word: string, hops: readonly Hop[]): void {
  for (const [index, hop] of hops.entries()) {
    const { frame, relay, rewrites = [], place } = hop;
    if (!frame) continue;
    const before = [...(relay ? formatRelay(relay) : []), ...rewrites.map(formatRewrite), ...formatOuterRewrites(hop)];
    const changes = before.map((change) => `; before: ${change} at ${place}`).join('');
    comments.set(`${frame.namespace} ${frame.index}`, `${title}: ${word} ${index + 1} of ${hops.length}${changes}`);
  }
}

function sectionBlock(): Buffer {
  const body = Buffer.alloc(16);
  body.writeUInt32LE(0x1a2b3c4d, 0);
  body.writeUInt16LE(1, 4);
  body.writeBigInt64LE(-1n, 8);
  return block(BLOCK.section, body, [[OPTION.userApplication, Buffer.from('packetwalk')]]);
}

function interfaceBlock(name: string): Buffer {
  const body = Buffer.alloc(8);
  body.writeUInt16LE(LINUX_SLL2, 0);
  return block(BLOCK.interface, body, [
    [OPTION.interfaceName, Buffer.from(name)],
    [OPTION.timestampResolution, Buffer.of(NANOSECONDS)],
  ]);
}

function namesBlock(wiring: Wiring): Buffer {
  const records = wiring.owners().map(([address, place]) => {
    const value = Buffer.concat([addressBytes(address), Buffer.from(`${place.replaceAll('/', '.')}\0`)]);
    const head = Buffer.alloc(4);
    head.writeUInt16LE(isIpv6(address) ? RECORD.ipv6 : RECORD.ipv4, 0);
    head.writeUInt16LE(value.length, 2);
    return Buffer.concat([head, padded(value)]);
  });
  return block(BLOCK.names, Buffer.concat([...records, Buffer.alloc(4)]), []);
}

function packetBlock(
  interfaceId: number,
  time: bigint,
  data: Buffer,
  originalLength: number,
  direction: 1 | 2,
  comment: string | undefined,
): Buffer {
  const head = Buffer.alloc(20);
  head.writeUInt32LE(interfaceId, 0);
  head.writeUInt32LE(Number(time >> 32n), 4);
  head.writeUInt32LE(Number(time & 0xffffffffn), 8);
  head.writeUInt32LE(data.length, 12);
  head.writeUInt32LE(originalLength, 16);
  const flags = Buffer.alloc(4);
  flags.writeUInt32LE(direction);
  const options: [number, Buffer][] = [[OPTION.packetFlags, flags]];
  if (comment !== undefined) options.push([OPTION.comment, Buffer.from(comment)]);
  return block(BLOCK.packet, Buffer.concat([head, padded(data)]), options);
}

function block(type: number, body: Buffer, options: readonly [number, Buffer][]): Buffer {
  const encoded = options.flatMap(([code, value]) => {
    const head = Buffer.alloc(4);
    head.writeUInt16LE(code, 0);
    head.writeUInt16LE(value.length, 2);
    return [head, padded(value)];
  });
  const end = options.length > 0 ? [Buffer.alloc(4)] : [];
  const content = Buffer.concat([body, ...encoded, ...end]);
  const length = content.length + 12;
  const head = Buffer.alloc(8);
  head.writeUInt32LE(type, 0);
  head.writeUInt32LE(length, 4);
  const tail = Buffer.alloc(4);
  tail.writeUInt32LE(length);
  return Buffer.concat([head, content, tail]);
}

function padded(value: Buffer): Buffer {
  const rest = value.length % 4;
  return rest === 0 ? value : Buffer.concat([value, Buffer.alloc(4 - rest)]);
}
