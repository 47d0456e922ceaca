/** packetwalk schema: JSON Schemas, made from the definitions that parse and write. */
import * as z from 'zod';
import { EXIT, print } from './output.ts';

export async function run(what: 'topology' | 'result'): Promise<number> {
  print(JSON.stringify(await schemaOf(what), null, 2));
  return EXIT.ok;
}

export async function schemaOf(what: 'topology' | 'result'): Promise<object> {
  if (what === 'result') {
    const { resultSchema, RESULT_VERSION } = await import('../report/json.ts');
    return {
      $id: `https://packetwalk.dev/schema/result-v${RESULT_VERSION}.json`,
      title: 'packetwalk result',
      ...z.toJSONSchema(resultSchema),
    };
  }
  const { topology } = await import('../parse/schema/topology.ts');
  return {
    $id: 'https://packetwalk.dev/schema/topology-v1alpha1.json',
    title: 'packetwalk Topology',
    ...z.toJSONSchema(topology, { io: 'input' }),
  };
}
