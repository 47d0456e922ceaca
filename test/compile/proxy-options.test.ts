/** kube-proxy's options, and what it writes whatever the Services are. */
import { describe, expect, it } from 'vitest';
import { pod, service, stream, topology } from '../model/objects.ts';
import { chainsOf, namespaceOf, rulesOf, stateOf, sysctlsOf } from './state.ts';

const PODS = [pod('a', { labels: { app: 'web' }, node: 'node1' }), pod('b', { labels: { app: 'web' }, node: 'node2' })];

function node1(proxy: object, ...documents: readonly string[]) {
  const cluster = { cni: { mode: 'bridge', ipMasq: false }, proxy: { mode: 'iptables', ...proxy } };
  const nodes = [{ name: 'node1', addresses: ['10.0.0.11', '10.0.0.21'] }, { name: 'node2' }];
  return namespaceOf(stateOf(stream(topology({ cluster, nodes }), ...documents)), 'node.node1');
}

describe('the jumps from the built-in chains', () => {
  const jumps = (table: 'nat' | 'filter') =>
    Object.fromEntries(
      Object.entries(chainsOf(node1({}), table))
        .filter(([chain]) => !chain.startsWith('KUBE-'))
        .map(([chain, rules]) => [chain, rules]),
    );
  const portals = (target: string, comment: string) =>
    `-m conntrack --ctstate NEW -m comment --comment "${comment}" -j ${target}`;

  it('stand in the order kube-proxy leaves them in, the last one written on top, kubelet’s older one at the bottom', () => {
    expect(jumps('filter')).toEqual({
      INPUT: [
        portals('KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall'),
        '-m comment --comment "kubernetes health check service ports" -j KUBE-NODEPORTS',
        portals('KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals'),
        '-j KUBE-FIREWALL',
      ],
      FORWARD: [
        portals('KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall'),
        '-m comment --comment "kubernetes forwarding rules" -j KUBE-FORWARD',
        portals('KUBE-SERVICES', 'kubernetes service portals'),
        portals('KUBE-EXTERNAL-SERVICES', 'kubernetes externally-visible service portals'),
      ],
      OUTPUT: [
        portals('KUBE-PROXY-FIREWALL', 'kubernetes load balancer firewall'),
        portals('KUBE-SERVICES', 'kubernetes service portals'),
        '-j KUBE-FIREWALL',
      ],
    });
    expect(jumps('nat')).toEqual({
      PREROUTING: ['-m comment --comment "kubernetes service portals" -j KUBE-SERVICES'],
      INPUT: [],
      OUTPUT: ['-m comment --comment "kubernetes service portals" -j KUBE-SERVICES'],
      POSTROUTING: ['-m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING'],
    });
  });

  it('leave the policies alone', () => {
    for (const { chains } of node1({}).iptables!.tables) {
      for (const { name, policy } of chains) expect(policy).toBe(name.startsWith('KUBE-') ? undefined : 'ACCEPT');
    }
  });

  it('come with a canary in each table', () => {
    for (const table of ['mangle', 'nat', 'filter'] as const) {
      expect(chainsOf(node1({}), table)).toMatchObject({ 'KUBE-PROXY-CANARY': [], 'KUBE-KUBELET-CANARY': [] });
    }
  });

  it('are not there in mode none, kubelet’s own ones are', () => {
    const cluster = { cni: { mode: 'bridge', ipMasq: false }, proxy: { mode: 'none' } };
    const node = namespaceOf(stateOf(stream(topology({ cluster }), service('web'), ...PODS)), 'node.node1');
    expect(chainsOf(node, 'filter')).toEqual({
      INPUT: ['-j KUBE-FIREWALL'],
      FORWARD: [],
      OUTPUT: ['-j KUBE-FIREWALL'],
      'KUBE-KUBELET-CANARY': [],
      'KUBE-FIREWALL': [expect.stringContaining('"block incoming localnet connections"')],
    });
    expect(Object.keys(chainsOf(node, 'nat'))).not.toContain('KUBE-SERVICES');
  });
});

describe('the mark', () => {
  it.each([
    [0, '0x00000001'],
    [14, '0x00004000'],
    [31, '0x80000000'],
  ])('of bit %i is %s everywhere', (masqueradeBit, mark) => {
    const node = node1({ masqueradeBit });
    expect(rulesOf(node, 'nat', 'KUBE-MARK-MASQ')).toEqual([`-j MARK --or-mark ${mark}`]);
    expect(rulesOf(node, 'nat', 'KUBE-POSTROUTING').slice(0, 2)).toEqual([
      `-m mark ! --mark ${mark}/${mark} -j RETURN`,
      `-j MARK --xor-mark ${mark}`,
    ]);
    expect(rulesOf(node, 'filter', 'KUBE-FORWARD')[1]).toBe(
      `-m comment --comment "kubernetes forwarding rules" -m mark --mark ${mark}/${mark} -j ACCEPT`,
    );
  });
});

describe('what conntrack calls INVALID', () => {
  const DROP = '-m conntrack --ctstate INVALID -j DROP';
  const liberal = { conntrack: { tcpBeLiberal: true } };
  const sysctl = (proxy: object) => sysctlsOf(node1(proxy))['net.netfilter.nf_conntrack_tcp_be_liberal'];

  it('is dropped before anything else is asked', () => {
    expect(rulesOf(node1({}), 'filter', 'KUBE-FORWARD')[0]).toBe(DROP);
    expect(sysctl({})).toBeUndefined();
  });

  it.each(['iptables', 'ipvs', 'nftables'])('is not INVALID any more with tcpBeLiberal, in mode %s as well', (mode) => {
    expect(sysctl({ mode, ...liberal })).toBe('1');
  });

  it('is left alone with tcpBeLiberal', () => {
    expect(rulesOf(node1(liberal), 'filter', 'KUBE-FORWARD')).not.toContain(DROP);
  });
});

describe('traffic from outside the cluster’s pods is masqueraded to a ClusterIP', () => {
  const masquerade = (proxy: object) => {
    const node = node1(proxy, service('web'), ...PODS);
    const chain = Object.keys(chainsOf(node, 'nat')).find((name) => name.startsWith('KUBE-SVC-'))!;
    return rulesOf(node, 'nat', chain)
      .filter((rule) => rule.endsWith('-j KUBE-MARK-MASQ'))
      .map((rule) => rule.replace(/^.* --dport 80 /, ''));
  };

  it.each([
    ['ClusterCIDR', {}, ['! -s 10.244.0.0/16 -j KUBE-MARK-MASQ']],
    ['NodeCIDR', { detectLocalMode: 'NodeCIDR' }, ['! -s 10.244.1.0/24 -j KUBE-MARK-MASQ']],
    [
      'BridgeInterface',
      { detectLocalMode: 'BridgeInterface', detectLocal: { bridgeInterface: 'cni0' } },
      ['! -i cni0 -j KUBE-MARK-MASQ'],
    ],
    [
      'InterfaceNamePrefix',
      { detectLocalMode: 'InterfaceNamePrefix', detectLocal: { interfaceNamePrefix: 'veth' } },
      ['! -i veth+ -j KUBE-MARK-MASQ'],
    ],
    ['None', { detectLocalMode: 'None' }, []],
    ['BridgeInterface without a name', { detectLocalMode: 'BridgeInterface' }, []],
    ['InterfaceNamePrefix without a prefix', { detectLocalMode: 'InterfaceNamePrefix' }, []],
    ['masqueradeAll', { masqueradeAll: true }, ['-j KUBE-MARK-MASQ']],
    ['masqueradeAll, nothing detected', { masqueradeAll: true, detectLocalMode: 'None' }, ['-j KUBE-MARK-MASQ']],
  ])('%s', (_, proxy, expected) => {
    expect(masquerade(proxy)).toEqual(expected);
  });
});

describe('NodePorts', () => {
  const COMMENT = '-m comment --comment "kubernetes service nodeports; NOTE: this must be the last rule in this chain"';
  const lastRules = (proxy: object) =>
    rulesOf(node1(proxy, service('web', { type: 'NodePort' }), ...PODS), 'nat', 'KUBE-SERVICES').slice(1);

  it.each([
    ['on every address', {}, ['-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS']],
    [
      'on every address, written out',
      { nodePortAddresses: ['0.0.0.0/0'] },
      ['-m addrtype --dst-type LOCAL -j KUBE-NODEPORTS'],
    ],
    [
      'not on the loopback',
      { localhostNodePorts: false },
      ['-m addrtype --dst-type LOCAL ! -d 127.0.0.0/8 -j KUBE-NODEPORTS'],
    ],
    ['on the primary address', { nodePortAddresses: ['primary'] }, ['-d 10.0.0.11 -j KUBE-NODEPORTS']],
    [
      'on the addresses of a range',
      { nodePortAddresses: ['10.0.0.0/24'] },
      ['-d 10.0.0.11 -j KUBE-NODEPORTS', '-d 10.0.0.21 -j KUBE-NODEPORTS'],
    ],
    [
      'on the loopback and one address',
      { nodePortAddresses: ['127.0.0.0/8', '10.0.0.21/32'] },
      ['-d 10.0.0.21 -j KUBE-NODEPORTS', '-d 127.0.0.1 -j KUBE-NODEPORTS'],
    ],
    [
      'not on the loopback, though its range is given',
      { nodePortAddresses: ['127.0.0.0/8', '10.0.0.21/32'], localhostNodePorts: false },
      ['-d 10.0.0.21 -j KUBE-NODEPORTS'],
    ],
    ['on no address of this node', { nodePortAddresses: ['172.16.0.0/12'] }, []],
  ])('%s', (_, proxy, expected) => {
    expect(lastRules(proxy)).toEqual(expected.map((rule) => `${COMMENT} ${rule}`));
  });

  it.each([
    [{}, '1'],
    [{ nodePortAddresses: ['127.0.0.0/8'] }, '1'],
    [{ localhostNodePorts: false }, '0'],
    [{ nodePortAddresses: ['10.0.0.0/24'] }, '0'],
    [{ nodePortAddresses: ['primary'] }, '0'],
  ])('%j: the kernel routes 127.0.0.0/8: %s', (proxy, value) => {
    expect(sysctlsOf(node1(proxy))['net.ipv4.conf.all.route_localnet']).toBe(value);
  });
});

it('a node forwards, and its bridges show their packets to iptables', () => {
  expect(sysctlsOf(node1({}))).toMatchObject({
    'net.ipv4.ip_forward': '1',
    'net.bridge.bridge-nf-call-iptables': '1',
    'net.ipv4.conf.all.rp_filter': '0',
    'net.netfilter.nf_conntrack_tcp_timeout_established': '86400',
    'net.netfilter.nf_conntrack_tcp_timeout_close_wait': '3600',
  });
});
