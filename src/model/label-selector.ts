/** Label selectors of workloads, pods and policies (kubernetes apimachinery pkg/labels/selector.go, Requirement.Matches). */
import type { Diagnostics, Position } from '../diagnostic.ts';
import type { Path } from '../parse/locate.ts';
import type { LabelSelector } from '../parse/schema/label-selector.ts';

export type { LabelSelector } from '../parse/schema/label-selector.ts';

type Labels = Readonly<Record<string, string>>;
export type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

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

/** Reports what the API server refuses in a selector's keys and values (apimachinery pkg/apis/meta/v1/validation/validation.go). */
export function checkSelector(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  locate: (path: Path, part?: 'key') => Position,
  diagnostics: Diagnostics,
): void {
  for (const [key, value] of Object.entries(matchLabels)) {
    checkKey(key, locate(['matchLabels', key], 'key'), diagnostics);
    checkValue(value, locate(['matchLabels', key]), diagnostics);
  }
  for (const [index, { key, values = [] }] of matchExpressions.entries()) {
    const at = (...path: Path) => locate(['matchExpressions', index, ...path]);
    checkKey(key, at('key'), diagnostics);
    for (const [place, value] of values.entries()) checkValue(value, at('values', place), diagnostics);
  }
}

const NAME = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const PREFIX = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function checkKey(key: string, at: Position, diagnostics: Diagnostics): void {
  const [name = '', prefix, ...rest] = key.split('/').reverse();
  if (NAME.test(name) && (prefix === undefined || PREFIX.test(prefix)) && rest.length === 0) return;
  diagnostics.error(
    'invalid-selector',
    `"${key}" cannot be the key of a label`,
    at,
    'a key is [DOMAIN/]NAME, the name at most 63 letters, digits, "-", "_" and "."',
  );
}

function checkValue(value: string, at: Position, diagnostics: Diagnostics): void {
  if (value === '' || NAME.test(value)) return;
  diagnostics.error(
    'invalid-selector',
    `"${value}" cannot be the value of a label`,
    at,
    'a value is at most 63 letters, digits, "-", "_" and ".", or empty',
  );
}
