/** What flanneld does to the packets it carries. */
import { describe, expect, it } from 'vitest';
import { checksumOf, decrementTtl, destinationOf, isPacket, netUnreachable } from '../../../src/probe/tunnel/packet.ts';

/** An IPv4 packet from 10.244.1.2 to 10.244.2.2 with a right checksum. */
function packet({ ttl = 64, protocol = 17, fragment = 0, id = 0x1234 } = {}): Buffer {
  const bytes = Buffer.alloc(28);
  bytes.set([0x45, 0, 0, 28]);
  bytes.writeUInt16BE(id, 4);
  bytes.writeUInt16BE(fragment, 6);
  bytes[8] = ttl;
  bytes[9] = protocol;
  bytes.set([10, 244, 1, 2, 10, 244, 2, 2], 12);
  bytes.writeUInt16BE(checksumOf(bytes.subarray(0, 20)), 10);
  bytes.write('8 bytes.', 20);
  return bytes;
}

/** The sum over a header with a right checksum is 0. */
const isRight = (header: Buffer) => checksumOf(header) === 0;

describe('the TTL', () => {
  it('falls by one, and the checksum stays right whatever it was', () => {
    for (let id = 0; id < 0x10000; id += 13) {
      const carried = packet({ id });
      expect(decrementTtl(carried)).toBe(true);
      expect(carried[8]).toBe(63);
      if (!isRight(carried.subarray(0, 20))) throw new Error(`wrong checksum for id ${id}`);
    }
  });

  it('ends at 0', () => {
    expect(decrementTtl(packet({ ttl: 2 }))).toBe(true);
    expect(decrementTtl(packet({ ttl: 1 }))).toBe(false);
  });
});

describe('net unreachable', () => {
  it('quotes header and eight bytes, from the address of the device, with a TTL of 8', () => {
    const about = packet();
    const answer = netUnreachable(about, '10.244.1.0')!;
    expect(answer.subarray(12, 20)).toEqual(Buffer.from([10, 244, 1, 0, 10, 244, 1, 2]));
    expect([answer[8], answer[9], answer[20], answer[21]]).toEqual([8, 1, 3, 0]);
    expect(answer.subarray(28)).toEqual(about);
    expect(answer.readUInt16BE(2)).toBe(answer.length);
    expect(isRight(answer.subarray(0, 20)) && isRight(answer.subarray(20))).toBe(true);
  });

  it('is not sent about ICMP, nor about later fragments', () => {
    expect(netUnreachable(packet({ protocol: 1 }), '10.244.1.0')).toBeUndefined();
    expect(netUnreachable(packet({ fragment: 1 }), '10.244.1.0')).toBeUndefined();
    expect(netUnreachable(packet({ fragment: 0x2000 }), '10.244.1.0')).toBeDefined();
  });
});

it('a packet is IPv4 with a whole header, and tells its destination', () => {
  expect(isPacket(packet())).toBe(true);
  expect(isPacket(packet().subarray(0, 19))).toBe(false);
  expect(isPacket(Buffer.alloc(40, 0x60))).toBe(false);
  expect(destinationOf(packet())).toBe('10.244.2.2');
});
