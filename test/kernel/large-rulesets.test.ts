/**
 * Rulesets of a size that an ordinary user's kernel takes in parts only: all of it is there, and a lab that changes has what one
 * has that is built anew. Root's takes them as they are, and must come to the same.
 */
import { expect, it } from 'vitest';
import { buildLab } from '../../src/agent/lab.ts';
import { converge } from '../../src/plan/converge.ts';
import { pod, service, stream, topology } from '../model/objects.ts';
import { normalized, preparedText, sandboxes } from './tools.ts';

/** So many lines of each Service are in the ruleset of a node: too many at once from about a hundred Services on. */
const LISTINGS = { iptables: ['iptables-save', '-t', 'nat'], nftables: ['nft', 'list', 'ruleset'] } as const;

function lab(proxy: keyof typeof LISTINGS, services: number) {
  const names = Array.from({ length: services }, (_, index) => `s${index}`);
  const nodes = topology({ cluster: { proxy: { mode: proxy } }, nodes: [{ name: 'node1' }] });
  const pods = ['a', 'b'].map((name) => pod(name, { labels: { app: 'web' }, node: 'node1' }));
  return preparedText(stream(nodes, ...pods, ...names.map((name) => service(name, { selector: { app: 'web' } }))));
}

it.each(['iptables', 'nftables'] as const)('of mode %s', { timeout: 120_000 }, async (proxy) => {
  const [large, other] = [lab(proxy, 600), lab(proxy, 400)];
  const sandbox = await sandboxes.for(large.state);
  const rulesOf = async ({ agent }: Awaited<ReturnType<typeof buildLab>>) =>
    normalized((await agent.call('run', { namespace: 'node.node1', argv: LISTINGS[proxy] })).stdout);
  const fresh = await buildLab(other.cluster, other.state, sandbox);
  const expected = await rulesOf(fresh).finally(() => fresh.close());
  expect(expected.split('\n').length).toBeGreaterThan(2000);
  const running = await buildLab(large.cluster, large.state, sandbox);
  try {
    expect((await rulesOf(running)).split('\n').length).toBeGreaterThan(3000);
    await running.agent.call('apply', converge(large.state, other.state));
    expect(await rulesOf(running)).toBe(expected);
  } finally {
    await running.close();
  }
});
