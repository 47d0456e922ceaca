/**
 * Calico hands out addresses from blocks of a pool, each of which belongs to a node (libcalico-go lib/ipam). Here they are
 * parts of the node's pod subnet, so that a pod has the same address in every mode.
 */
import type { CalicoConfig, Node, Pod } from '../../../model/cluster.ts';
import { addressToNumber, BITS, type Cidr, nthSubnet } from '../../../net/address.ts';

/** The first block, which has the address of the node's tunnel, and those that its pods have addresses of. */
export function blocksOf(
  { podCIDR }: Node,
  pods: readonly Pod[],
  { blockSize, blockSizeIPv6 }: Pick<CalicoConfig, 'blockSize' | 'blockSizeIPv6'>,
): Cidr[] {
  const prefix = podCIDR.family === 4 ? blockSize : blockSizeIPv6;
  const size = 1n << BigInt(BITS[podCIDR.family] - prefix);
  const indexes = pods.map(({ address }) => Number((addressToNumber(address) - podCIDR.first) / size));
  return [...new Set([0, ...indexes])].sort((a, b) => a - b).map((index) => nthSubnet(podCIDR, prefix, index)!);
}
