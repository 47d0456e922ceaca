/**
 * IPv6 on a real kernel: what is sent is seen, decoded and put together into walks. The lab is that of ipv6-state.ts; all
 * probes are sent at once, watched by one set of captures.
 */
import { mkdtempSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, it } from 'vitest';
import { buildLab, type Lab, type Watched, watch } from '../../src/agent/lab.ts';
import type { KernelState } from '../../src/compile/kernel-state.ts';
import { decode, type Frame } from '../../src/decode/index.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { idOfSequence } from '../../src/probe/mark.ts';
import type { ProbeRequest, ProbeRun } from '../../src/probe/probe.ts';
import { formatFrame } from '../../src/report/frame-text.ts';
import { toPcapng } from '../../src/report/pcapng.ts';
import { chainsBehind } from '../../src/report/trace-text.ts';
import { connectionsOf } from '../../src/stitch/conntrack.ts';
import { evidenceOf, stitch, type Walk, Wiring } from '../../src/stitch/index.ts';
import { rulesOf } from '../../src/stitch/rules.ts';
import { hopLines } from '../stitch/hop-lines.ts';
import { ipv6State, LISTENERS, NODE, POD, SERVICE } from './ipv6-state.ts';
import { run, sandboxes } from './tools.ts';

const CLUSTER = { listeners: LISTENERS, cni: { mode: 'vxlan', port: 8472 } } as unknown as Cluster;
const CLIENT = 'fd00:20::64';

type Request = Pick<ProbeRequest, 'namespace' | 'destination'> & Partial<ProbeRequest>;

const fromA = (address: string, port?: number, more: Partial<ProbeRequest> = {}): Request => ({
  namespace: 'pod.default.a',
  destination: { address, ...(port !== undefined && { port }) },
  ...more,
});
const fromClient = (address: string, port: number, more: Partial<ProbeRequest> = {}): Request => ({
  ...fromA(address, port, more),
  namespace: 'host.client',
});

/** Sends all of them at once, and gives the walk of each. */
async function walksOf<K extends string>(lab: Lab, requests: Readonly<Record<K, Request>>) {
  const names = Object.keys(requests) as K[];
  const namespaces = lab.state.namespaces.flatMap(({ name, place }) => (place === undefined ? [] : [name]));
  const probes = names.length;
  const watched = await watch(lab, { namespaces, rules: { namespaces: ['node.node1'], probes } }, async () => {
    const sent = names.map((name) => {
      const probe = { protocol: 'TCP', timeoutMs: 4000, ...requests[name] } as const;
      return lab.agent.call('probe', { probe, times: 1 });
    });
    return (await Promise.all(sent)).flat();
  });
  const walks = stitch(watched.result, evidenceOf(watched, lab.cluster), new Wiring(lab.state));
  return { watched, walks: Object.fromEntries(names.map((name, index) => [name, walks[index]!])) as Record<K, Walk> };
}

async function inLab<T>(state: KernelState, action: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = await buildLab(CLUSTER, state, await sandboxes.for(state));
  return action(lab).finally(() => lab.close());
}

const rewrites = (walk: Walk) => walk.hops.flatMap((hop) => hop.rewrites ?? []);
const encapsulation = (walk: Walk) => walk.hops.flatMap((hop) => hop.encapsulation ?? []);

const ACROSS_NODES = [
  'pod/a eth0 out',
  'node/node1 vetha in',
  'node/node1 cni0 in',
  'node/node1 flannel-v6.1 out',
  'node/node1 eth0 out vxlan',
  'node/node2 eth0 in vxlan',
  'node/node2 flannel-v6.1 in',
  'node/node2 cni0 out',
  'node/node2 vethc out',
  'pod/c eth0 in',
];

const REQUESTS = {
  neighbourPod: fromA(POD.b, 8080),
  otherNode: fromA(POD.c, 8080),
  datagram: fromA(POD.c, 8080, { protocol: 'UDP' }),
  fragments: fromA(POD.c, 8080, { protocol: 'UDP', size: 4000 }),
  echo: fromA(POD.c, undefined, { protocol: 'ICMP' }),
  service: fromA(SERVICE, 80),
  nodePort: fromClient(NODE.node1, 30080),
  outside: fromA(CLIENT, 9),
  /** By another pod: rules are told apart by addresses and ports, and an echo has none. */
  refused: fromA(POD.c, 81, { namespace: 'pod.default.b' }),
  dropped: fromA(POD.c, 82),
  noRoute: fromClient('fd00:77::7', 80),
  hopLimit: fromClient(NODE.node1, 30080, { ttl: 1 }),
  tooBig: fromClient(NODE.node1, 30080, { protocol: 'UDP', size: 1420 }),
  nobodyHere: fromA('fd00:244:1::77', 80),
  nobodyThere: fromClient('fd00:10::77', 80),
} as const;

describe('in a lab with IPv6', () => {
  let watched: Watched<ProbeRun[]>;
  let walks: Record<keyof typeof REQUESTS, Walk>;
  let frames: readonly Frame[];
  let tracked: string;
  const wiring = new Wiring(ipv6State());
  beforeAll(async () => {
    await inLab(ipv6State(), async (lab) => {
      ({ watched, walks } = await walksOf(lab, REQUESTS));
      const argv = ['conntrack', '-L', '-f', 'ipv6'];
      tracked = (await lab.agent.call('run', { namespace: 'node.node1', argv })).stdout;
    });
    frames = watched.captures.flatMap((capture) => decode(capture));
  });

  it('every capture was alive, and nothing of any walk is in doubt', () => {
    expect(watched.captures.flatMap(({ blind }) => blind ?? [])).toEqual([]);
    expect(Object.values(walks).flatMap(({ doubt }) => doubt ?? [])).toEqual([]);
  });

  it('pod → pod of the node: over the bridge', () => {
    const { outcome, endpoint, sourceSeen, hops } = walks.neighbourPod;
    expect({ outcome, endpoint }).toEqual({ outcome: 'delivered', endpoint: 'pod/b' });
    expect(sourceSeen).toMatch(/^\[fd00:244:1::2\]:\d+$/);
    expect(hopLines(hops)).toEqual([
      'pod/a eth0 out',
      'node/node1 vetha in',
      'node/node1 cni0 through',
      'node/node1 vethb out',
      'pod/b eth0 in',
    ]);
  });

  it.each(['otherNode', 'datagram', 'fragments', 'echo'] as const)(
    '%s → pod of the other node: in VXLAN over IPv6',
    (name) => {
      const { outcome, endpoint, hops, replyHops } = walks[name];
      expect({ outcome, endpoint }).toEqual({ outcome: 'delivered', endpoint: 'pod/c' });
      expect(hopLines(hops)).toEqual(ACROSS_NODES);
      expect(encapsulation(walks[name])[0]).toEqual({
        as: 'vxlan',
        source: NODE.node1,
        destination: NODE.node2,
        vni: 1,
        sourcePort: expect.any(Number),
        port: 8472,
      });
      expect(replyHops.at(-1)).toMatchObject({
        place: 'pod/a',
        packet: { destination: expect.stringContaining(POD.a) },
      });
    },
  );

  it('pod → ClusterIP: DNAT on the own node, undone on the way back', () => {
    const { outcome, endpoint, sourceSeen, hops, replyHops } = walks.service;
    expect({ outcome, endpoint }).toEqual({ outcome: 'delivered', endpoint: 'pod/c' });
    expect(sourceSeen).toMatch(/^\[fd00:244:1::2\]:/);
    const [from, to] = [`[${SERVICE}]:80`, `[${POD.c}]:8080`];
    expect(hopLines(hops)).toEqual(ACROSS_NODES.toSpliced(2, 0, `  DNAT ${from} → ${to}`));
    expect(rewrites(walks.service)).toEqual([{ at: 'node/node1', kind: 'dnat', from, to }]);
    expect(replyHops.flatMap((hop) => hop.rewrites ?? [])).toEqual([
      { at: 'node/node1', kind: 'un-dnat', from: to, to: from },
    ]);
  });

  it('client → NodePort: DNAT and SNAT, and connection tracking has both', () => {
    const { outcome, endpoint, sourceSeen, hops } = walks.nodePort;
    expect({ outcome, endpoint }).toEqual({ outcome: 'delivered', endpoint: 'pod/c' });
    expect(sourceSeen).toMatch(/^\[fd00:244:1::\]:/);
    expect(rewrites(walks.nodePort)).toEqual([
      { at: 'node/node1', kind: 'dnat', from: `[${NODE.node1}]:30080`, to: `[${POD.c}]:8080` },
      { at: 'node/node1', kind: 'snat', from: expect.stringContaining(`[${CLIENT}]:`), to: sourceSeen },
    ]);
    const entries = connectionsOf(
      tracked,
      hops.filter(({ place }) => place === 'node/node1'),
    );
    expect(entries).toEqual([
      expect.stringMatching(`src=${CLIENT} dst=${NODE.node1} .* src=${POD.c} dst=fd00:244:1:: `),
    ]);
  });

  it('the rules behind both are told, and only those', () => {
    const rules = rulesOf(walks.nodePort, watched.traces, wiring);
    expect(watched.traces.flatMap(({ blind }) => blind ?? [])).toEqual([]);
    expect(rewrites(walks.nodePort).map((rewrite) => chainsBehind(rewrite, rules))).toEqual([
      'KUBE-EXT-WEB → KUBE-SVC-WEB',
      'KUBE-POSTROUTING',
    ]);
    const [refusing] = rulesOf(walks.refused, watched.traces, wiring);
    expect(refusing!.rules.at(-1)).toEqual({
      table: 'filter',
      chain: 'FORWARD',
      rule: '-p tcp -m tcp --dport 81 -j REJECT --reject-with icmp6-adm-prohibited',
    });
  });

  it('pod → outside: masqueraded as the node; nobody listens there', () => {
    const { outcome, rejection } = walks.outside;
    expect({ outcome, rejection }).toEqual({
      outcome: 'rejected',
      rejection: { by: 'host/client', with: 'tcp-reset' },
    });
    expect(rewrites(walks.outside)).toEqual([
      expect.objectContaining({ kind: 'snat', to: expect.stringContaining(`[${NODE.node1}]:`) }),
    ]);
  });

  it.each([
    ['refused', 'node/node1', 'icmp6-adm-prohibited'],
    ['noRoute', 'router/gw', 'icmp6-no-route'],
    ['hopLimit', 'router/gw', 'icmp6-time-exceeded'],
    ['tooBig', 'node/node1', 'icmp6-packet-too-big'],
  ] as const)('%s: rejected by %s with %s', (name, by, how) => {
    expect(walks[name]).toMatchObject({ outcome: 'rejected', rejection: { by, with: how } });
  });

  it('dropped by a rule: last seen where it came in', () => {
    expect(walks.dropped).toMatchObject({ outcome: 'dropped', lastSeen: { place: 'node/node1', interface: 'cni0' } });
  });

  it.each([
    ['nobodyHere', 'pod/a', 'fd00:244:1::77'],
    ['nobodyThere', 'router/gw', 'fd00:10::77'],
  ] as const)('%s: %s asks who has %s in vain', (name, place, address) => {
    expect(walks[name]).toMatchObject({
      outcome: 'no-neighbour',
      lastSeen: { place },
      reason: `${place} asked who has ${address}, and nobody answered`,
    });
  });

  it('a SYN that is sent again has another flow label, and is another packet', () => {
    const { id } = walks.dropped.probe;
    const sent = frames.flatMap(({ namespace, direction, packet }) =>
      namespace === 'pod.default.a' && direction === 'out' && packet.kind === 'ip' && packet.transport.kind === 'tcp'
        ? [{ id: packet.id, sequence: packet.transport.sequence }]
        : [],
    );
    const labels = sent.filter(({ sequence }) => idOfSequence(sequence) === id).map((packet) => packet.id);
    expect(labels.length).toBeGreaterThan(1);
    expect(new Set(labels).size).toBe(labels.length);
  });

  it('neighbours are asked for and tell, in the words of ARP', () => {
    const said = (namespace: string) =>
      frames.filter((frame) => frame.namespace === namespace).map((frame) => formatFrame(frame).replace(/^\S+ +/, ''));
    expect(said('pod.default.a')).toContain('eth0 out  NDP who has fd00:244:1::1? tell fd00:244:1::2');
    expect(said('pod.default.a')).toContain('eth0 in   NDP fd00:244:1::1 is at 02:00:00:00:02:01');
    /** Who passes on for others asks from its link-local address. */
    expect(said('router.gw')).toContain('eth0 out  NDP who has fd00:10::77? tell fe80::ff:fe00:601');
  });

  it('tshark reads the same addresses, types and targets, and finds nothing malformed', async () => {
    const file = `${mkdtempSync('/tmp/packetwalk-ipv6-')}/lab.pcapng`;
    const annotations = Object.entries(walks).map(([name, walk]) => ({ name, walks: [walk] }));
    writeFileSync(file, toPcapng(watched.captures, annotations, wiring));
    const tshark = async (...args: string[]) =>
      (await run('tshark', ['-n', '-r', file, ...args])).stdout.split('\n').filter(Boolean);
    const fields = [
      'ipv6.src',
      'ipv6.dst',
      'icmpv6.type',
      'icmpv6.nd.ns.target_address',
      'icmpv6.nd.na.target_address',
    ];
    const read = await tshark(
      '-Y',
      'icmpv6 && !udp && !ipv6.fraghdr',
      '-T',
      'fields',
      '-E',
      'separator=/s',
      '-E',
      'occurrence=f',
      ...fields.flatMap((field) => ['-e', field]),
    );
    const own = frames.flatMap(({ packet }) => {
      if (packet.kind !== 'ip' || packet.transport.kind !== 'icmp') return [];
      const { type, neighbour, quoted } = packet.transport;
      if (quoted?.kind === 'ip' && quoted.transport.kind === 'udp') return [];
      return [
        `${packet.source} ${packet.destination} ${type} ${type === 135 ? neighbour!.target : ''} ${type === 136 ? neighbour!.target : ''}`,
      ];
    });
    expect(own.length).toBeGreaterThan(50);
    expect(read.sort()).toEqual(own.sort());
    expect(await tshark('-d', 'udp.port==8472,vxlan', '-Y', '_ws.malformed')).toEqual([]);
    expect((await tshark('-z', 'hosts', '-q')).join('\n')).toMatch(/^fd00:244:2::2\s+pod\.c$/m);
    expect(
      await tshark('-T', 'fields', '-e', 'frame.comment', '-Y', 'frame.comment contains "nodePort: hop 1 "'),
    ).toHaveLength(1);
  });
});

describe('broken by one rule:', () => {
  const broken = (without: string, request: Request) =>
    inLab(ipv6State(without), async (lab) => (await walksOf(lab, { it: request })).walks.it);

  it('without DNAT a ClusterIP leads to the default gateway', async () => {
    expect(await broken('-j KUBE-SVC-WEB', fromA(SERVICE, 80))).toMatchObject({
      outcome: 'rejected',
      rejection: { by: 'router/gw', with: 'icmp6-no-route' },
    });
  });

  it('without masquerading the answer from outside finds no way back', async () => {
    expect(await broken('MASQUERADE', fromA(CLIENT, 9))).toMatchObject({
      outcome: 'reply-lost',
      lastSeen: { place: 'router/gw' },
    });
  });

  it('without REJECT the pod answers itself', async () => {
    expect(await broken('-j REJECT', fromA(POD.c, 81))).toMatchObject({
      outcome: 'rejected',
      rejection: { by: 'pod/c', with: 'tcp-reset' },
    });
  });
});
