/** What the kernel takes away together with something else, a plan has to give back. */
import { describe, expect, it } from 'vitest';
import { commandOf } from '../../src/plan/command.ts';
import { converge } from '../../src/plan/converge.ts';
import { stateOf } from '../compile/state.ts';
import { stream, topology } from '../model/objects.ts';

const nodes = (...names: readonly string[]) => names.map((name) => ({ name }));
const TWO_NODES = { nodes: nodes('node1', 'node2') };
const LAN = { networks: [{ name: 'lan', cidr: '10.0.0.0/24' }] };

/** The commands from one topology to another. */
function commands(current: object, wanted: object): string[] {
  const [before, after] = [current, wanted].map((spec) => stateOf(stream(topology(spec))));
  return converge(before!, after!).operations.map((operation) => commandOf(operation).argv.join(' '));
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
});
