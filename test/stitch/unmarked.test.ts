/** nginx in pod/ingress-nginx/controller-0 passes a request on by a connection whose numbers say nothing. */
import { describe, expect, it } from 'vitest';
import type { IpPacket } from '../../src/decode/packet.ts';
import { initialSequence } from '../../src/probe/mark.ts';
import type { Relayed } from '../../src/probe/probe.ts';
import { stitch, type Walk } from '../../src/stitch/index.ts';
import {
  answered,
  evidence,
  ID,
  inVxlan,
  question,
  reply,
  run,
  type Seen,
  seen,
  segment,
  syn,
  synAck,
} from './evidence.ts';
import { prepared, wiringOf } from './wirings.ts';

const wiring = wiringOf('ingress');
const [CLIENT, NODE, HTTP] = ['10.0.0.100:40112', '10.0.0.11:80', '10.244.1.2:80'];
const [OWN, HWA] = ['10.244.1.2:50000', '10.244.2.2:8000'];
const NGINX = 'pod.ingress-nginx.controller-0';
/** Of the connection that nginx opens: by chance in the range of another probe. */
const FIRST = initialSequence(9) + 5;

/** The node's end of a pod's cable. */
const { state } = prepared('ingress');
function vethTo(pod: string, node: string): string {
  const { links } = state.namespaces.find(({ name }) => name === node)!;
  const end = links.find((link) => link.kind === 'veth' && link.peer.namespace === pod)!.name;
  return `${node}/${end}`;
}
const NGINX_END = vethTo(NGINX, 'node.node1');
const HWA_END = vethTo('pod.default.hwa-0', 'node.node2');

const asked = (packet: IpPacket, inner: IpPacket): Seen[] => [
  seen('host.client/eth0', 'out', packet),
  seen('node.node1/eth0', 'in', packet),
  seen('node.node1/cni0', 'out', inner),
  seen(NGINX_END, 'out', inner),
  seen(`${NGINX}/eth0`, 'in', inner),
];
const told = (packet: IpPacket, outer: IpPacket): Seen[] => [
  seen(`${NGINX}/eth0`, 'out', packet),
  seen(NGINX_END, 'in', packet),
  seen('node.node1/cni0', 'in', packet),
  seen('node.node1/eth0', 'out', outer),
  seen('host.client/eth0', 'in', outer),
];
function passedOn(packet: IpPacket): Seen[] {
  const outer = inVxlan('10.0.0.11', '10.0.0.12', packet);
  return [
    seen(`${NGINX}/eth0`, 'out', packet),
    seen(NGINX_END, 'in', packet),
    seen('node.node1/cni0', 'in', packet),
    seen('node.node1/flannel.1', 'out', packet),
    seen('node.node1/eth0', 'out', outer),
    seen('node.node2/eth0', 'in', outer),
    seen('node.node2/flannel.1', 'in', packet),
    seen('node.node2/cni0', 'out', packet),
    seen(HWA_END, 'out', packet),
    seen('pod.default.hwa-0/eth0', 'in', packet),
  ];
}
function passedBack(packet: IpPacket): Seen[] {
  const outer = inVxlan('10.0.0.12', '10.0.0.11', packet);
  return [
    seen('pod.default.hwa-0/eth0', 'out', packet),
    seen(HWA_END, 'in', packet),
    seen('node.node2/cni0', 'in', packet),
    seen('node.node2/flannel.1', 'out', packet),
    seen('node.node2/eth0', 'out', outer),
    seen('node.node1/eth0', 'in', outer),
    seen('node.node1/flannel.1', 'in', packet),
    seen('node.node1/cni0', 'out', packet),
    seen(NGINX_END, 'out', packet),
    seen(`${NGINX}/eth0`, 'in', packet),
  ];
}

const opening = (sequence = FIRST, source = OWN) => segment(source, HWA, { sequence, flags: 2, id: 31 });
const opened = segment(HWA, OWN, { sequence: 77, acknowledgement: FIRST + 1, flags: 0x12, id: 32 });
const heard = segment(HWA, OWN, { sequence: 78, acknowledgement: FIRST + 200, flags: 0x18, payload: 300, id: 34 });

/** The request that is passed on carries the mark of the probe. */
function request(mark: number | undefined, source = OWN, sequence = FIRST + 1): IpPacket {
  const packet = segment(source, HWA, { sequence, acknowledgement: 78, flags: 0x18, payload: 200, id: 33 });
  return {
    ...packet,
    transport: { ...packet.transport, ...(mark !== undefined && { mark }) } as IpPacket['transport'],
  };
}

const FIRST_LEG = [
  ...asked(syn(CLIENT, NODE), syn(CLIENT, HTTP)),
  ...told(synAck(HTTP, CLIENT), synAck(NODE, CLIENT)),
  ...asked(question(CLIENT, NODE), question(CLIENT, HTTP)),
];
const ANSWERED = told(reply(HTTP, CLIENT), reply(NODE, CLIENT));

function relayed(connected = true, rest: Partial<Relayed> = {}): Relayed {
  return {
    namespace: NGINX,
    program: 'nginx',
    serves: 'default-hwa-8000',
    accepted: { source: CLIENT, destination: HTTP },
    waiting: false,
    attempts: [{ endpoint: HWA, connected, ...(!connected && { failure: 'could not connect' }) }],
    ...rest,
  };
}

function walkOf(sights: readonly Seen[], changes: object = {}): Walk {
  return walksOf(sights, changes)[0]!;
}

function walksOf(sights: readonly Seen[], changes: object = {}): Walk[] {
  const one = run({
    namespace: 'host.client',
    local: CLIENT,
    remote: NODE,
    result: answered('pod/hwa-0', HWA, OWN),
    relayed: [relayed()],
    ...changes,
  });
  /** There is a probe 9 as well, whose numbers the second connection has by chance. */
  const other = run({ id: 9, namespace: 'host.client', local: '10.0.0.100:40113', remote: NODE });
  return stitch([one, other], evidence(sights), wiring);
}

const EXCHANGE = [
  ...FIRST_LEG,
  ...passedOn(opening()),
  ...passedBack(opened),
  ...passedOn(request(ID)),
  ...passedBack(heard),
  ...ANSWERED,
];

describe('a connection without a mark', () => {
  it('is found by the request it carries, and is the second leg', () => {
    const walk = walkOf(EXCHANGE);
    expect(walk.doubt).toBeUndefined();
    expect(walk).toMatchObject({ outcome: 'delivered', endpoint: 'pod/hwa-0', sourceSeen: OWN });
    const [relay] = walk.hops.flatMap((hop) => hop.relay ?? []);
    expect(relay).toMatchObject({
      at: 'pod/ingress-nginx/controller-0',
      program: 'nginx',
      to: { source: OWN, destination: HWA },
    });
    const places = walk.hops.map(({ place }) => place);
    expect(places.filter((place, index) => place !== places[index - 1])).toEqual([
      'host/client',
      'node/node1',
      'pod/ingress-nginx/controller-0',
      'node/node1',
      'node/node2',
      'pod/hwa-0',
    ]);
    expect(walk.replyHops.at(-1)).toMatchObject({ place: 'host/client', packet: { source: NODE } });
  });

  it('leaves the walk of the probe whose numbers it happens to have alone', () => {
    expect(walksOf(EXCHANGE)[1]!.hops).toEqual([]);
  });

  it('is not taken for the probe’s when it carries another one’s request', () => {
    const walk = walkOf([...FIRST_LEG, ...passedOn(opening()), ...passedOn(request(8)), ...ANSWERED]);
    expect(walk.doubt).toContain('the capture shows');
  });

  it('that nobody took carries nothing: the first such is meant', () => {
    const walk = walkOf([...FIRST_LEG, seen(`${NGINX}/eth0`, 'out', opening())], {
      result: { kind: 'timeout' },
      relayed: [relayed(false)],
    });
    expect(walk).toMatchObject({
      outcome: 'dropped',
      lastSeen: { place: 'pod/ingress-nginx/controller-0', interface: 'eth0' },
    });
  });

  it('without one, what nginx says is its own', () => {
    const walk = walkOf([...FIRST_LEG, ...ANSWERED], {
      result: { kind: 'answered', status: 404 },
      relayed: [relayed(true, { attempts: [] })],
    });
    expect(walk.doubt).toBeUndefined();
    expect(walk).toMatchObject({
      outcome: 'delivered',
      reason: 'pod/ingress-nginx/controller-0 answered 404',
      endpoint: 'pod/ingress-nginx/controller-0',
      sourceSeen: CLIENT,
    });
  });
});
