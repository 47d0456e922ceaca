/** What is broken about Services, names and policies: kube-proxy's rules, those of hostPorts and published ports, of NetworkPolicies; DNS; Ingresses. */
import type { FaultName } from '../model/cluster.ts';
import type { FaultDefinition } from './definition.ts';
import {
  changedNftRules,
  changedPlugins,
  changedRelays,
  changedRules,
  changedServers,
  editChains,
  editLinks,
  inEachMode,
  withFirewall,
  withoutNftRules,
  withoutRules,
  withPluginField,
  withSysctl,
} from './edits.ts';
import { outOfWindow } from './out-of-window.ts';
import { stuckProxy } from './stuck-proxy.ts';

export const SERVICE_FAULTS = {
  'no-masquerade': {
    summary: 'no rule masquerades: packets keep the source they have',
    edit: inEachMode(
      withoutRules('nat', ({ text }) => /(-j|--jump) MASQUERADE/.test(text)),
      withoutNftRules(({ text }) => text.startsWith('masquerade')),
      withPluginField('ipMasq', false),
    ),
  },
  'double-nat': {
    summary: "kube-proxy leaves its mark on what it masquerades, so that the overlay's packet is masqueraded as well",
    edit: inEachMode(
      withoutRules('nat', ({ text }) => /^-j MARK --xor-mark /.test(text)),
      withoutNftRules(({ text }) => /^mark set mark xor /.test(text)),
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
  'insert-failed': {
    summary: 'connection tracking loses every second of the datagrams that begin a connection to a Service',
    edit: (namespace) =>
      editChains(namespace, 'mangle', (chain) =>
        chain.name === 'POSTROUTING' && chain.rules.every(({ text }) => text !== LOST_RACE)
          ? { ...chain, rules: [...chain.rules, { text: LOST_RACE, origin: namespace.origin }] }
          : chain,
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
  'no-dns': {
    summary: "nobody listens on port 53 of CoreDNS' pods",
    edit: withFirewall(/^pod\/kube-system\/(coredns|kube-dns)-/, (family) => [
      `-p udp -m udp --dport 53 -j REJECT --reject-with ${family === 4 ? 'icmp' : 'icmp6'}-port-unreachable`,
      '-p tcp -m tcp --dport 53 -j REJECT --reject-with tcp-reset',
    ]),
  },
  'no-ingress-controller': {
    summary: 'no nginx runs in the pods of the Ingress controller: nobody listens where they are',
    edit: ({ nginx, ...namespace }) => (nginx ? [namespace] : []),
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
  'no-strict-arp': {
    summary:
      'a node answers ARP for each of its addresses by whatever interface it is asked (arp_ignore = 0, arp_announce = 0)',
    edit: inEachMode(
      withSysctl('net.ipv4.conf.all.arp_ignore', '0'),
      withSysctl('net.ipv4.conf.all.arp_announce', '0'),
    ),
  },
  'no-service-filter': {
    summary: 'kube-proxy neither rejects nor drops what is not to be served',
    edit: inEachMode(
      withoutRules('filter', (_, chain) => SERVICE_FILTERS.includes(chain.name)),
      withoutNftRules((_, chain) => NFT_SERVICE_FILTERS.includes(chain.name)),
    ),
  },
  'out-of-window': {
    summary: 'the first data a pod sends on a connection is outside the window: conntrack calls it INVALID',
    edit: outOfWindow,
  },
  'no-invalid-drop': {
    summary: 'what conntrack calls INVALID passes untranslated: kube-proxy does not drop it, nor is the kernel liberal',
    edit: inEachMode(
      withoutRules('filter', ({ text }, { name }) => name === 'KUBE-FORWARD' && text.includes('--ctstate INVALID')),
      withSysctl('net.netfilter.nf_conntrack_tcp_be_liberal', '0'),
    ),
  },
  'no-policy': {
    summary: 'nobody enforces NetworkPolicies: the rules that lead to them are missing',
    edit: withoutRules('filter', ({ text }, chain) =>
      /^cali-[tf]w-/.test(chain.name) ? POLICY_TIER.test(text) : text.includes('"kube-router netpol - '),
    ),
  },
  'stale-policy': {
    summary: 'the sets of pods and ranges that policies name are empty: whoever fills them has not heard of any',
    edit: (namespace) => {
      const ipsets = namespace.ipsets.map((set) => (POLICY_SET.test(set.name) ? { ...set, entries: [] } : set));
      const isSame = ipsets.every(({ entries }, index) => entries.length === namespace.ipsets[index]!.entries.length);
      return isSame ? [] : [{ ...namespace, ipsets }];
    },
  },
  'stateless-policy': {
    summary: 'policies judge every packet: the rules that let packets of connections through are missing',
    edit: withoutRules(
      'filter',
      ({ text }, { name }) => /^(KUBE-NWPLCY-COMMON$|cali-[tf]w-)/.test(name) && text.includes('RELATED,ESTABLISHED'),
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
  'no-proxy-sync': {
    summary: 'kube-proxy has stopped: its rules, sets and virtual servers stay what they were before the step',
    edit: stuckProxy,
  },
  'no-conntrack-cleanup': {
    summary: 'kube-proxy does not forget connections of UDP whose endpoint is gone',
    edit: ({ flows, ...namespace }) => (flows ? [namespace] : []),
  },
  'ipvs-conn-reuse': {
    summary:
      'IPVS leads a port that is used again to the server it had before (conn_reuse_mode = 0, and expire_nodest_conn = 0)',
    edit: ({ sysctls, ...namespace }) => {
      const expire = sysctls.find(({ key }) => key === 'net.ipv4.vs.expire_nodest_conn');
      if (!expire) return [];
      const off = ['expire_nodest_conn', 'conn_reuse_mode'].map((name) => ({
        key: `net.ipv4.vs.${name}`,
        value: '0',
        origin: expire.origin,
      }));
      return [{ ...namespace, sysctls: [...sysctls.filter((sysctl) => sysctl !== expire), ...off] }];
    },
  },
} as const satisfies Partial<Record<FaultName, FaultDefinition>>;

/**
 * An entry is made when the first packet comes and inserted when it leaves: of two packets that were both the first, one is
 * dropped then (net/netfilter/nf_conntrack_core.c, __nf_conntrack_confirm).
 */
const LOST_RACE =
  '-p udp -m conntrack --ctstate NEW -m conntrack --ctstate DNAT -m statistic --mode nth --every 2 --packet 1 -j DROP';

/** kube-router's and Felix's. */
const POLICY_SET = /^(inet6:)?KUBE-(SRC|DST)-|^cali[46]0[sn]:/;

/** What Felix puts before a pod's profiles where policies select it. */
const POLICY_TIER = /(Start|End) of tier|Return if policy accepted|--jump cali-[pg][io]-/;

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
