/** spec.impairments: whose links they are. That a place has such an interface is seen when its kernel state is there. */
import type { Diagnostics } from '../diagnostic.ts';
import type { Impairment } from '../net/impairment.ts';
import type { ManifestOf } from '../parse/index.ts';
import type { ImpairmentObject } from '../parse/schema/topology.ts';
import type { ImpairedLink } from './cluster.ts';
import type { Places } from './place.ts';

export function modelImpairedLinks(
  topology: ManifestOf<'Topology'> | undefined,
  places: Places,
  diagnostics: Diagnostics,
): ImpairedLink[] {
  return (topology?.object.spec.impairments ?? []).flatMap((object, index) => {
    const position = topology!.locate(['spec', 'impairments', index]);
    const at = topology!.locate(['spec', 'impairments', index, 'at']);
    const [text = '', device] = object.at.split(/:(.*)/s);
    const place = places.find(text);
    const impairment = impairmentOf(object);
    if (!place) {
      const { message, help } = places.explain(text);
      diagnostics.error('unknown-place', message, at, help);
    } else if (!device) {
      diagnostics.error('invalid-value', `which interface of ${place.place}?`, at, `write it ${place.place}:eth0`);
    }
    const problem = impairmentProblem(impairment);
    if (problem !== undefined) diagnostics.error('conflicting-fields', problem, position);
    if (!place || !device) return [];
    const origin = { file: position.file, line: position.line };
    return [{ place: place.place, netns: place.netns, device, impairment, down: object.down, origin }];
  });
}

/** Those values that are given. */
export function impairmentOf({ delay, jitter, loss, rate }: Omit<ImpairmentObject, 'at' | 'down'>): Impairment {
  return {
    ...(delay !== undefined && { delay }),
    ...(jitter !== undefined && { jitter }),
    ...(loss !== undefined && { loss }),
    ...(rate !== undefined && { rate }),
  };
}

/** Why there can be no such impairment. */
export function impairmentProblem({ delay, jitter }: Impairment): string | undefined {
  if (jitter === undefined) return undefined;
  if (delay === undefined) return 'jitter is how far from the delay a packet may be: it needs a delay';
  return jitter > delay ? 'the jitter is longer than the delay' : undefined;
}
