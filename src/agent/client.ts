/** The near end of a lab: asks its agent. */
import { createConnection } from 'node:net';
import type { Duplex } from 'node:stream';
import { KernelError } from '../apply/kernel/errors.ts';
import { SandboxError } from '../apply/sandbox/error.ts';
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
      if (this.#gone) return;
      this.#giveUp(await whyGone());
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
    this.#giveUp(new SandboxError('the lab has been left'));
    this.#stream.destroy();
  }

  #giveUp(error: Error): void {
    this.#gone = error;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
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

/** Connects to the agent that serves a socket; `whyGone` as for the client. */
export async function connectAgent(
  socketPath: string,
  whyGone: () => Promise<SandboxError> = async () => notAnswering(socketPath),
): Promise<AgentClient> {
  const stream = createConnection(socketPath);
  await new Promise<void>((resolve, reject) => {
    stream.once('connect', resolve);
    stream.once('error', () => reject(notAnswering(socketPath)));
  });
  return new AgentClient(stream, whyGone);
}

function notAnswering(socketPath: string): SandboxError {
  return new SandboxError(
    `the lab behind ${socketPath} does not answer`,
    'packetwalk down --all removes what is left of it',
  );
}
