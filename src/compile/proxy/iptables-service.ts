/**
 * The rules of one port of one Service, as the loop in syncProxyRules writes them
 * (kubernetes pkg/proxy/iptables/proxier.go).
 */

import type { Endpoint, Node, ProxyConfig, Service, ServicePort } from '../../model/cluster.ts';
import { cidrContains } from '../../net/address.ts';
import { socketAddress } from '../../net/port.ts';
import type { IptablesBuilder } from '../iptables.ts';
import { categorizeEndpoints, hasExternalAddress } from './endpoints.ts';
import type { LocalDetector } from './local-detector.ts';
import { endpointChain, oncePerPort, servicePortHash, servicePortName } from './names.ts';

export interface ServicePortContext {
  readonly service: Service;
  readonly port: ServicePort;
  readonly node: Node;
  readonly config: ProxyConfig;
  readonly detector: LocalDetector | undefined;
  readonly iptables: IptablesBuilder;
}

export function compileServicePort({ service, port, node, config, detector, iptables }: ServicePortContext): void {
  const { clusterIP, externalIPs, loadBalancerIPs, loadBalancerSourceRanges, origin } = service;
  const names = namesOf(service, port);
  const { text: nm, proto, clusterChain, localChain, externalChain, firewallChain } = names;
  const { cluster, local, reachable, hasAnyEndpoints, hasInternalEndpoints, hasExternalEndpoints } =
    categorizeEndpoints(service, port, node);
  const externalLocal = service.externalTrafficPolicy === 'Local';
  const internalChain = service.internalTrafficPolicy === 'Local' ? localChain : clusterChain;
  const firewalled = hasAnyEndpoints && loadBalancerIPs.length > 0 && loadBalancerSourceRanges.length > 0;

  const nat = (chain: string, text: string) => iptables.append('nat', chain, text, origin);
  const filter = (chain: string, text: string) => iptables.append('filter', chain, text, origin);
  const destination = (address: string) => `-m ${proto} -p ${proto} -d ${address} --dport ${port.port}`;
  /** Reject what has no endpoint anywhere; drop what only lacks one here. */
  const refusal = hasAnyEndpoints
    ? { comment: `"${nm} has no local endpoints"`, target: 'DROP' }
    : { comment: `"${nm} has no endpoints"`, target: 'REJECT' };
  const refuse = (chain: string, match: string) =>
    filter(chain, `-m comment --comment ${refusal.comment} ${match} -j ${refusal.target}`);

  if (hasInternalEndpoints)
    nat('KUBE-SERVICES', `-m comment --comment "${nm} cluster IP" ${destination(clusterIP)} -j ${internalChain}`);
  else refuse('KUBE-SERVICES', destination(clusterIP));

  for (const address of externalIPs) {
    if (hasAnyEndpoints)
      nat('KUBE-SERVICES', `-m comment --comment "${nm} external IP" ${destination(address)} -j ${externalChain}`);
    if (!hasExternalEndpoints) refuse('KUBE-EXTERNAL-SERVICES', destination(address));
  }
  for (const address of loadBalancerIPs) {
    if (hasAnyEndpoints)
      nat(
        'KUBE-SERVICES',
        `-m comment --comment "${nm} loadbalancer IP" ${destination(address)} -j ${firewalled ? firewallChain : externalChain}`,
      );
    if (firewalled)
      filter(
        'KUBE-PROXY-FIREWALL',
        `-m comment --comment "${nm} traffic not accepted by ${firewallChain}" ${destination(address)} -j DROP`,
      );
    if (!hasExternalEndpoints) refuse('KUBE-EXTERNAL-SERVICES', destination(address));
  }
  if (port.nodePort !== undefined) {
    const toNodePort = `-m ${proto} -p ${proto} --dport ${port.nodePort}`;
    if (hasAnyEndpoints) nat('KUBE-NODEPORTS', `-m comment --comment ${nm} ${toNodePort} -j ${externalChain}`);
    if (!hasExternalEndpoints) refuse('KUBE-EXTERNAL-SERVICES', `-m addrtype --dst-type LOCAL ${toNodePort}`);
  }
  if (service.healthCheckNodePort !== undefined) {
    filter(
      'KUBE-NODEPORTS',
      `-m comment --comment "${nm} health check node port" -m tcp -p tcp --dport ${service.healthCheckNodePort} -j ACCEPT`,
    );
  }

  if (hasInternalEndpoints && (config.masqueradeAll || detector)) {
    const source = config.masqueradeAll ? '' : `${detector!.iptables.ifNotLocal} `;
    nat(internalChain, `-m comment --comment "${nm} cluster IP" ${destination(clusterIP)} ${source}-j KUBE-MARK-MASQ`);
  }
  if (hasAnyEndpoints && hasExternalAddress(service, port)) {
    if (!externalLocal) {
      nat(externalChain, `-m comment --comment "masquerade traffic for ${nm} external destinations" -j KUBE-MARK-MASQ`);
    } else {
      if (detector)
        nat(
          externalChain,
          `-m comment --comment "pod traffic for ${nm} external destinations" ${detector.iptables.ifLocal} -j ${clusterChain}`,
        );
      nat(
        externalChain,
        `-m comment --comment "masquerade LOCAL traffic for ${nm} external destinations" -m addrtype --src-type LOCAL -j KUBE-MARK-MASQ`,
      );
      nat(
        externalChain,
        `-m comment --comment "route LOCAL traffic for ${nm} external destinations" -m addrtype --src-type LOCAL -j ${clusterChain}`,
      );
    }
    if (hasExternalEndpoints) nat(externalChain, `-j ${externalLocal ? localChain : clusterChain}`);
  }
  if (firewalled) {
    const allow = (source: string) =>
      nat(firewallChain, `-m comment --comment "${nm} loadbalancer IP" -s ${source} -j ${externalChain}`);
    for (const range of loadBalancerSourceRanges) allow(range.text);
    if (loadBalancerSourceRanges.some((range) => cidrContains(range, node.address)))
      for (const address of loadBalancerIPs) allow(address);
    nat(firewallChain, `-m comment --comment "other traffic to ${nm} will be dropped by KUBE-PROXY-FIREWALL"`);
  }

  compileBalancing(names, clusterChain, cluster, service, nat);
  compileBalancing(names, localChain, local, service, nat);
  for (const endpoint of reachable) {
    const chain = names.endpointChain(endpoint);
    const recent = service.affinitySeconds === undefined ? '' : `-m recent --name ${chain} --set `;
    nat(chain, `-m comment --comment ${nm} -s ${endpoint.address} -j KUBE-MARK-MASQ`);
    nat(
      chain,
      `-m comment --comment ${nm} ${recent}-m ${proto} -p ${proto} -j DNAT --to-destination ${socketAddress(endpoint.address, endpoint.port)}`,
    );
  }
}

/** Clients that were here before go where they went; the others are spread evenly: 1/n, 1/(n-1), …, the rest. */
function compileBalancing(
  names: Names,
  chain: string,
  endpoints: readonly Endpoint[],
  { affinitySeconds }: Service,
  nat: (chain: string, text: string) => void,
): void {
  const comment = (endpoint: Endpoint) =>
    `-m comment --comment "${names.text} -> ${socketAddress(endpoint.address, endpoint.port)}"`;
  if (affinitySeconds !== undefined) {
    for (const endpoint of endpoints) {
      const target = names.endpointChain(endpoint);
      nat(
        chain,
        `${comment(endpoint)} -m recent --name ${target} --rcheck --seconds ${affinitySeconds} --reap -j ${target}`,
      );
    }
  }
  for (const [index, endpoint] of endpoints.entries()) {
    const left = endpoints.length - index;
    const chance = left > 1 ? `-m statistic --mode random --probability ${(1 / left).toFixed(10)} ` : '';
    nat(chain, `${comment(endpoint)} ${chance}-j ${names.endpointChain(endpoint)}`);
  }
}

interface Names {
  readonly text: string;
  readonly proto: string;
  readonly clusterChain: string;
  readonly localChain: string;
  readonly externalChain: string;
  readonly firewallChain: string;
  endpointChain(endpoint: Endpoint): string;
}

const namesOf = oncePerPort((service, port): Names => {
  const text = servicePortName(service, port);
  const proto = port.protocol.toLowerCase();
  const hash = servicePortHash(text, proto);
  const chains = new Map(port.endpoints.map((endpoint) => [endpoint, endpointChain(text, proto, endpoint)]));
  return {
    text,
    proto,
    clusterChain: `KUBE-SVC-${hash}`,
    localChain: `KUBE-SVL-${hash}`,
    externalChain: `KUBE-EXT-${hash}`,
    firewallChain: `KUBE-FW-${hash}`,
    endpointChain: (endpoint) => chains.get(endpoint)!,
  };
});
