/** Which addresses of a node accept NodePorts (kubernetes pkg/proxy/util/nodeport_addresses.go). */
import type { Node, ProxyConfig } from '../../model/cluster.ts';
import { cidrContains, hostCidr, parseCidr } from '../../net/address.ts';

/** Whether all addresses do: a list without a range of the family stands for every address there is. */
export function acceptsEverywhere({ nodePortAddresses }: ProxyConfig): boolean {
  const ranges = nodePortAddresses.filter((range) => range === 'primary' || parseCidr(range)?.family === 4);
  return ranges.length === 0 || ranges.some((range) => parseCidr(range)?.prefix === 0);
}

export function acceptsOnLoopback(config: ProxyConfig): boolean {
  const { nodePortAddresses } = config;
  return (
    acceptsEverywhere(config) ||
    nodePortAddresses.some((range) => cidrContains(parseCidr(range) ?? hostCidr('0.0.0.0'), '127.0.0.1'))
  );
}

/** Those of the addresses that do. */
export function acceptingAddresses(config: ProxyConfig, node: Node, addresses: readonly string[]): string[] {
  if (acceptsEverywhere(config)) return [...addresses];
  const ranges = config.nodePortAddresses.flatMap((range) =>
    range === 'primary' ? [hostCidr(node.address)] : (parseCidr(range) ?? []),
  );
  return addresses.filter((address) => ranges.some((range) => cidrContains(range, address)));
}
