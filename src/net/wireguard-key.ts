/** WireGuard's keys (Curve25519, RFC 7748), derived from names: who has a name has a key, and it is the same the next time. */
import { createHash, createPrivateKey, createPublicKey } from 'node:crypto';

export interface KeyPair {
  /** Base64, as wg(8) writes them. */
  readonly privateKey: string;
  readonly publicKey: string;
}

/** An X25519 private key in PKCS #8 (RFC 8410) but for its 32 bytes. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');
const LENGTH = 32;

export function keyPairOf(name: string): KeyPair {
  const secret = createHash('sha256').update(`wireguard ${name}`).digest();
  /** RFC 7748, section 5: such numbers alone are keys. */
  secret[0]! &= 248;
  secret[31] = (secret[31]! & 127) | 64;
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, secret]), format: 'der', type: 'pkcs8' });
  const publicKey = createPublicKey(key).export({ format: 'der', type: 'spki' }).subarray(-LENGTH);
  return { privateKey: secret.toString('base64'), publicKey: publicKey.toString('base64') };
}
