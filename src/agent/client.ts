/** The near end of a lab: starts an agent in a sandbox or connects to one that is there, and asks it. */
import { existsSync } from 'node:fs';
import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { start } from '../apply/kernel/command.ts';
import { KernelError } from '../apply/kernel/errors.ts';
import { hostNamespace, type SandboxKind, sandboxCommand } from '../apply/sandbox/index.ts';
import {
  type Event,
  type ExecRequest,
  type Input,
  type Message,
  type Method,
  type Parameter,
  type Response,
  type Result,
  readMessages,
  writeMessage,
} from './protocol.ts';

/** The sandbox could not be made, or its agent went away. */
export class SandboxError extends Error {
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string) {
    super(message);
    this.name = 'SandboxError';
    this.remedy = remedy;
  }
}

export class AgentClient {
  readonly #stream: Duplex;
  readonly #pending = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>();
  readonly #listeners = new Map<number, (event: Event['event']) => void>();
  #nextId = 1;
  #gone: Error | undefined;

  /** `whyGone` explains the end of the stream, as far as it is known by then. */
  constructor(stream: Duplex, whyGone: () => Promise<Error>) {
    this.#stream = stream;
    readMessages(stream, (message) => {
      if (isEvent(message)) this.#listeners.get(message.id)?.(message.event);
      else this.#settle(message as Response);
    });
    const end = async () => {
      const error = await whyGone();
      this.#gone = error;
      for (const { reject } of this.#pending.values()) reject(error);
      this.#pending.clear();
    };
    stream.on('close', () => void end()).on('error', () => void end());
  }

  call<M extends Method>(
    method: M,
    ...[parameter]: Parameter<M> extends undefined ? [] : [Parameter<M>]
  ): Promise<Result<M>> {
    if (this.#gone) return Promise.reject(this.#gone);
    const id = this.#nextId++;
    return new Promise<Result<M>>((resolve, reject) => {
      this.#pending.set(id, { resolve: resolve as (value: unknown) => void, reject });
      writeMessage(this.#stream, { id, method, parameter });
    });
  }

  /** Runs a program in the lab; `listen` gets what it prints. */
  exec(
    request: ExecRequest,
    listen: (event: Event['event']) => void,
  ): { readonly result: Promise<{ readonly exitCode: number }>; type(input: Input['input']): void } {
    const id = this.#nextId;
    this.#listeners.set(id, listen);
    const result = this.call('exec', request).finally(() => this.#listeners.delete(id));
    return { result, type: (input) => writeMessage(this.#stream, { id, input }) };
  }

  /** Ends the connection; an agent that serves only this one ends with it. */
  close(): void {
    this.#stream.destroy();
  }

  #settle(response: Response): void {
    const pending = this.#pending.get(response.id);
    this.#pending.delete(response.id);
    if (!pending) return;
    if ('error' in response)
      pending.reject(
        response.error.kernel ? new KernelError(response.error.kernel) : new Error(response.error.message),
      );
    else pending.resolve(response.result);
  }
}

function isEvent(message: Message): message is Event {
  return 'event' in message;
}

/** A lab of this process's own: it dies with it. */
export interface OwnAgent {
  readonly client: AgentClient;
  /** Ends the sandbox and waits until it is gone. */
  close(): Promise<void>;
}

export async function startAgent(kind: SandboxKind): Promise<OwnAgent> {
  const command = sandboxCommand(kind, [process.execPath, agentPath(), hostNamespace(), 'pipe'], true);
  const child = start(command, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    buffer: false,
    detached: true,
    cleanup: true,
  });
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer | string) => (errors += chunk.toString()));
  const ended = child.then((result) =>
    sandboxFailure(kind, result.code === 'ENOENT' ? `${command[0]} is not installed` : errors),
  );
  const stream = child.stdio[3] as Duplex | undefined;
  if (!stream) throw await ended;
  const client = new AgentClient(stream, () => ended);
  await client.call('hello');
  return {
    client,
    close: async () => {
      client.close();
      await ended;
    },
  };
}

/** Connects to a lab that is running. */
export async function connectAgent(socketPath: string): Promise<AgentClient> {
  const stream = createConnection(socketPath);
  const failure = () =>
    new SandboxError(
      `the lab behind ${socketPath} does not answer`,
      'packetwalk down --all removes what is left of it',
    );
  await new Promise<void>((resolve, reject) => {
    stream.once('connect', resolve);
    stream.once('error', () => reject(failure()));
  });
  return new AgentClient(stream, async () => failure());
}

/** The command line of an agent that outlives this process and serves a socket. */
export function detachedAgentCommand(kind: SandboxKind, socketPath: string): string[] {
  return sandboxCommand(kind, [process.execPath, agentPath(), hostNamespace(), 'socket', socketPath], false);
}

/** Next to the bundle, or in the build folder when run from source. */
function agentPath(): string {
  const candidates = ['./agent.js', '../agent.js', '../../dist/agent.js'].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  const found = candidates.find((path) => existsSync(path));
  if (found === undefined) throw new SandboxError('the agent has not been built', 'npm run build');
  return found;
}

export function sandboxFailure(kind: SandboxKind, errors: string): SandboxError {
  const words = errors.trim();
  if (
    /unshare failed|Operation not permitted|No space left|cannot open|write failed/.test(words) &&
    kind === 'rootless'
  ) {
    return new SandboxError(`this system does not let ordinary users make namespaces: ${words}`, USER_NAMESPACES);
  }
  if (/not installed/.test(words)) return new SandboxError(words, 'sudo apt-get install util-linux');
  return new SandboxError(words === '' ? 'the sandbox ended' : `the sandbox ended: ${words}`);
}

const USER_NAMESPACES =
  'allow it (Ubuntu: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; others: sudo sysctl -w user.max_user_namespaces=10000), or run packetwalk with sudo';
