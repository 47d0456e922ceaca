/** What the network plugins leave on a node: the bridge plugin's devices, flannel's backends and chains, plain masquerading. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { compile } from '../../src/compile/index.ts';
import { keyPairOf } from '../../src/net/wireguard-key.ts';
import { CNI_MODES } from '../../src/parse/schema/cni.ts';
import { modelled } from '../model/cluster.ts';
import { pod, stream, topology } from '../model/objects.ts';
import { bare, chainsOf, linkOf, namespaceOf, rulesOf, stateOf } from './state.ts';

const PODS = [pod('a', { node: 'node1' }), pod('a2', { node: 'node1' }), pod('b', { node: 'node2' })];

function lab(cni: object, spec: object = {}, documents: readonly string[] = PODS) {
  const cluster = { cni, proxy: { mode: 'none' } };
  const state = stateOf(
    stream(topology({ cluster, nodes: [{ name: 'node1' }, { name: 'node2' }], ...spec }), ...documents),
  );
  return (name: string) => namespaceOf(state, name);
}

const ACROSS_A_ROUTER = {
  networks: [
    { name: 'lan', cidr: '10.0.0.0/24' },
    { name: 'dmz', cidr: '10.0.1.0/24' },
  ],
  nodes: [{ name: 'node1' }, { name: 'node2', network: 'dmz' }, { name: 'node3' }],
  routers: [{ name: 'gw', networks: ['lan', 'dmz'] }],
};

describe('the bridge plugin', () => {
  const at = lab({ mode: 'host-gw' });

  it('gives the node a bridge with the first address of its pod subnet', () => {
    expect(linkOf(at('node.node1'), 'cni0')).toMatchObject({
      kind: 'bridge',
      mtu: 1500,
      up: true,
      mac: '0a:5a:0a:f4:01:01',
    });
    expect(bare(at('node.node1').addresses)).toContainEqual({
      device: 'cni0',
      address: '10.244.1.1/24',
      broadcast: '10.244.1.255',
    });
  });

  it('connects each pod to it with a veth pair', () => {
    const [inside, outside] = [
      linkOf(at('pod.default.a'), 'eth0'),
      at('node.node1').links.filter(({ master }) => master === 'cni0'),
    ];
    expect(outside).toHaveLength(2);
    expect(bare([inside])).toEqual([
      {
        kind: 'veth',
        name: 'eth0',
        mtu: 1500,
        mac: '0a:58:0a:f4:01:02',
        up: true,
        creates: true,
        peer: { namespace: 'node.node1', name: outside[0]!.name },
      },
    ]);
    expect(bare(outside.slice(0, 1))).toEqual([
      {
        kind: 'veth',
        name: expect.stringMatching(/^veth[0-9a-f]{8}$/),
        mtu: 1500,
        mac: '0a:59:0a:f4:01:02',
        up: true,
        creates: false,
        master: 'cni0',
        hairpin: true,
        peer: { namespace: 'pod.default.a', name: 'eth0' },
      },
    ]);
  });

  it('gives the pod its address, and a default route by the bridge', () => {
    expect(bare(at('pod.default.a').addresses)).toEqual([
      { device: 'eth0', address: '10.244.1.2/24', broadcast: '10.244.1.255' },
    ]);
    expect(bare(at('pod.default.a').routes)[0]).toEqual({
      to: 'default',
      via: '10.244.1.1',
      device: 'eth0',
      onlink: false,
    });
  });

  it('does nothing for pods on the host network, and makes no bridge where there are no others', () => {
    const hostNetwork = pod('h', { node: 'node1', spec: { hostNetwork: true } });
    const node = lab({ mode: 'host-gw' }, {}, [hostNetwork])('node.node1');
    expect(node.links.map(({ name }) => name)).toEqual(['eth0']);
  });
});

describe('flannel vxlan', () => {
  const at = lab({ mode: 'vxlan' });

  it('has a device that carries the network number of the pod subnet, with room for the headers', () => {
    expect(bare([linkOf(at('node.node1'), 'flannel.1')])).toEqual([
      {
        kind: 'vxlan',
        name: 'flannel.1',
        mtu: 1450,
        mac: '0e:00:0a:f4:01:00',
        up: true,
        vni: 1,
        port: 8472,
        local: '10.0.0.11',
        device: 'eth0',
        learning: false,
        gbp: false,
      },
    ]);
    expect(bare(at('node.node1').addresses)).toContainEqual({ device: 'flannel.1', address: '10.244.1.0/32' });
  });

  it('knows each peer thrice: route, neighbour, forwarding entry', () => {
    const node = at('node.node1');
    expect(bare(node.routes).filter(({ device }) => device === 'flannel.1')).toEqual([
      { to: '10.244.2.0/24', via: '10.244.2.0', device: 'flannel.1', onlink: true },
    ]);
    expect(bare(node.neighbours)).toEqual([{ device: 'flannel.1', address: '10.244.2.0', mac: '0e:00:0a:f4:02:00' }]);
    expect(bare(node.fdb)).toEqual([{ device: 'flannel.1', mac: '0e:00:0a:f4:02:00', destination: '10.0.0.12' }]);
  });

  it('gives the address of a peer the MAC address the peer has', () => {
    for (const [own, peer] of [
      ['node1', 'node2'],
      ['node2', 'node1'],
    ] as const) {
      const [neighbour] = at(`node.${own}`).neighbours;
      expect(linkOf(at(`node.${peer}`), 'flannel.1')).toMatchObject({ mac: neighbour!.mac });
    }
  });

  it('makes pods and bridge as small as the overlay, and shows pods the whole range by the bridge', () => {
    expect(linkOf(at('node.node1'), 'cni0').mtu).toBe(1450);
    expect(linkOf(at('pod.default.a'), 'eth0').mtu).toBe(1450);
    expect(bare(at('pod.default.a').routes)[1]).toEqual({
      to: '10.244.0.0/16',
      via: '10.244.1.1',
      device: 'eth0',
      onlink: false,
    });
  });

  it('has options: VNI, port, MTU, learning, GBP', () => {
    const node = lab({ mode: 'vxlan', vni: 42, port: 4789, mtu: 1300, learning: true, gbp: true })('node.node1');
    expect(linkOf(node, 'flannel.42')).toMatchObject({ vni: 42, port: 4789, mtu: 1250, learning: true, gbp: true });
    expect(node.neighbours[0]!.device).toBe('flannel.42');
    expect(linkOf(node, 'cni0').mtu).toBe(1250);
  });

  it('takes its MTU from the network below', () => {
    const node = lab({ mode: 'vxlan' }, { networks: [{ name: 'lan', cidr: '10.0.0.0/24', mtu: 9000 }] })('node.node1');
    expect(linkOf(node, 'flannel.1').mtu).toBe(8950);
  });

  it('with directRouting routes to nodes of its own network, and carries the rest', () => {
    const node = lab({ mode: 'vxlan', directRouting: true }, ACROSS_A_ROUTER)('node.node1');
    expect(bare(node.routes).filter(({ to }) => to !== 'default')).toEqual([
      { to: '10.244.2.0/24', via: '10.244.2.0', device: 'flannel.1', onlink: true },
      { to: '10.244.3.0/24', via: '10.0.0.12', device: 'eth0', onlink: false },
    ]);
    expect(node.fdb.map(({ destination }) => destination)).toEqual(['10.0.1.11']);
  });

  it.each([9_999_999, 16_777_215])('of VNI %i has a device name the kernel takes, or is refused', (vni) => {
    const { cluster } = modelled(stream(topology({ cluster: { cni: { mode: 'vxlan', vni } } })));
    const names = cluster ? namespaceOf(compile(cluster), 'node.node1').links.map(({ name }) => name) : [];
    expect(names.filter((name) => name.length > 15)).toEqual([]);
  });
});

describe('flannel ipip', () => {
  const at = lab({ mode: 'ipip' });

  it('has one device for all peers, with room for one more IPv4 header', () => {
    expect(bare([linkOf(at('node.node1'), 'flannel.ipip')])).toEqual([
      { kind: 'ipip', name: 'flannel.ipip', mtu: 1480, up: true, local: '10.0.0.11' },
    ]);
    expect(bare(at('node.node1').addresses)).toContainEqual({ device: 'flannel.ipip', address: '10.244.1.0/32' });
    expect(linkOf(at('node.node1'), 'cni0').mtu).toBe(1480);
    expect(linkOf(at('pod.default.a'), 'eth0').mtu).toBe(1480);
  });

  it('knows each peer once: the route names the node', () => {
    const node = at('node.node1');
    expect(bare(node.routes)).toContainEqual({
      to: '10.244.2.0/24',
      via: '10.0.0.12',
      device: 'flannel.ipip',
      onlink: true,
    });
    expect([node.neighbours, node.fdb]).toEqual([[], []]);
  });

  it('with directRouting routes by eth0 to nodes of its own network', () => {
    const node = lab({ mode: 'ipip', directRouting: true }, ACROSS_A_ROUTER)('node.node1');
    expect(bare(node.routes).filter(({ to }) => to !== 'default')).toEqual([
      { to: '10.244.2.0/24', via: '10.0.1.11', device: 'flannel.ipip', onlink: true },
      { to: '10.244.3.0/24', via: '10.0.0.12', device: 'eth0', onlink: true },
    ]);
  });
});

describe('flannel udp', () => {
  const at = lab({ mode: 'udp', port: 8286 });

  it('leads the whole pod range into a TUN device, with room for IPv4 and UDP headers', () => {
    const node = at('node.node1');
    expect(bare([linkOf(node, 'flannel0')])).toEqual([{ kind: 'tun', name: 'flannel0', mtu: 1472, up: true }]);
    expect(bare(node.addresses)).toContainEqual({ device: 'flannel0', address: '10.244.1.0/32' });
    expect(bare(node.routes).filter(({ device }) => device === 'flannel0')).toEqual([
      { to: '10.244.0.0/16', device: 'flannel0', onlink: false, scope: 'global' },
    ]);
    expect(linkOf(node, 'cni0').mtu).toBe(1472);
  });

  it('has a process that knows the subnets of the other nodes', () => {
    expect(bare(at('node.node1').tunnels)).toEqual([
      {
        device: 'flannel0',
        address: '10.244.1.0',
        local: { address: '10.0.0.11', port: 8286 },
        subnets: [{ to: '10.244.2.0/24', via: { address: '10.0.0.12', port: 8286 } }],
      },
    ]);
  });
});

describe('flannel host-gw', () => {
  it('makes each node of the network the gateway of its pods', () => {
    const at = lab({ mode: 'host-gw' });
    expect(bare(at('node.node1').routes)).toContainEqual({
      to: '10.244.2.0/24',
      via: '10.0.0.12',
      device: 'eth0',
      onlink: false,
    });
    expect(at('node.node1').links.map(({ kind }) => kind)).not.toContain('vxlan');
    expect([at('node.node1').neighbours, at('node.node1').fdb]).toEqual([[], []]);
  });

  it('has no route to a node behind a router: the kernel would refuse it', () => {
    const at = lab({ mode: 'host-gw' }, ACROSS_A_ROUTER);
    expect(bare(at('node.node1').routes).map(({ to, via }) => `${to} via ${via}`)).toEqual([
      'default via 10.0.0.1',
      '10.244.3.0/24 via 10.0.0.12',
    ]);
    expect(at('node.node2').routes.map(({ to }) => to)).toEqual(['default']);
  });
});

describe('flannel wireguard', () => {
  it('has one device, with the key of the node and a peer for each of the others', () => {
    const [one, two] = ['node1', 'node2'].map((name) => lab({ mode: 'wireguard', listenPort: 500 })(`node.${name}`));
    expect(bare([linkOf(one!, 'flannel-wg')])).toEqual([
      {
        kind: 'wireguard',
        name: 'flannel-wg',
        mtu: 1420,
        up: true,
        privateKey: keyPairOf('node/node1').privateKey,
        listenPort: 500,
        peers: [
          {
            publicKey: keyPairOf('node/node2').publicKey,
            endpoint: { address: '10.0.0.12', port: 500 },
            allowed: '10.244.2.0/24',
          },
        ],
      },
    ]);
    expect(linkOf(two!, 'flannel-wg')).toMatchObject({ peers: [{ publicKey: keyPairOf('node/node1').publicKey }] });
  });

  it('leads the whole pod range into the device, and reckons with the MTU it is given', () => {
    const node = lab({ mode: 'wireguard', mtu: 1400 })('node.node1');
    expect(bare(node.routes)).toContainEqual({
      to: '10.244.0.0/16',
      device: 'flannel-wg',
      onlink: false,
      scope: 'link',
    });
    expect(bare(node.addresses)).toContainEqual({ device: 'flannel-wg', address: '10.244.1.0/32' });
    expect([linkOf(node, 'flannel-wg').mtu, linkOf(node, 'cni0').mtu]).toEqual([1320, 1320]);
  });
});

describe.each(['vxlan', 'host-gw', 'ipip', 'udp', 'wireguard'])('flanneld in mode %s', (mode) => {
  it('masquerades what leaves the pod range, and what enters it from a node itself', () => {
    const node = lab({ mode })('node.node1');
    const masq = '-m comment --comment "flanneld masq"';
    expect(rulesOf(node, 'nat', 'POSTROUTING')).toEqual([`${masq} -j FLANNEL-POSTRTG`]);
    expect(rulesOf(node, 'nat', 'FLANNEL-POSTRTG')).toEqual([
      `-m mark --mark 0x4000/0x4000 ${masq} -j RETURN`,
      `-s 10.244.1.0/24 -d 10.244.0.0/16 ${masq} -j RETURN`,
      `-s 10.244.0.0/16 -d 10.244.1.0/24 ${masq} -j RETURN`,
      `! -s 10.244.0.0/16 -d 10.244.1.0/24 ${masq} -j RETURN`,
      `-s 10.244.0.0/16 ! -d 224.0.0.0/4 ${masq} -j MASQUERADE --random-fully`,
      `! -s 10.244.0.0/16 -d 10.244.0.0/16 ${masq} -j MASQUERADE --random-fully`,
    ]);
  });

  it('lets pods be forwarded', () => {
    const node = lab({ mode })('node.node1');
    const forward = '-m comment --comment "flanneld forward"';
    expect(rulesOf(node, 'filter', 'FORWARD')).toEqual([`${forward} -j FLANNEL-FWD`]);
    expect(rulesOf(node, 'filter', 'FLANNEL-FWD')).toEqual([
      `-s 10.244.0.0/16 ${forward} -j ACCEPT`,
      `-d 10.244.0.0/16 ${forward} -j ACCEPT`,
    ]);
  });

  it('masquerades nothing when told so', () => {
    const node = lab({ mode, ipMasq: false })('node.node1');
    expect(chainsOf(node, 'nat')).not.toHaveProperty('FLANNEL-POSTRTG');
    expect(rulesOf(node, 'filter', 'FLANNEL-FWD')).toHaveLength(2);
  });

  it('comes after kube-proxy in POSTROUTING', () => {
    const cluster = { cni: { mode }, proxy: { mode: 'iptables' } };
    const node = namespaceOf(stateOf(stream(topology({ cluster }))), 'node.node1');
    expect(rulesOf(node, 'nat', 'POSTROUTING').map((rule) => rule.split(' -j ')[1])).toEqual([
      'KUBE-POSTROUTING',
      'FLANNEL-POSTRTG',
    ]);
  });
});

describe('the bridge plugin on its own', () => {
  it('has a chain for every pod, that masquerades whatever leaves the subnet', () => {
    const node = lab({ mode: 'bridge' })('node.node1');
    const jumps = rulesOf(node, 'nat', 'POSTROUTING');
    expect(jumps).toHaveLength(2);
    const [, address, comment, chain] = /^-s (\S+) (-m comment --comment ".*") -j (CNI-\S+)$/.exec(jumps[0]!)!;
    expect(address).toBe('10.244.1.2');
    expect(comment).toMatch(/^-m comment --comment "name: \\"bridge\\" id: \\"[0-9a-f]{64}\\""$/);
    expect(chain).toMatch(/^CNI-[0-9a-f]{24}$/);
    expect(rulesOf(node, 'nat', chain!)).toEqual([
      `-d 10.244.1.0/24 ${comment} -j ACCEPT`,
      `! -d 224.0.0.0/4 ${comment} -j MASQUERADE`,
    ]);
  });

  it('knows the other nodes as an administrator would tell it, those of its own network', () => {
    expect(bare(lab({ mode: 'bridge' })('node.node1').routes).map(({ to, via }) => `${to} via ${via}`)).toEqual([
      'default via 10.0.0.1',
      '10.244.2.0/24 via 10.0.0.12',
    ]);
    expect(lab({ mode: 'bridge' }, ACROSS_A_ROUTER)('node.node2').routes.map(({ to }) => to)).toEqual(['default']);
  });

  it('has options: no masquerading, no routes, no hairpin, MTU', () => {
    const at = lab({ mode: 'bridge', ipMasq: false, routes: 'none', hairpinMode: false, mtu: 1400 });
    const node = at('node.node1');
    expect(chainsOf(node, 'nat').POSTROUTING).toEqual([]);
    expect(node.routes.map(({ to }) => to)).toEqual(['default']);
    expect(node.links.filter(({ master }) => master === 'cni0').map(({ hairpin, mtu }) => [hairpin, mtu])).toEqual([
      [false, 1400],
      [false, 1400],
    ]);
    expect(linkOf(at('pod.default.a'), 'eth0').mtu).toBe(1400);
    expect(linkOf(node, 'eth0').mtu).toBe(1500);
  });

  it('gives pods a default route only', () => {
    expect(lab({ mode: 'bridge' })('pod.default.a').routes.map(({ to }) => to)).toEqual(['default']);
  });
});

describe.each(['aws-vpc', 'gce', 'ali-vpc'])('flannel, backend %s', (mode) => {
  const at = lab({ mode });

  it('leaves a node with its default route, and the MTU it has', () => {
    expect(bare(at('node.node1').routes)).toEqual([{ to: 'default', via: '10.0.0.1', device: 'eth0', onlink: false }]);
    expect(
      at('node.node1')
        .links.map(({ name, mtu }) => [name, mtu])
        .slice(0, 2),
    ).toEqual([
      ['eth0', 1500],
      ['cni0', 1500],
    ]);
    expect(at('node.node1').addresses.map(({ device }) => device)).toEqual(['eth0', 'cni0']);
  });

  it("has the nodes' subnets in the route table of the router, which sends no redirects", () => {
    const { routes, sysctls } = at('router.vpc');
    expect(bare(routes)).toEqual([
      { to: '10.244.1.0/24', via: '10.0.0.11', device: 'eth0', onlink: false },
      { to: '10.244.2.0/24', via: '10.0.0.12', device: 'eth0', onlink: false },
    ]);
    expect(sysctls.filter(({ key }) => key.endsWith('send_redirects')).map(({ value }) => value)).toEqual(['0', '0']);
  });

  it('is the entry of a router that is there for those on its networks', () => {
    const across = lab({ mode }, ACROSS_A_ROUTER);
    expect(bare(across('router.gw').routes).map(({ to, via, device }) => [to, via, device])).toEqual([
      ['10.244.1.0/24', '10.0.0.11', 'eth0'],
      ['10.244.2.0/24', '10.0.1.11', 'eth1'],
      ['10.244.3.0/24', '10.0.0.12', 'eth0'],
    ]);
  });

  it('masquerades as flannel does', () => {
    expect(rulesOf(at('node.node1'), 'nat', 'FLANNEL-POSTRTG')).toHaveLength(6);
    expect(chainsOf(lab({ mode, ipMasq: false })('node.node1'), 'nat')['FLANNEL-POSTRTG']).toBeUndefined();
  });
});

it.each(CNI_MODES)('mode %s is in both tables of its page, and has a topology of its own', (mode) => {
  const rows = readFileSync('docs/cni-modes.md', 'utf8').match(new RegExp(`^\\| [^|]*\`${mode}\``, 'gm')) ?? [];
  expect(rows.length).toBeGreaterThanOrEqual(2);
  const topologies = readdirSync('topologies').filter((file) => file.endsWith('.yaml'));
  const own = topologies.filter((file) => readFileSync(`topologies/${file}`, 'utf8').includes(`mode: ${mode}`));
  expect(own).not.toEqual([]);
});
