/** What a fault is. */
import type { Edit } from './edits.ts';

export interface FaultDefinition {
  /** What is missing or wrong, as a sentence without its subject: "the nat rules that masquerade are missing". */
  readonly summary: string;
  readonly edit: Edit;
}
