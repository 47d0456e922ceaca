/** Names kube-proxy derives from Services and endpoints (kubernetes pkg/proxy/iptables/proxier.go). */
import { createHash } from 'node:crypto';
import type { Endpoint, Service, ServicePort } from '../../model/cluster.ts';
import { socketAddress } from '../../net/port.ts';

/** `namespace/name:port`, without the colon when the port has no name: in comments and hashes. */
export function servicePortName({ namespace, name }: Service, port: ServicePort): string {
  return port.name === '' ? `${namespace}/${name}` : `${namespace}/${name}:${port.name}`;
}

/** The 16 characters the chains of one service port share; protocol in lower case. */
export function servicePortHash(servicePort: string, protocol: string): string {
  return base32Hash(servicePort + protocol);
}

export function endpointChain(servicePort: string, protocol: string, { address, port }: Endpoint): string {
  return `KUBE-SEP-${base32Hash(servicePort + protocol + socketAddress(address, port))}`;
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The first 16 characters of the RFC 4648 base32 form of SHA-256: the first 80 bits, five at a time. */
function base32Hash(text: string): string {
  const hash = createHash('sha256').update(text).digest();
  let result = '';
  for (let bit = 0; bit < 80; bit += 5) {
    const pair = (hash[bit >> 3]! << 8) | hash[(bit >> 3) + 1]!;
    result += ALPHABET[(pair >> (11 - (bit & 7))) & 31];
  }
  return result;
}
