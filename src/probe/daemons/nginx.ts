/**
 * nginx as a process, one an Ingress controller. Its files are in a folder for each:
 * `nginx -p /run/nginx/pod.default.web -c nginx.conf -T` shows what it goes by. What it writes into its log is what it
 * relayed.
 */
import { readFileSync, rmSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { type Launched, launch } from '../../apply/kernel/launch.ts';
import { inside } from '../../apply/kernel/namespaces.ts';
import type { NginxDaemon } from '../../compile/nginx.ts';
import type { RelayLog } from '../relay/log.ts';
import { comeUp, configure, Fleet, type RunningDaemon } from './fleet.ts';
import { relayedIn } from './nginx-log.ts';

const RELOADING_MS = 5000;

export class Nginxes extends Fleet<NginxDaemon, Running> {
  readonly #log: RelayLog;

  constructor(log: RelayLog) {
    super();
    this.#log = log;
  }

  protected override start(namespace: string, daemon: NginxDaemon): Promise<Running> {
    return Running.start(namespace, daemon, this.#log);
  }
}

class Running implements RunningDaemon<NginxDaemon> {
  readonly #namespace: string;
  readonly #process: Launched;

  private constructor(namespace: string, log: RelayLog) {
    this.#namespace = namespace;
    const folder = folderOf(namespace);
    const argv = ['nginx', '-p', folder, '-c', 'nginx.conf', '-g', 'daemon off;'];
    rmSync(`${folder}/nginx.pid`, { force: true });
    this.#process = inside(namespace, () => launch(argv));
    this.#process.stderr.resume();
    let rest = '';
    this.#process.stdout.on('data', (chunk: Buffer) => {
      const lines = (rest + chunk.toString()).split('\n');
      rest = lines.pop()!;
      for (const line of lines) {
        const entry = relayedIn(line, namespace);
        if (entry) log.write(entry.probe, entry.relayed);
      }
    });
  }

  static async start(namespace: string, daemon: NginxDaemon, log: RelayLog): Promise<Running> {
    await write(namespace, daemon);
    const running = new Running(namespace, log);
    const about = { namespace, origin: daemon.origin };
    await comeUp(
      `nginx -p ${folderOf(namespace)}`,
      about,
      () => running.#master > 0,
      () => running.#process.kill('SIGKILL'),
    );
    return running;
  }

  /** Connections there are go on with the old configuration; new ones find the new one when this is over. */
  async reconfigure(daemon: NginxDaemon): Promise<void> {
    const before = this.#workers;
    await write(this.#namespace, daemon);
    this.#process.kill('SIGHUP');
    const deadline = performance.now() + RELOADING_MS;
    while (!this.#replaced(before) && performance.now() < deadline) await delay(10);
  }

  async end(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#process.ended;
  }

  #replaced(before: readonly number[]): boolean {
    const now = this.#workers;
    const listens = (pid: number) => !before.includes(pid) || titleOf(pid).includes('shutting down');
    return now.some((pid) => !before.includes(pid)) && now.every(listens);
  }

  /** 0 until it listens: the file is made before and written after that. */
  get #master(): number {
    try {
      return Number(readFileSync(`${folderOf(this.#namespace)}/nginx.pid`, 'utf8'));
    } catch {
      return 0;
    }
  }

  get #workers(): number[] {
    const master = this.#master;
    const children = readFileSync(`/proc/${master}/task/${master}/children`, 'utf8');
    return children.split(' ').filter(Boolean).map(Number);
  }
}

/** As ps(1) shows it; empty when it has ended. */
function titleOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  } catch {
    return 'shutting down';
  }
}

function write(namespace: string, daemon: NginxDaemon): Promise<void> {
  const folder = folderOf(namespace);
  return configure(`${folder}/nginx.conf`, daemon, namespace, (draft) => [
    'nginx',
    '-t',
    '-q',
    '-p',
    folder,
    '-c',
    draft,
  ]);
}

function folderOf(namespace: string): string {
  return `/run/nginx/${namespace}`;
}
