/** A ruleset in parts is the same ruleset. */
import { expect, it } from 'vitest';
import { inParts } from '../../../src/apply/kernel/rules-in-parts.ts';

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index));

it('of iptables: empty tables first, then chains and rules in their order, no more than two hundred at a time', () => {
  const nat = [...lines(250, (index) => `:C${index} - [0:0]`), ...lines(250, (index) => `-A C${index} -j C0`)];
  const filter = [':D ACCEPT [0:0]', '-A D -j DROP'];
  const [empty, full, ...more] = inParts(
    'iptables',
    `*nat\n${nat.join('\n')}\nCOMMIT\n*filter\n${filter.join('\n')}\nCOMMIT\n`,
  )!;
  expect(more).toEqual([]);
  expect(empty).toEqual({ stdin: '*nat\nCOMMIT\n*filter\nCOMMIT\n', options: [] });
  expect(full!.options).toEqual(['--noflush']);
  const parts = full!.stdin
    .split('COMMIT\n')
    .slice(0, -1)
    .map((part) => part.trimEnd().split('\n'));
  expect(parts.map(([table, ...own]) => [table, own.length])).toEqual([
    ['*nat', 200],
    ['*nat', 200],
    ['*nat', 100],
    ['*filter', 2],
  ]);
  expect(parts.flatMap(([, ...own]) => own)).toEqual([...nat, ...filter]);
});

it('of nft: one run after the other', () => {
  const text = lines(450, (index) => `add rule ip kube-proxy c counter comment "${index}"`);
  const parts = inParts('nft', `${text.join('\n')}\n`)!;
  expect(parts.map(({ stdin, options }) => [stdin.trimEnd().split('\n').length, options])).toEqual([
    [200, []],
    [200, []],
    [50, []],
  ]);
  expect(parts.map(({ stdin }) => stdin).join('')).toBe(`${text.join('\n')}\n`);
});

it('of ipset and ipvsadm: they send one thing after the other', () => {
  expect([inParts('ipset', 'create a hash:ip\n'), inParts('ipvs', '')]).toEqual([undefined, undefined]);
});
