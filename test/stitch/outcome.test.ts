/** What became of a probe: every outcome from the evidence that proves it, and doubt where the evidence has a gap. */
import { describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../src/parse/schema/check.ts';
import { initialSequence } from '../../src/probe/mark.ts';
import { stitch, type Walk } from '../../src/stitch/index.ts';
import {
  answered,
  datagram,
  echo,
  evidence,
  ID,
  icmpError,
  question,
  type RunOptions,
  refused,
  reply,
  reset,
  run,
  type Seen,
  seen,
  segment,
  syn,
  synAck,
} from './evidence.ts';
import { hopLines } from './hop-lines.ts';
import { ACROSS_NODES, acrossNodes } from './routes.ts';
import { SCENARIOS } from './scenarios/index.ts';
import { wiringOf } from './wirings.ts';

const wirings = new Map([...new Set(SCENARIOS.map(({ topology }) => topology))].map((name) => [name, wiringOf(name)]));
const crossNode = wirings.get('cross-node-vxlan')!;

const A = '10.244.1.2:40112';
const B = '10.244.2.2:8080';
const fromA: RunOptions = { namespace: 'pod.default.a', local: A, remote: B };

function walkOf(options: RunOptions, sights: readonly Seen[], blind = {}, wiring = crossNode): Walk {
  return stitch([run(options)], evidence(sights, blind), wiring)[0]!;
}

describe('a packet that was not delivered', () => {
  it.each(SCENARIOS)('$expected.outcome: $name', ({ topology, run: options, sights, expected, reason }) => {
    const walk = walkOf(options, sights, {}, wirings.get(topology)!);
    const { outcome, rejection, lastSeen, endpoint, sourceSeen } = walk;
    const observed = Object.entries({ outcome, rejection, lastSeen, endpoint, sourceSeen });
    expect(Object.fromEntries(observed.filter(([, value]) => value !== undefined))).toEqual(expected);
    expect(walk.reason).toBe(reason);
    expect(walk.doubt).toBeUndefined();
  });

  it('met one of the fates there are, and each of them is shown here', () => {
    const shown = new Set(SCENARIOS.map(({ expected }) => expected.outcome));
    expect([...shown, 'delivered'].sort()).toEqual([...OUTCOMES].sort());
  });

  it.each(SCENARIOS)('is doubtful where a capture was blind: $expected.outcome, $name', (scenario) => {
    const blind = { 'node.node2': 'the kernel left 3 packets out' };
    const walk = walkOf(scenario.run, scenario.sights, blind, wirings.get(scenario.topology)!);
    const where = wirings.get(scenario.topology)!.placeOf('node.node2');
    expect(walk.outcome).toBe(scenario.expected.outcome);
    expect(walk.doubt).toBe(`the capture at ${where} cannot be relied on: the kernel left 3 packets out`);
  });
});

describe('a packet that was delivered', () => {
  const bothWays = [...acrossNodes('a', syn(A, B)), ...acrossNodes('b', synAck(B, A))];
  const delivered = { ...fromA, result: answered('pod/b', B, A) };

  it('and says that there is no such name leaves it unresolved, for certain', () => {
    const question = { name: 'web.prod', type: 'AAAA' };
    const reply = { id: 7, question, status: 'NXDOMAIN', truncated: false, answers: [] } as const;
    const asking = { ...fromA, protocol: 'UDP', result: { kind: 'answered', reply } } as const;
    const about = { name: 'web', question, unresolved: true } as const;
    const ways = [...acrossNodes('a', datagram(A, B, 7)), ...acrossNodes('b', datagram(B, A, -7))];
    const walk = walkOf({ ...asking, about }, ways, { 'node.node2': 'the kernel left 3 packets out' });
    expect(walk).toMatchObject({ outcome: 'unresolved', endpoint: 'pod/b' });
    expect(walk.reason).toBe('web has no address: the last answer, for AAAA web.prod., is NXDOMAIN');
    expect(walk.doubt).toBeUndefined();
  });

  it('has its way there and back, who answered, and whom that one saw', () => {
    const walk = walkOf(delivered, bothWays);
    expect(walk).toMatchObject({
      outcome: 'delivered',
      from: 'pod/a',
      reason: 'pod/b answered',
      endpoint: 'pod/b',
      endpointAddress: B,
      sourceSeen: A,
    });
    expect(hopLines(walk.hops)).toEqual(ACROSS_NODES.a);
    expect(hopLines(walk.replyHops)).toEqual(ACROSS_NODES.b);
    expect(walk).not.toHaveProperty('doubt');
    expect(walk).not.toHaveProperty('lastSeen');
  });

  it('is followed by its first packet, whatever came later', () => {
    const rest = [...acrossNodes('a', question(A, B)), ...acrossNodes('b', reply(B, A))];
    const walk = walkOf(delivered, [...bothWays, ...rest]);
    expect(walk.hops.map(({ packet }) => packet.info)).toEqual(ACROSS_NODES.a.map(() => 'SYN'));
    expect(walk.replyHops.map(({ packet }) => packet.info)).toEqual(ACROSS_NODES.b.map(() => 'SYN ACK'));
  });

  it('by its second attempt is followed by that one: the first did not arrive', () => {
    const lost = acrossNodes('a', syn(A, B, { id: 1 })).slice(0, 5);
    const again = acrossNodes('a', syn(A, B, { id: 2 }));
    const walk = walkOf(delivered, [...lost, ...again, ...acrossNodes('b', synAck(B, A))]);
    expect(hopLines(walk.hops)).toEqual(ACROSS_NODES.a);
    expect(walk.doubt).toBeUndefined();
  });

  it('by its second attempt, and answered twice, is followed by the answer that came back', () => {
    const lost = acrossNodes('b', synAck(B, A, { id: 1 })).slice(0, 5);
    const again = acrossNodes('b', synAck(B, A, { id: 2 }));
    const walk = walkOf(delivered, [...acrossNodes('a', syn(A, B)), ...lost, ...again]);
    expect(hopLines(walk.replyHops)).toEqual(ACROSS_NODES.b);
  });

  it('by ping was answered by the place the request reached', () => {
    const walk = walkOf(
      { ...fromA, protocol: 'ICMP', local: '10.244.1.2', remote: '10.244.2.2', result: { kind: 'answered' } },
      [
        ...acrossNodes('a', echo('10.244.1.2', '10.244.2.2', 'request')),
        ...acrossNodes('b', echo('10.244.2.2', '10.244.1.2', 'reply')),
      ],
    );
    expect(walk).toMatchObject({
      outcome: 'delivered',
      endpoint: 'pod/b',
      endpointAddress: '10.244.2.2',
      sourceSeen: '10.244.1.2',
    });
    expect(hopLines(walk.replyHops)).toEqual(ACROSS_NODES.b);
  });

  it('to a listener that does not say who it is was answered by the place the request reached', () => {
    const walk = walkOf({ ...fromA, result: { kind: 'answered', status: 503 } }, bothWays);
    expect(walk).toMatchObject({ outcome: 'delivered', endpoint: 'pod/b', endpointAddress: B, sourceSeen: A });
  });

  it.each([
    ['pod/nginx', undefined],
    ['pod/neighbour', 'pod/neighbour says it answered, the capture ends at node/node1'],
  ])('to a pod on the host network ends at its node, without a doubt, and to no other: %s', (endpoint, doubt) => {
    const remote = '10.0.0.11:8000';
    const packet = syn('10.0.0.100:40112', remote);
    const walk = walkOf(
      {
        namespace: 'host.client',
        local: '10.0.0.100:40112',
        remote,
        result: answered(endpoint, remote, '10.0.0.100:40112'),
      },
      [seen('host.client/eth0', 'out', packet), seen('node.node1/eth0', 'in', packet)],
      {},
      wiringOf('host-network'),
    );
    expect(walk).toMatchObject({ outcome: 'delivered', endpoint });
    expect(walk.doubt).toBe(doubt);
  });

  it('is not doubted for a gap elsewhere, when endpoint and capture agree', () => {
    expect(walkOf(delivered, bothWays, { 'node.node9': 'tcpdump ended' }).doubt).toBeUndefined();
  });
});

describe('delivery is doubtful', () => {
  const bothWays = [...acrossNodes('a', syn(A, B)), ...acrossNodes('b', synAck(B, A))];

  it('when the endpoint saw another source than the capture shows', () => {
    const walk = walkOf({ ...fromA, result: answered('pod/b', B, '10.244.1.0:61322') }, bothWays);
    expect(walk.outcome).toBe('delivered');
    expect(walk.doubt).toBe(`pod/b says it saw 10.244.1.0:61322, the capture shows ${A}`);
  });

  it('when another one answered than the capture ends at', () => {
    const walk = walkOf({ ...fromA, result: answered('pod/a', A, A) }, bothWays);
    expect(walk.doubt).toBe('pod/a says it answered, the capture ends at pod/b');
  });

  it('when the capture ends on the way', () => {
    const walk = walkOf({ ...fromA, result: answered('pod/b', B, A) }, bothWays.slice(0, 5));
    expect(walk.doubt).toBe('pod/b says it answered, the capture ends at node/node1');
  });

  it('when no capture holds the packet, and the blind one is named', () => {
    const delivered = { ...fromA, result: answered('pod/b', B, A) };
    expect(walkOf(delivered, []).doubt).toBe('the probe was answered, but no capture holds its packets');
    expect(walkOf(delivered, [], { 'pod.default.a': 'tcpdump ended' }).doubt).toBe(
      'the probe was answered, but no capture holds its packets; the capture at pod/a cannot be relied on: tcpdump ended',
    );
  });

  it('when a ping was answered and a blind capture hides where it went: who answered is not known', () => {
    const ping = { protocol: 'ICMP', local: '10.244.1.2', remote: '10.244.2.2', result: { kind: 'answered' } } as const;
    const request = acrossNodes('a', echo('10.244.1.2', '10.244.2.2', 'request'));
    const walk = walkOf({ ...fromA, ...ping }, request.slice(0, 5), { 'node.node2': 'tcpdump ended' });
    expect(walk.outcome).toBe('delivered');
    expect(walk.doubt).toMatch(/the capture at node\/node2 cannot be relied on: tcpdump ended/);
  });
});

describe('who answered a ping', () => {
  const options: RunOptions = {
    ...fromA,
    protocol: 'ICMP',
    local: '10.244.1.2',
    remote: '10.244.2.2',
    result: { kind: 'answered' },
  };
  const request = acrossNodes('a', echo('10.244.1.2', '10.244.2.2', 'request'));
  const answer = acrossNodes('b', echo('10.244.2.2', '10.244.1.2', 'reply'));

  it('is not the place where a capture lost sight of it', () => {
    const walk = walkOf(options, [...request.slice(0, 5), ...answer]);
    expect(walk.reason).toBe('somebody answered');
    expect(walk).not.toHaveProperty('endpoint');
    expect(walk).not.toHaveProperty('sourceSeen');
    expect(walk.doubt).toBe('the answer does not say who sent it, and the capture ends at node/node1');
  });

  it('is known from the request alone, when no capture holds the answer', () => {
    const walk = walkOf(options, request);
    expect(walk).toMatchObject({ outcome: 'delivered', endpoint: 'pod/b' });
    expect(walk.doubt).toBeUndefined();
  });
});

describe('a packet that was sent again', () => {
  const lost = acrossNodes('a', syn(A, B, { id: 1 })).slice(0, 5);
  const again = acrossNodes('a', syn(A, B, { id: 2 }));

  it('and arrived then, did arrive', () => {
    expect(walkOf(fromA, [...lost, ...again]).outcome).toBe('unanswered');
  });

  it('and was rejected then, was rejected where that attempt came to', () => {
    const walk = walkOf({ ...fromA, result: refused('ECONNREFUSED') }, [
      ...lost,
      ...again,
      ...acrossNodes('b', reset(B, A)),
    ]);
    expect(walk).toMatchObject({ outcome: 'rejected', rejection: { by: 'pod/b' } });
    expect(hopLines(walk.hops)).toEqual(ACROSS_NODES.a);
  });

  it('and was rejected twice, was rejected though the first error got lost', () => {
    const error = (id: number) => icmpError('10.244.1.1', '10.244.1.2', [3, 1], syn(A, B), { id });
    const walk = walkOf(fromA, [
      ...lost.slice(0, 3),
      seen('node.node1/cni0', 'out', error(1)),
      ...again.slice(0, 3),
      seen('node.node1/cni0', 'out', error(2)),
      seen('node.node1/veth71273818', 'out', error(2)),
      seen('pod.default.a/eth0', 'in', error(2)),
    ]);
    expect(walk).toMatchObject({ outcome: 'rejected', rejection: { by: 'node/node1', with: 'icmp-host-unreachable' } });
    expect(hopLines(walk.replyHops)).toEqual(['node/node1 cni0 out', 'node/node1 veth71273818 out', 'pod/a eth0 in']);
  });

  it('in other pieces is not the same packet: what the first one met counts', () => {
    const handshake = [...acrossNodes('a', syn(A, B)), ...acrossNodes('b', synAck(B, A))];
    const large = acrossNodes('a', question(A, B, { id: 3 })).slice(0, 5);
    const rest = acrossNodes('a', segment(A, B, { sequence: initialSequence(ID) + 121, flags: 24, payload: 9, id: 4 }));
    const walk = walkOf(fromA, [...handshake, ...large, ...rest]);
    expect(walk).toMatchObject({ outcome: 'dropped', lastSeen: { place: 'node/node1', interface: 'eth0' } });
  });

  it('was sent first what was seen first, to the nanosecond', () => {
    const { frames, blind } = evidence([...acrossNodes('a', syn(A, B, { id: 2 })).slice(0, 3), ...lost]);
    const close = frames.map((frame, index) => ({ ...frame, nanoseconds: index < 3 ? 100 : index - 3 }));
    const [walk] = stitch([run(fromA)], { frames: close, blind }, crossNode);
    expect(walk!.lastSeen).toEqual({ place: 'node/node1', interface: 'eth0' });
  });
});

describe('a reset that a pod sends itself', () => {
  it('came back when it came in again, not when it was sent', () => {
    const own = '10.244.1.2:8080';
    const sights = [
      seen('pod.default.a/eth0', 'out', syn(A, '10.96.0.10:80')),
      seen('node.node1/veth71273818', 'in', syn(A, '10.96.0.10:80')),
      seen('node.node1/veth71273818', 'out', syn('10.244.1.1:40112', own)),
      seen('pod.default.a/eth0', 'in', syn('10.244.1.1:40112', own)),
      seen('pod.default.a/eth0', 'out', reset(own, '10.244.1.1:40112')),
    ];
    expect(walkOf({ ...fromA, remote: '10.96.0.10:80' }, sights).outcome).toBe('reply-lost');
    const back = [
      ...sights,
      seen('node.node1/veth71273818', 'in', reset(own, '10.244.1.1:40112')),
      seen('pod.default.a/eth0', 'in', reset('10.96.0.10:80', A)),
    ];
    expect(walkOf({ ...fromA, remote: '10.96.0.10:80' }, back).outcome).toBe('rejected');
  });
});

describe('an SCTP packet', () => {
  it('carries no mark: that none of a probe’s packets is known again does not prove that it never left', () => {
    const packet = syn('10.244.1.2:40112', B);
    const sctp = { ...packet, transport: { kind: 'other', protocol: 132 } } as const;
    const walk = walkOf({ ...fromA, protocol: 'SCTP' }, acrossNodes('a', sctp));
    expect(walk.doubt).toBeDefined();
  });
});

describe('an error', () => {
  it('about the answer is no rejection of the request', () => {
    const answer = synAck(B, A);
    const error = icmpError('10.244.2.1', '10.244.2.2', [3, 1], answer);
    const walk = walkOf(fromA, [
      ...acrossNodes('a', syn(A, B)),
      ...acrossNodes('b', answer).slice(0, 3),
      seen('node.node2/cni0', 'out', error),
      seen('node.node2/veth1af9dded', 'out', error),
      seen('pod.default.b/eth0', 'in', error),
    ]);
    expect(walk.outcome).toBe('reply-lost');
  });

  it('shows its way back as that of an answer', () => {
    const error = icmpError('10.244.1.1', '10.244.1.2', [3, 3], syn(A, B));
    const walk = walkOf(fromA, [
      ...acrossNodes('a', syn(A, B)).slice(0, 3),
      seen('node.node1/cni0', 'out', error),
      seen('node.node1/veth71273818', 'out', error),
      seen('pod.default.a/eth0', 'in', error),
    ]);
    expect(hopLines(walk.replyHops)).toEqual(['node/node1 cni0 out', 'node/node1 veth71273818 out', 'pod/a eth0 in']);
    expect(walk.replyHops[0]?.packet).toMatchObject({ protocol: 'ICMP', info: 'port unreachable' });
  });
});

describe('several probes at once', () => {
  const second = '10.244.1.2:40113';
  const sights = [
    ...acrossNodes('a', syn(A, B)),
    ...acrossNodes('a', syn(second, B, { probe: 8 })).slice(0, 5),
    ...acrossNodes('a', syn('10.244.1.2:40114', B, { probe: 9 })),
  ];
  const runs = [run({ ...fromA, id: 8, local: second }), run(fromA)];

  it('have a walk each, in the order of the probes', () => {
    const walks = stitch(runs, evidence(sights), crossNode);
    expect(walks.map(({ probe, outcome, hops }) => [probe.id, outcome, hops.length])).toEqual([
      [8, 'dropped', 5],
      [7, 'unanswered', 10],
    ]);
  });

  it('give the same walks from the same captures', () => {
    expect(stitch(runs, evidence(sights), crossNode)).toEqual(stitch(runs, evidence(sights), crossNode));
  });
});
