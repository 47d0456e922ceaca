/** What became of a probe: every outcome from the evidence that proves it, and doubt where the evidence has a gap. */
import { describe, expect, it } from 'vitest';
import { OUTCOMES } from '../../src/parse/schema/topology.ts';
import { stitch, type Walk } from '../../src/stitch/index.ts';
import {
  answered,
  echo,
  evidence,
  icmpError,
  question,
  type RunOptions,
  reply,
  run,
  type Seen,
  seen,
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

  it('to a pod on the host network ends at its node, without a doubt', () => {
    const remote = '10.0.0.11:8080';
    const packet = syn('10.0.0.100:40112', remote);
    const walk = walkOf(
      {
        namespace: 'host.client',
        local: '10.0.0.100:40112',
        remote,
        result: answered('pod/on-the-host', remote, '10.0.0.100:40112'),
      },
      [seen('host.client/eth0', 'out', packet), seen('node.node1/eth0', 'in', packet)],
      {},
      wirings.get('nodeport-snat')!,
    );
    expect(walk).toMatchObject({ outcome: 'delivered', endpoint: 'pod/on-the-host' });
    expect(walk.doubt).toBeUndefined();
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
