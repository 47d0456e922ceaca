/**
 * Asks over HTTP, so that what stands in the captures can be read, and `curl` sees the same answer; over HTTPS, where that is asked
 * for. Whoever shows a certificate is believed: which one it was is told.
 */
import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import type { HttpRequest } from '../model/check.ts';
import { familyOf } from '../net/address.ts';
import { namesIn } from '../net/certificate.ts';
import { addressOf, socketAddress } from '../net/port.ts';
import { parseAnswer } from './answer.ts';
import { deadline } from './deadline.ts';
import { userAgent } from './mark.ts';
import type { ProbeRequest, ProbeResult } from './probe.ts';

/** One connection, for one request after the other. */
export class HttpConnection {
  readonly #socket: Socket;
  readonly #stream: Socket | TLSSocket;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });

  /** `fd` is a stream socket that is being connected. */
  constructor(fd: number, request: ProbeRequest) {
    const { scheme, host } = askedFor(request);
    this.#socket = new Socket({ fd, readable: true, writable: true });
    this.#stream = scheme === 'https' ? secured(this.#socket, host) : this.#socket;
    /** What happens between two requests shows in the next one. */
    for (const each of [this.#socket, this.#stream]) each.on('error', () => {});
    /** No keep-alive probes: nobody has asked for those packets. */
    Object.assign(this.#agent, { createConnection: () => this.#stream, keepSocketAlive: () => true });
  }

  get isOpen(): boolean {
    return !this.#stream.destroyed && this.#stream.writable && !this.#stream.readableEnded;
  }

  close(): void {
    this.#agent.destroy();
    this.#stream.destroy();
    this.#socket.destroy();
  }

  /** A request without an answer ends the connection. */
  ask(request: ProbeRequest, id: number): Promise<ProbeResult> {
    const { payload = '', size = 0, timeoutMs, keep } = request;
    const { host, path } = askedFor(request);
    return new Promise((resolve) => {
      const finish = (result: ProbeResult) => {
        cancel();
        if (result.kind !== 'answered') this.close();
        resolve(result);
      };
      const cancel = deadline(timeoutMs, () => finish({ kind: 'timeout' }));
      const body = Buffer.from(payload.padEnd(size, '.'));
      const message = httpRequest({
        agent: this.#agent,
        method: body.length > 0 ? 'POST' : 'GET',
        path,
        headers: {
          Host: host,
          'User-Agent': userAgent(id),
          Connection: keep === undefined ? 'close' : 'keep-alive',
          'Content-Length': body.length,
        },
      });
      message.on('response', (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => finish(answered(response, Buffer.concat(chunks).toString(), this.#stream)));
      });
      message.on('error', (error: NodeJS.ErrnoException) =>
        finish({ kind: 'refused', errno: error.code ?? error.message }),
      );
      message.end(body);
    });
  }
}

/** Left out: `/`, of whoever has the address. */
function askedFor({ destination, http }: ProbeRequest): HttpRequest {
  return http ?? { scheme: 'http', host: socketAddress(destination.address, destination.port!), path: '/' };
}

function secured(socket: Socket, host: string): TLSSocket {
  const name = addressOf(host);
  const isName = familyOf(name) === undefined;
  return connectTls({ socket, rejectUnauthorized: false, ...(isName && { servername: name }) });
}

function answered({ statusCode, headers }: IncomingMessage, text: string, stream: Socket | TLSSocket): ProbeResult {
  const answer = parseAnswer(text);
  const certificate = 'getPeerX509Certificate' in stream ? stream.getPeerX509Certificate() : undefined;
  return {
    kind: 'answered',
    ...(answer && { answer }),
    ...(statusCode !== undefined && { status: statusCode }),
    ...(typeof headers.server === 'string' && { server: headers.server }),
    ...(headers.location !== undefined && { location: headers.location }),
    ...(certificate && { certificate: namesIn(certificate) }),
  };
}
