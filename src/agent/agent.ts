/** Answers the requests of the protocol: the hands of a lab inside its sandbox. */
import { release } from 'node:os';
import type { Duplex } from 'node:stream';
import { Attachments } from '../apply/cni/attachments.ts';
import { apply } from '../apply/index.ts';
import { run } from '../apply/kernel/command.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import { atPlace, variablesOf } from '../apply/place.ts';
import { restore } from '../apply/restore.ts';
import { Retirement } from '../apply/retirement.ts';
import { RuleTraces } from '../capture/rule-trace.ts';
import { Captures } from '../capture/tcpdump.ts';
import { Birds } from '../probe/daemons/bird.ts';
import { Nginxes } from '../probe/daemons/nginx.ts';
import { sendToName } from '../probe/dns/resolve.ts';
import { Endpoints } from '../probe/endpoints.ts';
import { HealthChecks } from '../probe/health-checks.ts';
import { MAX_ID } from '../probe/mark.ts';
import { PassThroughs } from '../probe/pass-through.ts';
import type { NamedProbeRequest, ProbeRequest, ProbeRun } from '../probe/probe.ts';
import { Relays } from '../probe/relay/index.ts';
import { type KeptConnections, sendProbe } from '../probe/send.ts';
import { Speakers } from '../probe/speaker/index.ts';
import { Tunnels } from '../probe/tunnel/index.ts';
import { VERSION } from '../version.ts';
import { Execution } from './exec.ts';
import {
  type AgentMethods,
  type ExecRequest,
  errorOf,
  type Input,
  type Message,
  type Method,
  type Request,
  readMessages,
  writeMessage,
} from './protocol.ts';
import { Watchers } from './watchers.ts';

/** Probes of one request that are under way at once; the others wait. */
const MAX_CONCURRENT_PROBES = 8;
/** nginx writes its log when a connection ends. */
const NGINX_LOG_MS = 1000;

/** What one connection has begun; it ends with the connection. */
interface Begun {
  readonly executions: Map<number, Execution>;
  readonly captures: Watchers<Captures>;
  readonly traces: Watchers<RuleTraces>;
  /** Ids of probes that are already waited for. */
  readonly announced: number[];
  readonly kept: Kept;
}

/** Connections that stay open, and how they came about, by name. */
interface Kept {
  readonly connections: KeptConnections;
  readonly runs: Map<string, ProbeRun>;
}

/** `exec` is not among them: it lives on one connection and is answered in pieces. */
type Handlers = {
  [M in Exclude<Method, 'exec'>]: (
    parameter: Parameters<AgentMethods[M]>[0] & unknown,
    begun: Begun,
  ) => ReturnType<AgentMethods[M]> | Promise<ReturnType<AgentMethods[M]>>;
};

export class Agent {
  readonly #endpoints = new Endpoints();
  readonly #health = new HealthChecks();
  readonly #relays = new Relays(this.#health);
  readonly #nginxes = new Nginxes(this.#relays.log);
  readonly #residents = {
    retirement: new Retirement(),
    relays: this.#relays,
    tunnels: new Tunnels(),
    passThroughs: new PassThroughs(this.#health),
    speakers: new Speakers(),
    daemons: { bird: new Birds(), nginx: this.#nginxes },
    attachments: new Attachments(),
  };
  readonly #handlers: Handlers;
  #nextProbe = 1;

  constructor({ stay, shutdown }: Pick<AgentMethods, 'stay' | 'shutdown'>) {
    this.#handlers = {
      hello: () => ({ pid: process.pid, kernel: release(), version: VERSION }),
      apply: (plan) => apply(plan, this.#residents),
      restore: (plan) => restore(plan, this.#residents),
      checkAttachments: () => this.#residents.attachments.check(),
      listen: (listeners) => {
        this.#endpoints.set(listeners);
        return this.#health.round();
      },
      startCaptures: async (namespaces, { captures }) => captures.keep(await Captures.start(namespaces)),
      fence: (id, { captures }) => captures.get(id)?.fence(),
      stopCaptures: async (id, { captures }) => (await captures.take(id)?.stop()) ?? [],
      probe: (request, { announced, kept }) => this.#probe(request, announced, kept),
      run: ({ namespace, argv, surroundings }) => {
        const command = surroundings
          ? ['env', '-i', ...variablesOf(surroundings), ...atPlace(surroundings, argv)]
          : argv;
        return inside(namespace, () => run(command, { namespace }));
      },
      startRuleTrace: async ({ namespaces, probes }, { traces, announced }) => {
        const ids = Array.from({ length: probes }, () => this.#takeProbeId());
        announced.push(...ids);
        return traces.keep(await RuleTraces.start(namespaces, ids));
      },
      stopRuleTrace: async (id, { traces }) => (await traces.take(id)?.stop()) ?? [],
      stay,
      shutdown,
    };
  }

  /** Serves one connection until it ends. Requests are answered as they finish, in no particular order. */
  serve(stream: Duplex): void {
    const begun: Begun = {
      executions: new Map(),
      captures: new Watchers(),
      traces: new Watchers(),
      announced: [],
      kept: { connections: new Map(), runs: new Map() },
    };
    readMessages(stream, (message) => {
      if (isInput(message)) begun.executions.get(message.id)?.type(message.input);
      else void this.#answer(message as Request, stream, begun);
    });
    stream.on('close', () => {
      for (const execution of begun.executions.values()) execution.abandon();
      begun.captures.end();
      begun.traces.end();
      for (const connection of begun.kept.connections.values()) connection.close();
    });
  }

  async #answer({ id, method, parameter }: Request, stream: Duplex, begun: Begun): Promise<void> {
    try {
      writeMessage(stream, {
        id,
        result:
          method === 'exec'
            ? await this.#exec(id, parameter as ExecRequest, stream, begun)
            : await this.#call(method, parameter, begun),
      });
    } catch (error) {
      writeMessage(stream, { id, error: errorOf(error) });
    }
  }

  async #call(method: Exclude<Method, 'exec'>, parameter: unknown, begun: Begun): Promise<unknown> {
    return (this.#handlers[method] as (parameter: unknown, begun: Begun) => unknown)(parameter, begun);
  }

  async #exec(id: number, request: ExecRequest, stream: Duplex, { executions }: Begun): Promise<{ exitCode: number }> {
    const execution = new Execution(request, (event) =>
      writeMessage(stream, { id, event }) ? undefined : new Promise((resolve) => stream.once('drain', resolve)),
    );
    executions.set(id, execution);
    try {
      return await execution.result;
    } finally {
      executions.delete(id);
    }
  }

  async #probe(
    { probe, times, intervalMs }: Parameters<AgentMethods['probe']>[0],
    announced: number[],
    kept: Kept,
  ): Promise<ProbeRun[]> {
    if (probe.over !== undefined) return [await this.#sendOver(probe, probe.over, kept)];
    const runs: Promise<ProbeRun>[] = [];
    for (let index = 0; index < times; index++) {
      if (intervalMs !== undefined && index > 0) await new Promise((resolve) => setTimeout(resolve, intervalMs));
      if (index >= MAX_CONCURRENT_PROBES) await runs[index - MAX_CONCURRENT_PROBES];
      runs.push(this.#sendAny(probe, announced.shift() ?? this.#takeProbeId(), kept));
    }
    return Promise.all(runs);
  }

  /** Questions have ids of their own. */
  async #sendAny(probe: ProbeRequest | NamedProbeRequest, id: number, { connections, runs }: Kept): Promise<ProbeRun> {
    const run = isNamed(probe)
      ? await sendToName(
          probe,
          (question) => this.#send(question, this.#takeProbeId(), connections),
          (found) => this.#send(found, id, connections),
        )
      : await this.#send(probe, id, connections);
    if (probe.keep !== undefined) runs.set(probe.keep, run);
    return run;
  }

  async #send(probe: ProbeRequest, id: number, connections: KeptConnections): Promise<ProbeRun> {
    this.#relays.log.follow(id);
    const sent = await sendProbe(probe, id, connections);
    if (mayHavePassedNginx(sent, this.#nginxes)) await this.#relays.log.written(id, NGINX_LOG_MS);
    const relayed = this.#relays.log.end(id);
    return { ...sent, ...(relayed.length > 0 && { relayed }) };
  }

  /**
   * The connection has its mark, leads where its name led, and whoever relays it goes on. One that was never opened carries
   * nothing.
   */
  async #sendOver(
    probe: ProbeRequest | NamedProbeRequest,
    name: string,
    { connections, runs }: Kept,
  ): Promise<ProbeRun> {
    const started = performance.now();
    const { queries: _, unresolved: __, ...opened } = runs.get(name)!;
    const connection = connections.get(name);
    const result = connection?.isOpen
      ? await connection.ask({ ...probe, destination: opened.remote, keep: name }, opened.id)
      : ({ kind: 'refused', errno: connection ? 'ECONNRESET' : 'ENOTCONN' } as const);
    return { ...opened, continued: true, result, durationMs: performance.now() - started };
  }

  /** Ids come round again after 65,535 probes. */
  #takeProbeId(): number {
    const id = this.#nextProbe;
    this.#nextProbe = id === MAX_ID ? 1 : id + 1;
    return id;
  }
}

/** Who got no answer may have been on the way to one. */
function mayHavePassedNginx({ protocol, result }: ProbeRun, { running }: Nginxes): boolean {
  if (protocol !== 'TCP' || running.length === 0) return false;
  return result.kind === 'answered' ? result.server === 'nginx' : result.kind === 'timeout';
}

function isNamed(probe: ProbeRequest | NamedProbeRequest): probe is NamedProbeRequest {
  return 'lookup' in probe.destination;
}

function isInput(message: Message): message is Input {
  return 'input' in message;
}
