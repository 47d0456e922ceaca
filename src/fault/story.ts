/** What is told of a failure. */
export interface Story {
  /** Why it happens. */
  readonly cause: string;
  /** What a walk shows. */
  readonly symptom: string;
  /** What to do on a real node. */
  readonly remedy: string;
  /** Upstream threads: `OWNER/REPOSITORY#NUMBER`. */
  readonly threads: readonly string[];
  /** The topology that shows it: with the fault injected, or, where there is none, as it is. */
  readonly topology: string;
}
