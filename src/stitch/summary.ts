/** A packet in a few words. */
import { type Icmp, type IpPacket, TCP_ACK, TCP_FIN, TCP_RST, TCP_SYN, type Tcp } from '../decode/packet.ts';
import type { Rejection } from '../parse/schema/check.ts';
import type { FailedAttempt, PacketSummary } from './walk.ts';

export function summarize(packet: IpPacket): Omit<PacketSummary, 'source' | 'destination'> {
  const { transport, ttl, length } = packet;
  const base = { ttl, length };
  switch (transport.kind) {
    case 'tcp':
      return { ...base, protocol: 'TCP', info: tcpInfo(transport) };
    case 'udp':
      return { ...base, protocol: 'UDP', info: `${transport.payloadLength} bytes` };
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

export function tcpInfo({ flags, payloadLength }: Tcp): string {
  const names = [
    flags & TCP_SYN && 'SYN',
    flags & TCP_FIN && 'FIN',
    flags & TCP_RST && 'RST',
    flags & TCP_ACK && 'ACK',
  ].filter(Boolean);
  return [names.join(' '), payloadLength > 0 && `${payloadLength} bytes`].filter(Boolean).join(', ');
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

export function icmpInfo({ version, type, code, mtu }: Icmp): string {
  if (version === 6)
    return (
      { 1: 'unreachable', 2: 'packet too big', 3: 'time exceeded', 128: 'echo request', 129: 'echo reply' }[type] ??
      `ICMPv6 type ${type}`
    );
  if (type === 0) return 'echo reply';
  if (type === 8) return 'echo request';
  if (type === 11) return 'time exceeded';
  if (type === 3) return `${UNREACHABLE[code] ?? `unreachable, code ${code}`}${mtu ? ` (MTU ${mtu})` : ''}`;
  return `ICMP type ${type}`;
}

/** The name a rejection has in expectations. */
export function rejectionOf(packet: IpPacket): Rejection | undefined {
  const { transport } = packet;
  if (transport.kind === 'tcp') return transport.flags & TCP_RST ? 'tcp-reset' : undefined;
  if (transport.kind !== 'icmp' || transport.version !== 4) return undefined;
  if (transport.type === 11) return 'icmp-time-exceeded';
  if (transport.type !== 3) return undefined;
  const names: Record<number, Rejection> = {
    0: 'icmp-net-unreachable',
    1: 'icmp-host-unreachable',
    3: 'icmp-port-unreachable',
    4: 'icmp-fragmentation-needed',
    9: 'icmp-admin-prohibited',
    10: 'icmp-admin-prohibited',
    13: 'icmp-admin-prohibited',
  };
  return names[transport.code] ?? 'icmp-other';
}

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
