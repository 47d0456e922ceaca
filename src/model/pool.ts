/** Hands out the addresses of one range, each once. */
import type { Diagnostics, Position } from '../diagnostic.ts';
import { addressToNumber, type Cidr, cidrContains, isOfFamily, numberToAddress } from '../net/address.ts';

export class AddressPool {
  readonly cidr: Cidr;
  readonly #what: string;
  readonly #owners = new Map<bigint, string>();
  readonly #diagnostics: Diagnostics;
  /** Where the search from an offset goes on: addresses are never given back. */
  readonly #cursors = new Map<number, bigint>();
  #exhausted = false;

  /**
   * `what` names the range in messages: `network lan`. Never given out are its network number, which in IPv6 stands for all
   * its routers (RFC 4291 2.6.1), and in IPv4 its broadcast address.
   */
  constructor(cidr: Cidr, what: string, diagnostics: Diagnostics) {
    this.cidr = cidr;
    this.#what = what;
    this.#diagnostics = diagnostics;
  }

  /** Claims a given address for its owner; reports one outside the range, unusable or taken. */
  claim(address: string, owner: string, at: Position | undefined): void {
    const value = addressToNumber(address);
    if (!cidrContains(this.cidr, address)) {
      this.#diagnostics.error('address-outside', `${address} is not in ${this.#what}, ${this.cidr.text}`, at);
    } else if (!this.#usable(value)) {
      this.#diagnostics.error(
        'address-reserved',
        `${address} is the network number ${this.cidr.family === 4 ? 'or broadcast address ' : ''}of ${this.#what}`,
        at,
      );
    } else if (this.#owners.has(value)) {
      this.#diagnostics.error('address-taken', `${address} is taken by ${this.#owners.get(value)}`, at);
    } else {
      this.#owners.set(value, owner);
    }
  }

  /** The first free address from `offset` on, wrapping round; undefined, and one report, when all are taken. */
  take(offset: number, owner: string, at: Position | undefined): string | undefined {
    const { first, last, family } = this.cidr;
    const start = this.#cursors.get(offset) ?? (first + BigInt(offset) <= last ? first + BigInt(offset) : first);
    for (const [from, to] of [
      [start, last],
      [first, start - 1n],
    ] as const) {
      for (let value = from; value <= to; value++) {
        if (!this.#usable(value) || this.#owners.has(value)) continue;
        this.#owners.set(value, owner);
        this.#cursors.set(offset, value);
        return numberToAddress(value, family);
      }
    }
    if (!this.#exhausted) {
      this.#diagnostics.error(
        'addresses-exhausted',
        `${this.#what}, ${this.cidr.text}, has no address left for ${owner}`,
        at,
        `it has ${this.#owners.size} usable addresses, all taken`,
      );
    }
    this.#exhausted = true;
    return undefined;
  }

  /** The search from an offset begins after an address that was given once, if it is of this range. */
  passBy(address: string, offset: number): void {
    if (!isOfFamily(address, this.cidr.family) || !cidrContains(this.cidr, address)) return;
    const next = addressToNumber(address) + 1n;
    if (next > (this.#cursors.get(offset) ?? 0n)) this.#cursors.set(offset, next);
  }

  ownerOf(address: string): string | undefined {
    return this.#owners.get(addressToNumber(address));
  }

  #usable(value: bigint): boolean {
    const { first, last, family } = this.cidr;
    return last - first < 2n || (value !== first && (family === 6 || value !== last));
  }
}
