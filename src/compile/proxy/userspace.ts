/**
 * kube-proxy, mode userspace (kubernetes pkg/proxy/userspace/proxier.go, until 1.25).
 *
 * The way of a connection to a Service:
 *
 *   nat PREROUTING ┬→ KUBE-PORTALS-CONTAINER ─ ClusterIP, external IP, load balancer IP → REDIRECT ┐
 *                  └→ KUBE-NODEPORT-CONTAINER ─ NodePort, last of all ────────────────→ REDIRECT ┤ proxy port of the node:
 *   nat OUTPUT     ┬→ KUBE-PORTALS-HOST ──────────────────────────────────────────────→ DNAT ────┤ kube-proxy accepts it
 *                  └→ KUBE-NODEPORT-HOST ─────────────────────────────────────────────→ DNAT ────┘
 *   filter INPUT   → KUBE-NODEPORT-NON-LOCAL: lets what was sent to a NodePort come in
 *
 *   kube-proxy ─ a connection of its own, from the node's address ─→ the endpoint whose turn it is
 *
 * It listens on 0.0.0.0. Packets from elsewhere are redirected to the address of the interface they came in by, so that
 * answers to datagrams leave with the same address; for those of the node itself it takes the address of the interface
 * with the default route. Services are taken in their order here, where the real one takes them as they come.
 */
import type { Origin } from '../../diagnostic.ts';
import type { Cluster, Node, Service, ServicePort } from '../../model/cluster.ts';
import { type Protocol, socketAddress } from '../../net/port.ts';
import type { NamespaceBuilder } from '../builder.ts';
import type { IptablesBuilder } from '../iptables.ts';
import type { HeldPort } from '../relay.ts';
import { compileConntrack, type KubeProxy } from './kube-proxy.ts';
import { servicePortName } from './names.ts';
import { proxyPorts } from './proxy-ports.ts';

/**
 * The timeout of a Service is read after its endpoints are known, when the balancer has put down the default for it and
 * no longer changes it (kubernetes pkg/proxy/userspace/roundrobin.go, newServiceInternal; kubernetes issue 107398).
 */
const AFFINITY_SECONDS = 10_800;

export const userspaceProxy: KubeProxy = {
  start({ proxy }, node, namespace) {
    compileConntrack(proxy, namespace);
    compileJumps(namespace.iptables, node.origin);
  },
  sync(cluster, node, namespace) {
    const ports = proxyPorts(cluster);
    const held = new HeldPorts(cluster, namespace);
    for (const service of cluster.services) {
      for (const port of service.ports) {
        const proxyPort = ports.get(port);
        if (proxyPort !== undefined) compileServicePort({ service, port, node, proxyPort, namespace, held, cluster });
      }
    }
  },
};

/** Portals stand before everything else, NodePorts after it: they match every address of the node. */
function compileJumps(iptables: IptablesBuilder, origin: Origin): void {
  const portals = '-m comment --comment "handle ClusterIPs; NOTE: this must be before the NodePort rules"';
  const nodePorts =
    '-m addrtype --dst-type LOCAL -m comment --comment "handle service NodePorts; NOTE: this must be the last rule in the chain"';
  const jump = (where: 'prepend' | 'append', from: string, match: string, chain: string) => {
    iptables.chain('nat', chain);
    iptables.ensure(where, 'nat', from, `${match} -j ${chain}`, origin);
  };
  jump('prepend', 'PREROUTING', portals, 'KUBE-PORTALS-CONTAINER');
  jump('prepend', 'OUTPUT', portals, 'KUBE-PORTALS-HOST');
  jump('append', 'PREROUTING', nodePorts, 'KUBE-NODEPORT-CONTAINER');
  jump('append', 'OUTPUT', nodePorts, 'KUBE-NODEPORT-HOST');
  iptables.chain('filter', NON_LOCAL);
  iptables.ensure(
    'prepend',
    'filter',
    'INPUT',
    `-m comment --comment "Ensure that non-local NodePort traffic can flow" -j ${NON_LOCAL}`,
    origin,
  );
}

const NON_LOCAL = 'KUBE-NODEPORT-NON-LOCAL';

interface Context {
  readonly service: Service;
  readonly port: ServicePort;
  readonly node: Node;
  readonly proxyPort: number;
  readonly namespace: NamespaceBuilder;
  readonly held: HeldPorts;
  readonly cluster: Cluster;
}

/** One portal after the other. A port that somebody else has ends it: those after it are not opened. */
function compileServicePort({ service, port, node, proxyPort, namespace, held, cluster }: Context): void {
  const { clusterIP, externalIPs, loadBalancerIPs, affinitySeconds, origin } = service;
  const name = servicePortName(service, port);
  const proto = port.protocol.toLowerCase();
  const own = new Set(namespace.addressesIn(4));
  const claimed: HeldPort[] = [];
  const rule = (chain: string, text: string) => namespace.iptables.append('nat', chain, text, origin);
  const match = (number: number, address?: string) =>
    `-m comment --comment ${name} -p ${proto} -m ${proto} --dport ${number}${address === undefined ? '' : ` -d ${address}/32`}`;
  const redirect = `-j REDIRECT --to-ports ${proxyPort}`;
  const toHost = `-j DNAT --to-destination ${socketAddress(node.address, proxyPort)}`;
  const claim = (number: number, address?: string) => {
    const wanted = { ...(address !== undefined && { address }), port: number };
    return held.claim(wanted, port.protocol) && claimed.push(wanted) > 0;
  };
  const openPortal = (address: string, external: boolean): boolean => {
    if (own.has(address) && !claim(port.port, address)) return false;
    const to = match(port.port, address);
    if (external) {
      /** Not for what pods of this node send to an address that is elsewhere. */
      rule('KUBE-PORTALS-CONTAINER', `${to} -m physdev ! --physdev-is-in ${redirect}`);
      rule('KUBE-PORTALS-CONTAINER', `${to} -m addrtype --dst-type LOCAL ${redirect}`);
      rule('KUBE-PORTALS-HOST', `${to} -m addrtype --dst-type LOCAL ${toHost}`);
    } else {
      rule('KUBE-PORTALS-CONTAINER', `${to} ${redirect}`);
      rule('KUBE-PORTALS-HOST', `${to} ${toHost}`);
    }
    return true;
  };
  const openNodePort = (nodePort: number): boolean => {
    if (!claim(nodePort)) return false;
    rule('KUBE-NODEPORT-CONTAINER', `${match(nodePort)} ${redirect}`);
    rule('KUBE-NODEPORT-HOST', `${match(nodePort)} ${toHost}`);
    namespace.iptables.append('filter', NON_LOCAL, `${match(proxyPort)} -m state --state NEW -j ACCEPT`, origin);
    return true;
  };

  const portals = [
    { address: clusterIP, external: false },
    ...externalIPs.map((address) => ({ address, external: true })),
    ...loadBalancerIPs.map((address) => ({ address, external: false })),
  ];
  const open = portals.every(({ address, external }) => openPortal(address, external));
  if (open && port.nodePort !== undefined) openNodePort(port.nodePort);

  namespace.relays.push({
    program: 'kube-proxy',
    serves: name,
    protocol: port.protocol === 'UDP' ? 'UDP' : 'TCP',
    port: proxyPort,
    endpoints: port.endpoints
      .filter(({ ready }) => ready)
      .map((endpoint) => ({ address: endpoint.address, port: endpoint.port })),
    ...(affinitySeconds !== undefined && { affinitySeconds: AFFINITY_SECONDS }),
    idleMs: cluster.proxy.udpIdleTimeout,
    held: claimed,
    origin,
  });
}

/** Which ports of a node are somebody's: kube-proxy opens them, so that nobody else gets what it redirects. */
class HeldPorts {
  /** Addresses by port; the empty one stands for all. */
  readonly #taken = new Map<string, Set<string>>();

  constructor({ listeners }: Cluster, { name, relays }: NamespaceBuilder) {
    for (const { netns, port, protocol } of listeners) if (netns === name) this.claim({ port }, protocol);
    for (const relay of relays) this.claim(relay, relay.protocol);
  }

  /** False when somebody has it. */
  claim({ address = '', port }: HeldPort, protocol: Protocol): boolean {
    const key = `${port}/${protocol}`;
    const addresses = this.#taken.get(key) ?? new Set();
    if (addresses.has('') || addresses.has(address) || (address === '' && addresses.size > 0)) return false;
    this.#taken.set(key, addresses.add(address));
    return true;
  }
}
