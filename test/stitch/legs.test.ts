/** A way through a process: two connections, one walk, and the relay between them. */
import { describe, expect, it } from 'vitest';
import { stitch, type Walk } from '../../src/stitch/index.ts';
import {
  answered,
  datagram,
  evidence,
  ID,
  question,
  type RunOptions,
  reply,
  reset,
  run,
  type Seen,
  seen,
  syn,
  synAck,
} from './evidence.ts';
import { hopLines } from './hop-lines.ts';
import {
  asked,
  attempt,
  CLIENT,
  CONNECTED,
  FAR,
  fromClient,
  NODE,
  NODEPORT,
  PROXY,
  passedBack,
  passedOn,
  relayed,
  told,
} from './relays.ts';
import { wiringOf } from './wirings.ts';

const wiring = wiringOf('userspace-proxy');

function walkOf(options: RunOptions, sights: readonly Seen[]): Walk {
  return stitch([run(options)], evidence(sights), wiring)[0]!;
}

/** A whole exchange, in the order it happens: the node answers the client before the pod is asked. The numbers are the second connection’s IP IDs. */
function exchange(near = NODE, [first, second] = [21, 22]): Seen[] {
  return [
    ...asked(syn(CLIENT, NODEPORT)),
    ...told(synAck(NODEPORT, CLIENT)),
    ...asked(question(CLIENT, NODEPORT)),
    ...passedOn(syn(near, FAR, { id: first! })),
    ...passedBack(synAck(FAR, near, { id: first! })),
    ...passedOn(question(near, FAR, { id: second! })),
    ...passedBack(reply(FAR, near, { id: second! })),
    ...told(reply(NODEPORT, CLIENT)),
  ];
}
const delivered = { ...fromClient, result: answered('pod/far', FAR, NODE), relayed: [relayed()] };

const THERE = [
  'host/client eth0 out',
  'node/node1 eth0 in',
  `  DNAT ${NODEPORT} → ${PROXY}`,
  'node/node1 socket in',
  `  RELAY ${CLIENT} → ${PROXY} as ${NODE} → ${FAR}`,
  'node/node1 flannel.1 out',
  'node/node1 eth0 out vxlan',
  'node/node2 eth0 in vxlan',
  'node/node2 flannel.1 in',
  'node/node2 cni0 out',
  'node/node2 veth83c31a2b out',
  'pod/far eth0 in',
];
const BACK = [
  'pod/far eth0 out',
  'node/node2 veth83c31a2b in',
  'node/node2 cni0 in',
  'node/node2 flannel.1 out',
  'node/node2 eth0 out vxlan',
  'node/node1 eth0 in vxlan',
  'node/node1 flannel.1 in',
  `  RELAY ${FAR} → ${NODE} as ${PROXY} → ${CLIENT}`,
  'node/node1 socket out',
  `  UN-DNAT ${PROXY} → ${NODEPORT}`,
  'node/node1 eth0 out',
  'host/client eth0 in',
];

describe('a probe that was relayed', () => {
  const walk = walkOf(delivered, exchange());

  it('is one walk: to the process, which is where the translation ends, and from there by its own connection', () => {
    expect(walk).toMatchObject({ outcome: 'delivered', endpoint: 'pod/far', sourceSeen: NODE });
    expect(hopLines(walk.hops)).toEqual(THERE);
    expect(walk).not.toHaveProperty('doubt');
  });

  it('is answered the same way back', () => {
    expect(hopLines(walk.replyHops)).toEqual(BACK);
  });

  it('is followed by what opened each connection, and back by what was said: the handshakes are each leg’s own', () => {
    expect(new Set(walk.hops.map(({ packet }) => packet.info))).toEqual(new Set(['SYN']));
    expect(new Set(walk.replyHops.map(({ packet }) => packet.info))).toEqual(new Set(['ACK, 300 bytes']));
  });

  it('takes the time of all of its way', () => {
    for (const hops of [walk.hops, walk.replyHops]) {
      const times = hops.map(({ sinceStart }) => sinceStart);
      expect(times[0]).toBe(0);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    }
    expect(walk.hops.at(-1)!.sinceStart).toBeGreaterThan(10_000);
  });

  it('says for which Service, and that the connection came about', () => {
    const [there, back] = [walk.hops, walk.replyHops].map((hops) => hops.find(({ relay }) => relay)?.relay);
    expect(there).toEqual({
      at: 'node/node1',
      program: 'kube-proxy',
      serves: 'default/far:http',
      from: { source: CLIENT, destination: PROXY },
      to: { source: NODE, destination: FAR },
      connected: true,
    });
    expect(back).toMatchObject({ at: 'node/node1', connected: true });
  });

  it('by datagrams has no handshakes to pass over', () => {
    const [dns, proxy, far] = ['10.0.0.11:30053', '10.0.0.11:48879', '10.244.2.2:53'] as const;
    const opened = { endpoint: far, opened: { source: NODE, destination: far }, connected: true };
    const options: RunOptions = {
      ...fromClient,
      protocol: 'UDP',
      remote: dns,
      result: answered('pod/far', far, NODE),
      relayed: [relayed([opened], { accepted: { source: CLIENT, destination: proxy } })],
    };
    const { hops, replyHops, doubt } = walkOf(options, [
      ...asked(datagram(CLIENT, dns, ID)),
      ...passedOn(datagram(NODE, far, ID)),
      ...passedBack(datagram(far, NODE, -ID)),
      ...told(datagram(dns, CLIENT, -ID)),
    ]);
    expect(hopLines(hops)[4]).toBe(`  RELAY ${CLIENT} → ${proxy} as ${NODE} → ${far}`);
    expect(hopLines(replyHops).slice(-5)).toEqual([
      `  RELAY ${far} → ${NODE} as ${proxy} → ${CLIENT}`,
      'node/node1 socket out',
      `  UN-DNAT ${proxy} → ${dns}`,
      'node/node1 eth0 out',
      'host/client eth0 in',
    ]);
    expect(doubt).toBeUndefined();
  });

  it('keeps its legs apart even where two packets cannot be told apart by what they are', () => {
    const { hops, replyHops } = walkOf(delivered, exchange(NODE, [1, 2]));
    expect(hopLines(hops)).toEqual(THERE);
    expect(hopLines(replyHops)).toEqual(BACK);
  });
});

describe('the second connection, masqueraded as it leaves the node', () => {
  const MASQUERADED = '10.0.0.11:61322';

  it('is known by its endpoint, and shows the translation after the relay', () => {
    const { hops, replyHops, doubt } = walkOf(
      { ...delivered, result: answered('pod/far', FAR, MASQUERADED) },
      exchange(MASQUERADED),
    );
    expect(hopLines(hops).slice(4, 8)).toEqual([
      `  RELAY ${CLIENT} → ${PROXY} as ${NODE} → ${FAR}`,
      'node/node1 socket out',
      `  SNAT ${NODE} → ${MASQUERADED}`,
      'node/node1 flannel.1 out',
    ]);
    expect(hopLines(replyHops).slice(6, 10)).toEqual([
      'node/node1 flannel.1 in',
      `  UN-SNAT ${MASQUERADED} → ${NODE}`,
      'node/node1 socket in',
      `  RELAY ${FAR} → ${NODE} as ${PROXY} → ${CLIENT}`,
    ]);
    expect(doubt).toBeUndefined();
  });
});

describe('attempts that failed', () => {
  const before = attempt('10.244.1.0:49999', { failure: 'ECONNREFUSED' });
  const failing = (near: string): Seen[] => [
    ...passedOn(syn(near, FAR, { id: 11 })),
    ...passedBack(reset(FAR, near, { id: 11 })),
  ];
  const [opening, rest] = [exchange().slice(0, 6), exchange().slice(6)];

  it('are named with the relay, and are not the walk’s', () => {
    const { hops } = walkOf({ ...delivered, relayed: [relayed([before, CONNECTED])] }, [
      ...opening,
      ...failing('10.244.1.0:49999'),
      ...rest,
    ]);
    expect(hopLines(hops)).toEqual(THERE);
    expect(hops.find(({ relay }) => relay)?.relay?.failed).toEqual([{ endpoint: FAR, failure: 'ECONNREFUSED' }]);
  });

  it('are told from the last one by their turn where all are masqueraded', () => {
    const masqueraded = exchange('10.0.0.11:61322').slice(6);
    const { hops, doubt } = walkOf(
      { ...delivered, result: answered('pod/far', FAR, '10.0.0.11:61322'), relayed: [relayed([before, CONNECTED])] },
      [...opening, ...failing('10.0.0.11:61111'), ...masqueraded],
    );
    expect(hopLines(hops)).toContain(`  SNAT ${NODE} → 10.0.0.11:61322`);
    expect(hopLines(hops).join()).not.toContain('61111');
    expect(doubt).toBeUndefined();
  });
});

it('a relay may lead to another: each has its place in the walk', () => {
  const [VIP, SECOND, OWN] = ['10.96.0.10:80', '10.0.0.11:52491', '10.0.0.11:45000'] as const;
  const first = relayed([{ endpoint: VIP, opened: { source: OWN, destination: VIP }, connected: true }], {
    program: 'kube-proxy',
    serves: 'default/chain',
  });
  const second = relayed([CONNECTED], { accepted: { source: OWN, destination: SECOND } });
  const { hops, doubt } = walkOf({ ...delivered, relayed: [first, second] }, [
    ...exchange().slice(0, 6),
    seen('node.node1/lo', 'in', syn(OWN, SECOND, { id: 31 })),
    ...exchange().slice(6),
  ]);
  expect(hopLines(hops).slice(4, 10)).toEqual([
    `  RELAY ${CLIENT} → ${PROXY} as ${OWN} → ${VIP}`,
    'node/node1 socket out',
    `  DNAT ${VIP} → ${SECOND}`,
    'node/node1 lo in',
    `  RELAY ${OWN} → ${SECOND} as ${NODE} → ${FAR}`,
    'node/node1 flannel.1 out',
  ]);
  expect(doubt).toBeUndefined();
});

describe('delivered is in doubt', () => {
  it('where kube-proxy says it took the probe, and no capture shows that', () => {
    const elsewhere = [{ ...relayed(), namespace: 'node.node2' }];
    expect(walkOf({ ...delivered, relayed: elsewhere }, exchange()).doubt).toBe(
      "node/node2's kube-proxy says it took the probe, the capture ends at node/node1",
    );
  });

  it('where it says it relayed the probe, and no capture holds the second connection', () => {
    const only = exchange().filter(
      ({ packet }) => packet.kind === 'ip' && packet.source.startsWith('10.0.0.') && packet.transport.kind === 'tcp',
    );
    expect(walkOf(delivered, only).doubt).toBe(
      "node/node1's kube-proxy says it relayed the probe, but no capture holds its packets",
    );
  });

  it('where it relayed the probe, and nobody says so', () => {
    const { relayed: _, ...silent } = delivered;
    expect(walkOf(silent, exchange()).doubt).toBeDefined();
  });
});
