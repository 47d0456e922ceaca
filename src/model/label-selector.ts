/** Label selectors of workloads and pods (kubernetes apimachinery pkg/labels/selector.go, Requirement.Matches). */
import type { LabelSelector } from '../parse/schema/label-selector.ts';

type Labels = Readonly<Record<string, string>>;
type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

/** Everything it asks for must be true; one that asks for nothing selects everything. */
export function selects({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((requirement) => isTrue(requirement, labels[requirement.key]))
  );
}

function isTrue({ operator, values = [] }: Requirement, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

/** As kubectl writes one: `app=web,tier in (front,back),!legacy`. */
export function formatSelector({ matchLabels = {}, matchExpressions = [] }: LabelSelector): string {
  return [
    ...formatLabels(matchLabels),
    ...matchExpressions.map(({ key, operator, values = [] }) => {
      if (operator === 'Exists') return key;
      if (operator === 'DoesNotExist') return `!${key}`;
      return `${key} ${operator.toLowerCase()} (${values.join(',')})`;
    }),
  ].join(',');
}

export function formatLabels(labels: Labels): string[] {
  return Object.entries(labels).map(([key, value]) => `${key}=${value}`);
}
