/**
 * Calico hands out addresses from blocks of a pool, each of which belongs to a node (libcalico-go lib/ipam). Here they are
 * parts of the node's pod subnet, so that a pod has the same address in every mode.
 */
import type { Node, Pod } from '../../../model/cluster.ts';
import { addressToNumber, type Cidr, nthSubnet } from '../../../net/address.ts';

/** The first block, which has the address of the node's tunnel, and those that its pods have addresses of. */
export function blocksOf({ podCIDR }: Node, pods: readonly Pod[], blockSize: number): Cidr[] {
  const size = 1n << BigInt(32 - blockSize);
  const indexes = pods.map(({ address }) => Number((addressToNumber(address) - podCIDR.first) / size));
  return [...new Set([0, ...indexes])].sort((a, b) => a - b).map((index) => nthSubnet(podCIDR, blockSize, index)!);
}
