/**
 * Felix's rules for each pod of a node (felix rules/dispatch.go, endpoints.go, policy.go): by its interface a packet comes to the
 * pod's own chain, and from there to the policies that select it (policy.ts), or, where none does, to the profiles of its namespace
 * and its service account.
 *
 *   cali-from-wl-dispatch → cali-fw-x, what the pod sends → cali-po-… or cali-pro-…
 *   cali-to-wl-dispatch   → cali-tw-x, what it gets       → cali-pi-… or cali-pri-…
 */
import type { Pod } from '../../../model/cluster.ts';
import type { NetworkPolicy } from '../../../model/network-policy.ts';
import { chainName, interfaceName } from './names.ts';
import { policyJumps } from './policy.ts';
import type { FelixRule, FelixTable } from './table.ts';
import { clear, goTo, isMarked, jump, MARK, set } from './words.ts';

const UNKNOWN_INTERFACE: FelixRule = { comment: 'Unknown interface', action: jump('DROP') };

export function compileEndpoints(
  filter: FelixTable,
  pods: readonly Pod[],
  policies: readonly NetworkPolicy[],
  vxlanPort: number,
): void {
  compileDispatch(filter, pods, 'from-wl-dispatch', 'fw', (name) => `--in-interface ${name}`);
  compileDispatch(filter, pods, 'to-wl-dispatch', 'tw', (name) => `--out-interface ${name}`);
  for (const pod of pods) {
    compileEndpoint(filter, pod, 'tw', 'pri', policyJumps(pod, 'ingress', policies));
    compileEndpoint(filter, pod, 'fw', 'pro', [...noTunnels(vxlanPort), ...policyJumps(pod, 'egress', policies)]);
  }
  for (const namespace of new Set(pods.map((pod) => pod.namespace))) compileProfiles(filter, namespace);
}

/** A tunnel out of a pod would go round policies. */
function noTunnels(vxlanPort: number): FelixRule[] {
  return [
    {
      comment: 'Drop VXLAN encapped packets originating in workloads',
      match: `-p 17 -m multiport --destination-ports ${vxlanPort}`,
      action: jump('DROP'),
    },
    { comment: 'Drop IPinIP encapped packets originating in workloads', match: '-p 4', action: jump('DROP') },
  ];
}

function compileDispatch(
  filter: FelixTable,
  pods: readonly Pod[],
  dispatch: string,
  kind: 'fw' | 'tw',
  on: (name: string) => string,
): void {
  const end = [UNKNOWN_INTERFACE];
  filter.chain(`cali-${dispatch}`, [...dispatchRules(filter, pods, `cali-${dispatch}`, kind, on, end), ...end]);
}

/**
 * To the chain of an interface, by way of one for all whose names go on with the same letter where the names of all first
 * differ (dispatch.go, sortAndDivideEndpointNamesToPrefixTree). `end` is how those chains end.
 */
export function dispatchRules(
  filter: FelixTable,
  pods: readonly Pod[],
  chain: string,
  kind: 'fw' | 'tw' | 'sm',
  on: (name: string) => string,
  end: readonly FelixRule[],
): FelixRule[] {
  const names = pods.map(interfaceName).sort();
  const common = commonPrefix(names);
  const letters = [...new Set(names.map((name) => name.slice(common, common + 1)))];
  const endpoint = (name: string): FelixRule => ({
    match: on(name),
    action: goTo(chainName(`cali-${kind}-`, name)),
  });
  return letters.map((letter) => {
    const own = names.filter((name) => name.slice(common, common + 1) === letter);
    if (own.length === 1) return endpoint(own[0]!);
    const child = `${chain}-${letter}`;
    filter.chain(child, [...own.map(endpoint), ...end]);
    return { match: on(`${own[0]!.slice(0, common + 1)}+`), action: goTo(child) };
  });
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
  before: readonly FelixRule[],
): void {
  filter.chain(
    chainName(`cali-${kind}-`, interfaceName(pod)),
    [
      { match: '-m conntrack --ctstate RELATED,ESTABLISHED', action: jump('ACCEPT') },
      { match: '-m conntrack --ctstate INVALID', action: jump('DROP') },
      clear(MARK.acceptOrPass),
      ...before,
      ...profilesOf(pod.namespace).flatMap((name): FelixRule[] => [
        { action: jump(chainName(`cali-${profile}-`, name)) },
        { comment: 'Return if profile accepted', match: isMarked(MARK.accept), action: jump('RETURN') },
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
    filter.chain(chainName(`cali-${kind}-`, ofNamespace), [
      { comment: comment(ofNamespace), action: set(MARK.accept) },
    ]);
    filter.chain(chainName(`cali-${kind}-`, ofServiceAccount), [{ comment: comment(ofServiceAccount) }]);
  }
}
