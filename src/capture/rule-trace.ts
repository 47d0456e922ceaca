/**
 * Which rules a packet met, in order: TRACE rules in the raw table, and xtables-monitor to read what they report
 * (iptables-extensions(8) TRACE, the nf_tables variant).
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { ResultPromise } from 'execa';
import { run, runChecked, start } from '../apply/kernel/command.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import { FENCE } from './capture.ts';
import { sendFence } from './fence.ts';

/** Everything one namespace reported, as printed. */
export interface RuleTrace {
  readonly namespace: string;
  readonly text: string;
}

const CHAINS = ['PREROUTING', 'OUTPUT'];
/** xtables-monitor says neither when it is ready nor that it has nothing more to say: fences do. */
const FENCE_MS = 10_000;
const INTERVAL_MS = 20;

export class RuleTraces {
  readonly #running: readonly RunningTrace[];

  private constructor(running: readonly RunningTrace[]) {
    this.#running = running;
  }

  static async start(namespaces: readonly string[]): Promise<RuleTraces> {
    await Promise.all(namespaces.flatMap((namespace) => CHAINS.map((chain) => traceRule(namespace, '-I', chain))));
    const running = namespaces.map((namespace) => new RunningTrace(namespace));
    await Promise.all(running.map((trace) => trace.fence()));
    return new RuleTraces(running);
  }

  async stop(): Promise<RuleTrace[]> {
    const traces = await Promise.all(this.#running.map((trace) => trace.stop()));
    await Promise.all(traces.flatMap(({ namespace }) => CHAINS.map((chain) => removeRule(namespace, chain))));
    return traces;
  }
}

class RunningTrace {
  readonly #namespace: string;
  readonly #process: ResultPromise;
  #text = '';

  constructor(namespace: string) {
    this.#namespace = namespace;
    this.#process = inside(namespace, () =>
      start(['xtables-monitor', '--trace'], { stdin: 'ignore', buffer: false, encoding: 'buffer' }),
    );
    this.#process.stdout?.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
  }

  /** Returns when everything so far has been reported, or no fence within the time. */
  async fence(): Promise<void> {
    const deadline = performance.now() + FENCE_MS;
    const ports: number[] = [];
    const isReported = (port: number) => this.#text.includes(`SPORT=${port} DPORT=${port} `);
    do {
      ports.push(sendFence(this.#namespace, Buffer.from(FENCE)));
      await delay(INTERVAL_MS);
    } while (!ports.some(isReported) && performance.now() < deadline);
  }

  async stop(): Promise<RuleTrace> {
    await this.fence();
    this.#process.kill('SIGKILL');
    await this.#process;
    return { namespace: this.#namespace, text: this.#text };
  }
}

function traceRule(namespace: string, action: '-I' | '-D', chain: string): Promise<unknown> {
  return inside(namespace, () =>
    runChecked(['iptables', '-w', '-t', 'raw', action, chain, '-j', 'TRACE'], { namespace }),
  );
}

/** A lab that is being torn down may have lost the rule already. */
function removeRule(namespace: string, chain: string): Promise<unknown> {
  return inside(namespace, () => run(['iptables', '-w', '-t', 'raw', '-D', chain, '-j', 'TRACE'], { namespace }));
}
