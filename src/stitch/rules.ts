/** What xtables-monitor reported, as the rules each packet of a walk met at each place. */
import type { RuleTrace } from '../capture/rule-trace.ts';
import type { Balancing } from './ipvs.ts';
import { addressOf } from './outcome.ts';
import type { Hop, Walk } from './walk.ts';
import type { Wiring } from './wiring.ts';

export interface MatchedRule {
  /** `ipvs` for a virtual server of IPVS. */
  readonly table: string;
  readonly chain: string;
  /**
   * The rule as iptables-save writes it, without `-A CHAIN`; `policy DROP` where a built-in chain ended in it. A virtual
   * server as `ipvsadm -Sn` writes it, and the real one it chose.
   */
  readonly rule: string;
}

/** The rules one packet met during one stay at a place, in order. */
export interface RulesAtPlace {
  readonly place: string;
  readonly direction: 'forward' | 'reply';
  readonly rules: readonly MatchedRule[];
}

/** As it was when it came in. */
interface TracedPacket extends TraceHeader {
  readonly namespace: string;
  /** The hook it came to first: PREROUTING or OUTPUT. */
  readonly hook: string;
  readonly rules: MatchedRule[];
}

interface TraceHeader {
  readonly source: string;
  readonly destination: string;
  readonly ports: string;
  /** Stays the same from hook to hook: only the last of them, POSTROUTING or INPUT, translates the source. */
  readonly sameAtAllHooks: string;
}

/** For every place a walk passes that has rules: the ones that matched its packets. */
export function rulesOf(
  walk: Walk,
  traces: readonly RuleTrace[],
  wiring: Wiring,
  balancings: readonly Balancing[] = [],
): RulesAtPlace[] {
  const packets = traces.flatMap(readTrace);
  return [...stays(walk.hops, 'forward'), ...stays(walk.replyHops, 'reply')].flatMap(({ place, direction, hops }) => {
    const packet = packets.find(
      (packet) => wiring.placeOf(packet.namespace) === place && hops.some((hop) => isPacketOf(packet, hop, walk)),
    );
    if (!packet) return [];
    const balancing = direction === 'forward' ? balancings.find((each) => each.place === place) : undefined;
    const rules = balancing ? throughIpvs(packet, balancing, packets) : packet.rules;
    return rules.length > 0 ? [{ place, direction, rules }] : [];
  });
}

/** IPVS takes a packet after the rules of INPUT or OUTPUT, and sends another one with the same content. */
function throughIpvs(packet: TracedPacket, balancing: Balancing, packets: readonly TracedPacket[]): MatchedRule[] {
  const { virtual, real = 'it has no real server' } = balancing;
  const sent = packets.find(
    (other) =>
      other !== packet &&
      other.namespace === packet.namespace &&
      other.hook === 'OUTPUT' &&
      other.sameAtAllHooks === packet.sameAtAllHooks,
  );
  const chain = packet.hook === 'OUTPUT' ? 'OUTPUT' : 'INPUT';
  return [...packet.rules, { table: 'ipvs', chain, rule: `${virtual} → ${real}` }, ...(sent?.rules ?? [])];
}

function* stays(hops: readonly Hop[], direction: 'forward' | 'reply') {
  for (let start = 0; start < hops.length; ) {
    let end = start;
    while (end < hops.length && hops[end]!.place === hops[start]!.place) end++;
    yield { place: hops[start]!.place, direction, hops: hops.slice(start, end) };
    start = end;
  }
}

/** Addresses and ports as some hop of the stay had them; the first packet traced is the walk's. */
function isPacketOf(packet: TracedPacket, hop: Hop, walk: Walk): boolean {
  const matches = (source: string, destination: string) =>
    packet.source === addressOf(source) &&
    packet.destination === addressOf(destination) &&
    (packet.ports === '' || packet.ports === portsOf(source, destination));
  if (matches(hop.packet.source, hop.packet.destination)) return true;
  const before = (hop.rewrites ?? []).reduce(
    ({ source, destination }, { from, kind }) =>
      kind === 'dnat' || kind === 'un-snat' ? { source, destination: from } : { source: from, destination },
    { source: hop.packet.source, destination: hop.packet.destination },
  );
  return walk.hops.length > 0 && matches(before.source, before.destination);
}

function portsOf(source: string, destination: string): string {
  const port = (socket: string) => (socket === addressOf(socket) ? '' : socket.slice(socket.lastIndexOf(':') + 1));
  return port(source) === '' ? '' : `${port(source)} ${port(destination)}`;
}

/**
 *   PACKET: 2 26ec3b56 IN=cni0 … SRC=10.244.1.2 DST=10.96.0.1 … SPORT=47372 DPORT=80 SYN
 *    TRACE: 2 26ec3b56 nat:KUBE-SERVICES:rule:0x8:JUMP:KUBE-SVC-…  -4 -t nat -A KUBE-SERVICES … -j KUBE-SVC-…
 *    TRACE: 2 26ec3b56 nat:PREROUTING:policy:ACCEPT
 */
function readTrace({ namespace, text }: RuleTrace): TracedPacket[] {
  const packets: TracedPacket[] = [];
  /** By number. Numbers are used again, and a packet may get another between two hooks: each header says which it is. */
  const headers = new Map<string, TraceHeader>();
  const current = new Map<string, TracedPacket | undefined>();
  for (const line of text.split('\n')) {
    const [, kind, number = '', rest = ''] = /^\s*(PACKET|TRACE): \d+ ([0-9a-f]+) (.*)$/.exec(line) ?? [];
    if (kind === 'PACKET') {
      const header = readHeader(rest);
      headers.set(number, header);
      const isSame = (packet: TracedPacket | undefined) => packet?.sameAtAllHooks === header.sameAtAllHooks;
      if (!isSame(current.get(number))) current.set(number, packets.findLast(isSame));
    } else if (kind === 'TRACE') {
      const header = headers.get(number);
      /** Our own TRACE rule comes first of all. */
      const [, hook] = /^raw:(\w+):rule:/.exec(rest) ?? [];
      if (header && hook !== undefined) {
        const packet = { ...header, namespace, hook, rules: [] };
        current.set(number, packet);
        packets.push(packet);
      }
      const rule = readRule(rest);
      if (rule) current.get(number)?.rules.push(rule);
    }
  }
  return packets;
}

function readHeader(text: string): TraceHeader {
  const fields = Object.fromEntries([...text.matchAll(/([A-Z]+)=(\S*)/g)].map(([, name, value]) => [name!, value!]));
  const { SRC = '', DST = '', SPORT, DPORT, ID, LEN } = fields;
  return {
    source: SRC,
    destination: DST,
    ports: SPORT === undefined ? '' : `${SPORT} ${DPORT}`,
    sameAtAllHooks: [SRC, SPORT, ID, LEN].join(' '),
  };
}

/** A policy counts only when it drops: that a chain came to its end otherwise says nothing. */
function readRule(text: string): MatchedRule | undefined {
  const [, table = '', chain = '', what = '', rest = ''] = /^(\w+):([^:]+):(\w+):(.*)$/.exec(text) ?? [];
  if (table === '' || table === 'raw') return undefined;
  if (what === 'policy') return rest.includes('DROP') ? { table, chain, rule: 'policy DROP' } : undefined;
  if (what !== 'rule') return undefined;
  const rule = /-A \S+ (.*)$/.exec(rest)?.[1]?.trim();
  return rule === undefined ? undefined : { table, chain, rule };
}
