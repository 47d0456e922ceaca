/**
 * Manifest[] → Manifest[]: objects that are deleted, changed, added. All that is wrong with a change is reported, and nothing is
 * carried out then. Every object says its namespace: what a change names or adds without one may be in another than the rest.
 */
import { type Diagnostics, nearest, type Origin, type Position } from '../diagnostic.ts';
import { type Manifest, patched } from '../parse/index.ts';
import type { Locate, Path } from '../parse/locate.ts';
import type { FaultName, PodState } from '../parse/schema/topology.ts';
import type { Cluster, Pod } from './cluster.ts';
import {
  formatObjectName,
  inNamespace,
  isFixed,
  isObject,
  isSame,
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
  /** Of objects and names without one. */
  readonly namespace: string;
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
  diagnostics: Diagnostics,
): Changed {
  const objects = new Objects(manifests, cluster, change.namespace, diagnostics);
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
    const isGone = (other: ObjectName) =>
      isSame(other, object) || (object.kind === 'Namespace' && other.namespace === object.name);
    const pods = this.#pods().filter((pod) => isGone(podName(pod)));
    const left = this.manifests.filter((manifest) => !isObject(manifest) || !isGone(nameOf(manifest)));
    if (pods.length === 0 && left.length === this.manifests.length) this.#unknown(written, object, 'delete');
    for (const { place } of pods) this.deleted.add(place);
    this.manifests = left;
  }

  patch(written: Written, value: Readonly<Record<string, unknown>>, locate: Locate): void {
    const object = this.#parse(written);
    const found = object && this.#find(object);
    if (object && !found) this.#unknown(written, object, 'patch');
    if (!found) return;
    const manifest = patched(found, value, locate, this.#diagnostics);
    if (manifest) this.#replace(found, manifest);
  }

  apply(given: Manifest): void {
    const manifest = inNamespace(given, this.#namespace);
    if (!isObject(manifest) || isFixed(manifest.kind)) {
      this.#diagnostics.error(
        'fixed-kind',
        `a ${manifest.kind} cannot be applied to a lab that stands`,
        manifest.locate(['kind']),
        'its machines and networks are what it is made of: packetwalk up -f FILE makes it another one',
      );
      return;
    }
    const found = this.#find(nameOf(manifest));
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
    const isThere = this.#find(object) || this.#pods().some((pod) => isSame(podName(pod), object));
    if (isThere) this.states.set(formatObjectName(object), state);
    else this.#unknown(written, object, 'set');
  }

  #parse({ text, at }: Written): ObjectName | undefined {
    const parsed = parseObjectName(text, this.#namespace);
    if (!('message' in parsed)) return parsed;
    this.#diagnostics.error('unknown-object', parsed.message, at, parsed.help);
    return undefined;
  }

  #find(object: ObjectName): ObjectManifest | undefined {
    return this.manifests.filter(isObject).find((manifest) => isSame(nameOf(manifest), object));
  }

  #pods(): Pod[] {
    return this.#cluster.pods.filter(({ place }) => !this.deleted.has(place));
  }

  #replace(found: ObjectManifest, manifest: Manifest): void {
    this.manifests = this.manifests.map((other) => (other === found ? manifest : other));
  }

  #unknown({ at }: Written, object: ObjectName, verb: string): void {
    const written = formatObjectName(object);
    const there = [...this.manifests.filter(isObject).map(nameOf), ...this.#pods().map(podName)];
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

function podName({ namespace, name }: Pod): ObjectName {
  return { kind: 'Pod', namespace, name };
}
