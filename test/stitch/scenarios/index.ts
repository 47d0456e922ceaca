/** Evidence of every fate a packet can meet but delivery, and what must be concluded from it. */
import { DROPPED, LOOP } from './dropped.ts';
import { REJECTED } from './rejected.ts';
import { RELAYED } from './relayed.ts';
import type { Scenario } from './scenario.ts';
import { REPLY, UNANSWERED } from './unanswered.ts';
import { UNRESOLVED } from './unresolved.ts';
import { NO_NEIGHBOUR, UNSENT } from './unsent.ts';

export const SCENARIOS: readonly Scenario[] = [
  ...REJECTED,
  ...UNSENT,
  ...NO_NEIGHBOUR,
  ...DROPPED,
  ...UNANSWERED,
  ...REPLY,
  ...LOOP,
  ...RELAYED,
  ...UNRESOLVED,
];
