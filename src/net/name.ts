/**
 * Names of kernel objects derived from names of Kubernetes objects: deterministic, recognisable at sight,
 * and within the kernel's limits: 15 characters for devices (IFNAMSIZ - 1), 255 for network namespaces, which are files.
 */
import { createHash } from 'node:crypto';
import { addressToNumber, type Family, numberToAddress } from './address.ts';

const DEVICE_NAME_LIMIT = 15;
const FILE_NAME_LIMIT = 255;

/** Every namespace has a `lo`; the others are folders beside those of the devices (net/ipv4/devinet.c). */
const TAKEN = ['lo', 'all', 'default'];

/** The words of `ip link` (ip/iplink.c, iplink_parse), without those another one begins with. */
const IP_LINK_WORDS = `
  address addrgenmode alias allmulticast arp broadcast brd carrier dev down dynamic group help index link-netnsid master
  mode mtu multicast name netns-immutable nomaster numrxqueues numtxqueues parentdev promisc protodown qlen state
  trailers txqueuelen type up vf vrf xdpdrv xdpgeneric xdpoffload
`
  .trim()
  .split(/\s+/);

/**
 * The node's end of a pod's veth pair. The CNI plugins draw four random bytes (`veth%08x`,
 * containernetworking/plugins pkg/ip/link_linux.go); here they come from the pod's name.
 */
export function vethName(pod: string): string {
  return `veth${digest('sha1', pod).slice(0, 8)}`;
}

/** The host's end of a container's (moby daemon/libnetwork/netutils, GenerateIfaceName draws seven digits). */
export function containerVethName(container: string): string {
  return `veth${digest('sha1', container).slice(0, 7)}`;
}

/** A device named after something: the name itself when it fits, else its beginning and a hash. */
export function deviceName(name: string): string {
  return fitted(name, DEVICE_NAME_LIMIT);
}

/** flannel's tunnel device, one a family (flannel pkg/backend/vxlan/vxlan.go). */
export function tunnelName(vni: number, family: Family): string {
  return family === 4 ? `flannel.${vni}` : `flannel-v6.${vni}`;
}

/** Whether the kernel takes a device name of this length. */
export function fitsDevice(name: string): boolean {
  return name.length <= DEVICE_NAME_LIMIT;
}

/** A name no new device can get, or that `ip link set NAME` takes for one of its words: it knows them by their beginnings. */
export function isReservedDeviceName(name: string): boolean {
  return TAKEN.includes(name) || IP_LINK_WORDS.some((word) => word.startsWith(name));
}

/** The network namespace of something: `node.node1`, `pod.default.web-0`. */
export function namespaceName(...parts: readonly string[]): string {
  return fitted(parts.join('.'), FILE_NAME_LIMIT);
}

/**
 * Two locally administered bytes, then the four of the IPv4 address: 10.244.1.2 gives 0a:58:0a:f4:01:02. Of an IPv6 address,
 * its four words together (exclusive or): no two addresses have the same that differ in up to 32 bits in a row, as those of
 * one network do, and the pod subnets of one cluster.
 */
export function macFor(prefix: MacPrefix, address: string): string {
  let word = 0n;
  for (let rest = addressToNumber(address); rest > 0n; rest >>= 32n) word ^= rest & 0xffffffffn;
  const tail = word.toString(16).padStart(8, '0');
  return `${MAC_PREFIXES[prefix]}:${tail.match(/../g)!.join(':')}`;
}

/** What a device with that address calls itself on its link (RFC 4291, appendix A: modified EUI-64). */
export function linkLocalFor(mac: string): string {
  const [first = 0, ...rest] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const identifier = [first ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  return numberToAddress((0xfe80n << 112n) | BigInt(`0x${Buffer.from(identifier).toString('hex')}`), 6);
}

/** 0a:58 is what kubenet and OVN-Kubernetes give to pods, 02:42 what Docker gave before version 28; the others are ours. A port is the far end of a machine's or pod's cable. */
const MAC_PREFIXES = {
  machine: '02:00',
  machinePort: '02:01',
  switch: '02:02',
  dummy: '02:03',
  pod: '0a:58',
  podPort: '0a:59',
  container: '02:42',
  containerPort: '02:43',
  bridge: '0a:5a',
  vtep: '0e:00',
} as const;
export type MacPrefix = keyof typeof MAC_PREFIXES;

function fitted(name: string, limit: number): string {
  return name.length <= limit ? name : `${name.slice(0, limit - 7)}-${digest('sha1', name).slice(0, 6)}`;
}

export function digest(
  algorithm: 'sha1' | 'sha256' | 'sha512',
  text: string,
  encoding: 'hex' | 'base64url' = 'hex',
): string {
  return createHash(algorithm).update(text).digest(encoding);
}
