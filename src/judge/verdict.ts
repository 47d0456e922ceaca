/** What a check came to. The JSON result is made of these values. */
import type { Check, ConnectionCheck, StateCheck } from '../model/check.ts';
import type { Walk } from '../stitch/walk.ts';

export type VerdictKind = 'pass' | 'fail' | 'inconclusive' | 'skipped';

/** One expectation that did not hold. */
export interface Mismatch {
  /** The field of `expect`: `path`, `source`. */
  readonly field: string;
  readonly expected: string;
  readonly observed: string;
}

interface VerdictBase {
  readonly check: Check;
  readonly verdict: VerdictKind;
  /** Why it is not a pass; for a pass, what happened. */
  readonly reason: string;
  /** Empty unless the verdict is `fail`. */
  readonly mismatches: readonly Mismatch[];
  readonly durationMs: number;
}

export interface ConnectionVerdict extends VerdictBase {
  readonly kind: 'connection';
  readonly check: ConnectionCheck;
  /** The walk that decided: the one that does not fit, or the first. Undefined when none was made. */
  readonly walk?: Walk;
  /** Connections per endpoint, when there were several. */
  readonly spread?: Readonly<Record<string, number>>;
}

export interface StateVerdict extends VerdictBase {
  readonly kind: 'state';
  readonly check: StateCheck;
  /** What the listing commands printed, by name. */
  readonly listings: Readonly<Record<string, string>>;
}

export type Verdict = ConnectionVerdict | StateVerdict;

/** Of a check that was not made. */
export function skipped(check: Check, reason: string): Verdict {
  const base = { verdict: 'skipped' as const, reason, mismatches: [], durationMs: 0 };
  return check.kind === 'connection'
    ? { ...base, kind: 'connection', check }
    : { ...base, kind: 'state', check, listings: {} };
}
