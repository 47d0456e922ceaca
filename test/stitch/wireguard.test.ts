/** Which packet is in which WireGuard message: by order, peer and size, and after that by session and number. */
import { describe, expect, it } from 'vitest';
import type { Direction, Frame, IpPacket } from '../../src/decode/packet.ts';
import { Wiring } from '../../src/stitch/index.ts';
import { withSealedPackets } from '../../src/stitch/wireguard.ts';
import { stateOf } from '../compile/state.ts';
import { stream, topology } from '../model/objects.ts';
import { datagram } from './evidence.ts';

const WIRING = new Wiring(
  stateOf(
    stream(
      topology({
        cluster: { cni: { mode: 'wireguard' } },
        nodes: ['node1', 'node2', 'node3'].map((name) => ({ name })),
      }),
    ),
  ),
);

let index = 0;
const frame = (packet: IpPacket, device: string, direction: Direction = 'out', namespace = 'node.node1'): Frame => ({
  namespace,
  index: index++,
  seconds: 0,
  nanoseconds: 0,
  interface: device,
  direction,
  packet,
});
const toPeer = (mark: number, length: number, to = '10.244.2.2:53') =>
  frame(datagram('10.244.1.2:1000', to, mark, { length }), 'flannel-wg');
const message = (sealed: string, size: number, to = '10.0.0.12'): IpPacket => {
  const packet = datagram('10.0.0.11:51820', `${to}:51820`, 0);
  return { ...packet, transport: { ...packet.transport, payloadLength: size + 32, sealed } as IpPacket['transport'] };
};

/** The marks of what is inside, in the order of the messages. */
function marks(frames: readonly Frame[]): (number | undefined)[] {
  return withSealedPackets(frames, WIRING).flatMap(({ packet }) => {
    if (packet.kind !== 'ip' || packet.transport.kind !== 'udp' || packet.transport.sealed === undefined) return [];
    const { inner } = packet.transport;
    return [inner?.kind === 'ip' && inner.transport.kind === 'udp' ? inner.transport.mark : undefined];
  });
}

describe('a message has in it', () => {
  it('what went out before it to the same peer, in the same order', () => {
    const frames = [toPeer(1, 60), toPeer(2, 64), frame(message('5 0', 64), 'eth0'), frame(message('5 1', 64), 'eth0')];
    expect(marks(frames)).toEqual([1, 2]);
  });

  it('what has its size, filled up to sixteen and no further than the MTU of the device', () => {
    const frames = [
      toPeer(1, 1420),
      toPeer(2, 60),
      frame(message('5 0', 64), 'eth0'),
      frame(message('5 1', 1420), 'eth0'),
    ];
    expect(marks(frames)).toEqual([2, 1]);
  });

  it('what is for that peer', () => {
    const frames = [
      toPeer(1, 60),
      toPeer(2, 60, '10.244.3.2:53'),
      frame(message('9 0', 64, '10.0.0.13'), 'eth0'),
      frame(message('5 0', 64), 'eth0'),
    ];
    expect(marks(frames)).toEqual([2, 1]);
  });

  it('the same wherever it is seen', () => {
    const sent = frame(message('5 0', 64), 'eth0');
    const arrived = frame(message('5 0', 64), 'eth0', 'in', 'node.node2');
    expect(marks([arrived, toPeer(1, 60), sent])).toEqual([1, 1]);
  });
});

describe('nothing is known of', () => {
  it('a keepalive, which has nothing in it', () => {
    expect(marks([toPeer(1, 60), frame(message('5 0', 0), 'eth0')])).toEqual([undefined]);
  });

  it('a message before which nothing went out', () => {
    expect(marks([frame(message('5 0', 64), 'eth0'), toPeer(1, 60)])).toEqual([undefined]);
  });

  it('one of another node', () => {
    expect(marks([toPeer(1, 60), frame(message('5 0', 64), 'eth0', 'out', 'node.node2')])).toEqual([undefined]);
  });
});
