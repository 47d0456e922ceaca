/**
 * Names of kernel objects derived from names of Kubernetes objects: deterministic, recognisable at sight,
 * and within the kernel's 15 characters for devices (IFNAMSIZ - 1).
 */
import { createHash } from 'node:crypto';
import { addressToNumber } from './address.ts';

const DEVICE_NAME_LIMIT = 15;

/**
 * The node's end of a pod's veth pair. The CNI plugins draw four random bytes (`veth%08x`,
 * containernetworking/plugins pkg/ip/link_linux.go); here they come from the pod's name.
 */
export function vethName(pod: string): string {
  return `veth${digest('sha1', pod).slice(0, 8)}`;
}

/** A device named after something: the name itself when it fits, else its beginning and a hash. */
export function deviceName(name: string): string {
  return name.length <= DEVICE_NAME_LIMIT ? name : `${name.slice(0, 8)}-${digest('sha1', name).slice(0, 6)}`;
}

/** Two locally administered bytes, then the four of the IPv4 address: 10.244.1.2 gives 0a:58:0a:f4:01:02. */
export function macFor(prefix: MacPrefix, address: string): string {
  const tail = (addressToNumber(address) & 0xffffffffn).toString(16).padStart(8, '0');
  return `${MAC_PREFIXES[prefix]}:${tail.match(/../g)!.join(':')}`;
}

/** 0a:58 is what kubenet and OVN-Kubernetes give to pods; the others are ours. A port is the far end of a machine's or pod's cable. */
const MAC_PREFIXES = {
  machine: '02:00',
  machinePort: '02:01',
  switch: '02:02',
  pod: '0a:58',
  podPort: '0a:59',
  bridge: '0a:5a',
  vtep: '0e:00',
} as const;
export type MacPrefix = keyof typeof MAC_PREFIXES;

export function digest(algorithm: 'sha1' | 'sha256' | 'sha512', text: string): string {
  return createHash(algorithm).update(text).digest('hex');
}
