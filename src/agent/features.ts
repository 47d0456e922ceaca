/**
 * What labs ask of a kernel, feature by feature: how to find out whether it is there, and which kernel state needs it.
 * A probe is tried in a namespace of a sandbox; versions prove nothing.
 */
import { existsSync } from 'node:fs';
import type { KernelState, Link, Namespace } from '../compile/kernel-state.ts';
import { isIpv6 } from '../net/address.ts';

export interface Feature {
  readonly name: string;
  readonly neededFor: string;
  /** Run in a fresh namespace; exit code 0 means the kernel has it. */
  readonly probe: readonly string[];
  /** Kernel modules that bring it. */
  readonly modules: readonly string[];
  /** Which namespaces need it; left out: every lab does. */
  readonly usedBy?: (namespace: Namespace) => boolean;
  /** A file that is there exactly when the kernel has it, in every network namespace. */
  readonly file?: string;
  /** Parameters of the kernel that turn it off when they are 1. */
  readonly parameters?: readonly string[];
  /** The device file by which it is used: a kernel that has it is of no use to whoever may not open that. */
  readonly device?: string;
}

/** Every sort of expression kube-proxy uses. */
function nftablesProbe(family: 'ip' | 'ip6', endpoint: string): string {
  return [
    `add table ${family} pw`,
    `add chain ${family} pw input { type filter hook input priority 0 ; }`,
    `add chain ${family} pw prerouting { type nat hook prerouting priority -100 ; }`,
    `add chain ${family} pw postrouting { type nat hook postrouting priority 100 ; }`,
    `add rule ${family} pw input ct state new fib saddr type local numgen random mod 2 vmap { 0 : drop , 1 : accept }`,
    `add rule ${family} pw input reject`,
    `add rule ${family} pw prerouting meta l4proto tcp dnat to ${endpoint}`,
    `add rule ${family} pw postrouting masquerade fully-random`,
  ].join('; ');
}

export const FEATURES: readonly Feature[] = [
  { name: 'veth', neededFor: 'every link', probe: addLink('veth'), modules: ['veth'] },
  { name: 'bridge', neededFor: 'networks, cni0', probe: addLink('bridge'), modules: ['bridge'] },
  {
    name: 'br_netfilter',
    neededFor: 'Services between pods of one node',
    probe: ['sysctl', '-n', 'net.bridge.bridge-nf-call-iptables'],
    modules: ['br_netfilter'],
    file: '/proc/sys/net/bridge/bridge-nf-call-iptables',
  },
  {
    name: 'nf_conntrack',
    neededFor: 'kube-proxy',
    probe: ['sysctl', '-n', 'net.netfilter.nf_conntrack_tcp_timeout_established'],
    modules: ['nf_conntrack'],
    file: '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established',
  },
  {
    name: 'iptables nat',
    neededFor: 'masquerading, kube-proxy mode iptables',
    probe: rule('nat', 'POSTROUTING', '-m', 'comment', '--comment', 'probe', '-j', 'MASQUERADE', '--random-fully'),
    modules: ['nf_nat'],
  },
  {
    name: 'IPv6',
    neededFor: 'dual stack',
    probe: ['ip', 'addr', 'add', 'fd00::1/128', 'dev', 'lo'],
    modules: ['ipv6'],
    usedBy: ({ addresses }) => addresses.some(({ address }) => isIpv6(address)),
    parameters: ['ipv6.disable', 'ipv6.disable_ipv6'],
  },
  {
    name: 'ip6tables nat',
    neededFor: 'masquerading and kube-proxy, for IPv6',
    probe: ['ip6tables', '-t', 'nat', '-A', 'POSTROUTING', '-j', 'MASQUERADE', '--random-fully'],
    modules: ['nf_nat'],
    usedBy: ({ ip6tables }) => ip6tables !== undefined,
  },
  {
    name: 'statistic match',
    neededFor: 'several endpoints in mode iptables',
    probe: rule('filter', 'FORWARD', '-m', 'statistic', '--mode', 'random', '--probability', '0.5'),
    modules: ['xt_statistic'],
  },
  {
    name: 'recent match',
    neededFor: 'session affinity in mode iptables',
    probe: rule('filter', 'FORWARD', '-m', 'recent', '--name', 'pw', '--set'),
    modules: ['xt_recent'],
    usedBy: hasRule('-m recent'),
  },
  {
    name: 'vxlan',
    neededFor: 'cni mode vxlan',
    probe: [...addLink('vxlan'), 'id', '1', 'dstport', '8472'],
    modules: ['vxlan'],
    usedBy: hasLink('vxlan', 'external-vxlan'),
  },
  {
    name: 'ipip',
    neededFor: 'cni mode ipip',
    probe: [...addLink('ipip'), 'local', '192.0.2.1'],
    modules: ['ipip'],
    usedBy: hasLink('ipip', 'tunl0'),
  },
  {
    name: 'TUN',
    neededFor: 'cni mode udp',
    probe: ['ip', 'tuntap', 'add', 'dev', 'pw-tun', 'mode', 'tun'],
    modules: ['tun'],
    usedBy: hasLink('tun'),
    device: '/dev/net/tun',
  },
  {
    name: 'netem',
    neededFor: 'impaired links',
    probe: ['tc', 'qdisc', 'add', 'dev', 'lo', 'root', 'netem', 'delay', '1ms'],
    modules: ['sch_netem'],
    usedBy: ({ links }) => links.some(({ impairment }) => impairment !== undefined),
  },
  {
    name: 'WireGuard',
    neededFor: 'cni mode wireguard',
    probe: addLink('wireguard'),
    modules: ['wireguard'],
    usedBy: hasLink('wireguard'),
  },
  {
    name: 'nftables',
    neededFor: 'kube-proxy mode nftables',
    probe: ['nft', nftablesProbe('ip', '192.0.2.1:80')],
    modules: ['nf_tables', 'nft_ct', 'nft_numgen', 'nft_fib_ipv4', 'nft_nat', 'nft_masq', 'nft_reject_ipv4'],
    usedBy: ({ nft }) => nft.some(({ family }) => family !== 'bridge'),
  },
  {
    name: 'nftables for IPv6',
    neededFor: 'kube-proxy mode nftables, for IPv6',
    probe: ['nft', nftablesProbe('ip6', '[fd00::1]:80')],
    modules: ['nf_tables', 'nft_ct', 'nft_numgen', 'nft_fib_ipv6', 'nft_nat', 'nft_masq', 'nft_reject_ipv6'],
    usedBy: ({ nft }) => nft.some(({ family }) => family === 'ip6'),
  },
  {
    name: 'nftables on bridges',
    neededFor: 'fault source-dest-check',
    probe: ['nft', 'add table bridge pw; add chain bridge pw forward { type filter hook forward priority 0 ; }'],
    modules: ['nf_tables'],
    usedBy: ({ nft }) => nft.some(({ family }) => family === 'bridge'),
  },
  {
    name: 'dummy',
    neededFor: 'kube-ipvs0',
    probe: addLink('dummy'),
    modules: ['dummy'],
    usedBy: hasLink('dummy'),
  },
  {
    name: 'ipset',
    neededFor: 'kube-proxy mode ipvs, Calico, NetworkPolicies',
    probe: ['ipset', 'create', 'pw', 'hash:ip,port'],
    modules: [
      'ip_set',
      'ip_set_bitmap_port',
      ...['ip', 'net', 'ipport', 'ipportip', 'ipportnet'].map((type) => `ip_set_hash_${type}`),
    ],
    usedBy: ({ ipsets }) => ipsets.length > 0,
  },
  {
    name: 'set match',
    neededFor: 'kube-proxy mode ipvs, Calico, NetworkPolicies',
    /** The set is the one made before. */
    probe: rule('filter', 'FORWARD', '-m', 'set', '--match-set', 'pw', 'dst,dst'),
    modules: ['xt_set'],
    usedBy: ({ ipsets }) => ipsets.length > 0,
  },
  {
    name: 'IPVS',
    neededFor: 'kube-proxy mode ipvs',
    probe: ['ipvsadm', '-A', '-t', '192.0.2.1:80', '-s', 'rr'],
    modules: ['ip_vs', 'ip_vs_rr'],
    usedBy: usesIpvs,
  },
  {
    name: 'IPVS settings',
    neededFor: 'kube-proxy mode ipvs',
    /** Older kernels give them to the first user namespace only (ip_vs_control_net_init_sysctl()). */
    probe: ['sysctl', '-n', 'net.ipv4.vs.conntrack'],
    modules: ['ip_vs'],
    usedBy: usesIpvs,
  },
  {
    name: 'ipvs match',
    neededFor: 'source ranges in mode ipvs',
    probe: rule('filter', 'OUTPUT', '-m', 'ipvs', '--vport', '80'),
    modules: ['xt_ipvs'],
    usedBy: hasRule('-m ipvs'),
  },
  {
    name: 'rpfilter match',
    neededFor: 'Calico',
    probe: rule('raw', 'PREROUTING', '-m', 'rpfilter', '--invert'),
    modules: ['ipt_rpfilter'],
    usedBy: hasRule('-m rpfilter'),
  },
  {
    name: 'NOTRACK target',
    neededFor: 'Calico with VXLAN',
    probe: rule('raw', 'PREROUTING', '-j', 'NOTRACK'),
    modules: ['xt_CT'],
    usedBy: hasRule('--jump NOTRACK'),
  },
  {
    name: 'physdev match',
    neededFor: 'external IPs in modes ipvs and userspace, NetworkPolicies',
    probe: rule('filter', 'FORWARD', '-m', 'physdev', '!', '--physdev-is-in'),
    modules: ['xt_physdev'],
    usedBy: hasRule('-m physdev'),
  },
  {
    name: 'NFLOG target',
    neededFor: 'NetworkPolicies enforced as kube-router does',
    probe: rule('filter', 'FORWARD', '-m', 'limit', '--limit', '10/minute', '-j', 'NFLOG', '--nflog-group', '100'),
    modules: ['xt_NFLOG', 'nfnetlink_log', 'xt_limit'],
    usedBy: hasRule('-j NFLOG'),
  },
  {
    name: 'multiport match',
    neededFor: 'Calico, NetworkPolicies',
    probe: rule('filter', 'FORWARD', '-p', 'tcp', '-m', 'multiport', '--dports', '80,81'),
    modules: ['xt_multiport'],
    usedBy: hasRule('-m multiport'),
  },
  {
    name: 'REDIRECT target',
    neededFor: 'kube-proxy mode userspace',
    probe: rule('nat', 'PREROUTING', '-p', 'tcp', '-j', 'REDIRECT', '--to-ports', '40000'),
    modules: ['xt_REDIRECT'],
    usedBy: hasRule('-j REDIRECT'),
  },
  {
    name: 'state match',
    neededFor: 'NodePorts in mode userspace',
    probe: rule('filter', 'FORWARD', '-m', 'state', '--state', 'NEW'),
    modules: ['xt_state'],
    usedBy: hasRule('-m state'),
  },
  {
    name: 'SCTP',
    neededFor: 'SCTP Services',
    probe: ['sysctl', '-n', 'net.sctp.max_autoclose'],
    modules: ['sctp'],
    usedBy: () => false,
  },
];

/** Features of a lab that kernels are known to lack: what goes beyond every lab's needs, and what a file says is not there. */
export function featuresOf({ namespaces }: KernelState): Feature[] {
  const schedulers = new Set(namespaces.flatMap(({ ipvs }) => ipvs.map(({ scheduler }) => scheduler)));
  return [
    ...FEATURES.filter(({ usedBy, file }) =>
      usedBy ? namespaces.some(usedBy) : file !== undefined && !existsSync(file),
    ),
    ...[...schedulers].map(schedulerFeature),
  ];
}

/** One for each that is asked for; asked again, it is the same. */
const schedulerFeatures = new Map<string, Feature>();

function schedulerFeature(scheduler: string): Feature {
  const feature = schedulerFeatures.get(scheduler) ?? {
    name: `IPVS scheduler ${scheduler}`,
    neededFor: `kube-proxy mode ipvs with scheduler ${scheduler}`,
    probe: ['ipvsadm', '-A', '-t', '192.0.2.2:80', '-s', scheduler],
    modules: [`ip_vs_${scheduler}`],
  };
  schedulerFeatures.set(scheduler, feature);
  return feature;
}

function addLink(kind: string): string[] {
  return ['ip', 'link', 'add', `pw-${kind}`, 'type', kind];
}

function rule(table: string, chain: string, ...words: readonly string[]): string[] {
  return ['iptables', '-t', table, '-A', chain, ...words];
}

function usesIpvs({ ipvs, sysctls }: Namespace): boolean {
  return ipvs.length > 0 || sysctls.some(({ key }) => key.startsWith('net.ipv4.vs.'));
}

function hasLink(...kinds: readonly Link['kind'][]): NonNullable<Feature['usedBy']> {
  return ({ links }) => links.some(({ kind }) => kinds.includes(kind));
}

function hasRule(words: string): NonNullable<Feature['usedBy']> {
  return ({ iptables, ip6tables }) =>
    [...(iptables?.tables ?? []), ...(ip6tables?.tables ?? [])].some(({ chains }) =>
      chains.some(({ rules }) => rules.some(({ text }) => text.includes(words))),
    );
}
