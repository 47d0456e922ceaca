/** All processes of one program, one a namespace: each is started with its configuration, told of a new one, and ended. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { KernelError } from '../../apply/kernel/errors.ts';
import { launchChecked } from '../../apply/kernel/launch.ts';
import { inside } from '../../apply/kernel/namespaces.ts';
import type { Origin } from '../../diagnostic.ts';

const STARTING_MS = 10_000;

export interface RunningDaemon<D> {
  reconfigure(daemon: D): Promise<void>;
  end(): Promise<void>;
}

export abstract class Fleet<D, R extends RunningDaemon<D>> {
  readonly #running = new Map<string, R>();

  /** Throws a KernelError when the program is missing or does not take the configuration. */
  protected abstract start(namespace: string, daemon: D): Promise<R>;

  /** Lets the program run with this configuration, or end. */
  async set(namespace: string, daemon: D | undefined): Promise<void> {
    const running = this.#running.get(namespace);
    if (daemon === undefined) {
      this.#running.delete(namespace);
      await running?.end();
    } else if (running) await running.reconfigure(daemon);
    else this.#running.set(namespace, await this.start(namespace, daemon));
  }

  get running(): readonly R[] {
    return [...this.#running.values()];
  }

  protected of(namespace: string): R | undefined {
    return this.#running.get(namespace);
  }

  /** Waits until what they bring about is there: nothing, for most. */
  async settle(): Promise<void> {}
}

/** Writes a configuration where the program looks for it, unless `check`, a command about the draft, says that it would not take it. */
export async function configure(
  path: string,
  { config, origin }: { readonly config: string; readonly origin: Origin },
  namespace: string,
  check: (draft: string) => readonly string[],
): Promise<void> {
  mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true });
  const draft = path.replace(/\.[^.]+$/, '.new');
  writeFileSync(draft, config);
  try {
    await inside(namespace, () => launchChecked(check(draft), { namespace, timeoutMs: STARTING_MS }));
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new KernelError({ ...error.details, origin });
  }
  renameSync(draft, path);
}

/** Waits until a daemon is there as `isUp` tells. `stop` is called, and a KernelError thrown, when that takes too long. */
export async function comeUp(
  command: string,
  { namespace, origin }: { readonly namespace: string; readonly origin: Origin },
  isUp: () => boolean,
  stop: () => void,
): Promise<void> {
  const deadline = performance.now() + STARTING_MS;
  while (!isUp() && performance.now() < deadline) await delay(10);
  if (isUp()) return;
  stop();
  const cause = `it did not start within ${STARTING_MS / 1000} s`;
  throw new KernelError({ code: 'failed', command, namespace, cause, origin });
}
