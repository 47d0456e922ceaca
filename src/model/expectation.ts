/** What must be seen of a connection, with every place, Service and address in it resolved. */
import { type Family, familyIn, familyNamed, isOfFamily } from '../net/address.ts';
import type { CheckObject, ExpectationObject } from '../parse/schema/check.ts';
import type { Path } from '../parse/yaml.ts';
import type { Count, Expectation, LookupDestination, Sender, Spread } from './check.ts';
import type { Cluster, Place } from './cluster.ts';
import type { ResolvedDestination } from './destination.ts';
import { readyEndpoints } from './ready-endpoints.ts';
import type { References } from './references.ts';
import type { Neighbours } from './surroundings.ts';

export type Target = ResolvedDestination | (LookupDestination & { readonly protocol?: Sender['protocol'] });

/** Whose packets are meant. */
export interface Subject {
  readonly check: CheckObject;
  readonly from: Place;
  readonly to: Target;
}

/** `base` is where the expectation stands in its check. */
export function expectationOf(
  expect: ExpectationObject,
  { check, from, to }: Subject,
  cluster: Neighbours & Pick<Cluster, 'listeners'>,
  references: References,
  base: Path,
): Expectation {
  const family = familyMeant(check, from, to);
  const { answers, endpoint, source, whoHas, lastSeen, path, replyPath, rewrites, relays, redirects } = expect;
  const { rejectedBy, unseen, encapsulation, spread, latency } = expect;
  reportConflicts(expect, check, to, references, base);
  return {
    ...(expect.outcome && { outcome: expect.outcome }),
    ...(expect.rejectedWith && { rejectedWith: expect.rejectedWith }),
    ...(expect.status !== undefined && { status: expect.status }),
    ...(expect.location !== undefined && { location: expect.location }),
    ...(expect.certificate !== undefined && { certificate: expect.certificate }),
    ...(expect.request && { request: expect.request }),
    ...(rejectedBy !== undefined && { rejectedBy: references.place(rejectedBy, [...base, 'rejectedBy']) }),
    ...(endpoint !== undefined && {
      endpoint: [endpoint]
        .flat()
        .flatMap(
          (text, index) =>
            references.find(text, Array.isArray(endpoint) ? [...base, 'endpoint', index] : [...base, 'endpoint'])
              ?.place ?? [],
        ),
    }),
    ...(source !== undefined && { source: references.peer(source, family, [...base, 'source']) }),
    ...(whoHas && { whoHas: whoHas.map((text, index) => references.place(text, [...base, 'whoHas', index])) }),
    ...(lastSeen !== undefined && { lastSeen: references.step(lastSeen, [...base, 'lastSeen']) }),
    ...(latency !== undefined && { latency }),
    ...(path && { path: path.map((step, index) => references.step(step, [...base, 'path', index])) }),
    ...(replyPath && {
      replyPath: replyPath.map((step, index) => references.step(step, [...base, 'replyPath', index])),
    }),
    ...(rewrites && { rewrites: rewritesOf(rewrites, family, references, [...base, 'rewrites']) }),
    ...(relays && { relays: relays.map((text, index) => references.place(text, [...base, 'relays', index])) }),
    ...(redirects && {
      redirects: redirects.map(({ by, to: via }, index) => ({
        by: references.place(by, [...base, 'redirects', index, 'by']),
        to: references.peer(via, family, [...base, 'redirects', index, 'to']),
      })),
    }),
    ...(encapsulation && {
      encapsulation:
        encapsulation === 'none'
          ? encapsulation
          : {
              ...encapsulation,
              between: encapsulation.between.map((text, index) =>
                references.place(text, [...base, 'encapsulation', 'between', index]),
              ) as [string, string],
            },
    }),
    ...(unseen && {
      unseen: unseen.map(({ at, address }, index) => ({
        at: references.step(at, [...base, 'unseen', index, 'at'], true),
        peer: references.peer(address, family, [...base, 'unseen', index, 'address']),
      })),
    }),
    ...(spread !== undefined && {
      spread: spreadOf(spread, () => readyEndpoints(to, from, cluster), references, [...base, 'spread']),
    }),
    ...(answers && { answers: answersOf(answers, to, references, [...base, 'answers']) }),
  };
}

/** That of the destination; of a name, the one that is asked for, or the sender's primary one. */
function familyMeant({ family }: CheckObject, from: Place, to: Target): Family {
  if ('address' in to) return familyIn(to.address);
  return family === undefined ? familyIn(from.address ?? '') : familyNamed(family);
}

function reportConflicts(
  { spread, answers, outcome, rejectedBy, rejectedWith }: ExpectationObject,
  { connections }: CheckObject,
  to: Target,
  references: References,
  base: Path,
): void {
  const conflict = (message: string, field: string, help?: string) =>
    references.error('conflicting-fields', message, [...base, field], help);
  if (spread !== undefined && connections < 2)
    conflict('a spread needs several connections', 'spread', 'set connections: 20');
  if (answers && !('lookup' in to)) conflict('answers are those of a lookup: it needs "resolve"', 'answers');
  if ((rejectedBy !== undefined || rejectedWith) && outcome !== 'rejected')
    conflict(
      'rejectedBy and rejectedWith need outcome: rejected',
      rejectedBy !== undefined ? 'rejectedBy' : 'rejectedWith',
    );
}

function rewritesOf(
  rewrites: NonNullable<ExpectationObject['rewrites']>,
  family: Family,
  references: References,
  base: Path,
): NonNullable<Expectation['rewrites']> {
  return rewrites.flatMap(({ at, dnat, snat }, index) => {
    const where = [...base, index];
    const arrow = dnat ?? snat;
    if (arrow === undefined || (dnat !== undefined && snat !== undefined)) {
      references.error('conflicting-fields', 'a rewrite is either dnat: or snat:', where);
      return [];
    }
    const kind = dnat === undefined ? 'snat' : 'dnat';
    const [from, target, ...rest] = arrow.split(/\s*(?:→|->)\s*/);
    if (!from || !target || rest.length > 0) {
      references.error(
        'invalid-value',
        `"${arrow}" is not FROM → TO`,
        [...where, kind],
        'write it like "service/web:80 → pod/web-0:8080"',
      );
      return [];
    }
    return [
      {
        at: references.place(at, [...where, 'at']),
        kind,
        from: references.peer(from, family, [...where, kind]),
        to: references.peer(target, family, [...where, kind]),
      } as const,
    ];
  });
}

function spreadOf(
  spread: NonNullable<ExpectationObject['spread']>,
  endpointsThere: () => string[] | undefined,
  references: References,
  path: Path,
): Spread {
  if (spread === 'one' || spread === 'several') return { over: spread };
  if (spread === 'all') {
    const endpoints = endpointsThere();
    if (!endpoints)
      references.error(
        'conflicting-fields',
        'spread: all needs a Service or a name as destination',
        path,
        'name the endpoints instead: { pod/web-0: ">= 1" }',
      );
    return { over: 'all', endpoints: endpoints ?? [] };
  }
  const counts = Object.entries(spread).map(([text, count]): [string, Count] => {
    const place = references.place(text, [...path, text], 'key');
    return [place, typeof count === 'number' ? { exactly: count } : { min: Number(count.replace(/^>= ?/, '')) }];
  });
  return { over: 'counts', counts: Object.fromEntries(counts) };
}

/** Places and Services stand for their addresses. */
function answersOf(texts: readonly string[], to: Target, references: References, path: Path): string[] {
  const family = 'lookup' in to && to.lookup.type === 'AAAA' ? 6 : 4;
  return texts.flatMap((text, index) => {
    const place = references.placeNamed(text);
    if (place) return place.addresses.filter((address) => isOfFamily(address, family));
    return text.startsWith('service/') ? (references.peer(text, family, [...path, index]).address ?? []) : text;
  });
}
