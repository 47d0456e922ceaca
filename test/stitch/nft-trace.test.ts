/** Single lines of `nft -a monitor trace`: packets, rules, and what a rule found in sets and maps. */
import { describe, expect, it } from 'vitest';
import type { RuleTrace } from '../../src/capture/rule-trace.ts';
import { nftLineReader } from '../../src/stitch/nft-trace.ts';

const PACKET =
  'trace id 953d5c94 ip kube-proxy nat-prerouting packet: iif "cni0" ether saddr 0a:58:0a:f4:01:02 ip saddr 10.244.1.2 ip daddr 10.96.0.10 ip dscp cs0 ip ttl 64 ip id 37207 ip length 60 tcp sport 47262 tcp dport 80 tcp flags == syn tcp window 64240 ';

function reader(rules: Partial<Pick<RuleTrace, 'iptables' | 'ip6tables'>> = {}) {
  return nftLineReader({ iptables: { saved: '', listed: '' }, ...rules });
}

/** A rule of a chain that the packet meets, as it is told. */
function told(rule: string, verdict: string, packet = PACKET): string | undefined {
  const read = reader();
  read(packet);
  const line = read(`trace id 953d5c94 ip kube-proxy c rule ${rule} # handle 12 (verdict ${verdict})`);
  return line?.kind === 'rule' ? line.matched.rule : undefined;
}

describe('a packet', () => {
  it('is known by its addresses, ports and what stays the same from hook to hook', () => {
    expect(reader()(PACKET)).toEqual({
      kind: 'packet',
      number: '953d5c94',
      header: {
        source: '10.244.1.2',
        destination: '10.96.0.10',
        ports: '47262 80',
        sameAtAllHooks: '10.244.1.2 47262 37207 60',
      },
    });
  });

  it('is reported on from the first rule of our own table, whose name says whose it is', () => {
    const line =
      'trace id 953d5c94 ip packetwalk-trace-7 prerouting rule tcp sequence 458752-524287 meta nftrace set 1';
    expect(reader()(`${line} # handle 3 (verdict continue)`)).toEqual({
      kind: 'begin',
      number: '953d5c94',
      hook: 'PREROUTING',
    });
    expect(reader()('trace id 953d5c94 ip packetwalk-trace-7 prerouting policy accept')).toBeUndefined();
  });
});

describe('a rule', () => {
  it('that looks nothing up is told as it is', () => {
    expect(told('ct state new jump firewall-check', 'jump firewall-check')).toBe('ct state new jump firewall-check');
    expect(told('update @affinity-X { ip saddr }', 'continue')).toBe('update @affinity-X { ip saddr }');
  });

  it('that finds something in a map is told with the element', () => {
    expect(told('ip daddr . meta l4proto . th dport vmap @service-ips', 'goto service-X')).toBe(
      'ip daddr . meta l4proto . th dport vmap @service-ips → 10.96.0.10 . tcp . 80 : goto service-X',
    );
  });

  it('that finds something in a set, too, and in several', () => {
    expect(told('ip saddr @affinity-X goto endpoint-X', 'goto endpoint-X')).toBe(
      'ip saddr @affinity-X goto endpoint-X → 10.244.1.2',
    );
    expect(told('ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports', 'goto external-X')).toBe(
      'ip daddr @nodeport-ips meta l4proto . th dport vmap @service-nodeports → 10.96.0.10, tcp . 80 : goto external-X',
    );
  });

  it('that chooses is told with its choice', () => {
    expect(told('numgen random mod 2 vmap { 0 : goto endpoint-A, 1 : goto endpoint-B }', 'goto endpoint-B')).toBe(
      'numgen random mod 2 vmap { 0 : goto endpoint-A, 1 : goto endpoint-B } → 1 : goto endpoint-B',
    );
  });

  it('about a ping has no port', () => {
    const ping = PACKET.replace(/tcp sport.*$/, 'icmp type echo-request icmp code 0 icmp id 1 icmp sequence 1 ');
    expect(told('ip daddr @cluster-ips reject comment "no such port"', 'drop', ping)).toBe(
      'ip daddr @cluster-ips reject comment "no such port" → 10.96.0.10',
    );
    expect(reader()(ping)).toMatchObject({ header: { ports: '' } });
  });

  it('of a policy counts when it drops', () => {
    expect(reader()('trace id 953d5c94 ip filter FORWARD policy accept ')).toBeUndefined();
    expect(reader()('trace id 953d5c94 ip filter FORWARD policy drop ')).toEqual({
      kind: 'rule',
      number: '953d5c94',
      matched: { table: 'filter', chain: 'FORWARD', rule: 'policy DROP' },
    });
  });

  it.each([
    '',
    'trace id 953d5c94 ip filter FORWARD verdict continue',
    'Error: something',
    'trace id 953d5c94 ip filter',
  ])('is not what this line says: %j', (line) => {
    expect(reader()(line)).toBeUndefined();
  });
});

describe('a rule of iptables', () => {
  const LISTED = [
    'table ip filter { # handle 3',
    '\tchain FORWARD { # handle 2',
    '\t\ttype filter hook forward priority filter; policy accept;',
    '\t\t counter packets 4 bytes 240 jump MINE # handle 11',
    '\t\tip saddr 10.244.0.0/16  counter packets 4 bytes 240 accept # handle 14',
    '\t}',
    '}',
  ].join('\n');
  const SAVED = ['*filter', ':FORWARD ACCEPT [0:0]', '-A FORWARD -m comment --comment "mine" -j MINE'];
  const MET =
    'trace id 953d5c94 ip filter FORWARD rule ip saddr 10.244.0.0/16 counter packets 0 bytes 0 accept # handle 14 (verdict accept)';
  const rule = (saved: readonly string[]) => {
    const line = reader({ iptables: { saved: saved.join('\n'), listed: LISTED } })(MET);
    return line?.kind === 'rule' ? line.matched.rule : undefined;
  };

  it('is told in its own words: by its place in the chain', () => {
    expect(rule([...SAVED, '-A FORWARD -s 10.244.0.0/16 -j ACCEPT', 'COMMIT'])).toBe('-s 10.244.0.0/16 -j ACCEPT');
  });

  it('of IPv6 is another one, by the same table, chain and number', () => {
    const iptables = { saved: SAVED[0]!, listed: '' };
    const saved = [...SAVED, '-A FORWARD -s fd00:244::/32 -j ACCEPT', 'COMMIT'].join('\n');
    const read = reader({ iptables, ip6tables: { saved, listed: LISTED.replace('table ip ', 'table ip6 ') } });
    expect(read(MET)).toMatchObject({ matched: { rule: 'ip saddr 10.244.0.0/16 accept' } });
    expect(read(MET.replace(' ip filter', ' ip6 filter'))).toMatchObject({
      matched: { table: 'filter', chain: 'FORWARD', rule: '-s fd00:244::/32 -j ACCEPT' },
    });
  });

  it('is told in nft’s, without the counters, where the two listings do not fit together', () => {
    expect(rule([...SAVED, 'COMMIT'])).toBe('ip saddr 10.244.0.0/16 accept');
  });
});

describe('of IPv6', () => {
  const packet =
    'trace id 2446ad7a ip6 kube-proxy nat-output packet: oif "eth0" ip6 saddr fd00:244:1::2 ip6 daddr fd00:96::a ip6 dscp cs0 ip6 ecn not-ect ip6 hoplimit 64 ip6 flowlabel 60908 ip6 length 40 tcp sport 50538 tcp dport 80 tcp flags == syn';

  it('a packet is known by its flow label, which stays the same from hook to hook', () => {
    expect(reader()(packet)).toEqual({
      kind: 'packet',
      number: '2446ad7a',
      header: {
        source: 'fd00:244:1::2',
        destination: 'fd00:96::a',
        ports: '50538 80',
        sameAtAllHooks: 'fd00:244:1::2 50538 60908 40',
      },
    });
  });

  it('a rule is told with what it found', () => {
    const read = reader();
    read(packet);
    const rule = 'ip6 daddr . meta l4proto . th dport vmap @service-ips';
    expect(
      read(`trace id 2446ad7a ip6 kube-proxy services rule ${rule} # handle 9 (verdict goto service-X)`),
    ).toMatchObject({ matched: { rule: `${rule} → fd00:96::a . tcp . 80 : goto service-X` } });
  });
});
