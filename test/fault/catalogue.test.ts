/** Every fault edits what it says, and nothing else. */
import { describe, expect, it } from 'vitest';
import type { KernelState } from '../../src/compile/index.ts';
import { FAULTS, injectFault } from '../../src/fault/index.ts';
import type { FaultName } from '../../src/model/cluster.ts';
import { FAULT_NAMES } from '../../src/parse/schema/topology.ts';
import { stateOf, stateOfFile } from '../compile/state.ts';
import { pod, policy, service, stream, topology } from '../model/objects.ts';
import { difference, isOfChange, linesMatching } from './script.ts';

/** Something to break for every fault: two nodes with pods, a host and a router with routes, Services of several sorts. */
const TEXT = stream(
  topology({
    networks: [
      { name: 'lan', cidr: '10.0.0.0/24' },
      { name: 'dmz', cidr: '10.0.1.0/24' },
    ],
    nodes: [{ name: 'node1' }, { name: 'node2' }],
    hosts: [{ name: 'client', routes: [{ to: '10.96.0.0/12', via: 'node/node1' }] }],
    routers: [{ name: 'gw', networks: ['lan', 'dmz'], routes: [{ to: '10.244.0.0/16', via: 'node/node1' }] }],
  }),
  pod('a', { labels: { app: 'web' }, node: 'node1' }),
  pod('b', { labels: { app: 'web' }, node: 'node2' }),
  service('web', { type: 'NodePort', sessionAffinity: 'ClientIP' }),
  service('empty', { type: 'NodePort' }),
);
const LAB = stateOf(TEXT);
const IPVS = stateOf(TEXT, { proxy: 'ipvs' });
const STRICT = stateOf(
  stream(topology({ cluster: { proxy: { mode: 'ipvs', ipvs: { strictARP: true } } }, nodes: [{ name: 'node1' }] })),
);
const LAYER2 = stateOf(
  stream(
    topology({
      nodes: [{ name: 'node1' }],
      loadBalancers: [{ name: 'metallb', kind: 'metallb-l2', addresses: ['10.0.0.240/28'] }],
    }),
  ),
);
const NFT = stateOf(TEXT, { proxy: 'nftables' });
const HOST_PORT = stream(
  topology({ nodes: [{ name: 'node1' }] }),
  pod('a', { spec: { containers: [{ name: 'app', ports: [{ containerPort: 80, hostPort: 8000 }] }] } }),
);
const PUBLISHED = stateOf(HOST_PORT);
const DOCKER = stateOf(
  stream(
    topology({
      nodes: [{ name: 'node1' }],
      hosts: [
        { name: 'dock', docker: { containers: [{ name: 'web', publish: ['8080:80', '5353:53/UDP'] }] } },
        { name: 'proxyless', docker: { userlandProxy: false, containers: [{ name: 'web', publish: ['8080:80'] }] } },
      ],
    }),
  ),
);
const UDP = stateOf(TEXT, { cni: 'udp' });
const PLUGINS = stateOfFile('topologies/cni-plugins.yaml');
const BGP = stateOf(TEXT, { cni: 'calico-bgp' });
const ADVERTISED = stateOf(
  stream(
    topology({
      networks: [{ name: 'lan', cidr: ['10.0.0.0/24', 'fd00:10::/64'] }],
      nodes: [{ name: 'node1' }],
      hosts: [{ name: 'client' }],
      routers: [{ name: 'gw', networks: ['lan'], routerAdvertisements: true }],
    }),
  ),
);
const POLICY = stateOf(stream(TEXT.trimEnd(), policy('p', { ingress: [{ from: [{ podSelector: {} }] }] })));
const FELIX = stateOf(stream(TEXT.trimEnd(), policy('p', { ingress: [{ from: [{ podSelector: {} }] }] })), {
  cni: 'calico-vxlan',
});
const INGRESS = stateOf(
  stream(
    topology({ nodes: [{ name: 'node1' }] }),
    pod('nginx', { spec: { containers: [{ name: 'nginx', image: 'registry.k8s.io/ingress-nginx/controller' }] } }),
  ),
);
const NAMED = stateOf(TEXT, { dns: true });
/** Some break what not every lab has. */
const LABS: Partial<Record<FaultName, KernelState>> = {
  'no-vip': IPVS,
  'no-strict-arp': STRICT,
  'no-speaker': LAYER2,
  'ipvs-conn-reuse': IPVS,
  'no-flanneld': UDP,
  'no-bird': BGP,
  'stale-cni0': PLUGINS,
  'no-ingress-controller': INGRESS,
  'no-port-mapping': PUBLISHED,
  'no-docker-proxy': DOCKER,
  'no-accept-ra': ADVERTISED,
  'no-policy': POLICY,
  'stale-policy': POLICY,
  'stateless-policy': POLICY,
  'no-dns': NAMED,
};
const [PORT_A, PORT_B] = ['node.node1', 'node.node2'].map(
  (node) => LAB.namespaces.find(({ name }) => name === node)!.links.find(({ master }) => master === 'cni0')!.name,
);

function isTableOfSwitch(line: string): boolean {
  return /^network\.lan +(add (table|chain) bridge .*)?$/.test(line);
}

/** What a fault takes away and brings, everywhere it applies. */
function effect(fault: FaultName, at?: string, state: KernelState = LAB) {
  const result = injectFault(state, { fault, ...(at !== undefined && { at }) });
  return { changed: result.changed, ...difference(state, result.state) };
}

describe('the catalogue', () => {
  it('has a sentence for every fault', () => {
    expect(Object.keys(FAULTS).sort()).toEqual([...FAULT_NAMES].sort());
    for (const { summary } of Object.values(FAULTS)) expect(summary).toMatch(/^[a-zA-Z].*[^.\s]$/);
  });
});

describe('rules that go:', () => {
  it.each([
    ['no-masquerade', / nat .* -j MASQUERADE/, 6],
    ['no-dnat', / nat -A KUBE-SEP-\S+ .* -j DNAT /, 4],
    ['no-service-filter', / filter -A (KUBE-SERVICES|KUBE-EXTERNAL-SERVICES|KUBE-PROXY-FIREWALL) /, 4],
    ['no-affinity', / nat .* -m recent .*--rcheck /, 4],
    ['no-invalid-drop', / filter -A KUBE-FORWARD -m conntrack --ctstate INVALID -j DROP$/, 2],
  ] as const)('%s takes every rule that matches %s, and no other', (fault, pattern, count) => {
    const wanted = linesMatching(LAB, pattern);
    expect(wanted).toHaveLength(count);
    expect(effect(fault)).toEqual({ changed: true, gone: wanted, come: [] });
  });
});

describe('rules that change:', () => {
  it('no-statistic takes the probability out of the balancing rules', () => {
    const { gone, come } = effect('no-statistic');
    expect(gone).toHaveLength(2);
    expect(
      gone.every((line) => line.includes('-m statistic --mode random --probability 0.5000000000 -j KUBE-SEP-')),
    ).toBe(true);
    expect(come).toEqual(
      gone.map((line) => line.replace('-m statistic --mode random --probability 0.5000000000 ', '')),
    );
  });

  it('double-nat takes what clears the mark, and leaves what looks at it', () => {
    const cleared = linesMatching(LAB, / nat -A KUBE-POSTROUTING -j MARK --xor-mark /);
    expect(cleared).toHaveLength(2);
    expect(effect('double-nat')).toEqual({ changed: true, gone: cleared, come: [] });
    expect(effect('double-nat', undefined, IPVS).gone).toHaveLength(2);
    const { gone } = effect('double-nat', undefined, NFT);
    expect(gone).toEqual(
      Array(2).fill(expect.stringMatching(/add rule ip kube-proxy masquerading mark set mark xor 0x00004000$/)),
    );
  });

  it('insert-failed drops every second of the datagrams that are translated and new, before they leave', () => {
    expect(effect('insert-failed')).toEqual({
      changed: true,
      gone: [],
      come: ['node1', 'node2'].map(
        (node) =>
          `node.${node} mangle -A POSTROUTING -p udp -m conntrack --ctstate NEW -m conntrack --ctstate DNAT -m statistic --mode nth --every 2 --packet 1 -j DROP`,
      ),
    });
  });

  it('bad-checksums spoils those of what a node forwards', () => {
    const { gone, come } = effect('bad-checksums', 'node/node1');
    expect(gone).toEqual([]);
    expect(come.filter((line) => line.includes('add rule'))).toEqual(
      ['tcp', 'udp'].map((protocol) =>
        expect.stringContaining(
          `add rule inet bad-checksums forward meta l4proto ${protocol} ${protocol} checksum set 0xbad1`,
        ),
      ),
    );
  });

  it('no-dns refuses what comes to port 53 of CoreDNS, as a kernel does where nobody listens', () => {
    expect(effect('no-dns', 'pod/kube-system/coredns-0', NAMED)).toMatchObject({
      changed: true,
      gone: [],
      come: expect.arrayContaining([
        'pod.kube-system.coredns-0 filter -A INPUT -p udp -m udp --dport 53 -j REJECT --reject-with icmp-port-unreachable',
        'pod.kube-system.coredns-0 filter -A INPUT -p tcp -m tcp --dport 53 -j REJECT --reject-with tcp-reset',
      ]),
    });
  });

  it('forward-drop drops what nobody accepts, and lets the network plugin accept nothing', () => {
    expect(effect('forward-drop')).toEqual({
      changed: true,
      gone: ['node.node1', 'node.node2'].flatMap((node) => [
        `${node} filter :FORWARD ACCEPT [0:0]`,
        `${node} filter -A FORWARD -m comment --comment "flanneld forward" -j FLANNEL-FWD`,
      ]),
      come: ['node.node1', 'node.node2'].map((node) => `${node} filter :FORWARD DROP [0:0]`),
    });
  });
});

describe('loopback', () => {
  it('loopback-drop is a firewall of every pod, and of nobody else', () => {
    const { gone, come } = effect('loopback-drop');
    expect(gone).toEqual([]);
    expect(come.filter((line) => line.includes('-A'))).toEqual(
      ['a', 'b'].map((name) => `pod.default.${name} filter -A INPUT -i lo -j DROP`),
    );
    expect(come.every((line) => line.startsWith('pod.default.'))).toBe(true);
  });
});

describe('what a pod sends', () => {
  it('out-of-window gives the first data of each connection another number, in that pod only', () => {
    const { gone, come } = effect('out-of-window', 'pod/a');
    expect(gone).toEqual([]);
    expect(come.every((line) => line.startsWith('pod.default.a ') || line.trim() === '')).toBe(true);
    expect(come.join('\n')).toContain(
      'add rule inet out-of-window output tcp flags & psh != 0 tcp sport . tcp dport != @begun add @begun { tcp sport . tcp dport } tcp sequence set tcp sequence | 0x7fffffff',
    );
  });
});

describe('router advertisements', () => {
  it('no-accept-ra leaves nodes, and nobody else, the default of the kernel', () => {
    const key = 'net.ipv6.conf.eth0.accept_ra';
    expect(effect('no-accept-ra', undefined, ADVERTISED)).toEqual({
      changed: true,
      gone: [`ip netns exec node.node1 sysctl -qw ${key}=2`],
      come: [],
    });
    expect(linesMatching(ADVERTISED, / sysctl -qw .*accept_ra=2$/)).toHaveLength(2);
  });
});

describe('hostPorts', () => {
  it('no-port-mapping takes what translates, and leaves what masquerades', () => {
    const wanted = linesMatching(PUBLISHED, / nat -A CNI-DN-\S+ .* -j DNAT /);
    expect(wanted).toHaveLength(1);
    expect(effect('no-port-mapping', undefined, PUBLISHED)).toEqual({ changed: true, gone: wanted, come: [] });
  });

  it('no-port-mapping takes what translates published ports, and leaves what lets them pass', () => {
    const wanted = linesMatching(DOCKER, / nat -A DOCKER .* -j DNAT /);
    expect(wanted).toHaveLength(3);
    expect(effect('no-port-mapping', undefined, DOCKER)).toEqual({ changed: true, gone: wanted, come: [] });
  });

  it('no-docker-proxy ends the processes, and leaves the rules', () => {
    expect(effect('no-docker-proxy', undefined, DOCKER)).toEqual({
      changed: true,
      gone: ['ip netns exec host.dock dockerd --userland-proxy'],
      come: [],
    });
  });

  it('no-route-localnet keeps 127.0.0.1 on the node, whoever let it out', () => {
    const [all, bridge] = ['all', 'cni0'].map((device) => `net.ipv4.conf.${device}.route_localnet`);
    expect(effect('no-route-localnet', undefined, PUBLISHED)).toEqual({
      changed: true,
      gone: [`ip netns exec node.node1 sysctl -qw ${all}=1`, `ip netns exec node.node1 sysctl -qw ${bridge}=1`],
      come: [`ip netns exec node.node1 sysctl -qw ${all}=0`],
    });
    expect(effect('no-route-localnet', undefined, stateOf(HOST_PORT, { proxy: 'none' })).gone).toHaveLength(1);
  });

  it.each(['no-port-mapping', 'no-route-localnet'] as const)('%s finds nothing where there are none', (fault) => {
    const none = stateOf(stream(topology({ nodes: [{ name: 'node1' }] }), pod('a')), { proxy: 'none' });
    expect(effect(fault, undefined, none).changed).toBe(false);
  });
});

describe('kube-proxy as a process', () => {
  const PROCESS = stateOf(
    stream(
      topology({ nodes: [{ name: 'node1' }], cluster: { proxy: { mode: 'userspace' } } }),
      pod('a', { labels: { app: 'web' } }),
      pod('b', { labels: { app: 'web' } }),
      service('web', { type: 'NodePort', sessionAffinity: 'ClientIP', externalIPs: ['192.0.2.10'] }),
    ),
  );
  const relayOf = (state: KernelState) => state.namespaces.find(({ name }) => name === 'node.node1')!.relays[0]!;

  it('no-dnat takes its portals, and nothing else', () => {
    const wanted = linesMatching(PROCESS, / nat -A KUBE-(PORTALS|NODEPORT)-(CONTAINER|HOST) .* -j (REDIRECT|DNAT) /);
    expect(wanted).toHaveLength(7);
    expect(effect('no-dnat', undefined, PROCESS)).toEqual({ changed: true, gone: wanted, come: [] });
  });

  it('no-statistic gives turns to the first endpoint only', () => {
    const { state } = injectFault(PROCESS, { fault: 'no-statistic' });
    const { endpoints, ...rest } = relayOf(PROCESS);
    expect(endpoints).toHaveLength(2);
    expect(relayOf(state)).toEqual({ ...rest, endpoints: endpoints.slice(0, 1) });
  });

  it('no-affinity lets it forget its clients', () => {
    const { state } = injectFault(PROCESS, { fault: 'no-affinity' });
    const { affinitySeconds, ...rest } = relayOf(PROCESS);
    expect(affinitySeconds).toBeDefined();
    expect(relayOf(state)).toEqual(rest);
  });

  it('has nothing that rejects or drops', () => {
    expect(injectFault(PROCESS, { fault: 'no-service-filter' }).changed).toBe(false);
  });
});

describe('entries that go:', () => {
  it('no-route takes routes to pods, and static ones of hosts and routers, but no default route and none of pods', () => {
    expect(effect('no-route')).toEqual({
      changed: true,
      gone: [
        'ip -n host.client route add 10.96.0.0/12 via 10.0.0.11 dev eth0',
        'ip -n node.node1 route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink',
        'ip -n node.node2 route add 10.244.1.0/24 via 10.244.1.0 dev flannel.1 onlink',
        'ip -n router.gw route add 10.244.0.0/16 via 10.0.0.11 dev eth0',
      ],
      come: [],
    });
  });

  it('no-fdb takes the forwarding entries, and leaves route and neighbour', () => {
    const wanted = linesMatching(LAB, / fdb append /);
    expect(wanted).toHaveLength(2);
    expect(effect('no-fdb')).toEqual({ changed: true, gone: wanted, come: [] });
  });
});

describe('the port of the overlay', () => {
  it('vxlan-port-taken gives it to another device, and leaves flannel.1 down and without entries', () => {
    const { gone, come } = effect('vxlan-port-taken', 'node/node1');
    expect(gone).toEqual([
      'ip -n node.node1 link set flannel.1 up',
      'ip -n node.node1 route add 10.244.2.0/24 via 10.244.2.0 dev flannel.1 onlink',
      expect.stringMatching(/^ip -n node\.node1 neigh .* dev flannel\.1/),
      expect.stringMatching(/^bridge -n node\.node1 fdb .* dev flannel\.1/),
    ]);
    expect(come).toEqual([
      expect.stringMatching(
        /^ip -n node\.node1 link add cilium_vxlan mtu 1500 address \S+ type vxlan external dstport 8472$/,
      ),
      'ip -n node.node1 link set cilium_vxlan addrgenmode none',
      'ip -n node.node1 link set cilium_vxlan up',
    ]);
  });
});

describe('what the cloud checks', () => {
  const SWITCH = 'network.lan  ';
  const table = [
    `${SWITCH}add table bridge source-dest-check`,
    `${SWITCH}add chain bridge source-dest-check forward { type filter hook forward priority 0 ; }`,
  ];
  const rules = (node: string, address: string) => [
    `${SWITCH}add rule bridge source-dest-check forward iifname "${node}" ip saddr != { ${address} } drop`,
    `${SWITCH}add rule bridge source-dest-check forward oifname "${node}" ip daddr != { ${address} } drop`,
  ];

  it('source-dest-check drops at the ports of the nodes what is not theirs', () => {
    const come = [...table, ...rules('node1', '10.0.0.11'), ...rules('node2', '10.0.0.12')];
    expect(effect('source-dest-check')).toEqual({ changed: true, gone: [], come: [...come, SWITCH] });
  });

  it('of one node, when one is given', () => {
    const come = [...table, ...rules('node2', '10.0.0.12')];
    expect(effect('source-dest-check', 'node/node2')).toEqual({ changed: true, gone: [], come: [...come, SWITCH] });
  });
});

describe('a process that does not run', () => {
  it('no-flanneld takes its device along, and what is on that', () => {
    const gone = ['1', '2'].map((node) => [
      `ip -n node.node${node} tuntap add dev flannel0 mode tun`,
      `ip -n node.node${node} link set flannel0 mtu 1472`,
      `ip -n node.node${node} link set flannel0 addrgenmode none`,
      `ip -n node.node${node} addr add 10.244.${node}.0/32 dev flannel0`,
      `ip -n node.node${node} link set flannel0 up`,
      `ip -n node.node${node} route add 10.244.0.0/16 dev flannel0 scope global`,
      `ip netns exec node.node${node} flanneld`,
    ]);
    const result = effect('no-flanneld', undefined, UDP);
    expect({ ...result, gone: result.gone.toSorted() }).toEqual({
      changed: true,
      gone: gone.flat().toSorted(),
      come: [],
    });
  });
});

describe('real plugins', () => {
  it('stale-cni0 makes the bridge first, with an address of another subnet', () => {
    const { gone, come } = effect('stale-cni0', 'node/node1', PLUGINS);
    expect(gone).toEqual([]);
    expect(come).toEqual([
      'ip -n node.node1 link add cni0 mtu 1500 address 0a:5a:0a:55:00:01 type bridge',
      'ip -n node.node1 link set cni0 addrgenmode none',
      'ip -n node.node1 addr add 10.85.0.1/16 dev cni0',
      'ip -n node.node1 link set cni0 up',
    ]);
    expect(effect('stale-cni0').changed).toBe(false);
  });
});

describe('an Ingress controller', () => {
  it('loses its process, and nothing of the kernel', () => {
    const { gone, come } = effect('no-ingress-controller', undefined, INGRESS);
    expect(come).toEqual([]);
    expect(gone.some((line) => line.includes('worker_processes 1;'))).toBe(true);
    expect(gone.filter((line) => !line.startsWith('pod.default.nginx '))).toEqual([]);
  });
});

describe('Calico', () => {
  it('no-bird takes the process, and nothing of the kernel', () => {
    expect(effect('no-bird', 'node/node1', BGP)).toMatchObject({ changed: true, come: [] });
    const { gone } = effect('no-bird', 'node/node1', BGP);
    expect(gone.some((line) => line.includes('protocol bgp Mesh_10_0_0_12'))).toBe(true);
    expect(gone.filter((line) => !line.startsWith('node.node1 '))).toEqual([]);
  });

  it('no-route leaves a node the way to its own pods', () => {
    const vxlan = stateOf(TEXT, { cni: 'calico-vxlan' });
    const { gone } = effect('no-route', 'node/node1', vxlan);
    expect(gone).toEqual([
      expect.stringMatching(
        /^ip -n node\.node1 route add 10\.244\.2\.0\/26 via 10\.244\.2\.0 dev vxlan\.calico onlink$/,
      ),
    ]);
  });

  it('forward-drop takes what Calico accepts, and no-masquerade what it masquerades', () => {
    const { gone } = effect('forward-drop', 'node/node1', BGP);
    expect(gone.some((line) => line.includes('Policy explicitly accepted packet.'))).toBe(true);
    expect(effect('no-masquerade', 'node/node1', BGP).gone.some((line) => line.includes('cali-nat-outgoing'))).toBe(
      true,
    );
  });
});

describe('settings that change:', () => {
  it.each([
    ['no-br-netfilter', 'net.bridge.bridge-nf-call-iptables', '1', '0'],
    ['rp-filter', 'net.ipv4.conf.all.rp_filter', '0', '1'],
  ] as const)('%s sets %s on nodes from %s to %s', (fault, key, from, to) => {
    const set = (value: string) =>
      ['node1', 'node2'].map((node) => `ip netns exec node.${node} sysctl -qw ${key}=${value}`);
    expect(effect(fault)).toEqual({ changed: true, gone: set(from), come: set(to) });
  });

  it('no-redirects sets send_redirects of nodes and routers, for devices that are to come as well', () => {
    expect(effect('no-redirects')).toEqual({
      changed: true,
      gone: [],
      come: ['node.node1', 'node.node2', 'router.gw'].flatMap((machine) =>
        ['all', 'default'].map(
          (scope) => `ip netns exec ${machine} sysctl -qw net.ipv4.conf.${scope}.send_redirects=0`,
        ),
      ),
    });
  });

  it('no-hairpin turns the flag of the bridge ports off', () => {
    expect(effect('no-hairpin')).toEqual({
      changed: true,
      gone: [
        `bridge -n node.node1 link set dev ${PORT_A} hairpin on`,
        `bridge -n node.node2 link set dev ${PORT_B} hairpin on`,
      ],
      come: [],
    });
  });

  it('small-mtu makes the far end of the cables of machines small, their own end stays', () => {
    const { gone, come } = effect('small-mtu');
    expect(gone.map((line) => line.split(' ')[2])).toEqual(['host.client', 'node.node1', 'node.node2', 'router.gw']);
    expect(come).toEqual(gone.map((line) => line.replace(/(peer name \S+ mtu) 1500/, '$1 1400')));
    expect(come.every((line) => / link add eth0 mtu 1500 .* peer name \S+ mtu 1400 /.test(line))).toBe(true);
  });

  it('link-down leaves the far end of every cable down', () => {
    const { gone, come } = effect('link-down');
    expect(gone).toEqual([
      ...['node1', 'node2', 'client', 'gw'].map((port) => `ip -n network.lan link set ${port} up`),
      `ip -n node.node1 link set ${PORT_A} up`,
      `ip -n node.node2 link set ${PORT_B} up`,
    ]);
    expect(come).toEqual([]);
  });
});

describe('in mode ipvs', () => {
  const broken = (fault: FaultName) => effect(fault, undefined, IPVS);

  it('no-dnat takes the virtual servers', () => {
    const wanted = linesMatching(IPVS, / -[Aa] -t /);
    expect(wanted).toHaveLength(32);
    expect(broken('no-dnat')).toMatchObject({ changed: true, gone: expect.arrayContaining(wanted), come: [] });
  });

  it('no-vip takes the addresses of kube-ipvs0', () => {
    const wanted = linesMatching(IPVS, / addr add \S+ dev kube-ipvs0$/);
    expect(wanted).toHaveLength(4);
    expect(broken('no-vip')).toEqual({ changed: true, gone: wanted, come: [] });
  });

  it('no-service-filter takes the rules that refuse', () => {
    const wanted = linesMatching(IPVS, / filter -A (KUBE-IPVS-FILTER|KUBE-IPVS-OUT-FILTER|KUBE-PROXY-FIREWALL) /);
    expect(wanted).toHaveLength(12);
    expect(broken('no-service-filter')).toEqual({ changed: true, gone: wanted, come: [] });
  });

  it('no-statistic leaves all to the first real server', () => {
    const wanted = linesMatching(IPVS, / -a -t \S+ -r 10\.244\.2\.2:80 -m -w 1$/);
    expect(wanted).toHaveLength(8);
    expect(broken('no-statistic')).toEqual({
      changed: true,
      gone: wanted,
      come: wanted.map((line) => line.replace(/1$/, '0')),
    });
  });

  it('no-affinity makes every connection anew', () => {
    const wanted = linesMatching(IPVS, / -A -t \S+ -s rr -p 10800$/);
    expect(wanted).toHaveLength(8);
    expect(broken('no-affinity')).toEqual({
      changed: true,
      gone: wanted,
      come: wanted.map((line) => line.replace(' -p 10800', '')),
    });
  });

  it('no-masquerade takes the rules that masquerade, home to the same pod as well', () => {
    const wanted = linesMatching(IPVS, / nat .* -j MASQUERADE/);
    expect(wanted).toHaveLength(8);
    expect(broken('no-masquerade')).toEqual({ changed: true, gone: wanted, come: [] });
  });
});

describe('in mode nftables', () => {
  const broken = (fault: FaultName) => effect(fault, undefined, NFT);
  const rules = (pattern: RegExp) => linesMatching(NFT, new RegExp(`add rule ip kube-proxy ${pattern.source}`));

  it.each([
    ['no-dnat', /endpoint-\S+ meta l4proto tcp dnat to /, 4],
    ['no-service-filter', /(nodeport-endpoints|service-endpoints|firewall|cluster-ips)-check /, 10],
    ['no-affinity', /service-\S+ ip saddr @affinity-/, 4],
  ] as const)('%s takes the rules %s', (fault, pattern, count) => {
    const wanted = rules(pattern);
    expect(wanted).toHaveLength(count);
    expect(broken(fault)).toEqual({ changed: true, gone: wanted, come: [] });
  });

  it('no-masquerade takes the rules that masquerade, those of the network plugin as well', () => {
    const wanted = rules(/masquerading masquerade /);
    expect(wanted).toHaveLength(2);
    const { gone, come } = broken('no-masquerade');
    expect(gone).toEqual(expect.arrayContaining(wanted));
    expect(gone.filter((line) => !wanted.includes(line)).every((line) => line.includes('-j MASQUERADE'))).toBe(true);
    expect([gone.length > wanted.length, come]).toEqual([true, []]);
  });

  it('no-statistic leaves all to the first endpoint', () => {
    const wanted = rules(/service-\S+ numgen random mod 2 vmap /);
    expect(wanted).toHaveLength(2);
    expect(broken('no-statistic')).toEqual({
      changed: true,
      gone: wanted,
      come: wanted.map((line) => line.replace(/numgen .*? 0 : (goto \S+) .*/, '$1')),
    });
  });
});

describe('where policies are enforced', () => {
  it.each([
    ['no-policy', POLICY, / filter -A (INPUT|FORWARD|OUTPUT) .*"kube-router netpol - /, 6],
    ['no-policy', FELIX, / filter -A cali-tw-\S+ .*(of tier default|Return if policy accepted|--jump cali-pi-)/, 8],
    ['stale-policy', POLICY, / add KUBE-(SRC|DST)-/, 8],
    ['stale-policy', FELIX, / add cali40s:/, 4],
    ['stateless-policy', POLICY, / filter -A KUBE-NWPLCY-COMMON .*RELATED,ESTABLISHED/, 2],
    ['stateless-policy', FELIX, / filter -A cali-[tf]w-\S+ .*RELATED,ESTABLISHED/, 4],
  ] as const)('%s takes every rule or entry that leads to them, and no other', (fault, state, pattern, count) => {
    const wanted = linesMatching(state, pattern);
    expect(wanted).toHaveLength(count);
    expect(effect(fault, undefined, state)).toEqual({ changed: true, gone: wanted, come: [] });
  });
});

describe('a place', () => {
  it.each(FAULT_NAMES.filter((fault) => !isOfChange(fault)))('is all that %s touches when one is given', (fault) => {
    const elsewhere: Partial<Record<FaultName, readonly [string, string]>> = {
      'loopback-drop': ['pod/a', 'pod\\.default\\.a'],
      'out-of-window': ['pod/a', 'pod\\.default\\.a'],
      'no-docker-proxy': ['host/dock', 'host\\.dock'],
      'no-ingress-controller': ['pod/nginx', 'pod\\.default\\.nginx'],
      'no-dns': ['pod/kube-system/coredns-0', 'pod\\.kube-system\\.coredns-0'],
    };
    const [place, netns] = elsewhere[fault] ?? ['node/node1', 'node\\.node1'];
    const { changed, gone, come } = effect(fault, place, LABS[fault] ?? LAB);
    expect(changed).toBe(true);
    expect([...gone, ...come].length).toBeGreaterThan(0);
    /** The far end of its cable is in the switch, and made by the node; of what the switch checks only the ports are a node's. */
    const own = new RegExp(`${netns} |^ip -n network\\.lan link set node1 |^network\\.lan .*ifname "node1" `);
    for (const line of [...gone, ...come].filter((text) => !isTableOfSwitch(text))) expect(line).toMatch(own);
  });

  it('may be a pod: its cable is unplugged at the node', () => {
    expect(effect('link-down', 'pod/b')).toEqual({
      changed: true,
      gone: [`ip -n node.node2 link set ${PORT_B} up`],
      come: [],
    });
  });

  it('may be a host or a router', () => {
    expect(effect('no-route', 'host/client').gone).toEqual([
      'ip -n host.client route add 10.96.0.0/12 via 10.0.0.11 dev eth0',
    ]);
    expect(effect('no-route', 'router/gw').gone).toEqual([
      'ip -n router.gw route add 10.244.0.0/16 via 10.0.0.11 dev eth0',
    ]);
    expect(effect('small-mtu', 'router/gw').gone).toHaveLength(1);
  });

  it.each([
    ['no-masquerade', 'host/client'],
    ['no-route', 'pod/a'],
    ['no-fdb', 'router/gw'],
    ['small-mtu', 'pod/a'],
    ['no-hairpin', 'pod/a'],
    ['rp-filter', 'host/client'],
    ['forward-drop', 'pod/a'],
  ] as const)('where %s has nothing to break is left as it is: %s', (fault, at) => {
    const result = injectFault(LAB, { fault, at });
    expect(result.changed).toBe(false);
    expect(result.state).toBe(LAB);
  });
});
