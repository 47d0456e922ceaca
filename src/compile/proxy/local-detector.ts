/**
 * How kube-proxy tells traffic of its own node's pods from other traffic (detectLocalMode;
 * kubernetes pkg/proxy/util/localdetector.go; in mode nftables `iifname`, as since kubernetes#134024).
 */
import type { Cluster, Node, ProxyConfig } from '../../model/cluster.ts';
import type { Cidr } from '../../net/address.ts';
import { IP } from '../nft.ts';

/** Matches for traffic from pods of the node, and for all other traffic. */
export interface LocalDetector {
  readonly iptables: Matches;
  readonly nftables: Matches;
}

interface Matches {
  readonly ifLocal: string;
  readonly ifNotLocal: string;
}

/** Undefined: kube-proxy cannot tell, and writes no rule that would need it. */
export function localDetector({ podCIDR }: Cluster, config: ProxyConfig, node: Node): LocalDetector | undefined {
  switch (config.detectLocalMode) {
    case 'ClusterCIDR':
      return bySource(podCIDR);
    case 'NodeCIDR':
      return bySource(node.podCIDR);
    case 'BridgeInterface':
      return byInterface(config.detectLocal.bridgeInterface);
    case 'InterfaceNamePrefix':
      return byInterface(config.detectLocal.interfaceNamePrefix, { iptables: '+', nftables: '*' });
    case 'None':
      return undefined;
  }
}

function bySource({ text: range, family }: Cidr): LocalDetector {
  const ip = IP[family];
  return {
    iptables: { ifLocal: `-s ${range}`, ifNotLocal: `! -s ${range}` },
    nftables: { ifLocal: `${ip} saddr ${range}`, ifNotLocal: `${ip} saddr != ${range}` },
  };
}

function byInterface(name: string, wildcard = { iptables: '', nftables: '' }): LocalDetector | undefined {
  if (name === '') return undefined;
  const [iptables, nftables] = [name + wildcard.iptables, name + wildcard.nftables];
  return {
    iptables: { ifLocal: `-i ${iptables}`, ifNotLocal: `! -i ${iptables}` },
    nftables: { ifLocal: `iifname ${nftables}`, ifNotLocal: `iifname != ${nftables}` },
  };
}
