/**
 * Every topology holds in every mode of kube-proxy that it is meant for, and one in every mode of the network plugin: where a
 * mode differs by design, the check says so.
 */
import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test as it } from 'vitest';
import { CNI_MODES } from '../../src/parse/schema/cni.ts';
import { PROXY_MODES } from '../../src/parse/schema/proxy.ts';
import { type Prepared, test } from '../../src/pipeline.ts';
import { prepared, sandboxes } from './tools.ts';

const FILES = readdirSync('topologies').filter((file) => file.endsWith('.yaml'));
/** Where this kernel has no IPVS, all of them in an emulated machine take minutes: `scripts/test --sandbox vm` takes those. */
const hasIpvs = process.env.PACKETWALK_SANDBOX === 'vm' || existsSync('/proc/net/ip_vs');
/** iptables is the mode of most topologies, and `none` has no Services: claims.test.ts runs them as they are. */
const MODES = PROXY_MODES.filter((mode) => mode !== 'iptables' && mode !== 'none');
const TIMEOUT = 600_000;

describe.each(
  MODES.map((mode) => {
    const isLeftOut = mode === 'ipvs' && !hasIpvs;
    return { mode, isLeftOut, title: `in mode ${mode}${isLeftOut ? ', left out: this kernel has no IPVS' : ''}` };
  }),
)('$title', { timeout: TIMEOUT }, ({ mode, isLeftOut }) => {
  const inputs = FILES.map((file) => ({ file, input: prepared(`topologies/${file}`, { proxy: mode }) }));
  const suited = inputs.filter(({ input }) => input.cluster.suitsModes);
  it.skipIf(isLeftOut).concurrent.for(suited)('$file', ({ file, input }) => expectHolds(file, input));
});

describe('in every mode of the network plugin', { timeout: TIMEOUT }, () => {
  const file = 'cni-modes.yaml';
  it.concurrent.for(CNI_MODES)('%s', (cni) => expectHolds(file, prepared(`topologies/${file}`, { cni })));
});

async function expectHolds(file: string, input: Prepared): Promise<void> {
  const { verdicts, problem } = await test(input, { file, sandboxes });
  expect(problem).toBeUndefined();
  expect(verdicts.length).toBeGreaterThan(0);
  expect(
    verdicts.filter(({ verdict }) => verdict !== 'pass').map(({ check, reason }) => `${check.name}: ${reason}`),
  ).toEqual([]);
}
