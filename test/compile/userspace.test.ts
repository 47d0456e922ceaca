/**
 * kube-proxy, mode userspace: its chains and jumps, the portals of every kind of address, and the ports its process serves
 * (kubernetes pkg/proxy/userspace/proxier.go).
 */
import { describe, expect, it } from 'vitest';
import { formatIptables } from '../../src/compile/iptables.ts';
import type { KernelState } from '../../src/compile/kernel-state.ts';
import { endpointsObject, pod, service, slice, stream, topology } from '../model/objects.ts';
import { chainsOf, namespaceOf, rulesOf, stateOf, sysctlsOf } from './state.ts';

const lab = (proxy: object = {}, spec: object = {}) =>
  topology({
    nodes: [{ name: 'node1' }, { name: 'node2' }],
    cluster: { proxy: { mode: 'userspace', ...proxy } },
    ...spec,
  });
const LAB = lab();
const web = (name: string, node: string, fields: object = {}) => pod(name, { labels: { app: 'web' }, node, ...fields });

function onNode1(...documents: readonly string[]) {
  return lookInto(stateOf(stream(...documents)));
}

function lookInto(state: KernelState) {
  const node = namespaceOf(state, 'node.node1');
  return {
    node,
    nat: (chain: string) => rulesOf(node, 'nat', chain),
    filter: (chain: string) => rulesOf(node, 'filter', chain),
    relays: node.relays,
  };
}

describe('on every node', () => {
  const { node, nat, filter } = onNode1(LAB);

  it('portals come first, NodePorts last', () => {
    const portals = '-m comment --comment "handle ClusterIPs; NOTE: this must be before the NodePort rules" -j';
    const nodePorts =
      '-m addrtype --dst-type LOCAL -m comment --comment "handle service NodePorts; NOTE: this must be the last rule in the chain" -j';
    expect(nat('PREROUTING')).toEqual([`${portals} KUBE-PORTALS-CONTAINER`, `${nodePorts} KUBE-NODEPORT-CONTAINER`]);
    expect(nat('OUTPUT')).toEqual([`${portals} KUBE-PORTALS-HOST`, `${nodePorts} KUBE-NODEPORT-HOST`]);
  });

  it('what is sent to a NodePort may come in, before any other rule is asked', () => {
    expect(filter('INPUT')[0]).toBe(
      '-m comment --comment "Ensure that non-local NodePort traffic can flow" -j KUBE-NODEPORT-NON-LOCAL',
    );
  });

  it('there are no other chains of kube-proxy, and none that masquerades', () => {
    const own = (table: 'nat' | 'filter') =>
      Object.keys(chainsOf(node, table)).filter((chain) => /^KUBE-(?!KUBELET)/.test(chain));
    expect(own('nat')).toEqual([
      'KUBE-PORTALS-CONTAINER',
      'KUBE-PORTALS-HOST',
      'KUBE-NODEPORT-CONTAINER',
      'KUBE-NODEPORT-HOST',
    ]);
    expect(own('filter')).toEqual(['KUBE-FIREWALL', 'KUBE-NODEPORT-NON-LOCAL']);
    expect(formatIptables(node.iptables!)).not.toContain('MARK --');
  });

  it('connections are remembered as long as in the other modes', () => {
    expect(sysctlsOf(node)).toMatchObject({
      'net.netfilter.nf_conntrack_tcp_timeout_established': '86400',
      'net.netfilter.nf_conntrack_tcp_timeout_close_wait': '3600',
    });
  });
});

describe('a ClusterIP', () => {
  const { nat, filter, relays } = onNode1(
    LAB,
    service('web', { ports: [{ name: 'http', port: 80, targetPort: 8080 }] }),
    web('a', 'node1'),
  );
  const proxyPort = relays[0]!.port;

  it('leads to the proxy port: what comes in by redirection, what the node sends by the node’s address', () => {
    const match = '-m comment --comment default/web:http -p tcp -m tcp --dport 80 -d 10.96.0.100/32';
    expect(nat('KUBE-PORTALS-CONTAINER')).toEqual([`${match} -j REDIRECT --to-ports ${proxyPort}`]);
    expect(nat('KUBE-PORTALS-HOST')).toEqual([`${match} -j DNAT --to-destination 10.0.0.11:${proxyPort}`]);
    expect(nat('KUBE-NODEPORT-CONTAINER')).toEqual([]);
    expect(filter('KUBE-NODEPORT-NON-LOCAL')).toEqual([]);
  });

  it('is served by a process that knows the endpoints', () => {
    expect(relays).toMatchObject([
      {
        program: 'kube-proxy',
        serves: 'default/web:http',
        protocol: 'TCP',
        endpoints: [{ address: '10.244.1.2', port: 8080 }],
        held: [],
      },
    ]);
    expect(relays[0]).not.toHaveProperty('affinitySeconds');
  });
});

it('a NodePort leads there as well, is let in, and is held', () => {
  const { nat, filter, relays } = onNode1(LAB, service('web', { type: 'NodePort' }), web('a', 'node1'));
  const { port } = relays[0]!;
  const match = '-m comment --comment default/web -p tcp -m tcp --dport';
  expect(nat('KUBE-NODEPORT-CONTAINER')).toEqual([`${match} 30080 -j REDIRECT --to-ports ${port}`]);
  expect(nat('KUBE-NODEPORT-HOST')).toEqual([`${match} 30080 -j DNAT --to-destination 10.0.0.11:${port}`]);
  expect(filter('KUBE-NODEPORT-NON-LOCAL')).toEqual([`${match} ${port} -m state --state NEW -j ACCEPT`]);
  expect(relays[0]!.held).toEqual([{ port: 30_080 }]);
});

it('an external IP is not redirected for pods of the node, unless it is the node’s own', () => {
  const { nat, relays } = onNode1(LAB, service('web', { externalIPs: ['192.0.2.10'] }));
  const { port } = relays[0]!;
  const match = '-m comment --comment default/web -p tcp -m tcp --dport 80 -d 192.0.2.10/32';
  expect(nat('KUBE-PORTALS-CONTAINER').slice(1)).toEqual([
    `${match} -m physdev ! --physdev-is-in -j REDIRECT --to-ports ${port}`,
    `${match} -m addrtype --dst-type LOCAL -j REDIRECT --to-ports ${port}`,
  ]);
  expect(nat('KUBE-PORTALS-HOST').slice(1)).toEqual([
    `${match} -m addrtype --dst-type LOCAL -j DNAT --to-destination 10.0.0.11:${port}`,
  ]);
});

it('a load balancer’s address is a portal as the ClusterIP, whatever its ipMode and source ranges', () => {
  const ingress = [{ ip: '10.0.0.60' }, { ip: '10.0.0.61', ipMode: 'Proxy' }];
  const balanced = { type: 'LoadBalancer', loadBalancerSourceRanges: ['10.0.0.0/30'] };
  const { nat } = onNode1(LAB, service('web', balanced, { status: { loadBalancer: { ingress } } }));
  for (const chain of ['KUBE-PORTALS-CONTAINER', 'KUBE-PORTALS-HOST'])
    expect(nat(chain).map((rule) => / -d (\S+) /.exec(rule)?.[1])).toEqual([
      '10.96.0.100/32',
      '10.0.0.60/32',
      '10.0.0.61/32',
    ]);
});

it('UDP has rules and a port of its own, SCTP has none', () => {
  const ports = ['TCP', 'UDP', 'SCTP'].map((protocol) => ({ name: protocol.toLowerCase(), port: 53, protocol }));
  const { nat, relays } = onNode1(LAB, service('dns', { ports }));
  expect(nat('KUBE-PORTALS-CONTAINER').map((rule) => / -p (\S+) -m \S+ --dport 53 /.exec(rule)?.[1])).toEqual([
    'tcp',
    'udp',
  ]);
  expect(relays.map(({ serves, protocol }) => `${serves} ${protocol}`)).toEqual([
    'default/dns:tcp TCP',
    'default/dns:udp UDP',
  ]);
  expect(relays[0]!.port).not.toBe(relays[1]!.port);
});

describe('a port that is taken on the node', () => {
  const listening = web('host', 'node1', { spec: { hostNetwork: true }, ports: [8000] });

  it('is no portal, nor is what would have been opened after it', () => {
    const taken = service('web', {
      type: 'NodePort',
      externalIPs: ['10.0.0.11', '192.0.2.10'],
      ports: [{ port: 8000 }],
    });
    const { nat, relays } = onNode1(LAB, taken, listening);
    expect(nat('KUBE-PORTALS-CONTAINER')).toEqual([expect.stringContaining(' -d 10.96.0.100/32 ')]);
    expect(nat('KUBE-NODEPORT-CONTAINER')).toEqual([]);
    expect(relays[0]!.held).toEqual([]);
  });

  it('belongs to the first Service that wants it', () => {
    const external = { externalIPs: ['10.0.0.11'] };
    const { nat, relays } = onNode1(LAB, service('a', external), service('b', external));
    expect(relays.map(({ held }) => held)).toEqual([[{ address: '10.0.0.11', port: 80 }], []]);
    expect(nat('KUBE-PORTALS-HOST').filter((rule) => rule.includes(' -d 10.0.0.11/32 '))).toHaveLength(1);
  });

  it('is free on other nodes', () => {
    const state = stateOf(stream(LAB, service('web', { externalIPs: ['10.0.0.12'] }), listening));
    const held = (node: string) => namespaceOf(state, node).relays[0]!.held;
    expect([held('node.node1'), held('node.node2')]).toEqual([[], [{ address: '10.0.0.12', port: 80 }]]);
  });
});

describe('proxy ports', () => {
  const portsOf = (...documents: readonly string[]) =>
    Object.fromEntries(onNode1(...documents).relays.map(({ serves, port }) => [serves, port]));

  it('come from the range the kernel gives to connections, the same on all nodes', () => {
    const state = stateOf(stream(LAB, service('web'), service('db')));
    const [first, second] = ['node.node1', 'node.node2'].map((name) =>
      namespaceOf(state, name).relays.map(({ port }) => port),
    );
    expect(first).toEqual(second);
    for (const port of first!) {
      expect(port).toBeGreaterThanOrEqual(32_768);
      expect(port).toBeLessThanOrEqual(60_999);
    }
  });

  it('stay when other Services come', () => {
    expect(portsOf(LAB, service('web'), service('a'), service('z'))['default/web']).toBe(
      portsOf(LAB, service('web'))['default/web'],
    );
  });

  it('come from portRange, each once, and pass over what is taken, until none is left', () => {
    const narrow = lab({ portRange: '40000-40003' });
    const services = ['a', 'b', 'c', 'd', 'e'].map((name) => service(name));
    const busy = pod('busy', { node: 'node1', ports: [40_001], spec: { hostNetwork: true } });
    expect(Object.values(portsOf(narrow, busy, ...services)).sort()).toEqual([40_000, 40_002, 40_003]);
  });
});

describe('endpoints', () => {
  const addressesOf = (...documents: readonly string[]) =>
    onNode1(...documents).relays.flatMap(({ endpoints }) => endpoints.map(({ address }) => address));

  it('are all that are ready, wherever they are and whatever the policies say', () => {
    const local = service('web', { type: 'NodePort', internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' });
    const notReady = web('c', 'node1', { status: { conditions: [{ type: 'Ready', status: 'False' }] } });
    expect(addressesOf(LAB, local, web('a', 'node1'), web('b', 'node2'), notReady)).toEqual([
      '10.244.1.2',
      '10.244.2.2',
    ]);
  });

  it('are those of Endpoints objects: slices that somebody wrote are none, and nothing needs mirroring', () => {
    const bare = { selector: undefined };
    const own = slice('web-1', 'web', [{ addresses: ['10.9.9.9'] }]);
    expect(addressesOf(LAB, service('web', bare), own)).toEqual([]);
    const unmirrored = endpointsObject('web', [{ addresses: [{ ip: '10.9.9.8' }], ports: [{ port: 80 }] }], {
      'endpointslice.kubernetes.io/skip-mirror': 'true',
    });
    expect(addressesOf(LAB, service('web', bare), own, unmirrored)).toEqual(['10.9.9.8']);
  });

  it('are kept to for three hours, whatever timeout the Service has', () => {
    const sticky = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 5 } } };
    expect(onNode1(LAB, service('web', sticky)).relays[0]!.affinitySeconds).toBe(10_800);
  });
});
