/**
 * Calls `expire` after a time during which this process could have heard an answer. Asking and answering happen in one
 * process: while it is busy, or its processor emulated, time goes by in which nothing could arrive. So time is counted in
 * turns of the event loop, each of which counts no longer than it would have taken. Returns what cancels it.
 */
export function deadline(timeoutMs: number, expire: () => void): () => void {
  let turns = Math.ceil(timeoutMs / TURN_MS);
  const timer = setInterval(() => {
    turns--;
    if (turns > 0) return;
    clearInterval(timer);
    expire();
  }, TURN_MS);
  return () => clearInterval(timer);
}

const TURN_MS = 20;
