/**
 * NetworkPolicies in the kernel: kube-router's chains and sets, and Felix's. Names and hashes beside which nothing else is said were read
 * off nodes of clusters, in iptables-save and ipset list.
 */
import { describe, expect, it } from 'vitest';
import type { Namespace } from '../../src/compile/kernel-state.ts';
import { namespaceObject, pod, policy, service, stream, topology } from '../model/objects.ts';
import { chainsOf, namespaceOf, rulesOf, stateOf } from './state.ts';

const NODES = [{ name: 'node1' }, { name: 'node2' }];
const PODS = [
  pod('web', { node: 'node1', labels: { app: 'web' }, ports: [{ name: 'http', port: 8080 }] }),
  pod('web2', { node: 'node1', labels: { app: 'web' }, ports: [{ name: 'http', port: 9090 }] }),
  pod('db', { node: 'node2', labels: { app: 'db' } }),
  pod('job', { node: 'node2', namespace: 'batch', labels: { app: 'job' } }),
];
const WEB = { podSelector: { matchLabels: { app: 'web' } } };
const DB = { podSelector: { matchLabels: { app: 'db' } } };

function lab(policies: readonly string[], cni = 'vxlan', documents: readonly string[] = PODS) {
  const state = stateOf(stream(topology({ cluster: { cni: { mode: cni } }, nodes: NODES }), ...documents, ...policies));
  return (name: string) => namespaceOf(state, `node.${name}`);
}

function chainsCalled(namespace: Namespace, pattern: RegExp): string[] {
  return Object.keys(chainsOf(namespace, 'filter')).filter((name) => pattern.test(name));
}

/** Rules of the only chain of a policy, without their comments; of every pair the first. */
function allowances(namespace: Namespace): string[] {
  const [chain] = chainsCalled(namespace, /^KUBE-NWPLCY-(?!COMMON|DEFAULT|TAIL)/);
  return rulesOf(namespace, 'filter', chain!)
    .filter((text) => text.includes('-j MARK'))
    .map((text) => /--comment "([^"]*)" (.*) -j MARK/.exec(text)!.slice(1).join(': '));
}

function sets({ ipsets }: Namespace): Record<string, readonly string[]> {
  return Object.fromEntries(ipsets.map(({ name, entries }) => [name, entries]));
}

describe('where no policy selects a pod', () => {
  it.each(['vxlan', 'calico-vxlan'])('a node is as it was: %s', (cni) => {
    expect(lab([policy('p', WEB)], cni)('node2').iptables).toEqual(lab([], cni)('node2').iptables);
    expect(lab([policy('p', WEB)], cni)('node2').ipsets).toEqual(lab([], cni)('node2').ipsets);
  });
});

describe("kube-router's rules", () => {
  const node = lab([policy('p', WEB)])('node1');
  const filter = chainsOf(node, 'filter');

  it('come before all others', () => {
    expect(filter.INPUT![0]).toBe('-m comment --comment "kube-router netpol - 4IA2OSFRMVNDXBVV" -j KUBE-ROUTER-INPUT');
    expect(filter.FORWARD![0]).toContain('-j KUBE-ROUTER-FORWARD');
    expect(filter.OUTPUT![0]).toContain('-j KUBE-ROUTER-OUTPUT');
  });

  it('leave what is for Services to those of its endpoints', () => {
    expect(filter['KUBE-ROUTER-INPUT']!.slice(0, 3)).toEqual([
      expect.stringMatching(
        /^-m comment --comment "allow traffic to primary\/secondary cluster IP range - \w{16}" -d 10.96.0.0\/12 -j RETURN$/,
      ),
      '-p tcp -m comment --comment "allow LOCAL TCP traffic to node ports - LR7XO7NXDBGQJD2M" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN',
      '-p udp -m comment --comment "allow LOCAL UDP traffic to node ports - 76UCBPIZNGJNWNUZ" -m addrtype --dst-type LOCAL -m multiport --dports 30000:32767 -j RETURN',
    ]);
  });

  it('of a pod ask what is common, then its policies, and reject what none has marked', () => {
    const [web] = chainsCalled(node, /^KUBE-POD-FW-/);
    expect(filter[web!]!.map((text) => text.replace(/-m comment --comment "([^"]*)"/, '# $1'))).toEqual([
      '# common netpol rules -j KUBE-NWPLCY-COMMON',
      '# from local node -m addrtype --src-type LOCAL -d 10.244.1.2 -j ACCEPT',
      '-s 10.244.1.2 # default egress -j KUBE-NWPLCY-DEFAULT',
      expect.stringMatching(/^-d 10.244.1.2 # default\/p policy -j KUBE-NWPLCY-\w{16}$/),
      '# default/web log-drop -m mark ! --mark 0x10000/0x10000 -j NFLOG --nflog-group 100 -m limit --limit 10/minute --limit-burst 10',
      '# default/web reject -m mark ! --mark 0x10000/0x10000 -j REJECT',
      '-j MARK --set-mark 0/0x10000',
      '# set netpol-ok mark -j MARK --set-mark 0x20000/0x20000',
    ]);
  });

  it('come to the chain of a pod by both directions, bridged packets included', () => {
    const into = filter['KUBE-ROUTER-FORWARD']!.filter((text) => text.includes('"default/web '));
    expect(into.map((text) => text.replace(/ -j .*/, ''))).toEqual([
      '-m comment --comment "default/web in" -d 10.244.1.2',
      '-m physdev --physdev-is-bridged -m comment --comment "default/web in" -d 10.244.1.2',
      '-m comment --comment "default/web out" -s 10.244.1.2',
      '-m physdev --physdev-is-bridged -m comment --comment "default/web out" -s 10.244.1.2',
    ]);
  });
});

describe("a rule's way into kube-router's chains:", () => {
  const ingress = (rule: object) => lab([policy('p', { ...WEB, ingress: [rule] })])('node1');
  const egress = (rule: object) => lab([policy('p', { ...WEB, policyTypes: ['Egress'], egress: [rule] })])('node1');
  const set = '-m set --match-set KUBE';

  it('pods and a port', () => {
    const node = ingress({ from: [DB], ports: [{ port: 80, endPort: 90 }] });
    expect(allowances(node)).toEqual([
      expect.stringMatching(`^default/p ingress pods: ${set}-SRC-\\w+ src ${set}-DST-\\w+ dst -p TCP --dport 80:90$`),
    ]);
    expect(Object.values(sets(node))).toEqual([
      ['10.244.1.2 timeout 0', '10.244.1.3 timeout 0'],
      ['10.244.2.2 timeout 0'],
    ]);
  });

  it('everybody and everything', () => {
    expect(allowances(ingress({}))).toEqual([expect.stringMatching(`^default/p ingress any: ${set}-DST-\\w+ dst$`)]);
  });

  it('all ports of a protocol', () => {
    expect(allowances(ingress({ ports: [{ protocol: 'UDP' }] }))[0]).toMatch(/ dst -p UDP$/);
  });

  it('nobody, when a peer selects nobody', () => {
    expect(allowances(ingress({ from: [{ podSelector: { matchLabels: { app: 'none' } } }] }))).toEqual([]);
  });

  it('a range and its exceptions', () => {
    const node = ingress({ from: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.0.0.0/8'] } }] });
    expect(allowances(node)).toEqual([expect.stringMatching(`^default/p ingress cidr: ${set}-SRC-`)]);
    expect(Object.values(sets(node))[1]).toEqual([
      '0.0.0.0/1 timeout 0',
      '128.0.0.0/1 timeout 0',
      '10.0.0.0/8 timeout 0 nomatch',
    ]);
  });

  it('a name, for each number it stands for in the pods selected', () => {
    const node = ingress({ from: [DB], ports: [{ port: 'http' }] });
    expect(allowances(node).map((text) => text.replace(/KUBE-\w+-\w+/g, ''))).toEqual([
      'default/p ingress pods np: -m set --match-set  src -m set --match-set  dst -p TCP --dport 8080',
      'default/p ingress pods np: -m set --match-set  src -m set --match-set  dst -p TCP --dport 9090',
    ]);
    expect(Object.values(sets(node))).toContainEqual(['10.244.1.3 timeout 0']);
  });

  it('a name that no pod has, as if no port were given', () => {
    expect(allowances(ingress({ from: [DB], ports: [{ port: 'sql' }] }))).toEqual([
      expect.stringMatching(/^default\/p ingress pods: .* dst$/),
    ]);
  });

  it('egress by a name: in the pods that are named', () => {
    const node = egress({ to: [WEB], ports: [{ port: 'http' }] });
    expect(allowances(node)).toHaveLength(2);
    expect(allowances(node)[0]).toMatch(
      /^default\/p egress pods np: .*-SRC-\w+ src .*-DST-\w+ dst -p TCP --dport 8080$/,
    );
  });

  it('egress to a range by a name: nothing', () => {
    expect(allowances(egress({ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }], ports: [{ port: 'http' }] }))).toEqual([]);
  });

  it('ranges of several peers in one set, exceptions included', () => {
    const wide = { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] };
    const node = ingress({ from: [{ ipBlock: wide }, { ipBlock: { cidr: '10.0.0.0/7' } }] });
    expect(allowances(node)).toHaveLength(1);
    expect(Object.values(sets(node))[1]).toEqual([
      '10.0.0.0/8 timeout 0',
      '10.1.0.0/16 timeout 0 nomatch',
      '10.0.0.0/7 timeout 0',
    ]);
  });

  it('egress to everybody by a name: whatever the name stands for in the namespace', () => {
    expect(allowances(egress({ ports: [{ port: 'http' }] }))).toEqual([
      expect.stringMatching(/^default\/p egress any np: \S+ set --match-set KUBE-SRC-\w+ src -p TCP --dport 8080$/),
      expect.stringMatching(/ --dport 9090$/),
    ]);
  });
});

describe("Felix's names", () => {
  const at = (policies: readonly string[], documents: readonly string[] = PODS) =>
    lab(policies, 'calico-vxlan', documents);

  it('of a set are the hash of its selector', () => {
    const documents = [
      pod('haejun-nginx', { node: 'node1', labels: { user: 'haejun', app: 'nginx' } }),
      pod('haejun-allower', { node: 'node1', labels: { user: 'haejun', role: 'allower' } }),
    ];
    const from = [{ podSelector: { matchLabels: { user: 'haejun', role: 'allower' } } }];
    const selector = { podSelector: { matchLabels: { user: 'haejun', app: 'nginx' } } };
    const rule = { from, ports: [{ port: 80, protocol: 'TCP' }] };
    const node = at([policy('haejun-policy', { ...selector, ingress: [rule] })], documents)('node1');
    expect(sets(node)['cali40s:dSXImMSA1iXOPxYRYLVorAP']).toEqual(['10.244.1.3']);
    expect(rulesOf(node, 'filter', chainsCalled(node, /^cali-pi-/)[0]!)).toEqual([
      expect.stringMatching(
        /-p tcp -m set --match-set cali40s:dSXImMSA1iXOPxYRYLVorAP src -m multiport --destination-ports 80 --jump MARK --set-mark 0x10000\/0x10000$/,
      ),
    ]);
  });

  it('of the chain of a policy are its own, as long as they fit', () => {
    const long = 'a-policy-with-quite-a-long-name';
    expect(chainsCalled(at([policy('p', WEB)])('node1'), /^cali-pi-/)).toEqual(['cali-pi-knp/default/p']);
    expect(chainsCalled(at([policy(long, WEB)])('node1'), /^cali-pi-/)).toEqual([
      expect.stringMatching(/^cali-pi-_[\w-]{19}$/),
    ]);
  });

  it('of several policies with one selector are one for all of them', () => {
    const node = at([policy('a', WEB), policy('b', WEB), policy('c', {})])('node1');
    const [group, ...others] = chainsCalled(node, /^cali-gi-/);
    expect(others).toEqual([]);
    expect(rulesOf(node, 'filter', group!)).toEqual([
      expect.stringMatching(/" --jump cali-pi-knp\/default\/a$/),
      expect.stringMatching(/-m mark --mark 0\/0x30000 --jump cali-pi-knp\/default\/b$/),
    ]);
    const pods = chainsCalled(node, /^cali-tw-/).map((chain) => rulesOf(node, 'filter', chain));
    for (const rules of pods) expect(rules.filter((text) => /--jump cali-[pg]i-/.test(text))).toHaveLength(2);
  });
});

describe("a rule's way into Felix's chains:", () => {
  const words = (text: string) =>
    text.replace(/-m comment --comment "[^"]*" /g, '').replace(/(cali40[sn]:)\S+/g, '$1…');
  const chain = (spec: object, name: string) =>
    rulesOf(lab([policy('p', { ...WEB, ...spec })], 'calico-vxlan')('node1'), 'filter', `${name}knp/default/p`).map(
      words,
    );
  const ALLOW = '--jump MARK --set-mark 0x10000/0x10000';
  const RETURN = '-m mark --mark 0x10000/0x10000 --jump RETURN';

  it('one for each protocol and peer, ports that touch made one', () => {
    const ports = [{ port: 81 }, { port: 53, protocol: 'UDP' }, { port: 80 }, { port: 90, endPort: 99 }];
    const from = [DB, { namespaceSelector: {} }];
    const match = '-m set --match-set cali40s:… src -m multiport --destination-ports';
    expect(chain({ ingress: [{ from, ports }] }, 'cali-pi-')).toEqual([
      `-p tcp ${match} 80:81,90:99 ${ALLOW}`,
      RETURN,
      `-p tcp ${match} 80:81,90:99 ${ALLOW}`,
      RETURN,
      `-p udp ${match} 53 ${ALLOW}`,
      RETURN,
      `-p udp ${match} 53 ${ALLOW}`,
    ]);
  });

  it('a range with exceptions, by a mark that they take away', () => {
    const from = [{ ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16', '10.2.0.0/16'] } }];
    expect(chain({ ingress: [{ from }] }, 'cali-pi-')).toEqual([
      '--jump MARK --set-mark 0x40000/0xc0000',
      '--source 10.1.0.0/16 --jump MARK --set-mark 0/0x40000',
      '--source 10.2.0.0/16 --jump MARK --set-mark 0/0x40000',
      `--source 10.0.0.0/8 -m mark --mark 0x40000/0x40000 ${ALLOW}`,
    ]);
  });

  it('numbers and names, by a mark that each of them sets', () => {
    expect(chain({ ingress: [{ ports: [{ port: 80 }, { port: 'http' }] }] }, 'cali-pi-')).toEqual([
      '--jump MARK --set-mark 0x0/0xc0000',
      '-p tcp -m multiport --destination-ports 80 --jump MARK --set-mark 0x40000/0x40000',
      '-m set --match-set cali40n:… dst,dst --jump MARK --set-mark 0x40000/0x40000',
      `-p tcp -m mark --mark 0x40000/0x40000 ${ALLOW}`,
    ]);
  });

  it('a name alone: of any pod where it comes in, of those named where it goes out', () => {
    const ports = [{ port: 'http' }];
    const match = '-p tcp -m set --match-set cali40n:… dst,dst';
    expect(chain({ ingress: [{ ports }] }, 'cali-pi-')).toEqual([`${match} ${ALLOW}`]);
    expect(chain({ policyTypes: ['Egress'], egress: [{ to: [WEB], ports }] }, 'cali-po-')).toEqual([
      `${match} ${ALLOW}`,
    ]);
    const node = lab([policy('p', { ...WEB, ingress: [{ ports }] })], 'calico-vxlan')('node1');
    expect(Object.values(sets(node))).toContainEqual(['10.244.1.2,tcp:8080', '10.244.1.3,tcp:9090']);
  });

  it('nothing: a chain with a comment', () => {
    expect(chain({}, 'cali-pi-')).toHaveLength(1);
  });

  it('a pod goes on to its profiles in a direction that no policy has', () => {
    const node = lab([policy('p', WEB)], 'calico-vxlan')('node1');
    const of = (kind: string) => rulesOf(node, 'filter', chainsCalled(node, new RegExp(`^cali-${kind}-`))[0]!);
    expect(of('tw').some((text) => text.includes('End of tier default. Drop'))).toBe(true);
    expect(of('fw').some((text) => text.includes('End of tier default. Drop'))).toBe(false);
  });
});

describe("Felix's rules for IPVS", () => {
  const labIn = (proxy: string, policies: readonly string[]) =>
    namespaceOf(
      stateOf(
        stream(
          topology({ cluster: { cni: { mode: 'calico-vxlan' }, proxy: { mode: proxy } }, nodes: NODES }),
          ...PODS,
          ...policies,
        ),
      ),
      'node.node1',
    );

  it('are there in mode ipvs, where there are policies', () => {
    const chains = (node: Namespace) => chainsCalled(node, /^cali-(forward-check|sm-|from-endpoint-mark)/).length;
    expect(chains(labIn('ipvs', [policy('p', WEB)]))).toBe(4);
    expect(chains(labIn('ipvs', []))).toBe(0);
    expect(chains(labIn('iptables', [policy('p', WEB)]))).toBe(0);
  });

  it('mark a packet by the pod it comes from, and know the pod by the mark', () => {
    const node = labIn('ipvs', [policy('p', WEB)]);
    const from = rulesOf(node, 'filter', 'cali-from-endpoint-mark');
    expect(from).toHaveLength(3);
    for (const chain of chainsCalled(node, /^cali-sm-/)) {
      const [, mark] = /--set-mark (0x[0-9a-f]+)\/0xfff00000$/.exec(rulesOf(node, 'filter', chain)[0]!)!;
      const known = from.filter((text) =>
        text.includes(`--mark ${mark}/0xfff00000 --goto ${chain.replace('-sm-', '-fw-')}`),
      );
      expect(known).toHaveLength(1);
    }
  });

  it('tell what is for the node from what is for a Service', () => {
    const node = labIn('ipvs', [policy('p', WEB)]);
    expect(sets(node)['cali40this-host']).toEqual(['10.0.0.11', '10.244.1.0']);
    expect(rulesOf(node, 'filter', 'cali-forward-check').at(-1)).toMatch(
      /-m set ! --match-set cali40this-host dst --jump cali-set-endpoint-mark$/,
    );
  });
});

describe('labels of namespaces', () => {
  it('decide whose pods are in a set', () => {
    const from = [{ namespaceSelector: { matchLabels: { team: 'a' } } }];
    const node = lab([namespaceObject('batch', { team: 'a' }), policy('p', { ...WEB, ingress: [{ from }] })])('node1');
    expect(Object.values(sets(node))[1]).toEqual(['10.244.2.3 timeout 0']);
  });
});

describe('in both families', () => {
  it('each has chains and sets of its own', () => {
    const cluster = {
      podCIDR: ['10.244.0.0/16', 'fd00:10:244::/56'],
      serviceCIDR: ['10.96.0.0/12', 'fd00:10:96::/112'],
    };
    const state = stateOf(
      stream(
        topology({ cluster, nodes: NODES }),
        ...PODS,
        service('web'),
        policy('p', { ...WEB, ingress: [{ from: [DB, { ipBlock: { cidr: '::/0' } }] }] }),
      ),
    );
    const { ipsets, ip6tables } = namespaceOf(state, 'node.node1');
    expect(ipsets.map(({ name, entries }) => [name.replace(/-\w{16}$/, ''), entries.length])).toEqual([
      ['KUBE-DST', 2],
      ['KUBE-SRC', 1],
      ['inet6:KUBE-DST', 2],
      ['inet6:KUBE-SRC', 1],
      ['inet6:KUBE-SRC', 2],
    ]);
    const filter = ip6tables!.tables.find(({ name }) => name === 'filter')!;
    expect(ipsets.at(-1)!.entries).toEqual(['2000::/3 timeout 0', 'fd00::/8 timeout 0']);
    const common = filter.chains.find(({ name }) => name === 'KUBE-NWPLCY-COMMON')!;
    expect(common.rules.map(({ text }) => text).join('\n')).toContain('--icmpv6-type neighbor-solicitation -j ACCEPT');
  });
});
