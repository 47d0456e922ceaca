/** ARP as the speaker reads and writes it: RFC 826, over Ethernet and IPv4, with the Ethernet header before it. */

const ETHERNET = { header: 14, type: 0x0806 } as const;
const LENGTH = ETHERNET.header + 28;
const REQUEST = 1;
const REPLY = 2;
const BROADCAST = 'ff:ff:ff:ff:ff:ff';

export interface Question {
  readonly target: string;
  readonly asker: { readonly mac: string; readonly address: string };
}

/** What a frame asks all machines, or this one; undefined for any other frame. */
export function questionIn(frame: Buffer, ownMac: string): Question | undefined {
  if (frame.length < LENGTH || frame.readUInt16BE(12) !== ETHERNET.type) return undefined;
  if (![BROADCAST, ownMac].includes(macAt(frame, 0))) return undefined;
  if (frame.readUInt16BE(ETHERNET.header + 6) !== REQUEST) return undefined;
  return { target: addressAt(frame, 38), asker: { mac: macAt(frame, 22), address: addressAt(frame, 28) } };
}

/** That the address is at the MAC, to whoever asked. */
export function replyTo({ target, asker }: Question, mac: string): Buffer {
  return frameOf(asker.mac, mac, REPLY, { mac, address: target }, asker);
}

/** The same to everybody, unasked: as a request and as a reply (metallb internal/layer2/arp.go, Gratuitous). */
export function gratuitous(address: string, mac: string): Buffer[] {
  const own = { mac, address };
  return [
    frameOf(BROADCAST, mac, REQUEST, own, { mac: BROADCAST, address }),
    frameOf(BROADCAST, mac, REPLY, own, { mac: BROADCAST, address }),
  ];
}

type Party = Question['asker'];

function frameOf(to: string, from: string, operation: number, sender: Party, target: Party): Buffer {
  const frame = Buffer.alloc(LENGTH);
  frame.set([...bytesOf(to), ...bytesOf(from)]);
  frame.writeUInt16BE(ETHERNET.type, 12);
  /** Ethernet, IPv4, six and four bytes. */
  frame.set([0, 1, 8, 0, 6, 4, 0, operation], ETHERNET.header);
  for (const [offset, { mac, address }] of [
    [22, sender],
    [32, target],
  ] as const)
    frame.set([...bytesOf(mac), ...address.split('.').map(Number)], offset);
  return frame;
}

function bytesOf(mac: string): number[] {
  return mac.split(':').map((byte) => Number.parseInt(byte, 16));
}

function macAt(frame: Buffer, offset: number): string {
  return frame.toString('hex', offset, offset + 6).replace(/..(?!$)/g, '$&:');
}

function addressAt(frame: Buffer, offset: number): string {
  return frame.subarray(offset, offset + 4).join('.');
}
