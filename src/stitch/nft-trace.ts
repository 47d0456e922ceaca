/**
 * What `nft -a monitor trace` prints:
 *
 *   trace id 0d710be2 inet packetwalk-trace-7 prerouting packet: iif "cni0" … ip saddr 10.244.1.2 ip daddr 10.96.0.10 … tcp sport 47262 tcp dport 80 …
 *   trace id 0d710be2 inet packetwalk-trace-7 prerouting rule tcp sequence 458752-524287 meta nftrace set 1 # handle 3 (verdict continue)
 *   trace id 0d710be2 ip kube-proxy services rule ip daddr . meta l4proto . th dport vmap @service-ips # handle 40 (verdict goto service-…)
 *   trace id 0d710be2 ip kube-proxy nat-prerouting policy accept
 */
import { TRACE_TABLE } from '../capture/nft-trace.ts';
import type { RuleTrace } from '../capture/rule-trace.ts';
import { iptablesRules } from './iptables-rules.ts';
import { type HeaderFields, headerOf, type LineReader, policy } from './trace-line.ts';

export function nftLineReader({ iptables, ip6tables }: Pick<RuleTrace, 'iptables' | 'ip6tables'>): LineReader {
  const inIptables: Record<string, ReadonlyMap<string, string>> = {
    ip: iptablesRules(iptables),
    ...(ip6tables && { ip6: iptablesRules(ip6tables) }),
  };
  /** By number. Every hook shows the packet before the rules it meets there. */
  const packets = new Map<string, Packet>();
  return (line) => {
    const [, number = '', family = '', table = '', chain = '', what, rest = ''] =
      /^trace id ([0-9a-f]+) (\S+) (\S+) (\S+) (packet:|rule|policy) ?(.*)$/.exec(line) ?? [];
    if (what === undefined) return undefined;
    if (what === 'packet:') {
      const packet = readPacket(rest);
      packets.set(number, packet);
      return { kind: 'packet', number, header: headerOf(packet) };
    }
    if (table.startsWith(TRACE_TABLE))
      return what === 'rule' ? { kind: 'begin', number, hook: chain.toUpperCase() } : undefined;
    const [, text = '', handle = '', verdict = ''] = /^(.*?) # handle (\d+) \(verdict (.*)\)\s*$/.exec(rest) ?? [];
    const rule =
      what === 'policy'
        ? policy(rest)
        : (inIptables[family]?.get(`${table} ${chain} ${handle}`) ??
          withFound(plain(text), verdict, packets.get(number)));
    return rule === undefined ? undefined : { kind: 'rule', number, matched: { table, chain, rule } };
  };
}

/** Without what nft counts for iptables. */
function plain(rule: string): string {
  return rule
    .replace(/counter packets \d+ bytes \d+/, '')
    .replace(/\s+/g, ' ')
    .trim();
}

interface Packet extends HeaderFields {
  readonly protocol?: string | undefined;
}

function readPacket(text: string): Packet {
  const field = (name: string) => new RegExp(`\\b${name} (\\S+)`).exec(text)?.[1];
  return {
    source: field('ip6? saddr'),
    destination: field('ip6? daddr'),
    protocol: /\b(tcp|udp|sctp|icmp|icmpv6) /.exec(text)?.[1],
    sourcePort: field('(?:tcp|udp|sctp) sport'),
    destinationPort: field('(?:tcp|udp|sctp) dport'),
    /** As decode/packet.ts has it. */
    id: field('(?:ip id|ip6 flowlabel)'),
    length: field('ip6? length'),
  };
}

/** What kube-proxy's rules look up. */
const KEYS: Readonly<Record<string, (packet: Packet) => string | undefined>> = {
  'ip saddr': ({ source }) => source,
  'ip daddr': ({ destination }) => destination,
  'ip6 saddr': ({ source }) => source,
  'ip6 daddr': ({ destination }) => destination,
  'meta l4proto': ({ protocol }) => protocol,
  'th dport': ({ destinationPort }) => destinationPort,
};
const KEY = `(?:${Object.keys(KEYS).join('|')})`;
const LOOKUP = new RegExp(`(${KEY}(?: \\. ${KEY})*) (vmap )?@`, 'g');

/** The rule with the elements it found in sets and maps, its own map included. */
function withFound(rule: string, verdict: string, packet: Packet = {}): string {
  const named = [...rule.matchAll(LOOKUP)].map(([, fields = '', isMap]) => {
    const keys = fields.split(' . ').map((field) => KEYS[field]?.(packet) ?? '?');
    return isMap ? `${keys.join(' . ')} : ${verdict}` : keys.join(' . ');
  });
  const choices = / vmap \{ (.*) \}$/.exec(rule)?.[1]?.split(', ') ?? [];
  const found = [...named, ...choices.filter((element) => element.endsWith(` : ${verdict}`))];
  return found.length === 0 ? rule : `${rule} → ${found.join(', ')}`;
}
