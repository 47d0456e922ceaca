/**
 * Which rules a packet met, in order: the kernel is asked to report them, and a program reads what it reports
 * (iptables-extensions(8) TRACE, the nf_tables variant; nft(8) monitor trace).
 */

import { existsSync } from 'node:fs';
import type { ResultPromise } from 'execa';
import { type RunResult, run, runChecked, start } from '../apply/kernel/command.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import { FENCE } from './capture.ts';
import { FENCE_MS, sendFence, untilSeen } from './fence.ts';
import { traceTable, traceTableName } from './nft-trace.ts';

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
  /** Why what it reported may not be everything; left out when it is. */
  readonly blind?: string;
  /** From nft: what it says in words that iptables does not know. */
  readonly iptables?: IptablesRules;
  /** IPVS takes packets between two hooks, where no rule tells of it: its tables do. Left out where the kernel has none. */
  readonly ipvs?: IpvsTables;
}

/** The rules of iptables in its own words, and where nft sees them. */
export interface IptablesRules {
  /** `iptables-save` */
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

interface Reader {
  readonly command: readonly string[];
  /** How it tells of a packet between these ports. */
  sentBetween(port: number): string;
  /** Has the kernel report what it reads about these probes, and no longer. */
  begin(namespace: string, probes: readonly number[]): Promise<unknown>;
  end(namespace: string, probes: readonly number[]): Promise<unknown>;
}

const READERS: Record<RuleReader, Reader> = {
  'xtables-monitor': {
    command: ['xtables-monitor', '--trace'],
    sentBetween: (port) => `SPORT=${port} DPORT=${port} `,
    begin: (namespace) =>
      Promise.all(
        CHAINS.map((chain) => within(namespace, runChecked, 'iptables', '-w', '-t', 'raw', '-I', chain, '-j', 'TRACE')),
      ),
    end: (namespace) =>
      Promise.all(
        CHAINS.map((chain) => within(namespace, run, 'iptables', '-w', '-t', 'raw', '-D', chain, '-j', 'TRACE')),
      ),
  },
  nft: {
    command: ['nft', '-a', 'monitor', 'trace'],
    sentBetween: (port) => `udp sport ${port} udp dport ${port} `,
    begin: (namespace, probes) =>
      inside(namespace, () => runChecked(['nft', '-f', '-'], { namespace, stdin: traceTable(probes) })),
    end: (namespace, probes) => within(namespace, run, 'nft', 'delete', 'table', 'ip', traceTableName(probes)),
  },
};

const CHAINS = ['PREROUTING', 'OUTPUT'];
export class RuleTraces {
  readonly #running: readonly RunningTrace[];
  readonly #probes: readonly number[];

  private constructor(running: readonly RunningTrace[], probes: readonly number[]) {
    this.#running = running;
    this.#probes = probes;
  }

  /** `probes` are the ids of those that will be sent. xtables-monitor tells of all packets. */
  static async start(traced: readonly Traced[], probes: readonly number[]): Promise<RuleTraces> {
    await Promise.all(traced.map(({ namespace, reader }) => READERS[reader].begin(namespace, probes)));
    const running = traced.map((each) => new RunningTrace(each));
    await Promise.all(running.map((trace) => trace.fence()));
    return new RuleTraces(running, probes);
  }

  async stop(): Promise<RuleTrace[]> {
    const traces = await Promise.all(this.#running.map((trace) => trace.stop()));
    await Promise.all(traces.map(({ namespace, reader }) => READERS[reader].end(namespace, this.#probes)));
    return traces;
  }
}

class RunningTrace {
  readonly #traced: Traced;
  readonly #process: ResultPromise;
  #text = '';
  #blind: string | undefined;
  readonly #ended: Promise<void>;

  constructor(traced: Traced) {
    this.#traced = traced;
    const { command } = READERS[traced.reader];
    this.#process = inside(traced.namespace, () =>
      start(command, { stdin: 'ignore', buffer: false, encoding: 'buffer' }),
    );
    this.#process.stdout?.on('data', (chunk: Buffer) => (this.#text += chunk.toString()));
    this.#ended = this.#process.then(({ code }) => {
      this.#blind ??= code === 'ENOENT' ? `${command[0]} is not installed` : `${command[0]} ended`;
    });
  }

  /** The reader does not say when it is ready, or has nothing more to say: returns when everything so far has been reported, or what has not been is known to be missing. */
  async fence(): Promise<void> {
    const ports: number[] = [];
    const { namespace, reader } = this.#traced;
    const isSeen = await untilSeen({
      send: () => ports.push(sendFence(namespace, Buffer.from(FENCE))),
      isSeen: () => ports.some((port) => this.#text.includes(READERS[reader].sentBetween(port))),
      over: this.#ended,
    });
    if (!isSeen)
      this.#blind ??= `${READERS[reader].command[0]} did not report its own test packet within ${FENCE_MS / 1000} s`;
  }

  async stop(): Promise<RuleTrace> {
    await this.fence();
    const blind = this.#blind;
    this.#process.kill('SIGKILL');
    await this.#ended;
    const { namespace, reader } = this.#traced;
    const hasIpvs = inside(namespace, () => existsSync('/proc/thread-self/net/ip_vs'));
    return {
      ...this.#traced,
      text: this.#text,
      ...(blind !== undefined && { blind }),
      ...(reader === 'nft' && { iptables: await iptablesRules(namespace) }),
      ...(hasIpvs && { ipvs: await ipvsTables(namespace) }),
    };
  }
}

async function iptablesRules(namespace: string): Promise<IptablesRules> {
  const { stdout: saved } = await within(namespace, run, 'iptables-save');
  const tables = [...saved.matchAll(/^\*(\w+)$/gm)].map(([, name]) => name!);
  const listings = tables.map((name) => within(namespace, run, 'nft', '-a', 'list', 'table', 'ip', name));
  return { saved, listed: (await Promise.all(listings)).map(({ stdout }) => stdout).join('') };
}

async function ipvsTables(namespace: string): Promise<IpvsTables> {
  const listed = async (option: string) => (await within(namespace, run, 'ipvsadm', option)).stdout;
  return { servers: await listed('-Sn'), connections: await listed('-Lnc') };
}

/** `run`, so that a lab that is being torn down may have lost already what is to be removed; or `runChecked`. */
function within(namespace: string, how: typeof run, ...argv: string[]): Promise<RunResult> {
  return inside(namespace, () => how(argv, { namespace }));
}
