/** Holds what was said over HTTP against an expectation: the answer, and the request as the endpoint saw it. */
import type { Expectation } from '../model/check.ts';
import type { EndpointAnswer, ProbeResult } from '../probe/probe.ts';
import type { Mismatch } from './verdict.ts';

export function httpMismatches(expect: Expectation, result: ProbeResult): Mismatch[] {
  const { status, location, certificate = [], answer } = result.kind === 'answered' ? result : {};
  return [
    ...differing('status', expect.status, status),
    ...differing('location', expect.location, location),
    ...(expect.certificate === undefined || certificate.includes(expect.certificate)
      ? []
      : [{ field: 'certificate', expected: expect.certificate, observed: certificate.join(', ') || 'none was shown' }]),
    ...(expect.request ? requestMismatches(expect.request, answer?.request) : []),
  ];
}

function requestMismatches(
  { path, headers }: NonNullable<Expectation['request']>,
  seen: EndpointAnswer['request'],
): Mismatch[] {
  const wanted = Object.entries({ ...(path !== undefined && { path }), ...headers });
  const observed: Readonly<Record<string, string | undefined>> = { ...seen?.headers, path: seen?.path };
  return wanted
    .filter(([name, value]) => observed[name] !== value)
    .map(([name, value]) => ({
      field: 'request',
      expected: `${name}: ${value}`,
      observed: seen ? `${name}: ${observed[name] ?? 'none'}` : 'no endpoint saw a request',
    }));
}

function differing<T extends string | number>(
  field: string,
  expected: T | undefined,
  observed: T | undefined,
): Mismatch[] {
  if (expected === undefined || expected === observed) return [];
  return [{ field, expected: String(expected), observed: observed === undefined ? 'none' : String(observed) }];
}
