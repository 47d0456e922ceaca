/** A ruleset in parts is the same ruleset. */
import { expect, it } from 'vitest';
import { inParts } from '../../../src/apply/kernel/rules-in-parts.ts';
import type { LoadRules } from '../../../src/plan/operation.ts';

const lines = (count: number, line: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => line(index));

const load = (program: LoadRules['program'], text: string, onTop?: true): LoadRules => ({
  ...{ kind: 'load-rules', namespace: 'node.node1', origin: { file: 'lab.yaml', line: 1 } },
  ...{ program, text, ...(onTop && { onTop }) },
});

const NAT = [...lines(250, (index) => `:C${index} - [0:0]`), ...lines(250, (index) => `-A C${index} -j C0`)];
const FILTER = [':D ACCEPT [0:0]', '-A D -j DROP'];
const TABLES = `*nat\n${NAT.join('\n')}\nCOMMIT\n*filter\n${FILTER.join('\n')}\nCOMMIT\n`;

it('of iptables: empty tables first, then chains and rules in their order, no more than two hundred at a time', () => {
  const [empty, full, ...more] = inParts(load('iptables', TABLES))!;
  expect(more).toEqual([]);
  expect(empty).toEqual(load('iptables', '*nat\nCOMMIT\n*filter\nCOMMIT\n'));
  expect(full).toEqual(load('iptables', full!.text, true));
  const parts = full!.text
    .split('COMMIT\n')
    .slice(0, -1)
    .map((part) => part.trimEnd().split('\n'));
  expect(parts.map(([table, ...own]) => [table, own.length])).toEqual([
    ['*nat', 200],
    ['*nat', 200],
    ['*nat', 100],
    ['*filter', 2],
  ]);
  expect(parts.flatMap(([, ...own]) => own)).toEqual([...NAT, ...FILTER]);
});

it('of iptables, on top of what there is: nothing is emptied', () => {
  expect(inParts(load('iptables', TABLES, true))).toEqual(inParts(load('iptables', TABLES))!.slice(1));
});

it('of nft: one run after the other', () => {
  const text = lines(450, (index) => `add rule ip kube-proxy c counter comment "${index}"`);
  const parts = inParts(load('nft', `${text.join('\n')}\n`))!.map((part) => part.text);
  expect(parts.map((part) => part.trimEnd().split('\n').length)).toEqual([200, 200, 50]);
  expect(parts.join('')).toBe(`${text.join('\n')}\n`);
});

it('of ipset and ipvsadm: they send one thing after the other', () => {
  expect([inParts(load('ipset', 'create a hash:ip\n')), inParts(load('ipvs', ''))]).toEqual([undefined, undefined]);
});
