/**
 * What one port of one Service adds to the table, as the loop in syncProxyRules writes it
 * (kubernetes pkg/proxy/nftables/proxier.go).
 */
import type { Endpoint, Node, ProxyConfig, Service, ServicePort } from '../../model/cluster.ts';
import { cidrContains } from '../../net/address.ts';
import { socketAddress } from '../../net/port.ts';
import { IP } from '../nft.ts';
import type { NftTableBuilder } from '../nft-builder.ts';
import { categorizeEndpoints, hasExternalAddress } from './endpoints.ts';
import type { LocalDetector } from './local-detector.ts';
import { endpointBase, oncePerPort, servicePortBase, servicePortName } from './names.ts';

export interface ServicePortContext {
  readonly service: Service;
  readonly port: ServicePort;
  readonly node: Node;
  readonly config: ProxyConfig;
  readonly detector: LocalDetector | undefined;
  readonly table: NftTableBuilder;
}

/** Longest comment of an element (NFTNL_UDATA_COMMENT_MAXLEN). */
const COMMENT_LENGTH = 128;

export function compileServicePort({ service, port, node, config, detector, table }: ServicePortContext): void {
  const { clusterIP, externalIPs, loadBalancerIPs, loadBalancerSourceRanges, affinitySeconds, origin } = service;
  const { family } = node.podCIDR;
  const ip = IP[family];
  const names = namesOf(service, port);
  const { proto, clusterChain, localChain, externalChain, firewallChain } = names;
  const { cluster, local, reachable, hasAnyEndpoints, hasInternalEndpoints, hasExternalEndpoints } =
    categorizeEndpoints(service, port, node);
  const externalLocal = service.externalTrafficPolicy === 'Local';
  const internalChain = service.internalTrafficPolicy === 'Local' ? localChain : clusterChain;

  const rule = (chain: string, text: string) => table.rule(chain, text, origin);
  const socket = (address: string) => `${address} . ${proto} . ${port.port}`;
  const dispatch = (map: string, key: string, chain: string) => table.element(map, { key, value: `goto ${chain}` });
  /** Reject what has no endpoint anywhere; drop what only lacks one here. */
  const refuse = (map: string, key: string) =>
    table.element(map, {
      key,
      comment: names.text.slice(0, COMMENT_LENGTH),
      value: hasAnyEndpoints ? 'drop' : 'goto reject-chain',
    });

  table.element('cluster-ips', { key: clusterIP });
  if (hasInternalEndpoints) dispatch('service-ips', socket(clusterIP), internalChain);
  else refuse('no-endpoint-services', socket(clusterIP));
  for (const address of [...externalIPs, ...loadBalancerIPs]) {
    if (hasAnyEndpoints) dispatch('service-ips', socket(address), externalChain);
    if (!hasExternalEndpoints) refuse('no-endpoint-services', socket(address));
  }
  if (port.nodePort !== undefined) {
    const key = `${proto} . ${port.nodePort}`;
    if (hasAnyEndpoints) dispatch('service-nodeports', key, externalChain);
    if (!hasExternalEndpoints) refuse('no-endpoint-nodeports', key);
  }

  if (hasInternalEndpoints && (config.masqueradeAll || detector)) {
    const source = config.masqueradeAll ? '' : `${detector!.nftables.ifNotLocal} `;
    rule(internalChain, `${ip} daddr ${clusterIP} ${source}jump mark-for-masquerade`);
  }
  if (hasAnyEndpoints && hasExternalAddress(service, port)) {
    table.chain(externalChain);
    if (!externalLocal) {
      rule(externalChain, 'jump mark-for-masquerade');
    } else {
      if (detector)
        rule(externalChain, `${detector.nftables.ifLocal} goto ${clusterChain} comment "short-circuit pod traffic"`);
      rule(externalChain, 'fib saddr type local jump mark-for-masquerade comment "masquerade local traffic"');
      rule(externalChain, `fib saddr type local goto ${clusterChain} comment "short-circuit local traffic"`);
    }
    if (hasExternalEndpoints) rule(externalChain, `goto ${externalLocal ? localChain : clusterChain}`);
  }
  if (loadBalancerIPs.length > 0 && loadBalancerSourceRanges.length > 0) {
    for (const address of loadBalancerIPs) dispatch('firewall-ips', socket(address), firewallChain);
    /** A node that may use the address may also come from it: where it is an own address, the kernel sends from it. */
    const fromNode = loadBalancerSourceRanges.some((range) => cidrContains(range, node.address));
    const sources = [...loadBalancerSourceRanges.map(({ text }) => text), ...(fromNode ? loadBalancerIPs : [])];
    rule(firewallChain, `${ip} saddr != { ${sources.join(' , ')} } drop`);
  }

  compileBalancing(names, clusterChain, cluster, service, ip, rule);
  compileBalancing(names, localChain, local, service, ip, rule);
  for (const endpoint of reachable) {
    const { chain, affinitySet } = names.endpoint(endpoint);
    rule(chain, `${ip} saddr ${endpoint.address} jump mark-for-masquerade`);
    if (affinitySeconds !== undefined) {
      table.set({
        kind: 'set',
        name: affinitySet,
        type: `ipv${family}_addr`,
        flags: 'dynamic,timeout',
        timeout: `${affinitySeconds}s`,
        origin,
      });
      rule(chain, `update @${affinitySet} { ${ip} saddr }`);
    }
    rule(chain, `meta l4proto ${proto} dnat to ${socketAddress(endpoint.address, endpoint.port)}`);
  }
}

/** Clients that were here before go where they went; the others are spread evenly. */
function compileBalancing(
  names: Names,
  chain: string,
  endpoints: readonly Endpoint[],
  { affinitySeconds }: Service,
  ip: string,
  rule: (chain: string, text: string) => void,
): void {
  if (endpoints.length === 0) return;
  const targets = endpoints.map((endpoint) => names.endpoint(endpoint));
  if (affinitySeconds !== undefined)
    for (const target of targets) rule(chain, `${ip} saddr @${target.affinitySet} goto ${target.chain}`);
  const choices = targets.map((target, index) => `${index} : goto ${target.chain}`);
  rule(chain, `numgen random mod ${targets.length} vmap { ${choices.join(' , ')} }`);
}

interface Names {
  readonly text: string;
  readonly proto: string;
  readonly clusterChain: string;
  readonly localChain: string;
  readonly externalChain: string;
  readonly firewallChain: string;
  endpoint(endpoint: Endpoint): { readonly chain: string; readonly affinitySet: string };
}

const namesOf = oncePerPort((service, port): Names => {
  const base = servicePortBase(service, port);
  const endpoints = new Map(
    port.endpoints.map((endpoint) => {
      const own = endpointBase(service, port, endpoint);
      return [endpoint, { chain: `endpoint-${own}`, affinitySet: `affinity-${own}` }];
    }),
  );
  return {
    text: servicePortName(service, port),
    proto: port.protocol.toLowerCase(),
    clusterChain: `service-${base}`,
    localChain: `local-${base}`,
    externalChain: `external-${base}`,
    firewallChain: `firewall-${base}`,
    endpoint: (endpoint) => endpoints.get(endpoint)!,
  };
});
