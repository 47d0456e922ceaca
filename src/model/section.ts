/** What the Topology itself and each of its steps say alike: what is broken or impaired, and what must be seen. */
import type { Locate } from '../parse/locate.ts';
import type { CheckObject } from '../parse/schema/check.ts';
import type { StepObject } from '../parse/schema/topology.ts';

export interface Section extends Pick<StepObject, 'faults' | 'impairments'> {
  /** Undefined: the beginning. */
  readonly step?: string;
  readonly checks: readonly CheckObject[];
  /** Where a field of it stands. */
  readonly locate: Locate;
}

export const NO_SECTION: Section = {
  faults: [],
  impairments: [],
  checks: [],
  locate: () => {
    throw new Error('nothing stands here');
  },
};
