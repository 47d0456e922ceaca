/**
 * Taints and tolerations (kubernetes component-helpers scheduling/corev1/helpers.go; pkg/scheduler/framework/plugins/tainttoleration
 * and nodeunschedulable). A node that is unschedulable has a taint that says so.
 */
import type { Taint, Toleration } from '../../parse/schema/scheduling.ts';
import type { Draft } from '../draft.ts';
import { type Filter, MAX_SCORE, type Scorer } from './situation.ts';

export const UNSCHEDULABLE: Taint = { key: 'node.kubernetes.io/unschedulable', value: '', effect: 'NoSchedule' };

export const taintFilter: Filter = (draft, { nodes }) => {
  if (nodes.every(({ taints }) => taints.length === 0)) return undefined;
  return ({ taints }) => {
    const taint = untolerated(draft.spec, taints);
    return (
      taint && {
        reason:
          taint.key === UNSCHEDULABLE.key
            ? 'node(s) were unschedulable'
            : `node(s) had untolerated taint {${taint.key}: ${taint.value}}`,
        because: `has the taint ${formatTaint(taint)}`,
        at: draft.locateSpec(['tolerations']),
        help: `a pod that may go there has tolerations: [{ key: ${taint.key}, operator: Exists }]`,
      }
    );
  };
};

/** Taints of the effect PreferNoSchedule count against a node. */
export const taintScore: Scorer = ({ spec }, nodes) => {
  const counts = nodes.map(
    ({ taints }) => taints.filter((taint) => taint.effect === 'PreferNoSchedule' && !tolerates(spec, taint)).length,
  );
  const most = Math.max(...counts);
  return most === 0 ? undefined : counts.map((count) => MAX_SCORE - Math.floor((MAX_SCORE * count) / most));
};

/** The first that keeps the pod away. */
export function untolerated(spec: Draft['spec'], taints: readonly Taint[]): Taint | undefined {
  return taints.find((taint) => taint.effect !== 'PreferNoSchedule' && !tolerates(spec, taint));
}

function tolerates({ tolerations = [] }: Draft['spec'], taint: Taint): boolean {
  return tolerations.some(
    ({ key, operator, value, effect }: Toleration) =>
      (effect === '' || effect === taint.effect) &&
      (key === '' || key === taint.key) &&
      (operator === 'Exists' || value === taint.value),
  );
}

/** As kubectl taint has it: `dedicated=gpu:NoSchedule`. */
function formatTaint({ key, value, effect }: Taint): string {
  return `${key}${value === '' ? '' : `=${value}`}:${effect}`;
}
