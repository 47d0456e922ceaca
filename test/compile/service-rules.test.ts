/** The rules of one Service in the situations kube-proxy tells apart: policies, endpoints here and there, source ranges, affinity. */
import { describe, expect, it } from 'vitest';
import { pod, service, stream, topology } from '../model/objects.ts';
import { namespaceOf, rulesOf, stateOf } from './state.ts';

const LAB = topology({ nodes: [{ name: 'node1' }, { name: 'node2' }] });
const web = (name: string, node: string, fields: object = {}) => pod(name, { labels: { app: 'web' }, node, ...fields });

/** `default/web` and `tcp`, as printf | sha256sum | base32 gives it. */
const HASH = 'LOLE4ISW44XBNF3G';
const [SVC, SVL, EXT, FW] = ['SVC', 'SVL', 'EXT', 'FW'].map((kind) => `KUBE-${kind}-${HASH}`) as [
  string,
  string,
  string,
  string,
];
const CLUSTER_IP = '-m tcp -p tcp -d 10.96.0.100 --dport 80';

function onNode1(...documents: readonly string[]) {
  const node = namespaceOf(stateOf(stream(LAB, ...documents)), 'node.node1');
  return {
    nat: (chain: string) => rulesOf(node, 'nat', chain),
    filter: (chain: string) => rulesOf(node, 'filter', chain),
    /** Rules of a static chain that are about the Service. */
    aboutIt: (table: 'nat' | 'filter', chain: string) =>
      rulesOf(node, table, chain).filter((rule) => rule.includes('default/web')),
    chains: (node.iptables?.tables ?? []).flatMap(({ chains }) => chains.map(({ name }) => name)),
  };
}

describe('internalTrafficPolicy Local', () => {
  const local = service('web', { internalTrafficPolicy: 'Local' });

  it('leads to the endpoints of the node only', () => {
    const { nat, aboutIt, chains } = onNode1(local, web('a', 'node1'), web('b', 'node2'));
    expect(aboutIt('nat', 'KUBE-SERVICES')).toEqual([
      `-m comment --comment "default/web cluster IP" ${CLUSTER_IP} -j ${SVL}`,
    ]);
    expect(nat(SVL)).toEqual([
      `-m comment --comment "default/web cluster IP" ${CLUSTER_IP} ! -s 10.244.0.0/16 -j KUBE-MARK-MASQ`,
      expect.stringMatching(/^-m comment --comment "default\/web -> 10\.244\.1\.2:80" -j KUBE-SEP-/),
    ]);
    expect(chains).not.toContain(SVC);
  });

  it('drops where the node has none and another has', () => {
    const { aboutIt, chains } = onNode1(local, web('b', 'node2'));
    expect(aboutIt('nat', 'KUBE-SERVICES')).toEqual([]);
    expect(aboutIt('filter', 'KUBE-SERVICES')).toEqual([
      `-m comment --comment "default/web has no local endpoints" ${CLUSTER_IP} -j DROP`,
    ]);
    expect(chains.filter((chain) => chain.includes(HASH))).toEqual([]);
  });

  it('rejects where nobody has one', () => {
    expect(onNode1(local).aboutIt('filter', 'KUBE-SERVICES')).toEqual([
      `-m comment --comment "default/web has no endpoints" ${CLUSTER_IP} -j REJECT`,
    ]);
  });
});

describe('externalTrafficPolicy Local', () => {
  const local = service('web', { type: 'NodePort', externalTrafficPolicy: 'Local' });
  const SHORT_CIRCUITS = [
    `-m comment --comment "pod traffic for default/web external destinations" -s 10.244.0.0/16 -j ${SVC}`,
    '-m comment --comment "masquerade LOCAL traffic for default/web external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ',
    `-m comment --comment "route LOCAL traffic for default/web external destinations" -m addrtype --src-type LOCAL -j ${SVC}`,
  ];

  it('sends strangers to the endpoints of the node, and the cluster’s own traffic to all', () => {
    const { nat, filter } = onNode1(local, web('a', 'node1'), web('b', 'node2'));
    expect(nat(EXT)).toEqual([...SHORT_CIRCUITS, `-j ${SVL}`]);
    expect(nat(SVC)).toHaveLength(3);
    expect(nat(SVL)).toEqual([expect.stringContaining('"default/web -> 10.244.1.2:80" -j KUBE-SEP-')]);
    expect(filter('KUBE-EXTERNAL-SERVICES')).toEqual([]);
  });

  it('drops strangers where the node has none, and short-circuits the others all the same', () => {
    const { nat, filter, chains } = onNode1(local, web('b', 'node2'));
    expect(nat(EXT)).toEqual(SHORT_CIRCUITS);
    expect(filter('KUBE-EXTERNAL-SERVICES')).toEqual([
      '-m comment --comment "default/web has no local endpoints" -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30080 -j DROP',
    ]);
    expect(chains).not.toContain(SVL);
  });
});

describe('without any endpoint', () => {
  const all = service(
    'web',
    { type: 'LoadBalancer', externalIPs: ['10.0.0.50'], loadBalancerSourceRanges: ['10.0.0.0/24'] },
    { status: { loadBalancer: { ingress: [{ ip: '10.0.0.60' }] } } },
  );

  it('every address of a Service rejects, and none is translated', () => {
    const { nat, filter, aboutIt, chains } = onNode1(all);
    expect(filter('KUBE-SERVICES')).toEqual([
      `-m comment --comment "default/web has no endpoints" ${CLUSTER_IP} -j REJECT`,
    ]);
    expect(filter('KUBE-EXTERNAL-SERVICES')).toEqual([
      '-m comment --comment "default/web has no endpoints" -m tcp -p tcp -d 10.0.0.50 --dport 80 -j REJECT',
      '-m comment --comment "default/web has no endpoints" -m tcp -p tcp -d 10.0.0.60 --dport 80 -j REJECT',
      '-m comment --comment "default/web has no endpoints" -m addrtype --dst-type LOCAL -m tcp -p tcp --dport 30080 -j REJECT',
    ]);
    expect(aboutIt('nat', 'KUBE-SERVICES')).toEqual([]);
    expect(nat('KUBE-NODEPORTS')).toEqual([]);
    expect(filter('KUBE-PROXY-FIREWALL')).toEqual([]);
    expect(chains.filter((chain) => chain.includes(HASH))).toEqual([]);
  });
});

describe('loadBalancerSourceRanges', () => {
  const ranged = (ranges: readonly string[]) =>
    service(
      'web',
      { type: 'LoadBalancer', loadBalancerSourceRanges: ranges },
      { status: { loadBalancer: { ingress: [{ ip: '10.0.0.60' }, { ip: '10.0.0.61' }] } } },
    );
  const allow = (source: string) => `-m comment --comment "default/web loadbalancer IP" -s ${source} -j ${EXT}`;
  const LAST = '-m comment --comment "other traffic to default/web will be dropped by KUBE-PROXY-FIREWALL"';

  it('let the ranges pass', () => {
    const { nat, filter } = onNode1(ranged(['203.0.113.0/24', '198.51.100.7/32']), web('a', 'node1'));
    expect(nat(FW)).toEqual([allow('203.0.113.0/24'), allow('198.51.100.7/32'), LAST]);
    expect(filter('KUBE-PROXY-FIREWALL')).toEqual(
      ['10.0.0.60', '10.0.0.61'].map(
        (address) =>
          `-m comment --comment "default/web traffic not accepted by ${FW}" -m tcp -p tcp -d ${address} --dport 80 -j DROP`,
      ),
    );
  });

  it('that hold the node let the balancer’s own addresses pass as well', () => {
    expect(onNode1(ranged(['10.0.0.0/24']), web('a', 'node1')).nat(FW)).toEqual([
      allow('10.0.0.0/24'),
      allow('10.0.0.60'),
      allow('10.0.0.61'),
      LAST,
    ]);
  });

  it('do not restrict NodePorts', () => {
    const { nat } = onNode1(ranged(['203.0.113.0/24']), web('a', 'node1'));
    expect(nat('KUBE-NODEPORTS')).toEqual([`-m comment --comment default/web -m tcp -p tcp --dport 30080 -j ${EXT}`]);
  });

  it('of a Service without balancer address do nothing', () => {
    const plain = service('web', { type: 'LoadBalancer', loadBalancerSourceRanges: ['203.0.113.0/24'] });
    const { chains, filter } = onNode1(plain, web('a', 'node1'));
    expect(chains).not.toContain(FW);
    expect(filter('KUBE-PROXY-FIREWALL')).toEqual([]);
  });
});

describe('several endpoints', () => {
  const pods = Array.from({ length: 10 }, (_, index) => web(`w${index}`, index % 2 ? 'node2' : 'node1'));

  it('share evenly: a tenth, a ninth of the rest, …, the rest', () => {
    const chances = onNode1(service('web'), ...pods)
      .nat(SVC)
      .slice(1)
      .map((rule) => /--probability (\S+) /.exec(rule)?.[1]);
    expect(chances).toEqual([
      '0.1000000000',
      '0.1111111111',
      '0.1250000000',
      '0.1428571429',
      '0.1666666667',
      '0.2000000000',
      '0.2500000000',
      '0.3333333333',
      '0.5000000000',
      undefined,
    ]);
  });

  it('each have a chain that marks the hairpin and translates', () => {
    const { nat } = onNode1(service('web', { ports: [{ port: 80, targetPort: 8080 }] }), web('a', 'node1'));
    const chain = /-j (KUBE-SEP-\S+)$/.exec(nat(SVC).at(-1)!)![1]!;
    expect(nat(chain)).toEqual([
      '-m comment --comment default/web -s 10.244.1.2 -j KUBE-MARK-MASQ',
      '-m comment --comment default/web -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:8080',
    ]);
  });

  it('with affinity are asked first whether the client was there before', () => {
    const sticky = service('web', {
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } },
    });
    const { nat } = onNode1(sticky, web('a', 'node1'), web('b', 'node2'));
    const rules = nat(SVC).slice(1);
    expect(rules.map((rule) => rule.replaceAll(/KUBE-SEP-\w+/g, 'SEP'))).toEqual([
      '-m comment --comment "default/web -> 10.244.1.2:80" -m recent --name SEP --rcheck --seconds 60 --reap -j SEP',
      '-m comment --comment "default/web -> 10.244.2.2:80" -m recent --name SEP --rcheck --seconds 60 --reap -j SEP',
      '-m comment --comment "default/web -> 10.244.1.2:80" -m statistic --mode random --probability 0.5000000000 -j SEP',
      '-m comment --comment "default/web -> 10.244.2.2:80" -j SEP',
    ]);
    const [list, chain] = /--name (\S+) .* -j (\S+)$/.exec(rules[0]!)!.slice(1) as [string, string];
    expect(list).toBe(chain);
    expect(nat(chain)[1]).toBe(
      `-m comment --comment default/web -m recent --name ${chain} --set -m tcp -p tcp -j DNAT --to-destination 10.244.1.2:80`,
    );
  });
});

describe('the protocol', () => {
  it.each(['UDP', 'SCTP'])('%s is matched, in lower case, on the whole way', (protocol) => {
    const dns = service('web', { type: 'NodePort', ports: [{ name: 'dns', port: 53, protocol }] });
    const { aboutIt, nat } = onNode1(dns, web('a', 'node1'));
    const lower = protocol.toLowerCase();
    expect(aboutIt('nat', 'KUBE-SERVICES')).toEqual([
      expect.stringContaining(
        `"default/web:dns cluster IP" -m ${lower} -p ${lower} -d 10.96.0.100 --dport 53 -j KUBE-SVC-`,
      ),
    ]);
    expect(nat('KUBE-NODEPORTS')).toEqual([
      expect.stringContaining(`--comment default/web:dns -m ${lower} -p ${lower} --dport 30053 -j KUBE-EXT-`),
    ]);
  });
});
