/** Keeps a load balancer's routes to the addresses it passes on: by all nodes that are well, or nowhere. */
import { run } from '../apply/kernel/command.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import type { PassThrough } from '../compile/pass-through.ts';
import { hostCidr } from '../net/address.ts';
import { nextHops } from '../plan/command.ts';
import type { HealthChecks } from './health-checks.ts';

export class PassThroughs {
  readonly #health: HealthChecks;
  /** What ends those of a namespace, by address. */
  readonly #running = new Map<string, ReadonlyMap<string, () => void>>();

  constructor(health: HealthChecks) {
    this.#health = health;
  }

  /** Exactly these are passed on in a namespace; to others it has no route any more. */
  async set(namespace: string, passThroughs: readonly PassThrough[]): Promise<void> {
    const before = this.#running.get(namespace) ?? new Map();
    for (const stop of before.values()) stop();
    const begin = ({ address, nodes }: PassThrough) =>
      this.#health.watch(namespace, nodes, (well) => lead(namespace, address, well));
    this.#running.set(namespace, new Map(passThroughs.map((each) => [each.address, begin(each)])));
    const gone = [...before.keys()].filter((address) => passThroughs.every((each) => each.address !== address));
    for (const address of gone) await ip(namespace, ['route', 'del', hostCidr(address).text]);
  }
}

async function lead(namespace: string, address: string, nodes: PassThrough['nodes']): Promise<void> {
  const to = hostCidr(address).text;
  await ip(namespace, ['route', 'replace', ...(nodes.length === 0 ? ['blackhole', to] : [to, ...nextHops(nodes)])]);
}

async function ip(namespace: string, words: readonly string[]): Promise<void> {
  await inside(namespace, () => run(['ip', ...words], { namespace }));
}
