/** Felix's sets of pods, and of pods' ports, named after what selects them (felix calc/rule_scanner.go, ipsets/ipset_defs.go). */
import type { Pod } from '../../../model/cluster.ts';
import type { Family } from '../../../net/address.ts';
import { digest } from '../../../net/name.ts';
import type { NamespaceBuilder } from '../../builder.ts';

/** The kernel ends names there. */
const NAME_LENGTH = 31;

export interface Selection {
  readonly text: string;
  readonly places: readonly string[];
}

export class PolicySets {
  readonly #machine: NamespaceBuilder;
  readonly #pods: ReadonlyMap<string, Pod>;
  readonly #family: Family;
  readonly #made = new Set<string>();
  /** Every pod there is; those on the host network are their node. */
  readonly all: Selection;

  /** `pods` are those of the cluster, as the family has them. */
  constructor(machine: NamespaceBuilder, pods: readonly Pod[], family: Family) {
    this.#machine = machine;
    this.#pods = new Map(pods.filter(({ hostNetwork }) => !hostNetwork).map((pod) => [pod.place, pod]));
    this.#family = family;
    this.all = { text: 'all()', places: [...this.#pods.keys()] };
  }

  ofPods(selection: Selection): string {
    const entries = this.#podsOf(selection).map(({ address }) => address);
    return this.#make('hash:net', uniqueId('s', selection.text), entries);
  }

  /** Where the name stands for what port. */
  ofNamedPort(selection: Selection, protocol: string, name: string): string {
    const entries = this.#podsOf(selection).flatMap(({ address, ports }) =>
      ports
        .filter((port) => port.name === name && port.protocol.toLowerCase() === protocol)
        .map(({ port }) => `${address},${protocol}:${port}`),
    );
    return this.#make('hash:ip,port', uniqueId('n', `${uniqueId('s', selection.text)},${protocol},${name}`), entries);
  }

  #podsOf({ places }: Selection): Pod[] {
    return places.flatMap((place) => this.#pods.get(place) ?? []);
  }

  #make(type: 'hash:net' | 'hash:ip,port', id: string, entries: readonly string[]): string {
    const name = `cali${this.#family}0${id}`.slice(0, NAME_LENGTH);
    if (this.#made.has(name)) return name;
    this.#made.add(name);
    const family = this.#family === 4 ? 'inet' : 'inet6';
    this.#machine.ipsets.push({
      name,
      definition: `${type} family ${family} hashsize 1024 maxelem 1048576`,
      entries: [...new Set(entries)],
      origin: this.#machine.origin,
    });
    return name;
  }
}

/** libcalico-go lib/hash, MakeUniqueID. */
function uniqueId(prefix: 's' | 'n', content: string): string {
  return `${prefix}:${digest('sha224', `${prefix}:${content}`, 'base64url')}`;
}
