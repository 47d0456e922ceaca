/**
 * text → Manifest[]: YAML documents, each held against the schema of its kind.
 *
 * Every problem of every document is reported; a document with a problem yields no manifest.
 */

import type * as z from 'zod';
import type { Diagnostics, Origin, Position } from '../diagnostic.ts';
import { nearest } from '../diagnostic.ts';
import { classify, EMULATED, type EmulatedKind } from './kinds.ts';
import type { Locate, Path } from './locate.ts';
import {
  isNetworkConfiguration,
  type NetworkConfigurationManifest,
  readNetworkConfiguration,
} from './network-configuration.ts';
import { list } from './schema/kubernetes.ts';
import { validate } from './validate.ts';
import { readYaml, type Source, type YamlDocument } from './yaml.ts';

export type { Source } from './yaml.ts';

/** One valid object of one kind, with the way back to its text. */
export interface ManifestOf<K extends EmulatedKind> {
  readonly kind: K;
  readonly object: z.output<(typeof EMULATED)[K]['schema']>;
  /** Where a field of the object stands. */
  readonly locate: Locate;
  readonly origin: Origin;
}

export type Manifest = { [K in EmulatedKind]: ManifestOf<K> }[EmulatedKind] | NetworkConfigurationManifest;

/** Reads all documents of all sources, in order. */
export function parse(sources: readonly Source[], diagnostics: Diagnostics): Manifest[] {
  return countingIgnored(diagnostics, (ignored) =>
    sources.flatMap((source): Manifest[] => {
      if (!isNetworkConfiguration(source))
        return readYaml(source, diagnostics).flatMap((document) => readDocument(document, diagnostics, ignored));
      const configuration = readNetworkConfiguration(source, diagnostics);
      return configuration ? [configuration] : [];
    }),
  );
}

/** Reads an object, or a list of some, that stands at a path of another document. */
export function parseWithin(value: unknown, locate: Locate, path: Path, diagnostics: Diagnostics): Manifest[] {
  return countingIgnored(diagnostics, (ignored) =>
    readDocument({ value, locate: below(locate, path) }, diagnostics, ignored),
  );
}

/** An object as a merge patch changes it (RFC 7386), held against the schema of its kind again. */
export function patched(
  { kind, object, locate }: ManifestOf<EmulatedKind>,
  patch: Readonly<Record<string, unknown>>,
  locatePatch: Locate,
  diagnostics: Diagnostics,
): Manifest | undefined {
  const isPatched = (path: Path) => path.length > 0 && valueAt(patch, path.slice(0, 2)) !== undefined;
  const locateEither: Locate = (path, part) => (isPatched(path) ? locatePatch(path, part) : locate(path, part));
  return toManifest(kind, mergePatch(object, patch), locateEither, diagnostics);
}

function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isMapping(patch)) return patch;
  const merged = new Map(Object.entries(isMapping(target) ? target : {}));
  for (const [key, value] of Object.entries(patch))
    if (value === null) merged.delete(key);
    else merged.set(key, mergePatch(merged.get(key), value));
  return Object.fromEntries(merged);
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>((at, key) => (isMapping(at) ? at[key] : undefined), value);
}

type Ignored = Map<string, { count: number; at: Position }>;

function countingIgnored(diagnostics: Diagnostics, read: (ignored: Ignored) => Manifest[]): Manifest[] {
  const ignored: Ignored = new Map();
  const manifests = read(ignored);
  for (const [kind, { count, at }] of ignored) {
    diagnostics.warn(
      'not-emulated',
      `${kind} is not emulated: ${count === 1 ? '1 object is' : `${count} objects are`} ignored`,
      at,
    );
  }
  return manifests;
}

function readDocument({ value, locate }: YamlDocument, diagnostics: Diagnostics, ignored: Ignored): Manifest[] {
  if (!isMapping(value)) {
    diagnostics.error(
      'not-a-manifest',
      'this document is not a mapping',
      locate([]),
      'a manifest starts with apiVersion: and kind:',
    );
    return [];
  }
  const { apiVersion, kind } = value;
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') {
    const missing = typeof kind !== 'string' ? 'kind' : 'apiVersion';
    diagnostics.error(
      'not-a-manifest',
      `${missing} is missing`,
      firstKey(value, locate),
      'a manifest starts with apiVersion: and kind:',
    );
    return [];
  }
  const classification = classify(apiVersion, kind);
  switch (classification.is) {
    case 'emulated': {
      const manifest = toManifest(classification.kind, value, locate, diagnostics);
      return manifest ? [manifest] : [];
    }
    case 'dropped':
      diagnostics.error(
        'dropped-version',
        `Kubernetes has no ${kind} of ${apiVersion} any more`,
        locate(['apiVersion']),
        classification.help,
      );
      return [];
    case 'list':
      return itemsOf(value, kind, apiVersion, locate, diagnostics).flatMap((item, index) =>
        readDocument({ value: item, locate: below(locate, ['items', index]) }, diagnostics, ignored),
      );
    case 'ignored': {
      const seen = ignored.get(classification.name);
      if (seen) seen.count++;
      else ignored.set(classification.name, { count: 1, at: locate(['kind']) });
      return [];
    }
    case 'unknown': {
      const guess = nearest(kind, classification.candidates);
      const help =
        guess === kind
          ? `${kind} belongs to ${apiVersionOf(kind)}`
          : guess
            ? `did you mean "${guess}"?`
            : `known here: ${classification.candidates.join(', ')}`;
      diagnostics.error('unknown-kind', `there is no kind ${kind} in ${apiVersion}`, locate(['kind']), help);
      return [];
    }
  }
}

function toManifest<K extends EmulatedKind>(
  kind: K,
  value: unknown,
  locate: Locate,
  diagnostics: Diagnostics,
): Manifest | undefined {
  const object = validate(EMULATED[kind].schema, value, locate, diagnostics);
  const { file, line } = locate(['kind'], 'key');
  return object && ({ kind, object, locate, origin: { file, line } } as unknown as Manifest);
}

/** Items of a `List`, or of a typed list such as `PodList`, whose items may leave their kind out. */
function itemsOf(
  value: Record<string, unknown>,
  kind: string,
  apiVersion: string,
  locate: Locate,
  diagnostics: Diagnostics,
): unknown[] {
  const { items = [] } = validate(list, value, locate, diagnostics) ?? {};
  if (kind === 'List') return items;
  return items.map((item) => (isMapping(item) ? { apiVersion, kind: kind.slice(0, -'List'.length), ...item } : item));
}

function below(locate: Locate, prefix: Path): Locate {
  return (path, part) => locate([...prefix, ...path], part);
}

function firstKey(object: Record<string, unknown>, locate: Locate): Position {
  const [key] = Object.keys(object);
  return locate(key === undefined ? [] : [key], 'key');
}

function apiVersionOf(kind: string): string {
  const { group } = EMULATED[kind as EmulatedKind];
  return group === '' ? 'v1' : group === 'packetwalk.dev' ? 'packetwalk.dev/v1alpha1' : `${group}/v1`;
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
