/**
 * Which rules a packet met, in order: TRACE rules in the raw table, and xtables-monitor to read what they report
 * (iptables-extensions(8) TRACE, the nf_tables variant).
 */

import { setTimeout as delay } from 'node:timers/promises';
import type { ResultPromise } from 'execa';
import { run, runChecked, start } from '../apply/kernel/command.ts';
import { inside } from '../apply/kernel/namespaces.ts';

/** Everything one namespace reported, as printed. */
export interface RuleTrace {
  readonly namespace: string;
  readonly text: string;
}

const CHAINS = ['PREROUTING', 'OUTPUT'];
/** xtables-monitor says nothing when it is ready. */
const READY_MS = 150;

export class RuleTraces {
  readonly #running: { readonly namespace: string; readonly process: ResultPromise; readonly text: string[] }[];

  private constructor(namespaces: readonly string[]) {
    this.#running = namespaces.map((namespace) => {
      const process = inside(namespace, () =>
        start(['xtables-monitor', '--trace'], { stdin: 'ignore', buffer: false, encoding: 'buffer' }),
      );
      const text: string[] = [];
      process.stdout?.on('data', (chunk: Buffer) => text.push(chunk.toString()));
      return { namespace, process, text };
    });
  }

  static async start(namespaces: readonly string[]): Promise<RuleTraces> {
    await Promise.all(namespaces.flatMap((namespace) => CHAINS.map((chain) => traceRule(namespace, '-I', chain))));
    const traces = new RuleTraces(namespaces);
    await delay(READY_MS);
    return traces;
  }

  async stop(): Promise<RuleTrace[]> {
    await delay(READY_MS);
    for (const { process } of this.#running) process.kill('SIGKILL');
    await Promise.all(this.#running.map(({ process }) => process));
    await Promise.all(this.#running.flatMap(({ namespace }) => CHAINS.map((chain) => removeRule(namespace, chain))));
    return this.#running.map(({ namespace, text }) => ({ namespace, text: text.join('') }));
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
