/** The impairments of a Topology or of one of its steps: whose links they are. That a place has such an interface is seen when its kernel state is there. */
import type { Diagnostics } from '../diagnostic.ts';
import type { Impairment } from '../net/impairment.ts';
import type { ImpairmentObject } from '../parse/schema/topology.ts';
import type { ImpairedLink } from './cluster.ts';
import type { Places } from './place.ts';
import type { Section } from './section.ts';

export function modelImpairedLinks(
  { impairments, locate }: Section,
  places: Places,
  diagnostics: Diagnostics,
): ImpairedLink[] {
  return impairments.flatMap((object, index) => {
    const position = locate(['impairments', index]);
    const at = locate(['impairments', index, 'at']);
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
