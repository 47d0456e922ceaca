/**
 * What each mode of the network plugin leaves in the kernel, in the words of ip, bridge and iptables-save: of a node, of a pod
 * on it, and of the router. A difference is a change in what labs are: read it, then refresh with
 * `npx vitest run --project kernel test/kernel/cni-state.test.ts -u`.
 */
import { describe, expect, it } from 'vitest';
import { buildLab, type Lab } from '../../src/agent/lab.ts';
import { CNI_MODES } from '../../src/parse/schema/cni.ts';
import { prepared, sandboxes } from './tools.ts';

/** Plugins draw names and MAC addresses: plugins.test.ts holds them against mode bridge. */
const MODES = CNI_MODES.filter((mode) => mode !== 'plugins');
const NAMESPACES = ['node.node1', 'pod.default.a', 'router.vpc'];

const LISTINGS: readonly [command: string, readable: (line: string) => string | undefined][] = [
  ['ip -d -o link', linkLine],
  ['ip -o addr', (line) => /^\d+: (\S+ +inet \S+(?: brd \S+)? scope \S+)/.exec(line)?.[1]],
  ['ip route', (line) => line],
  ['ip neigh show nud permanent', (line) => line],
  /** What the kernel adds for multicast and for VLANs is not the plugin's. */
  ['bridge fdb', (line) => (/^(33:33|01:00:5e):|\bvlan \d+/.test(line) ? undefined : line)],
  ['iptables-save', (line) => (/^(#|COMMIT|:(?!.* - ))/.test(line) ? undefined : line.replace(/ \[\d+:\d+\]/, ''))],
];

/** A link as far as the plugin decides: name, MTU, address, master and flag of a port, and what its kind is told. */
function linkLine(line: string): string | undefined {
  const [, name, rest = ''] = /^\d+: ([^:@]+)\S* (.*)$/.exec(line) ?? [];
  /** Every namespace has lo, and tunl0 as soon as the module ipip is loaded. */
  if (name === undefined || name === 'lo' || name === 'tunl0') return undefined;
  const word = (pattern: RegExp) => pattern.exec(rest)?.[0];
  return [
    `${name}:`,
    word(/\bmtu \d+/),
    word(/\blink\/(ether \S+|none|ipip \S+)/),
    word(/\bmaster \S+/),
    word(/\bhairpin \S+/),
    word(/(?<=\\ +)(bridge|veth|wireguard|(vxlan|ipip|tun) .*?(?= addrgenmode| numtxqueues|\\))/),
  ]
    .filter(Boolean)
    .join(' ');
}

async function stateOf({ agent }: Lab, namespaces: readonly string[]): Promise<string> {
  const parts: string[] = [];
  for (const namespace of namespaces) {
    for (const [command, readable] of LISTINGS) {
      const { stdout } = await agent.call('run', { namespace, argv: command.split(' ') });
      const lines = stdout.split('\n').flatMap((line) => readable(line.replace(/ +/g, ' ').trim()) || []);
      /** tunl0 is the first device or the last, as the module ipip was loaded before or for it. */
      lines.sort((a, b) => Number(a.startsWith('tunl0 ')) - Number(b.startsWith('tunl0 ')));
      if (lines.length > 0) parts.push(`# ${namespace}: ${command}`, ...lines, '');
    }
  }
  return parts.join('\n');
}

describe('the kernel state of a mode is that of a real node:', { timeout: 600_000 }, () => {
  it.for(MODES)('%s', async (cni) => {
    const { cluster, state } = prepared('topologies/cni-modes.yaml', { cni, proxy: 'none' });
    const lab = await buildLab(cluster, state, await sandboxes.for(state));
    const text = await stateOf(lab, NAMESPACES).finally(() => lab.close());
    await expect(text).toMatchFileSnapshot(`../golden/state/${cni}.txt`);
  });
});
