/**
 * IP addresses and CIDR ranges as plain values; the maths is ip-num's.
 *
 * Addresses travel through the pipeline as canonical text (`10.244.1.2`, `fd00::2`), ranges as `Cidr`.
 * ip-num is strict where others guess: `010.0.0.1` is refused, not read as 8.0.0.1.
 * Not for the per-packet path: decoding has its own representation.
 */
import { collapseIPv6Number, IPv4, IPv6 } from 'ip-num';

export type Family = 4 | 6;

/** As Kubernetes writes them. */
export const FAMILY_NAMES = ['IPv4', 'IPv6'] as const;
export type FamilyName = (typeof FAMILY_NAMES)[number];

export function familyNamed(name: FamilyName): Family {
  return name === 'IPv4' ? 4 : 6;
}

/** A range of addresses that share a prefix. `text` is canonical: host bits are zero. */
export interface Cidr {
  readonly text: string;
  readonly family: Family;
  readonly prefix: number;
  readonly first: bigint;
  readonly last: bigint;
}

/** Of an address. */
export const BITS = { 4: 32, 6: 128 } as const;

/** Ranges of each family that mean the same: RFC 1122 3.2.1.3 and RFC 5771, RFC 4291 2.5.3 and 2.7. */
export const LOOPBACK = { 4: '127.0.0.0/8', 6: '::1/128' } as const;
export const MULTICAST = { 4: '224.0.0.0/4', 6: 'ff00::/8' } as const;

/** 4 or 6 for a well-formed address, otherwise undefined. */
export function familyOf(text: string): Family | undefined {
  return parse(text)?.family;
}

/** As `ip route` prints it. */
export function defaultRoute(family: Family): 'default' | '::/0' {
  return family === 4 ? 'default' : '::/0';
}

/** Whether an address, a range or a socket address is IPv6: no other has colons at such places. */
export function isIpv6(text: string): boolean {
  return text.indexOf(':') !== text.lastIndexOf(':');
}

/** Of text that is known to be an address or a range; `familyOf` finds out whether it is. */
export function familyIn(text: string): Family {
  return isIpv6(text) ? 6 : 4;
}

/** As `familyIn`. */
export function isOfFamily(text: string, family: Family): boolean {
  return familyIn(text) === family;
}

/** 4 or 16 bytes in network order, as packets and the kernel's messages have them. */
export function addressBytes(text: string): Buffer {
  if (!isIpv6(text)) return Buffer.from(text.split('.').map(Number));
  return Buffer.from(addressToNumber(text).toString(16).padStart(32, '0'), 'hex');
}

/** The number behind an address. Throws on text that is not one: validate input with `familyOf` first. */
export function addressToNumber(text: string): bigint {
  const parsed = parse(text);
  if (!parsed) throw new RangeError(`not an IP address: ${text}`);
  return parsed.value;
}

/** Canonical text of an address given as a number. */
export function numberToAddress(value: bigint, family: Family): string {
  return family === 4 ? new IPv4(value).toString() : collapseIPv6Number(new IPv6(value).toString());
}

/** `10.244.0.0/16` and the like; undefined when malformed. Host bits are cleared. */
export function parseCidr(text: string): Cidr | undefined {
  const [address, prefixText, ...rest] = text.split('/');
  if (!address || !prefixText || rest.length > 0 || !/^(0|[1-9][0-9]{0,2})$/.test(prefixText)) return undefined;
  const parsed = parse(address);
  const prefix = Number(prefixText);
  if (!parsed || prefix > BITS[parsed.family]) return undefined;
  return cidrOf(parsed.value, prefix, parsed.family);
}

/** The range of one address: /32 or /128. */
export function hostCidr(address: string): Cidr {
  const parsed = parse(address);
  if (!parsed) throw new RangeError(`not an IP address: ${address}`);
  return cidrOf(parsed.value, BITS[parsed.family], parsed.family);
}

export function cidrContains(outer: Cidr, inner: string | Cidr): boolean {
  const range = typeof inner === 'string' ? hostCidr(inner) : inner;
  return range.family === outer.family && range.first >= outer.first && range.last <= outer.last;
}

export function cidrsOverlap(a: Cidr, b: Cidr): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

/** The address `offset` places after the network number; undefined when it lies outside the range. */
export function nthAddress(cidr: Cidr, offset: number | bigint): string | undefined {
  const value = cidr.first + BigInt(offset);
  return value <= cidr.last ? numberToAddress(value, cidr.family) : undefined;
}

/** The `index`-th subnet of length `prefix` inside `cidr`; undefined when there is none. */
export function nthSubnet(cidr: Cidr, prefix: number, index: number): Cidr | undefined {
  if (prefix < cidr.prefix || prefix > BITS[cidr.family]) return undefined;
  const size = 1n << BigInt(BITS[cidr.family] - prefix);
  const first = cidr.first + size * BigInt(index);
  return first + size - 1n <= cidr.last ? cidrOf(first, prefix, cidr.family) : undefined;
}

/** `address/prefix` as `ip addr` writes it: an address together with the length of its network. */
export function withPrefix(address: string, cidr: Cidr): string {
  return `${address}/${cidr.prefix}`;
}

function cidrOf(value: bigint, prefix: number, family: Family): Cidr {
  const size = 1n << BigInt(BITS[family] - prefix);
  const first = (value / size) * size;
  return { text: `${numberToAddress(first, family)}/${prefix}`, family, prefix, first, last: first + size - 1n };
}

function parse(text: string): { family: Family; value: bigint } | undefined {
  const family = /^[0-9.]+$/.test(text) ? 4 : text.includes(':') ? 6 : undefined;
  if (!family) return undefined;
  try {
    return { family, value: (family === 4 ? IPv4.fromString(text) : IPv6.fromString(text)).getValue() };
  } catch {
    return undefined;
  }
}
