/** Objects as people write them to kubectl: `pod/web-0`, `svc/prod/web`, `deployment/web`. */
import { nearest } from '../diagnostic.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import { EMULATED, type EmulatedKind } from '../parse/kinds.ts';
import { objectName } from './cluster.ts';

export interface ObjectName {
  readonly kind: EmulatedKind;
  /** Undefined: that of an object that is in none. */
  readonly namespace?: string;
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
  ds: 'daemonset',
  sts: 'statefulset',
  ep: 'endpoints',
  netpol: 'networkpolicy',
  ns: 'namespace',
};

/** The machines of a lab and its links are what it is: they do not change. */
const FIXED: readonly EmulatedKind[] = ['Topology', 'Node'];
const KINDS = (Object.keys(EMULATED) as EmulatedKind[]).filter((kind) => !FIXED.includes(kind));

export const KIND_NAMES: readonly string[] = KINDS.map((kind) => kind.toLowerCase());

function kindNamed(text: string): EmulatedKind | undefined {
  const name = SHORT_NAMES[text] ?? text;
  return KINDS.find((kind) => [kind.toLowerCase(), pluralOf(kind.toLowerCase())].includes(name));
}

function pluralOf(name: string): string {
  return name.endsWith('s') ? name : `${name}s`.replace(/ys$/, 'ies');
}

export function isFixed(kind: string): boolean {
  return FIXED.some((fixed) => fixed === kind);
}

const IN_NO_NAMESPACE: readonly EmulatedKind[] = ['Node', 'Namespace'];

/** The object a text names, or why it names none. `namespace` is that of objects that are named without. */
export function parseObjectName(
  text: string,
  namespace: string,
): ObjectName | { readonly message: string; readonly help: string } {
  const [kindText = '', ...names] = text.split('/');
  const lower = kindText.toLowerCase();
  const kind = kindNamed(lower);
  const [name, own] = names.length === 2 ? [names[1], names[0]] : [names[0], namespace];
  const isInNone = kind !== undefined && IN_NO_NAMESPACE.includes(kind);
  if (kind === undefined && names.length > 0) {
    const guess = nearest(lower, KIND_NAMES);
    return {
      message: `there is no kind ${kindText} that can change`,
      help: guess ? `did you mean "${guess}"?` : `these can: ${KIND_NAMES.join(', ')}`,
    };
  }
  if (kind === undefined || !name || !own || names.length > (isInNone ? 1 : 2))
    return { message: `"${text}" names no object`, help: 'an object is written KIND/NAME or KIND/NAMESPACE/NAME' };
  return { kind, ...(!isInNone && { namespace: own }), name };
}

/** Of a pod, its place. */
export function formatObjectName({ kind, namespace = 'default', name }: ObjectName): string {
  return `${kind.toLowerCase()}/${objectName(namespace, name)}`;
}

export function isSame(a: ObjectName, b: ObjectName): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;
}

export function isObject(manifest: Manifest): manifest is Manifest & ObjectManifest {
  return manifest.kind !== 'Topology' && manifest.kind !== 'NetworkConfiguration';
}

/** An object that says which namespace it is in, if its kind is in any: the one given, unless it says so itself. */
export function inNamespace(manifest: Manifest, namespace: string): Manifest {
  if (!isObject(manifest) || IN_NO_NAMESPACE.includes(manifest.kind)) return manifest;
  const { object } = manifest;
  return { ...manifest, object: { ...object, metadata: { namespace, ...object.metadata } } } as Manifest;
}

/** Of one that says its namespace. */
export function nameOf({ kind, object: { metadata } }: ObjectManifest): ObjectName {
  const { namespace, name } = metadata;
  return { kind, ...(namespace !== undefined && !IN_NO_NAMESPACE.includes(kind) && { namespace }), name };
}
