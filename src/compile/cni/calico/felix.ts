/**
 * Felix's rules on a node (felix rules/static.go, nat.go; those of each pod are in endpoints.ts): what comes from pods and goes to them
 * passes their policies, or their profiles, which allow all, and carries the accept mark from then on.
 *
 *   raw PREROUTING   a pod sends from its own address only: a reverse-path check of Felix's own
 *   filter FORWARD → cali-FORWARD ─ from a pod: cali-from-wl-dispatch → cali-fw-x ─ to a pod: cali-to-wl-dispatch → cali-tw-x
 *          … and behind everybody else's rules: what is marked as accepted is accepted
 *   filter INPUT   → cali-INPUT ─ tunnel packets from nodes only ─ from pods: accepted (DefaultEndpointToHostAction)
 *   nat POSTROUTING→ cali-POSTROUTING ─ from a pool that is masqueraded to where no pool is: MASQUERADE
 *
 * Chains for host endpoints are empty, as there are none. What Felix adds for IPVS is in ipvs.ts: it matters to policies only,
 * and is left out where there are none.
 */
import type { Cluster, Pod } from '../../../model/cluster.ts';
import type { NetworkPolicy } from '../../../model/network-policy.ts';
import type { Family } from '../../../net/address.ts';
import type { NamespaceBuilder } from '../../builder.ts';
import type { TableName } from '../../iptables.ts';
import { compileEndpoints } from './endpoints.ts';
import * as IPVS from './ipvs.ts';
import { compilePolicyChains } from './policy.ts';
import { PolicySets } from './policy-sets.ts';
import { type FelixRule, FelixTable } from './table.ts';
import { clear, goTo, isMarked, isUnmarked, jump, MARK, set } from './words.ts';

export interface Encapsulation {
  readonly kind: 'ipip' | 'vxlan';
  readonly device: string;
  /** Of VXLAN. */
  readonly port?: number;
}

/** Names of felix's IP sets (felix rules/rule_defs.go, ipsets/ipset_defs.go). */
export const ipSets = (family: Family) =>
  ({
    allPools: `cali${family}0all-ipam-pools`,
    masqueradedPools: `cali${family}0masq-ipam-pools`,
    hosts: `cali${family}0all-hosts-net`,
    vteps: `cali${family}0all-vxlan-net`,
    thisHost: `cali${family}0this-host`,
  }) as const;

/** FelixConfiguration vxlanPort, where nothing is carried in VXLAN. */
const VXLAN_PORT = 4789;
const WORKLOADS = 'cali+';
const ACCEPTED: FelixRule = { match: isMarked(MARK.accept), action: jump('ACCEPT') };
const HOST_ENDPOINT_ACCEPTED: FelixRule = { comment: 'Host endpoint policy accepted packet.', ...ACCEPTED };

export interface FelixOptions {
  readonly family: Family;
  readonly encapsulation: Encapsulation | undefined;
  readonly natOutgoing: boolean;
  /** Where kube-proxy runs in mode ipvs, and there are policies: the range of NodePorts. */
  readonly ipvs: { readonly nodePortRange: string } | undefined;
}

export function compileFelix(
  namespace: NamespaceBuilder,
  pods: readonly Pod[],
  cluster: Pick<Cluster, 'pods' | 'policies'>,
  options: FelixOptions,
): void {
  const table = (name: TableName) => new FelixTable(namespace.rules(options.family), name, namespace.origin);
  compileRaw(table('raw'), options);
  compileMangle(table('mangle'), options);
  compileNat(table('nat'), options);
  compileFilter(table('filter'), pods, cluster.policies, options);
  if (cluster.policies.length === 0) return;
  const sets = new PolicySets(namespace, cluster.pods, options.family);
  compilePolicyChains(table('filter'), pods, cluster.policies, sets, options.family);
}

function compileRaw(raw: FelixTable, { encapsulation }: FelixOptions): void {
  /** Its two directions have different ports: tracked, they would never be answered. */
  const untracked: FelixRule[] =
    encapsulation?.kind === 'vxlan' ? [{ match: `-p udp --dport ${encapsulation.port}`, action: jump('NOTRACK') }] : [];
  raw.insert('PREROUTING', [{ action: jump('cali-PREROUTING') }]);
  raw.insert('OUTPUT', [{ action: jump('cali-OUTPUT') }]);
  raw.chain('cali-PREROUTING', [
    clear(MARK.all),
    ...untracked,
    { match: `--in-interface ${WORKLOADS}`, action: set(MARK.fromWorkload) },
    { match: isMarked(MARK.fromWorkload), action: jump('cali-rpf-skip') },
    { match: `${isMarked(MARK.fromWorkload)} -m rpfilter --invert --validmark`, action: jump('DROP') },
    { match: isUnmarked(MARK.fromWorkload), action: jump('cali-from-host-endpoint') },
    ACCEPTED,
  ]);
  raw.chain('cali-OUTPUT', [clear(MARK.all), { action: jump('cali-to-host-endpoint') }, ...untracked, ACCEPTED]);
  for (const empty of ['cali-rpf-skip', 'cali-from-host-endpoint', 'cali-to-host-endpoint']) raw.chain(empty, []);
}

function compileMangle(mangle: FelixTable, { ipvs }: FelixOptions): void {
  mangle.insert('PREROUTING', [{ action: jump('cali-PREROUTING') }]);
  mangle.insert('POSTROUTING', [{ action: jump('cali-POSTROUTING') }]);
  mangle.chain('cali-PREROUTING', [
    { match: '-m conntrack --ctstate RELATED,ESTABLISHED', action: jump('ACCEPT') },
    ACCEPTED,
    { action: jump('cali-from-host-endpoint') },
    HOST_ENDPOINT_ACCEPTED,
  ]);
  mangle.chain('cali-POSTROUTING', [
    { match: isMarked(MARK.accept), action: jump('RETURN') },
    ...(ipvs ? IPVS.POSTROUTING : []),
    clear(MARK.all),
    { match: '-m conntrack --ctstate DNAT', action: jump('cali-to-host-endpoint') },
    { ...HOST_ENDPOINT_ACCEPTED, action: jump('RETURN') },
  ]);
  for (const empty of ['cali-from-host-endpoint', 'cali-to-host-endpoint']) mangle.chain(empty, []);
}

function compileNat(nat: FelixTable, { family, encapsulation, natOutgoing }: FelixOptions): void {
  for (const chain of ['PREROUTING', 'OUTPUT', 'POSTROUTING']) nat.insert(chain, [{ action: jump(`cali-${chain}`) }]);
  for (const chain of ['PREROUTING', 'OUTPUT']) nat.chain(`cali-${chain}`, [{ action: jump('cali-fip-dnat') }]);
  nat.chain('cali-POSTROUTING', [
    { action: jump('cali-fip-snat') },
    { action: jump('cali-nat-outgoing') },
    ...(encapsulation
      ? [
          {
            match: `--out-interface ${encapsulation.device} -m addrtype ! --src-type LOCAL --limit-iface-out -m addrtype --src-type LOCAL`,
            action: jump('MASQUERADE --random-fully'),
          },
        ]
      : []),
  ]);
  const { masqueradedPools, allPools } = ipSets(family);
  const outgoing = `-m set --match-set ${masqueradedPools} src -m set ! --match-set ${allPools} dst`;
  nat.chain('cali-nat-outgoing', natOutgoing ? [{ match: outgoing, action: jump('MASQUERADE --random-fully') }] : []);
  for (const empty of ['cali-fip-dnat', 'cali-fip-snat']) nat.chain(empty, []);
}

function compileFilter(
  filter: FelixTable,
  pods: readonly Pod[],
  policies: readonly NetworkPolicy[],
  { family, encapsulation, ipvs }: FelixOptions,
): void {
  const vxlanPort = encapsulation?.port ?? VXLAN_PORT;
  const tunnel = encapsulation && TUNNELS[encapsulation.kind](family, vxlanPort);
  for (const chain of ['INPUT', 'FORWARD', 'OUTPUT']) filter.insert(chain, [{ action: jump(`cali-${chain}`) }]);
  filter.append('FORWARD', [
    { comment: 'Policy explicitly accepted packet.', ...ACCEPTED },
    /** For cali-POSTROUTING in table mangle: it has been forwarded. */
    { action: set(MARK.accept) },
  ]);
  filter.chain('cali-FORWARD', [
    clear(MARK.allButAccept),
    { match: isUnmarked(MARK.accept), action: jump('cali-from-hep-forward') },
    { match: `--in-interface ${WORKLOADS}`, action: jump('cali-from-wl-dispatch') },
    { match: `--out-interface ${WORKLOADS}`, action: jump('cali-to-wl-dispatch') },
    { action: jump('cali-to-hep-forward') },
    { action: jump('cali-cidr-block') },
  ]);
  filter.chain('cali-INPUT', [
    ...(tunnel?.input ?? []),
    ...(ipvs ? IPVS.INPUT : []),
    { match: `--in-interface ${WORKLOADS}`, action: goTo('cali-wl-to-host') },
    ACCEPTED,
    clear(MARK.all),
    { action: jump('cali-from-host-endpoint') },
    HOST_ENDPOINT_ACCEPTED,
  ]);
  filter.chain('cali-wl-to-host', [
    ...(family === 6 ? NEIGHBOURS : []),
    { action: jump('cali-from-wl-dispatch') },
    { comment: 'Configured DefaultEndpointToHostAction', action: jump('ACCEPT') },
  ]);
  filter.chain('cali-OUTPUT', [
    ACCEPTED,
    ...(ipvs ? IPVS.OUTPUT : []),
    { match: `--out-interface ${WORKLOADS}`, action: jump('RETURN') },
    ...(tunnel?.output ?? []),
    clear(MARK.all),
    { match: '-m conntrack ! --ctstate DNAT', action: jump('cali-to-host-endpoint') },
    HOST_ENDPOINT_ACCEPTED,
  ]);
  for (const empty of HOST_ENDPOINT_CHAINS) filter.chain(empty, []);
  compileEndpoints(filter, pods, policies, vxlanPort);
  if (ipvs) IPVS.compileIpvsChains(filter, pods, { ...ipvs, thisHost: ipSets(family).thisHost });
}

/** What pods say to the node as their router: multicast listeners, solicitations, advertisements. */
const NEIGHBOURS: readonly FelixRule[] = [130, 131, 132, 133, 135, 136].map((type) => ({
  match: `-p 58 -m icmp6 --icmpv6-type ${type}`,
  action: jump('ACCEPT'),
}));

const HOST_ENDPOINT_CHAINS = [
  'cali-from-hep-forward',
  'cali-to-hep-forward',
  'cali-from-host-endpoint',
  'cali-to-host-endpoint',
  'cali-cidr-block',
];

type Tunnel = (family: Family, port: number) => { input: FelixRule[]; output: FelixRule[] };

/** Tunnel packets come from nodes and go to nodes, whatever policies hosts have. */
const TUNNELS: Record<Encapsulation['kind'], Tunnel> = {
  ipip: (family) => ({
    input: [
      {
        comment: 'Allow IPIP packets from Calico hosts',
        match: `-p 4 -m set --match-set ${ipSets(family).hosts} src -m addrtype --dst-type LOCAL`,
        action: jump('ACCEPT'),
      },
      { comment: 'Drop IPIP packets from non-Calico hosts', match: '-p 4', action: jump('DROP') },
    ],
    output: [
      {
        comment: 'Allow IPIP packets to other Calico hosts',
        match: `-p 4 -m set --match-set ${ipSets(family).hosts} dst -m addrtype --src-type LOCAL`,
        action: jump('ACCEPT'),
      },
    ],
  }),
  vxlan: (family, port) => {
    const { vteps } = ipSets(family);
    const packets = `-p 17 -m multiport --destination-ports ${port}`;
    return {
      input: [
        {
          comment: `Allow IPv${family} VXLAN packets from allowed hosts`,
          match: `${packets} -m set --match-set ${vteps} src -m addrtype --dst-type LOCAL`,
          action: jump('ACCEPT'),
        },
        {
          comment: `Drop IPv${family} VXLAN packets from non-allowed hosts`,
          match: `${packets} -m addrtype --dst-type LOCAL`,
          action: jump('DROP'),
        },
      ],
      output: [
        {
          comment: `Allow IPv${family} VXLAN packets to other allowed hosts`,
          match: `${packets} -m addrtype --src-type LOCAL -m set --match-set ${vteps} dst`,
          action: jump('ACCEPT'),
        },
      ],
    };
  },
};
