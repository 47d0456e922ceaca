/** kube-proxy's options in mode nftables, and what it writes whatever the Services are. */
import { describe, expect, it } from 'vitest';
import { pod, service, stream, topology } from '../model/objects.ts';
import { chainsOf, namespaceOf, nftablesOf, stateOf, sysctlsOf } from './state.ts';

const PODS = [pod('a', { labels: { app: 'web' }, node: 'node1' }), pod('b', { labels: { app: 'web' }, node: 'node2' })];

function node1(proxy: object, ...documents: readonly string[]) {
  const cluster = { cni: { mode: 'bridge', ipMasq: false }, proxy: { mode: 'nftables', ...proxy } };
  const nodes = [{ name: 'node1', addresses: ['10.0.0.11', '10.0.0.21'] }, { name: 'node2' }];
  return namespaceOf(stateOf(stream(topology({ cluster, nodes }), ...documents)), 'node.node1');
}

describe('the mark', () => {
  it.each([
    [0, '0x00000001'],
    [14, '0x00004000'],
    [31, '0x80000000'],
  ])('of bit %i is %s everywhere', (masqueradeBit, mark) => {
    const { chains } = nftablesOf(node1({ masqueradeBit }));
    expect(chains['mark-for-masquerade']).toEqual([`mark set mark or ${mark}`]);
    expect(chains.masquerading).toEqual([
      `mark and ${mark} == 0 return`,
      `mark set mark xor ${mark}`,
      'masquerade fully-random',
    ]);
  });
});

describe('traffic from outside the cluster’s pods is masqueraded to a ClusterIP', () => {
  const masquerade = (proxy: object) => {
    const { chains } = nftablesOf(node1(proxy, service('web'), ...PODS));
    const rules = Object.entries(chains).find(([name]) => /^service-.*\//.test(name))![1];
    return rules
      .filter((rule) => rule.endsWith('jump mark-for-masquerade'))
      .map((rule) => rule.replace('ip daddr 10.96.0.100 ', ''));
  };

  it.each([
    ['ClusterCIDR', {}, ['ip saddr != 10.244.0.0/16 jump mark-for-masquerade']],
    ['NodeCIDR', { detectLocalMode: 'NodeCIDR' }, ['ip saddr != 10.244.1.0/24 jump mark-for-masquerade']],
    [
      'BridgeInterface',
      { detectLocalMode: 'BridgeInterface', detectLocal: { bridgeInterface: 'cni0' } },
      ['iifname != cni0 jump mark-for-masquerade'],
    ],
    [
      'InterfaceNamePrefix',
      { detectLocalMode: 'InterfaceNamePrefix', detectLocal: { interfaceNamePrefix: 'veth' } },
      ['iifname != veth* jump mark-for-masquerade'],
    ],
    ['None', { detectLocalMode: 'None' }, []],
    ['BridgeInterface without a name', { detectLocalMode: 'BridgeInterface' }, []],
    ['masqueradeAll', { masqueradeAll: true }, ['jump mark-for-masquerade']],
    ['masqueradeAll, nothing detected', { masqueradeAll: true, detectLocalMode: 'None' }, ['jump mark-for-masquerade']],
  ])('%s', (_, proxy, expected) => {
    expect(masquerade(proxy)).toEqual(expected);
  });
});

describe('NodePorts', () => {
  const nodePorts = (proxy: object) => {
    const { chains, sets } = nftablesOf(node1(proxy, service('web', { type: 'NodePort' }), ...PODS));
    const [rule = ''] = chains.services!.filter((text) => text.endsWith(' vmap @service-nodeports'));
    const [check = ''] = chains['nodeport-endpoints-check']!;
    return { match: rule.replace(/ meta l4proto .*$/, ''), check, addresses: sets['nodeport-ips'] };
  };
  const RESTRICTED = {
    match: 'ip daddr @nodeport-ips',
    check: 'ip daddr @nodeport-ips meta l4proto . th dport vmap @no-endpoint-nodeports',
  };

  it.each([
    ['on the primary address, when nothing is said', {}, ['10.0.0.11']],
    ['on the primary address, written out', { nodePortAddresses: ['primary'] }, ['10.0.0.11']],
    ['on the addresses of a range', { nodePortAddresses: ['10.0.0.0/24'] }, ['10.0.0.11', '10.0.0.21']],
    [
      'on every interface that has an address of the range',
      { nodePortAddresses: ['10.0.0.21/32', '10.244.0.0/16'] },
      ['10.0.0.21', '10.244.1.1'],
    ],
    ['never on the loopback', { nodePortAddresses: ['127.0.0.0/8', '10.0.0.21/32'] }, ['10.0.0.21']],
    ['on no address of this node', { nodePortAddresses: ['172.16.0.0/12'] }, []],
  ])('%s', (_, proxy, addresses) => {
    expect(nodePorts(proxy)).toEqual({ ...RESTRICTED, addresses });
  });

  it.each([
    ['on every address', { nodePortAddresses: ['0.0.0.0/0'] }],
    ['on every address, when the list is about the other family', { nodePortAddresses: ['fd00::/64'] }],
  ])('%s but the loopback', (_, proxy) => {
    expect(nodePorts(proxy)).toEqual({
      match: 'fib daddr type local ip daddr != 127.0.0.0/8',
      check: 'ip daddr != 127.0.0.0/8 meta l4proto . th dport vmap @no-endpoint-nodeports',
      addresses: undefined,
    });
  });

  it('do not need 127.0.0.0/8 routed', () => {
    expect(sysctlsOf(node1({ localhostNodePorts: true }))['net.ipv4.conf.all.route_localnet']).toBe('0');
  });
});

describe('beside the table', () => {
  it('conntrack waits as long as kube-proxy has it', () => {
    expect(sysctlsOf(node1({}))).toMatchObject({
      'net.netfilter.nf_conntrack_tcp_timeout_established': '86400',
      'net.netfilter.nf_conntrack_tcp_timeout_close_wait': '3600',
    });
  });

  it('iptables holds what kubelet wrote, and nothing of kube-proxy', () => {
    const node = node1({}, service('web', { type: 'NodePort' }), ...PODS);
    const chains = (['mangle', 'nat', 'filter'] as const).flatMap((table) => Object.keys(chainsOf(node, table)));
    expect([...new Set(chains.filter((name) => name.startsWith('KUBE-')))].sort()).toEqual([
      'KUBE-FIREWALL',
      'KUBE-IPTABLES-HINT',
      'KUBE-KUBELET-CANARY',
    ]);
  });
});
