/** Which rules a packet met, from what `nft -a monitor trace` printed on a node, and the listings beside it (traces/, recorded). */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { RuleTrace } from '../../src/capture/rule-trace.ts';
import { stitch, type Walk, Wiring } from '../../src/stitch/index.ts';
import { type RulesAtPlace, rulesOf, unreadRules } from '../../src/stitch/rules.ts';
import { answered, echo, evidence, inVxlan, type RunOptions, run, type Seen, seen, syn, synAck } from './evidence.ts';
import { acrossNodes } from './routes.ts';
import { prepared } from './wirings.ts';

function walkOf(options: RunOptions, sights: readonly Seen[], wiring: Wiring): Walk {
  return stitch([run(options)], evidence(sights), wiring)[0]!;
}

function recorded(name: string): RuleTrace {
  const [text, saved, listed] = ['txt', 'saved.txt', 'listed.txt'].map((ending) =>
    readFileSync(new URL(`traces/${name}.${ending}`, import.meta.url), 'utf8'),
  ) as [string, string, string];
  return { namespace: 'node.node1', text, iptables: { saved, listed } };
}

const NONE = { saved: '', listed: '' };

/** `nat KUBE-SERVICES → KUBE-NODEPORTS`: table, chain, and the target or policy. */
function steps({ rules }: RulesAtPlace): string[] {
  return rules.map(({ table, chain, rule }) => `${table} ${chain} → ${/-j (\S+)/.exec(rule)?.[1] ?? rule}`);
}

describe('a NodePort packet that a node translates and forwards', () => {
  const wiring = new Wiring(prepared('nodeport-snat').state);
  const client = '10.0.0.100:39302';
  const nodePort = '10.0.0.11:30080';
  const inside = { source: '10.244.1.0:16867', destination: '10.244.2.2:8080' };
  const asked = syn(client, nodePort);
  const sent = syn(inside.source, inside.destination);
  const answer = synAck(inside.destination, inside.source);
  const back = synAck(nodePort, client);
  const walk = walkOf(
    {
      namespace: 'host.client',
      local: client,
      remote: nodePort,
      result: answered('pod/web-0', inside.destination, inside.source),
    },
    [
      seen('host.client/eth0', 'out', asked),
      seen('node.node1/eth0', 'in', asked),
      seen('node.node1/flannel.1', 'out', sent),
      seen('node.node1/eth0', 'out', inVxlan('10.0.0.11', '10.0.0.12', sent)),
      seen('pod.default.web-0/eth0', 'out', answer),
      seen('node.node2/veth24d07f86', 'in', answer),
      seen('node.node2/eth0', 'out', inVxlan('10.0.0.12', '10.0.0.11', answer)),
      seen('node.node1/eth0', 'in', inVxlan('10.0.0.12', '10.0.0.11', answer)),
      seen('node.node1/flannel.1', 'in', answer),
      seen('node.node1/eth0', 'out', back),
      seen('host.client/eth0', 'in', back),
    ],
    wiring,
  );
  const traced = recorded('nodeport-at-node1');
  const rules = rulesOf(walk, [traced], wiring);

  it('met the rules of nftables, with what the maps said, and those of the network plugin', () => {
    const [there, back] = rulesOf(walk, [recorded('nft-nodeport-at-node1')], wiring);
    const lines = ({ rules: met }: RulesAtPlace) => met.map(({ table, chain, rule }) => `${table} ${chain}: ${rule}`);
    expect(lines(there!)).toEqual([
      'kube-proxy filter-prerouting-pre-dnat: ct state new jump firewall-check',
      'kube-proxy nat-prerouting: jump services',
      'kube-proxy services: ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports → 10.0.0.11, tcp . 30080 : goto external-PFISGYVC-default/web/tcp/',
      'kube-proxy external-PFISGYVC-default/web/tcp/: jump mark-for-masquerade',
      'kube-proxy mark-for-masquerade: meta mark set meta mark | 0x00004000',
      'kube-proxy external-PFISGYVC-default/web/tcp/: goto service-PFISGYVC-default/web/tcp/',
      'kube-proxy service-PFISGYVC-default/web/tcp/: numgen random mod 1 vmap { 0 : goto endpoint-K52L44CG-default/web/tcp/__10.244.2.2/8080 } → 0 : goto endpoint-K52L44CG-default/web/tcp/__10.244.2.2/8080',
      'kube-proxy endpoint-K52L44CG-default/web/tcp/__10.244.2.2/8080: meta l4proto tcp dnat to 10.244.2.2:8080',
      'kube-proxy filter-forward: ct state new jump service-endpoints-check',
      'kube-proxy filter-forward: ct state new jump cluster-ips-check',
      'filter FORWARD: -m comment --comment "flanneld forward" -j FLANNEL-FWD',
      'filter FLANNEL-FWD: -d 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT',
      'kube-proxy nat-postrouting: jump masquerading',
      'kube-proxy masquerading: meta mark set meta mark ^ 0x00004000',
      'kube-proxy masquerading: masquerade fully-random',
    ]);
    expect(back).toMatchObject({ place: 'node/node1', direction: 'reply' });
    expect(lines(back!)).toEqual([
      'filter FORWARD: -m comment --comment "flanneld forward" -j FLANNEL-FWD',
      'filter FLANNEL-FWD: -s 10.244.0.0/16 -m comment --comment "flanneld forward" -j ACCEPT',
    ]);
  });

  it('met the chains of kube-proxy one by one, of the first packet only', () => {
    expect(rules[0]).toMatchObject({ place: 'node/node1', direction: 'forward' });
    expect(steps(rules[0]!)).toEqual([
      'nat PREROUTING → KUBE-SERVICES',
      'nat KUBE-SERVICES → KUBE-NODEPORTS',
      'nat KUBE-NODEPORTS → KUBE-EXT-LOLE4ISW44XBNF3G',
      'nat KUBE-EXT-LOLE4ISW44XBNF3G → KUBE-MARK-MASQ',
      'nat KUBE-MARK-MASQ → MARK',
      'nat KUBE-EXT-LOLE4ISW44XBNF3G → KUBE-SVC-LOLE4ISW44XBNF3G',
      'nat KUBE-SVC-LOLE4ISW44XBNF3G → KUBE-SEP-5Q3P56IRA2PP7VYF',
      'nat KUBE-SEP-5Q3P56IRA2PP7VYF → DNAT',
      'filter FORWARD → KUBE-PROXY-FIREWALL',
      'filter FORWARD → KUBE-FORWARD',
      'filter KUBE-FORWARD → ACCEPT',
      'nat POSTROUTING → KUBE-POSTROUTING',
      'nat KUBE-POSTROUTING → MARK',
      'nat KUBE-POSTROUTING → MASQUERADE',
    ]);
  });

  it('shows each rule as iptables-save writes it', () => {
    expect(rules[0]?.rules[7]).toEqual({
      table: 'nat',
      chain: 'KUBE-SEP-5Q3P56IRA2PP7VYF',
      rule: '-p tcp -m comment --comment "default/web" -m tcp -j DNAT --to-destination 10.244.2.2:8080',
    });
  });

  it('has the rules its answer met, apart', () => {
    expect(rules[1]).toMatchObject({ place: 'node/node1', direction: 'reply' });
    expect(steps(rules[1]!)).toEqual(['filter FORWARD → KUBE-FORWARD', 'filter KUBE-FORWARD → ACCEPT']);
    expect(rules).toHaveLength(2);
  });

  it('has no rules where nothing was traced', () => {
    expect(rulesOf(walk, [], wiring)).toEqual([]);
    expect(rulesOf(walk, [{ ...traced, text: '' }], wiring)).toEqual([]);
  });

  it('needs the port, too: another connection between the same machines is another packet', () => {
    const packet = syn('10.0.0.100:39303', nodePort);
    const other = walkOf(
      { namespace: 'host.client', local: '10.0.0.100:39303', remote: nodePort },
      [seen('host.client/eth0', 'out', packet), seen('node.node1/eth0', 'in', packet)],
      wiring,
    );
    expect(rulesOf(other, [traced], wiring)).toEqual([]);
  });

  it('is read the same when the text was cut off in the middle of a line', () => {
    const cut = traced.text.slice(0, traced.text.indexOf('nat KUBE-SEP') + 8);
    const [first] = rulesOf(walk, [{ ...traced, text: cut }], wiring);
    expect(steps(first!)).toEqual(steps(rules[0]!).slice(0, 7));
  });
});

describe('a NodePort packet that IPVS translates', () => {
  const wiring = new Wiring(prepared('nodeport-snat').state);
  const asked = syn('10.0.0.100:38960', '10.0.0.11:30080');
  const sent = syn('10.244.1.0:11267', '10.244.2.2:8080');
  const answer = synAck('10.244.2.2:8080', '10.244.1.0:11267');
  const back = synAck('10.0.0.11:30080', '10.0.0.100:38960');
  const walk = walkOf(
    { namespace: 'host.client', local: '10.0.0.100:38960', remote: '10.0.0.11:30080' },
    [
      seen('host.client/eth0', 'out', asked),
      seen('node.node1/eth0', 'in', asked),
      seen('node.node1/flannel.1', 'out', sent),
      seen('pod.default.web-0/eth0', 'out', answer),
      seen('node.node2/veth24d07f86', 'in', answer),
      seen('node.node2/eth0', 'out', inVxlan('10.0.0.12', '10.0.0.11', answer)),
      seen('node.node1/eth0', 'in', inVxlan('10.0.0.12', '10.0.0.11', answer)),
      seen('node.node1/flannel.1', 'in', answer),
      seen('node.node1/eth0', 'out', back),
    ],
    wiring,
  );
  const virtual = '-A -t 10.0.0.11:30080 -s rr\n';
  const real = '-a -t 10.0.0.11:30080 -r 10.244.2.2:8080 -m -w 1\n';
  const whole = recorded('ipvs-nodeport-at-node1');
  const { text } = whole;
  const traced = (text: string, servers: string) => [{ ...whole, text, ipvs: { servers, connections: '' } }];
  const BEFORE = [
    'nat PREROUTING → KUBE-SERVICES',
    'nat KUBE-SERVICES → KUBE-NODE-PORT',
    'nat KUBE-NODE-PORT → KUBE-MARK-MASQ',
    'nat KUBE-MARK-MASQ → MARK',
    'filter INPUT → KUBE-IPVS-FILTER',
    'filter INPUT → KUBE-PROXY-FIREWALL',
    'filter INPUT → KUBE-NODE-PORT',
    'filter INPUT → KUBE-FIREWALL',
  ];

  it('met the rules of INPUT, the virtual server, and those of OUTPUT', () => {
    const [there, back] = rulesOf(walk, traced(text, virtual + real), wiring);
    expect(steps(there!)).toEqual([
      ...BEFORE,
      'ipvs INPUT → -t 10.0.0.11:30080 -s rr → -r 10.244.2.2:8080 -m -w 1',
      'filter OUTPUT → KUBE-IPVS-OUT-FILTER',
      'filter OUTPUT → KUBE-FIREWALL',
      'nat POSTROUTING → KUBE-POSTROUTING',
      'nat KUBE-POSTROUTING → MARK',
      'nat KUBE-POSTROUTING → MASQUERADE',
    ]);
    expect(back).toMatchObject({ place: 'node/node1', direction: 'reply' });
    expect(steps(back!).at(-1)).toBe('filter KUBE-FORWARD → ACCEPT');
  });

  it('ends at a virtual server that has no real one', () => {
    const lost = walkOf(
      { namespace: 'host.client', local: '10.0.0.100:38960', remote: '10.0.0.11:30080' },
      [seen('host.client/eth0', 'out', asked), seen('node.node1/eth0', 'in', asked)],
      wiring,
    );
    const cut = text.slice(0, text.indexOf('trace id 4681829f ip packetwalk-trace-1 output packet'));
    const [there] = rulesOf(lost, traced(cut, virtual), wiring);
    expect(steps(there!)).toEqual([...BEFORE, 'ipvs INPUT → -t 10.0.0.11:30080 -s rr → it has no real server']);
    const firewalled = `${cut}trace id 4681829f ip filter KUBE-FIREWALL rule drop # handle 22 (verdict drop)`;
    const [dropped] = rulesOf(lost, traced(firewalled, virtual), wiring);
    expect(steps(dropped!)).toEqual([...BEFORE, 'filter KUBE-FIREWALL → DROP']);
  });
});

describe('a packet that a policy drops', () => {
  it('shows the policy last, though the kernel gave the packet another number between two hooks', () => {
    const wiring = new Wiring(prepared('cross-node-vxlan').state);
    const packet = syn('10.244.1.2:58906', '10.244.2.2:8080');
    const walk = walkOf(
      { namespace: 'pod.default.a', local: '10.244.1.2:58906', remote: '10.244.2.2:8080' },
      acrossNodes('a', packet).slice(0, 3),
      wiring,
    );
    const [rules] = rulesOf(walk, [recorded('forward-drop-at-node1')], wiring);
    expect(steps(rules!)).toEqual([
      'nat PREROUTING → KUBE-SERVICES',
      'filter FORWARD → KUBE-PROXY-FIREWALL',
      'filter FORWARD → KUBE-FORWARD',
      'filter FORWARD → KUBE-SERVICES',
      'filter FORWARD → KUBE-EXTERNAL-SERVICES',
      'filter FORWARD → policy DROP',
    ]);
  });
});

describe('a number that the kernel uses again', () => {
  it('stands for the packet its header shows, not for the one it stood for before', () => {
    const wiring = new Wiring(prepared('cross-node-vxlan').state);
    const walks = (port: number) =>
      walkOf(
        { namespace: 'pod.default.a', local: `10.244.1.2:${port}`, remote: '10.244.2.2:8080' },
        acrossNodes('a', syn(`10.244.1.2:${port}`, '10.244.2.2:8080')).slice(0, 3),
        wiring,
      );
    const header = (number: string, port: number) =>
      `trace id ${number} ip filter FORWARD packet: iif "cni0" ip saddr 10.244.1.2 ip daddr 10.244.2.2 ip id ${port} ip length 60 tcp sport ${port} tcp dport 8080`;
    const begin = (number: string) =>
      `trace id ${number} ip packetwalk-trace-1 prerouting rule meta nftrace set 1 # handle 3 (verdict continue)`;
    const met = (number: string, rule: string) =>
      `trace id ${number} ip filter FORWARD rule jump ${rule} # handle 9 (verdict jump ${rule})`;
    const text = [
      ...[header('aaaaaaaa', 1001), begin('aaaaaaaa')],
      ...[header('bbbbbbbb', 1002), begin('bbbbbbbb')],
      ...[header('bbbbbbbb', 1001), met('bbbbbbbb', 'FIRST')],
      ...[header('aaaaaaaa', 1002), met('aaaaaaaa', 'SECOND')],
      ...[header('cccccccc', 1003), met('cccccccc', 'STRANGER')],
    ].join('\n');
    const rules = (port: number) =>
      rulesOf(walks(port), [{ namespace: 'node.node1', text, iptables: NONE }], wiring).flatMap(steps);
    expect([rules(1001), rules(1002)]).toEqual([['filter FORWARD → jump FIRST'], ['filter FORWARD → jump SECOND']]);
  });
});

describe('a ping', () => {
  it('is known by its addresses alone', () => {
    const wiring = new Wiring(prepared('cross-node-vxlan').state);
    const options = {
      namespace: 'pod.default.a',
      protocol: 'ICMP',
      local: '10.244.1.2',
      remote: '10.244.2.2',
    } as const;
    const walk = walkOf(options, acrossNodes('a', echo('10.244.1.2', '10.244.2.2', 'request')).slice(0, 3), wiring);
    const text = [
      'trace id f10e4570 ip packetwalk-trace-1 prerouting packet: iif "cni0" ip saddr 10.244.1.2 ip daddr 10.244.2.2 ip id 1432 ip length 45 icmp type echo-request',
      'trace id f10e4570 ip packetwalk-trace-1 prerouting rule meta nftrace set 1 # handle 3 (verdict continue)',
      'trace id f10e4570 ip filter FORWARD rule jump KUBE-FORWARD # handle 9 (verdict jump KUBE-FORWARD)',
    ].join('\n');
    expect(rulesOf(walk, [{ namespace: 'node.node1', text, iptables: NONE }], wiring)).toEqual([
      {
        place: 'node/node1',
        direction: 'forward',
        rules: [{ table: 'filter', chain: 'FORWARD', rule: 'jump KUBE-FORWARD' }],
      },
    ]);
  });
});

describe('a trace that may not be whole', () => {
  it('says where, and why', () => {
    const wiring = new Wiring(prepared('nodeport-snat').state);
    const whole = { namespace: 'node.node1', text: '', iptables: NONE };
    expect(unreadRules([whole, { ...whole, namespace: 'node.node2', blind: 'nft ended' }], wiring)).toEqual([
      { place: 'node/node2', reason: 'nft ended' },
    ]);
  });
});
