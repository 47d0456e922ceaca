/** What the texts of a check stand for. Each that leads nowhere is one report. */
import type { Diagnostics } from '../diagnostic.ts';
import { type Family, familyOf } from '../net/address.ts';
import type { Locate } from '../parse/locate.ts';
import type { Path } from '../parse/yaml.ts';
import type { Peer, Step } from './check.ts';
import type { Cluster, Inhabitants, Place } from './cluster.ts';
import { DestinationError, type ResolvedDestination, resolveDestination } from './destination.ts';
import type { Places } from './place.ts';

export class References {
  readonly #cluster: Inhabitants & Pick<Cluster, 'services' | 'dns'>;
  readonly #places: Places;
  readonly #locate: Locate;
  readonly #diagnostics: Diagnostics;

  constructor(
    cluster: Inhabitants & Pick<Cluster, 'services' | 'dns'>,
    places: Places,
    locate: Locate,
    diagnostics: Diagnostics,
  ) {
    this.#cluster = cluster;
    this.#places = places;
    this.#locate = locate;
    this.#diagnostics = diagnostics;
  }

  destination(text: string, family: Family | undefined, path: Path): ResolvedDestination | undefined {
    try {
      return resolveDestination(text, this.#cluster, this.#places, family);
    } catch (error) {
      if (!(error instanceof DestinationError)) throw error;
      this.error('unknown-destination', error.message, path, error.help);
      return undefined;
    }
  }

  /** A place, an address, or either with a port, in an expectation. Of a Service, the address of the check's family is meant. */
  peer(text: string, family: Family, path: Path): Peer {
    if (familyOf(text) !== undefined) return { text, address: text };
    const place = this.#places.find(text);
    if (place) return { text, place: place.place };
    const [, target, portText] = /^(.*):([0-9]+)$/.exec(text) ?? [];
    const withPort = target === undefined ? undefined : this.#places.find(target);
    if (withPort && portText !== undefined) return { text, place: withPort.place, port: Number(portText) };
    const destination = this.destination(text, family, path);
    if (!destination) return { text };
    if ('address' in destination) {
      const { address, port } = destination;
      return { text, address, ...(port !== undefined && { port }) };
    }
    this.error('invalid-value', `"${text}" is a name: write whom it stands for`, path);
    return { text };
  }

  /** With `pattern`, the place may be one for several: `node/*`. */
  step(text: string, path: Path, pattern = false): Step {
    const [, target = text, device] = /^([^:]+)(?::(.+))?$/.exec(text) ?? [];
    const place = pattern && target.includes('*') ? target : this.place(target, path);
    return { place, ...(device !== undefined && { interface: device }) };
  }

  /** As walks have it; the text itself after a report. */
  place(text: string, path: Path, part?: 'key' | 'value'): string {
    return this.find(text, path, part)?.place ?? text;
  }

  /** Undefined after a report. */
  find(text: string, path: Path, part?: 'key' | 'value'): Place | undefined {
    const place = this.#places.find(text);
    if (place) return place;
    const { message, help } = this.#places.explain(text);
    this.#diagnostics.error('unknown-place', message, this.#locate(path, part), help);
    return undefined;
  }

  /** Undefined without a report: it need be none. */
  placeNamed(text: string): Place | undefined {
    return this.#places.find(text);
  }

  error(code: string, message: string, path: Path, help?: string): void {
    this.#diagnostics.error(code, message, this.#locate(path), help);
  }
}
