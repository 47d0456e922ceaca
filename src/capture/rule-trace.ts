/**
 * Which rules the packets of probes met, in order: the kernel is asked to report them, and nft reads what it reports, of
 * its own tables and of those iptables writes (nft(8), `monitor trace`).
 */

import { existsSync } from 'node:fs';
import type { ResultPromise } from 'execa';
import { type RunResult, run, runChecked, start } from '../apply/kernel/command.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import { FENCE } from './capture.ts';
import { FENCE_MS, sendFence, untilSeen } from './fence.ts';
import { TRACE_FAMILY, traceTable, traceTableName } from './nft-trace.ts';

/** Everything one namespace reported, as printed. */
export interface RuleTrace {
  readonly namespace: string;
  readonly text: string;
  /** Why what it reported may not be everything; left out when it is. */
  readonly blind?: string;
  /** What nft says in words that iptables does not know. */
  readonly iptables: IptablesRules;
  /** The same for IPv6; left out where there are no such rules. */
  readonly ip6tables?: IptablesRules;
  /** IPVS takes packets between two hooks, where no rule tells of it: its tables do. Left out where the kernel has none. */
  readonly ipvs?: IpvsTables;
}

/** The rules of iptables in its own words, and where nft sees them. */
export interface IptablesRules {
  /** `iptables-save`, `ip6tables-save` */
  readonly saved: string;
  /** `nft -a list table` of every table in there: the same rules in the same order, with their numbers. */
  readonly listed: string;
}

export interface IpvsTables {
  /** `ipvsadm -Sn` */
  readonly servers: string;
  /** `ipvsadm -Lnc` */
  readonly connections: string;
}

const MONITOR = ['nft', '-a', 'monitor', 'trace'];

export class RuleTraces {
  readonly #running: readonly RunningTrace[];
  readonly #probes: readonly number[];

  private constructor(running: readonly RunningTrace[], probes: readonly number[]) {
    this.#running = running;
    this.#probes = probes;
  }

  /** `probes` are the ids of those that will be sent. */
  static async start(namespaces: readonly string[], probes: readonly number[]): Promise<RuleTraces> {
    const table = traceTable(probes);
    await Promise.all(
      namespaces.map((namespace) =>
        inside(namespace, () => runChecked(['nft', '-f', '-'], { namespace, stdin: table })),
      ),
    );
    const running = namespaces.map((each) => new RunningTrace(each));
    await Promise.all(running.map((trace) => trace.fence()));
    return new RuleTraces(running, probes);
  }

  async stop(): Promise<RuleTrace[]> {
    const traces = await Promise.all(this.#running.map((trace) => trace.stop()));
    const name = traceTableName(this.#probes);
    await Promise.all(traces.map(({ namespace }) => within(namespace, 'nft', 'delete', 'table', TRACE_FAMILY, name)));
    return traces;
  }
}

class RunningTrace {
  readonly #namespace: string;
  readonly #process: ResultPromise;
  #text = '';
  #errors = '';
  #blind: string | undefined;
  readonly #ended: Promise<void>;

  constructor(namespace: string) {
    this.#namespace = namespace;
    this.#process = inside(namespace, () => start(MONITOR, { stdin: 'ignore', buffer: false, encoding: 'buffer' }));
    this.#process.stdout?.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
    this.#process.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.#ended = this.#process.then(() => {
      this.#blind ??= 'nft monitor trace ended';
    });
  }

  /** nft does not say when it is ready: returns when everything so far has been reported, or what has not is known to be missing. */
  async fence(): Promise<void> {
    const ports: number[] = [];
    const isSeen = await untilSeen({
      send: () => ports.push(sendFence(this.#namespace, Buffer.from(FENCE))),
      isSeen: () => ports.some((port) => this.#text.includes(`udp sport ${port} udp dport ${port} `)),
      over: this.#ended,
    });
    if (!isSeen) this.#blind ??= `nft monitor trace did not report its own test packet within ${FENCE_MS / 1000} s`;
  }

  async stop(): Promise<RuleTrace> {
    await this.fence();
    const blind = this.#blind;
    this.#process.kill('SIGKILL');
    await this.#ended;
    const namespace = this.#namespace;
    const ip6tables = await iptablesRules(namespace, 'ip6');
    const hasIpvs = inside(namespace, () => existsSync('/proc/thread-self/net/ip_vs'));
    return {
      namespace,
      text: this.#text,
      ...(blind !== undefined && { blind: `${blind}${this.#complaint()}` }),
      iptables: await iptablesRules(namespace, 'ip'),
      ...(ip6tables.saved !== '' && { ip6tables }),
      ...(hasIpvs && { ipvs: await ipvsTables(namespace) }),
    };
  }

  #complaint(): string {
    const words = this.#errors.trim().split('\n').at(-1);
    return words ? `: ${words}` : '';
  }
}

async function iptablesRules(namespace: string, family: 'ip' | 'ip6'): Promise<IptablesRules> {
  const { stdout: saved } = await within(namespace, `${family}tables-save`);
  const tables = [...saved.matchAll(/^\*(\w+)$/gm)].map(([, name]) => name!);
  const listings = tables.map((name) => within(namespace, 'nft', '-a', 'list', 'table', family, name));
  return { saved, listed: (await Promise.all(listings)).map(({ stdout }) => stdout).join('') };
}

async function ipvsTables(namespace: string): Promise<IpvsTables> {
  const listed = async (option: string) => (await within(namespace, 'ipvsadm', option)).stdout;
  return { servers: await listed('-Sn'), connections: await listed('-Lnc') };
}

/** A lab that is being torn down may have lost already what is to be listed or removed. */
function within(namespace: string, ...argv: string[]): Promise<RunResult> {
  return inside(namespace, () => run(argv, { namespace }));
}
