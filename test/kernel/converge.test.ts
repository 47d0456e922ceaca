/** A lab that is changed into another ends in the kernel state that other has when it is built anew. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { buildLab } from '../../src/agent/lab.ts';
import type { Sandbox } from '../../src/agent/sandbox.ts';
import type { Prepared } from '../../src/pipeline.ts';
import { converge } from '../../src/plan/converge.ts';
import { preparedText, sandboxes, snapshot } from './tools.ts';

const BASE = readFileSync('topologies/nodeport-snat.yaml', 'utf8').replace(
  / {2}checks:[\s\S]*?\n---/,
  '  checks: []\n---',
);

function withPlugin(cni: string): string {
  return BASE.replace('spec:\n  networks', `spec:\n  cluster: { cni: ${cni} }\n  networks`);
}

const CHANGES: Record<string, [from: string, to: string]> = {
  'a pod moves to another node': [BASE, BASE.replace('nodeName: node2', 'nodeName: node1')],
  'pods are added': [BASE, BASE.replace('replicas: 1', 'replicas: 4')],
  'pods are removed': [BASE.replace('replicas: 1', 'replicas: 4'), BASE],
  'the last pod of a node goes': [BASE, BASE.replace('replicas: 1', 'replicas: 0')],
  'a Service gets another port': [BASE, BASE.replace('port: 80,', 'port: 81,')],
  'a Service becomes sticky': [BASE, BASE.replace('type: NodePort', 'type: NodePort\n  sessionAffinity: ClientIP')],
  'a node is added': [
    BASE,
    BASE.replace('{ name: node2, network: lan }]', '{ name: node2, network: lan }, { name: node3, network: lan }]'),
  ],
  'a node is removed': [
    BASE.replace('{ name: node2, network: lan }]', '{ name: node2, network: lan }, { name: node3, network: lan }]'),
    BASE,
  ],
  'the network plugin changes': [BASE, withPlugin('{ mode: host-gw }')],
  'the network plugin gets another device': [BASE, withPlugin('{ mode: vxlan, vni: 42, gbp: true, learning: true }')],
  'the network plugin routes directly': [
    withPlugin('{ mode: vxlan }'),
    withPlugin('{ mode: vxlan, directRouting: true }'),
  ],
  'the network plugin tunnels to all nodes': [
    withPlugin('{ mode: ipip, directRouting: true }'),
    withPlugin('{ mode: ipip }'),
  ],
  'the network plugin encrypts to another port': [
    withPlugin('{ mode: wireguard }'),
    withPlugin('{ mode: wireguard, listenPort: 51821 }'),
  ],
  'the network becomes that of a cloud': [BASE, withPlugin('{ mode: aws-vpc }')],
  'a cloud checks sources and destinations no longer': [
    withPlugin('{ mode: aws-vpc }').replace('checks: []', 'checks: []\n  faults: [{ fault: source-dest-check }]'),
    withPlugin('{ mode: aws-vpc }'),
  ],
  'the network plugin gets a process': [BASE, withPlugin('{ mode: udp }')],
  'the network plugin loses its process': [withPlugin('{ mode: udp }'), BASE],
  'the process of the network plugin listens elsewhere': [
    withPlugin('{ mode: udp }'),
    withPlugin('{ mode: udp, port: 8286 }'),
  ],
  'the process of the network plugin gets another peer': [
    withPlugin('{ mode: udp }'),
    withPlugin('{ mode: udp }').replace('node2, network: lan', 'node2, network: lan, address: 10.0.0.22'),
  ],
  'the device of the process is made anew': [
    withPlugin('{ mode: udp }'),
    withPlugin('{ mode: udp }').replace(
      'name: node2, network: lan',
      'name: node2, network: lan, podCIDR: 10.244.7.0/24',
    ),
  ],
  'a node with a process goes': [
    withPlugin('{ mode: udp }').replace(
      '{ name: node2, network: lan }]',
      '{ name: node2, network: lan }, { name: node3, network: lan }]',
    ),
    withPlugin('{ mode: udp }'),
  ],
  'kube-proxy is removed': [
    BASE,
    BASE.replace('spec:\n  networks', 'spec:\n  cluster: { proxy: { mode: none } }\n  networks'),
  ],
  'a fault is injected': [
    BASE,
    BASE.replace(
      '  checks: []',
      '  checks: []\n  faults: [ { fault: link-down, at: node/node2 }, { fault: no-hairpin }, { fault: no-masquerade } ]',
    ),
  ],
  'a fault is mended': [
    BASE.replace(
      '  checks: []',
      '  checks: []\n  faults: [ { fault: small-mtu, at: node/node2 }, { fault: no-hairpin }, { fault: no-route, at: node/node1 } ]',
    ),
    BASE,
  ],
  'a node gets another address': [
    BASE,
    BASE.replace('name: node2, network: lan', 'name: node2, network: lan, address: 10.0.0.22'),
  ],
  'the network gets another range': [
    BASE.replace('spec:\n  networks', 'spec:\n  cluster: {}\n  networks'),
    BASE.replace(/cidr: 10\.0\.0\.0\/24/, 'cidr: 10.0.0.0/16'),
  ],
  'the network gets another name': [BASE, BASE.replaceAll(/\blan\b/g, 'wire')],
  'a host is named like a node': [
    BASE,
    BASE.replace('hosts: [{ name: client, network: lan }]', 'hosts: [{ name: node1, network: lan }]'),
  ],
  'a router joins': [BASE, BASE.replace('  hosts:', '  routers: [{ name: gw, networks: [lan] }]\n  hosts:')],
  'a host gets a route and another address': [
    BASE,
    BASE.replace(
      'hosts: [{ name: client, network: lan }]',
      'hosts: [ { name: client, network: lan, addresses: [10.0.0.7, 10.0.0.8], routes: [ { to: 10.96.0.0/12, via: node/node1 } ] } ]',
    ),
  ],
};

async function changed(from: Prepared, to: Prepared, sandbox: Sandbox): Promise<Record<string, string>> {
  const lab = await buildLab(from.cluster, from.state, sandbox);
  try {
    await lab.agent.call('apply', converge(from.state, to.state));
    return await snapshot({ agent: lab.agent, state: to.state });
  } finally {
    await lab.close();
  }
}

/** Some labs wait for a virtual machine. */
it.for(Object.keys(CHANGES))('%s', { timeout: 300_000 }, async (name, { skip }) => {
  const [from, to] = CHANGES[name]!.map((text) => preparedText(text)) as [Prepared, Prepared];
  expect(converge(from.state, to.state).operations).not.toEqual([]);
  const both = { namespaces: [...from.state.namespaces, ...to.state.namespaces] };
  const isElsewhere = (await sandboxes.choose(both)) === 'vm' && process.env.PACKETWALK_SANDBOX !== 'vm';
  skip(isElsewhere, 'this kernel lacks what it takes, and an emulated one takes its time: scripts/test --sandbox vm');
  const sandbox = await sandboxes.for(both);
  const fresh = await buildLab(to.cluster, to.state, sandbox);
  const expected = await snapshot(fresh).finally(() => fresh.close());
  expect(await changed(from, to, sandbox)).toEqual(expected);
});

it('a lab that is what it should be needs no step', () => {
  const { state } = preparedText(BASE);
  expect(converge(state, preparedText(BASE).state).operations).toEqual([]);
});
