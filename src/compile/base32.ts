/** How programs of Kubernetes turn a long name into a short one. */
import { createHash } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The first characters of the RFC 4648 base32 form of SHA-256, five bits each. */
export function base32Hash(text: string, characters: number): string {
  const hash = createHash('sha256').update(text).digest();
  let result = '';
  for (let bit = 0; bit < characters * 5; bit += 5) {
    const pair = (hash[bit >> 3]! << 8) | hash[(bit >> 3) + 1]!;
    result += ALPHABET[(pair >> (11 - (bit & 7))) & 31];
  }
  return result;
}
