/** What the readers of rule traces print, as the rules each packet met. */
import type { RuleReader, RuleTrace } from '../capture/rule-trace.ts';

export interface MatchedRule {
  /** `ipvs` for a virtual server of IPVS. */
  readonly table: string;
  readonly chain: string;
  /**
   * The rule as iptables-save writes it, without `-A CHAIN`, or as nft does; `policy DROP` where a built-in chain ended in
   * it. After a lookup in a map comes what was found: `… vmap @service-ips → goto service-…`. A virtual server as
   * `ipvsadm -Sn` writes it, and the real one it chose.
   */
  readonly rule: string;
}

/** A packet as it was when it came to its first hook, and all the rules it met. */
export interface TracedPacket extends Header {
  readonly namespace: string;
  /** The hook it came to first: PREROUTING or OUTPUT. */
  readonly hook: string;
  readonly rules: MatchedRule[];
}

interface Header {
  readonly source: string;
  readonly destination: string;
  /** `47372 80`; empty for protocols without. */
  readonly ports: string;
  /** Stays the same from hook to hook: only the last of them, POSTROUTING or INPUT, translates the source. */
  readonly sameAtAllHooks: string;
}

/** One line: a packet comes to a hook, or meets a rule. `number` tells the packets of a hook apart. */
type Line =
  | { readonly kind: 'packet'; readonly number: string; readonly header: Header }
  | { readonly kind: 'rule'; readonly number: string; readonly matched: MatchedRule };

const READERS: Record<RuleReader, (line: string) => Line | undefined> = {
  'xtables-monitor': readMonitorLine,
  nft: readNftLine,
};

/** Our own TRACE rule comes first of all. */
const OWN_TABLE = 'raw';

export function readTrace({ namespace, reader, text }: RuleTrace): TracedPacket[] {
  const packets: TracedPacket[] = [];
  /** By number. Numbers are used again, and a packet may get another between two hooks: each header says which it is. */
  const headers = new Map<string, Header>();
  const current = new Map<string, TracedPacket | undefined>();
  for (const line of text.split('\n').map(READERS[reader])) {
    if (line?.kind === 'packet') {
      const { number, header } = line;
      headers.set(number, header);
      const isSame = (packet: TracedPacket | undefined) => packet?.sameAtAllHooks === header.sameAtAllHooks;
      if (!isSame(current.get(number))) current.set(number, packets.findLast(isSame));
    } else if (line?.kind === 'rule') {
      const { number, matched } = line;
      const header = headers.get(number);
      if (matched.table !== OWN_TABLE) current.get(number)?.rules.push(matched);
      else if (header && !matched.rule.startsWith('policy')) {
        const packet = { ...header, namespace, hook: matched.chain, rules: [] };
        current.set(number, packet);
        packets.push(packet);
      }
    }
  }
  return packets;
}

/**
 *   PACKET: 2 26ec3b56 IN=cni0 … SRC=10.244.1.2 DST=10.96.0.1 … SPORT=47372 DPORT=80 SYN
 *    TRACE: 2 26ec3b56 nat:KUBE-SERVICES:rule:0x8:JUMP:KUBE-SVC-…  -4 -t nat -A KUBE-SERVICES … -j KUBE-SVC-…
 *    TRACE: 2 26ec3b56 nat:PREROUTING:policy:ACCEPT
 */
function readMonitorLine(line: string): Line | undefined {
  const [, kind, number = '', rest = ''] = /^\s*(PACKET|TRACE): \d+ ([0-9a-f]+) (.*)$/.exec(line) ?? [];
  if (kind === undefined) return undefined;
  if (kind === 'PACKET') return { kind: 'packet', number, header: readMonitorHeader(rest) };
  const [, table = '', chain = '', what = '', more = ''] = /^(\w+):([^:]+):(\w+):(.*)$/.exec(rest) ?? [];
  const rule = what === 'policy' ? policy(more) : what === 'rule' ? /-A \S+ (.*)$/.exec(more)?.[1]?.trim() : undefined;
  /** Of a rule that is gone by now only its number is told. */
  if (rule === undefined && !(what === 'rule' && table === OWN_TABLE)) return undefined;
  return { kind: 'rule', number, matched: { table, chain, rule: rule ?? '' } };
}

function readMonitorHeader(text: string): Header {
  const fields = Object.fromEntries([...text.matchAll(/([A-Z]+)=(\S*)/g)].map(([, name, value]) => [name!, value!]));
  return headerOf(fields.SRC, fields.DST, fields.SPORT, fields.DPORT, fields.ID, fields.LEN);
}

/**
 *   trace id 0d710be2 ip raw PREROUTING packet: iif "cni0" … ip saddr 10.244.1.2 ip daddr 10.96.0.10 … tcp sport 47262 tcp dport 80 …
 *   trace id 0d710be2 ip kube-proxy services rule ip daddr . meta l4proto . th dport vmap @service-ips (verdict goto service-…)
 *   trace id 0d710be2 ip kube-proxy nat-prerouting policy accept
 */
function readNftLine(line: string): Line | undefined {
  const [, number = '', table = '', chain = '', what, rest = ''] =
    /^trace id ([0-9a-f]+) \S+ (\S+) (\S+) (packet:|rule|policy) ?(.*)$/.exec(line) ?? [];
  if (what === undefined) return undefined;
  if (what === 'packet:') return { kind: 'packet', number, header: readNftHeader(rest) };
  const rule = what === 'policy' ? policy(rest.trim()) : nftRule(rest);
  return rule === undefined ? undefined : { kind: 'rule', number, matched: { table, chain, rule } };
}

function readNftHeader(text: string): Header {
  const field = (name: string) => new RegExp(`\\b${name} (\\S+)`).exec(text)?.[1];
  return headerOf(
    field('ip saddr'),
    field('ip daddr'),
    field('(?:tcp|udp|sctp) sport'),
    field('(?:tcp|udp|sctp) dport'),
    field('ip id'),
    field('ip length'),
  );
}

/** Without the counters of iptables' rules, and with what a map said. */
function nftRule(text: string): string {
  const [, rule = '', verdict = ''] = /^(.*?) \(verdict (.*)\)$/.exec(text.trim()) ?? [undefined, text.trim()];
  const plain = rule
    .replace(/counter packets \d+ bytes \d+ ?/, '')
    .replace(/\s+/g, ' ')
    .trim();
  return / vmap /.test(plain) ? `${plain} → ${verdict}` : plain;
}

/** A policy counts only when it drops: that a chain came to its end otherwise says nothing. */
function policy(verdict: string): string | undefined {
  return /^drop/i.test(verdict) ? 'policy DROP' : undefined;
}

function headerOf(
  source = '',
  destination = '',
  sourcePort: string | undefined,
  destinationPort: string | undefined,
  id: string | undefined,
  length: string | undefined,
): Header {
  return {
    source,
    destination,
    ports: sourcePort === undefined ? '' : `${sourcePort} ${destinationPort}`,
    sameAtAllHooks: [source, sourcePort, id, length].join(' '),
  };
}
