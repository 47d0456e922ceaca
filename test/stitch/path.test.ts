/** Sightings of one packet become hops in the order it took: by the captures' order and the wiring, not by clocks. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Frame } from '../../src/decode/packet.ts';
import { identify, type Sighting } from '../../src/stitch/identify.ts';
import { type PathOptions, pathOf } from '../../src/stitch/path.ts';
import { framesOf, ID, type Seen, seen, syn, synAck } from './evidence.ts';
import { hopLines } from './hop-lines.ts';
import { ACROSS_NODES, acrossNodes } from './routes.ts';
import { wiringOf } from './wirings.ts';

const crossNode = wiringOf('cross-node-vxlan');
const SENT = { source: '10.244.1.2:40112', destination: '10.244.2.2:8080' };
const SYN = syn(SENT.source, SENT.destination);

function sightingsOf(frames: readonly Frame[]): Sighting[] {
  return frames.map((frame) => identify(frame, new Set([ID]))!);
}

function path(sights: readonly Seen[], options: Partial<PathOptions>, change = (frames: Frame[]) => frames) {
  const defaults = { start: 'pod.default.a', sent: SENT, wiring: crossNode, undo: false };
  return pathOf(sightingsOf(change(framesOf(sights))), { ...defaults, ...options });
}

describe('the order of hops', () => {
  it('is the way the packet took, interface by interface', () => {
    expect(hopLines(path(acrossNodes('a', SYN), {}))).toEqual(ACROSS_NODES.a);
  });

  it('is the same on the way back', () => {
    const back = acrossNodes('b', synAck(SENT.destination, SENT.source));
    expect(hopLines(path(back, { start: 'pod.default.b', sent: undefined, undo: true }))).toEqual(ACROSS_NODES.b);
  });

  it('does not depend on the clocks of the namespaces', () => {
    const namespaces = ['pod.default.a', 'node.node1', 'node.node2', 'pod.default.b'];
    const offsets = fc.array(fc.integer({ min: -1_000_000, max: 1_000_000 }), { minLength: 4, maxLength: 4 });
    fc.assert(
      fc.property(offsets, (all) => {
        const shifted = path(acrossNodes('a', SYN), {}, (frames) =>
          frames.map((frame) => {
            const nanoseconds = frame.nanoseconds + 500_000_000 + all[namespaces.indexOf(frame.namespace)]!;
            return { ...frame, nanoseconds };
          }),
        );
        expect(hopLines(shifted)).toEqual(ACROSS_NODES.a);
      }),
    );
  });

  it('does not depend on the order in which captures are read', () => {
    const frames = framesOf(acrossNodes('a', SYN));
    fc.assert(
      fc.property(fc.shuffledSubarray(frames, { minLength: frames.length }), (shuffled) => {
        expect(hopLines(path(acrossNodes('a', SYN), {}, () => shuffled))).toEqual(ACROSS_NODES.a);
      }),
    );
  });

  it('is that of the capture inside a namespace, though all times are equal', () => {
    const still = path(acrossNodes('a', SYN), {}, (frames) => frames.map((frame) => ({ ...frame, nanoseconds: 0 })));
    expect(hopLines(still)).toEqual(ACROSS_NODES.a);
  });

  it('ends where the packet was seen last', () => {
    for (let length = 1; length < ACROSS_NODES.a.length; length++) {
      const hops = path(acrossNodes('a', SYN).slice(0, length), {});
      expect(hopLines(hops)).toEqual(ACROSS_NODES.a.slice(0, length));
    }
  });

  it('is empty for a packet nobody saw, and for one that the sender did not send', () => {
    expect(path([], {})).toEqual([]);
    expect(path(acrossNodes('a', SYN).slice(1), {})).toEqual([]);
  });
});

describe('a hop', () => {
  const hops = path(acrossNodes('a', SYN), {});

  it('knows the frame behind it', () => {
    expect(hops.map(({ frame }) => frame?.index)).toEqual([0, 0, 1, 2, 3, 0, 1, 2, 3, 0]);
    expect(hops[5]?.frame).toEqual({ namespace: 'node.node2', index: 0 });
  });

  it('knows how long after the first it was', () => {
    expect(hops.map(({ sinceStart }) => sinceStart)).toEqual([0, 1000, 2000, 3000, 4000, 5000, 6000, 7000, 8000, 9000]);
  });

  it('is after the first also when the hour changes on the way', () => {
    const late = path(acrossNodes('a', SYN), {}, (frames) =>
      frames.map((frame, index) => ({
        ...frame,
        seconds: index < 5 ? 7199 : 7200,
        nanoseconds: index < 5 ? 999_999_000 : 0,
      })),
    );
    expect(late.map(({ sinceStart }) => sinceStart)).toEqual([0, 0, 0, 0, 0, 1000, 1000, 1000, 1000, 1000]);
  });

  it('has the packet as it was there: time to live, length, addresses of the one inside', () => {
    expect(hops.map(({ packet }) => packet.ttl)).toEqual([64, 64, 64, 63, 63, 63, 63, 62, 62, 62]);
    expect(hops[4]?.packet).toMatchObject({ protocol: 'TCP', info: 'SYN', length: 60, ...SENT });
    expect(hops[4]?.encapsulation).toEqual({
      as: 'vxlan',
      source: '10.0.0.11',
      destination: '10.0.0.12',
      vni: 1,
      sourcePort: 51234,
      port: 8472,
    });
  });
});

describe('a packet seen again at the same interface', () => {
  it('with the same time to live is a copy, and no hop', () => {
    const sights = acrossNodes('a', SYN);
    const twice = sights.flatMap((sight) => [sight, sight]);
    expect(hopLines(path(twice, {}))).toEqual(ACROSS_NODES.a);
  });

  it('with a lower time to live came back, and is a hop', () => {
    const wiring = wiringOf('service-cidr-loop');
    const packet = (ttl: number) => syn('10.1.0.100:40112', '10.97.0.1:80', { ttl });
    const round = (ttl: number): Seen[] => [
      seen('router.gw/eth1', 'out', packet(ttl)),
      seen('node.node1/eth0', 'in', packet(ttl)),
      seen('node.node1/eth0', 'out', packet(ttl - 1)),
      seen('router.gw/eth1', 'in', packet(ttl - 1)),
    ];
    const sights = [
      seen('host.client/eth0', 'out', packet(5)),
      seen('router.gw/eth0', 'in', packet(5)),
      ...round(4),
      ...round(2),
    ];
    const sent = { source: '10.1.0.100:40112', destination: '10.97.0.1:80' };
    expect(hopLines(path(sights, { start: 'host.client', sent, wiring }))).toEqual([
      'host/client eth0 out',
      'router/gw eth0 in',
      'router/gw eth1 out',
      'node/node1 eth0 in',
      'node/node1 eth0 out',
      'router/gw eth1 in',
      'router/gw eth1 out',
      'node/node1 eth0 in',
      'node/node1 eth0 out',
      'router/gw eth1 in',
    ]);
  });
});

describe('a copy that a switch floods', () => {
  const wiring = wiringOf('nodeport-snat');
  const sent = { source: '10.0.0.100:40112', destination: '10.0.0.11:30080' };
  const packet = syn(sent.source, sent.destination);

  it('to a machine it is not meant for is no hop, even if that one saw it first', () => {
    const sights = [
      seen('host.client/eth0', 'out', packet),
      seen('node.node2/eth0', 'other', packet),
      seen('node.node1/eth0', 'in', packet),
    ];
    expect(hopLines(path(sights, { start: 'host.client', sent, wiring }))).toEqual([
      'host/client eth0 out',
      'node/node1 eth0 in',
    ]);
  });

  it('by another port of a bridge is no hop either', () => {
    const switched = wiringOf('same-node');
    const three = { source: '10.244.1.2:40112', destination: '10.0.0.100:80' };
    const flooded = syn(three.source, three.destination);
    const sights = [
      seen('pod.default.a/eth0', 'out', flooded),
      seen('node.node1/veth71273818', 'in', flooded),
      seen('node.node1/veth1af9dded', 'out', flooded),
      seen('pod.default.b/eth0', 'other', flooded),
      seen('node.node1/cni0', 'in', flooded),
      seen('node.node1/eth0', 'out', flooded),
    ];
    expect(hopLines(path(sights, { sent: three, wiring: switched }))).toEqual([
      'pod/a eth0 out',
      'node/node1 veth71273818 in',
      'node/node1 cni0 in',
      'node/node1 eth0 out',
    ]);
  });

  it('into a bridge port is a hop: ports take in what is for others', () => {
    const sights = acrossNodes('a', SYN).map((sight) =>
      sight.interface === 'veth71273818' ? { ...sight, direction: 'other' as const } : sight,
    );
    expect(hopLines(path(sights, {}))).toEqual(ACROSS_NODES.a);
  });
});

describe('a bridge', () => {
  const wiring = wiringOf('same-node');
  const sent = { source: '10.244.1.2:40112', destination: '10.244.1.3:8080' };
  const packet = syn(sent.source, sent.destination);

  it('that was crossed from port to port is a hop, though no capture shows it', () => {
    const hops = path(
      [
        seen('pod.default.a/eth0', 'out', packet),
        seen('node.node1/veth71273818', 'in', packet),
        seen('node.node1/veth1af9dded', 'out', packet),
        seen('pod.default.b/eth0', 'in', packet),
      ],
      { sent, wiring },
    );
    expect(hopLines(hops)).toEqual([
      'pod/a eth0 out',
      'node/node1 veth71273818 in',
      'node/node1 cni0 through',
      'node/node1 veth1af9dded out',
      'pod/b eth0 in',
    ]);
    expect(hops[2]).not.toHaveProperty('frame');
  });

  it('that was seen itself is not put in a second time', () => {
    const hops = path(
      [
        seen('pod.default.a/eth0', 'out', packet),
        seen('node.node1/veth71273818', 'in', packet),
        seen('node.node1/cni0', 'in', packet),
        seen('node.node1/cni0', 'out', packet),
        seen('node.node1/veth1af9dded', 'out', packet),
        seen('pod.default.b/eth0', 'in', packet),
      ],
      { sent, wiring },
    );
    expect(hopLines(hops).filter((line) => line.includes('cni0'))).toEqual([
      'node/node1 cni0 in',
      'node/node1 cni0 out',
    ]);
  });

  it('translates before it is crossed, when its packets go through the rules', () => {
    const toService = { source: sent.source, destination: '10.96.0.10:80' };
    const before = syn(toService.source, toService.destination);
    const hops = path(
      [
        seen('pod.default.a/eth0', 'out', before),
        seen('node.node1/veth71273818', 'in', before),
        seen('node.node1/veth1af9dded', 'out', packet),
        seen('pod.default.b/eth0', 'in', packet),
      ],
      { sent: toService, wiring },
    );
    expect(hopLines(hops).slice(1, 5)).toEqual([
      'node/node1 veth71273818 in',
      '  DNAT 10.96.0.10:80 → 10.244.1.3:8080',
      'node/node1 cni0 through',
      'node/node1 veth1af9dded out',
    ]);
  });
});
