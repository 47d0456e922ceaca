/** Addresses from bytes to text, fast: a capture holds few different ones. */

const CACHE_LIMIT = 1 << 16;
const ipv4 = new Map<number, string>();

export function formatIpv4(value: number): string {
  let text = ipv4.get(value);
  if (text === undefined) {
    if (ipv4.size >= CACHE_LIMIT) ipv4.clear();
    text = `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
    ipv4.set(value, text);
  }
  return text;
}

/** RFC 5952: lower case, the longest run of zero groups shortened. */
export function formatIpv6(data: Buffer, offset: number): string {
  const groups = Array.from({ length: 8 }, (_, index) => data.readUInt16BE(offset + 2 * index).toString(16));
  let best = { start: -1, length: 1 };
  for (let start = 0; start < 8; start++) {
    let length = 0;
    while (start + length < 8 && groups[start + length] === '0') length++;
    if (length > best.length) best = { start, length };
  }
  if (best.start < 0) return groups.join(':');
  return `${groups.slice(0, best.start).join(':')}::${groups.slice(best.start + best.length).join(':')}`;
}

export function formatMac(data: Buffer, offset: number): string {
  const hex = data.toString('hex', offset, offset + 6);
  return `${hex.slice(0, 2)}:${hex.slice(2, 4)}:${hex.slice(4, 6)}:${hex.slice(6, 8)}:${hex.slice(8, 10)}:${hex.slice(10, 12)}`;
}
