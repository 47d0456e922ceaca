/**
 * topologySpreadConstraints: so many pods more in one domain than in another, and no more (kubernetes
 * pkg/scheduler/framework/plugins/podtopologyspread, filtering.go and scoring.go).
 */
import type { TopologySpreadConstraint } from '../../parse/schema/scheduling.ts';
import type { Node } from '../cluster.ts';
import type { Draft } from '../draft.ts';
import { selects } from '../label-selector.ts';
import { withLabelKeys } from './label-keys.ts';
import { matchesNodeAffinity } from './node-affinity.ts';
import { type Filter, MAX_SCORE, type Scorer, type Situation } from './situation.ts';
import { untolerated } from './taints.ts';

export const topologySpreadFilter: Filter = (draft, situation) => {
  const constraints = constraintsOf(draft, 'DoNotSchedule');
  if (constraints.length === 0) return undefined;
  const rules = constraints.map((constraint) => {
    const counts = countsOf(constraint, constraints, draft, situation);
    const least = counts.size < constraint.minDomains ? 0 : Math.min(...counts.values());
    return { ...constraint, counts, least, own: likeness(constraint, draft)(draft) ? 1 : 0 };
  });
  const refusal = (reason: string, because: string) => ({
    reason: `node(s) didn't match pod topology spread constraints${reason}`,
    because,
    at: draft.locateSpec(['topologySpreadConstraints']),
    help: 'allow a larger maxSkew, add nodes, or let it be a wish: whenUnsatisfiable: ScheduleAnyway',
  });
  return ({ labels }) => {
    for (const { topologyKey, counts, least, own, maxSkew } of rules) {
      const value = labels[topologyKey];
      if (value === undefined) return refusal(' (missing required label)', `has no label ${topologyKey}`);
      const count = counts.get(value) ?? 0;
      if (count + own - least > maxSkew)
        return refusal('', `has ${count} of these pods in ${topologyKey}=${value}, where the fewest are ${least}`);
    }
    return undefined;
  };
};

export const topologySpreadScore: Scorer = (draft, nodes, situation) => {
  const constraints = constraintsOf(draft, 'ScheduleAnyway');
  if (constraints.length === 0) return undefined;
  const scored = nodes.filter((node) => hasKeys(node, constraints));
  const rules = constraints.map((constraint) => {
    const domains = new Set(scored.map(({ labels }) => labels[constraint.topologyKey]));
    const counts = countsOf(constraint, constraints, draft, situation);
    return { ...constraint, counts, weight: Math.log(domains.size + 2) };
  });
  const costs = new Map(
    scored.map((node) => [
      node,
      Math.round(
        rules.reduce((sum, { topologyKey, counts, weight, maxSkew }) => {
          return sum + (counts.get(node.labels[topologyKey]!) ?? 0) * weight + maxSkew - 1;
        }, 0),
      ),
    ]),
  );
  const [least, most] = [Math.min(...costs.values()), Math.max(...costs.values())];
  return nodes.map((node) => {
    const cost = costs.get(node);
    if (cost === undefined) return 0;
    return most === 0 ? MAX_SCORE : Math.floor((MAX_SCORE * (most + least - cost)) / most);
  });
};

function constraintsOf(
  { spec }: Draft,
  kind: TopologySpreadConstraint['whenUnsatisfiable'],
): readonly TopologySpreadConstraint[] {
  return (spec.topologySpreadConstraints ?? []).filter(({ whenUnsatisfiable }) => whenUnsatisfiable === kind);
}

/** How many pods are in each domain. Only nodes count that have all the keys and that the pod may be on. */
function countsOf(
  constraint: TopologySpreadConstraint,
  constraints: readonly TopologySpreadConstraint[],
  draft: Draft,
  { nodes, placed }: Situation,
): ReadonlyMap<string, number> {
  const { topologyKey, nodeAffinityPolicy, nodeTaintsPolicy } = constraint;
  const counting = new Set(
    nodes.filter(
      (node) =>
        hasKeys(node, constraints) &&
        (nodeAffinityPolicy === 'Ignore' || matchesNodeAffinity(draft, node)) &&
        (nodeTaintsPolicy === 'Ignore' || !untolerated(draft.spec, node.taints)),
    ),
  );
  const counts = new Map([...counting].map(({ labels }) => [labels[topologyKey]!, 0]));
  const isLike = likeness(constraint, draft);
  for (const { draft: pod, node } of placed) {
    if (!counting.has(node) || pod.terminating || !isLike(pod)) continue;
    const value = node.labels[topologyKey]!;
    counts.set(value, counts.get(value)! + 1);
  }
  return counts;
}

/** Pods of the same namespace that the selector selects; without one, none. */
function likeness(constraint: TopologySpreadConstraint, { namespace, labels }: Draft): (pod: Draft) => boolean {
  const selector = withLabelKeys(constraint, labels);
  return (pod) => selector !== undefined && pod.namespace === namespace && selects(selector, pod.labels);
}

function hasKeys({ labels }: Node, constraints: readonly TopologySpreadConstraint[]): boolean {
  return constraints.every(({ topologyKey }) => labels[topologyKey] !== undefined);
}
