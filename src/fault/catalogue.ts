/** The faults. Each edit returns the namespaces it changed, none where it has nothing to break. */

import { IptablesBuilder } from '../compile/iptables.ts';
import type { Route } from '../compile/kernel-state.ts';
import type { FaultName } from '../model/cluster.ts';
import { defaultRoute, isIpv6 } from '../net/address.ts';
import {
  changedNftRules,
  changedPlugins,
  changedRelays,
  changedRules,
  changedServers,
  checksOf,
  type Edit,
  editChains,
  editLinks,
  farEnd,
  formerAddress,
  inEachMode,
  withBridgeRules,
  withoutNftRules,
  withoutRules,
  withPluginField,
  withSysctl,
} from './edits.ts';

export interface FaultDefinition {
  /** What is missing or wrong, as a sentence without its subject: "the nat rules that masquerade are missing". */
  readonly summary: string;
  readonly edit: Edit;
}

/** Smaller than an overlay packet, larger than anything a handshake sends. */
const SMALL_MTU = 1400;

export const FAULTS: Record<FaultName, FaultDefinition> = {
  'no-masquerade': {
    summary: 'no rule masquerades: packets keep the source they have',
    edit: inEachMode(
      withoutRules('nat', ({ text }) => /(-j|--jump) MASQUERADE/.test(text)),
      withoutNftRules(({ text }) => text.startsWith('masquerade')),
      withPluginField('ipMasq', false),
    ),
  },
  'no-dnat': {
    summary: "kube-proxy's DNAT rules, portals or virtual servers are missing: Service addresses stay as they are",
    edit: inEachMode(
      withoutRules(
        'nat',
        ({ text }, chain) => /^KUBE-(SEP-|PORTALS-|NODEPORT-)/.test(chain.name) && /-j (DNAT|REDIRECT)/.test(text),
      ),
      (namespace) => (namespace.ipvs.length === 0 ? [] : [{ ...namespace, ipvs: [] }]),
      withoutNftRules(({ text }) => text.includes(' dnat to ')),
    ),
  },
  'no-port-mapping': {
    summary: "no rule leads a machine's port to a pod or container: hostPorts and published ports are anybody's",
    edit: inEachMode(
      withoutRules('nat', ({ text }, chain) => /^(CNI-DN-|DOCKER$)/.test(chain.name) && text.includes('-j DNAT')),
      changedPlugins((call) => (call.plugin === 'portmap' ? undefined : call)),
    ),
  },
  'no-docker-proxy': {
    summary: 'no docker-proxy listens on published ports',
    edit: (namespace) => {
      const relays = namespace.relays.filter(({ program }) => program !== 'docker-proxy');
      return relays.length === namespace.relays.length ? [] : [{ ...namespace, relays }];
    },
  },
  'no-route-localnet': {
    summary: 'no packet from 127.0.0.1 leaves the node (route_localnet = 0)',
    edit: inEachMode(withSysctl('net.ipv4.conf.all.route_localnet', '0'), (namespace) =>
      editLinks(namespace, (link) =>
        link.settings?.route_localnet ? { ...link, settings: { ...link.settings, route_localnet: 0 } } : link,
      ),
    ),
  },
  'no-vip': {
    summary: 'the addresses of Services are not on kube-ipvs0: nothing brings packets to IPVS',
    edit: (namespace) => {
      const addresses = namespace.addresses.filter(({ device }) => device !== 'kube-ipvs0');
      return addresses.length === namespace.addresses.length ? [] : [{ ...namespace, addresses }];
    },
  },
  'no-service-filter': {
    summary: 'kube-proxy neither rejects nor drops what is not to be served',
    edit: inEachMode(
      withoutRules('filter', (_, chain) => SERVICE_FILTERS.includes(chain.name)),
      withoutNftRules((_, chain) => NFT_SERVICE_FILTERS.includes(chain.name)),
    ),
  },
  'no-statistic': {
    summary: 'balancing lost its probabilities, weights or turns: the first endpoint takes all',
    edit: inEachMode(
      changedRules(({ text }) => text.replace(/-m statistic --mode random --probability [0-9.]+ /, '')),
      changedServers((server) => ({
        ...server,
        servers: server.servers.map((real, index) => ({ ...real, weight: index === 0 ? real.weight : 0 })),
      })),
      changedNftRules(({ text }) => text.replace(/^numgen random mod \d+ vmap \{ 0 : goto (\S+) , .*$/, 'goto $1')),
      changedRelays((relay) => ({ ...relay, endpoints: relay.endpoints.slice(0, 1) })),
    ),
  },
  'no-affinity': {
    summary: 'nothing remembers which endpoint a client had',
    edit: inEachMode(
      withoutRules('nat', ({ text }) => text.includes('-m recent') && text.includes('--rcheck')),
      changedServers(({ persistentSeconds: _, ...server }) => server),
      withoutNftRules(({ text }) => /^ip6? saddr @affinity-/.test(text)),
      changedRelays(({ affinitySeconds: _, ...relay }) => relay),
    ),
  },
  'no-dns': {
    summary: "nobody listens on port 53 of CoreDNS' pods",
    edit: (namespace) => {
      if (!/^pod\/kube-system\/(coredns|kube-dns)-/.test(namespace.place ?? '')) return [];
      const refuse = (unreachable: string) => {
        const builder = new IptablesBuilder();
        const rule = (protocol: string, answer: string) =>
          `-p ${protocol} -m ${protocol} --dport 53 -j REJECT --reject-with ${answer}`;
        builder.append('filter', 'INPUT', rule('udp', unreachable), namespace.origin);
        builder.append('filter', 'INPUT', rule('tcp', 'tcp-reset'), namespace.origin);
        return builder.build();
      };
      const hasIpv6 = namespace.addresses.some(({ address }) => isIpv6(address));
      return [
        {
          ...namespace,
          iptables: refuse('icmp-port-unreachable'),
          ...(hasIpv6 && { ip6tables: refuse('icmp6-port-unreachable') }),
        },
      ];
    },
  },
  'forward-drop': {
    summary: 'FORWARD drops by default, as dockerd leaves it, and the network plugin accepts nothing',
    edit: (namespace) =>
      editChains(namespace, 'filter', (chain) =>
        chain.name === 'FORWARD'
          ? { ...chain, policy: 'DROP', rules: chain.rules.filter(({ text }) => !ACCEPTANCE.test(text)) }
          : chain,
      ),
  },
  'loopback-drop': {
    summary: 'a firewall in the pod or container forgets lo (no `-i lo -j ACCEPT`): it cannot talk to itself',
    edit: (namespace) => {
      if (!/^(pod|container)\//.test(namespace.place ?? '')) return [];
      const builder = new IptablesBuilder();
      builder.append('filter', 'INPUT', '-i lo -j DROP', namespace.origin);
      const rules = builder.build();
      const hasIpv6 = namespace.addresses.some(({ address }) => isIpv6(address));
      return [{ ...namespace, iptables: rules, ...(hasIpv6 && { ip6tables: rules }) }];
    },
  },
  'no-route': {
    summary: "the routes to other nodes' pods, or the static routes of a host or router, are missing",
    edit: (namespace) => {
      if (!/^(node|host|router)\//.test(namespace.place ?? '')) return [];
      const isDefault = (to: string) => to === defaultRoute(4) || to === defaultRoute(6);
      const kept = namespace.routes.filter((route) => isDefault(route.to) || isOwn(route));
      return kept.length === namespace.routes.length ? [] : [{ ...namespace, routes: kept }];
    },
  },
  'no-fdb': {
    summary: 'the VXLAN device does not know behind which node a peer is',
    edit: (namespace) => (namespace.fdb.length === 0 ? [] : [{ ...namespace, fdb: [] }]),
  },
  'stale-fdb': {
    summary: 'the VXLAN device has peers at addresses where they no longer are',
    edit: (namespace) => {
      const fdb = namespace.fdb.map((entry) => ({
        ...entry,
        destination: formerAddress(namespace, entry.destination),
      }));
      return fdb.length === 0 ? [] : [{ ...namespace, fdb }];
    },
  },
  'wrong-vtep-mac': {
    summary: 'the VXLAN device has another MAC address than the one its peers were told',
    edit: (namespace) =>
      editLinks(namespace, (link) => (link.kind === 'vxlan' ? { ...link, mac: link.mac.replace(/..$/, 'ff') } : link)),
  },
  'no-flanneld': {
    summary: 'flanneld does not run (mode udp): its TUN device is gone with it, and the routes into that',
    edit: ({ tunnels, ...namespace }) => {
      if (tunnels.length === 0) return [];
      const stays = (name: string | undefined) => tunnels.every(({ device }) => device !== name);
      const onDevices = <T extends { readonly device?: string }>(entries: readonly T[]) =>
        entries.filter(({ device }) => stays(device));
      const { links, addresses, routes } = namespace;
      return [
        {
          ...namespace,
          links: links.filter(({ name }) => stays(name)),
          addresses: onDevices(addresses),
          routes: onDevices(routes),
          tunnels: [],
        },
      ];
    },
  },
  'no-bird': {
    summary: 'BIRD does not run (mode calico-bgp): the node hears of no routes, and nobody hears of its pods',
    edit: ({ bird, ...namespace }) => (bird ? [namespace] : []),
  },
  'no-default-route': {
    summary: 'the node has no default route',
    edit: (namespace) => {
      if (!namespace.place?.startsWith('node/')) return [];
      const routes = namespace.routes.filter(({ to }) => to !== 'default');
      return routes.length === namespace.routes.length ? [] : [{ ...namespace, routes }];
    },
  },
  'source-dest-check': {
    summary:
      'the cloud drops what the node sends or gets for other addresses than its own (EC2: source/destination check; GCE: no canIpForward)',
    edit: ({ place, links, addresses, origin }, lookup) =>
      links.flatMap((link) => {
        if (!place?.startsWith('node/') || link.kind !== 'veth' || !link.peer.namespace.startsWith('network.'))
          return [];
        const own = addresses.filter(({ device }) => device === link.name).map(({ address }) => address.split('/')[0]!);
        return withBridgeRules(lookup(link.peer.namespace), checksOf(link.peer.name, own, origin));
      }),
  },
  'no-br-netfilter': {
    summary:
      'bridged packets do not pass iptables and ip6tables (bridge-nf-call-iptables, bridge-nf-call-ip6tables = 0)',
    edit: inEachMode(
      withSysctl('net.bridge.bridge-nf-call-iptables', '0'),
      withSysctl('net.bridge.bridge-nf-call-ip6tables', '0'),
    ),
  },
  'no-ip-forward': {
    summary: 'the node is no router (ip_forward = 0, net.ipv6.conf.all.forwarding = 0)',
    edit: (namespace, lookup) =>
      namespace.place?.startsWith('node/')
        ? inEachMode(withSysctl('net.ipv4.ip_forward', '0'), withSysctl('net.ipv6.conf.all.forwarding', '0'))(
            namespace,
            lookup,
          )
        : [],
  },
  'rp-filter': {
    summary: 'the kernel drops packets that come in where their answer would not go out (rp_filter = 1)',
    edit: withSysctl('net.ipv4.conf.all.rp_filter', '1'),
  },
  'no-hairpin': {
    summary: 'bridge ports do not send a packet back out where it came from',
    edit: inEachMode(
      (namespace) => editLinks(namespace, (link) => (link.hairpin ? { ...link, hairpin: false } : link)),
      withPluginField('hairpinMode', false),
    ),
  },
  'small-mtu': {
    summary: `the cable silently loses packets larger than ${SMALL_MTU} bytes`,
    edit: farEnd(
      (link) => ({ ...link, mtu: SMALL_MTU }),
      (peer) => peer.startsWith('network.'),
    ),
  },
  'link-down': {
    summary: 'the cable is unplugged at its far end',
    edit: farEnd((link) => ({ ...link, up: false })),
  },
};

/** What network plugins accept in FORWARD: flannel all of pods, Calico what has passed its chains. */
const ACCEPTANCE = /-j FLANNEL-FWD|"Policy explicitly accepted packet\."/;

/** Calico's routes to the pods of the node itself, and the black holes around them. */
function isOwn({ to, device, scope }: Route): boolean {
  return device === undefined || (scope === 'link' && to.endsWith('/32'));
}

/** The chains in which modes iptables and ipvs refuse packets. */
const SERVICE_FILTERS = [
  'KUBE-SERVICES',
  'KUBE-EXTERNAL-SERVICES',
  'KUBE-PROXY-FIREWALL',
  'KUBE-IPVS-FILTER',
  'KUBE-IPVS-OUT-FILTER',
];

/** Those of mode nftables. */
const NFT_SERVICE_FILTERS = [
  'nodeport-endpoints-check',
  'service-endpoints-check',
  'firewall-check',
  'cluster-ips-check',
];
