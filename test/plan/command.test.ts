/** Every kind of operation as the command an engineer would type. */
import { describe, expect, it } from 'vitest';
import { commandOf } from '../../src/plan/command.ts';
import type { Operation } from '../../src/plan/index.ts';

const WHERE = { namespace: 'node.node1', origin: { file: 'lab.yaml', line: 1 } } as const;
const ENDS = { mtu: 1450, mac: '02:00:00:00:00:01' } as const;
const vxlan = {
  kind: 'vxlan',
  name: 'flannel.1',
  ...ENDS,
  vni: 1,
  port: 8472,
  local: '10.0.0.11',
  device: 'eth0',
} as const;
const route = { to: '10.244.2.0/24', device: 'eth0', onlink: false } as const;
const entry = { device: 'flannel.1', mac: '0e:00:0a:f4:02:00', destination: '10.0.0.12' } as const;
const neighbour = { device: 'flannel.1', address: '10.244.2.0', mac: '0e:00:0a:f4:02:00' } as const;
const address = { device: 'eth0', address: '10.0.0.11/24' } as const;

/** The operation without where it happens, and its command without `ip -n node.node1 `. */
const IP = [
  [
    { kind: 'add-link', link: { kind: 'bridge', name: 'cni0', ...ENDS } },
    'link add cni0 mtu 1450 address 02:00:00:00:00:01 type bridge',
  ],
  [
    {
      kind: 'add-link',
      link: {
        kind: 'veth',
        name: 'eth0',
        ...ENDS,
        peer: { namespace: 'network.lan', name: 'node1', mtu: 1500, mac: '02:01:00:00:00:01' },
      },
    },
    'link add eth0 mtu 1450 address 02:00:00:00:00:01 type veth peer name node1 mtu 1500 address 02:01:00:00:00:01 netns network.lan',
  ],
  [
    { kind: 'add-link', link: { ...vxlan, learning: false, gbp: false } },
    'link add flannel.1 mtu 1450 address 02:00:00:00:00:01 type vxlan id 1 local 10.0.0.11 dev eth0 dstport 8472 nolearning',
  ],
  [
    { kind: 'add-link', link: { ...vxlan, learning: true, gbp: true } },
    'link add flannel.1 mtu 1450 address 02:00:00:00:00:01 type vxlan id 1 local 10.0.0.11 dev eth0 dstport 8472 learning gbp',
  ],
  [
    { kind: 'add-link', link: { kind: 'external-vxlan', name: 'cilium_vxlan', ...ENDS, port: 8472 } },
    'link add cilium_vxlan mtu 1450 address 02:00:00:00:00:01 type vxlan external dstport 8472',
  ],
  [
    { kind: 'add-link', link: { kind: 'ipip', name: 'flannel.ipip', mtu: 1480, local: '10.0.0.11' } },
    'link add flannel.ipip mtu 1480 type ipip local 10.0.0.11 nopmtudisc',
  ],
  [
    { kind: 'add-link', link: { kind: 'wireguard', name: 'flannel-wg', mtu: 1420 } },
    'link add flannel-wg mtu 1420 type wireguard',
  ],
  [{ kind: 'add-tun', name: 'flannel0' }, 'tuntap add dev flannel0 mode tun'],
  [{ kind: 'delete-link', name: 'eth0' }, 'link delete eth0'],
  [{ kind: 'set-link', change: { name: 'eth0', up: true } }, 'link set eth0 up'],
  [{ kind: 'set-link', change: { name: 'eth0', up: false } }, 'link set eth0 down'],
  [{ kind: 'set-link', change: { name: 'eth0', quiet: true } }, 'link set eth0 addrgenmode none'],
  [
    { kind: 'set-link', change: { name: 'veth1', master: 'cni0', mtu: 1400, up: true } },
    'link set veth1 master cni0 mtu 1400 up',
  ],
  [{ kind: 'add-address', address }, 'addr add 10.0.0.11/24 dev eth0'],
  [
    { kind: 'add-address', address: { ...address, broadcast: '10.0.0.255' } },
    'addr add 10.0.0.11/24 brd 10.0.0.255 dev eth0',
  ],
  [{ kind: 'delete-address', address }, 'addr del 10.0.0.11/24 dev eth0'],
  [
    { kind: 'add-address', address: { device: 'eth0', address: 'fd00:10::11/64' } },
    'addr add fd00:10::11/64 dev eth0 nodad',
  ],
  [
    { kind: 'delete-address', address: { device: 'eth0', address: 'fd00:10::11/64' } },
    'addr del fd00:10::11/64 dev eth0',
  ],
  [
    { kind: 'add-route', route: { ...route, to: '::/0', via: 'fd00:10::1', source: 'fd00:10::11' } },
    'route add ::/0 via fd00:10::1 dev eth0 src fd00:10::11',
  ],
  [
    { kind: 'add-link', link: { ...vxlan, name: 'flannel-v6.1', local: 'fd00:10::11', learning: false, gbp: false } },
    'link add flannel-v6.1 mtu 1450 address 02:00:00:00:00:01 type vxlan id 1 local fd00:10::11 dev eth0 dstport 8472 nolearning',
  ],
  [{ kind: 'add-route', route: { ...route, via: '10.0.0.12' } }, 'route add 10.244.2.0/24 via 10.0.0.12 dev eth0'],
  [
    { kind: 'add-route', route: { ...route, to: 'default', via: '10.0.0.1', onlink: true } },
    'route add default via 10.0.0.1 dev eth0 onlink',
  ],
  [
    { kind: 'add-route', route: { ...route, scope: 'link', source: '10.0.0.11' } },
    'route add 10.244.2.0/24 dev eth0 scope link src 10.0.0.11',
  ],
  [{ kind: 'delete-route', route: { ...route, via: '10.0.0.12' } }, 'route del 10.244.2.0/24 via 10.0.0.12 dev eth0'],
  [{ kind: 'add-neighbour', neighbour }, 'neigh add 10.244.2.0 lladdr 0e:00:0a:f4:02:00 dev flannel.1 nud permanent'],
  [
    { kind: 'delete-neighbour', neighbour },
    'neigh del 10.244.2.0 lladdr 0e:00:0a:f4:02:00 dev flannel.1 nud permanent',
  ],
] as const;

const OTHERS = [
  [{ kind: 'add-namespace' }, 'ip netns add node.node1'],
  [{ kind: 'delete-namespace' }, 'ip netns delete node.node1'],
  [
    { kind: 'set-sysctl', sysctl: { key: 'net.ipv4.ip_forward', value: '1' } },
    'ip netns exec node.node1 sysctl -qw net.ipv4.ip_forward=1',
  ],
  [{ kind: 'set-port', name: 'veth1', hairpin: true }, 'bridge -n node.node1 link set dev veth1 hairpin on'],
  [{ kind: 'set-port', name: 'veth1', hairpin: false }, 'bridge -n node.node1 link set dev veth1 hairpin off'],
  [
    { kind: 'add-fdb', entry },
    'bridge -n node.node1 fdb append 0e:00:0a:f4:02:00 dev flannel.1 dst 10.0.0.12 self permanent',
  ],
  [
    { kind: 'delete-fdb', entry },
    'bridge -n node.node1 fdb del 0e:00:0a:f4:02:00 dev flannel.1 dst 10.0.0.12 self permanent',
  ],
  [
    { kind: 'set-impairment', name: 'eth0', impairment: { delay: 20, jitter: 5, loss: 0.5, rate: 10_000_000 } },
    'tc -n node.node1 qdisc replace dev eth0 root netem delay 20ms 5ms loss 0.5% rate 10mbit',
  ],
  [
    { kind: 'set-impairment', name: 'eth0', impairment: { rate: 1_500 } },
    'tc -n node.node1 qdisc replace dev eth0 root netem rate 1500bit',
  ],
  [{ kind: 'set-impairment', name: 'eth0', impairment: {} }, 'tc -n node.node1 qdisc del dev eth0 root'],
  [{ kind: 'set-relays', program: 'kube-proxy', relays: [] }, 'ip netns exec node.node1 pkill kube-proxy'],
  [
    {
      kind: 'set-relays',
      program: 'kube-proxy',
      relays: [
        {
          program: 'kube-proxy',
          serves: 'default/web',
          protocol: 'TCP',
          port: 40_001,
          endpoints: [],
          idleMs: 250,
          held: [],
        },
      ],
    },
    'ip netns exec node.node1 kube-proxy --proxy-mode=userspace',
  ],
] as const;

describe('the command', () => {
  it.each(IP)('%j', (step, command) => {
    const { argv, stdin } = commandOf({ ...step, ...WHERE } as Operation);
    expect([argv.join(' '), stdin]).toEqual([`ip -n node.node1 ${command}`, undefined]);
  });

  it('of a WireGuard device reads its key and its peers', () => {
    const peer = { publicKey: 'PEER=', endpoint: { address: '10.0.0.12', port: 51820 }, allowed: '10.244.2.0/24' };
    const device = { name: 'flannel-wg', privateKey: 'KEY=', listenPort: 51820, peers: [peer] };
    const { argv, stdin } = commandOf({ kind: 'set-wireguard', device, ...WHERE });
    expect(argv.join(' ')).toBe('ip netns exec node.node1 wg setconf flannel-wg /dev/stdin');
    expect(stdin).toBe(
      '[Interface]\nPrivateKey = KEY=\nListenPort = 51820\n[Peer]\nPublicKey = PEER=\nEndpoint = 10.0.0.12:51820\nAllowedIPs = 10.244.2.0/24\n',
    );
  });

  it.each(OTHERS)('%j', (step, command) => {
    const { argv, stdin } = commandOf({ ...step, ...WHERE } as Operation);
    expect([argv.join(' '), stdin]).toEqual([command, undefined]);
  });

  it('that loads rules reads them from its standard input', () => {
    const text = '*filter\nCOMMIT\n';
    expect(commandOf({ kind: 'load-rules', program: 'iptables', text, ...WHERE })).toEqual({
      argv: ['ip', 'netns', 'exec', 'node.node1', 'iptables-restore'],
      stdin: text,
    });
  });

  it('that loads rules of IPv6 is the other program', () => {
    const { argv } = commandOf({ kind: 'load-rules', program: 'ip6tables', text: '', ...WHERE });
    expect(argv.join(' ')).toBe('ip netns exec node.node1 ip6tables-restore');
  });

  it('has a word for each argument, whatever characters are in it', () => {
    const odd = { key: 'net.ipv4.x', value: '1 2\t3; reboot $(id)' };
    expect(commandOf({ kind: 'set-sysctl', sysctl: odd, ...WHERE }).argv.at(-1)).toBe(`net.ipv4.x=${odd.value}`);
  });
});
