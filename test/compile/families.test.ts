/** What IPv6 adds to a lab, and what it leaves as it is. */
import { describe, expect, it } from 'vitest';
import type { Namespace } from '../../src/compile/kernel-state.ts';
import { keyPairOf } from '../../src/net/wireguard-key.ts';
import { pod, service, stream, topology } from '../model/objects.ts';
import { bare, linkOf, namespaceOf, stateOf, sysctlsOf } from './state.ts';

const SIX = 'fd00:10:244::/56';
const DUAL = ['10.244.0.0/16', SIX];
const PORTS = [{ name: 'app', ports: [{ containerPort: 80, hostPort: 8000 }] }];
const OBJECTS = [
  pod('a', { node: 'node1', labels: { app: 'web' }, spec: { containers: PORTS } }),
  pod('b', { node: 'node2', labels: { app: 'web' } }),
  service('web', { type: 'NodePort', ipFamilyPolicy: 'PreferDualStack', sessionAffinity: 'ClientIP' }),
];

function lab(podCIDR: string | readonly string[], cluster: object = {}, spec: object = {}) {
  const nodes = [{ name: 'node1' }, { name: 'node2' }];
  const state = stateOf(stream(topology({ cluster: { podCIDR, ...cluster }, nodes, ...spec }), ...OBJECTS));
  return (name: string) => namespaceOf(state, name);
}

function rules({ ip6tables }: Namespace, table: string, chain: string): string[] {
  const found = ip6tables?.tables.find(({ name }) => name === table)?.chains.find(({ name }) => name === chain);
  if (!found) throw new Error(`no chain ${chain} in ${table}`);
  return found.rules.map(({ text }) => text);
}

const CNI = ['vxlan', 'host-gw', 'wireguard', 'bridge'];
const PROXIES = ['iptables', 'ipvs', 'nftables', 'none'];

describe('the IPv4 half of a dual-stack lab is the IPv4 lab', () => {
  it.each(CNI.flatMap((cni) => PROXIES.map((proxy) => [cni, proxy])))('%s, %s', (cni, proxy) => {
    const modes = { cni: { mode: cni }, proxy: { mode: proxy } };
    const [four, both] = [lab('10.244.0.0/16', modes), lab(DUAL, modes)];
    for (const name of ['node.node1', 'pod.default.a']) {
      const { ip6tables: _, ...half } = both(name);
      const isFour = (entry: object) => !/"(to|address|via|local)":"[^"]*::/.test(JSON.stringify(entry));
      const links = half.links.filter(isFour).filter((link) => !/v6/.test(link.name));
      const devices = new Set(links.map((link) => link.name));
      expect({
        ...half,
        links: links.map(({ ipv6: __, ...link }) => link),
        sysctls: half.sysctls.filter(({ key }) => !/ipv6|ip6tables/.test(key)),
        addresses: half.addresses.filter(isFour),
        routes: half.routes.filter(isFour),
        neighbours: half.neighbours.filter(isFour),
        fdb: half.fdb.filter(({ device }) => devices.has(device)),
        ipsets: half.ipsets.filter((set) => !set.name.startsWith('KUBE-6-')),
        nft: half.nft.filter(({ family }) => family !== 'ip6'),
        ipvs: half.ipvs.filter(({ address }) => !address.startsWith('[')),
      }).toEqual(JSON.parse(JSON.stringify(four(name))));
    }
  });
});

describe('a lab of IPv6 alone has no rule, address or route of IPv4', () => {
  it.each(CNI.flatMap((cni) => PROXIES.map((proxy) => [cni, proxy])))('%s, %s', (cni, proxy) => {
    const at = lab(SIX, { cni: { mode: cni }, proxy: { mode: proxy } });
    for (const name of ['node.node1', 'pod.default.a']) {
      const { iptables, addresses, routes, ipsets, nft, ipvs } = at(name);
      expect(iptables).toBeUndefined();
      const text = JSON.stringify({ addresses, routes, ipsets, nft, ipvs });
      expect(text).not.toMatch(/(?<![\w.])\d+\.\d+\.\d+\.\d+|ipv4_addr|\bip [sd]addr|family inet |"family":"ip"/);
    }
  });
});

describe('a machine', () => {
  it('has no broadcast address in IPv6, and does not wait for duplicates', () => {
    const { addresses, ...node } = lab(DUAL)('node.node1');
    expect(bare(addresses).filter(({ device }) => device === 'eth0')).toEqual([
      { device: 'eth0', address: '10.0.0.11/24', broadcast: '10.0.0.255' },
      { device: 'eth0', address: 'fd00:10::11/64' },
    ]);
    expect(sysctlsOf({ addresses, ...node })['net.ipv6.conf.default.accept_dad']).toBe('0');
  });

  it('has a default route of each family, unless one is given', () => {
    const hosts = [{ name: 'client', routes: [{ to: '::/0', via: 'node/node1' }] }];
    const at = lab(DUAL, {}, { hosts, routers: [{ name: 'gw', networks: ['lan'] }] });
    const routes = (name: string) => at(name).routes.map(({ to, via }) => `${to} ${via}`);
    expect(routes('host.client')).toEqual(['::/0 fd00:10::11', 'default 10.0.0.1']);
    expect(routes('node.node1').slice(0, 2)).toEqual(['default 10.0.0.1', '::/0 fd00:10::1']);
    expect(sysctlsOf(at('router.gw'))['net.ipv6.conf.all.forwarding']).toBe('1');
  });

  it('has link-local addresses where it asks neighbours: not at ports of bridges, and not on kube-ipvs0', () => {
    const { links } = lab(DUAL, { proxy: { mode: 'ipvs' } })('node.node1');
    const speaking = links.filter(({ ipv6 }) => ipv6).map(({ name }) => name);
    expect(speaking).toEqual(['eth0', 'cni0', 'flannel-v6.1']);
  });
});

describe('kubelet', () => {
  it('forwards and filters bridged packets, and has nothing to protect at ::1', () => {
    const node = lab(SIX)('node.node1');
    expect(sysctlsOf(node)).toMatchObject({
      'net.ipv6.conf.all.forwarding': '1',
      'net.bridge.bridge-nf-call-ip6tables': '1',
    });
    expect(sysctlsOf(node)).not.toHaveProperty(['net.ipv4.ip_forward']);
    expect(() => rules(node, 'filter', 'KUBE-FIREWALL')).toThrow();
  });
});

describe('a network plugin', () => {
  it('vxlan: a device of its own, with room for less than its headers need', () => {
    const { links, neighbours, fdb, routes, addresses } = lab(SIX)('node.node1');
    expect(links.find(({ kind }) => kind === 'vxlan')).toMatchObject({
      name: 'flannel-v6.1',
      local: 'fd00:10::11',
      mtu: 1450,
    });
    const mac = '0e:00:ff:44:00:12';
    const device = 'flannel-v6.1';
    expect(bare(neighbours)).toEqual([{ device, address: 'fd00:10:244:2::', mac }]);
    expect(bare(fdb)).toEqual([{ device, mac, destination: 'fd00:10::12' }]);
    expect(bare(routes)).toContainEqual({ to: 'fd00:10:244:2::/64', via: 'fd00:10:244:2::', device, onlink: true });
    expect(bare(addresses)).toContainEqual({ device, address: 'fd00:10:244:1::/128' });
  });

  it('wireguard: a device and a port of its own, and the one key of its node', () => {
    const wireguard = linkOf(lab(DUAL, { cni: { mode: 'wireguard' } })('node.node1'), 'flannel-wg-v6');
    expect(wireguard).toMatchObject({
      listenPort: 51_821,
      privateKey: keyPairOf('node/node1').privateKey,
      peers: [{ endpoint: { address: 'fd00:10::12', port: 51_821 }, allowed: 'fd00:10:244:2::/64' }],
    });
  });

  it('bridge: masquerades what is not multicast', () => {
    const node = lab(SIX, { cni: { mode: 'bridge' } })('node.node1');
    const [jump] = rules(node, 'nat', 'POSTROUTING').filter((text) => text.startsWith('-s fd00:10:244:1::2 '));
    const chain = rules(node, 'nat', jump!.split(' ').at(-1)!);
    expect(chain[0]).toMatch(/^-d fd00:10:244:1::\/64 .* -j ACCEPT$/);
    expect(chain[1]).toMatch(/^! -d ff00::\/8 .* -j MASQUERADE$/);
  });

  it('portmap: does not mark what comes from ::1', () => {
    const node = lab(SIX)('node.node1');
    const chain = node.ip6tables!.tables.flatMap(({ chains }) => chains).find(({ name }) => name.startsWith('CNI-DN-'));
    expect(chain!.rules.map(({ text }) => text)).toEqual([
      '-p tcp --dport 8000 -s fd00:10:244:1::/64 -j CNI-HOSTPORT-SETMARK',
      '-p tcp --dport 8000 -j DNAT --to-destination [fd00:10:244:1::2]:80',
    ]);
  });
});

describe('kube-proxy', () => {
  it('iptables: serves no NodePort at ::1', () => {
    const node = lab(SIX)('node.node1');
    expect(rules(node, 'nat', 'KUBE-SERVICES').at(-1)).toMatch(/--dst-type LOCAL ! -d ::1\/128 -j KUBE-NODEPORTS$/);
    expect(sysctlsOf(node)).not.toHaveProperty(['net.ipv4.conf.all.route_localnet']);
  });

  it('iptables: takes the NodePort addresses of each family', () => {
    const nodePortAddresses = ['10.0.0.0/24', 'fd00:10::/64'];
    const node = lab(DUAL, { proxy: { nodePortAddresses } })('node.node1');
    const last = rules(node, 'nat', 'KUBE-SERVICES').filter((text) => text.endsWith('-j KUBE-NODEPORTS'));
    expect(last.map((text) => / -d (\S+) /.exec(text)?.[1])).toEqual(['fd00:10::11']);
  });

  it('ipvs: has its sets and virtual servers beside those of IPv4, with names as long as the kernel takes', () => {
    const { ipsets, ipvs, addresses, ...node } = lab(DUAL, { proxy: { mode: 'ipvs' } })('node.node1');
    const six = ipsets.filter(({ name }) => name.startsWith('KUBE-6-'));
    expect(six).toHaveLength(ipsets.length / 2);
    expect(six.filter(({ name }) => name.length > 31)).toEqual([]);
    expect(six.map(({ name }) => name)).toContain('KUBE-6-LOAD-BALANCER-SOURCE-CID');
    expect(six.find(({ name }) => name === 'KUBE-6-CLUSTER-IP')).toMatchObject({
      definition: 'hash:ip,port family inet6 hashsize 1024 maxelem 65536',
      entries: ['fd00:10:96::100,tcp:80'],
    });
    expect(ipvs.map(({ address }) => address)).toContain('[fd00:10:96::100]:80');
    expect(bare(addresses)).toContainEqual({ device: 'kube-ipvs0', address: 'fd00:10:96::100/128' });
    expect(rules({ ipsets, ipvs, addresses, ...node }, 'nat', 'KUBE-SERVICES')[0]).toBe('-s ::1/128 -j RETURN');
  });

  it('nftables: has a table of IPv6, with keys and headers of that', () => {
    const { nft } = lab(DUAL, { proxy: { mode: 'nftables', nodePortAddresses: ['::/0'] } })('node.node1');
    const table = nft.find(({ family }) => family === 'ip6')!;
    const text = JSON.stringify(table);
    expect(nft.map(({ family, name }) => `${family} ${name}`)).toEqual(['ip kube-proxy', 'ip6 kube-proxy']);
    expect(text).not.toMatch(/\bip [sd]addr|ipv4_addr/);
    for (const part of [
      'ip6 daddr . meta l4proto . th dport vmap @service-ips',
      'fib daddr type local ip6 daddr != ::1 meta',
      'ip6 daddr { fd00:10:96::/112 } drop',
      'ip6 saddr != fd00:10:244::/56 jump mark-for-masquerade',
      'dnat to [fd00:10:244:2::2]:80',
      '{ ip6 saddr }',
    ])
      expect(text).toContain(part);
  });
});
