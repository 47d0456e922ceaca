/** How kube-proxy tells traffic of its own node's pods from other traffic (detectLocalMode). */
import type { Cluster, Node, ProxyConfig } from '../../model/cluster.ts';

export interface LocalDetector {
  /** iptables match for traffic from pods of the node. */
  readonly ifLocal: string;
  readonly ifNotLocal: string;
}

/** Undefined: kube-proxy cannot tell, and writes no rule that would need it. */
export function localDetector({ podCIDR }: Cluster, config: ProxyConfig, node: Node): LocalDetector | undefined {
  switch (config.detectLocalMode) {
    case 'ClusterCIDR':
      return matching('-s', podCIDR.text);
    case 'NodeCIDR':
      return matching('-s', node.podCIDR.text);
    case 'BridgeInterface':
      return matching('-i', config.detectLocal.bridgeInterface);
    case 'InterfaceNamePrefix':
      return matching('-i', config.detectLocal.interfaceNamePrefix, '+');
    case 'None':
      return undefined;
  }
}

function matching(option: '-s' | '-i', value: string, wildcard = ''): LocalDetector | undefined {
  const match = `${option} ${value}${wildcard}`;
  return value === '' ? undefined : { ifLocal: match, ifNotLocal: `! ${match}` };
}
