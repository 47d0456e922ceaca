/**
 * nodeSelector and nodeAffinity (kubernetes component-helpers scheduling/corev1/nodeaffinity/nodeaffinity.go;
 * pkg/scheduler/framework/plugins/nodeaffinity).
 */
import type { NodeSelectorTerm } from '../../parse/schema/scheduling.ts';
import type { Node } from '../cluster.ts';
import type { Draft } from '../draft.ts';
import { type Filter, MAX_SCORE, type Scorer } from './situation.ts';

/** A DaemonSet's controller adds the name of a node to what the pod asks for. */
type Wish = Pick<Draft, 'spec' | 'onlyNode'>;

export const nodeAffinityFilter: Filter = (draft) => {
  const { spec, onlyNode, locateSpec } = draft;
  if (!spec.nodeSelector && !termsOf(draft) && onlyNode === undefined) return undefined;
  return (node) => {
    const because = mismatch(draft, node);
    if (because === undefined) return undefined;
    return {
      reason: "node(s) didn't match Pod's node affinity/selector",
      because,
      at: locateSpec(spec.nodeSelector ? ['nodeSelector'] : ['affinity', 'nodeAffinity']),
      help: 'give a node what the pod asks for: nodes: [{ name: node1, labels: { … } }]',
    };
  };
};

/** The weights of the preferences that a node meets. */
export const nodeAffinityScore: Scorer = ({ spec }, nodes) => {
  const preferred = spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? [];
  if (preferred.length === 0) return undefined;
  const sums = nodes.map((node) =>
    preferred.reduce((sum, { weight, preference }) => sum + (meets(preference, node) ? weight : 0), 0),
  );
  const most = Math.max(...sums, 1);
  return sums.map((sum) => Math.floor((MAX_SCORE * sum) / most));
};

export function matchesNodeAffinity(wish: Wish, node: Node): boolean {
  return mismatch(wish, node) === undefined;
}

/** What a node lacks, or has and should not. */
function mismatch(wish: Wish, node: Node): string | undefined {
  const { nodeSelector = {} } = wish.spec;
  if (node.name !== (wish.onlyNode ?? node.name)) return `is not the node that the DaemonSet means`;
  const key = Object.keys(nodeSelector).find((label) => node.labels[label] !== nodeSelector[label]);
  if (key !== undefined) {
    const value = node.labels[key];
    return value === undefined ? `has no label ${key}` : `has the label ${key}=${value}`;
  }
  const terms = termsOf(wish);
  return !terms || terms.some((term) => meets(term, node)) ? undefined : 'is none that its nodeSelectorTerms allow';
}

/** One of them must be met. */
function termsOf({ spec }: Wish): readonly NodeSelectorTerm[] | undefined {
  return spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
}

/** One without requirements is met by no node. */
function meets({ matchExpressions, matchFields }: NodeSelectorTerm, { name, labels }: Node): boolean {
  return (
    matchExpressions.length + matchFields.length > 0 &&
    matchExpressions.every((requirement) => isTrue(requirement, labels[requirement.key])) &&
    matchFields.every(({ operator, values }) => (operator === 'In') === values.includes(name))
  );
}

/** apimachinery pkg/labels/selector.go, Requirement.Matches. */
function isTrue(
  { operator, values }: NodeSelectorTerm['matchExpressions'][number],
  label: string | undefined,
): boolean {
  switch (operator) {
    case 'In':
      return label !== undefined && values.includes(label);
    case 'NotIn':
      return label === undefined || !values.includes(label);
    case 'Exists':
      return label !== undefined;
    case 'DoesNotExist':
      return label === undefined;
    case 'Gt':
      return isNumber(label) && Number(label) > Number(values[0]);
    case 'Lt':
      return isNumber(label) && Number(label) < Number(values[0]);
  }
}

function isNumber(text: string | undefined): boolean {
  return text !== undefined && /^[+-]?\d+$/.test(text);
}
