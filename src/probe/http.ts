/**
 * Asks over HTTP, so that what stands in the captures can be read, and `curl` sees the same answer; over HTTPS, where that is asked
 * for. Whoever shows a certificate is believed: which one it was is told.
 */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { namesIn } from '../model/certificates.ts';
import type { HttpRequest } from '../model/check.ts';
import { familyOf } from '../net/address.ts';
import { addressOf, socketAddress } from '../net/port.ts';
import { parseAnswer } from './answer.ts';
import { deadline } from './deadline.ts';
import { userAgent } from './mark.ts';
import type { ProbeRequest, ProbeResult } from './probe.ts';

/** `fd` is a stream socket that is being connected. */
export function exchangeHttp(
  fd: number,
  { destination, http, payload = '', size = 0, timeoutMs }: ProbeRequest,
  id: number,
): Promise<ProbeResult> {
  const { host, path, scheme }: HttpRequest = http ?? {
    scheme: 'http',
    host: socketAddress(destination.address, destination.port!),
    path: '/',
  };
  return new Promise((resolve) => {
    const connection = new Socket({ fd, readable: true, writable: true });
    const stream = scheme === 'https' ? secured(connection, host) : connection;
    const finish = (result: ProbeResult) => {
      cancel();
      stream.destroy();
      connection.destroy();
      resolve(result);
    };
    const cancel = deadline(timeoutMs, () => finish({ kind: 'timeout' }));
    const refuse = (error: NodeJS.ErrnoException) => finish({ kind: 'refused', errno: error.code ?? error.message });
    connection.on('error', refuse);
    const body = Buffer.from(payload.padEnd(size, '.'));
    const request = httpRequest({
      createConnection: () => stream,
      method: body.length > 0 ? 'POST' : 'GET',
      path,
      headers: { Host: host, 'User-Agent': userAgent(id), Connection: 'close', 'Content-Length': body.length },
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => finish(answered(response, Buffer.concat(chunks).toString(), stream)));
    });
    request.on('error', refuse);
    request.end(body);
  });
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
