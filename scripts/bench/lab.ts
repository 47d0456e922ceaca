/** Labs that measurements are made in, from their text. */
import { Diagnostics } from '../../src/diagnostic.ts';
import { type ModelOptions, model } from '../../src/model/index.ts';
import { parse } from '../../src/parse/index.ts';

export function modelled(text: string, options: Partial<ModelOptions> = {}) {
  const diagnostics = new Diagnostics();
  const manifests = parse([{ name: 'bench.yaml', text }], diagnostics);
  const cluster = model(manifests, { name: 'bench', namespace: 'default', ...options }, diagnostics);
  if (!cluster) throw new Error(JSON.stringify(diagnostics.all.slice(0, 3)));
  return cluster;
}
