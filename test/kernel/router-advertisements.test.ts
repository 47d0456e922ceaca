/**
 * Default routes a kernel makes of router advertisements, in a lab that changes: each change leaves what a lab made anew would
 * have.
 *
 *   node/node1 ──┬── fd00:10::/64 ── router/gw ── fd00:20::/64 ── host/web
 *   host/client ─┘                   BIRD, radv
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { buildLab, type Lab } from '../../src/agent/lab.ts';
import type { KernelState } from '../../src/compile/index.ts';
import { examine, type Prepared } from '../../src/pipeline.ts';
import { converge } from '../../src/plan/converge.ts';
import { stream, topology } from '../model/objects.ts';
import { preparedText, sandboxes } from './tools.ts';

interface Change {
  readonly routerAdvertisements: boolean;
  readonly faults?: readonly object[];
}

function lab({ routerAdvertisements, faults = [] }: Change): Prepared {
  return preparedText(
    stream(
      topology({
        cluster: { podCIDR: 'fd00:10:244::/56', cni: { mode: 'host-gw' } },
        networks: [
          { name: 'lan', cidr: 'fd00:10::/64' },
          { name: 'dmz', cidr: 'fd00:20::/64' },
        ],
        nodes: [{ name: 'node1', network: 'lan' }],
        hosts: [
          { name: 'client', network: 'lan' },
          { name: 'web', network: 'dmz', listen: [8080] },
        ],
        routers: [{ name: 'gw', networks: ['lan', 'dmz'], routerAdvertisements }],
        checks: [{ name: 'outside', from: 'node/node1', to: 'host/web:8080' }],
        faults,
      }),
    ),
  );
}

const [GIVEN, HEARD] = [['via fd00:10::1 dev eth0'], ['via fe80::fdff:fe00:11 dev eth0', 'proto ra']];
const DEAF = { routerAdvertisements: true, faults: [{ fault: 'no-accept-ra' }] };

/** One after the other, in one lab: what the default routes of the node and of the host say then, and what becomes of a packet. */
const CHANGES: readonly (readonly [title: string, Change, node: string[], host: string[], outcome: string])[] = [
  ['a route that is given', { routerAdvertisements: false }, GIVEN!, GIVEN!, 'delivered'],
  ['the router tells of itself', { routerAdvertisements: true }, HEARD!, HEARD!, 'delivered'],
  ['the node no longer listens', DEAF, [], HEARD!, 'no-route'],
  ['and listens again', { routerAdvertisements: true }, HEARD!, HEARD!, 'delivered'],
  ['routes are given again', { routerAdvertisements: false }, GIVEN!, GIVEN!, 'delivered'],
];

describe('router advertisements', () => {
  let standing: Lab & { close(): Promise<void> };
  let current: KernelState;

  beforeAll(async () => {
    const { cluster, state } = lab(CHANGES[0]![1]);
    standing = await buildLab(cluster, state, await sandboxes.for(state));
    current = state;
  });
  afterAll(() => standing.close());

  it.for(CHANGES)('%s', async ([, change, node, host, outcome]) => {
    const { cluster, state } = lab(change);
    await standing.agent.call('apply', converge(current, state));
    await standing.agent.call('listen', cluster.listeners);
    current = state;
    for (const [namespace, words] of [
      ['node.node1', node],
      ['host.client', host],
    ] as const) {
      const argv = ['ip', '-6', '-o', 'route', 'show', 'default'];
      const { stdout } = await standing.agent.call('run', { namespace, argv });
      expect(stdout.split('\n').filter(Boolean), stdout).toHaveLength(words.length > 0 ? 1 : 0);
      for (const word of words) expect(stdout).toContain(word);
    }
    const verdicts = await examine({ ...standing, cluster, state }, cluster.checks);
    expect(verdicts.map((verdict) => verdict.kind === 'connection' && verdict.walk?.outcome)).toEqual([outcome]);
  });
});
