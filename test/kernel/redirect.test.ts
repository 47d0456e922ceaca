/**
 * A router that tells a client of a better way is believed: the next connections go that way.
 *
 *   host/regular 10.0.0.100 ── lan ─┬─ router/gw 10.0.0.1   10.244.2.0/24 via 10.0.0.12
 *                                 └─ node2 10.0.0.12 ── pod/web 10.244.2.2
 */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { buildLab } from '../../src/agent/lab.ts';
import { placesOf } from '../../src/judge/match.ts';
import type { ConnectionCheck } from '../../src/model/check.ts';
import type { FaultName } from '../../src/model/cluster.ts';
import { trace } from '../../src/pipeline.ts';
import { prepared, sandboxes } from './tools.ts';

/** A router tells no more often than after 40 ms, then 80 (net/ipv4/route.c, ip_rt_redirect_load). */
const PAUSE_MS = 200;

/** The ways of several connections, one after the other. */
async function waysOf(times: number, faults: FaultName[] = []): Promise<string[]> {
  const { cluster, state } = prepared('topologies/icmp-redirect.yaml', { faults });
  const { expect: _, ...several } = cluster.checks[2] as ConnectionCheck;
  const check = { ...several, connections: 1 };
  const lab = await buildLab(cluster, state, await sandboxes.for(state));
  try {
    const ways: string[] = [];
    for (let index = 0; index < times; index++) {
      const { walks } = await trace(lab, check, false);
      ways.push(
        placesOf(walks[0]!.hops)
          .map(({ place }) => place)
          .join(' '),
      );
      await delay(PAUSE_MS);
    }
    return ways;
  } finally {
    await lab.close();
  }
}

const BY_ROUTER = 'host/regular router/gw node/node2 pod/web';
const DIRECTLY = 'host/regular node/node2 pod/web';

it('the first connection goes by the router, and after a few all go directly', async () => {
  const ways = await waysOf(8);
  expect([ways[0], ways.at(-1)]).toEqual([BY_ROUTER, DIRECTLY]);
  expect(ways.slice(ways.indexOf(DIRECTLY))).not.toContain(BY_ROUTER);
});

it('where the router may not tell, all go on by it', async () => {
  expect(await waysOf(4, ['no-redirects'])).toEqual(Array(4).fill(BY_ROUTER));
});
