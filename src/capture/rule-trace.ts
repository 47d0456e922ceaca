/**
 * Which rules a packet met, in order: TRACE rules in the raw table, and a program that reads what the kernel then reports
 * (iptables-extensions(8) TRACE, the nf_tables variant; nft(8) monitor trace).
 */

import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { ResultPromise } from 'execa';
import { run, runChecked, start } from '../apply/kernel/command.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import { FENCE } from './capture.ts';
import { sendFence } from './fence.ts';

/** xtables-monitor writes rules as iptables does, and knows only its tables; nft knows all. */
export type RuleReader = 'xtables-monitor' | 'nft';

/** A namespace whose rules are traced, and in whose words. */
export interface Traced {
  readonly namespace: string;
  readonly reader: RuleReader;
}

/** Everything one namespace reported, as printed. */
export interface RuleTrace extends Traced {
  readonly text: string;
  /** IPVS takes packets between two hooks, where no rule tells of it: its tables do. Left out where the kernel has none. */
  readonly ipvs?: IpvsTables;
}

export interface IpvsTables {
  /** `ipvsadm -Sn` */
  readonly servers: string;
  /** `ipvsadm -Lnc` */
  readonly connections: string;
}

/** How each is called, and how it tells of a packet between these ports. */
const READERS: Record<RuleReader, { readonly command: readonly string[]; sentBetween(port: number): string }> = {
  'xtables-monitor': {
    command: ['xtables-monitor', '--trace'],
    sentBetween: (port) => `SPORT=${port} DPORT=${port} `,
  },
  nft: { command: ['nft', 'monitor', 'trace'], sentBetween: (port) => `udp sport ${port} udp dport ${port} ` },
};

const CHAINS = ['PREROUTING', 'OUTPUT'];
/** Neither says when it is ready nor that it has nothing more to say: fences do. */
const FENCE_MS = 10_000;
const INTERVAL_MS = 20;

export class RuleTraces {
  readonly #running: readonly RunningTrace[];

  private constructor(running: readonly RunningTrace[]) {
    this.#running = running;
  }

  static async start(traced: readonly Traced[]): Promise<RuleTraces> {
    await Promise.all(traced.flatMap(({ namespace }) => CHAINS.map((chain) => traceRule(namespace, '-I', chain))));
    const running = traced.map((each) => new RunningTrace(each));
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
  readonly #traced: Traced;
  readonly #process: ResultPromise;
  #text = '';

  constructor(traced: Traced) {
    this.#traced = traced;
    const { command } = READERS[traced.reader];
    this.#process = inside(traced.namespace, () =>
      start(command, { stdin: 'ignore', buffer: false, encoding: 'buffer' }),
    );
    this.#process.stdout?.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
  }

  /** Returns when everything so far has been reported, or no fence within the time. */
  async fence(): Promise<void> {
    const deadline = performance.now() + FENCE_MS;
    const ports: number[] = [];
    const { namespace, reader } = this.#traced;
    const isReported = (port: number) => this.#text.includes(READERS[reader].sentBetween(port));
    do {
      ports.push(sendFence(namespace, Buffer.from(FENCE)));
      await delay(INTERVAL_MS);
    } while (!ports.some(isReported) && performance.now() < deadline);
  }

  async stop(): Promise<RuleTrace> {
    await this.fence();
    this.#process.kill('SIGKILL');
    await this.#process;
    const { namespace } = this.#traced;
    const reported = { ...this.#traced, text: this.#text };
    if (!inside(namespace, () => existsSync('/proc/thread-self/net/ip_vs'))) return reported;
    const listed = async (option: string) =>
      (await inside(namespace, () => run(['ipvsadm', option], { namespace }))).stdout;
    return { ...reported, ipvs: { servers: await listed('-Sn'), connections: await listed('-Lnc') } };
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
