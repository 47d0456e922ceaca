/** Ctrl-C and SIGTERM: whatever was begun is undone or passed on first, then the command ends. */
import { EXIT, note } from './output.ts';

type Cleanup = (signal: 'SIGINT' | 'SIGTERM') => Promise<void> | void;

const cleanups = new Set<Cleanup>();

/** To be called once. A second Ctrl-C does not wait for the cleaning up. */
export function watchForInterrupts(): void {
  let interrupted = false;
  for (const [signal, code] of [
    ['SIGINT', EXIT.interrupted],
    ['SIGTERM', EXIT.terminated],
  ] as const) {
    process.on(signal, () => {
      if (interrupted) process.exit(code);
      interrupted = true;
      void end(signal, code);
    });
  }
}

async function end(signal: 'SIGINT' | 'SIGTERM', code: number): Promise<void> {
  if (process.stderr.isTTY) note('');
  try {
    await Promise.all([...cleanups].map((cleanup) => cleanup(signal)));
  } finally {
    process.exit(code);
  }
}

/** Runs an action with something to do if it is interrupted. The sandbox of a `test` or `trace` needs none: it dies with us. */
export async function unlessInterrupted<T>(cleanup: Cleanup, action: () => Promise<T>): Promise<T> {
  cleanups.add(cleanup);
  try {
    return await action();
  } finally {
    cleanups.delete(cleanup);
  }
}
