/**
 * Has nftables report which rules the packets of some probes meet, and no other ones (nft(8), `meta nftrace`). A table of
 * its own looks at the mark they carry (probe/mark.ts), before all rules that somebody may ask about:
 *
 *   TCP         the sequence number, or of an answer the number it acknowledges
 *   UDP, echo   how the payload begins
 *   ICMP error  the same in the packet it quotes, behind an IP header of 20 bytes, or 40 of IPv6
 *   SCTP        has no mark: all of it
 */
import { payloadBeginnings, sequencesOf } from '../probe/mark.ts';
import { FENCE } from './capture.ts';

/** No two traces of one namespace watch the same probe. */
export function traceTableName([first]: readonly number[]): string {
  return `${TRACE_TABLE}${first}`;
}

/** What the names of these tables begin with. */
export const TRACE_TABLE = 'packetwalk-trace-';

/** For IPv4 and IPv6 at once. */
export const TRACE_FAMILY = 'inet';

/** What `nft -f` reads. Of a fence only these rules are reported. */
export function traceTable(probes: readonly number[]): string {
  const traced = marks(probes).map((match) => `${match} meta nftrace set 1`);
  const fenced = [1, 0].map((value) => `meta l4proto udp ${PAYLOAD} ${FENCED} meta nftrace set ${value}`);
  return `table ${TRACE_FAMILY} ${traceTableName(probes)} {\n${chain('prerouting', traced)}${chain('output', [...traced, ...fenced])}}\n`;
}

function chain(hook: string, rules: readonly string[]): string {
  const lines = [`type filter hook ${hook} priority raw ;`, ...rules].map((line) => `\t\t${line}\n`);
  return `\tchain ${hook} {\n${lines.join('')}\t}\n`;
}

/** Offsets and lengths are in bits. */
const PAYLOAD = '@th,64,128';
/** An ICMP error, and where in it the quoted packet has its protocol, its sequence number and its payload. */
const ERRORS = [
  {
    error: 'icmp type { destination-unreachable, time-exceeded, parameter-problem }',
    protocol: '@th,136,8',
    sequence: '@th,256,32',
    payload: '@th,288,128',
    echo: 1,
  },
  {
    error: 'icmpv6 type { destination-unreachable, packet-too-big, time-exceeded, parameter-problem }',
    protocol: '@th,112,8',
    sequence: '@th,416,32',
    payload: '@th,448,128',
    echo: 58,
  },
] as const;

function marks(probes: readonly number[]): string[] {
  const sequences = oneOf(probes.map(sequencesOf).map(({ first, last }) => `${first}-${last}`));
  const payloads = probes.map(payloadBeginnings);
  const requests = oneOf(payloads.map(({ request }) => number(request)));
  const either = oneOf(payloads.flatMap(({ request, answer }) => [number(request), number(answer)]));
  return [
    `tcp sequence ${sequences}`,
    `tcp ackseq ${sequences}`,
    `meta l4proto { udp, icmp, ipv6-icmp } ${PAYLOAD} ${either}`,
    ...ERRORS.flatMap(({ error, protocol, sequence, payload, echo }) => [
      `${error} ${protocol} 6 ${sequence} ${sequences}`,
      `${error} ${protocol} { ${echo}, 17 } ${payload} ${requests}`,
    ]),
    'meta l4proto sctp',
  ];
}

function oneOf(values: readonly string[]): string {
  return `{ ${values.join(', ')} }`;
}

const FENCED = number(Buffer.from(FENCE).subarray(0, 16));

function number(bytes: Buffer): string {
  return `0x${bytes.toString('hex')}`;
}
