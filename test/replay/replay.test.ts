/**
 * Captures of real labs, decoded and stitched again: the walks are written out. Ports that kernels chose are `*`.
 * Recorded by scripts/record-replay.mjs.
 */
import { describe, expect, it } from 'vitest';
import type { Capture } from '../../src/capture/capture.ts';
import { decode } from '../../src/decode/index.ts';
import { readPcap } from '../../src/decode/pcap.ts';
import type { Hop } from '../../src/stitch/index.ts';
import { hopLines } from '../stitch/hop-lines.ts';
import { ACROSS_NODES } from '../stitch/routes.ts';
import { capturesOf, replay } from './recording.ts';

function lines(hops: readonly Hop[]): string[] {
  return hopLines(hops).map((line) => line.replace(/:(?!8080\b|30080\b)\d+/g, ':*'));
}

describe('nodeport-snat', () => {
  const replayed = replay('nodeport-snat');

  it('a NodePort on the node without an endpoint: translated twice, carried in VXLAN, undone on the way back', () => {
    const { walk, verdict } = replayed.get('the node without an endpoint hides the client from the pod')!;
    expect(verdict).toMatchObject({ verdict: 'pass', mismatches: [] });
    expect(walk).toMatchObject({ outcome: 'delivered', endpoint: 'pod/web-0', endpointAddress: '10.244.2.2:8080' });
    expect(walk.sourceSeen).toMatch(/^10\.244\.1\.0:\d+$/);
    expect(lines(walk.hops)).toEqual([
      'host/client eth0 out',
      'node/node1 eth0 in',
      '  DNAT 10.0.0.11:30080 → 10.244.2.2:8080',
      '  SNAT 10.0.0.100:* → 10.244.1.0:*',
      'node/node1 flannel.1 out',
      'node/node1 eth0 out vxlan',
      'node/node2 eth0 in vxlan',
      'node/node2 flannel.1 in',
      'node/node2 cni0 out',
      'node/node2 veth24d07f86 out',
      'pod/web-0 eth0 in',
    ]);
    expect(lines(walk.replyHops)).toEqual([
      'pod/web-0 eth0 out',
      'node/node2 veth24d07f86 in',
      'node/node2 cni0 in',
      'node/node2 flannel.1 out',
      'node/node2 eth0 out vxlan',
      'node/node1 eth0 in vxlan',
      'node/node1 flannel.1 in',
      '  UN-SNAT 10.244.1.0:* → 10.0.0.100:*',
      '  UN-DNAT 10.244.2.2:8080 → 10.0.0.11:30080',
      'node/node1 eth0 out',
      'host/client eth0 in',
    ]);
  });

  it('a pod that reaches itself: out and in by the same port, the bridge in between', () => {
    const { walk, verdict } = replayed.get('a pod may use the NodePort of its own node')!;
    expect(verdict.verdict).toBe('pass');
    expect(walk).toMatchObject({ outcome: 'delivered', endpoint: 'pod/web-0' });
    expect(lines(walk.hops)).toEqual([
      'pod/web-0 eth0 out',
      'node/node2 veth24d07f86 in',
      '  DNAT 10.0.0.12:30080 → 10.244.2.2:8080',
      '  SNAT 10.244.2.2:* → 10.244.2.1:*',
      'node/node2 cni0 through',
      'node/node2 veth24d07f86 out',
      'pod/web-0 eth0 in',
    ]);
    expect(lines(walk.replyHops)).toEqual([
      'pod/web-0 eth0 out',
      'node/node2 veth24d07f86 in',
      '  UN-SNAT 10.244.2.1:* → 10.244.2.2:*',
      '  UN-DNAT 10.244.2.2:8080 → 10.0.0.12:30080',
      'node/node2 cni0 through',
      'node/node2 veth24d07f86 out',
      'pod/web-0 eth0 in',
    ]);
  });
});

describe('cross-node-vxlan', () => {
  const replayed = replay('cross-node-vxlan');

  it('pod to pod by TCP: ten interfaces, no translation, and the same way back', () => {
    const { walk, verdict } = replayed.get('no address is translated between pods')!;
    expect(verdict.verdict).toBe('pass');
    expect(walk).toMatchObject({ outcome: 'delivered', endpoint: 'pod/b' });
    expect(lines(walk.hops)).toEqual(ACROSS_NODES.a);
    expect(lines(walk.replyHops)).toEqual(ACROSS_NODES.b);
    expect(walk.hops.map(({ packet }) => packet.ttl)).toEqual([64, 64, 64, 63, 63, 63, 63, 62, 62, 62]);
  });

  it('by ping: the same way the other way round', () => {
    const { walk, verdict } = replayed.get('ping takes the same way')!;
    expect(verdict.verdict).toBe('pass');
    expect(walk).toMatchObject({
      outcome: 'delivered',
      endpoint: 'pod/a',
      endpointAddress: '10.244.1.2',
      sourceSeen: '10.244.2.2',
    });
    expect(lines(walk.hops)).toEqual(ACROSS_NODES.b);
    expect(lines(walk.replyHops)).toEqual(ACROSS_NODES.a);
    expect(new Set(walk.hops.map(({ packet }) => packet.info))).toEqual(new Set(['echo request']));
  });

  it('by UDP, as large as the overlay takes: no fragment, though captured in part', () => {
    const { walk, verdict } = replayed.get('a full packet of the overlay fits into one of the underlay')!;
    expect(verdict.verdict).toBe('pass');
    expect(lines(walk.hops)).toEqual(ACROSS_NODES.a);
    expect(new Set(walk.hops.map(({ packet }) => packet.length))).toEqual(new Set([1450]));
  });
});

describe('nodeport-without-snat', () => {
  const replayed = replay('nodeport-without-snat');

  it('the pod answers the client past the node that translated, and is not believed', () => {
    const { walk, verdict } = replayed.get(
      'the connection cannot be established, because the answer comes from somebody else',
    )!;
    expect(verdict.verdict).toBe('pass');
    expect(walk).toMatchObject({
      outcome: 'reply-mismatch',
      endpoint: 'pod/web-0',
      lastSeen: { place: 'host/client', interface: 'eth0' },
    });
    expect(walk.doubt).toBeUndefined();
    expect(lines(walk.hops)).toEqual([
      'host/client eth0 out',
      'node/node1 eth0 in',
      '  DNAT 10.0.0.11:30080 → 10.244.2.2:8080',
      'node/node1 flannel.1 out',
      'node/node1 eth0 out vxlan',
      'node/node2 eth0 in vxlan',
      'node/node2 flannel.1 in',
      'node/node2 cni0 out',
      'node/node2 veth24d07f86 out',
      'pod/web-0 eth0 in',
    ]);
    expect(lines(walk.replyHops)).toEqual([
      'pod/web-0 eth0 out',
      'node/node2 veth24d07f86 in',
      'node/node2 cni0 in',
      'node/node2 eth0 out',
      'host/client eth0 in',
    ]);
  });

  it('on the other node the answer goes back through the rules, which undo both translations', () => {
    const { walk, verdict } = replayed.get('the other node, whose rules are whole, still works')!;
    expect(verdict.verdict).toBe('pass');
    expect(lines(walk.hops)).toEqual([
      'host/client eth0 out',
      'node/node2 eth0 in',
      '  DNAT 10.0.0.12:30080 → 10.244.2.2:8080',
      '  SNAT 10.0.0.100:* → 10.244.2.1:*',
      'node/node2 cni0 out',
      'node/node2 veth24d07f86 out',
      'pod/web-0 eth0 in',
    ]);
    expect(lines(walk.replyHops)).toEqual([
      'pod/web-0 eth0 out',
      'node/node2 veth24d07f86 in',
      '  UN-SNAT 10.244.2.1:* → 10.0.0.100:*',
      'node/node2 cni0 in',
      '  UN-DNAT 10.244.2.2:8080 → 10.0.0.12:30080',
      'node/node2 eth0 out',
      'host/client eth0 in',
    ]);
  });
});

describe('no-endpoints', () => {
  const replayed = replay('no-endpoints');

  it('a ClusterIP is refused by the client’s own node, before it goes any further', () => {
    const { walk, verdict } = replayed.get("a ClusterIP without endpoints is refused by the client's node")!;
    expect(verdict.verdict).toBe('pass');
    expect(walk).toMatchObject({
      outcome: 'rejected',
      rejection: { by: 'node/node1', with: 'icmp-port-unreachable' },
    });
    expect(lines(walk.hops)).toEqual(['pod/client eth0 out', 'node/node1 vethce2a28d0 in', 'node/node1 cni0 in']);
    expect(lines(walk.replyHops)).toEqual(['node/node1 cni0 out', 'node/node1 vethce2a28d0 out', 'pod/client eth0 in']);
  });

  it('a NodePort is refused by the node', () => {
    const { walk, verdict } = replayed.get('a NodePort without endpoints is refused')!;
    expect(verdict.verdict).toBe('pass');
    expect(walk.rejection).toEqual({ by: 'node/node1', with: 'icmp-port-unreachable' });
    expect(lines(walk.hops)).toEqual(['host/client eth0 out', 'node/node1 eth0 in']);
    expect(lines(walk.replyHops)).toEqual(['node/node1 eth0 out', 'host/client eth0 in']);
  });
});

describe('mtu-black-hole', () => {
  const large = 'a large one vanishes between the nodes';

  it('a small datagram passes, there and back', () => {
    const { walk, verdict } = replay('mtu-black-hole').get('a small datagram passes')!;
    expect(verdict.verdict).toBe('pass');
    expect(lines(walk.hops)).toEqual(ACROSS_NODES.a);
    expect(lines(walk.replyHops)).toEqual(ACROSS_NODES.b);
  });

  it('a large one leaves its node, and is seen nowhere after that', () => {
    const { walk, verdict } = replay('mtu-black-hole').get(large)!;
    expect(verdict.verdict).toBe('pass');
    expect(walk).toMatchObject({
      outcome: 'dropped',
      reason: 'it was last seen leaving node/node1 by eth0, never at node/node2',
      lastSeen: { place: 'node/node1', interface: 'eth0' },
    });
    expect(lines(walk.hops)).toEqual(ACROSS_NODES.a.slice(0, 5));
    expect(walk.replyHops).toEqual([]);
  });

  const changeNode2 = (change: (capture: Capture) => Capture) => (captures: Capture[]) =>
    captures.map((capture) => (capture.namespace === 'node.node2' ? change(capture) : capture));

  it('proves nothing when the capture at the other node was not alive', () => {
    const blind = changeNode2((capture) => ({ ...capture, blind: 'tcpdump ended' }));
    expect(replay('mtu-black-hole', blind).get(large)?.verdict).toMatchObject({
      verdict: 'inconclusive',
      reason: 'the capture at node/node2 cannot be relied on: tcpdump ended',
    });
  });

  it('proves nothing when that capture is damaged', () => {
    const cut = changeNode2((capture) => ({ ...capture, pcap: capture.pcap.subarray(0, -1) }));
    const { verdict } = replay('mtu-black-hole', cut).get(large)!;
    expect(verdict.verdict).toBe('inconclusive');
    expect(verdict.reason).toMatch(/^the capture at node\/node2 cannot be relied on: the file ends in the middle of/);
  });
});

describe('a recorded capture', () => {
  const captures = ['nodeport-snat', 'cross-node-vxlan'].flatMap(capturesOf);

  it.each(captures)('of $namespace holds the fences that proved it alive, and they are left out', (capture) => {
    let fences = 0;
    readPcap(capture.pcap, ({ data }) => {
      if (data.includes('packetwalk-fence/')) fences++;
    });
    let records = 0;
    readPcap(capture.pcap, () => records++);
    const frames = decode(capture);
    expect(fences).toBeGreaterThanOrEqual(2);
    expect(frames).toHaveLength(records - fences);
    expect(frames.map(({ index }) => index)).toEqual(frames.map((_, position) => position));
  });

  it.each(captures)('of $namespace is decoded to the last frame', (capture) => {
    expect(decode(capture).filter(({ packet }) => packet.kind === 'undecoded')).toEqual([]);
  });
});
