/** Label selectors (apimachinery pkg/apis/meta/v1 helpers.go, labels/selector.go; validation/validation.go). */
import type { Diagnostics, Position } from '../diagnostic.ts';
import type { Path } from '../parse/locate.ts';
import type { LabelSelector } from '../parse/schema/kubernetes.ts';

export type { LabelSelector } from '../parse/schema/kubernetes.ts';

type Labels = Readonly<Record<string, string>>;
export type Requirement = NonNullable<LabelSelector['matchExpressions']>[number];

/** Whether labels meet every requirement; an empty selector asks for nothing. */
export function selects({ matchLabels = {}, matchExpressions = [] }: LabelSelector, labels: Labels): boolean {
  return (
    Object.entries(matchLabels).every(([key, value]) => labels[key] === value) &&
    matchExpressions.every((requirement) => meets(requirement, labels))
  );
}

/** NotIn is met by whoever does not have the label at all. */
function meets({ key, operator, values = [] }: Requirement, labels: Labels): boolean {
  const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
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

/** Reports what the API server refuses in a selector. */
export function checkSelector(
  { matchLabels = {}, matchExpressions = [] }: LabelSelector,
  locate: (path: Path, part?: 'key') => Position,
  diagnostics: Diagnostics,
): void {
  for (const [key, value] of Object.entries(matchLabels)) {
    checkKey(key, locate(['matchLabels', key], 'key'), diagnostics);
    checkValue(value, locate(['matchLabels', key]), diagnostics);
  }
  for (const [index, { key, operator, values = [] }] of matchExpressions.entries()) {
    const at = (...path: Path) => locate(['matchExpressions', index, ...path]);
    checkKey(key, at('key'), diagnostics);
    for (const [place, value] of values.entries()) checkValue(value, at('values', place), diagnostics);
    const listed = operator === 'In' || operator === 'NotIn';
    if (listed && values.length === 0)
      diagnostics.error(
        'invalid-selector',
        `operator ${operator} needs values to compare with`,
        at('operator'),
        'add values: […], or use Exists or DoesNotExist',
      );
    if (!listed && values.length > 0)
      diagnostics.error(
        'invalid-selector',
        `operator ${operator} looks at the key alone, and takes no values`,
        at('values'),
        'leave values out, or use In or NotIn',
      );
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
