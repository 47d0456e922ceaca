/**
 * Mode ipvs. Situations and expectations are those of kube-proxy's own tests (kubernetes pkg/proxy/ipvs/proxier_test.go);
 * the rules' words are those of writeIptablesRules in proxier.go.
 */
import { describe, expect, it } from 'vitest';
import { pod, service, stream, topology } from '../model/objects.ts';
import { bare, chainsOf, linkOf, namespaceOf, rulesOf, stateOf, sysctlsOf } from './state.ts';

const web = (name: string, node: string, fields: object = {}) => pod(name, { labels: { app: 'web' }, node, ...fields });
const PODS = [web('a', 'node1'), web('b', 'node2')];

/** Pods 10.244.1.2 on node1 and 10.244.2.2 on node2; node1 has a second address. */
function node1(proxy: object, ...documents: readonly string[]) {
  const cluster = { cni: { mode: 'bridge', ipMasq: false }, proxy: { mode: 'ipvs', ...proxy } };
  const nodes = [{ name: 'node1', addresses: ['10.0.0.11', '10.0.0.21'] }, { name: 'node2' }];
  const node = namespaceOf(stateOf(stream(topology({ cluster, nodes }), ...documents)), 'node.node1');
  return {
    node,
    nat: (chain: string) => rulesOf(node, 'nat', chain),
    filter: (chain: string) => rulesOf(node, 'filter', chain),
    /** Sets with something in them. */
    sets: Object.fromEntries(
      node.ipsets.filter(({ entries }) => entries.length > 0).map(({ name, entries }) => [name, entries]),
    ),
    servers: Object.fromEntries(
      node.ipvs.map(({ protocol, address, servers }) => [
        `${protocol} ${address}`,
        servers.map((server) => `${server.address} ${server.weight}`),
      ]),
    ),
    bound: node.addresses.filter(({ device }) => device === 'kube-ipvs0').map(({ address }) => address),
  };
}

const balancer = (...addresses: readonly string[]) => ({
  status: { loadBalancer: { ingress: addresses.map((ip) => ({ ip })) } },
});

describe('a ClusterIP', () => {
  it('is on kube-ipvs0, which is down, and a virtual server in front of every endpoint', () => {
    const { node, bound, servers, sets } = node1({}, service('web'), ...PODS);
    expect(linkOf(node, 'kube-ipvs0')).toMatchObject({ kind: 'dummy', mtu: 1500, up: false });
    expect(bound).toEqual(['10.96.0.100/32']);
    expect(servers).toEqual({ 'tcp 10.96.0.100:80': ['10.244.1.2:80 1', '10.244.2.2:80 1'] });
    expect(sets).toEqual({
      'KUBE-LOOP-BACK': ['10.244.1.2,tcp:80,10.244.1.2'],
      'KUBE-CLUSTER-IP': ['10.96.0.100,tcp:80'],
      'KUBE-IPVS-IPS': ['10.96.0.100'],
    });
    expect(node.ipvs[0]).toMatchObject({ scheduler: 'rr' });
  });

  it('is added once for several ports', () => {
    const ports = [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53 },
    ];
    const { bound, servers } = node1({}, service('web', { ports }), ...PODS);
    expect(bound).toEqual(['10.96.0.100/32']);
    expect(Object.keys(servers)).toEqual(['udp 10.96.0.100:53', 'tcp 10.96.0.100:53']);
  });

  it('without endpoints is a virtual server without real ones', () => {
    expect(node1({}, service('web')).servers).toEqual({ 'tcp 10.96.0.100:80': [] });
  });

  it('of internalTrafficPolicy Local has the endpoints of the node, or none', () => {
    const local = service('web', { internalTrafficPolicy: 'Local' });
    expect(node1({}, local, ...PODS).servers).toEqual({ 'tcp 10.96.0.100:80': ['10.244.1.2:80 1'] });
    expect(node1({}, local, web('b', 'node2')).servers).toEqual({ 'tcp 10.96.0.100:80': [] });
  });

  it('sends pods of the node that call themselves home through masquerading, ready or not', () => {
    const unready = web('c', 'node1', { status: { conditions: [{ type: 'Ready', status: 'False' }] } });
    const { sets, servers, nat } = node1({}, service('web'), ...PODS, unready);
    expect(sets['KUBE-LOOP-BACK']).toEqual(['10.244.1.2,tcp:80,10.244.1.2', '10.244.1.3,tcp:80,10.244.1.3']);
    expect(servers['tcp 10.96.0.100:80']).toEqual(['10.244.1.2:80 1', '10.244.2.2:80 1']);
    expect(nat('KUBE-POSTROUTING')).toEqual([
      '-m comment --comment "Kubernetes endpoints dst ip:port, source ip for solving hairpin purpose" -m set --match-set KUBE-LOOP-BACK dst,dst,src -j MASQUERADE',
      '-m mark ! --mark 0x00004000/0x00004000 -j RETURN',
      '-j MARK --xor-mark 0x00004000',
      '-m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    ]);
  });
});

describe('externalIPs', () => {
  const spec = { externalIPs: ['50.60.70.81', '10.0.0.21'] };

  it('are bound unless the node has them already', () => {
    const { bound, servers, sets } = node1({}, service('web', spec), ...PODS);
    const all = ['10.244.1.2:80 1', '10.244.2.2:80 1'];
    expect(bound).toEqual(['10.96.0.100/32', '50.60.70.81/32']);
    expect(servers).toEqual({
      'tcp 10.96.0.100:80': all,
      'tcp 50.60.70.81:80': all,
      'tcp 10.0.0.21:80': all,
    });
    expect(sets).toMatchObject({
      'KUBE-EXTERNAL-IP': ['10.0.0.21,tcp:80', '50.60.70.81,tcp:80'],
      'KUBE-IPVS-IPS': ['10.96.0.100', '50.60.70.81'],
    });
  });

  it('are masqueraded, and then accepted from outside or where they are the node’s own', () => {
    const match =
      '-m comment --comment "Kubernetes service external ip + port for masquerade and filter purpose" -m set --match-set KUBE-EXTERNAL-IP dst,dst';
    expect(
      node1({}, service('web', spec), ...PODS)
        .nat('KUBE-SERVICES')
        .slice(2, 5),
    ).toEqual([
      `${match} -j KUBE-MARK-MASQ`,
      `${match} -m physdev ! --physdev-is-in -m addrtype ! --src-type LOCAL -j ACCEPT`,
      `${match} -m addrtype --dst-type LOCAL -j ACCEPT`,
    ]);
  });

  it('of policy Local have the endpoints of the node and are not masqueraded; without one, all endpoints', () => {
    const local = service('web', { ...spec, type: 'NodePort', externalTrafficPolicy: 'Local' });
    const here = node1({}, local, ...PODS);
    expect(here.servers['tcp 50.60.70.81:80']).toEqual(['10.244.1.2:80 1']);
    expect(here.servers['tcp 10.96.0.100:80']).toEqual(['10.244.1.2:80 1', '10.244.2.2:80 1']);
    expect(Object.keys(here.sets)).toContain('KUBE-EXTERNAL-IP-LOCAL');
    expect(Object.keys(here.sets)).not.toContain('KUBE-EXTERNAL-IP');
    const rules = here.nat('KUBE-SERVICES').filter((rule) => rule.includes('KUBE-EXTERNAL-IP'));
    expect(rules.map((rule) => rule.replace(/^.* -j /, ''))).toEqual(['ACCEPT', 'ACCEPT']);
    expect(node1({}, local, web('b', 'node2')).servers['tcp 50.60.70.81:80']).toEqual(['10.244.2.2:80 1']);
  });
});

describe('a load balancer’s address', () => {
  it('is a virtual server, and masqueraded', () => {
    const { servers, sets, nat } = node1({}, service('web', { type: 'LoadBalancer' }, balancer('1.2.3.4')), ...PODS);
    expect(servers['tcp 1.2.3.4:80']).toEqual(['10.244.1.2:80 1', '10.244.2.2:80 1']);
    expect(sets['KUBE-LOAD-BALANCER']).toEqual(['1.2.3.4,tcp:80']);
    expect(nat('KUBE-SERVICES')).toEqual([
      '-s 127.0.0.0/8 -j RETURN',
      '-m comment --comment "Kubernetes service lb portal" -m set --match-set KUBE-LOAD-BALANCER dst,dst -j KUBE-LOAD-BALANCER',
      '-m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-CLUSTER-IP dst,dst ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ',
      '-m addrtype --dst-type LOCAL -j KUBE-NODE-PORT',
      '-m set --match-set KUBE-CLUSTER-IP dst,dst -j ACCEPT',
      '-m set --match-set KUBE-LOAD-BALANCER dst,dst -j ACCEPT',
    ]);
    expect(nat('KUBE-LOAD-BALANCER')).toEqual(['-j KUBE-MARK-MASQ']);
  });

  it('of policy Local is not', () => {
    const spec = { type: 'LoadBalancer', externalTrafficPolicy: 'Local', healthCheckNodePort: 30000 };
    const { servers, sets, nat, filter } = node1({}, service('web', spec, balancer('1.2.3.4')), ...PODS);
    expect(servers['tcp 1.2.3.4:80']).toEqual(['10.244.1.2:80 1']);
    expect(sets).toMatchObject({
      'KUBE-LOAD-BALANCER': ['1.2.3.4,tcp:80'],
      'KUBE-LOAD-BALANCER-LOCAL': ['1.2.3.4,tcp:80'],
      'KUBE-HEALTH-CHECK-NODE-PORT': ['30000'],
    });
    expect(nat('KUBE-LOAD-BALANCER')).toEqual([
      '-m comment --comment "Kubernetes service load balancer ip + port with externalTrafficPolicy=local" -m set --match-set KUBE-LOAD-BALANCER-LOCAL dst,dst -j RETURN',
      '-j KUBE-MARK-MASQ',
    ]);
    expect(filter('KUBE-NODE-PORT')).toEqual([
      '-m comment --comment "Kubernetes health check node port" -m set --match-set KUBE-HEALTH-CHECK-NODE-PORT dst -j ACCEPT',
    ]);
  });
});

describe('loadBalancerSourceRanges', () => {
  const ranged = (...ranges: readonly string[]) =>
    service('web', { type: 'LoadBalancer', loadBalancerSourceRanges: ranges }, balancer('1.2.3.4'));

  it('drop everybody else, and the node itself', () => {
    const { sets, filter } = node1({}, ranged('203.0.113.0/25'), ...PODS);
    expect(sets).toMatchObject({
      'KUBE-LOAD-BALANCER-FW': ['1.2.3.4,tcp:80'],
      'KUBE-LOAD-BALANCER-SOURCE-CIDR': ['1.2.3.4,tcp:80,203.0.113.0/25'],
    });
    expect(Object.keys(sets)).not.toContain('KUBE-LOAD-BALANCER-SOURCE-IP');
    expect(filter('KUBE-PROXY-FIREWALL')).toEqual([
      '-m comment --comment "Kubernetes service load balancer ip + port for load balancer with sourceRange" -m set --match-set KUBE-LOAD-BALANCER-FW dst,dst -j KUBE-SOURCE-RANGES-FIREWALL',
    ]);
    expect(filter('KUBE-SOURCE-RANGES-FIREWALL')).toEqual([
      '-m comment --comment "Kubernetes service load balancer ip + port + source cidr for packet filter purpose" -m set --match-set KUBE-LOAD-BALANCER-SOURCE-CIDR dst,dst,src -j RETURN',
      '-j DROP',
    ]);
    expect(filter('KUBE-IPVS-OUT-FILTER')).toEqual([
      '-s 1.2.3.4 -m ipvs --vaddr 1.2.3.4 --vproto tcp --vport 80 -j DROP',
    ]);
  });

  it('that hold the node let it send from the address itself', () => {
    const { sets, filter } = node1({}, ranged('10.0.0.0/8'), ...PODS);
    expect(sets['KUBE-LOAD-BALANCER-SOURCE-IP']).toEqual(['1.2.3.4,tcp:80,1.2.3.4']);
    expect(filter('KUBE-SOURCE-RANGES-FIREWALL')[1]).toBe(
      '-m comment --comment "Kubernetes service load balancer ip + port + source IP for packet filter purpose" -m set --match-set KUBE-LOAD-BALANCER-SOURCE-IP dst,dst,src -j RETURN',
    );
    expect(filter('KUBE-IPVS-OUT-FILTER')).toEqual([]);
  });

  it('of all addresses are none that ipset would store', () => {
    const { sets } = node1({}, ranged('0.0.0.0/0', '10.0.0.0/8'), ...PODS);
    expect(sets['KUBE-LOAD-BALANCER-SOURCE-CIDR']).toEqual(['1.2.3.4,tcp:80,10.0.0.0/8']);
  });
});

describe('NodePorts', () => {
  const spec = (fields: object = {}) => service('web', { type: 'NodePort', ...fields });
  const nodePorts = (servers: object) => Object.keys(servers).filter((name) => name.endsWith(':30080'));

  it('are virtual servers on every address of the node, its bridge’s included, and none on the loopback', () => {
    const { servers, sets, nat } = node1({}, spec(), ...PODS);
    expect(nodePorts(servers)).toEqual(['tcp 10.0.0.11:30080', 'tcp 10.0.0.21:30080', 'tcp 10.244.1.1:30080']);
    expect(sets['KUBE-NODE-PORT-TCP']).toEqual(['30080']);
    expect(nat('KUBE-NODE-PORT')).toEqual([
      '-p tcp -m comment --comment "Kubernetes nodeport TCP port for masquerade purpose" -m set --match-set KUBE-NODE-PORT-TCP dst -j KUBE-MARK-MASQ',
    ]);
  });

  it('of policy Local are not masqueraded', () => {
    const { servers, sets, nat } = node1({}, spec({ externalTrafficPolicy: 'Local' }), ...PODS);
    expect(servers['tcp 10.0.0.11:30080']).toEqual(['10.244.1.2:80 1']);
    expect(sets).toMatchObject({ 'KUBE-NODE-PORT-TCP': ['30080'], 'KUBE-NODE-PORT-LOCAL-TCP': ['30080'] });
    expect(nat('KUBE-NODE-PORT').map((rule) => rule.replace(/^.*--match-set /, ''))).toEqual([
      'KUBE-NODE-PORT-LOCAL-TCP dst -j RETURN',
      'KUBE-NODE-PORT-TCP dst -j KUBE-MARK-MASQ',
    ]);
  });

  it('of each protocol have sets of their own, SCTP’s with addresses', () => {
    const ports = [
      { name: 'tcp', port: 80 },
      { name: 'udp', port: 80, protocol: 'UDP' },
      { name: 'sctp', port: 80, protocol: 'SCTP' },
    ];
    const { sets, nat } = node1({ nodePortAddresses: ['10.0.0.0/24'] }, spec({ ports }), ...PODS);
    expect(sets).toMatchObject({
      'KUBE-NODE-PORT-TCP': ['30080'],
      'KUBE-NODE-PORT-UDP': ['30080'],
      'KUBE-NODE-PORT-SCTP-HASH': ['10.0.0.11,sctp:30080', '10.0.0.21,sctp:30080'],
    });
    expect(nat('KUBE-NODE-PORT').map((rule) => rule.replace(/-m comment.*--match-set /, ''))).toEqual([
      '-p tcp KUBE-NODE-PORT-TCP dst -j KUBE-MARK-MASQ',
      '-p udp KUBE-NODE-PORT-UDP dst -j KUBE-MARK-MASQ',
      '-p sctp KUBE-NODE-PORT-SCTP-HASH dst,dst -j KUBE-MARK-MASQ',
    ]);
  });

  it.each([
    [['primary'], ['tcp 10.0.0.11:30080']],
    [['10.0.0.21/32'], ['tcp 10.0.0.21:30080']],
    [['172.16.0.0/12'], []],
  ])('with nodePortAddresses %j are served on %j', (nodePortAddresses, expected) => {
    const { servers, sets } = node1({ nodePortAddresses }, spec(), ...PODS);
    expect(nodePorts(servers)).toEqual(expected);
    expect('KUBE-NODE-PORT-TCP' in sets).toBe(expected.length > 0);
  });
});

describe('traffic to a ClusterIP is masqueraded', () => {
  it.each([
    ['from outside the cluster’s pods', {}, 'dst,dst ! -s 10.244.0.0/16'],
    ['from outside the node’s pods', { detectLocalMode: 'NodeCIDR' }, 'dst,dst ! -s 10.244.1.0/24'],
    [
      'that does not come from the bridge',
      { detectLocalMode: 'BridgeInterface', detectLocal: { bridgeInterface: 'cni0' } },
      'dst,dst ! -i cni0',
    ],
    ['from the node itself, where pods cannot be told', { detectLocalMode: 'None' }, 'src,dst'],
    ['always, with masqueradeAll', { masqueradeAll: true }, 'dst,dst'],
  ])('%s', (_, proxy, match) => {
    expect(node1(proxy, service('web'), ...PODS).nat('KUBE-SERVICES')[1]).toBe(
      `-m comment --comment "Kubernetes service cluster ip + port for masquerade purpose" -m set --match-set KUBE-CLUSTER-IP ${match} -j KUBE-MARK-MASQ`,
    );
  });
});

describe('schedulers', () => {
  it('are every virtual server’s; mh hashes the client’s port as well', () => {
    expect(node1({ ipvs: { scheduler: 'lc' } }, service('web'), ...PODS).node.ipvs).toMatchObject([
      { scheduler: 'lc' },
    ]);
    const [server] = node1({ ipvs: { scheduler: 'mh' } }, service('web'), ...PODS).node.ipvs;
    expect(server).toMatchObject({ scheduler: 'mh', flags: 'mh-port' });
  });

  it('leave a client with affinity where it was', () => {
    const spec = {
      type: 'NodePort',
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 7 } },
    };
    for (const { persistentSeconds } of node1({}, service('web', spec), ...PODS).node.ipvs)
      expect(persistentSeconds).toBe(7);
  });
});

describe('whatever the Services are', () => {
  const { node, filter, sets } = node1({});
  const jump = (comment: string, target: string) => `-m comment --comment "${comment}" -j ${target}`;
  const access = 'kubernetes ipvs access filter';
  const firewall = 'kube-proxy firewall rules';

  it('the jumps stand in the order kube-proxy leaves them in', () => {
    const builtIn = (table: 'nat' | 'filter') =>
      Object.fromEntries(Object.entries(chainsOf(node, table)).filter(([chain]) => !chain.startsWith('KUBE-')));
    expect(builtIn('filter')).toEqual({
      INPUT: [
        jump(access, 'KUBE-IPVS-FILTER'),
        jump(firewall, 'KUBE-PROXY-FIREWALL'),
        jump('kubernetes health check rules', 'KUBE-NODE-PORT'),
        '-j KUBE-FIREWALL',
      ],
      FORWARD: [jump(firewall, 'KUBE-PROXY-FIREWALL'), jump('kubernetes forwarding rules', 'KUBE-FORWARD')],
      OUTPUT: [jump(access, 'KUBE-IPVS-OUT-FILTER'), '-j KUBE-FIREWALL'],
    });
    expect(builtIn('nat')).toEqual({
      PREROUTING: [jump('kubernetes service portals', 'KUBE-SERVICES')],
      INPUT: [],
      OUTPUT: [jump('kubernetes service portals', 'KUBE-SERVICES')],
      POSTROUTING: [jump('kubernetes postrouting rules', 'KUBE-POSTROUTING')],
    });
  });

  it('ports of kube-ipvs0 that no Service has are refused', () => {
    const set = (name: string, by: string) => `-m set --match-set ${name} ${by}`;
    expect(filter('KUBE-IPVS-FILTER')).toEqual([
      ...['KUBE-LOAD-BALANCER', 'KUBE-CLUSTER-IP', 'KUBE-EXTERNAL-IP', 'KUBE-EXTERNAL-IP-LOCAL'].map(
        (name) => `${set(name, 'dst,dst')} -j RETURN`,
      ),
      `${set('KUBE-HEALTH-CHECK-NODE-PORT', 'dst')} -j RETURN`,
      `-m conntrack --ctstate NEW ${set('KUBE-IPVS-IPS', 'dst')} -j REJECT`,
    ]);
  });

  it('marked and established packets are forwarded, and nothing else is said', () => {
    expect(filter('KUBE-FORWARD')).toEqual([
      '-m comment --comment "kubernetes forwarding rules" -m mark --mark 0x00004000/0x00004000 -j ACCEPT',
      '-m comment --comment "kubernetes forwarding conntrack rule" -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
    ]);
  });

  it('all sets are there, and empty', () => {
    expect(sets).toEqual({});
    expect(bare(node.ipsets).map(({ name, definition }) => `${name} ${definition.replace(/ .*/, '')}`)).toEqual([
      'KUBE-LOOP-BACK hash:ip,port,ip',
      'KUBE-CLUSTER-IP hash:ip,port',
      'KUBE-EXTERNAL-IP hash:ip,port',
      'KUBE-EXTERNAL-IP-LOCAL hash:ip,port',
      'KUBE-LOAD-BALANCER hash:ip,port',
      'KUBE-LOAD-BALANCER-FW hash:ip,port',
      'KUBE-LOAD-BALANCER-LOCAL hash:ip,port',
      'KUBE-LOAD-BALANCER-SOURCE-IP hash:ip,port,ip',
      'KUBE-LOAD-BALANCER-SOURCE-CIDR hash:ip,port,net',
      'KUBE-NODE-PORT-TCP bitmap:port',
      'KUBE-NODE-PORT-LOCAL-TCP bitmap:port',
      'KUBE-NODE-PORT-UDP bitmap:port',
      'KUBE-NODE-PORT-LOCAL-UDP bitmap:port',
      'KUBE-NODE-PORT-SCTP-HASH hash:ip,port',
      'KUBE-NODE-PORT-LOCAL-SCTP-HASH hash:ip,port',
      'KUBE-HEALTH-CHECK-NODE-PORT bitmap:port',
      'KUBE-IPVS-IPS hash:ip',
    ]);
  });

  it('rules name only sets and chains that exist', () => {
    const all = node1(
      {},
      service('web', { type: 'LoadBalancer', externalIPs: ['50.60.70.81'] }, balancer('1.2.3.4')),
      ...PODS,
    ).node;
    const names = new Set(all.ipsets.map(({ name }) => name));
    for (const table of ['nat', 'filter'] as const) {
      const chains = chainsOf(all, table);
      const rules = Object.values(chains).flat();
      const named = (pattern: RegExp) => rules.flatMap((rule) => pattern.exec(rule)?.[1] ?? []);
      expect(named(/-j (KUBE-\S+)/).filter((target) => !(target in chains))).toEqual([]);
      expect(named(/--match-set (\S+)/).filter((name) => !names.has(name))).toEqual([]);
    }
  });

  it('the kernel tracks what IPVS translates, and forgets what has no server', () => {
    expect(sysctlsOf(node)).toMatchObject({
      'net.ipv4.vs.conntrack': '1',
      'net.ipv4.vs.expire_nodest_conn': '1',
      'net.ipv4.vs.expire_quiescent_template': '1',
      'net.ipv4.ip_forward': '1',
      'net.ipv4.conf.all.arp_ignore': '0',
      'net.ipv4.conf.all.arp_announce': '0',
      'net.ipv4.conf.all.route_localnet': '0',
      'net.netfilter.nf_conntrack_tcp_timeout_established': '86400',
    });
    expect(sysctlsOf(node)).not.toHaveProperty('net.ipv4.vs.conn_reuse_mode');
  });

  it('strictARP answers for no address of kube-ipvs0', () => {
    expect(sysctlsOf(node1({ ipvs: { strictARP: true } }).node)).toMatchObject({
      'net.ipv4.conf.all.arp_ignore': '1',
      'net.ipv4.conf.all.arp_announce': '2',
    });
  });
});
