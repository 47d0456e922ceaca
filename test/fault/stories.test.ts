/** Every story is whole, and its topology shows what it tells. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { BEHAVIOURS, FAULT_STORIES } from '../../src/fault/stories.ts';
import type { FaultName } from '../../src/model/cluster.ts';
import { FAULT_NAMES } from '../../src/parse/schema/topology.ts';
import { everyState, prepare } from '../../src/pipeline.ts';

const ALL = Object.entries({ ...FAULT_STORIES, ...BEHAVIOURS });

function stateOf(topology: string, faults: FaultName[] = []) {
  const file = `topologies/${topology}.yaml`;
  const sources = [{ name: file, text: readFileSync(file, 'utf8') }];
  return everyState(prepare(sources, { name: topology, namespace: 'default', faults }).prepared!);
}

describe('a story', () => {
  it('there is of every fault', () => {
    expect(Object.keys(FAULT_STORIES).sort()).toEqual([...FAULT_NAMES].sort());
  });

  it.each(ALL)('of %s is told in sentences, and names threads as they are found', (_, story) => {
    for (const text of [story.cause, story.symptom, story.remedy]) expect(text).toMatch(/^[A-Z`].*\.$|^[a-z`-].*\.$/s);
    for (const thread of story.threads) expect(thread).toMatch(/^[\w-]+\/[\w.-]+#\d+$/);
    expect(existsSync(`topologies/${story.topology}.yaml`)).toBe(true);
  });

  it.each(FAULT_NAMES)('of %s is shown by a topology in which the fault breaks something', (name) => {
    const { topology } = FAULT_STORIES[name];
    expect(stateOf(topology, [name])).not.toEqual(stateOf(topology));
  });

  it.each(Object.entries(BEHAVIOURS))('of %s is called like its topology', (name, { topology }) => {
    expect(topology).toBe(name);
  });
});
