/** A lab that is changed into another ends in the kernel state that other has when it is built anew. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { buildLab } from '../../src/agent/lab.ts';
import type { Sandbox } from '../../src/agent/sandbox.ts';
import type { KernelState, Link, Namespace } from '../../src/compile/kernel-state.ts';
import type { Prepared } from '../../src/pipeline.ts';
import { converge } from '../../src/plan/converge.ts';
import { ipv6State, NODE } from './ipv6-state.ts';
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

type Buildable = Pick<Prepared, 'state'> & { readonly cluster: Pick<Prepared['cluster'], 'listeners'> };

async function built({ cluster, state }: Buildable, sandbox: Sandbox) {
  return buildLab(cluster as Prepared['cluster'], state, sandbox);
}

async function changed(from: Buildable, to: Buildable, sandbox: Sandbox): Promise<Record<string, string>> {
  const lab = await built(from, sandbox);
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
  const fresh = await built(to, sandbox);
  const expected = await snapshot(fresh).finally(() => fresh.close());
  expect(await changed(from, to, sandbox)).toEqual(expected);
});

it('a lab that is what it should be needs no step', () => {
  const { state } = preparedText(BASE);
  expect(converge(state, preparedText(BASE).state).operations).toEqual([]);
});

/** Edits of node1 in the lab made by hand. */
const IPV6_CHANGES: Record<string, (node: Namespace) => Partial<Namespace>> = {
  'an address of IPv6 gets another length, and a route is sent from it': ({ addresses }) => ({
    addresses: addresses.map((each) => (each.device === 'eth0' ? { ...each, address: `${NODE.node1}/80` } : each)),
  }),
  'addresses of IPv6 are added, and another one is sent from': ({ addresses, origin }) => ({
    addresses: [...addresses, { device: 'eth0', address: 'fd00:10::7/64', origin }],
  }),
  'a device with IPv6 goes down': ({ links, routes }) => ({
    links: links.map((link) => (link.name === 'cni0' ? { ...link, up: false } : link)),
    routes: routes.filter(({ device }) => device !== 'cni0'),
  }),
  'a device loses its link-local address': ({ links }) => ({
    links: links.map(({ ipv6, ...link }) => (link.name === 'flannel-v6.1' || !ipv6 ? link : { ...link, ipv6 }) as Link),
  }),
  'a tunnel leads elsewhere, and rules of IPv6 go': ({ fdb, neighbours, ip6tables }) => ({
    fdb: fdb.map((entry) => ({ ...entry, destination: 'fd00:10::77' })),
    neighbours: neighbours.map((entry) => ({ ...entry, address: 'fd00:244:2::7' })),
    ip6tables: {
      tables: ip6tables!.tables.map((table) => ({
        ...table,
        chains: table.chains.map((chain) => (table.name === 'filter' ? { ...chain, rules: [] } : chain)),
      })),
    },
  }),
};

it.for(Object.keys(IPV6_CHANGES).flatMap((name) => [name, `${name}: and back`]))('%s', async (title) => {
  const change = IPV6_CHANGES[title.replace(': and back', '')]!;
  const plain = ipv6State();
  const edited = {
    namespaces: plain.namespaces.map((each) => (each.name === 'node.node1' ? { ...each, ...change(each) } : each)),
  };
  const bare = (state: KernelState): Buildable => ({ state, cluster: { listeners: [] } });
  const [from, to] = title.endsWith('and back') ? [bare(edited), bare(plain)] : [bare(plain), bare(edited)];
  const sandbox = await sandboxes.for(plain);
  const fresh = await built(to, sandbox);
  const expected = await snapshot({ agent: fresh.agent, state: to.state }).finally(() => fresh.close());
  expect(await changed(from, to, sandbox)).toEqual(expected);
});
