/** Ranges of addresses as MetalLB's pools have them: `10.0.0.240/28`, or the first and the last one, `10.0.0.240-10.0.0.250`. */
import { addressToNumber, type Cidr, familyOf, numberToAddress, parseCidr } from './address.ts';

export type AddressRange = Pick<Cidr, 'text' | 'family' | 'first' | 'last'>;

/** Undefined when it is neither, or ends before it begins. */
export function parseRange(text: string): AddressRange | undefined {
  const [from = '', to, ...rest] = text.split('-').map((part) => part.trim());
  if (to === undefined) return parseCidr(text);
  const family = familyOf(from);
  if (rest.length > 0 || family === undefined || familyOf(to) !== family) return undefined;
  const [first, last] = [addressToNumber(from), addressToNumber(to)];
  return first <= last ? { text, family, first, last } : undefined;
}

export function rangesOverlap(a: AddressRange, b: AddressRange): boolean {
  return a.family === b.family && a.first <= b.last && b.first <= a.last;
}

export function isWithin(inner: AddressRange, outer: AddressRange): boolean {
  return inner.family === outer.family && outer.first <= inner.first && inner.last <= outer.last;
}

export function rangeContains({ family, first, last }: AddressRange, address: string): boolean {
  const value = addressToNumber(address);
  return familyOf(address) === family && first <= value && value <= last;
}

/** One after the other, from the first. */
export function* addressesIn({ family, first, last }: AddressRange): Generator<string> {
  for (let value = first; value <= last; value++) yield numberToAddress(value, family);
}
