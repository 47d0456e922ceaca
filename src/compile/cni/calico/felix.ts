/**
 * Felix's rules on a node (felix rules/static.go, endpoints.go, dispatch.go, nat.go), as there is no policy: what comes from
 * pods and goes to them passes their profiles, which allow all, and carries the accept mark from then on.
 *
 *   raw PREROUTING   a pod sends from its own address only: a reverse-path check of Felix's own
 *   filter FORWARD → cali-FORWARD ─ from a pod: cali-from-wl-dispatch → cali-fw-x ─ to a pod: cali-to-wl-dispatch → cali-tw-x
 *          … and behind everybody else's rules: what is marked as accepted is accepted
 *   filter INPUT   → cali-INPUT ─ tunnel packets from nodes only ─ from pods: accepted (DefaultEndpointToHostAction)
 *   nat POSTROUTING→ cali-POSTROUTING ─ from a pool that is masqueraded to where no pool is: MASQUERADE
 *
 * Chains for host endpoints are empty, as there are none. What Felix adds for IPVS matters to policies only, and is left out.
 */
import type { Pod } from '../../../model/cluster.ts';
import type { NamespaceBuilder } from '../../builder.ts';
import { chainName, interfaceName } from './names.ts';
import { type FelixRule, FelixTable } from './table.ts';

export interface Encapsulation {
  readonly kind: 'ipip' | 'vxlan';
  readonly device: string;
  /** Of VXLAN. */
  readonly port?: number;
}

/** Names of felix's IP sets (felix rules/rule_defs.go, ipsets/ipset_defs.go). */
export const IPSETS = {
  allPools: 'cali40all-ipam-pools',
  masqueradedPools: 'cali40masq-ipam-pools',
  hosts: 'cali40all-hosts-net',
  vteps: 'cali40all-vxlan-net',
} as const;

/** The marks of Felix's IptablesMarkMask, 0xffff0000, in the order in which it hands them out (felix dataplane/driver.go). */
const ACCEPT = '0x10000';
const ACCEPT_OR_PASS = '0x30000';
const FROM_WORKLOAD = '0x40000';
const ALL = '0xf0000';
const ALL_BUT_ACCEPT = '0xe0000';

/** VXLAN's port as workloads might use it (FelixConfiguration vxlanPort). */
const VXLAN_PORT = 4789;

const isMarked = (mark: string) => `-m mark --mark ${mark}/${mark}`;
const isUnmarked = (mark: string) => `-m mark --mark 0/${mark}`;
const jump = (target: string) => `--jump ${target}`;
const goTo = (target: string) => `--goto ${target}`;
const clear = (mark: string): FelixRule => ({ action: `--jump MARK --set-mark 0/${mark}` });
const set = (mark: string) => `--jump MARK --set-mark ${mark}/${mark}`;
const WORKLOADS = 'cali+';
const ACCEPTED: FelixRule = { match: isMarked(ACCEPT), action: jump('ACCEPT') };
const HOST_ENDPOINT_ACCEPTED: FelixRule = { comment: 'Host endpoint policy accepted packet.', ...ACCEPTED };
const UNKNOWN_INTERFACE: FelixRule = { comment: 'Unknown interface', action: jump('DROP') };

export function compileFelix(
  { iptables, origin }: NamespaceBuilder,
  pods: readonly Pod[],
  { encapsulation, natOutgoing }: { readonly encapsulation: Encapsulation | undefined; readonly natOutgoing: boolean },
): void {
  compileRaw(new FelixTable(iptables, 'raw', origin), encapsulation);
  compileMangle(new FelixTable(iptables, 'mangle', origin));
  compileNat(new FelixTable(iptables, 'nat', origin), encapsulation, natOutgoing);
  compileFilter(new FelixTable(iptables, 'filter', origin), pods, encapsulation);
}

function compileRaw(raw: FelixTable, encapsulation: Encapsulation | undefined): void {
  /** Its two directions have different ports: tracked, they would never be answered. */
  const untracked: FelixRule[] =
    encapsulation?.kind === 'vxlan' ? [{ match: `-p udp --dport ${encapsulation.port}`, action: jump('NOTRACK') }] : [];
  raw.insert('PREROUTING', [{ action: jump('cali-PREROUTING') }]);
  raw.insert('OUTPUT', [{ action: jump('cali-OUTPUT') }]);
  raw.chain('cali-PREROUTING', [
    clear(ALL),
    ...untracked,
    { match: `--in-interface ${WORKLOADS}`, action: set(FROM_WORKLOAD) },
    { match: isMarked(FROM_WORKLOAD), action: jump('cali-rpf-skip') },
    { match: `${isMarked(FROM_WORKLOAD)} -m rpfilter --invert --validmark`, action: jump('DROP') },
    { match: isUnmarked(FROM_WORKLOAD), action: jump('cali-from-host-endpoint') },
    ACCEPTED,
  ]);
  raw.chain('cali-OUTPUT', [clear(ALL), { action: jump('cali-to-host-endpoint') }, ...untracked, ACCEPTED]);
  for (const empty of ['cali-rpf-skip', 'cali-from-host-endpoint', 'cali-to-host-endpoint']) raw.chain(empty, []);
}

function compileMangle(mangle: FelixTable): void {
  mangle.insert('PREROUTING', [{ action: jump('cali-PREROUTING') }]);
  mangle.insert('POSTROUTING', [{ action: jump('cali-POSTROUTING') }]);
  mangle.chain('cali-PREROUTING', [
    { match: '-m conntrack --ctstate RELATED,ESTABLISHED', action: jump('ACCEPT') },
    ACCEPTED,
    { action: jump('cali-from-host-endpoint') },
    HOST_ENDPOINT_ACCEPTED,
  ]);
  mangle.chain('cali-POSTROUTING', [
    { match: isMarked(ACCEPT), action: jump('RETURN') },
    clear(ALL),
    { match: '-m conntrack --ctstate DNAT', action: jump('cali-to-host-endpoint') },
    { ...HOST_ENDPOINT_ACCEPTED, action: jump('RETURN') },
  ]);
  for (const empty of ['cali-from-host-endpoint', 'cali-to-host-endpoint']) mangle.chain(empty, []);
}

function compileNat(nat: FelixTable, encapsulation: Encapsulation | undefined, natOutgoing: boolean): void {
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
  const outgoing = `-m set --match-set ${IPSETS.masqueradedPools} src -m set ! --match-set ${IPSETS.allPools} dst`;
  nat.chain('cali-nat-outgoing', natOutgoing ? [{ match: outgoing, action: jump('MASQUERADE --random-fully') }] : []);
  for (const empty of ['cali-fip-dnat', 'cali-fip-snat']) nat.chain(empty, []);
}

function compileFilter(filter: FelixTable, pods: readonly Pod[], encapsulation: Encapsulation | undefined): void {
  const tunnel = encapsulation && TUNNELS[encapsulation.kind](encapsulation.port ?? VXLAN_PORT);
  for (const chain of ['INPUT', 'FORWARD', 'OUTPUT']) filter.insert(chain, [{ action: jump(`cali-${chain}`) }]);
  filter.append('FORWARD', [
    { comment: 'Policy explicitly accepted packet.', ...ACCEPTED },
    /** For cali-POSTROUTING in table mangle: it has been forwarded. */
    { action: set(ACCEPT) },
  ]);
  filter.chain('cali-FORWARD', [
    clear(ALL_BUT_ACCEPT),
    { match: isUnmarked(ACCEPT), action: jump('cali-from-hep-forward') },
    { match: `--in-interface ${WORKLOADS}`, action: jump('cali-from-wl-dispatch') },
    { match: `--out-interface ${WORKLOADS}`, action: jump('cali-to-wl-dispatch') },
    { action: jump('cali-to-hep-forward') },
    { action: jump('cali-cidr-block') },
  ]);
  filter.chain('cali-INPUT', [
    ...(tunnel?.input ?? []),
    { match: `--in-interface ${WORKLOADS}`, action: goTo('cali-wl-to-host') },
    ACCEPTED,
    clear(ALL),
    { action: jump('cali-from-host-endpoint') },
    HOST_ENDPOINT_ACCEPTED,
  ]);
  filter.chain('cali-wl-to-host', [
    { action: jump('cali-from-wl-dispatch') },
    { comment: 'Configured DefaultEndpointToHostAction', action: jump('ACCEPT') },
  ]);
  filter.chain('cali-OUTPUT', [
    ACCEPTED,
    { match: `--out-interface ${WORKLOADS}`, action: jump('RETURN') },
    ...(tunnel?.output ?? []),
    clear(ALL),
    { match: '-m conntrack ! --ctstate DNAT', action: jump('cali-to-host-endpoint') },
    HOST_ENDPOINT_ACCEPTED,
  ]);
  for (const empty of HOST_ENDPOINT_CHAINS) filter.chain(empty, []);
  compileDispatch(filter, pods, 'from-wl-dispatch', 'fw', (name) => `--in-interface ${name}`);
  compileDispatch(filter, pods, 'to-wl-dispatch', 'tw', (name) => `--out-interface ${name}`);
  for (const pod of pods) {
    compileEndpoint(filter, pod, 'tw', 'pri', []);
    compileEndpoint(filter, pod, 'fw', 'pro', NO_TUNNELS);
  }
  for (const namespace of new Set(pods.map((pod) => pod.namespace))) compileProfiles(filter, namespace);
}

const HOST_ENDPOINT_CHAINS = [
  'cali-from-hep-forward',
  'cali-to-hep-forward',
  'cali-from-host-endpoint',
  'cali-to-host-endpoint',
  'cali-cidr-block',
];

/** Tunnel packets come from nodes and go to nodes, whatever policies hosts have. */
const TUNNELS: Record<Encapsulation['kind'], (port: number) => { input: FelixRule[]; output: FelixRule[] }> = {
  ipip: () => ({
    input: [
      {
        comment: 'Allow IPIP packets from Calico hosts',
        match: `-p 4 -m set --match-set ${IPSETS.hosts} src -m addrtype --dst-type LOCAL`,
        action: jump('ACCEPT'),
      },
      { comment: 'Drop IPIP packets from non-Calico hosts', match: '-p 4', action: jump('DROP') },
    ],
    output: [
      {
        comment: 'Allow IPIP packets to other Calico hosts',
        match: `-p 4 -m set --match-set ${IPSETS.hosts} dst -m addrtype --src-type LOCAL`,
        action: jump('ACCEPT'),
      },
    ],
  }),
  vxlan: (port) => {
    const packets = `-p 17 -m multiport --destination-ports ${port}`;
    return {
      input: [
        {
          comment: 'Allow IPv4 VXLAN packets from allowed hosts',
          match: `${packets} -m set --match-set ${IPSETS.vteps} src -m addrtype --dst-type LOCAL`,
          action: jump('ACCEPT'),
        },
        {
          comment: 'Drop IPv4 VXLAN packets from non-allowed hosts',
          match: `${packets} -m addrtype --dst-type LOCAL`,
          action: jump('DROP'),
        },
      ],
      output: [
        {
          comment: 'Allow IPv4 VXLAN packets to other allowed hosts',
          match: `${packets} -m addrtype --src-type LOCAL -m set --match-set ${IPSETS.vteps} dst`,
          action: jump('ACCEPT'),
        },
      ],
    };
  },
};

/** A tunnel out of a pod would go round policies. */
const NO_TUNNELS: readonly FelixRule[] = [
  {
    comment: 'Drop VXLAN encapped packets originating in workloads',
    match: `-p 17 -m multiport --destination-ports ${VXLAN_PORT}`,
    action: jump('DROP'),
  },
  { comment: 'Drop IPinIP encapped packets originating in workloads', match: '-p 4', action: jump('DROP') },
];

/**
 * To the chain of an interface, by way of one for all whose names go on with the same letter where the names of all first
 * differ (dispatch.go, sortAndDivideEndpointNamesToPrefixTree).
 */
function compileDispatch(
  filter: FelixTable,
  pods: readonly Pod[],
  dispatch: string,
  kind: 'fw' | 'tw',
  on: (name: string) => string,
): void {
  const names = pods.map(interfaceName).sort();
  const common = commonPrefix(names);
  const letters = [...new Set(names.map((name) => name.slice(common, common + 1)))];
  const endpoint = (name: string): FelixRule => ({
    match: on(name),
    action: goTo(chainName(`cali-${kind}-`, name)),
  });
  const root = letters.map((letter) => {
    const own = names.filter((name) => name.slice(common, common + 1) === letter);
    if (own.length === 1) return endpoint(own[0]!);
    const child = `cali-${dispatch}-${letter}`;
    filter.chain(child, [...own.map(endpoint), UNKNOWN_INTERFACE]);
    return { match: on(`${own[0]!.slice(0, common + 1)}+`), action: goTo(child) };
  });
  filter.chain(`cali-${dispatch}`, [...root, UNKNOWN_INTERFACE]);
}

/** How many letters all of the sorted names begin with. */
function commonPrefix(names: readonly string[]): number {
  const [first = '', last = ''] = [names[0], names.at(-1)];
  let length = 0;
  while (length < first.length && first[length] === last[length]) length++;
  return length;
}

function compileEndpoint(
  filter: FelixTable,
  pod: Pod,
  kind: 'fw' | 'tw',
  profile: 'pri' | 'pro',
  forbidden: readonly FelixRule[],
): void {
  filter.chain(
    chainName(`cali-${kind}-`, interfaceName(pod)),
    [
      { match: '-m conntrack --ctstate RELATED,ESTABLISHED', action: jump('ACCEPT') },
      { match: '-m conntrack --ctstate INVALID', action: jump('DROP') },
      clear(ACCEPT_OR_PASS),
      ...forbidden,
      ...profilesOf(pod.namespace).flatMap((name): FelixRule[] => [
        { action: jump(chainName(`cali-${profile}-`, name)) },
        { comment: 'Return if profile accepted', match: isMarked(ACCEPT), action: jump('RETURN') },
      ]),
      { comment: 'Drop if no profiles matched', action: jump('DROP') },
    ],
    pod.origin,
  );
}

/** Kubernetes' namespaces and service accounts as Calico's profiles (libcalico-go lib/backend/k8s/conversion). */
function profilesOf(namespace: string): [ofNamespace: string, ofServiceAccount: string] {
  return [`kns.${namespace}`, `ksa.${namespace}.default`];
}

/** The profile of a namespace allows everything, that of a service account has no rules. */
function compileProfiles(filter: FelixTable, namespace: string): void {
  const [ofNamespace, ofServiceAccount] = profilesOf(namespace);
  for (const [kind, direction] of [
    ['pri', 'ingress'],
    ['pro', 'egress'],
  ] as const) {
    const comment = (name: string) => `Profile ${name} ${direction}`;
    filter.chain(chainName(`cali-${kind}-`, ofNamespace), [{ comment: comment(ofNamespace), action: set(ACCEPT) }]);
    filter.chain(chainName(`cali-${kind}-`, ofServiceAccount), [{ comment: comment(ofServiceAccount) }]);
  }
}
