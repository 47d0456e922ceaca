/** The wiring of the topologies, as `prepare` compiles them. */
import { readFileSync } from 'node:fs';
import { type Prepared, prepare } from '../../src/pipeline.ts';
import { Wiring } from '../../src/stitch/index.ts';

export function prepared(topology: string): Prepared {
  const name = `topologies/${topology}.yaml`;
  const made = prepare([{ name, text: readFileSync(name, 'utf8') }], { name: topology, namespace: 'default' });
  if (!made.prepared) throw new Error(JSON.stringify(made.diagnostics, null, 2));
  return made.prepared;
}

export function wiringOf(topology: string): Wiring {
  return new Wiring(prepared(topology).state);
}
