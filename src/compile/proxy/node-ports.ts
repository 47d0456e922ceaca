/** Which addresses of a node accept NodePorts (kubernetes pkg/proxy/util/nodeport_addresses.go). */
import type { Node, ProxyConfig } from '../../model/cluster.ts';
import { cidrContains, type Family, hostCidr, parseCidr } from '../../net/address.ts';

/** Whether all addresses of a family do: a list without a range of it stands for every address there is. */
export function acceptsEverywhere({ nodePortAddresses }: ProxyConfig, family: Family): boolean {
  const ranges = nodePortAddresses.filter((range) => range === 'primary' || parseCidr(range)?.family === family);
  return ranges.length === 0 || ranges.some((range) => parseCidr(range)?.prefix === 0);
}

export function acceptsOnLoopback(config: ProxyConfig): boolean {
  const { nodePortAddresses } = config;
  return (
    acceptsEverywhere(config, 4) ||
    nodePortAddresses.some((range) => cidrContains(parseCidr(range) ?? hostCidr('0.0.0.0'), '127.0.0.1'))
  );
}

/** Those of the addresses, of the family the node is seen in, that do. */
export function acceptingAddresses(config: ProxyConfig, node: Node, addresses: readonly string[]): string[] {
  if (acceptsEverywhere(config, node.podCIDR.family)) return [...addresses];
  const ranges = config.nodePortAddresses.flatMap((range) =>
    range === 'primary' ? [hostCidr(node.address)] : (parseCidr(range) ?? []),
  );
  return addresses.filter((address) => ranges.some((range) => cidrContains(range, address)));
}
