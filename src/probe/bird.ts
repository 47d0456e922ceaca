/**
 * BIRD as a process, one a machine: started with its configuration, told of a new one, and ended. Its files are where Calico
 * has them, for each machine of the lab by itself: `birdc -s /run/calico/node.node1/bird.ctl show route` asks it.
 */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../apply/kernel/command.ts';
import { KernelError } from '../apply/kernel/errors.ts';
import { type Launched, launch } from '../apply/kernel/launch.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import type { BirdDaemon } from '../compile/bird.ts';

const FOLDER = '/run/calico';
const STARTING_MS = 10_000;
/** Sessions take two to three seconds; one that fails is tried again after five. */
const SETTLING_MS = 20_000;
const INTERVAL_MS = 200;

export class Birds {
  readonly #running = new Map<string, Running>();

  /** Lets BIRD run with this configuration, or end. Throws a KernelError when it is missing or does not take it. */
  async set(namespace: string, daemon: BirdDaemon | undefined): Promise<void> {
    const running = this.#running.get(namespace);
    if (daemon === undefined) {
      this.#running.delete(namespace);
      await running?.end();
    } else if (running) running.reconfigure(daemon);
    else this.#running.set(namespace, await Running.start(namespace, daemon));
  }

  /**
   * Waits until the kernel of each machine has the routes that those who run announce, or until so much time has passed that
   * something must keep them from it: that is for checks to find out.
   */
  async settle(): Promise<void> {
    const deadline = performance.now() + SETTLING_MS;
    const announced = new Set([...this.#running.values()].flatMap(({ daemon }) => daemon.announces));
    const waiting = new Set(this.#running.values());
    while (waiting.size > 0 && performance.now() < deadline) {
      for (const running of waiting) if (await running.knows(announced)) waiting.delete(running);
      if (waiting.size > 0) await delay(INTERVAL_MS);
    }
  }
}

class Running {
  readonly #namespace: string;
  readonly #process: Launched;
  #daemon: BirdDaemon;

  private constructor(namespace: string, daemon: BirdDaemon) {
    this.#namespace = namespace;
    this.#daemon = daemon;
    this.#write();
    const argv = ['bird', '-f', '-c', this.#path('cfg'), '-s', this.#path('ctl'), '-P', this.#path('pid')];
    this.#process = inside(namespace, () => launch(argv));
    this.#process.stdout.resume();
  }

  static async start(namespace: string, daemon: BirdDaemon): Promise<Running> {
    const running = new Running(namespace, daemon);
    await running.#comeUp();
    return running;
  }

  get daemon(): BirdDaemon {
    return this.#daemon;
  }

  reconfigure(daemon: BirdDaemon): void {
    this.#daemon = daemon;
    this.#write();
    this.#process.kill('SIGHUP');
  }

  async end(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#process.ended;
  }

  /** Whether the kernel has a route of BIRD's to all it can have heard of. */
  async knows(announced: ReadonlySet<string>): Promise<boolean> {
    const argv = ['ip', '-4', 'route', 'show', 'proto', 'bird'];
    const { stdout } = await inside(this.#namespace, () => run(argv, { namespace: this.#namespace }));
    const known = new Set(stdout.split('\n').map((line) => line.split(' ')[0]));
    return this.#daemon.learns.every((range) => known.has(range) || !announced.has(range));
  }

  /** It answers at its control socket, or says on the way out what is wrong. */
  async #comeUp(): Promise<void> {
    let words = '';
    this.#process.stderr.on('data', (chunk: Buffer) => (words += chunk.toString()));
    let exitCode: number | undefined;
    void this.#process.ended.then((code) => (exitCode = code));
    const deadline = performance.now() + STARTING_MS;
    while (!existsSync(this.#path('ctl')) && exitCode === undefined && performance.now() < deadline) await delay(10);
    if (existsSync(this.#path('ctl'))) return;
    this.#process.kill('SIGKILL');
    throw new KernelError({
      code: 'failed',
      command: `bird -c ${this.#path('cfg')}`,
      namespace: this.#namespace,
      cause: words.trim() || `it did not start within ${STARTING_MS / 1000} s`,
      origin: this.#daemon.origin,
    });
  }

  #write(): void {
    mkdirSync(`${FOLDER}/${this.#namespace}`, { recursive: true });
    writeFileSync(this.#path('cfg'), this.#daemon.config);
  }

  #path(extension: 'cfg' | 'ctl' | 'pid'): string {
    return `${FOLDER}/${this.#namespace}/bird.${extension}`;
  }
}
