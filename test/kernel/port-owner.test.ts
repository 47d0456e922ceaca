/** A UDP port that a tunnel's device wants has one owner: who that is, is told, and nothing of the lab is left. */
import { expect, it, vi } from 'vitest';
import { buildLab } from '../../src/agent/lab.ts';
import type { KernelError } from '../../src/apply/kernel/errors.ts';
import type { KernelState, Link } from '../../src/compile/kernel-state.ts';
import { prepared, sandboxes } from './tools.ts';

const { cluster, state } = prepared('topologies/cross-node-vxlan.yaml', { faults: ['vxlan-port-taken'] });

/** As if nobody had noticed that the port is taken: flannel.1 is to be up all the same. */
function unaware({ namespaces }: KernelState): KernelState {
  const raised = (link: Link): Link => ({ ...link, up: true });
  return { namespaces: namespaces.map((each) => ({ ...each, links: each.links.map(raised) })) };
}

it('another VXLAN device is named, and what to do', async () => {
  await expect(buildLab(cluster, unaware(state), await sandboxes.for(state))).rejects.toMatchObject({
    details: {
      command: 'ip -n node.node1 link set flannel.1 up',
      cause: 'UDP port 8472 of flannel.1 is taken by the VXLAN device cilium_vxlan (EADDRINUSE)',
      remedy: 'remove that (ip link del cilium_vxlan), or give flannel.1 another port (spec.cluster.cni)',
    },
  });
});

const HOLDER = 'require("dgram").createSocket("udp4").bind(8472); setTimeout(() => process.exit(), 20_000)';

it('a process is named with its number, and when it has ended the device comes up', async () => {
  const down = { namespaces: state.namespaces.map((each) => ({ ...each, links: each.links.filter(isOwn) })) };
  const lab = await buildLab(cluster, down, await sandboxes.for(down));
  const run = (...argv: string[]) => lab.agent.call('run', { namespace: 'node.node1', argv });
  const raise = () => {
    const change = { name: 'flannel.1', up: true };
    const origin = { file: 'lab.yaml', line: 1 };
    return lab.agent.call('apply', { operations: [{ kind: 'set-link', namespace: 'node.node1', change, origin }] });
  };
  try {
    const held = run(process.execPath, '-e', HOLDER);
    await vi.waitUntil(async () => (await run('ss', '-Huln', 'sport = :8472')).stdout !== '', 10_000);
    const error = await raise().then(
      () => undefined,
      (reason: KernelError) => reason,
    );
    const [, number = ''] = /taken by process (\d+), \S+ \(EADDRINUSE\)/.exec(error!.details.cause)!;
    expect(error!.details.remedy).toMatch(/^end that process, or give flannel\.1 another port/);
    await run('kill', number);
    await held;
    await raise();
  } finally {
    await lab.close();
  }
});

function isOwn({ kind }: Link): boolean {
  return kind !== 'external-vxlan';
}
