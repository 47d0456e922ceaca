/**
 * The plan is the program: the script it prints, run by hand, and the lab as it is really built, by rtnetlink and in
 * batches, end in the same kernel state.
 */
import { accessSync, constants, mkdtempSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { buildLab } from '../../src/agent/lab.ts';
import { namespaceSandbox } from '../../src/agent/sandbox.ts';
import { namespacesCommand, usualNamespaces } from '../../src/apply/sandbox/namespaces.ts';
import type { KernelState } from '../../src/compile/kernel-state.ts';
import type { Cluster } from '../../src/model/cluster.ts';
import { plan } from '../../src/plan/index.ts';
import { formatScript } from '../../src/plan/script.ts';
import { ipv6State } from './ipv6-state.ts';
import { normalized, prepared, run, SNAPSHOT, snapshot } from './tools.ts';

const TOPOLOGIES = [
  'same-node',
  'cross-node-vxlan',
  'cross-node-host-gw',
  'cross-node-gateway',
  'bridge',
  'aws-vpc',
  'load-balancer-ip',
  'session-affinity',
  'external-ips',
  'userspace-proxy',
  ...(mayOpen('/dev/net/tun') ? ['cross-node-udp'] : []),
];

function mayOpen(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** A TUN device has a carrier as long as a process has it open, and the script starts none. */
function withoutCarrier(snapshot: Record<string, string>): Record<string, string> {
  const lines = (listing: string) =>
    listing
      .split('\n')
      .map((line) => (line.includes('flannel0') ? line.replace(/NO-CARRIER,|,LOWER_UP| linkdown/g, '').trim() : line));
  return Object.fromEntries(Object.entries(snapshot).map(([title, listing]) => [title, lines(listing).join('\n')]));
}

/** How long a kernel may take to notice a carrier, and to give the link its own address of IPv6 (net/core/link_watch.c). */
const SETTLING_SECONDS = 2;

/** Runs a script in a sandbox and prints the state of every namespace, a while later. */
async function snapshotOfScript(
  script: string,
  namespaces: readonly string[],
  settling: number,
): Promise<Record<string, string>> {
  const folder = mkdtempSync('/tmp/packetwalk-plan-');
  writeFileSync(`${folder}/lab.sh`, script);
  const list = namespaces.flatMap((name) =>
    SNAPSHOT.map(
      (argv) =>
        `echo '=== ${name}: ${argv.join(' ')}'; nsenter --net=/run/netns/${name} ${argv.join(' ')} 2>/dev/null || true`,
    ),
  );
  writeFileSync(
    `${folder}/all.sh`,
    `mount -t tmpfs tmpfs /run && sh ${folder}/lab.sh && sleep ${settling} && {\n${list.join('\n')}\n}\n`,
  );
  const [program = '', ...args] = namespacesCommand(usualNamespaces(), ['sh', `${folder}/all.sh`], true);
  const { code, stdout, stderr } = await run(program, args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return Object.fromEntries(
    stdout
      .split(/^=== /m)
      .slice(1)
      .map((section) => {
        const [title = '', ...lines] = section.split('\n');
        return [title, normalized(lines.join('\n'))];
      }),
  );
}

async function expectSame(
  name: string,
  state: KernelState,
  cluster: Pick<Cluster, 'listeners'>,
  settling = 0,
): Promise<void> {
  const lab = await buildLab(cluster as Cluster, state, namespaceSandbox(usualNamespaces()));
  await delay(settling * 1000);
  const built = await snapshot(lab).finally(() => lab.close());
  const scripted = await snapshotOfScript(
    formatScript(plan(state), name),
    state.namespaces.map((namespace) => namespace.name),
    settling,
  );
  expect(Object.keys(built).length).toBe(state.namespaces.length * SNAPSHOT.length);
  expect(withoutCarrier(built)).toEqual(withoutCarrier(scripted));
}

it.each(TOPOLOGIES)('%s: the script and the lab are the same', async (name) => {
  const { cluster, state } = prepared(`topologies/${name}.yaml`);
  await expectSame(name, state, cluster);
});

it('with IPv6, the script and the lab are the same', () =>
  expectSame('ipv6', ipv6State(), { listeners: [] }, SETTLING_SECONDS));
