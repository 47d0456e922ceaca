/**
 * Load balancers while the cluster changes: speakers that end and come back, a router's routes, health checks.
 *
 *   host/client ── lan ──┬── node1  pod/web, when it is there
 *                        └── node2  pod/web otherwise
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLab, type Lab } from '../../src/agent/lab.ts';
import type { KernelState } from '../../src/compile/index.ts';
import { examine, type Prepared } from '../../src/pipeline.ts';
import { converge } from '../../src/plan/converge.ts';
import { evidenceOf } from '../../src/stitch/index.ts';
import { pod, service, stream, topology } from '../model/objects.ts';
import { preparedText, sandboxes } from './tools.ts';

/** A lab that becomes another one. */
class Changing {
  #standing: (Lab & { close(): Promise<void> }) | undefined;
  #current: KernelState | undefined;

  async become({ cluster, state }: Prepared) {
    if (this.#standing && this.#current) {
      await this.#standing.agent.call('apply', converge(this.#current, state));
      await this.#standing.agent.call('listen', cluster.listeners);
    } else this.#standing = await buildLab(cluster, state, await sandboxes.for(state));
    this.#current = state;
    let frames: ReturnType<typeof evidenceOf>['frames'] = [];
    const verdicts = await examine({ ...this.#standing, cluster, state }, cluster.checks, async (_, watched) => {
      frames = evidenceOf(watched, cluster).frames;
    });
    return { frames, wrong: verdicts.filter(({ verdict }) => verdict !== 'pass').map(({ reason }) => reason) };
  }

  async run(namespace: string, argv: readonly string[]): Promise<string> {
    return (await this.#standing!.agent.call('run', { namespace, argv })).stdout;
  }

  async routesOf(namespace: string): Promise<string> {
    return (await this.run(namespace, ['ip', 'route', 'show', '192.0.2.1'])).replace(/\s+/g, ' ').trim();
  }

  async close(): Promise<void> {
    await this.#standing?.close();
  }
}

const LAN = { name: 'lan', cidr: '10.0.0.0/24' };
const OUTSIDE = { name: 'outside', cidr: '10.1.0.0/24' };

interface Variant {
  readonly loadBalancer: object;
  readonly routed?: boolean;
  readonly faults?: readonly object[];
  /** Where the pod is; none: nowhere. */
  readonly node?: string;
  readonly policy?: string;
  /** Of the check, beside from and to. */
  readonly check?: object;
  readonly expect: object;
}

function lab({
  loadBalancer,
  routed = false,
  faults = [],
  node,
  policy = 'Cluster',
  check,
  expect,
}: Variant): Prepared {
  return preparedText(
    stream(
      topology({
        networks: routed ? [LAN, OUTSIDE] : [LAN],
        routers: routed
          ? [{ name: 'gw', networks: ['lan', 'outside'], routes: [{ to: '192.0.2.9/32', via: 'node/node1' }] }]
          : [],
        nodes: [{ name: 'node1' }, { name: 'node2' }],
        hosts: [{ name: 'client', network: routed ? 'outside' : 'lan' }],
        loadBalancers: [loadBalancer],
        checks: [{ name: 'from outside', from: 'host/client', to: 'lb/web:80', timeout: '500ms', ...check, expect }],
        faults,
      }),
      service('web', { type: 'LoadBalancer', externalTrafficPolicy: policy }),
      ...(node === undefined ? [] : [pod('web', { labels: { app: 'web' }, node, ports: [80] })]),
    ),
  );
}

/** By its hash, node2 is elected for 10.0.0.240 while it is alive. */
describe('a speaker of layer 2', () => {
  const changing = new Changing();
  afterAll(() => changing.close());
  const variant = (by: readonly string[], faults: readonly object[] = []) =>
    lab({
      loadBalancer: { name: 'metallb', kind: 'metallb-l2', addresses: ['10.0.0.240/28'] },
      node: 'node1',
      faults,
      /** Longer than it takes to say something again. */
      check: { connections: 4, interval: '500ms' },
      expect:
        by.length > 0
          ? { outcome: 'delivered', path: ['host/client', ...by, 'pod/web'] }
          : { outcome: 'no-neighbour', whoHas: [] },
    });
  const ends = (node: string) => ({ fault: 'no-speaker', at: `node/${node}` });

  it('is elected', async () => {
    expect((await changing.become(variant(['node/node2', 'node/node1']))).wrong).toEqual([]);
  });

  it('ends, and the other one says unasked that the address is its own', async () => {
    const { wrong, frames } = await changing.become(variant(['node/node1'], [ends('node2')]));
    expect(wrong).toEqual([]);
    const unasked = frames.flatMap(({ namespace, direction, packet }) =>
      packet.kind === 'arp' && namespace === 'host.client' && direction === 'in' && packet.target === packet.sender
        ? `${packet.operation} ${packet.sender} ${packet.senderMac}`
        : [],
    );
    expect(unasked).toContain('request 10.0.0.240 02:00:0a:00:00:0b');
    expect(unasked).toContain('reply 10.0.0.240 02:00:0a:00:00:0b');
  });

  it('has nobody to take over when the other one ends as well', async () => {
    const own = new Changing();
    const { wrong } = await own.become(variant([], [ends('node1'), ends('node2')])).finally(() => own.close());
    expect(wrong).toEqual([]);
  });
});

describe('the router of metallb-bgp', () => {
  const changing = new Changing();
  afterAll(() => changing.close());
  const variant = (rest: Partial<Variant>) =>
    lab({
      loadBalancer: { name: 'metallb', kind: 'metallb-bgp', addresses: ['192.0.2.1-192.0.2.9'] },
      routed: true,
      node: 'node1',
      expect: { outcome: 'delivered' },
      ...rest,
    });
  const NODE1 = 'via 10.0.0.11 dev eth0';
  const NODE2 = 'via 10.0.0.12 dev eth0';

  it.for<[title: string, rest: Partial<Variant>, route: string]>([
    [
      'has a way by each node',
      {},
      `192.0.2.1 proto bird metric 32 nexthop ${NODE1} weight 1 nexthop ${NODE2} weight 1`,
    ],
    [
      'loses that of a node whose speaker ends',
      { faults: [{ fault: 'no-bird', at: 'node/node1' }] },
      `192.0.2.1 ${NODE2} proto bird metric 32`,
    ],
    ['gets it back', {}, `192.0.2.1 proto bird metric 32 nexthop ${NODE1} weight 1 nexthop ${NODE2} weight 1`],
    ['with policy Local has that of the pod’s node', { policy: 'Local' }, `192.0.2.1 ${NODE1} proto bird metric 32`],
    ['follows the pod', { policy: 'Local', node: 'node2' }, `192.0.2.1 ${NODE2} proto bird metric 32`],
  ])('%s', async ([, rest, route]) => {
    expect((await changing.become(variant(rest))).wrong).toEqual([]);
    expect(await changing.routesOf('router.gw')).toBe(route);
  });
});

/** One connection that asks several times is at one endpoint all along; that the address leads to more, new ones show. */
describe('a long connection to a load-balanced Service', () => {
  const changing = new Changing();
  afterAll(() => changing.close());
  const text = stream(
    topology({
      nodes: [{ name: 'node1' }, { name: 'node2' }],
      hosts: [{ name: 'client' }],
      loadBalancers: [{ name: 'metallb', kind: 'metallb-l2', addresses: ['10.0.0.240/28'] }],
    }),
    service('web', { type: 'LoadBalancer' }),
    ...['a', 'b', 'c'].map((name) => pod(name, { labels: { app: 'web' }, node: 'node1', ports: [80] })),
  );
  const QUESTIONS = 30;
  const ask = async (...options: string[]) => {
    const argv = ['curl', '-s', ...options, ...Array.from({ length: QUESTIONS }, () => 'http://10.0.0.240/')];
    const answers = (await changing.run('host.client', argv)).trim().split('\n');
    return answers.map((answer) => JSON.parse(answer) as { endpoint: string; source: string });
  };

  beforeAll(async () => {
    await changing.become(preparedText(text));
  });

  it('stays at one endpoint', async () => {
    const answers = await ask();
    expect(answers).toHaveLength(QUESTIONS);
    expect(new Set(answers.map(({ source }) => source)).size).toBe(1);
    expect(new Set(answers.map(({ endpoint }) => endpoint)).size).toBe(1);
  });

  it('or would, were it one: several go to several', async () => {
    const answers = await ask('--header', 'Connection: close');
    expect(new Set(answers.map(({ endpoint }) => endpoint)).size).toBeGreaterThan(1);
  });
});

describe('health checks', () => {
  const kinds: [kind: string, rest: Partial<Variant>][] = [
    ['Proxy', { loadBalancer: { name: 'lb', kind: 'cloud', ipMode: 'Proxy', addresses: ['10.0.0.240/28'] } }],
  ];
  describe.each(kinds)('of a balancer of mode %s', (_, rest) => {
    const changing = new Changing();
    afterAll(() => changing.close());
    const through = (node: string): Partial<Variant> => ({
      node,
      expect: { outcome: 'delivered', path: ['host/client', 'host/lb', `node/${node}`, 'pod/web'] },
    });
    it.for<[title: string, change: Partial<Variant>]>([
      ['lead to the node with the endpoint', through('node1')],
      ['follow it to another one', through('node2')],
      ['lead nowhere when there is none', { expect: { outcome: 'rejected', rejectedBy: 'host/lb' } }],
    ])('%s', async ([, change]) => {
      const variant = { policy: 'Local', expect: {}, loadBalancer: {}, ...rest, ...change };
      expect((await changing.become(lab(variant))).wrong).toEqual([]);
    });
  });

  describe('of a balancer that passes packets on', () => {
    const changing = new Changing();
    beforeAll(async () => {
      await changing.become(passing('node1'));
    });
    afterAll(() => changing.close());
    const passing = (node: string | undefined) =>
      lab({
        loadBalancer: { name: 'nlb', kind: 'cloud', addresses: ['192.0.2.1-192.0.2.8'] },
        routed: true,
        policy: 'Local',
        expect: {},
        ...(node !== undefined && { node }),
      });

    it('keep its route to the node that is well', async () => {
      expect(await changing.routesOf('host.nlb')).toBe('192.0.2.1 via 10.0.0.11 dev eth0');
      await changing.become(passing('node2'));
      expect(await changing.routesOf('host.nlb')).toBe('192.0.2.1 via 10.0.0.12 dev eth0');
    });

    it('lead into a black hole when none is', async () => {
      await changing.become(passing(undefined));
      expect(await changing.routesOf('host.nlb')).toBe('blackhole 192.0.2.1');
    });
  });
});
