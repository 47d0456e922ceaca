/** A ruleset in parts is the same ruleset. */
import { expect, it } from 'vitest';
import { inParts } from '../../../src/apply/kernel/rules-in-parts.ts';

const RULES = Array.from({ length: 450 }, (_, index) => `-A A -m comment --comment "rule ${index}" -j B`);
const TEXT = `*nat
:A - [0:0]
:B - [0:0]
${RULES.join('\n')}
COMMIT
*filter
:C ACCEPT [0:0]
-A C -j DROP
COMMIT
`;

it('has all chains first, empty, then the rules in their order, no more than two hundred at a time', () => {
  const { chains, rules } = inParts(TEXT);
  expect(chains).toBe('*nat\n:A - [0:0]\n:B - [0:0]\nCOMMIT\n*filter\n:C ACCEPT [0:0]\nCOMMIT\n');
  const parts = rules
    .trimEnd()
    .split('\nCOMMIT')
    .filter((part) => part !== '')
    .map((part) => part.trim().split('\n'));
  expect(parts.map(([table, ...own]) => [table, own.length])).toEqual([
    ['*nat', 200],
    ['*nat', 200],
    ['*nat', 50],
    ['*filter', 1],
  ]);
  expect(parts.flatMap(([, ...own]) => own)).toEqual([...RULES, '-A C -j DROP']);
});
