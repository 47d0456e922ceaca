/** matchLabelKeys and mismatchLabelKeys, which the API server writes into a pod's selectors (kubernetes pkg/registry/core/pod/strategy.go). */
import type { LabelSelector } from '../../parse/schema/label-selector.ts';

interface Selecting {
  readonly labelSelector?: LabelSelector | undefined;
  readonly matchLabelKeys: readonly string[];
  readonly mismatchLabelKeys?: readonly string[];
}

/** The selector with the pod's own values of these labels; those that it lacks ask for nothing. */
export function withLabelKeys(
  { labelSelector, matchLabelKeys, mismatchLabelKeys = [] }: Selecting,
  labels: Readonly<Record<string, string>>,
): LabelSelector | undefined {
  const own = (operator: 'In' | 'NotIn') => (key: string) =>
    labels[key] === undefined ? [] : [{ key, operator, values: [labels[key]] }];
  return (
    labelSelector && {
      ...labelSelector,
      matchExpressions: [
        ...(labelSelector.matchExpressions ?? []),
        ...matchLabelKeys.flatMap(own('In')),
        ...mismatchLabelKeys.flatMap(own('NotIn')),
      ],
    }
  );
}
