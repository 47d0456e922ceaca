/** Asks over HTTP, so that what stands in the captures can be read, and `curl` sees the same answer. */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { socketAddress } from '../net/port.ts';
import { deadline } from './deadline.ts';
import type { EndpointAnswer, ProbeRequest, ProbeResult } from './probe.ts';

/** One connection, for one request after the other. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  constructor(fd: number) {
    const socket = new Socket({ fd, readable: true, writable: true });
    /** What happens between two requests shows in the next one. */
    socket.on('error', () => {});
    this.#socket = socket;
    /** No keep-alive probes: nobody has asked for those packets. */
    Object.assign(this.#agent, { createConnection: () => socket, keepSocketAlive: () => true });
  }

  get isOpen(): boolean {
    return !this.#socket.destroyed && this.#socket.writable && !this.#socket.readableEnded;
  }

  close(): void {
    this.#agent.destroy();
    this.#socket.destroy();
  }

  /** A request without an answer ends the connection. */
  ask({ destination, payload = '', size = 0, timeoutMs, keep }: ProbeRequest, id: number): Promise<ProbeResult> {
    return new Promise((resolve) => {
      const finish = (result: ProbeResult) => {
        cancel();
        if (result.kind !== 'answered') this.close();
        resolve(result);
      };
      const cancel = deadline(timeoutMs, () => finish({ kind: 'timeout' }));
      const body = Buffer.from(payload.padEnd(size, '.'));
      const request = httpRequest({
        agent: this.#agent,
        method: body.length > 0 ? 'POST' : 'GET',
        path: `/?probe=${id}`,
        headers: {
          host: socketAddress(destination.address, destination.port!),
          'user-agent': 'packetwalk',
          connection: keep === undefined ? 'close' : 'keep-alive',
          'content-length': body.length,
        },
      });
      request.on('response', (response) => read(response, finish));
      request.on('error', (error: NodeJS.ErrnoException) =>
        finish({ kind: 'refused', errno: error.code ?? error.message }),
      );
      request.end(body);
    });
  }
}

function read(response: IncomingMessage, finish: (result: ProbeResult) => void): void {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('end', () => {
    const answer = parseAnswer(Buffer.concat(chunks).toString());
    finish({
      kind: 'answered',
      ...(answer && { answer }),
      ...(response.statusCode !== undefined && { status: response.statusCode }),
    });
  });
}

/** What an endpoint of ours says; undefined when it is none. */
export function parseAnswer(text: string): EndpointAnswer | undefined {
  try {
    const value = JSON.parse(text) as Partial<EndpointAnswer>;
    return typeof value.endpoint === 'string' && typeof value.source === 'string'
      ? (value as EndpointAnswer)
      : undefined;
  } catch {
    return undefined;
  }
}
