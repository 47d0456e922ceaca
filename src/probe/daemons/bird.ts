/**
 * BIRD as a process, one a machine. Its files are where Calico has them, for each machine of the lab by itself:
 * `birdc -s /run/calico/node.node1/bird.ctl show route` asks it.
 */
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../../apply/kernel/command.ts';
import { type Launched, launch } from '../../apply/kernel/launch.ts';
import { inside } from '../../apply/kernel/namespaces.ts';
import type { BirdDaemon, LearnedGateway } from '../../compile/bird.ts';
import { familyOf, hostCidr } from '../../net/address.ts';
import { comeUp, configure, Fleet, type RunningDaemon } from './fleet.ts';

const FOLDER = '/run/calico';
/** Sessions take two to three seconds; one that fails is tried again after five. */
const SETTLING_MS = 20_000;
const INTERVAL_MS = 200;
const FAMILIES = ['-4', '-6'];

export class Birds extends Fleet<BirdDaemon, Running> {
  protected override start(namespace: string, daemon: BirdDaemon): Promise<Running> {
    return Running.start(namespace, daemon);
  }

  /**
   * Waits until the kernel of each machine has the routes that those who run announce, and no others of BIRD's, and whoever takes
   * one of them for its gateway does, or until so much time has passed that something must keep them from it: that is for checks
   * to find out.
   */
  override async settle(): Promise<void> {
    const deadline = performance.now() + SETTLING_MS;
    const announced = (range: string, from: string) => this.of(from)?.daemon.announces.includes(range) ?? false;
    const waiting = new Set(this.running);
    while (waiting.size > 0 && performance.now() < deadline) {
      for (const running of waiting) if (await running.isSettled(announced)) waiting.delete(running);
      if (waiting.size > 0) await delay(INTERVAL_MS);
    }
  }
}

class Running implements RunningDaemon<BirdDaemon> {
  readonly #namespace: string;
  readonly #process: Launched;
  #daemon: BirdDaemon;

  private constructor(namespace: string, daemon: BirdDaemon) {
    this.#namespace = namespace;
    this.#daemon = daemon;
    const argv = ['bird', '-f', '-c', this.#path('cfg'), '-s', this.#path('ctl'), '-P', this.#path('pid')];
    this.#process = inside(namespace, () => launch(argv));
    this.#process.stdout.resume();
    this.#process.stderr.resume();
  }

  static async start(namespace: string, daemon: BirdDaemon): Promise<Running> {
    await write(namespace, daemon);
    const running = new Running(namespace, daemon);
    await running.#comeUp();
    return running;
  }

  get daemon(): BirdDaemon {
    return this.#daemon;
  }

  async reconfigure(daemon: BirdDaemon): Promise<void> {
    await write(this.#namespace, daemon);
    this.#daemon = daemon;
    this.#process.kill('SIGHUP');
  }

  /** Its peers forget its routes; its own, which would stay (`persist`), are taken away. */
  async end(): Promise<void> {
    this.#process.kill('SIGTERM');
    await this.#process.ended;
    for (const family of FAMILIES) await this.#ip(family, 'route', 'flush', 'proto', 'bird');
  }

  /**
   * Whether the kernel has BIRD's own black holes and every way to whatever it can have heard of, and nothing else of it; and
   * whether others have heard that this is their gateway.
   */
  async isSettled(announced: (range: string, from: string) => boolean): Promise<boolean> {
    const { learns, blackholes, gatewayOf } = this.#daemon;
    if (!(await Promise.all(gatewayOf.map(hasHeard))).every(Boolean)) return false;
    const wanted = [...blackholes, ...learns.flatMap(({ range, from }) => (announced(range, from) ? range : []))];
    const listings = await Promise.all(
      FAMILIES.map((family) => this.#ip(family, '-j', 'route', 'show', 'proto', 'bird')),
    );
    const known = listings.flatMap(waysIn);
    return known.sort().join() === wanted.sort().join();
  }

  /** It has its control socket. */
  #comeUp(): Promise<void> {
    const about = { namespace: this.#namespace, origin: this.#daemon.origin };
    const hasSocket = () => existsSync(this.#path('ctl'));
    return comeUp(`bird -c ${this.#path('cfg')}`, about, hasSocket, () => this.#process.kill('SIGKILL'));
  }

  #ip(...words: string[]): Promise<string> {
    return ip(this.#namespace, ...words);
  }

  #path(extension: 'cfg' | 'ctl' | 'pid'): string {
    return pathOf(this.#namespace, extension);
  }
}

/** The kernel has a default route by that device, or would not make one. */
async function hasHeard({ namespace, device }: LearnedGateway): Promise<boolean> {
  const setting = inside(namespace, () => readFileSync(`/proc/sys/net/ipv6/conf/${device}/accept_ra`, 'utf8'));
  if (setting.trim() !== '2') return true;
  return (await ip(namespace, '-6', 'route', 'show', 'default', 'dev', device, 'proto', 'ra')) !== '';
}

async function ip(namespace: string, ...words: string[]): Promise<string> {
  return (await inside(namespace, () => run(['ip', ...words], { namespace }))).stdout;
}

/** The range of each route that `ip -j route` prints, as often as it has next hops. */
function waysIn(listing: string): string[] {
  const routes = JSON.parse(listing || '[]') as { dst: string; nexthops?: readonly unknown[] }[];
  return routes.flatMap(({ dst, nexthops = [dst] }) =>
    nexthops.map(() => (familyOf(dst) === undefined ? dst : hostCidr(dst).text)),
  );
}

function write(namespace: string, daemon: BirdDaemon): Promise<void> {
  return configure(pathOf(namespace, 'cfg'), daemon, namespace, (draft) => ['bird', '-p', '-c', draft]);
}

function pathOf(namespace: string, extension: 'cfg' | 'ctl' | 'pid'): string {
  return `${FOLDER}/${namespace}/bird.${extension}`;
}
