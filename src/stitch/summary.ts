/** A packet in a few words. */
import {
  type Dns,
  type Icmp,
  type IpPacket,
  TCP_ACK,
  TCP_FIN,
  TCP_RST,
  TCP_SYN,
  type Tcp,
  type Udp,
} from '../decode/packet.ts';
import { formatData } from '../dns/record.ts';
import type { Rejection } from '../parse/schema/check.ts';
import type { FailedAttempt, PacketSummary } from './walk.ts';

export function summarize(packet: IpPacket): Omit<PacketSummary, 'source' | 'destination'> {
  const { transport, ttl, length } = packet;
  const base = { ttl, length };
  switch (transport.kind) {
    case 'tcp':
      return { ...base, protocol: 'TCP', info: tcpInfo(transport) };
    case 'udp':
      return { ...base, protocol: 'UDP', info: udpInfo(transport) };
    case 'icmp':
      return { ...base, protocol: transport.version === 4 ? 'ICMP' : 'ICMPv6', info: icmpInfo(transport) };
    case 'other':
      return {
        ...base,
        protocol: transport.protocol === 132 ? 'SCTP' : 'other',
        info: `IP protocol ${transport.protocol}`,
      };
    default:
      return { ...base, protocol: 'other', info: transport.kind };
  }
}

export function udpInfo({ dns, payloadLength }: Udp): string {
  return dns ? dnsInfo(dns) : `${payloadLength} bytes`;
}

/** As tcpdump has it: `A? web.prod.`, `NXDOMAIN`, `A 10.96.0.100`. */
function dnsInfo({ question, reply }: Dns): string {
  return reply ? formatStatus(reply) : `${question.type}? ${question.name}.`;
}

const MAX_ANSWERS = 3;

/** What a nameserver says: its answers, that there are none of the type that was asked for, or why not. */
export function formatStatus({ status, answers, truncated }: NonNullable<Dns['reply']>): string {
  const cut = truncated ? ', truncated' : '';
  if (status !== 'NOERROR') return `${status}${cut}`;
  const texts = answers.slice(0, MAX_ANSWERS).map((record) => `${record.type} ${formatData(record)}`);
  const more = answers.length > MAX_ANSWERS ? ` and ${answers.length - MAX_ANSWERS} more` : '';
  return `${texts.join(', ') || 'no such record'}${more}${cut}`;
}

export function tcpInfo({ dns, flags, payloadLength }: Tcp): string {
  const names = [
    flags & TCP_SYN && 'SYN',
    flags & TCP_FIN && 'FIN',
    flags & TCP_RST && 'RST',
    flags & TCP_ACK && 'ACK',
  ].filter(Boolean);
  return [names.join(' '), dns ? dnsInfo(dns) : payloadLength > 0 && `${payloadLength} bytes`]
    .filter(Boolean)
    .join(', ');
}

const UNREACHABLE: Record<number, string> = {
  0: 'net unreachable',
  1: 'host unreachable',
  2: 'protocol unreachable',
  3: 'port unreachable',
  4: 'fragmentation needed',
  9: 'net prohibited',
  10: 'host prohibited',
  13: 'administratively prohibited',
};

/** RFC 4443, RFC 4861, RFC 2710 and RFC 3810. */
const ICMPV6_TYPES: Record<number, string> = {
  2: 'packet too big',
  3: 'time exceeded',
  4: 'parameter problem',
  128: 'echo request',
  129: 'echo reply',
  130: 'MLD query',
  131: 'MLD report',
  132: 'MLD done',
  133: 'router solicitation',
  134: 'router advertisement',
  135: 'neighbour solicitation',
  136: 'neighbour advertisement',
  137: 'redirect',
  143: 'MLD report',
};

const UNREACHABLE6: Record<number, string> = {
  0: 'no route',
  1: 'administratively prohibited',
  2: 'beyond scope of source address',
  3: 'address unreachable',
  4: 'port unreachable',
  5: 'source address failed policy',
  6: 'reject route',
};

export function icmpInfo({ version, type, code, mtu, gateway }: Icmp): string {
  const limit = mtu ? ` (MTU ${mtu})` : '';
  if (version === 6) {
    if (type === 1) return UNREACHABLE6[code] ?? `unreachable, code ${code}`;
    return `${ICMPV6_TYPES[type] ?? `ICMPv6 type ${type}`}${limit}`;
  }
  if (type === 0) return 'echo reply';
  if (type === 8) return 'echo request';
  if (type === 11) return 'time exceeded';
  if (type === 5) return gateway === undefined ? 'redirect' : `redirect to ${gateway}`;
  if (type === 3) return `${UNREACHABLE[code] ?? `unreachable, code ${code}`}${limit}`;
  return `ICMP type ${type}`;
}

/** The name a rejection has in expectations. */
export function rejectionOf({ transport }: IpPacket): Rejection | undefined {
  if (transport.kind === 'tcp') return transport.flags & TCP_RST ? 'tcp-reset' : undefined;
  if (transport.kind !== 'icmp') return undefined;
  const { version, type, code } = transport;
  if (version === 4) {
    if (type === 11) return 'icmp-time-exceeded';
    return type === 3 ? (REJECTED[code] ?? 'icmp-other') : undefined;
  }
  if (type === 2) return 'icmp6-packet-too-big';
  if (type === 3) return 'icmp6-time-exceeded';
  return type === 1 ? (REJECTED6[code] ?? 'icmp6-other') : undefined;
}

/** By the codes of destination unreachable. */
const REJECTED: Record<number, Rejection> = {
  0: 'icmp-net-unreachable',
  1: 'icmp-host-unreachable',
  3: 'icmp-port-unreachable',
  4: 'icmp-fragmentation-needed',
  9: 'icmp-admin-prohibited',
  10: 'icmp-admin-prohibited',
  13: 'icmp-admin-prohibited',
};

const REJECTED6: Record<number, Rejection> = {
  0: 'icmp6-no-route',
  1: 'icmp6-adm-prohibited',
  3: 'icmp6-addr-unreachable',
  4: 'icmp6-port-unreachable',
  5: 'icmp6-policy-fail',
  6: 'icmp6-reject-route',
};

/** Whether a TCP segment says that nothing more will come. */
export function endsConnection({ transport }: IpPacket): boolean {
  return transport.kind === 'tcp' && (transport.flags & (TCP_RST | TCP_FIN)) !== 0;
}

/** `10.244.1.2:8080: ECONNREFUSED`, and how often one after the other. */
export function formatAttempts(attempts: readonly FailedAttempt[]): string[] {
  const runs: { readonly text: string; times: number }[] = [];
  for (const { endpoint, failure } of attempts) {
    const text = `${endpoint}: ${failure}`;
    const last = runs.at(-1);
    if (last?.text === text) last.times++;
    else runs.push({ text, times: 1 });
  }
  return runs.map(({ text, times }) => (times === 1 ? text : `${text} (${times} times)`));
}
