/** The same input gives the same cluster, and the same bytes in the end. */
import { readdirSync } from 'node:fs';
import { expect, it } from 'vitest';
import { compile } from '../../src/compile/index.ts';
import { plan } from '../../src/plan/index.ts';
import { formatScript } from '../../src/plan/script.ts';
import { clusterOfFile } from './cluster.ts';

const FOLDER = 'topologies';
const files = readdirSync(FOLDER).filter((file) => file.endsWith('.yaml'));

it.each(files)('%s', (file) => {
  const path = `${FOLDER}/${file}`;
  const [first, second] = [clusterOfFile(path), clusterOfFile(path)];
  expect(second).toEqual(first);
  const script = (cluster: typeof first) => formatScript(plan(compile(cluster)), cluster.name);
  expect(script(second)).toBe(script(first));
});
