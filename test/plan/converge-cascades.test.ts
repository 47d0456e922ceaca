/** What the kernel takes away together with something else, a plan has to give back. */
import { describe, expect, it } from 'vitest';
import type { KernelState } from '../../src/compile/index.ts';
import type { Link, Namespace } from '../../src/compile/kernel-state.ts';
import { commandOf } from '../../src/plan/command.ts';
import { converge } from '../../src/plan/converge.ts';
import { namespaceOf, stateOf } from '../compile/state.ts';
import { pod, stream, topology } from '../model/objects.ts';

const nodes = (...names: readonly string[]) => names.map((name) => ({ name }));
const TWO_NODES = { nodes: nodes('node1', 'node2') };
const LAN = { networks: [{ name: 'lan', cidr: '10.0.0.0/24' }] };

/** The commands from one topology to another. */
function commands(current: object, wanted: object): string[] {
  const [before, after] = [current, wanted].map((spec) => stateOf(stream(topology(spec))));
  return commandsBetween(before!, after!);
}

function commandsBetween(current: KernelState, wanted: KernelState): string[] {
  return converge(current, wanted).operations.map((operation) => commandOf(operation).argv.join(' '));
}

/** A state with one namespace changed. */
function edited(state: KernelState, name: string, edit: (namespace: Namespace) => Partial<Namespace>): KernelState {
  return {
    namespaces: state.namespaces.map((each) => (each.name === name ? { ...each, ...edit(each) } : each)),
  };
}

/** A state with one link changed. */
function relinked(state: KernelState, namespace: string, name: string, change: Partial<Link>): KernelState {
  return edited(state, namespace, ({ links }) => ({
    links: links.map((link) => (link.name === name ? ({ ...link, ...change } as Link) : link)),
  }));
}

/** Where the first command that begins like this stands, -1 when none does. */
function indexOf(list: readonly string[], start: string): number {
  return list.findIndex((command) => command.startsWith(start));
}

describe('what goes with something else is made again:', () => {
  it('a tunnel, with the device below it', () => {
    /** A second machine called node1 gives its port another name, and so its eth0 another peer. */
    const list = commands(TWO_NODES, { ...TWO_NODES, hosts: nodes('node1') });
    const [below, tunnel] = ['eth0', 'flannel.1'].map((name) => indexOf(list, `ip -n node.node1 link add ${name} `));
    expect(below).toBeGreaterThanOrEqual(0);
    expect(tunnel).toBeGreaterThan(below!);
    expect(list).toContain('ip -n node.node1 route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink');
  });

  it('a tunnel, which is not deleted after the device below it is', () => {
    const moved = {
      nodes: [
        { name: 'node1', address: '10.0.0.50' },
        { name: 'node2', address: '10.0.0.12' },
      ],
    };
    const list = commands(TWO_NODES, moved);
    const cable = list.findIndex((command) => / link delete (eth0|node1)$/.test(command));
    expect(cable).toBeGreaterThanOrEqual(0);
    expect(indexOf(list, 'ip -n node.node1 link delete flannel.1')).toBeLessThan(cable);
  });

  it('the routes of a device that loses its last address', () => {
    const list = commands({ ...TWO_NODES, ...LAN }, { ...TWO_NODES, networks: [{ name: 'lan', cidr: '10.0.0.0/25' }] });
    const gone = list.indexOf('ip -n node.node1 addr del 10.0.0.11/24 brd 10.0.0.255 dev eth0');
    expect(gone).toBeGreaterThanOrEqual(0);
    expect(list.indexOf('ip -n node.node1 route add default via 10.0.0.1 dev eth0')).toBeGreaterThan(gone);
  });

  it('the ports of a bridge that is made anew', () => {
    const withRouter = { ...TWO_NODES, routers: [{ name: 'gw', networks: ['lan'], addresses: ['10.0.0.254'] }] };
    const list = commands(TWO_NODES, withRouter);
    const bridge = indexOf(list, 'ip -n network.lan link add br0 ');
    expect(bridge).toBeGreaterThanOrEqual(0);
    for (const port of ['node1', 'node2', 'gw'])
      expect(indexOf(list, `ip -n network.lan link set ${port} master br0`)).toBeGreaterThan(bridge);
  });

  it('the cable of a machine whose network is new', () => {
    const networks = [...LAN.networks, { name: 'dmz', cidr: '10.0.1.0/24' }];
    const joining = (...names: readonly string[]) => ({ routers: [{ name: 'gw', networks: names }] });
    const list = commands({ ...LAN, ...joining('lan') }, { networks, ...joining('lan', 'dmz') });
    const cable = indexOf(list, 'ip -n router.gw link add eth1 ');
    expect(cable).toBeGreaterThan(list.indexOf('ip netns add network.dmz'));
    expect(indexOf(list, 'ip -n network.dmz link set gw master br0')).toBeGreaterThan(cable);
  });

  const node1 = (spec: object = {}) =>
    stateOf(stream(topology({ ...TWO_NODES, ...spec }), pod('a', { node: 'node1' }), pod('b', { node: 'node1' })));
  const ports = namespaceOf(node1(), 'node.node1').links.flatMap(({ name, master }) => (master ? [name] : []));
  const ANEW = { mac: '02:ff:00:00:00:01' };

  it('the flags of ports, with their bridge', () => {
    const list = commandsBetween(node1(), relinked(node1(), 'node.node1', 'cni0', ANEW));
    expect(list).toEqual([
      'ip -n node.node1 link delete cni0',
      'ip -n node.node1 link add cni0 mtu 1450 address 02:ff:00:00:00:01 type bridge',
      'ip -n node.node1 link set cni0 addrgenmode none',
      'ip -n node.node1 link set cni0 up',
      ...ports.flatMap((port) => [
        `ip -n node.node1 link set ${port} master cni0`,
        `bridge -n node.node1 link set dev ${port} hairpin on`,
      ]),
      'ip -n node.node1 addr add 10.244.1.1/24 brd 10.244.1.255 dev cni0',
    ]);
  });

  it('the flag of a port that moves to another bridge', () => {
    const withSecond = edited(node1(), 'node.node1', ({ links }) => ({
      links: [...links, { ...links.find(({ name }) => name === 'cni0')!, name: 'cni1' }],
    }));
    expect(commandsBetween(withSecond, relinked(withSecond, 'node.node1', ports[0]!, { master: 'cni1' }))).toEqual([
      `ip -n node.node1 link set ${ports[0]} master cni1`,
      `bridge -n node.node1 link set dev ${ports[0]} hairpin on`,
    ]);
  });

  it('both ends of a cable, and what stands on either', () => {
    const list = commandsBetween(node1(), relinked(node1(), 'network.lan', 'node1', ANEW));
    expect(list.filter((command) => / link delete /.test(command))).toEqual([
      'ip -n node.node1 link delete flannel.1',
      'ip -n network.lan link delete node1',
    ]);
    expect(list.filter((command) => / (link|route|neigh|fdb) (add|append) /.test(command))).toEqual([
      expect.stringContaining('ip -n node.node1 link add eth0 '),
      expect.stringContaining('ip -n node.node1 link add flannel.1 '),
      'ip -n node.node1 route add default via 10.0.0.1 dev eth0',
      'ip -n node.node1 route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink',
      'ip -n node.node1 neigh add 10.244.2.0 lladdr 0e:00:0a:f4:02:00 dev flannel.1 nud permanent',
      'bridge -n node.node1 fdb append 0e:00:0a:f4:02:00 dev flannel.1 dst 10.0.0.12 self permanent',
    ]);
  });

  it('a link that leaves its bridge', () => {
    const [port] = ports;
    const { links } = namespaceOf(node1(), 'node.node1');
    const { master: _master, hairpin: _hairpin, ...free } = links.find(({ name }) => name === port)!;
    const without = edited(node1(), 'node.node1', () => ({
      links: links.map((link) => (link.name === port ? (free as Link) : link)),
    }));
    const list = commandsBetween(node1(), without);
    expect(list[0]).toBe(`ip -n node.node1 link delete ${port}`);
    expect(list).toContain('ip -n pod.default.a route add default via 10.244.1.1 dev eth0');
    expect(list).toContain(`ip -n node.node1 link set ${port} up`);
  });

  it('the neighbours and routes of a device that loses its last address, its forwarding entries stay', () => {
    const list = commandsBetween(
      node1(),
      edited(node1(), 'node.node1', ({ addresses }) => ({
        addresses: addresses.map((each) =>
          each.device === 'flannel.1' ? { ...each, address: '10.244.1.9/32' } : each,
        ),
      })),
    );
    expect(list).toEqual([
      'ip -n node.node1 addr del 10.244.1.0/32 dev flannel.1',
      'ip -n node.node1 addr add 10.244.1.9/32 dev flannel.1',
      'ip -n node.node1 route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink',
      'ip -n node.node1 neigh add 10.244.2.0 lladdr 0e:00:0a:f4:02:00 dev flannel.1 nud permanent',
    ]);
  });

  it('routes that name an address as their source, when it is deleted and given again', () => {
    const origin = { file: 'lab.yaml', line: 1 };
    const host = (broadcast: string) =>
      edited(stateOf(stream(topology({ hosts: [{ name: 'client' }] }))), 'host.client', ({ addresses, routes }) => ({
        addresses: [...addresses, { device: 'eth0', address: '10.9.9.9/29', broadcast, origin }],
        routes: [...routes, { to: '10.8.0.0/16', device: 'eth0', onlink: false, source: '10.9.9.9', origin }],
      }));
    expect(commandsBetween(host('10.9.9.14'), host('10.9.9.15'))).toEqual([
      'ip -n host.client addr del 10.9.9.9/29 brd 10.9.9.14 dev eth0',
      'ip -n host.client addr add 10.9.9.9/29 brd 10.9.9.15 dev eth0',
      'ip -n host.client route add 10.8.0.0/16 dev eth0 src 10.9.9.9',
    ]);
  });

  it('further addresses of a subnet, with its first one: they are deleted before it', () => {
    const host = (...addresses: readonly string[]) =>
      edited(stateOf(stream(topology({ hosts: [{ name: 'client' }] }))), 'host.client', (client) => ({
        addresses: addresses.map((address) => ({ device: 'eth0', address, origin: client.origin })),
      }));
    const between = (before: KernelState, after: KernelState) =>
      commandsBetween(before, after).filter((command) => command.includes(' addr '));
    const all = ['10.0.0.7/24', '10.9.9.9/32', '10.0.0.8/24', '10.0.0.9/24'] as const;
    expect(between(host(...all), host('10.9.9.9/32', '10.0.0.8/24'))).toEqual([
      'ip -n host.client addr del 10.0.0.9/24 dev eth0',
      'ip -n host.client addr del 10.0.0.8/24 dev eth0',
      'ip -n host.client addr del 10.0.0.7/24 dev eth0',
      'ip -n host.client addr add 10.0.0.8/24 dev eth0',
    ]);
    expect(between(host('10.0.0.8/24'), host('10.0.0.7/24', '10.0.0.8/24'))).toEqual([
      'ip -n host.client addr del 10.0.0.8/24 dev eth0',
      'ip -n host.client addr add 10.0.0.7/24 dev eth0',
      'ip -n host.client addr add 10.0.0.8/24 dev eth0',
    ]);
    expect(between(host(...all), host('10.0.0.7/24', '10.0.0.9/24'))).toEqual([
      'ip -n host.client addr del 10.0.0.8/24 dev eth0',
      'ip -n host.client addr del 10.9.9.9/32 dev eth0',
    ]);
  });

  it('the routes of a device that was down', () => {
    const down = relinked(node1(), 'pod.default.a', 'eth0', { up: false });
    expect(commandsBetween(down, node1())).toEqual([
      'ip -n pod.default.a link set eth0 up',
      'ip -n pod.default.a route add default via 10.244.1.1 dev eth0',
      'ip -n pod.default.a route add 10.244.0.0/16 via 10.244.1.1 dev eth0',
    ]);
    const withoutRoutes = edited(node1(), 'pod.default.a', () => ({ routes: [] }));
    expect(commandsBetween(down, withoutRoutes)).toEqual(['ip -n pod.default.a link set eth0 up']);
  });
});

describe('with IPv6', () => {
  const origin = { file: 'lab.yaml', line: 1 };
  const BARE = stateOf(stream(topology({ hosts: [{ name: 'client' }] })));
  /** A host with these addresses on eth0 besides the one it has anyway. */
  const host = (addresses: readonly string[], more: Partial<Namespace> = {}) =>
    edited(BARE, 'host.client', (client) => ({
      addresses: [...client.addresses, ...addresses.map((address) => ({ device: 'eth0', address, origin }))],
      ...more,
    }));
  const down = (state: KernelState) => relinked(state, 'host.client', 'eth0', { up: false });

  it('an address that goes takes nothing along, be it the last one', () => {
    const routes = [{ to: 'fd00:8::/64', via: 'fd00::1', device: 'eth0', onlink: true, origin }];
    const neighbours = [{ device: 'eth0', address: 'fd00::1', mac: '02:00:00:00:00:01', origin }];
    expect(commandsBetween(host(['fd00::7/64'], { routes, neighbours }), host([], { routes, neighbours }))).toEqual([
      'ip -n host.client addr del fd00::7/64 dev eth0',
    ]);
  });

  it('the last IPv4 address takes only what is IPv4', () => {
    const more = {
      routes: [
        { to: 'default', via: '10.0.0.1', device: 'eth0', onlink: true, origin },
        { to: '::/0', via: 'fd00::1', device: 'eth0', onlink: false, origin },
      ],
      neighbours: [{ device: 'eth0', address: 'fd00::1', mac: '02:00:00:00:00:01', origin }],
    };
    const moved = edited(host(['fd00::7/64'], more), 'host.client', ({ addresses }) => ({
      addresses: addresses.map((each) => (each.address.includes(':') ? each : { ...each, address: '10.7.0.1/24' })),
    }));
    expect(commandsBetween(host(['fd00::7/64'], more), moved).filter((command) => !command.includes(' addr '))).toEqual(
      ['ip -n host.client route add default via 10.0.0.1 dev eth0 onlink'],
    );
  });

  it('a route loses the source that is deleted: it is made again, when that is', () => {
    const routes = [{ to: 'fd00:8::/64', via: 'fd00::1', device: 'eth0', onlink: true, source: 'fd00::7', origin }];
    expect(commandsBetween(host(['fd00::7/64'], { routes }), host(['fd00::7/80'], { routes }))).toEqual([
      'ip -n host.client route del fd00:8::/64 via fd00::1 dev eth0 src fd00::7 onlink',
      'ip -n host.client addr del fd00::7/64 dev eth0',
      'ip -n host.client addr add fd00::7/80 dev eth0 nodad',
      'ip -n host.client route add fd00:8::/64 via fd00::1 dev eth0 src fd00::7 onlink',
    ]);
  });

  it('the address of a subnet that is to be the last one is added last', () => {
    const between = (before: readonly string[], after: readonly string[]) =>
      commandsBetween(host(before), host(after)).map((command) => command.replace('ip -n host.client addr ', ''));
    expect(between(['fd00::7/64'], ['fd00::7/64', 'fd00::8/64'])).toEqual(['add fd00::8/64 dev eth0 nodad']);
    expect(between(['fd00::7/64', 'fd00::8/64'], ['fd00::8/64'])).toEqual(['del fd00::7/64 dev eth0']);
    expect(between(['fd00::7/64', 'fd00::8/64', 'fd00:8::8/64'], ['fd00::8/64', 'fd00::7/64', 'fd00:8::8/64'])).toEqual(
      [
        'del fd00::8/64 dev eth0',
        'del fd00::7/64 dev eth0',
        'add fd00::8/64 dev eth0 nodad',
        'add fd00::7/64 dev eth0 nodad',
      ],
    );
  });

  it('a device that goes down loses its addresses, and is given them again', () => {
    expect(commandsBetween(host(['fd00::7/64']), down(host(['fd00::7/64'])))).toEqual([
      'ip -n host.client link set eth0 down',
      'ip -n host.client addr add fd00::7/64 dev eth0 nodad',
    ]);
    const routes = [{ to: '::/0', via: 'fd00::1', device: 'eth0', onlink: false, origin }];
    expect(commandsBetween(down(host(['fd00::7/64'], { routes })), host(['fd00::7/64'], { routes }))).toEqual([
      'ip -n host.client link set eth0 up',
      'ip -n host.client route add ::/0 via fd00::1 dev eth0',
    ]);
  });

  it('a link that is to have a link-local address is made anew: an existing one is not given any', () => {
    const list = commandsBetween(BARE, relinked(BARE, 'host.client', 'eth0', { ipv6: true }));
    expect(indexOf(list, 'ip -n host.client link add eth0')).toBeGreaterThan(0);
    expect(list).not.toContain('ip -n host.client link set eth0 addrgenmode none');
  });

  it('rules are its own', () => {
    const text = '-d fd00::7 -j DROP';
    const chains = [{ name: 'INPUT', policy: 'ACCEPT', rules: [{ text, origin }] }] as const;
    const list = converge(host([]), host([], { ip6tables: { tables: [{ name: 'filter', chains }] } })).operations;
    expect(list).toEqual([
      expect.objectContaining({
        program: 'ip6tables',
        text: `*filter\n:INPUT ACCEPT [0:0]\n-A INPUT ${text}\nCOMMIT\n`,
      }),
    ]);
  });
});
