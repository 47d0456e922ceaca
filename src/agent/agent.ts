/** Answers the requests of the protocol: the hands of a lab inside its sandbox. */
import { release } from 'node:os';
import type { Duplex } from 'node:stream';
import { apply } from '../apply/index.ts';
import { run } from '../apply/kernel/command.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import { RuleTraces } from '../capture/rule-trace.ts';
import { Captures } from '../capture/tcpdump.ts';
import { Endpoints } from '../probe/endpoints.ts';
import { MAX_ID } from '../probe/mark.ts';
import type { ProbeRun } from '../probe/probe.ts';
import { sendProbe } from '../probe/send.ts';
import { VERSION } from '../version.ts';
import { Execution } from './exec.ts';
import {
  type AgentMethods,
  type ExecRequest,
  errorOf,
  type Input,
  type Method,
  type Request,
  readMessages,
  writeMessage,
} from './protocol.ts';

/** Probes of one request that are under way at once; the others wait. */
const MAX_CONCURRENT_PROBES = 64;

/** `exec` is not among them: it lives on one connection and is answered in pieces. */
type Handlers = {
  [M in Exclude<Method, 'exec'>]: (
    parameter: Parameters<AgentMethods[M]>[0] & unknown,
  ) => ReturnType<AgentMethods[M]> | Promise<ReturnType<AgentMethods[M]>>;
};

export class Agent {
  readonly #endpoints = new Endpoints();
  readonly #captures = new Map<number, Captures>();
  readonly #traces = new Map<number, RuleTraces>();
  readonly #handlers: Handlers;
  #nextProbe = 1;
  #nextHandle = 1;

  constructor(shutdown: () => void) {
    this.#handlers = {
      hello: () => ({ pid: process.pid, kernel: release(), version: VERSION }),
      apply: (plan) => apply(plan),
      listen: (listeners) => this.#endpoints.set(listeners),
      startCaptures: async (namespaces) => this.#keep(this.#captures, await Captures.start(namespaces)),
      fence: (id) => this.#captures.get(id)?.fence(),
      stopCaptures: async (id) => (await this.#take(this.#captures, id)?.stop()) ?? [],
      probe: (request) => this.#probe(request),
      run: ({ namespace, argv }) => inside(namespace, () => run(argv, { namespace })),
      startRuleTrace: async (namespaces) => this.#keep(this.#traces, await RuleTraces.start(namespaces)),
      stopRuleTrace: async (id) => (await this.#take(this.#traces, id)?.stop()) ?? [],
      shutdown,
    };
  }

  /** Serves one connection until it ends. Requests are answered as they finish, in no particular order. */
  serve(stream: Duplex): void {
    const executions = new Map<number, Execution>();
    readMessages(stream, (message) => {
      const { id } = message as Request | Input;
      if (isInput(message)) executions.get(id)?.type(message.input);
      else void this.#answer(message as Request, stream, executions);
    });
    stream.on('close', () => {
      for (const execution of executions.values()) execution.abandon();
    });
  }

  async #answer({ id, method, parameter }: Request, stream: Duplex, executions: Map<number, Execution>): Promise<void> {
    try {
      writeMessage(stream, {
        id,
        result:
          method === 'exec'
            ? await this.#exec(id, parameter as ExecRequest, stream, executions)
            : await this.#call(method, parameter),
      });
    } catch (error) {
      writeMessage(stream, { id, error: errorOf(error) });
    }
  }

  async #call(method: Exclude<Method, 'exec'>, parameter: unknown): Promise<unknown> {
    return (this.#handlers[method] as (parameter: unknown) => unknown)(parameter);
  }

  async #exec(
    id: number,
    request: ExecRequest,
    stream: Duplex,
    executions: Map<number, Execution>,
  ): Promise<{ exitCode: number }> {
    const execution = new Execution(request, (event) => writeMessage(stream, { id, event }));
    executions.set(id, execution);
    try {
      return await execution.result;
    } finally {
      executions.delete(id);
    }
  }

  async #probe({ probe, times, intervalMs }: Parameters<AgentMethods['probe']>[0]): Promise<ProbeRun[]> {
    const runs: Promise<ProbeRun>[] = [];
    for (let index = 0; index < times; index++) {
      if (intervalMs !== undefined && index > 0) await new Promise((resolve) => setTimeout(resolve, intervalMs));
      if (index >= MAX_CONCURRENT_PROBES) await runs[index - MAX_CONCURRENT_PROBES];
      runs.push(sendProbe(probe, this.#takeProbeId()));
    }
    return Promise.all(runs);
  }

  /** Ids come round again after 65,535 probes. */
  #takeProbeId(): number {
    const id = this.#nextProbe;
    this.#nextProbe = id === MAX_ID ? 1 : id + 1;
    return id;
  }

  #keep<T>(store: Map<number, T>, value: T): number {
    const handle = this.#nextHandle++;
    store.set(handle, value);
    return handle;
  }

  #take<T>(store: Map<number, T>, handle: number): T | undefined {
    const value = store.get(handle);
    store.delete(handle);
    return value;
  }
}

function isInput(message: unknown): message is Input {
  return typeof message === 'object' && message !== null && 'input' in message;
}
