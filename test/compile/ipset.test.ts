/** Sets as what `ipset restore` reads: made anew, and changed into others. */
import { expect, it } from 'vitest';
import { changeIpSets } from '../../src/compile/ipset.ts';

const origin = { file: 'lab.yaml', line: 1 };
const set = (name: string, ...entries: string[]) => ({ name, definition: 'hash:net', entries, origin });

it('an entry is deleted by what it is found by, before it comes back with other options', () => {
  const change = changeIpSets(
    [set('a', '10.0.0.0/8 timeout 0', '10.1.0.0/16 timeout 0')],
    [set('a', '10.0.0.0/8 timeout 0', '10.1.0.0/16 timeout 0 nomatch')],
  );
  expect(change.before).toBe('del a 10.1.0.0/16\nadd a 10.1.0.0/16 timeout 0 nomatch\n');
});

it('a set goes when no rule names it any more', () => {
  expect(changeIpSets([set('a', '10.0.0.1')], [set('b', '10.0.0.1')])).toEqual({
    before: 'create b hash:net\nadd b 10.0.0.1\n',
    after: 'destroy a\n',
  });
});
