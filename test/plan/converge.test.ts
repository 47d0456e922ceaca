/** From what stands to what is wanted: the fewest steps, and nothing else touched. */
import { readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { KernelState } from '../../src/compile/index.ts';
import type { Table } from '../../src/compile/iptables.ts';
import type { Link } from '../../src/compile/kernel-state.ts';
import { commandOf } from '../../src/plan/command.ts';
import { converge } from '../../src/plan/converge.ts';
import { plan } from '../../src/plan/index.ts';
import { stateOf, stateOfFile } from '../compile/state.ts';
import { pod, service, stream, topology } from '../model/objects.ts';

const FOLDER = 'topologies';
const nodes = (...names: readonly string[]) => names.map((name) => ({ name }));
const TWO_NODES = { nodes: nodes('node1', 'node2') };
const web = (name: string, node: string) => pod(name, { labels: { app: 'web' }, node });

function stateWith(spec: object, ...documents: readonly string[]): KernelState {
  return stateOf(stream(topology(spec), ...documents));
}

/** The commands of a plan; rules are told by the first word only. */
function commands(current: KernelState, wanted: KernelState): string[] {
  return converge(current, wanted).operations.map((operation) => commandOf(operation).argv.join(' '));
}

function veth(state: KernelState, namespace: string, index = 0): string {
  const ports = state.namespaces
    .find(({ name }) => name === namespace)!
    .links.filter(({ master }) => master === 'cni0');
  return ports[index]!.name;
}

describe('nothing is done', () => {
  it.each(readdirSync(FOLDER).filter((file) => file.endsWith('.yaml')))('where nothing changed: %s', (file) => {
    const path = `${FOLDER}/${file}`;
    expect(converge(stateOfFile(path), stateOfFile(path)).operations).toEqual([]);
  });

  it('where only lines moved in the file', () => {
    const text = stream(topology(TWO_NODES), web('a', 'node1'), service('web', { type: 'NodePort' }));
    expect(converge(stateOf(text), stateOf(`# a comment\n\n${text}`)).operations).toEqual([]);
  });
});

it('from nothing, a lab is built as if it were new', () => {
  const state = stateWith(TWO_NODES, web('a', 'node1'), service('web'));
  expect(converge({ namespaces: [] }, state)).toEqual(plan(state));
});

it('to nothing, every namespace is deleted', () => {
  const state = stateWith({ nodes: nodes('node1') }, web('a', 'node1'));
  expect(commands(state, { namespaces: [] })).toEqual([
    'ip netns delete network.lan',
    'ip netns delete node.node1',
    'ip netns delete pod.default.a',
  ]);
});

describe('a pod', () => {
  it('that comes is made in its namespace, and gets a port on its node', () => {
    const before = stateWith(TWO_NODES, web('a', 'node1'));
    const after = stateWith(TWO_NODES, web('a', 'node1'), web('b', 'node1'));
    const port = veth(after, 'node.node1', 1);
    expect(commands(before, after)).toEqual([
      'ip netns add pod.default.b',
      'ip -n pod.default.b link set lo up',
      `ip -n pod.default.b link add eth0 mtu 1450 address 0a:58:0a:f4:01:03 type veth peer name ${port} mtu 1450 address 0a:59:0a:f4:01:03 netns node.node1`,
      'ip -n pod.default.b link set eth0 addrgenmode none',
      'ip -n pod.default.b addr add 10.244.1.3/24 brd 10.244.1.255 dev eth0',
      'ip -n pod.default.b link set eth0 up',
      'ip -n pod.default.b route add default via 10.244.1.1 dev eth0',
      'ip -n pod.default.b route add 10.244.0.0/16 via 10.244.1.1 dev eth0',
      `ip -n node.node1 link set ${port} addrgenmode none`,
      `ip -n node.node1 link set ${port} up`,
      `ip -n node.node1 link set ${port} master cni0`,
      `bridge -n node.node1 link set dev ${port} hairpin on`,
    ]);
  });

  it('that is the first of its node brings the bridge along', () => {
    const [before, after] = [stateWith(TWO_NODES), stateWith(TWO_NODES, web('a', 'node1'))];
    const onNode = commands(before, after).filter((command) => command.includes('-n node.node1 '));
    const port = veth(after, 'node.node1');
    expect(onNode).toEqual([
      'ip -n node.node1 link add cni0 mtu 1450 address 0a:5a:0a:f4:01:01 type bridge',
      'ip -n node.node1 link set cni0 addrgenmode none',
      `ip -n node.node1 link set ${port} addrgenmode none`,
      'ip -n node.node1 link set cni0 up',
      `ip -n node.node1 link set ${port} up`,
      `ip -n node.node1 link set ${port} master cni0`,
      `bridge -n node.node1 link set dev ${port} hairpin on`,
      'ip -n node.node1 addr add 10.244.1.1/24 brd 10.244.1.255 dev cni0',
    ]);
  });

  it('that goes takes its port and its namespace along', () => {
    const before = stateWith(TWO_NODES, web('a', 'node1'), web('b', 'node1'));
    const after = stateWith(TWO_NODES, web('a', 'node1'));
    expect(commands(before, after)).toEqual([
      `ip -n node.node1 link delete ${veth(before, 'node.node1', 1)}`,
      'ip netns delete pod.default.b',
    ]);
  });

  it('that moves keeps its namespace: the cable is pulled once, and plugged in on the other node', () => {
    const others = [web('x', 'node1'), web('y', 'node2')];
    const before = stateWith(TWO_NODES, ...others, web('a', 'node1'));
    const after = stateWith(TWO_NODES, ...others, web('a', 'node2'));
    const [old, port] = [veth(before, 'node.node1', 1), veth(after, 'node.node2', 1)];
    expect(commands(before, after)).toEqual([
      'ip -n pod.default.a route del default via 10.244.1.1 dev eth0',
      'ip -n pod.default.a route del 10.244.0.0/16 via 10.244.1.1 dev eth0',
      `ip -n node.node1 link delete ${old}`,
      `ip -n pod.default.a link add eth0 mtu 1450 address 0a:58:0a:f4:02:03 type veth peer name ${port} mtu 1450 address 0a:59:0a:f4:02:03 netns node.node2`,
      `ip -n node.node2 link set ${port} addrgenmode none`,
      'ip -n pod.default.a link set eth0 addrgenmode none',
      `ip -n node.node2 link set ${port} up`,
      'ip -n pod.default.a link set eth0 up',
      `ip -n node.node2 link set ${port} master cni0`,
      `bridge -n node.node2 link set dev ${port} hairpin on`,
      'ip -n pod.default.a addr add 10.244.2.3/24 brd 10.244.2.255 dev eth0',
      'ip -n pod.default.a route add default via 10.244.2.1 dev eth0',
      'ip -n pod.default.a route add 10.244.0.0/16 via 10.244.2.1 dev eth0',
    ]);
  });
});

describe('a Service', () => {
  it('that changes changes the rules of the nodes, and nothing else', () => {
    const before = stateWith(TWO_NODES, web('a', 'node1'), service('web'));
    const after = stateWith(TWO_NODES, web('a', 'node1'), service('web', { type: 'NodePort' }));
    const { operations } = converge(before, after);
    expect(operations.map(({ kind, namespace }) => [kind, namespace])).toEqual([
      ['load-rules', 'node.node1'],
      ['load-rules', 'node.node2'],
    ]);
    expect(operations.every((operation) => 'text' in operation && operation.text.includes('--dport 30080'))).toBe(true);
  });

  it('that stays reloads no rules when something else changes', () => {
    const cluster = (mtu: number) => ({ ...TWO_NODES, cluster: { cni: { mode: 'vxlan', mtu } } });
    const documents = [web('a', 'node1'), service('web')];
    const { operations } = converge(stateWith(cluster(1450), ...documents), stateWith(cluster(1400), ...documents));
    expect(new Set(operations.map(({ kind }) => kind))).toEqual(new Set(['set-link']));
  });
});

describe('a node', () => {
  const THREE = { nodes: nodes('node1', 'node2', 'node3') };

  it('that goes is forgotten by the others, and unplugged from its network', () => {
    const before = stateWith(THREE, web('a', 'node1'));
    const after = stateWith(TWO_NODES, web('a', 'node1'));
    const forget = (node: string) => [
      `ip -n ${node} neigh del 10.244.3.0 lladdr 0e:00:0a:f4:03:00 dev flannel.1 nud permanent`,
      `bridge -n ${node} fdb del 0e:00:0a:f4:03:00 dev flannel.1 dst 10.0.0.13 self permanent`,
    ];
    expect(commands(before, after)).toEqual([
      'ip -n node.node1 route del 10.244.3.0/24 via 10.244.3.0 dev flannel.1 onlink',
      'ip -n node.node2 route del 10.244.3.0/24 via 10.244.3.0 dev flannel.1 onlink',
      ...forget('node.node1'),
      ...forget('node.node2'),
      'ip -n network.lan link delete node3',
      'ip netns delete node.node3',
    ]);
  });

  it('that comes is made whole, plugged in, and made known to the others', () => {
    const before = stateWith(TWO_NODES, web('a', 'node1'));
    const after = stateWith(THREE, web('a', 'node1'));
    const there = commands(before, after).filter((command) => !command.includes('node.node3'));
    const know = (node: string) => [
      `ip -n ${node} route add 10.244.3.0/24 via 10.244.3.0 dev flannel.1 onlink`,
      `ip -n ${node} neigh add 10.244.3.0 lladdr 0e:00:0a:f4:03:00 dev flannel.1 nud permanent`,
      `bridge -n ${node} fdb append 0e:00:0a:f4:03:00 dev flannel.1 dst 10.0.0.13 self permanent`,
    ];
    expect(there).toEqual([
      'ip -n network.lan link set node3 addrgenmode none',
      'ip -n network.lan link set node3 up',
      'ip -n network.lan link set node3 master br0',
      ...know('node.node1'),
      ...know('node.node2'),
    ]);
  });
});

describe('settings', () => {
  const faulty = (namespace: string, edit: (link: Link) => Link) => (state: KernelState) => ({
    namespaces: state.namespaces.map((each) =>
      each.name === namespace ? { ...each, links: each.links.map(edit) } : each,
    ),
  });
  const state = stateWith(TWO_NODES, web('a', 'node1'), service('web'));

  it.each([
    [
      'MTU',
      (link: Link) => ({ ...link, mtu: 1400 }),
      (link: Link) => `ip -n pod.default.a link set ${link.name} mtu 1400`,
    ],
    [
      'state',
      (link: Link) => ({ ...link, up: false }),
      (link: Link) => `ip -n pod.default.a link set ${link.name} down`,
    ],
  ])('of a link that stays are changed in place: %s', (_, edit, expected) => {
    const changed = faulty('pod.default.a', edit)(state);
    expect(commands(state, changed)).toEqual([
      expected(changed.namespaces.find(({ name }) => name === 'pod.default.a')!.links[0]!),
    ]);
  });

  it('of a bridge port are changed in place: hairpin', () => {
    const off = faulty('node.node1', (link) => (link.hairpin ? { ...link, hairpin: false } : link))(state);
    const port = veth(state, 'node.node1');
    expect(commands(state, off)).toEqual([`bridge -n node.node1 link set dev ${port} hairpin off`]);
    expect(commands(off, state)).toEqual([`bridge -n node.node1 link set dev ${port} hairpin on`]);
  });

  it('of a device are changed in place: route_localnet', () => {
    const on = faulty('node.node1', (link) =>
      link.kind === 'bridge' ? { ...link, settings: { route_localnet: 1 } } : link,
    )(state);
    const set = (value: number) => [`ip netns exec node.node1 sysctl -qw net.ipv4.conf.cni0.route_localnet=${value}`];
    expect(commands(state, on)).toEqual(set(1));
    expect(commands(on, state)).toEqual(set(0));
  });

  it('of a device are changed in place: what it does to packets', () => {
    const slow = (delay: number) =>
      faulty('node.node1', (link) => (link.name === 'eth0' ? { ...link, impairment: { delay } } : link))(state);
    const tc = (words: string) => [`tc -n node.node1 qdisc ${words}`];
    expect(commands(state, slow(20))).toEqual(tc('replace dev eth0 root netem delay 20ms'));
    expect(commands(slow(20), slow(30))).toEqual(tc('replace dev eth0 root netem delay 30ms'));
    expect(commands(slow(30), state)).toEqual(tc('del dev eth0 root'));
  });

  it('of the kernel are set where they differ', () => {
    const wanted = {
      namespaces: state.namespaces.map((each) => ({
        ...each,
        sysctls: each.sysctls.map((sysctl) =>
          sysctl.key.endsWith('all.rp_filter') ? { ...sysctl, value: '1' } : sysctl,
        ),
      })),
    };
    expect(commands(state, wanted)).toEqual([
      'ip netns exec node.node1 sysctl -qw net.ipv4.conf.all.rp_filter=1',
      'ip netns exec node.node2 sysctl -qw net.ipv4.conf.all.rp_filter=1',
    ]);
  });

  it('of a tunnel that cannot be changed make it anew, with all it carried', () => {
    const documents = [web('a', 'node1')];
    const on = (port: number) => stateWith({ ...TWO_NODES, cluster: { cni: { mode: 'vxlan', port } } }, ...documents);
    const onNode1 = commands(on(8472), on(4789)).filter((command) => command.includes('-n node.node1 '));
    expect(onNode1).toEqual([
      'ip -n node.node1 link delete flannel.1',
      expect.stringContaining('ip -n node.node1 link add flannel.1 mtu 1450 '),
      'ip -n node.node1 link set flannel.1 addrgenmode none',
      'ip -n node.node1 link set flannel.1 up',
      'ip -n node.node1 addr add 10.244.1.0/32 dev flannel.1',
      'ip -n node.node1 route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink',
      'ip -n node.node1 neigh add 10.244.2.0 lladdr 0e:00:0a:f4:02:00 dev flannel.1 nud permanent',
      'bridge -n node.node1 fdb append 0e:00:0a:f4:02:00 dev flannel.1 dst 10.0.0.12 self permanent',
    ]);
  });
});

describe('rules', () => {
  const documents = [web('a', 'node1'), service('web')];
  const mode = (proxy: string, cni: object = { mode: 'vxlan' }) =>
    stateWith({ ...TWO_NODES, cluster: { proxy: { mode: proxy }, cni } }, ...documents);

  const loads = (current: KernelState, wanted: KernelState) =>
    converge(current, wanted).operations.flatMap((operation) => (operation.kind === 'load-rules' ? [operation] : []));

  it('that are no longer wanted go with their chains, table by table', () => {
    const before = mode('iptables');
    const after: KernelState = {
      namespaces: before.namespaces.map(({ iptables: _iptables, ...namespace }) => namespace),
    };
    const [first, ...others] = loads(before, after);
    expect(others.map(({ namespace }) => namespace)).toEqual(['node.node2']);
    const lines = first!.text.split('\n');
    expect(lines.filter((line) => /^(\*|-F)/.test(line))).toEqual([
      ...['*mangle', '*nat', '-F PREROUTING', '-F OUTPUT', '-F POSTROUTING'],
      ...['*filter', '-F INPUT', '-F FORWARD', '-F OUTPUT'],
    ]);
    expect(lines).toEqual(expect.arrayContaining([':KUBE-SERVICES - [0:0]', '-X KUBE-SERVICES', '-X FLANNEL-FWD']));
    expect(lines.filter((line) => line.startsWith('-A'))).toEqual([]);
  });

  it('of very many chains are loaded as a whole, which is faster', () => {
    const many = Array.from({ length: 1500 }, (_, index) => service(`s${index}`, { selector: { app: 'web' } }));
    const lab = (...pods: string[]) => stateWith(TWO_NODES, ...pods.map((name) => web(name, 'node1')), ...many);
    const [change] = loads(lab('a', 'b'), lab('a'));
    expect(change).not.toHaveProperty('onTop');
    expect(change!.text).toContain('\n:PREROUTING ACCEPT [0:0]\n');
  });

  it('of kube-proxy go when it goes', () => {
    const changes = loads(mode('iptables'), mode('none'));
    expect(changes).toHaveLength(2);
    for (const { text } of changes) {
      expect(text).toContain('-X KUBE-SERVICES');
      expect(text).toContain('-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG');
      expect(text).not.toMatch(/-A .*KUBE-SERVICES|FLANNEL-FWD -/);
    }
  });

  it('of an endpoint that goes are its chain and that of its Service, and no others', () => {
    const lab = (...pods: string[]) =>
      stateWith(TWO_NODES, ...pods.map((name) => web(name, 'node1')), service('web'), service('other'));
    const [change, ...others] = loads(lab('a', 'b', 'c'), lab('a', 'b'));
    expect(others.map(({ namespace }) => namespace)).toEqual(['node.node2']);
    expect(change).toMatchObject({ program: 'iptables', onTop: true });
    const words = change!.text.split('\n').map((line) => line.replace(/-[A-Z0-9]{16}.*/, ''));
    expect(words.filter((word) => /^([*:]|-X)/.test(word))).toEqual(['*nat', ':KUBE-SVC', ':KUBE-SEP', '-X KUBE-SEP']);
  });
});

describe('pods that plugins have connected', () => {
  const current = stateOfFile('topologies/cni-plugins.yaml');
  const withRuleIn = (chain: string): KernelState => ({
    namespaces: current.namespaces.map((namespace) =>
      namespace.name === 'node.node1'
        ? { ...namespace, iptables: { tables: namespace.iptables!.tables.map((table) => withRule(table, chain)) } }
        : namespace,
    ),
  });
  const withRule = (table: Table, chain: string): Table => ({
    ...table,
    chains: table.chains.map((each) =>
      table.name === 'nat' && each.name === chain
        ? { ...each, rules: [...each.rules, { text: '-j RETURN', origin: { file: 'lab.yaml', line: 1 } }] }
        : each,
    ),
  });
  const done = (chain: string) =>
    commands(current, withRuleIn(chain)).map((command) => command.replace('ip netns exec node.node1 ', ''));

  it('stay when rules change that are not theirs', () => {
    expect(done('KUBE-SERVICES')).toEqual(['iptables-restore --noflush']);
  });

  it('are connected anew when a built-in chain is emptied, which has rules of theirs', () => {
    const called = done('PREROUTING').map((command) => command.split(' ').slice(0, 2).join(' '));
    expect(called).toEqual([
      ...['cnitool del', 'cnitool del', 'iptables-restore --noflush', 'cnitool add', 'cnitool add'],
    ]);
  });
});

describe('kube-proxy as a process', () => {
  const userspace = { ...TWO_NODES, cluster: { proxy: { mode: 'userspace' } } };
  const START = (node: string) => `ip netns exec node.${node} kube-proxy --proxy-mode=userspace`;
  const END = (node: string) => `ip netns exec node.${node} pkill kube-proxy`;
  const before = stateWith(userspace, web('a', 'node1'), service('web'));

  it('is told of endpoints that come, which concern no rule', () => {
    const done = commands(before, stateWith(userspace, web('a', 'node1'), web('b', 'node2'), service('web')));
    expect(done.slice(-2)).toEqual([START('node1'), START('node2')]);
    expect(done.filter((command) => command.includes('iptables'))).toEqual([]);
  });

  it('opens its ports anew where addresses change', () => {
    const nodes = [{ name: 'node1', addresses: ['10.0.0.11', '10.0.0.50'] }, { name: 'node2' }];
    expect(commands(before, stateWith({ ...userspace, nodes }, web('a', 'node1'), service('web')))).toEqual([
      'ip -n node.node1 addr add 10.0.0.50/24 brd 10.0.0.255 dev eth0',
      START('node1'),
    ]);
  });

  it('starts and ends with its mode', () => {
    const without = stateWith(TWO_NODES, web('a', 'node1'), service('web'));
    expect(commands(without, before).slice(-2)).toEqual([START('node1'), START('node2')]);
    expect(commands(before, without).slice(-2)).toEqual([END('node1'), END('node2')]);
  });

  it('ends before its node goes: a namespace lives as long as a socket in it', () => {
    const done = commands(
      before,
      stateWith({ ...userspace, nodes: nodes('node1') }, web('a', 'node1'), service('web')),
    );
    expect(done.indexOf(END('node2'))).toBeGreaterThanOrEqual(0);
    expect(done.indexOf(END('node2'))).toBeLessThan(done.indexOf('ip netns delete node.node2'));
  });
});

describe('Docker', () => {
  const docker = (...containers: readonly object[]) =>
    stateWith({ nodes: nodes('node1'), hosts: [{ name: 'dock', docker: { containers } }] });
  const PROXY = 'ip netns exec host.dock dockerd --userland-proxy';
  const a = { name: 'a', publish: ['8080:80'] };
  const rules = (current: KernelState, wanted: KernelState) =>
    converge(current, wanted).operations.flatMap((operation) =>
      operation.kind === 'load-rules' ? [operation.text] : [],
    );

  it('gets a container more: a namespace, a port of docker0, a rule, and no other docker-proxy', () => {
    const [before, after] = [docker(a), docker(a, { name: 'b' })];
    const done = commands(before, after);
    expect(done[0]).toBe('ip netns add container.dock.b');
    expect(done.filter((command) => command.includes(' link add '))).toHaveLength(1);
    expect(done).not.toContain(PROXY);
    const [text] = rules(before, after);
    expect(text).toContain('-A PREROUTING -d 172.17.0.3/32 ! -i docker0 -j DROP');
  });

  it('publishes another port: rules, and docker-proxy', () => {
    const done = commands(docker(a), docker({ ...a, publish: ['8081:80'] }));
    expect(done).toEqual(['ip netns exec host.dock iptables-restore --noflush', PROXY]);
  });

  it('has a container that joins another one: its own network goes', () => {
    const done = commands(docker(a, { name: 'b' }), docker(a, { name: 'b', network: 'container:a' }));
    expect(done).toContain('ip netns delete container.dock.b');
    expect(done.filter((command) => command.includes('container.dock.a'))).toEqual([]);
  });

  it('goes: nothing is dropped any more, and docker-proxy ends', () => {
    const without = stateWith({ nodes: nodes('node1'), hosts: [{ name: 'dock' }] });
    const done = commands(docker(a), without);
    expect(done).toContain('ip -n host.dock link delete docker0');
    expect(done).toContain('ip netns exec host.dock pkill docker-proxy');
    const [text] = rules(docker(a), without);
    expect(text).toContain(':FORWARD ACCEPT');
    expect(text).toContain('-X DOCKER-USER');
    expect(text).not.toContain('-A ');
  });
});
