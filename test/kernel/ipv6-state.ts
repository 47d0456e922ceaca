/**
 * Kernel state with IPv6 only, made by hand: two nodes behind a router, as flannel (vxlan, flannel-v6.1) and kube-proxy would
 * set them up.
 *
 *   host/client ── router/gw ──┬── node/node1 ── cni0 ─┬─ pod/a
 *   fd00:20::64    fd00:20::1  │   fd00:10::11         └─ pod/b
 *                  fd00:10::1  │   fd00:244:1::/64
 *                              └── node/node2 ── cni0 ─── pod/c
 *                                  fd00:10::12
 *                                  fd00:244:2::/64
 *
 *   Service   [fd00:96::a]:80 → [fd00:244:2::2]:8080; NodePort 30080; 81 refused; 82 dropped
 */
import type { Iptables } from '../../src/compile/iptables.ts';
import type { KernelState, Link, Namespace } from '../../src/compile/kernel-state.ts';
import type { Listener } from '../../src/model/cluster.ts';

const origin = { file: 'ipv6-state.ts', line: 1 };
const MTU = { underlay: 1500, overlay: 1430 } as const;

export const SERVICE = 'fd00:96::a';
export const POD = { a: 'fd00:244:1::2', b: 'fd00:244:1::3', c: 'fd00:244:2::2' } as const;
export const NODE = { node1: 'fd00:10::11', node2: 'fd00:10::12' } as const;

/** No duplicate address detection, no router solicitations, nothing heard of router advertisements. */
const QUIET = { accept_dad: 0, accept_ra: 0, router_solicitations: 0 };

function namespace(
  name: string,
  place: string | undefined,
  links: readonly Link[],
  has: Partial<Namespace> & { readonly settings?: Readonly<Record<string, number>> } = {},
): Namespace {
  const { settings = {}, ...rest } = has;
  const quiet = Object.entries(QUIET).map(([key, value]) => [`net.ipv6.conf.default.${key}`, value] as const);
  return {
    name,
    ...(place !== undefined && { place }),
    sysctls: [...quiet, ...Object.entries(settings)].map(([key, value]) => ({ key, value: String(value), origin })),
    links,
    addresses: [],
    routes: [],
    neighbours: [],
    fdb: [],
    ipsets: [],
    nft: [],
    ipvs: [],
    relays: [],
    tunnels: [],
    passThroughs: [],
    attachments: [],
    origin,
    ...rest,
  };
}

/** The end of a cable. MAC addresses are told apart by their last bytes. */
function cable(
  name: string,
  mac: string,
  peer: readonly [namespace: string, name: string],
  more: Partial<Link> & { readonly creates?: boolean } = {},
): Link {
  return {
    kind: 'veth',
    name,
    mtu: MTU.underlay,
    mac: `02:00:00:00:${mac}`,
    peer: { namespace: peer[0], name: peer[1] },
    creates: false,
    up: true,
    origin,
    ...more,
  } as Link;
}

function bridge(name: string, mac: string, more: Partial<Link> = {}): Link {
  return { kind: 'bridge', name, mtu: MTU.underlay, mac: `02:00:00:00:${mac}`, up: true, origin, ...more } as Link;
}

const addresses = (entries: readonly (readonly [device: string, address: string])[]) =>
  entries.map(([device, address]) => ({ device, address, origin }));
const route = (to: string, via: string, device: string, onlink = false) => ({ to, via, device, onlink, origin });

function pod(name: 'a' | 'b' | 'c', node: 'node1' | 'node2', gateway: string): Namespace {
  const ends = cable('eth0', `0a:0${name}`, [`node.${node}`, `veth${name}`], { creates: true, mtu: MTU.overlay });
  return namespace(`pod.default.${name}`, `pod/${name}`, [ends], {
    addresses: addresses([['eth0', `${POD[name]}/64`]]),
    routes: [route('::/0', gateway, 'eth0')],
  });
}

function node(name: 'node1' | 'node2', pods: readonly string[], own: number, other: number): Namespace {
  const vtep = (number: number) => `0e:00:00:00:00:0${number}`;
  const peer = { device: 'flannel-v6.1', mac: vtep(other) } as const;
  const links: Link[] = [
    cable('eth0', `01:0${own}`, ['network.lan', name], { creates: true, ipv6: true }),
    bridge('cni0', `02:0${own}`, { mtu: MTU.overlay, ipv6: true }),
    ...pods.map((each) =>
      cable(`veth${each}`, `0b:0${each}`, [`pod.default.${each}`, 'eth0'], {
        master: 'cni0',
        hairpin: true,
        mtu: MTU.overlay,
      }),
    ),
    {
      kind: 'vxlan',
      name: 'flannel-v6.1',
      mtu: MTU.overlay,
      mac: vtep(own),
      vni: 1,
      port: 8472,
      local: NODE[name],
      device: 'eth0',
      learning: false,
      gbp: false,
      ipv6: true,
      up: true,
      origin,
    },
  ];
  return namespace(`node.${name}`, `node/${name}`, links, {
    settings: { 'net.ipv6.conf.all.forwarding': 1, 'net.bridge.bridge-nf-call-ip6tables': 1 },
    addresses: addresses([
      ['eth0', `${NODE[name]}/64`],
      ['cni0', `fd00:244:${own}::1/64`],
      ['flannel-v6.1', `fd00:244:${own}::/128`],
    ]),
    routes: [
      route('::/0', 'fd00:10::1', 'eth0'),
      route(`fd00:244:${other}::/64`, `fd00:244:${other}::`, 'flannel-v6.1', true),
      { to: 'fd00:8::/64', device: 'eth0', onlink: false, source: NODE[name], origin },
    ],
    neighbours: [{ ...peer, address: `fd00:244:${other}::`, origin }],
    fdb: [{ ...peer, destination: other === 1 ? NODE.node1 : NODE.node2, origin }],
    ip6tables: rules(name),
  });
}

/** In the words of kube-proxy and flannel, without the chains between. */
function rules(name: 'node1' | 'node2'): Iptables {
  const chain = (chainName: string, ...texts: readonly string[]) => ({
    name: chainName,
    policy: 'ACCEPT' as const,
    rules: texts.map((text) => ({ text, origin })),
  });
  const own = (chainName: string, ...texts: readonly string[]) => ({
    name: chainName,
    rules: texts.map((text) => ({ text, origin })),
  });
  const services = '-m comment --comment "kubernetes service portals" -j KUBE-SERVICES';
  return {
    tables: [
      {
        name: 'nat',
        chains: [
          chain('PREROUTING', services),
          chain('INPUT'),
          chain('OUTPUT', services),
          chain('POSTROUTING', '-j KUBE-POSTROUTING', '-j FLANNEL-POSTRTG'),
          own('KUBE-MARK-MASQ', '-j MARK --or-mark 0x4000'),
          own(
            'KUBE-SERVICES',
            `-d ${SERVICE}/128 -p tcp -m tcp --dport 80 -j KUBE-SVC-WEB`,
            `-d ${SERVICE}/128 -p udp -m udp --dport 80 -j DNAT --to-destination [${POD.c}]:8080`,
            `-d ${NODE[name]}/128 -p tcp -m tcp --dport 30080 -j KUBE-EXT-WEB`,
            `-d ${NODE[name]}/128 -p udp -m udp --dport 30080 -j DNAT --to-destination [${POD.c}]:8080`,
          ),
          own('KUBE-EXT-WEB', '-j KUBE-MARK-MASQ', '-j KUBE-SVC-WEB'),
          own('KUBE-SVC-WEB', `-p tcp -m tcp -j DNAT --to-destination [${POD.c}]:8080`),
          own(
            'KUBE-POSTROUTING',
            '-m mark ! --mark 0x4000/0x4000 -j RETURN',
            '-j MARK --xor-mark 0x4000',
            '-j MASQUERADE --random-fully',
          ),
          own(
            'FLANNEL-POSTRTG',
            '-s fd00:244::/32 -d fd00:244::/32 -j RETURN',
            '-s fd00:244::/32 ! -d ff00::/8 -j MASQUERADE --random-fully',
          ),
        ],
      },
      {
        name: 'filter',
        chains: [
          chain('INPUT'),
          chain(
            'FORWARD',
            '-p tcp -m tcp --dport 81 -j REJECT --reject-with icmp6-adm-prohibited',
            '-p tcp -m tcp --dport 82 -j DROP',
          ),
          chain('OUTPUT'),
        ],
      },
    ],
  };
}

/** `without` takes rules away whose text contains it: a lab that is broken there. */
export function ipv6State(without?: string): KernelState {
  const state = {
    namespaces: [
      namespace('host.client', 'host/client', [cable('eth0', '03:01', ['router.gw', 'eth1'], { creates: true })], {
        addresses: addresses([['eth0', 'fd00:20::64/64']]),
        routes: [route('::/0', 'fd00:20::1', 'eth0')],
      }),
      namespace('network.lan', undefined, [
        bridge('br0', '04:01'),
        ...['gw', 'node1', 'node2'].map((name, index) =>
          cable(name, `05:0${index + 1}`, [name === 'gw' ? 'router.gw' : `node.${name}`, 'eth0'], { master: 'br0' }),
        ),
      ]),
      node('node1', ['a', 'b'], 1, 2),
      node('node2', ['c'], 2, 1),
      pod('a', 'node1', 'fd00:244:1::1'),
      pod('b', 'node1', 'fd00:244:1::1'),
      pod('c', 'node2', 'fd00:244:2::1'),
      namespace(
        'router.gw',
        'router/gw',
        [
          cable('eth0', '06:01', ['network.lan', 'gw'], { creates: true, ipv6: true }),
          cable('eth1', '06:02', ['host.client', 'eth0'], { ipv6: true }),
        ],
        {
          settings: { 'net.ipv6.conf.all.forwarding': 1 },
          addresses: addresses([
            ['eth0', 'fd00:10::1/64'],
            ['eth1', 'fd00:20::1/64'],
          ]),
        },
      ),
    ],
  };
  if (without === undefined) return state;
  return JSON.parse(JSON.stringify(state), (key, value: unknown) =>
    key === 'rules' ? (value as { text: string }[]).filter(({ text }) => !text.includes(without)) : value,
  ) as KernelState;
}

export const LISTENERS: readonly Listener[] = (['a', 'b', 'c'] as const).flatMap((name) =>
  (['TCP', 'UDP'] as const).map((protocol) => ({
    place: `pod/${name}`,
    netns: `pod.default.${name}`,
    port: 8080,
    protocol,
  })),
);
