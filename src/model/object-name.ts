/** Objects as people write them to kubectl: `pod/web-0`, `svc/prod/web`, `deployment/web`. */
import { nearest } from '../diagnostic.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import { EMULATED, type EmulatedKind } from '../parse/kinds.ts';
import { objectName } from './cluster.ts';

export interface ObjectName {
  readonly kind: EmulatedKind;
  readonly namespace: string;
  readonly name: string;
}

export type ObjectManifest = ManifestOf<Exclude<EmulatedKind, 'Topology'>>;

/** kubectl's (kubernetes pkg/registry, ShortNames). */
const SHORT_NAMES: Readonly<Record<string, string>> = {
  po: 'pod',
  svc: 'service',
  deploy: 'deployment',
  rs: 'replicaset',
  rc: 'replicationcontroller',
  ep: 'endpoints',
  ns: 'namespace',
};

/** The machines of a lab and its links are what it is: they do not change. */
const FIXED: readonly EmulatedKind[] = ['Topology', 'Node'];
const KINDS = new Map(
  (Object.keys(EMULATED) as EmulatedKind[])
    .filter((kind) => !FIXED.includes(kind))
    .map((kind) => [kind.toLowerCase(), kind]),
);

export const KIND_NAMES: readonly string[] = [...KINDS.keys()];

export function isFixed(kind: string): boolean {
  return FIXED.some((fixed) => fixed === kind);
}

/** The object a text names, or why it names none. `namespace` is that of objects that are named without. */
export function parseObjectName(
  text: string,
  namespace: string,
): ObjectName | { readonly message: string; readonly help: string } {
  const [kindText = '', ...names] = text.split('/');
  const lower = kindText.toLowerCase();
  const kind = KINDS.get(SHORT_NAMES[lower] ?? lower) ?? KINDS.get(lower.replace(/e?s$/, ''));
  const [name, own] = names.length === 2 ? [names[1], names[0]] : [names[0], namespace];
  if (kind === undefined && names.length > 0) {
    const guess = nearest(lower, KIND_NAMES);
    return {
      message: `there is no kind ${kindText} that can change`,
      help: guess ? `did you mean "${guess}"?` : `these can: ${KIND_NAMES.join(', ')}`,
    };
  }
  if (kind === undefined || !name || !own || names.length > 2)
    return { message: `"${text}" names no object`, help: 'an object is written KIND/NAME or KIND/NAMESPACE/NAME' };
  return { kind, namespace: own, name };
}

export function formatObjectName({ kind, namespace, name }: ObjectName): string {
  return `${kind.toLowerCase()}/${objectName(namespace, name)}`;
}

export function isObject(manifest: Manifest): manifest is Manifest & ObjectManifest {
  return manifest.kind !== 'Topology' && manifest.kind !== 'NetworkConfiguration';
}

export function nameOf({ kind, object }: ObjectManifest, namespace: string): ObjectName {
  return { kind, namespace: object.metadata.namespace ?? namespace, name: object.metadata.name };
}
