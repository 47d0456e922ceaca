/** The same input gives the same cluster, and the same bytes in the end. */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { readSources } from '../../src/cli/input.ts';
import { prepare } from '../../src/pipeline.ts';
import { plan } from '../../src/plan/index.ts';
import { formatScript } from '../../src/plan/script.ts';

const FOLDER = 'topologies';
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));

it.each(files)('%s', (file) => {
  const prepared = () => prepare(readSources([`${FOLDER}/${file}`]), { name: 'lab', namespace: 'default' }).prepared!;
  const [first, second] = [prepared(), prepared()];
  expect(second).toEqual(first);
  const script = ({ cluster, state }: typeof first) => formatScript(plan(state), cluster.name);
  expect(script(second)).toBe(script(first));
});
