/** The terms of podAffinity and podAntiAffinity: which pods, and how near. */
import type { PodAffinity, PodAffinityTerm } from '../../parse/schema/scheduling.ts';
import type { Node } from '../cluster.ts';
import type { Draft } from '../draft.ts';
import { formatSelector, selects } from '../label-selector.ts';
import type { NamespaceLabels } from '../namespaces.ts';
import { withLabelKeys } from './label-keys.ts';

export interface Term {
  readonly topologyKey: string;
  /** Which pods, for messages. */
  readonly text: string;
  readonly selects: (pod: Draft) => boolean;
}

export interface WeightedTerm extends Term {
  /** Below zero: rather not. */
  readonly weight: number;
}

export interface PodTerms {
  readonly wanted: readonly Term[];
  readonly unwanted: readonly Term[];
  readonly preferred: readonly WeightedTerm[];
}

/** Those of each pod, read once. */
export function podTerms(namespaceLabels: NamespaceLabels): (draft: Draft) => PodTerms {
  const known = new Map<Draft, PodTerms>();
  return (draft) => {
    const terms = known.get(draft) ?? termsOf(draft, namespaceLabels);
    known.set(draft, terms);
    return terms;
  };
}

function termsOf(draft: Draft, namespaceLabels: NamespaceLabels): PodTerms {
  const { podAffinity, podAntiAffinity } = draft.spec.affinity ?? {};
  const term = (given: PodAffinityTerm) => readTerm(given, draft, namespaceLabels);
  const required = (of?: PodAffinity) => (of?.requiredDuringSchedulingIgnoredDuringExecution ?? []).map(term);
  const preferred = (sign: 1 | -1, of?: PodAffinity) =>
    (of?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map(({ weight, podAffinityTerm }) => ({
      ...term(podAffinityTerm),
      weight: sign * weight,
    }));
  return {
    wanted: required(podAffinity),
    unwanted: required(podAntiAffinity),
    preferred: [...preferred(1, podAffinity), ...preferred(-1, podAntiAffinity)],
  };
}

/** Pods of its own namespace, when it names none; without a selector, no pods (kubernetes pkg/scheduler/framework/types.go). */
function readTerm(given: PodAffinityTerm, { namespace, labels }: Draft, namespaceLabels: NamespaceLabels): Term {
  const { namespaces, namespaceSelector, topologyKey } = given;
  const own = namespaces.length === 0 && !namespaceSelector ? [namespace] : namespaces;
  const selector = withLabelKeys(given, labels);
  return {
    topologyKey,
    text: (selector && formatSelector(selector)) || 'any labels',
    selects: (pod) =>
      (own.includes(pod.namespace) ||
        (namespaceSelector !== undefined && selects(namespaceSelector, namespaceLabels(pod.namespace)))) &&
      selector !== undefined &&
      selects(selector, pod.labels),
  };
}

/** Pods of one domain are near each other; undefined: the node is in none. */
export function domainOf({ topologyKey }: Pick<Term, 'topologyKey'>, { labels }: Node): string | undefined {
  const value = labels[topologyKey];
  return value === undefined ? undefined : `${topologyKey}=${value}`;
}
