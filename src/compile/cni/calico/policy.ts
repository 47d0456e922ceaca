/**
 * NetworkPolicies as Felix enforces them (felix rules/policy.go, endpoints.go, dataplane/linux/endpoint_mgr.go): each is a policy
 * of the tier "default", with a chain for each direction that some pod of the node goes through.
 *
 *   cali-tw-x → cali-pi-y, for each policy of the pod: sets the accept mark on what it allows
 *             → DROP, when some policy of this direction selects the pod and none has allowed it
 *
 * Policies of a pod with the same selector have a chain together, cali-gi-…, which calls theirs. Those of egress are cali-po-
 * and cali-go-.
 */
import type { Pod } from '../../../model/cluster.ts';
import { DIRECTIONS, type Direction, type NetworkPolicy } from '../../../model/network-policy.ts';
import type { Family } from '../../../net/address.ts';
import { digest } from '../../../net/name.ts';
import { chainName } from './names.ts';
import { felixRules } from './policy-rules.ts';
import type { PolicySets } from './policy-sets.ts';
import { targetSelector } from './selectors.ts';
import type { FelixRule, FelixTable } from './table.ts';
import { clear, isMarked, isUnmarked, jump, MARK } from './words.ts';

const PREFIXES = {
  ingress: { policy: 'cali-pi-', group: 'cali-gi-', direction: 'inbound' },
  egress: { policy: 'cali-po-', group: 'cali-go-', direction: 'outbound' },
} as const;

/** A RETURN is worth its while after so many jumps. */
const RETURN_STRIDE = 5;

/** What calls the chains of a pod's policies, in its own chain; nothing where none selects it. */
export function policyJumps(pod: Pod, direction: Direction, policies: readonly NetworkPolicy[]): FelixRule[] {
  const own = policiesOf(pod, direction, policies);
  if (own.length === 0) return [];
  return [
    { comment: 'Start of tier default', ...clear(MARK.pass) },
    ...groupsOf(own).flatMap((group): FelixRule[] => [
      {
        match: isUnmarked(MARK.pass),
        action: jump(group.length === 1 ? policyChain(group[0]!, direction) : groupChain(group, direction)),
      },
      { comment: 'Return if policy accepted', match: isMarked(MARK.accept), action: jump('RETURN') },
    ]),
    {
      comment: 'End of tier default. Drop if no policies passed packet',
      match: isUnmarked(MARK.pass),
      action: jump('DROP'),
    },
  ];
}

/** The chains that pods of the node go through. */
export function compilePolicyChains(
  filter: FelixTable,
  local: readonly Pod[],
  policies: readonly NetworkPolicy[],
  sets: PolicySets,
  family: Family,
): void {
  for (const direction of DIRECTIONS) {
    const ofPods = local.map((pod) => policiesOf(pod, direction, policies));
    for (const policy of new Set(ofPods.flat())) {
      const { namespace, name, origin } = policy;
      const rules = policy[direction]!.flatMap((rule) => felixRules(policy, rule, { direction, family, sets }));
      const [first = {}, ...others] = withoutLastReturn(rules);
      const comment = `KubernetesNetworkPolicy ${namespace}/${name} ${direction}`;
      filter.chain(policyChain(policy, direction), [{ ...first, comment }, ...others], origin);
    }
    const groups = new Map(
      ofPods
        .flatMap(groupsOf)
        .filter(({ length }) => length > 1)
        .map((group) => [groupChain(group, direction), group]),
    );
    for (const [name, group] of groups) filter.chain(name, groupRules(group, direction));
  }
}

function policiesOf({ place }: Pod, direction: Direction, policies: readonly NetworkPolicy[]): NetworkPolicy[] {
  return policies
    .filter((policy) => policy[direction] !== undefined && policy.pods.includes(place))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

/** Neighbours with one selector. */
function groupsOf(policies: readonly NetworkPolicy[]): NetworkPolicy[][] {
  const groups: NetworkPolicy[][] = [];
  for (const policy of policies) {
    const last = groups.at(-1);
    if (last && targetSelector(last[0]!) === targetSelector(policy)) last.push(policy);
    else groups.push([policy]);
  }
  return groups;
}

function policyChain({ namespace, name }: NetworkPolicy, direction: Direction): string {
  return chainName(PREFIXES[direction].policy, `knp/${namespace}/${name}`);
}

const GROUP_HASH_LENGTH = 20;

function groupChain(group: readonly NetworkPolicy[], direction: Direction): string {
  const ids = group.map(
    ({ namespace, name }) => `{Name: ${name}, Namespace: ${namespace}, Kind: KubernetesNetworkPolicy}`,
  );
  const lines = [targetSelector(group[0]!), PREFIXES[direction].direction, String(group.length), ...ids];
  const hash = digest('sha3-224', lines.map((line) => `${line}\n`).join(''), 'base64url');
  return PREFIXES[direction].group + hash.slice(0, GROUP_HASH_LENGTH);
}

function groupRules(group: readonly NetworkPolicy[], direction: Direction): FelixRule[] {
  return group.flatMap((policy, index): FelixRule[] => {
    const begins = index % RETURN_STRIDE === 0;
    const isVerdict = `-m mark ! --mark 0/${MARK.acceptOrPass}`;
    return [
      ...(begins && index > 0 ? [{ comment: 'Return on verdict', match: isVerdict, action: jump('RETURN') }] : []),
      { ...(!begins && { match: isUnmarked(MARK.acceptOrPass) }), action: jump(policyChain(policy, direction)) },
    ];
  });
}

/** What returns at the end of a chain does so anyway. */
function withoutLastReturn(rules: readonly FelixRule[]): FelixRule[] {
  return rules.at(-1)?.action === jump('RETURN') ? rules.slice(0, -1) : [...rules];
}
