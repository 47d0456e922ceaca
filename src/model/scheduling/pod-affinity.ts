/**
 * podAffinity and podAntiAffinity: who wants to be near whom (kubernetes pkg/scheduler/framework/plugins/interpodaffinity,
 * filtering.go and scoring.go).
 */
import { podPlace } from '../draft.ts';
import { domainOf, type Term } from './pod-terms.ts';
import { type Filter, MAX_SCORE, type Placement, type Scorer } from './situation.ts';

/** All terms at once must select a pod that is near; the first of pods that want to be together goes anywhere. */
export const podAffinityFilter: Filter = (draft, { placed, podTerms }) => {
  const { wanted } = podTerms(draft);
  if (wanted.length === 0) return undefined;
  const friends = placed.filter(({ draft: other }) => wanted.every((term) => term.selects(other)));
  const terms = wanted.map((term) => ({ term, domains: domainsOf(term, friends) }));
  const isFirst = terms.every(({ domains }) => domains.size === 0) && wanted.every((term) => term.selects(draft));
  return (node) => {
    for (const { term, domains } of terms) {
      const domain = domainOf(term, node);
      if (domain !== undefined && (isFirst || domains.has(domain))) continue;
      return {
        reason: "node(s) didn't match pod affinity rules",
        because: domain === undefined ? `has no label ${term.topologyKey}` : `has no pod with ${term.text} near it`,
        at: draft.locateSpec(['affinity', 'podAffinity']),
        help: 'a pod that it selects must be on a node itself: look at the labels and the namespace',
      };
    }
    return undefined;
  };
};

const ROOM = 'ask for fewer pods, or add nodes';

/** No term may select a pod that is near. */
export const podAntiAffinityFilter: Filter = (draft, { placed, podTerms }) => {
  const { unwanted } = podTerms(draft);
  if (unwanted.length === 0) return undefined;
  const terms = unwanted.map((term) => {
    const foes = placed.filter(({ draft: other }) => term.selects(other));
    return { term, domains: domainsOf(term, foes) };
  });
  return (node) => {
    for (const { term, domains } of terms) {
      const foe = domains.get(domainOf(term, node) ?? '');
      if (!foe) continue;
      return {
        reason: "node(s) didn't match pod anti-affinity rules",
        because: `has ${podPlace(foe.draft)} near it`,
        at: draft.locateSpec(['affinity', 'podAntiAffinity']),
        help: ROOM,
      };
    }
    return undefined;
  };
};

/** It holds the other way round as well. */
export const existingAntiAffinityFilter: Filter = (draft, { placed, podTerms }) => {
  const averse = placed.flatMap((placement) =>
    podTerms(placement.draft)
      .unwanted.filter((term) => term.selects(draft))
      .map((term) => ({ term, placement })),
  );
  if (averse.length === 0) return undefined;
  return (node) => {
    const found = averse.find(({ term, placement }) => {
      const domain = domainOf(term, placement.node);
      return domain !== undefined && domain === domainOf(term, node);
    });
    return (
      found && {
        reason: "node(s) didn't satisfy existing pods anti-affinity rules",
        because: `has ${podPlace(found.placement.draft)} near it, which wants no such pod there`,
        at: draft.locateSpec([]),
        help: ROOM,
      }
    );
  };
};

/** kube-scheduler's hardPodAffinityWeight: what a pod requires is a wish for those that it selects. */
const REQUIRED_WEIGHT = 1;

/** What the pod prefers of those there are, and what these prefer of it. */
export const podAffinityScore: Scorer = (draft, nodes, { placed, podTerms }) => {
  const own = podTerms(draft).preferred;
  const weights = new Map<string, number>();
  const add = (term: Term, weight: number, { node }: Placement) => {
    const domain = domainOf(term, node);
    if (domain !== undefined) weights.set(domain, (weights.get(domain) ?? 0) + weight);
  };
  for (const placement of placed) {
    for (const term of own) if (term.selects(placement.draft)) add(term, term.weight, placement);
    const { wanted, preferred } = podTerms(placement.draft);
    for (const term of wanted) if (term.selects(draft)) add(term, REQUIRED_WEIGHT, placement);
    for (const term of preferred) if (term.selects(draft)) add(term, term.weight, placement);
  }
  if (weights.size === 0) return undefined;
  const sums = nodes.map(({ labels }) =>
    Object.entries(labels).reduce((sum, [key, value]) => sum + (weights.get(`${key}=${value}`) ?? 0), 0),
  );
  const [least, most] = [Math.min(...sums, 0), Math.max(...sums, 0)];
  return sums.map((sum) => (most === least ? 0 : Math.floor((MAX_SCORE * (sum - least)) / (most - least))));
};

/** The domains of pods, with one of the pods in each. */
function domainsOf(term: Term, pods: readonly Placement[]): ReadonlyMap<string, Placement> {
  return new Map(
    pods.flatMap((placement) => {
      const domain = domainOf(term, placement.node);
      return domain === undefined ? [] : [[domain, placement] as const];
    }),
  );
}
