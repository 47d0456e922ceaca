/** Checks with every place, Service and address in them resolved. */
import type { Diagnostics, Origin } from '../diagnostic.ts';
import { familyNamed } from '../net/address.ts';
import type { Locate } from '../parse/locate.ts';
import type { CheckObject, ExpectationObject, ModesObject } from '../parse/schema/check.ts';
import type { Path } from '../parse/yaml.ts';
import { type Check, type ConnectionCheck, LISTINGS, type Listing, type Sender, type StateCheck } from './check.ts';
import type { Cluster, Inhabitants, Place } from './cluster.ts';
import { lookupOf, lookupProblem } from './dns/lookup.ts';
import { expectationOf, type Target } from './expectation.ts';
import { type Parties, partiesOn, reportUnkept } from './kept-connections.ts';
import { fits, type Modes } from './modes.ts';
import type { Places } from './place.ts';
import { References } from './references.ts';
import type { Section } from './section.ts';

export const DEFAULT_TIMEOUT_MS = 1000;
/** Of URLs: a proxy has somebody to ask, and TLS takes its time. */
const DEFAULT_HTTP_TIMEOUT_MS = 3000;

type Context = Inhabitants & Pick<Cluster, 'services' | 'listeners' | 'domain' | 'dns'>;

/**
 * The checks of a section that have a meaning in these modes. The others are held against the cluster as well. `earlier` are those
 * of the steps before.
 */
export function modelChecks(
  section: Section,
  cluster: Context,
  earlier: readonly Check[],
  places: Places,
  modes: Modes,
  diagnostics: Diagnostics,
): Check[] {
  const { step, checks } = section;
  const opened = earlier.flatMap((check) => (check.kind === 'connection' && check.opens !== undefined ? [check] : []));
  return checks.flatMap((check, index) => {
    const locate: Locate = (path, part) => section.locate(['checks', index, ...path], part);
    const isMeant = fits(check.when, modes);
    if (!isMeant && check.on !== undefined) return [];
    if (check.on !== undefined && checks.findIndex(({ on }) => on === check.on) < index)
      diagnostics.error('duplicate-name', `another check sends over "${check.on}" at the same time`, locate(['on']));
    const references = new References(cluster, places, locate, diagnostics);
    const resolved = new CheckResolver(cluster, opened, modes, locate, references).resolve(check);
    return resolved && isMeant ? [{ ...resolved, ...(step !== undefined && { step }) }] : [];
  });
}

interface Statement extends ModesObject {
  readonly expect: ExpectationObject | undefined;
  readonly because?: string;
  readonly path: Path;
}

/** Resolves one check; every reference that leads nowhere is one report. */
class CheckResolver {
  readonly #cluster: Context;
  readonly #opened: readonly ConnectionCheck[];
  readonly #modes: Modes;
  readonly #locate: Locate;
  readonly #references: References;

  constructor(
    cluster: Context,
    opened: readonly ConnectionCheck[],
    modes: Modes,
    locate: Locate,
    references: References,
  ) {
    this.#cluster = cluster;
    this.#opened = opened;
    this.#modes = modes;
    this.#locate = locate;
    this.#references = references;
  }

  resolve(check: CheckObject): Check | undefined {
    const { line, file } = this.#locate(['name']);
    const origin: Origin = { file, line };
    if (check.at !== undefined) return this.#stateCheck(check, origin);
    if (check.to !== undefined && check.resolve !== undefined) {
      this.#error('conflicting-fields', 'a check has "to" or "resolve", not both', ['resolve']);
      return undefined;
    }
    const hasTarget = check.to !== undefined || check.resolve !== undefined;
    if (check.on === undefined && (check.from === undefined || !hasTarget)) {
      const missing = check.from === undefined ? 'from' : 'to';
      this.#error(
        'missing-field',
        `the check has no "${missing}"`,
        ['name'],
        'a check has from: and to:, from: and resolve:, on: with a connection that is open, or at: with a listing to look at',
      );
      return undefined;
    }
    return this.#connectionCheck(check, origin);
  }

  #connectionCheck(check: CheckObject, origin: Origin): ConnectionCheck | undefined {
    const parties =
      check.on === undefined
        ? this.#parties(check)
        : partiesOn(check, this.#opened, (...words) => this.#error(...words));
    const statements = this.#statements(check);
    for (const { expect, path } of statements) this.#refuseListings(expect, path);
    const sender = parties && this.#references.find(parties.from.place, [check.on === undefined ? 'from' : 'on']);
    if (!sender) return undefined;
    const { from, to } = parties;
    const subject = { check, from: sender, to: { ...to, protocol: from.protocol } };
    const resolved = statements.map(({ expect, path, ...statement }) => ({
      ...statement,
      expect: expect && expectationOf(expect, subject, this.#cluster, this.#references, path),
    }));
    const { expect, because } = this.#thatFits(resolved);
    const isUrl = !('lookup' in to) && to.http !== undefined;
    return {
      kind: 'connection',
      name: check.name,
      from,
      to,
      connections: check.connections,
      ...(check.interval !== undefined && { intervalMs: check.interval }),
      timeoutMs: check.timeout ?? (isUrl ? DEFAULT_HTTP_TIMEOUT_MS : DEFAULT_TIMEOUT_MS),
      ...(check.opens !== undefined && { opens: check.opens }),
      ...(check.on !== undefined && { on: check.on }),
      ...(expect && { expect }),
      ...(because !== undefined && { because }),
      origin,
    };
  }

  #parties(check: CheckObject): Parties | undefined {
    const given = typeof check.from === 'string' ? { place: check.from } : check.from!;
    const place = this.#references.find(given.place, typeof check.from === 'string' ? ['from'] : ['from', 'place']);
    const to = check.to === undefined ? this.#lookup(check, place) : this.#destination(check, check.to);
    if (!place || !to) return undefined;
    const { protocol, ...destination } = to;
    if (given.protocol && protocol && protocol !== given.protocol) {
      this.#error('protocol-conflict', `${destination.text} is ${protocol}, the sender says ${given.protocol}`, [
        'from',
        'protocol',
      ]);
    }
    const from: Sender = { ...given, place: place.place, protocol: protocol ?? given.protocol ?? 'TCP' };
    reportUnkept(check, from, this.#opened, (...words) => this.#error(...words));
    return { from, to: destination };
  }

  #destination({ family }: CheckObject, text: string): Target | undefined {
    return this.#references.destination(text, family && familyNamed(family), ['to']);
  }

  #lookup({ resolve, family }: CheckObject, sender: Place | undefined): Target | undefined {
    const { name, type } = typeof resolve === 'string' ? { name: resolve, type: undefined } : resolve!;
    const problem = lookupProblem(name);
    if (problem !== undefined) this.#error('invalid-value', `this is no name of DNS: ${problem}`, ['resolve']);
    if (problem !== undefined || !sender) return undefined;
    return { ...lookupOf(name, type, sender, family && familyNamed(family)), protocol: 'UDP' };
  }

  #stateCheck(check: CheckObject, origin: Origin): StateCheck | undefined {
    const at = this.#references.find(check.at!, ['at'])?.place;
    for (const field of ['from', 'to', 'resolve', 'family', 'interval', 'timeout', 'opens', 'on'] as const) {
      if (check[field] !== undefined) this.#error('conflicting-fields', `a check with "at" has no "${field}"`, [field]);
    }
    const resolved = this.#statements(check).map(({ expect, path, ...statement }) => ({
      ...statement,
      listings: this.#listings(expect, path),
    }));
    const { listings, because } = this.#thatFits(resolved);
    return at
      ? { kind: 'state', name: check.name, at, listings, ...(because !== undefined && { because }), origin }
      : undefined;
  }

  /** What a check expects, and what it expects in modes that differ, with where it stands. */
  #statements(check: CheckObject): Statement[] {
    for (const [index, { proxy, cni }] of check.differs.entries()) {
      if (proxy === undefined && cni === undefined)
        this.#error(
          'missing-field',
          'it is not said in which modes the check differs',
          ['differs', index],
          'name some: proxy: [ipvs], or cni: [host-gw]',
        );
    }
    return [
      { expect: check.expect, path: ['expect'] },
      ...check.differs.map((differs, index) => ({ ...differs, path: ['differs', index, 'expect'] })),
    ];
  }

  /** The first that differs in these modes, or else what holds in general. */
  #thatFits<T extends ModesObject & { readonly because?: string }>([general, ...differing]: readonly T[]): T {
    return differing.find((statement) => fits(statement, this.#modes)) ?? general!;
  }

  #listings(expect: ExpectationObject | undefined, path: Path): Listing[] {
    for (const field of Object.keys(expect ?? {})) {
      if (!(LISTINGS as readonly string[]).includes(field)) {
        this.#error(
          'conflicting-fields',
          `a check with "at" cannot expect "${field}"`,
          [...path, field],
          `it may look at: ${LISTINGS.join(', ')}`,
        );
      }
    }
    const listings = LISTINGS.flatMap((name) => {
      const listing = expect?.[name];
      return listing ? [{ name, has: listing.has, lacks: listing.lacks }] : [];
    });
    if (listings.length === 0)
      this.#error('missing-field', 'the check looks at nothing', ['at'], `expect one of: ${LISTINGS.join(', ')}`);
    return listings;
  }

  #refuseListings(expect: ExpectationObject | undefined, path: Path): void {
    for (const name of LISTINGS) {
      if (expect?.[name])
        this.#error(
          'conflicting-fields',
          `"${name}" looks at the state of a place: it needs "at" instead of "from" and "to"`,
          [...path, name],
        );
    }
  }

  #error(code: string, message: string, path: Path, help?: string): void {
    this.#references.error(code, message, path, help);
  }
}
