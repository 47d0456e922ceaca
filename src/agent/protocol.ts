/**
 * How a lab is spoken to. Its agent lives inside the sandbox and answers one request at a time per method, over any
 * byte stream: a pipe, a Unix socket, a virtual machine's serial port. Messages are length-prefixed structured clones.
 */

import type { Duplex } from 'node:stream';
import { deserialize, serialize } from 'node:v8';
import type { Checked } from '../apply/cni/attachments.ts';
import type { RunResult } from '../apply/kernel/command.ts';
import { KernelError, type KernelErrorDetails } from '../apply/kernel/errors.ts';
import type { Capture } from '../capture/capture.ts';
import type { RuleTrace } from '../capture/rule-trace.ts';
import type { Listener } from '../model/cluster.ts';
import type { Surroundings } from '../model/surroundings.ts';
import type { Plan } from '../plan/operation.ts';
import type { NamedProbeRequest, ProbeRequest, ProbeRun } from '../probe/probe.ts';

/** What an agent can be asked. */
export interface AgentMethods {
  /** Who is there. */
  hello(): { readonly pid: number; readonly kernel: string; readonly version: string };
  /** Carries out a plan. */
  apply(plan: Plan): void;
  /** Carries out a plan whose steps may have been done already, in part or all of them. */
  restore(plan: Plan): void;
  /** Asks the CNI plugins whether their pods are connected as they left them. */
  checkAttachments(): Checked[];
  /** Makes exactly these ports answer. */
  listen(listeners: readonly Listener[]): void;
  /** Starts watching; the id names the set of captures. */
  startCaptures(namespaces: readonly string[]): number;
  /** Waits until the captures hold everything sent so far. */
  fence(id: number): void;
  /** Ends the captures and hands them over. */
  stopCaptures(id: number): Capture[];
  /** Sends probes, all at once or with a pause in between. */
  probe(request: {
    readonly probe: ProbeRequest | NamedProbeRequest;
    readonly times: number;
    readonly intervalMs?: number;
  }): ProbeRun[];
  /** Runs a program in a namespace: the listing commands of state checks. With surroundings it has no others. */
  run(request: {
    readonly namespace: string;
    readonly argv: readonly string[];
    readonly surroundings?: Surroundings;
  }): RunResult;
  /** Records which rules packets meet, from now on: those of the probes that this connection asks for next. */
  startRuleTrace(request: { readonly namespaces: readonly string[]; readonly probes: number }): number;
  stopRuleTrace(id: number): RuleTrace[];
  /** Runs a program as somebody at a keyboard would: its output comes as events, its input as inputs. */
  exec(request: ExecRequest): { readonly exitCode: number };
  /** From now on the lab outlives whoever made it. */
  stay(): void;
  /** Ends the lab. */
  shutdown(): void;
}

export interface ExecRequest {
  readonly namespace: string;
  readonly argv: readonly string[];
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  /** What it finds there; left out: what this process does. */
  readonly surroundings?: Surroundings;
  /** Size of the terminal to give it; undefined: pipes. */
  readonly terminal?: TerminalSize;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** What a running program printed. */
export interface Event {
  readonly id: number;
  readonly event: { readonly stdout: Uint8Array } | { readonly stderr: Uint8Array };
}

/** What is typed into a running program; `end` closes its input. */
export interface Input {
  readonly id: number;
  readonly input:
    | { readonly stdin: Uint8Array }
    | { readonly end: true }
    | { readonly signal: 'SIGINT' | 'SIGTERM' }
    | { readonly resize: TerminalSize };
}

export type Method = keyof AgentMethods;
export type Parameter<M extends Method> = Parameters<AgentMethods[M]> extends [infer P] ? P : undefined;
export type Result<M extends Method> = ReturnType<AgentMethods[M]>;

export interface Request {
  readonly id: number;
  readonly method: Method;
  readonly parameter: unknown;
}

export type Response = { readonly id: number } & (
  | { readonly result: unknown }
  | { readonly error: { readonly message: string; readonly kernel?: KernelErrorDetails } }
);

export type Message = Request | Response | Event | Input;

const PREFIX = 4;
/** A length beyond this is not a message of ours. */
const MAX_MESSAGE = 1 << 30;

/** False when the stream has taken more than it should for now. */
export function writeMessage(stream: Duplex, message: Message): boolean {
  const body = serialize(message);
  const prefix = Buffer.alloc(PREFIX);
  prefix.writeUInt32BE(body.length);
  stream.write(prefix);
  return stream.write(body);
}

/** Calls `receive` for every message, until the stream ends. Bytes that are no message close it. */
export function readMessages(stream: Duplex, receive: (message: Message) => void): void {
  let chunks: Buffer[] = [];
  let bytes = 0;
  const refuse = () => void stream.destroy(new Error('not a message of an agent'));
  stream.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    bytes += chunk.length;
    while (bytes >= PREFIX) {
      if (chunks[0]!.length < PREFIX) chunks = [Buffer.concat(chunks)];
      const length = chunks[0]!.readUInt32BE(0);
      if (length > MAX_MESSAGE) return refuse();
      if (bytes < PREFIX + length) return;
      const all = Buffer.concat(chunks);
      const message = messageIn(all.subarray(PREFIX, PREFIX + length));
      if (!message) return refuse();
      chunks = [all.subarray(PREFIX + length)];
      bytes = chunks[0]!.length;
      receive(message);
    }
  });
}

function messageIn(body: Buffer): Message | undefined {
  let value: unknown;
  try {
    value = deserialize(body);
  } catch {
    return undefined;
  }
  const isMessage = typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'number';
  return isMessage ? (value as Message) : undefined;
}

export function errorOf(error: unknown): Extract<Response, { error: unknown }>['error'] {
  if (error instanceof KernelError) return { message: error.message, kernel: error.details };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
