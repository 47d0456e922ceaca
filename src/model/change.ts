/**
 * Manifest[] → Manifest[]: objects that are deleted, changed, added. All that is wrong with a change is reported, and nothing is
 * carried out then.
 */
import { type Diagnostics, nearest, type Origin, type Position } from '../diagnostic.ts';
import { type Manifest, patched } from '../parse/index.ts';
import type { Locate, Path } from '../parse/locate.ts';
import type { FaultName, PodState } from '../parse/schema/topology.ts';
import { type Cluster, objectName, type Pod } from './cluster.ts';
import {
  formatObjectName,
  isFixed,
  isObject,
  nameOf,
  type ObjectManifest,
  type ObjectName,
  parseObjectName,
} from './object-name.ts';
import type { Past } from './past.ts';

/** What somebody wrote, and where; undefined: on the command line. */
interface Written {
  readonly text: string;
  readonly at?: Position;
}

export interface Change {
  readonly name: string;
  /** Where its faults, impairments and checks stand in the Topology; undefined: it has none. */
  readonly section?: Path;
  readonly apply: readonly Manifest[];
  readonly patch: readonly (Written & {
    readonly value: Readonly<Record<string, unknown>>;
    readonly locate: Locate;
  })[];
  readonly delete: readonly Written[];
  readonly set: readonly (Written & { readonly state: PodState })[];
  readonly mend: readonly { readonly fault: FaultName; readonly at: Position }[];
  readonly waitMs: number;
  readonly origin: Origin;
}

export interface Changed extends Pick<Past, 'deleted' | 'states'> {
  readonly manifests: readonly Manifest[];
}

/** In this order: what is deleted, what is patched, what is applied, what pods are made to be. */
export function changeObjects(
  manifests: readonly Manifest[],
  change: Change,
  cluster: Cluster,
  namespace: string,
  diagnostics: Diagnostics,
): Changed {
  const objects = new Objects(manifests, cluster, namespace, diagnostics);
  for (const written of change.delete) objects.delete(written);
  for (const { value, locate, ...written } of change.patch) objects.patch(written, value, locate);
  for (const manifest of change.apply) objects.apply(manifest);
  for (const { state, ...written } of change.set) objects.set(written, state);
  return objects;
}

class Objects implements Changed {
  manifests: Manifest[];
  readonly deleted = new Set<string>();
  readonly states = new Map<string, PodState>();
  readonly #cluster: Cluster;
  readonly #namespace: string;
  readonly #diagnostics: Diagnostics;

  constructor(manifests: readonly Manifest[], cluster: Cluster, namespace: string, diagnostics: Diagnostics) {
    this.manifests = [...manifests];
    this.#cluster = cluster;
    this.#namespace = namespace;
    this.#diagnostics = diagnostics;
  }

  /** A namespace takes what is in it along; a pod of a workload has no manifest of its own. */
  delete(written: Written): void {
    const object = this.#parse(written);
    if (!object) return;
    const found = this.#find(object);
    const pod = this.#podOf(object);
    if (!found && !pod) {
      this.#unknown(written, object, 'delete');
      return;
    }
    const isGone = (other: Manifest) =>
      other === found || (object.kind === 'Namespace' && this.#name(other)?.namespace === object.name);
    const pods = this.#cluster.pods.filter((own) => object.kind === 'Namespace' && own.namespace === object.name);
    for (const gone of [...(pod ? [pod] : []), ...pods]) this.deleted.add(gone.place);
    this.manifests = this.manifests.filter((other) => !isGone(other));
  }

  patch(written: Written, value: Readonly<Record<string, unknown>>, locate: Locate): void {
    const object = this.#parse(written);
    const found = object && this.#find(object);
    if (object && !found) this.#unknown(written, object, 'patch');
    if (!found) return;
    const manifest = patched(found, value, locate, this.#diagnostics);
    if (manifest) this.#replace(found, manifest);
  }

  apply(manifest: Manifest): void {
    if (!isObject(manifest) || isFixed(manifest.kind)) {
      this.#diagnostics.error(
        'fixed-kind',
        `a ${manifest.kind} cannot be applied to a lab that stands`,
        manifest.locate(['kind']),
        'its machines and networks are what it is made of: packetwalk up -f FILE makes it another one',
      );
      return;
    }
    const found = this.#find(nameOf(manifest, this.#namespace));
    if (found) this.#replace(found, manifest);
    else this.manifests.push(manifest);
  }

  set(written: Written, state: PodState): void {
    const object = this.#parse(written);
    if (!object) return;
    if (object.kind !== 'Pod') {
      this.#diagnostics.error('invalid-value', `${written.text} is no pod`, written.at, 'only pods are set');
      return;
    }
    const place = `pod/${objectName(object.namespace, object.name)}`;
    if (this.#find(object) || this.#podOf(object)) this.states.set(place, state);
    else this.#unknown(written, object, 'set');
  }

  #parse({ text, at }: Written): ObjectName | undefined {
    const parsed = parseObjectName(text, this.#namespace);
    if (!('message' in parsed)) return parsed;
    this.#diagnostics.error('unknown-object', parsed.message, at, parsed.help);
    return undefined;
  }

  #find(object: ObjectName): ObjectManifest | undefined {
    return this.manifests.filter(isObject).find((manifest) => isSame(nameOf(manifest, this.#namespace), object));
  }

  #name(manifest: Manifest): ObjectName | undefined {
    return isObject(manifest) ? nameOf(manifest, this.#namespace) : undefined;
  }

  #podOf({ kind, namespace, name }: ObjectName): Pod | undefined {
    return this.#cluster.pods.find(
      (pod) => kind === 'Pod' && pod.namespace === namespace && pod.name === name && !this.deleted.has(pod.place),
    );
  }

  #replace(found: ObjectManifest, manifest: Manifest): void {
    this.manifests = this.manifests.map((other) => (other === found ? manifest : other));
  }

  #unknown({ at }: Written, object: ObjectName, verb: string): void {
    const written = formatObjectName(object);
    const there = [
      ...this.manifests.flatMap((manifest) => this.#name(manifest) ?? []),
      ...this.#cluster.pods
        .filter(({ place }) => !this.deleted.has(place))
        .map(({ namespace, name }): ObjectName => ({ kind: 'Pod', namespace, name })),
    ];
    const ofKind = [...new Set(there.filter(({ kind }) => kind === object.kind).map(formatObjectName))];
    const guess = nearest(written, ofKind);
    const shown = ofKind.slice(0, 12).join(', ') + (ofKind.length > 12 ? `, … (${ofKind.length} in all)` : '');
    this.#diagnostics.error(
      'unknown-object',
      `there is no ${written} to ${verb}`,
      at,
      guess ? `did you mean "${guess}"?` : `there is: ${shown || 'none of this kind'}`,
    );
  }
}

function isSame(a: ObjectName, b: ObjectName): boolean {
  return a.kind === b.kind && a.namespace === b.namespace && a.name === b.name;
}
