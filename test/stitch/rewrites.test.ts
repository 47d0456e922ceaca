/** Translations are the differences from hop to hop, and between the sockets at both ends and the hops next to them. */
import { describe, expect, it } from 'vitest';
import { identify } from '../../src/stitch/identify.ts';
import { type PathOptions, pathOf } from '../../src/stitch/path.ts';
import { framesOf, ID, inVxlan, type Seen, seen, syn, synAck } from './evidence.ts';
import { hopLines } from './hop-lines.ts';
import { wiringOf } from './wirings.ts';

function path(sights: readonly Seen[], options: Omit<PathOptions, 'undo'> & { undo?: boolean }) {
  const sightings = framesOf(sights).map((frame) => identify(frame, new Set([ID]))!);
  return pathOf(sightings, { undo: false, ...options });
}

describe('translations', () => {
  const wiring = wiringOf('nodeport-snat');
  const asked = { source: '10.0.0.100:40112', destination: '10.0.0.11:30080' };
  const inside = { source: '10.244.1.0:61322', destination: '10.244.2.2:8080' };
  const before = syn(asked.source, asked.destination);
  const after = syn(inside.source, inside.destination);
  const way = (first: typeof before, second: typeof before): Seen[] => [
    seen('host.client/eth0', 'out', first),
    seen('node.node1/eth0', 'in', first),
    seen('node.node1/flannel.1', 'out', second),
    seen('node.node1/eth0', 'out', inVxlan('10.0.0.11', '10.0.0.12', second)),
  ];

  it('are the differences from one hop to the next, the destination first', () => {
    const hops = path(way(before, after), { start: 'host.client', sent: asked, wiring });
    expect(hops.map(({ rewrites }) => rewrites)).toEqual([
      undefined,
      undefined,
      [
        { at: 'node/node1', kind: 'dnat', from: '10.0.0.11:30080', to: '10.244.2.2:8080' },
        { at: 'node/node1', kind: 'snat', from: '10.0.0.100:40112', to: '10.244.1.0:61322' },
      ],
      undefined,
    ]);
  });

  it('of the port alone are translations', () => {
    const hops = path(way(before, syn('10.0.0.100:40113', '10.0.0.11:30080')), {
      start: 'host.client',
      sent: asked,
      wiring,
    });
    expect(hops[2]?.rewrites).toEqual([
      { at: 'node/node1', kind: 'snat', from: '10.0.0.100:40112', to: '10.0.0.100:40113' },
    ]);
  });

  it('on the way back undo those of the way there: the source is what DNAT had changed', () => {
    const reply = synAck(inside.destination, inside.source);
    const undone = synAck(asked.destination, asked.source);
    const hops = path(
      [
        seen('node.node1/flannel.1', 'in', reply),
        seen('node.node1/eth0', 'out', undone),
        seen('host.client/eth0', 'in', undone),
      ],
      { start: 'node.node1', sent: undefined, wiring, undo: true },
    );
    expect(hopLines(hops)).toEqual([
      'node/node1 flannel.1 in',
      '  UN-SNAT 10.244.1.0:61322 → 10.0.0.100:40112',
      '  UN-DNAT 10.244.2.2:8080 → 10.0.0.11:30080',
      'node/node1 eth0 out',
      'host/client eth0 in',
    ]);
  });
});

describe('the socket is a hop', () => {
  const wiring = wiringOf('clusterip');
  const asked = { source: '10.0.0.11:40112', destination: '10.96.0.10:80' };
  const inside = { source: '10.244.1.0:40112', destination: '10.244.2.2:9376' };
  const translated = syn(inside.source, inside.destination);
  const out = [
    seen('node.node1/flannel.1', 'out', translated),
    seen('node.node1/eth0', 'out', inVxlan('10.0.0.11', '10.0.0.12', translated)),
  ];

  it('when the packet is translated before its first interface', () => {
    const hops = path(out, { start: 'node.node1', sent: asked, wiring });
    expect(hopLines(hops)).toEqual([
      'node/node1 socket out',
      '  DNAT 10.96.0.10:80 → 10.244.2.2:9376',
      '  SNAT 10.0.0.11:40112 → 10.244.1.0:40112',
      'node/node1 flannel.1 out',
      'node/node1 eth0 out vxlan',
    ]);
    expect(hops[0]).toMatchObject({ packet: asked, sinceStart: 0 });
    expect(hops[0]).not.toHaveProperty('frame');
  });

  it('when the packet is translated after its last interface', () => {
    const sent = { source: '10.0.0.12:40112', destination: '10.0.0.11:30080' };
    const received = { source: '10.0.0.12:40112', destination: '10.0.0.11:8080' };
    const packet = syn(sent.source, sent.destination);
    const hops = path([seen('node.node2/eth0', 'out', packet), seen('node.node1/eth0', 'in', packet)], {
      start: 'node.node2',
      sent,
      received,
      wiring,
    });
    expect(hopLines(hops)).toEqual([
      'node/node2 eth0 out',
      'node/node1 eth0 in',
      '  DNAT 10.0.0.11:30080 → 10.0.0.11:8080',
      'node/node1 socket in',
    ]);
  });

  it('on the way back, when the answer is translated after its last interface', () => {
    const answer = synAck(inside.destination, inside.source);
    const hops = path([seen('node.node1/flannel.1', 'in', answer)], {
      start: 'node.node1',
      sent: undefined,
      received: { source: asked.destination, destination: asked.source },
      wiring,
      undo: true,
    });
    expect(hopLines(hops)).toEqual([
      'node/node1 flannel.1 in',
      '  UN-SNAT 10.244.1.0:40112 → 10.0.0.11:40112',
      '  UN-DNAT 10.244.2.2:9376 → 10.96.0.10:80',
      'node/node1 socket in',
    ]);
  });

  it('not when nothing is translated there', () => {
    const sent = { source: '10.244.1.0:40112', destination: '10.244.2.2:9376' };
    expect(hopLines(path(out, { start: 'node.node1', sent, received: sent, wiring }))[0]).toBe(
      'node/node1 flannel.1 out',
    );
  });
});
