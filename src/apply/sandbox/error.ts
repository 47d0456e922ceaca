/** A sandbox that could not be made, or has gone. */
export class SandboxError extends Error {
  /** What to do. */
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string) {
    super(message);
    this.name = 'SandboxError';
    this.remedy = remedy;
  }
}
