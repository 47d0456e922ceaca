/** Keys from names: the same again, and pairs that two ends agree by. */
import { createPrivateKey, createPublicKey, diffieHellman } from 'node:crypto';
import { expect, it } from 'vitest';
import { keyPairOf } from '../../src/net/wireguard-key.ts';

const bytes = (key: string) => Buffer.from(key, 'base64');
const privateKey = (key: string) =>
  createPrivateKey({
    key: Buffer.concat([Buffer.from('302e020100300506032b656e04220420', 'hex'), bytes(key)]),
    format: 'der',
    type: 'pkcs8',
  });
const publicKey = (key: string) =>
  createPublicKey({
    key: Buffer.concat([Buffer.from('302a300506032b656e032100', 'hex'), bytes(key)]),
    format: 'der',
    type: 'spki',
  });

it('a name has one key pair, another name another one', () => {
  expect(keyPairOf('node/node1')).toEqual(keyPairOf('node/node1'));
  expect(keyPairOf('node/node1').privateKey).not.toBe(keyPairOf('node/node2').privateKey);
  expect(keyPairOf('node/node1').publicKey).not.toBe(keyPairOf('node/node2').publicKey);
});

it('keys are 32 bytes in base64, private ones as RFC 7748 wants them', () => {
  const pair = keyPairOf('node/node1');
  for (const key of [pair.privateKey, pair.publicKey]) expect(key).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  const secret = bytes(pair.privateKey);
  expect([secret[0]! & 7, secret[31]! >> 6]).toEqual([0, 1]);
});

it('two ends come to the same secret, each with its own private and the other public key', () => {
  const [a, b] = [keyPairOf('node/node1'), keyPairOf('node/node2')];
  const secret = (own: typeof a, other: typeof a) =>
    diffieHellman({ privateKey: privateKey(own.privateKey), publicKey: publicKey(other.publicKey) });
  expect(secret(a, b)).toEqual(secret(b, a));
  expect(secret(a, b)).not.toEqual(secret(a, a));
});
