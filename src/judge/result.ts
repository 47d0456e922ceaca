/** What came of one topology: the value the reports are made from. */
import type { CniMode, FaultName, ProxyMode } from '../model/cluster.ts';
import type { Verdict } from './verdict.ts';

export interface LabResult {
  readonly file: string;
  readonly name: string;
  readonly cni: CniMode;
  readonly proxy: ProxyMode;
  readonly sandbox: string;
  /** Release of the kernel the lab stood on; empty when it never stood. */
  readonly kernel: string;
  readonly faults: readonly FaultName[];
  readonly verdicts: readonly Verdict[];
  readonly durationMs: number;
  /** Why the lab could not be built or watched, or the step not be taken. The checks from there on are skipped. */
  readonly problem?: Problem;
  /** Command that tests this lab again. */
  readonly command?: string;
  /** File that holds the packets. */
  readonly capture?: string;
}

/** What went wrong, for a person. */
export interface Problem {
  readonly message: string;
  readonly remedy?: string;
  /** The step that could not be taken; undefined: the lab could not be built. */
  readonly step?: string;
}

export interface Totals {
  readonly labs: number;
  readonly checks: number;
  readonly passed: number;
  readonly failed: number;
  readonly inconclusive: number;
  readonly skipped: number;
  readonly durationMs: number;
}

export function totalsOf(results: readonly LabResult[], durationMs: number): Totals {
  const verdicts = results.flatMap((result) => result.verdicts);
  const count = (kind: Verdict['verdict']) => verdicts.filter(({ verdict }) => verdict === kind).length;
  return {
    labs: results.length,
    checks: verdicts.length,
    passed: count('pass'),
    failed: count('fail'),
    inconclusive: count('inconclusive'),
    skipped: count('skipped'),
    durationMs,
  };
}

/** 0: everything passed. 1: a check failed. 3: something could not be judged, or nothing ran. */
export function exitCodeOf(results: readonly LabResult[]): 0 | 1 | 3 {
  const { failed, inconclusive, passed } = totalsOf(results, 0);
  if (failed > 0) return 1;
  return inconclusive > 0 || passed === 0 || results.some(({ problem }) => problem) ? 3 : 0;
}

/** What comes from one file, together: a topology in all its modes. */
export function byTopology<T extends { readonly file: string }>(items: readonly T[]): T[][] {
  const found = new Map<string, T[]>();
  for (const item of items) {
    const others = found.get(item.file);
    if (others) others.push(item);
    else found.set(item.file, [item]);
  }
  return [...found.values()];
}
