/**
 * Calico: cables without a bridge, blocks, Felix's rules with its hashes, BIRD's configuration. Hashes and names beside which
 * nothing else is said were read off nodes of clusters, in iptables-save.
 */
import { describe, expect, it } from 'vitest';
import { chainName, interfaceName, vtepMac } from '../../src/compile/cni/calico/names.ts';
import type { Pod } from '../../src/model/cluster.ts';
import { pod, stream, topology } from '../model/objects.ts';
import { bare, linkOf, namespaceOf, rulesOf, stateOf } from './state.ts';

const PODS = [pod('a', { node: 'node1' }), pod('a2', { node: 'node1' }), pod('b', { node: 'node2' })];
const NODES = [{ name: 'node1' }, { name: 'node2' }, { name: 'node3' }];

function lab(cni: object, spec: object = {}, documents: readonly string[] = PODS) {
  const cluster = { cni, proxy: { mode: 'none' } };
  const state = stateOf(stream(topology({ cluster, nodes: NODES, ...spec }), ...documents));
  return (name: string) => namespaceOf(state, name);
}

/** The hash of each rule of a chain. */
function hashesOf(
  namespace: ReturnType<ReturnType<typeof lab>>,
  table: 'raw' | 'nat' | 'filter',
  chain: string,
): string[] {
  return rulesOf(namespace, table, chain).flatMap((text) => /cali:(\S{16})"/.exec(text)?.[1] ?? []);
}

const ACROSS_A_ROUTER = {
  networks: [
    { name: 'lan', cidr: '10.0.0.0/24' },
    { name: 'dmz', cidr: '10.0.1.0/24' },
  ],
  nodes: [{ name: 'node1' }, { name: 'node2', network: 'dmz' }, { name: 'node3' }],
  routers: [{ name: 'gw', networks: ['lan', 'dmz'] }],
};

describe('a pod', () => {
  const at = lab({ mode: 'calico-vxlan' });
  const name = interfaceName({ namespace: 'default', name: 'a' } as Pod);

  it('has an address of its own, and a gateway that nobody has', () => {
    expect(bare(at('pod.default.a').addresses)).toEqual([{ device: 'eth0', address: '10.244.1.2/32' }]);
    expect(bare(at('pod.default.a').routes)).toEqual([
      { to: '169.254.1.1/32', device: 'eth0', onlink: false, scope: 'link' },
      { to: 'default', via: '169.254.1.1', device: 'eth0', onlink: false },
    ]);
  });

  it('has a cable to its node, which answers in the name of the gateway and routes to the pod', () => {
    expect(linkOf(at('node.node1'), name)).toMatchObject({
      kind: 'veth',
      mtu: 1450,
      mac: 'ee:ee:ee:ee:ee:ee',
      settings: { route_localnet: 1, proxy_arp: 1, proxy_delay: 0 },
    });
    expect(linkOf(at('node.node1'), name)).not.toHaveProperty('master');
    expect(bare(at('node.node1').routes)).toContainEqual({
      to: '10.244.1.2/32',
      device: name,
      onlink: false,
      scope: 'link',
    });
  });

  it.each([
    ['calico-ipip', 1480],
    ['calico-vxlan', 1450],
    ['calico-bgp', 1500],
  ])('has the MTU that is left: %s', (mode, mtu) => {
    expect(linkOf(lab({ mode })('pod.default.a'), 'eth0')).toMatchObject({ mtu });
    expect(linkOf(lab({ mode, mtu: 1300 })('pod.default.a'), 'eth0')).toMatchObject({ mtu: 1300 });
  });
});

describe('names', () => {
  it('that are too long for a chain are hashed', () => {
    expect(chainName('cali-pri-', 'kns.kube-system')).toBe('cali-pri-kns.kube-system');
    expect(chainName('cali-pri-', 'ksa.kube-system.konnectivity-agent')).toBe('cali-pri-_b-WIgmNvlBH1FuEYm2');
    expect(chainName('cali-pri-', 'ksa.default.default')).toBe('cali-pri-ksa.default.default');
  });

  it('of tunnel devices are from those of nodes', () => {
    const node = { name: 'node1' } as Parameters<typeof vtepMac>[0];
    expect(vtepMac(node, 4)).toMatch(/^66(:[0-9a-f]{2}){5}$/);
    expect(vtepMac(node, 6)).not.toBe(vtepMac(node, 4));
  });
});

describe('blocks', () => {
  it('are those its pods have addresses of, and the first one', () => {
    const far = pod('far', { node: 'node2', status: { podIP: '10.244.2.200' } });
    const { routes } = lab({ mode: 'calico-vxlan' }, {}, [...PODS, far])('node.node1');
    expect(routes.filter(({ device }) => device === 'vxlan.calico').map(({ to, via }) => [to, via])).toEqual([
      ['10.244.2.0/26', '10.244.2.0'],
      ['10.244.2.192/26', '10.244.2.0'],
      ['10.244.3.0/26', '10.244.3.0'],
    ]);
  });

  it('are black holes where they are at home', () => {
    expect(bare(lab({ mode: 'calico-ipip', blockSize: 28 })('node.node1').routes)).toContainEqual({
      to: '10.244.1.0/28',
      onlink: false,
      protocol: 80,
    });
  });
});

describe('the way to other nodes', () => {
  it('with IP in IP leads by their addresses, through tunl0', () => {
    const node = lab({ mode: 'calico-ipip' })('node.node1');
    expect(linkOf(node, 'tunl0')).toMatchObject({ kind: 'tunl0', mtu: 1480 });
    expect(bare(node.addresses)).toContainEqual({ device: 'tunl0', address: '10.244.1.0/32' });
    expect(bare(node.routes)).toContainEqual({
      to: '10.244.2.0/26',
      via: '10.0.0.12',
      device: 'tunl0',
      onlink: true,
      protocol: 80,
    });
  });

  it('with VXLAN leads by their tunnel addresses, whose MACs everyone knows', () => {
    const node = lab({ mode: 'calico-vxlan', vxlanVNI: 5000, vxlanPort: 4790 })('node.node1');
    expect(linkOf(node, 'vxlan.calico')).toMatchObject({ vni: 5000, port: 4790, learning: false, local: '10.0.0.11' });
    const mac = node.neighbours[0]!.mac;
    expect(bare(node.neighbours)).toContainEqual({ device: 'vxlan.calico', address: '10.244.2.0', mac });
    expect(bare(node.fdb)).toContainEqual({ device: 'vxlan.calico', mac, destination: '10.0.0.12' });
  });

  it.each([
    ['calico-ipip', 'ipipMode', 'tunl0'],
    ['calico-vxlan', 'vxlanMode', 'vxlan.calico'],
  ])('%s: with CrossSubnet, plain between nodes of one network', (mode, option, tunnel) => {
    const node = lab({ mode, [option]: 'CrossSubnet' }, ACROSS_A_ROUTER)('node.node1');
    const deviceTo = (range: string) => node.routes.find(({ to }) => to === range)?.device;
    expect(deviceTo('10.244.3.0/26')).toBe('eth0');
    expect(deviceTo('10.244.2.0/26')).toBe(tunnel);
  });
});

describe("Felix's rules", () => {
  const at = lab({ mode: 'calico-ipip' })('node.node1');

  it('carry the hashes that Felix would give them', () => {
    expect(hashesOf(at, 'filter', 'INPUT')[0]).toBe('Cz_u1IQiXIMmKD4c');
    expect(hashesOf(at, 'filter', 'cali-FORWARD')).toEqual([
      'vjrMJCRpqwy5oRoX',
      'A_sPAO0mcxbT9mOV',
      '8ZoYfO5HKXWbB3pk',
      'jdEuaPBe14V2hutn',
      '12bc6HljsMKsmfr-',
      'NOSxoaGx8OIstr1z',
    ]);
    expect(hashesOf(at, 'filter', 'cali-INPUT')).toEqual([
      'PajejrV4aFdkZojI',
      '_wjq-Yrma8Ly1Svo',
      '8TZGxLWh_Eiz66wc',
      '6McIeIDvPdL6PE1T',
      'YGPbrUms7NId8xVa',
      '2gmY7Bg2i0i84Wk_',
      'q-Vz2ZT9iGE331LL',
    ]);
    expect(hashesOf(at, 'filter', 'cali-OUTPUT')).toEqual([
      'Mq1_rAdXXH3YkrzW',
      '69FkRTJDvD5Vu6Vl',
      'AnEsmO6bDZbQntWW',
      '9e9Uf3GU5tX--Lxy',
      '0f3LDz_VKuHFaA2K',
      'OgU2f8BVEAZ_fwkq',
    ]);
    expect(hashesOf(at, 'filter', 'cali-wl-to-host')).toEqual(['Ee9Sbo10IpVujdIY', 'nSZbcOoG1xPONxb8']);
    expect(hashesOf(at, 'raw', 'PREROUTING')).toEqual(['6gwbT8clXdHdC1b1']);
    expect(hashesOf(at, 'raw', 'cali-PREROUTING').slice(0, 4)).toEqual([
      'XFX5xbM8B9qR10JG',
      'EWMPb0zVROM-woQp',
      'PWuxTAIaFCtsg5Qa',
      'fSSbGND7dgyemWU7',
    ]);
    expect(hashesOf(at, 'nat', 'cali-nat-outgoing')).toEqual(['flqWnvo8yq4ULQLa']);
    expect(hashesOf(lab({ mode: 'calico-vxlan' })('node.node1'), 'nat', 'cali-POSTROUTING')).toEqual([
      'Z-c7XtVd2Bq7s_hA',
      'nYKhEzDlr11Jccal',
      'e9dnSgSVNmIcpVhP',
    ]);
  });

  it('accept what has been accepted behind those of others, and stand before them otherwise', () => {
    expect(hashesOf(at, 'filter', 'FORWARD')).toEqual(['wUHhoiAYhphO9Mso', 'S93hcgKJrXEqnTfs', 'mp77cMpurHhyjLrM']);
  });

  it('lead to the chains of an interface by the letter in which names first differ', () => {
    const many = Array.from({ length: 40 }, (_, index) => pod(`p${index}`, { node: 'node1' }));
    const node = lab({ mode: 'calico-bgp' }, {}, many)('node.node1');
    const names = node.links.map(({ name }) => name).filter((name) => name.startsWith('cali'));
    const root = rulesOf(node, 'filter', 'cali-to-wl-dispatch');
    const letters = new Set(names.map((name) => name[4]));
    expect(root).toHaveLength(letters.size + 1);
    for (const name of names) {
      const own = names.filter((other) => other[4] === name[4]);
      const chain = own.length > 1 ? `cali-to-wl-dispatch-${name[4]}` : 'cali-to-wl-dispatch';
      expect(rulesOf(node, 'filter', chain)).toContainEqual(
        expect.stringContaining(`--out-interface ${name} --goto cali-tw-${name}`),
      );
      expect(rulesOf(node, 'filter', chain).at(-1)).toContain('"Unknown interface" --jump DROP');
    }
  });

  it('masquerade only when natOutgoing says so', () => {
    const node = lab({ mode: 'calico-bgp', natOutgoing: false })('node.node1');
    expect(rulesOf(node, 'nat', 'cali-nat-outgoing')).toEqual([]);
    expect(node.ipsets.find(({ name }) => name === 'cali40masq-ipam-pools')?.entries).toEqual([]);
  });
});

describe('IPv6', () => {
  const DUAL = {
    networks: [{ name: 'lan', cidr: ['10.0.0.0/24', 'fd00:10::/64'] }],
  };
  const dual = (cni: object) => {
    const cluster = {
      cni,
      proxy: { mode: 'none' },
      podCIDR: ['10.244.0.0/16', 'fd00:10:244::/56'],
      serviceCIDR: ['10.96.0.0/12', 'fd00:10:96::/112'],
    };
    const state = stateOf(stream(topology({ cluster, nodes: NODES, ...DUAL }), ...PODS));
    return (name: string) => namespaceOf(state, name);
  };
  const at = dual({ mode: 'calico-vxlan' });
  const name = interfaceName({ namespace: 'default', name: 'a' } as Pod);

  it('has the same cable, whose smaller MTU counts, and settings of both families', () => {
    expect(linkOf(at('node.node1'), name)).toMatchObject({
      mtu: 1430,
      ipv6: true,
      settings: { route_localnet: 1, proxy_arp: 1, proxy_delay: 0, proxy_ndp: 1 },
    });
    expect(bare(at('pod.default.a').routes)).toContainEqual({
      to: '::/0',
      via: 'fe80::ecee:eeff:feee:eeee',
      device: 'eth0',
      onlink: false,
    });
  });

  it('has a device of its own, with its own MAC, and blocks of /122', () => {
    const node = at('node.node1');
    expect(linkOf(node, 'vxlan-v6.calico')).toMatchObject({ mtu: 1430, local: 'fd00:10::11' });
    expect(bare(node.routes)).toContainEqual({
      to: 'fd00:10:244:2::/122',
      via: 'fd00:10:244:2::',
      device: 'vxlan-v6.calico',
      onlink: true,
    });
    expect(node.ipsets.map(({ name }) => name)).toContain('cali60all-vxlan-net');
  });

  it('has rules of its own, which let neighbours and listeners be', () => {
    const rules = at('node.node1').ip6tables!.tables.find((table) => table.name === 'filter')!.chains;
    const toHost = rules.find((chain) => chain.name === 'cali-wl-to-host')!.rules.map(({ text }) => text);
    expect(toHost.filter((text) => text.includes('--icmpv6-type'))).toHaveLength(6);
  });

  it('shares one BIRD with IPv4', () => {
    const { bird } = dual({ mode: 'calico-bgp' })('node.node1');
    expect(bird?.config.match(/^protocol bgp \S+/gm)).toEqual([
      'protocol bgp Mesh_10_0_0_12',
      'protocol bgp Mesh_10_0_0_13',
      'protocol bgp Mesh_fd00_10__12',
      'protocol bgp Mesh_fd00_10__13',
    ]);
    expect(bird?.config.match(/^router id/gm)).toHaveLength(1);
    expect(bird?.announces).toEqual(['10.244.1.0/26', 'fd00:10:244:1::/122']);
  });

  it('is not for IP in IP', () => {
    expect(() => dual({ mode: 'calico-ipip' })).toThrow(/calico-ipip has no IPv6/);
  });
});

describe('BIRD', () => {
  const sessions = (config = '') => [...config.matchAll(/protocol bgp (\S+) .*?\n\s+neighbor (\S+) as (\d+)/g)];

  it('has a session with every other node; the one with the higher address calls', () => {
    const at = lab({ mode: 'calico-bgp', asNumber: 65_001 });
    const { bird } = at('node.node2');
    expect(sessions(bird?.config).map(([, name, , as]) => [name, as])).toEqual([
      ['Mesh_10_0_0_11', '65001'],
      ['Mesh_10_0_0_13', '65001'],
    ]);
    expect(bird?.config.match(/neighbor (\S+) .*\n.*\n {2}passive on/)?.[1]).toBe('10.0.0.13');
    expect(bird).toMatchObject({
      announces: ['10.244.2.0/26'],
      blackholes: ['10.244.2.0/26'],
      learns: [
        { range: '10.244.1.0/26', from: 'node.node1' },
        { range: '10.244.3.0/26', from: 'node.node3' },
      ],
    });
  });

  it('has one with route reflectors only, where there are any', () => {
    const at = lab({ mode: 'calico-bgp', routeReflectors: ['node3'] });
    expect(sessions(at('node.node1').bird?.config).map(([, name]) => name)).toEqual(['Node_10_0_0_13']);
    expect(at('node.node3').bird?.config.match(/rr client/g)).toHaveLength(2);
  });

  it('is not there in the other modes', () => {
    expect(lab({ mode: 'calico-ipip' })('node.node1')).not.toHaveProperty('bird');
  });
});
