/** What ICMPv6 says between neighbours: neighbour discovery (RFC 4861) and multicast listener discovery (RFC 2710, RFC 3810). */
import { formatIpv6, formatMac } from './format.ts';
import type { NeighbourMessage } from './packet.ts';

export const NEIGHBOUR = {
  routerSolicitation: 133,
  routerAdvertisement: 134,
  solicitation: 135,
  advertisement: 136,
  redirect: 137,
} as const;

/** Bytes before the options, by type. */
const FIXED: Record<number, number> = { 133: 8, 134: 16, 135: 24, 136: 24, 137: 40 };
const OPTION = { sourceMac: 1, targetMac: 2, prefix: 3, redirected: 4 } as const;

/** Undefined for other messages, and for one that is cut off before its options. `offset` is where ICMPv6 begins. */
export function decodeNeighbour(type: number, data: Buffer, offset: number, end: number): NeighbourMessage | undefined {
  const fixed = FIXED[type];
  if (fixed === undefined || end < offset + fixed) return undefined;
  return {
    ...(fixed >= 24 && { target: formatIpv6(data, offset + 8) }),
    ...(type === NEIGHBOUR.redirect && { destination: formatIpv6(data, offset + 24) }),
    ...(type === NEIGHBOUR.routerAdvertisement && { lifetime: data.readUInt16BE(offset + 6) }),
    ...decodeOptions(data, offset + fixed, end),
  };
}

/** Where the packet begins that a redirect is about (RFC 4861 4.6.3), if the message has it. */
export function redirectedPacket(type: number, data: Buffer, offset: number, end: number): number | undefined {
  if (type !== NEIGHBOUR.redirect) return undefined;
  const option = [...options(data, offset + FIXED[type]!, end)].find(({ kind }) => kind === OPTION.redirected);
  return option && option.position + 8;
}

/** Lengths are in units of eight bytes; one of none ends the list. */
function* options(data: Buffer, start: number, end: number) {
  for (let position = start; position + 8 <= end; position += data[position + 1]! * 8) {
    const length = data[position + 1]! * 8;
    if (length === 0 || position + length > end) return;
    yield { kind: data[position]!, position, length };
  }
}

function decodeOptions(data: Buffer, start: number, end: number): Pick<NeighbourMessage, 'mac' | 'prefixes'> {
  let mac: string | undefined;
  const prefixes: string[] = [];
  for (const { kind, position, length } of options(data, start, end)) {
    if (kind === OPTION.sourceMac || kind === OPTION.targetMac) mac = formatMac(data, position + 2);
    if (kind === OPTION.prefix && length >= 32)
      prefixes.push(`${formatIpv6(data, position + 16)}/${data[position + 2]}`);
  }
  return { ...(mac !== undefined && { mac }), ...(prefixes.length > 0 && { prefixes }) };
}

const MLD = { report: 131, done: 132, reportV2: 143 } as const;
const RECORD = 20;

/** The groups of a report, or of who leaves one; of the second version as far as they are there. */
export function decodeGroups(type: number, data: Buffer, offset: number, end: number): string[] | undefined {
  if (type === MLD.report || type === MLD.done) return end < offset + 24 ? undefined : [formatIpv6(data, offset + 8)];
  if (type !== MLD.reportV2) return undefined;
  const groups: string[] = [];
  let position = offset + 8;
  for (let count = data.readUInt16BE(offset + 6); count > 0 && position + RECORD <= end; count--) {
    groups.push(formatIpv6(data, position + 4));
    position += RECORD + data.readUInt16BE(position + 2) * 16 + data[position + 1]! * 4;
  }
  return groups;
}
