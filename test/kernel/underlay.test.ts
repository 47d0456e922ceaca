/** The checks of the topologies about cables and interfaces fail when what they prove is taken out of the file. */
import { readFileSync } from 'node:fs';
import { describe, expect, test as it } from 'vitest';
import { test } from '../../src/pipeline.ts';
import { preparedText, sandboxes } from './tools.ts';

const MUTATIONS = [
  {
    title: 'two-interfaces without the interface named: flanneld takes the one with the default route',
    file: 'topologies/two-interfaces.yaml',
    line: 'cni: { mode: vxlan, iface: eth1 }',
    instead: 'cni: { mode: vxlan }',
    failing: [
      'the overlay goes over the network that joins the nodes',
      'a NodePort is one of both interfaces',
      'the tunnel stands on the second interface',
    ],
    /** A kernel limits its ICMP errors to each host (icmp_ratelimit): the lost overlay's packets may have used them up. */
    leftOut: "the nodes' first interfaces do not reach each other",
  },
  {
    title: 'mtu-per-link with the same MTU on both cables',
    file: 'topologies/mtu-per-link.yaml',
    line: '{ network: lan, mtu: 1400 }',
    instead: '{ network: lan }',
    failing: [
      'a large one is lost between the nodes, with no word to anybody',
      "each node's overlay has the MTU of its own link less the headers",
    ],
  },
  {
    title: 'impaired-links with no link impaired',
    file: 'topologies/impaired-links.yaml',
    line: /^ {2}impairments:\n(?: {4}-.*\n)+/m,
    instead: '',
    failing: [
      'a packet waits before it leaves the slow node',
      'a datagram of 1,000 bytes takes its time at 100 kbit/s',
      'what leaves the losing node is seen last before its interface',
      'nobody gets there either, for its answers to ARP are lost as well',
      'a host whose only interface is down has no route',
      'the kernel says so',
    ],
  },
];

describe('checks of the underlay', { timeout: 300_000 }, () => {
  it.for(MUTATIONS)('$title', async ({ file, line, instead, failing, leftOut }) => {
    const text = readFileSync(file, 'utf8');
    const mutated = text.replace(line, instead);
    expect(mutated).not.toBe(text);
    const { verdicts, problem } = await test(preparedText(mutated, file), {
      file,
      sandboxes,
      select: ({ name }) => name !== leftOut,
    });
    expect(problem).toBeUndefined();
    expect(verdicts.filter(({ verdict }) => verdict !== 'pass').map(({ check }) => check.name)).toEqual(failing);
  });
});
