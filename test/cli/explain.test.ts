/** The stories as they are printed. */
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { run } from '../../src/cli/explain.ts';
import { BEHAVIOURS } from '../../src/fault/stories.ts';
import { FAULT_NAMES } from '../../src/parse/schema/topology.ts';

let printed = '';
beforeEach(() => {
  printed = '';
  vi.spyOn(process.stdout, 'write').mockImplementation((text) => {
    printed += text;
    return true;
  });
});
afterEach(() => vi.restoreAllMocks());

describe('explain', () => {
  it('lists everything there is a story of', async () => {
    expect(await run(undefined)).toBe(0);
    for (const name of [...FAULT_NAMES, ...Object.keys(BEHAVIOURS)])
      expect(printed).toMatch(new RegExp(`^${name} `, 'm'));
  });

  it.each([...FAULT_NAMES, ...Object.keys(BEHAVIOURS)])(
    'tells of %s in a hundred columns, and how to see it',
    async (name) => {
      expect(await run(name)).toBe(0);
      expect(printed.split('\n').filter(({ length }) => length > 100)).toEqual([]);
      expect(printed).toMatch(/^ {2}show {4}packetwalk test topologies\/\S+\.yaml( --fault \S+)?$/m);
    },
  );

  it('of what it does not know guesses what was meant', async () => {
    await expect(run('no-hairpn')).rejects.toMatchObject({
      message: 'there is no no-hairpn',
      help: 'did you mean "no-hairpin"?',
    });
  });
});
