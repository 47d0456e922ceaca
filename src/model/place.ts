/** Places as people write them: `pod/web-0`, `pod/prod/web-0`, `node/node1`, `host/client`, `router/gw`, `container/host1/web`. */
import { nearest } from '../diagnostic.ts';
import { type Inhabitants, objectName, type Place, placesOf } from './cluster.ts';

/** The canonical text of a place, its default namespace left out; undefined when it is not written like one. */
function normalizePlace(text: string, namespace = 'default'): string | undefined {
  const [kind, ...names] = text.split('/');
  if (kind === 'pod' && names.length === 1 && names[0]) return `pod/${objectName(namespace, names[0])}`;
  if (kind === 'pod' && names.length === 2 && names[0] && names[1]) return `pod/${objectName(names[0], names[1])}`;
  if (kind === 'container') return names.length === 2 && names.every((name) => name) ? text : undefined;
  const machine = kind === 'node' || kind === 'host' || kind === 'router';
  return machine && names.length === 1 && names[0] ? text : undefined;
}

/** All places of a cluster by name. */
export class Places {
  readonly #byText: ReadonlyMap<string, Place>;
  readonly namespace: string;

  /** `namespace` is the one meant when a pod is named without. */
  constructor(inhabitants: Inhabitants, namespace = 'default') {
    this.#byText = new Map(placesOf(inhabitants).map((place) => [place.place, place]));
    this.namespace = namespace;
  }

  find(text: string): Place | undefined {
    const place = normalizePlace(text, this.namespace);
    return place === undefined ? undefined : this.#byText.get(place);
  }

  /** Why `find` found nothing, as message and help of a diagnostic. */
  explain(text: string): { message: string; help: string } {
    const place = normalizePlace(text, this.namespace);
    const all = [...this.#byText.keys()];
    if (place === undefined) {
      const bare = all.find((candidate) => candidate.endsWith(`/${text}`));
      const help = bare
        ? `did you mean "${bare}"?`
        : 'a place is written pod/NAME, pod/NAMESPACE/NAME, node/NAME, host/NAME, router/NAME or container/HOST/NAME';
      return { message: `"${text}" is not a place`, help };
    }
    const guess = nearest(place, all);
    const shown = all.slice(0, 12).join(', ') + (all.length > 12 ? `, … (${all.length} in all)` : '');
    return {
      message: `there is no ${place}`,
      help: guess ? `did you mean "${guess}"?` : `places here: ${shown || 'none'}`,
    };
  }
}
