/** Checks with every place, Service and address in them resolved. */
import type { Diagnostics, Origin } from '../diagnostic.ts';
import { type Family, familyIn, familyNamed, familyOf } from '../net/address.ts';
import type { Locate } from '../parse/locate.ts';
import type { CheckObject, ExpectationObject, ModesObject } from '../parse/schema/check.ts';
import type { Path } from '../parse/yaml.ts';
import {
  type Check,
  type ConnectionCheck,
  type Count,
  type Expectation,
  LISTINGS,
  type Listing,
  type Peer,
  type Sender,
  type Spread,
  type StateCheck,
  type Step,
} from './check.ts';
import type { Cluster, Inhabitants } from './cluster.ts';
import { DestinationError, type ResolvedDestination, resolveDestination } from './destination.ts';
import { type Parties, partiesOn, reportUnkept } from './kept-connections.ts';
import { fits, type Modes } from './modes.ts';
import type { Places } from './place.ts';
import { readyEndpoints } from './ready-endpoints.ts';
import type { Section } from './section.ts';

export const DEFAULT_TIMEOUT_MS = 1000;
/** Of URLs: a proxy has somebody to ask, and TLS takes its time. */
const DEFAULT_HTTP_TIMEOUT_MS = 3000;

type Context = Inhabitants & Pick<Cluster, 'services' | 'listeners'>;

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
    const resolved = new CheckResolver(cluster, opened, places, modes, locate, diagnostics).resolve(check);
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
  readonly #places: Places;
  readonly #modes: Modes;
  readonly #locate: Locate;
  readonly #diagnostics: Diagnostics;

  constructor(
    cluster: Context,
    opened: readonly ConnectionCheck[],
    places: Places,
    modes: Modes,
    locate: Locate,
    diagnostics: Diagnostics,
  ) {
    this.#cluster = cluster;
    this.#opened = opened;
    this.#places = places;
    this.#modes = modes;
    this.#locate = locate;
    this.#diagnostics = diagnostics;
  }

  resolve(check: CheckObject): Check | undefined {
    const { line, file } = this.#locate(['name']);
    const origin: Origin = { file, line };
    if (check.at !== undefined) return this.#stateCheck(check, origin);
    if (check.on === undefined && (check.from === undefined || check.to === undefined)) {
      const missing = check.from === undefined ? 'from' : 'to';
      this.#error(
        'missing-field',
        `the check has no "${missing}"`,
        ['name'],
        'a check has from: and to:, on: with a connection that is open, or at: with a listing to look at',
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
    if (!parties || this.#place(parties.from.place, check.on === undefined ? ['from'] : ['on']) === undefined)
      return undefined;
    const { from, to } = parties;
    const resolved = statements.map(({ expect, path, ...statement }) => ({
      ...statement,
      expect: expect && this.#expectation(expect, check, { ...to, protocol: from.protocol }, path),
    }));
    const { expect, because } = this.#thatFits(resolved);
    return {
      kind: 'connection',
      name: check.name,
      from,
      to,
      connections: check.connections,
      ...(check.interval !== undefined && { intervalMs: check.interval }),
      timeoutMs: check.timeout ?? (to.http ? DEFAULT_HTTP_TIMEOUT_MS : DEFAULT_TIMEOUT_MS),
      ...(check.opens !== undefined && { opens: check.opens }),
      ...(check.on !== undefined && { on: check.on }),
      ...(expect && { expect }),
      ...(because !== undefined && { because }),
      origin,
    };
  }

  #parties(check: CheckObject): Parties | undefined {
    const given = typeof check.from === 'string' ? { place: check.from } : check.from!;
    const place = this.#place(given.place, typeof check.from === 'string' ? ['from'] : ['from', 'place']);
    const to = this.#destination(check.to!, check.family && familyNamed(check.family), ['to']);
    if (!place || !to) return undefined;
    const { protocol, ...destination } = to;
    if (given.protocol && protocol && protocol !== given.protocol) {
      this.#error('protocol-conflict', `${check.to} is ${protocol}, the sender says ${given.protocol}`, [
        'from',
        'protocol',
      ]);
    }
    const from: Sender = { ...given, place, protocol: protocol ?? given.protocol ?? 'TCP' };
    reportUnkept(check, from, this.#opened, (...words) => this.#error(...words));
    return { from, to: destination };
  }

  #stateCheck(check: CheckObject, origin: Origin): StateCheck | undefined {
    const at = this.#place(check.at!, ['at']);
    for (const field of ['from', 'to', 'family', 'interval', 'timeout', 'opens', 'on'] as const) {
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

  #expectation(expect: ExpectationObject, check: CheckObject, to: ResolvedDestination, base: Path): Expectation {
    const family = familyIn(to.address);
    const {
      endpoint,
      source,
      whoHas,
      lastSeen,
      path,
      replyPath,
      rewrites,
      relays,
      redirects,
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
      ...(expect.location !== undefined && { location: expect.location }),
      ...(expect.certificate !== undefined && { certificate: expect.certificate }),
      ...(expect.request && { request: expect.request }),
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
      ...(whoHas && { whoHas: whoHas.map((text, index) => this.#place(text, [...base, 'whoHas', index]) ?? text) }),
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
      ...(redirects && {
        redirects: redirects.map(({ by, to: via }, index) => ({
          by: this.#place(by, [...base, 'redirects', index, 'by']) ?? by,
          to: this.#peer(via, family, [...base, 'redirects', index, 'to']),
        })),
      }),
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
      ...(spread !== undefined && { spread: this.#spread(spread, to, [...base, 'spread']) }),
    };
  }

  #spread(spread: NonNullable<ExpectationObject['spread']>, to: ResolvedDestination, path: Path): Spread {
    if (spread === 'one' || spread === 'several') return { over: spread };
    if (spread === 'all') {
      const endpoints = readyEndpoints(to, this.#cluster);
      if (!endpoints)
        this.#error(
          'conflicting-fields',
          'spread: all needs a Service as destination',
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
    return {
      text,
      ...(destination && {
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
    const place = this.#places.find(text);
    if (place) return place.place;
    const { message, help } = this.#places.explain(text);
    this.#diagnostics.error('unknown-place', message, this.#locate(path, part), help);
    return undefined;
  }

  #error(code: string, message: string, path: Path, help?: string): void {
    this.#diagnostics.error(code, message, this.#locate(path), help);
  }
}
