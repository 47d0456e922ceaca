/** Holds a value against its schema and says what is wrong in the words of the file: field, place, what is allowed. */
import type * as z from 'zod';
import type { Diagnostics } from '../diagnostic.ts';
import { nearest } from '../diagnostic.ts';
import type { Locate, Path } from './locate.ts';

/** The parsed value with defaults filled in; undefined after reporting why it is none. */
export function validate<T extends z.ZodType>(
  schema: T,
  value: unknown,
  locate: Locate,
  diagnostics: Diagnostics,
): z.output<T> | undefined {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  for (const issue of result.error.issues) report(issue, [], schema, value, locate, diagnostics);
  return undefined;
}

type Issue = z.core.$ZodIssue;

function report(
  issue: Issue,
  base: Path,
  schema: z.ZodType,
  value: unknown,
  locate: Locate,
  diagnostics: Diagnostics,
): void {
  const path = [...base, ...issue.path] as (string | number)[];
  const field = formatPath(path);
  switch (issue.code) {
    case 'unrecognized_keys':
      for (const key of issue.keys) {
        const allowed = allowedKeys(schema, path, value);
        const guess = nearest(key, allowed);
        diagnostics.error(
          'unknown-field',
          `unknown field "${key}"${path.length > 0 ? ` in ${field}` : ''}`,
          locate([...path, key], 'key'),
          [guess && `did you mean "${guess}"?`, allowed.length > 0 && `allowed: ${allowed.join(', ')}`]
            .filter(Boolean)
            .join(' '),
        );
      }
      return;
    case 'invalid_union': {
      const branch = closestBranch(issue.errors as Issue[][]);
      if (branch) for (const inner of branch) report(inner, path, schema, value, locate, diagnostics);
      else if (issue.discriminator)
        reportChoice(field, path, discriminatorValues(schema, path, value), value, locate, diagnostics);
      else
        diagnostics.error(
          'wrong-type',
          `${field} cannot be ${show(valueAt(value, path))}`,
          locate(path),
          unionHelp(issue),
        );
      return;
    }
    case 'invalid_type': {
      const missing = valueAt(value, path) === undefined;
      const message = missing
        ? `${field} is missing`
        : `${field} must be ${typeName(issue.expected)}, not ${show(valueAt(value, path))}`;
      diagnostics.error(
        missing ? 'missing-field' : 'wrong-type',
        message,
        locate(path),
        missing ? `it must be ${typeName(issue.expected)}` : undefined,
      );
      return;
    }
    case 'invalid_value': {
      reportChoice(field, path, issue.values.map(String), value, locate, diagnostics);
      return;
    }
    default: {
      const given = valueAt(value, path);
      const complaint = issue.message.startsWith('must')
        ? ` ${issue.message}`
        : `: ${issue.message.charAt(0).toLowerCase()}${issue.message.slice(1)}`;
      diagnostics.error('invalid-value', `${field}${complaint}, not ${show(given)}`, locate(path));
    }
  }
}

/** One of a closed list of values was expected. */
function reportChoice(
  field: string,
  path: Path,
  allowed: string[],
  value: unknown,
  locate: Locate,
  diagnostics: Diagnostics,
): void {
  const given = valueAt(value, path);
  const list = `allowed: ${allowed.join(', ')}`;
  if (given === undefined) {
    diagnostics.error('missing-field', `${field} is missing`, locate(path), list);
    return;
  }
  const guess = nearest(String(given), allowed);
  diagnostics.error(
    'invalid-value',
    `${field} cannot be ${show(given)}`,
    locate(path),
    guess && allowed.length > 1 ? `did you mean "${guess}"? ${list}` : list,
  );
}

/**
 * Of a union's branches the one that fits best: the first that only complains about something inside the value, or where
 * one value of a choice may be given as well as a list of them, the choice.
 */
function closestBranch(branches: Issue[][]): Issue[] | undefined {
  const inside = branches.find((issues) =>
    issues.every((issue) => issue.path.length > 0 || (issue.code !== 'invalid_type' && issue.code !== 'invalid_value')),
  );
  if (inside) return inside;
  const [one, list] = branches.map(([issue]) => issue);
  const oneOrMany = one?.code === 'invalid_value' && list?.code === 'invalid_type' && list.expected === 'array';
  return oneOrMany ? branches[0] : undefined;
}

function unionHelp(issue: z.core.$ZodIssueInvalidUnion): string | undefined {
  const expected = issue.errors.flat().flatMap((inner) => {
    if (inner.code === 'invalid_type') return [typeName(inner.expected)];
    return inner.code === 'invalid_value' ? inner.values.map(String) : [];
  });
  return expected.length > 0 ? `it must be ${[...new Set(expected)].join(' or ')}` : undefined;
}

/** The values a discriminated union's discriminator may have; `path` ends in the discriminator's name. */
function discriminatorValues(schema: z.ZodType, path: Path, value: unknown): string[] {
  const discriminator = String(path.at(-1));
  const options = optionsAt(schema, path.slice(0, -1), value) ?? [];
  return options.flatMap((option) => literalsOf(option, discriminator)).map(String);
}

const TYPE_NAMES: Record<string, string> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a mapping',
  record: 'a mapping',
  tuple: 'a list',
};

function typeName(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function show(value: unknown): string {
  if (value === null) return 'empty';
  if (typeof value === 'number') return String(value);
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, step) => (at as Record<string | number, unknown> | undefined | null)?.[step], value);
}

/** `spec.ports[0].nodePort` */
export function formatPath(path: Path): string {
  const text = path
    .map((step) => (typeof step === 'number' ? `[${step}]` : `.${step}`))
    .join('')
    .replace(/^\./, '');
  return text || 'the document';
}

/** The field names a schema allows at a path, following the value where the schema branches. */
function allowedKeys(schema: z.ZodType, path: Path, value: unknown): string[] {
  const target = schemaAt(schema, path, value);
  return target && 'shape' in target ? Object.keys(target.shape as object) : [];
}

interface Definition {
  type: string;
  innerType?: z.ZodType;
  in?: z.ZodType;
  element?: z.ZodType;
  valueType?: z.ZodType;
  options?: z.ZodType[];
  discriminator?: string;
  shape?: Record<string, z.ZodType>;
}

function schemaAt(schema: z.ZodType, path: Path, value: unknown): z.ZodType | undefined {
  const definition = schema.def as unknown as Definition;
  if (definition.innerType) return schemaAt(definition.innerType, path, value);
  if (definition.type === 'pipe') return definition.in && schemaAt(definition.in, path, value);
  if (definition.type === 'union') {
    return definition.options
      ?.filter((option) => fitsDiscriminator(option, definition.discriminator, value))
      .map((option) => schemaAt(option, path, value))
      .find((found) => found && 'shape' in found);
  }
  const [step, ...rest] = path;
  if (step === undefined) return schema;
  const inner = (value as Record<string | number, unknown> | undefined)?.[step];
  const next =
    definition.type === 'object' ? definition.shape?.[String(step)] : (definition.element ?? definition.valueType);
  return next && schemaAt(next, rest, inner);
}

/** The branches of the union at a path. */
function optionsAt(schema: z.ZodType, path: Path, value: unknown): z.ZodType[] | undefined {
  const definition = schema.def as unknown as Definition;
  if (definition.innerType) return optionsAt(definition.innerType, path, value);
  if (path.length === 0) return definition.options;
  const [step, ...rest] = path;
  const inner = (value as Record<string | number, unknown> | undefined)?.[step!];
  const next =
    definition.type === 'object' ? definition.shape?.[String(step)] : (definition.element ?? definition.valueType);
  return next && optionsAt(next, rest, inner);
}

function fitsDiscriminator(option: z.ZodType, discriminator: string | undefined, value: unknown): boolean {
  const given = (value as Record<string, unknown> | undefined)?.[discriminator ?? ''];
  return !discriminator || literalsOf(option, discriminator).includes(given);
}

function literalsOf(option: z.ZodType, key: string): readonly unknown[] {
  const literal = (option.def as unknown as Definition).shape?.[key]?.def as unknown as
    | { values?: unknown[] }
    | undefined;
  return literal?.values ?? [];
}
