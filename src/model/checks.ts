/** Checks with every place, Service and address in them resolved. */
import type { Diagnostics, Origin, Position } from '../diagnostic.ts';
import { type Family, familyIn, familyNamed, familyOf, isOfFamily } from '../net/address.ts';
import type { ManifestOf } from '../parse/index.ts';
import type { CheckObject, ExpectationObject, ModesObject } from '../parse/schema/check.ts';
import type { Path } from '../parse/yaml.ts';
import {
  type Check,
  type ConnectionCheck,
  type Count,
  type Expectation,
  LISTINGS,
  type Listing,
  type LookupDestination,
  type Peer,
  type Sender,
  type Spread,
  type StateCheck,
  type Step,
} from './check.ts';
import type { Cluster, Inhabitants, Place } from './cluster.ts';
import { DestinationError, type ResolvedDestination, resolveDestination } from './destination.ts';
import { lookupOf, lookupProblem } from './dns/lookup.ts';
import { fits, type Modes } from './modes.ts';
import type { Places } from './place.ts';
import { endpointsAt } from './spread.ts';

export const DEFAULT_TIMEOUT_MS = 1000;

type Context = Inhabitants & Pick<Cluster, 'services' | 'listeners' | 'domain' | 'dns'>;

/** The checks that have a meaning in these modes. The others are held against the cluster as well. */
export function modelChecks(
  topology: ManifestOf<'Topology'> | undefined,
  cluster: Context,
  places: Places,
  modes: Modes,
  diagnostics: Diagnostics,
): Check[] {
  const checks = topology?.object.spec.checks ?? [];
  const names = new Set<string>();
  return checks.flatMap((check, index) => {
    const locate = (path: Path, part?: 'key' | 'value') => topology!.locate(['spec', 'checks', index, ...path], part);
    if (names.has(check.name))
      diagnostics.error('duplicate-name', `two checks are named "${check.name}"`, locate(['name']));
    names.add(check.name);
    const resolved = new CheckResolver(cluster, places, modes, locate, diagnostics).resolve(check);
    return resolved && fits(check.when, modes) ? [resolved] : [];
  });
}

type Target = ResolvedDestination | (LookupDestination & { readonly protocol?: Sender['protocol'] });

interface Statement extends ModesObject {
  readonly expect: ExpectationObject | undefined;
  readonly because?: string;
  readonly path: Path;
}

type Locate = (path: Path, part?: 'key' | 'value') => Position;

/** Resolves one check; every reference that leads nowhere is one report. */
class CheckResolver {
  readonly #cluster: Context;
  readonly #places: Places;
  readonly #modes: Modes;
  readonly #locate: Locate;
  readonly #diagnostics: Diagnostics;

  constructor(cluster: Context, places: Places, modes: Modes, locate: Locate, diagnostics: Diagnostics) {
    this.#cluster = cluster;
    this.#places = places;
    this.#modes = modes;
    this.#locate = locate;
    this.#diagnostics = diagnostics;
  }

  resolve(check: CheckObject): Check | undefined {
    const { line, file } = this.#locate(['name']);
    const origin: Origin = { file, line };
    if (check.at !== undefined) return this.#stateCheck(check, origin);
    if (check.to !== undefined && check.resolve !== undefined) {
      this.#error('conflicting-fields', 'a check has "to" or "resolve", not both', ['resolve']);
      return undefined;
    }
    const target = check.to ?? check.resolve;
    if (check.from === undefined || target === undefined) {
      const missing = check.from === undefined ? 'from' : 'to';
      this.#error(
        'missing-field',
        `the check has no "${missing}"`,
        ['name'],
        'a check has from: and to:, from: and resolve:, or at: with a listing to look at',
      );
      return undefined;
    }
    return this.#connectionCheck(check, origin);
  }

  #connectionCheck(check: CheckObject, origin: Origin): ConnectionCheck | undefined {
    const given = typeof check.from === 'string' ? { place: check.from } : check.from!;
    const fromPath = typeof check.from === 'string' ? ['from'] : ['from', 'place'];
    const place = this.#sender(given.place, fromPath);
    const family = check.family && familyNamed(check.family);
    const to = check.resolve === undefined ? this.#destination(check.to!, family, ['to']) : this.#lookup(check, place);
    const statements = this.#statements(check);
    for (const { expect, path } of statements) this.#refuseListings(expect, path);
    if (!place || !to) return undefined;
    const { protocol, ...destination } = to;
    if (given.protocol && protocol && protocol !== given.protocol) {
      this.#error('protocol-conflict', `${check.to} is ${protocol}, the sender says ${given.protocol}`, [
        'from',
        'protocol',
      ]);
    }
    const sender: Sender = { ...given, place: place.place, protocol: protocol ?? given.protocol ?? 'TCP' };
    const resolved = statements.map(({ expect, path, ...statement }) => ({
      ...statement,
      expect: expect && this.#expectation(expect, check, place, { ...to, protocol: sender.protocol }, path),
    }));
    const { expect, because } = this.#thatFits(resolved);
    return {
      kind: 'connection',
      name: check.name,
      from: sender,
      to: destination,
      connections: check.connections,
      ...(check.interval !== undefined && { intervalMs: check.interval }),
      timeoutMs: check.timeout ?? DEFAULT_TIMEOUT_MS,
      ...(expect && { expect }),
      ...(because !== undefined && { because }),
      origin,
    };
  }

  #stateCheck(check: CheckObject, origin: Origin): StateCheck | undefined {
    const at = this.#place(check.at!, ['at']);
    for (const field of ['from', 'to', 'resolve', 'family', 'interval', 'timeout'] as const) {
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

  #expectation(expect: ExpectationObject, check: CheckObject, from: Place, to: Target, base: Path): Expectation {
    const given = check.family && familyNamed(check.family);
    const family = 'address' in to ? familyIn(to.address) : (given ?? familyIn(from.address ?? ''));
    const {
      answers,
      endpoint,
      source,
      lastSeen,
      path,
      replyPath,
      rewrites,
      relays,
      rejectedBy,
      unseen,
      encapsulation,
      spread,
      latency,
    } = expect;
    if (spread !== undefined && check.connections < 2) {
      this.#error(
        'conflicting-fields',
        'a spread needs several connections',
        [...base, 'spread'],
        'set connections: 20',
      );
    }
    if (answers && !('lookup' in to))
      this.#error('conflicting-fields', 'answers are those of a lookup: it needs "resolve"', [...base, 'answers']);
    if ((rejectedBy !== undefined || expect.rejectedWith) && expect.outcome !== 'rejected') {
      this.#error('conflicting-fields', 'rejectedBy and rejectedWith need outcome: rejected', [
        ...base,
        rejectedBy !== undefined ? 'rejectedBy' : 'rejectedWith',
      ]);
    }
    return {
      ...(expect.outcome && { outcome: expect.outcome }),
      ...(expect.rejectedWith && { rejectedWith: expect.rejectedWith }),
      ...(expect.status !== undefined && { status: expect.status }),
      ...(rejectedBy !== undefined && { rejectedBy: this.#place(rejectedBy, [...base, 'rejectedBy']) ?? rejectedBy }),
      ...(endpoint !== undefined && {
        endpoint: [endpoint]
          .flat()
          .flatMap(
            (text, index) =>
              this.#place(text, Array.isArray(endpoint) ? [...base, 'endpoint', index] : [...base, 'endpoint']) ?? [],
          ),
      }),
      ...(source !== undefined && { source: this.#peer(source, family, [...base, 'source']) }),
      ...(lastSeen !== undefined && { lastSeen: this.#step(lastSeen, [...base, 'lastSeen']) }),
      ...(latency !== undefined && { latency }),
      ...(path && { path: path.map((step, index) => this.#step(step, [...base, 'path', index])) }),
      ...(replyPath && { replyPath: replyPath.map((step, index) => this.#step(step, [...base, 'replyPath', index])) }),
      ...(rewrites && {
        rewrites: rewrites.flatMap(({ at, dnat, snat }, index) => {
          const where = [...base, 'rewrites', index];
          const arrow = dnat ?? snat;
          if (arrow === undefined || (dnat !== undefined && snat !== undefined)) {
            this.#error('conflicting-fields', 'a rewrite is either dnat: or snat:', where);
            return [];
          }
          const kind = dnat === undefined ? 'snat' : 'dnat';
          const [from, target, ...rest] = arrow.split(/\s*(?:→|->)\s*/);
          if (!from || !target || rest.length > 0) {
            this.#error(
              'invalid-value',
              `"${arrow}" is not FROM → TO`,
              [...where, kind],
              'write it like "service/web:80 → pod/web-0:8080"',
            );
            return [];
          }
          const place = this.#place(at, [...where, 'at']) ?? at;
          return [
            {
              at: place,
              kind,
              from: this.#peer(from, family, [...where, kind]),
              to: this.#peer(target, family, [...where, kind]),
            } as const,
          ];
        }),
      }),
      ...(relays && { relays: relays.map((text, index) => this.#place(text, [...base, 'relays', index]) ?? text) }),
      ...(encapsulation && {
        encapsulation:
          encapsulation === 'none'
            ? encapsulation
            : {
                ...encapsulation,
                between: encapsulation.between.map(
                  (text, index) => this.#place(text, [...base, 'encapsulation', 'between', index]) ?? text,
                ) as [string, string],
              },
      }),
      ...(unseen && {
        unseen: unseen.map(({ at, address }, index) => ({
          at: this.#step(at, [...base, 'unseen', index, 'at'], true),
          peer: this.#peer(address, family, [...base, 'unseen', index, 'address']),
        })),
      }),
      ...(spread !== undefined && { spread: this.#spread(spread, from, to, [...base, 'spread']) }),
      ...(answers && { answers: this.#answers(answers, to, [...base, 'answers']) }),
    };
  }

  #spread(spread: NonNullable<ExpectationObject['spread']>, from: Place, to: Target, path: Path): Spread {
    if (spread === 'one' || spread === 'several') return { over: spread };
    if (spread === 'all') {
      const endpoints = 'lookup' in to ? undefined : endpointsAt(this.#cluster, this.#places, from, to);
      if (!endpoints)
        this.#error(
          'conflicting-fields',
          'spread: all needs a Service or a name as destination',
          path,
          'name the endpoints instead: { pod/web-0: ">= 1" }',
        );
      return { over: 'all', endpoints: endpoints ?? [] };
    }
    const counts = Object.entries(spread).map(([text, count]): [string, Count] => {
      const place = this.#place(text, [...path, text], 'key') ?? text;
      return [place, typeof count === 'number' ? { exactly: count } : { min: Number(count.replace(/^>= ?/, '')) }];
    });
    return { over: 'counts', counts: Object.fromEntries(counts) };
  }

  /** Places and Services stand for their addresses. */
  #answers(texts: readonly string[], to: Target, path: Path): string[] {
    const family = 'lookup' in to && to.lookup.type === 'AAAA' ? 6 : 4;
    return texts.flatMap((text, index) => {
      const place = this.#places.find(text);
      if (place) return place.addresses.filter((address) => isOfFamily(address, family));
      return text.startsWith('service/') ? (this.#peer(text, family, [...path, index]).address ?? []) : text;
    });
  }

  #lookup({ resolve, family }: CheckObject, sender: Place | undefined): Target | undefined {
    const { name, type } = typeof resolve === 'string' ? { name: resolve, type: undefined } : resolve!;
    const problem = lookupProblem(name);
    if (problem !== undefined) this.#error('invalid-value', `"${name}" is no name of DNS: ${problem}`, ['resolve']);
    if (problem !== undefined || !sender) return undefined;
    return { ...lookupOf(name, type, sender, family && familyNamed(family)), protocol: 'UDP' };
  }

  #destination(text: string, family: Family | undefined, path: Path): ResolvedDestination | undefined {
    try {
      return resolveDestination(text, this.#cluster, this.#places, family);
    } catch (error) {
      if (!(error instanceof DestinationError)) throw error;
      this.#error('unknown-destination', error.message, path, error.help);
      return undefined;
    }
  }

  /** A place, an address, or either with a port, in an expectation. Of a Service, the address of the check's family is meant. */
  #peer(text: string, family: Family, path: Path): Peer {
    if (familyOf(text) !== undefined) return { text, address: text };
    const place = this.#places.find(text);
    if (place) return { text, place: place.place };
    const [, target, portText] = /^(.*):([0-9]+)$/.exec(text) ?? [];
    const withPort = target === undefined ? undefined : this.#places.find(target);
    if (withPort && portText !== undefined) return { text, place: withPort.place, port: Number(portText) };
    const destination = this.#destination(text, family, path);
    if (destination && !('address' in destination))
      this.#error('invalid-value', `"${text}" is a name: write whom it stands for`, path);
    return {
      text,
      ...(destination &&
        'address' in destination && {
          address: destination.address,
          ...(destination.port !== undefined && { port: destination.port }),
        }),
    };
  }

  /** With `pattern`, the place may be one for several: `node/*`. */
  #step(text: string, path: Path, pattern = false): Step {
    const [, target = text, device] = /^([^:]+)(?::(.+))?$/.exec(text) ?? [];
    const place = pattern && target.includes('*') ? target : (this.#place(target, path) ?? text);
    return { place, ...(device !== undefined && { interface: device }) };
  }

  #place(text: string, path: Path, part?: 'key' | 'value'): string | undefined {
    return this.#sender(text, path, part)?.place;
  }

  #sender(text: string, path: Path, part?: 'key' | 'value'): Place | undefined {
    const place = this.#places.find(text);
    if (place) return place;
    const { message, help } = this.#places.explain(text);
    this.#diagnostics.error('unknown-place', message, this.#locate(path, part), help);
    return undefined;
  }

  #error(code: string, message: string, path: Path, help?: string): void {
    this.#diagnostics.error(code, message, this.#locate(path), help);
  }
}
