/** What a resolver makes of resolv.conf. */
import { describe, expect, it } from 'vitest';
import { attemptsOf, candidates, formatResolvConf, nameserversOf } from '../../src/dns/resolver.ts';

const POD = {
  nameservers: ['10.96.0.10'],
  searches: ['default.svc.cluster.local', 'svc.cluster.local', 'cluster.local'],
  options: ['ndots:5'],
};

describe('the names a name may stand for', () => {
  const searched = (name: string) => POD.searches.map((domain) => `${name}.${domain}`);

  it.each([
    ['web', [...searched('web'), 'web']],
    ['web.prod', [...searched('web.prod'), 'web.prod']],
    ['a.b.c.d.e', [...searched('a.b.c.d.e'), 'a.b.c.d.e']],
    ['a.b.c.d.e.f', ['a.b.c.d.e.f', ...searched('a.b.c.d.e.f')]],
    ['web.prod.', ['web.prod']],
  ])('of %s, in their order', (name, expected) => {
    expect(candidates(name, POD)).toEqual(expected);
  });

  it('begin with itself when it has a dot and nothing else is said', () => {
    expect(candidates('web.prod', { ...POD, options: [] })[0]).toBe('web.prod');
  });

  it('leave out what would be too long', () => {
    const name = `${'a'.repeat(60)}.${'b'.repeat(60)}.${'c'.repeat(60)}.${'d'.repeat(58)}`;
    expect(candidates(name, POD)).toEqual([`${name}.cluster.local`, name].filter(({ length }) => length <= 253));
  });
});

it('is written as a container runtime writes it', () => {
  expect(formatResolvConf(POD)).toBe(
    'search default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n',
  );
  expect(formatResolvConf({ nameservers: [], searches: [], options: [] })).toBe('');
});

it('without a nameserver asks its own machine, twice unless told otherwise', () => {
  expect(nameserversOf({ ...POD, nameservers: [] })).toEqual(['127.0.0.1']);
  expect(attemptsOf(POD)).toBe(2);
  expect(attemptsOf({ ...POD, options: ['attempts:9'] })).toBe(5);
});
