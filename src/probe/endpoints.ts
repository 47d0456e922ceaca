/**
 * The ports that answer. One process serves all namespaces of a lab: sockets are opened inside their namespace and
 * then belong to Node's event loop. TCP speaks HTTP, and answers a bare line as well, so `curl` and `nc` both work.
 */
import { createSocket, type Socket as Datagram } from 'node:dgram';
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import {
  AF_INET,
  bind,
  listen,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  setsockopt,
  socket,
} from '../apply/kernel/libc.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import type { Listener } from '../model/cluster.ts';
import { socketAddress } from '../net/port.ts';
import { answerMark } from './mark.ts';
import type { EndpointAnswer } from './probe.ts';

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_SCTP = 132;

export class Endpoints {
  readonly #open = new Map<string, () => void>();
  readonly #listenerOf = new WeakMap<Socket, Listener>();
  readonly #http = createHttpServer((request, response) => this.#answerHttp(request, response));

  constructor() {
    this.#http.on('clientError', (_error, connection) => {
      const listener = this.#listenerOf.get(connection as Socket);
      if (listener && connection.writable)
        connection.end(`${JSON.stringify(answerOf(listener, connection as Socket))}\n`);
      else connection.destroy();
    });
  }

  /** Makes exactly these ports answer: opens the missing ones, closes the others. */
  set(listeners: readonly Listener[]): void {
    const wanted = new Map(listeners.map((listener) => [JSON.stringify(listener), listener]));
    for (const [key, close] of this.#open) {
      if (wanted.has(key)) continue;
      close();
      this.#open.delete(key);
    }
    for (const [key, listener] of wanted) {
      if (!this.#open.has(key))
        this.#open.set(key, listener.protocol === 'UDP' ? openUdp(listener) : this.#openStream(listener));
    }
  }

  #openStream(listener: Listener): () => void {
    const fd = inside(listener.netns, () => {
      const opened = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, listener.protocol === 'SCTP' ? IPPROTO_SCTP : 0);
      setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, 1);
      bind(opened, '0.0.0.0', listener.port);
      listen(opened);
      return opened;
    });
    const connections = new Set<Socket>();
    const server: Server = createServer((connection) => {
      connections.add(connection);
      connection.on('close', () => connections.delete(connection));
      this.#listenerOf.set(connection, listener);
      this.#http.emit('connection', connection);
    });
    server.listen({ fd });
    return () => {
      server.close();
      for (const connection of connections) connection.destroy();
    };
  }

  #answerHttp(request: IncomingMessage, response: ServerResponse): void {
    const listener = this.#listenerOf.get(request.socket)!;
    request.resume();
    request.on('end', () => {
      if (listener.health) answerHealth(listener.health, response);
      else response.writeHead(200, JSON_TYPE).end(`${JSON.stringify(answerOf(listener, request.socket))}\n`);
    });
  }
}

const JSON_TYPE = { 'content-type': 'application/json' };

/** As kube-proxy's health check server answers (kubernetes pkg/proxy/healthcheck/service_health.go). */
function answerHealth(
  { namespace, name, localEndpoints }: NonNullable<Listener['health']>,
  response: ServerResponse,
): void {
  response.writeHead(localEndpoints > 0 ? 200 : 503, {
    ...JSON_TYPE,
    'x-load-balancing-endpoint-weight': localEndpoints,
  });
  response.end(`${JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy: true })}\n`);
}

/** One socket an address: a wildcard socket would answer from the route's address, not from the one that was asked. */
function openUdp(listener: Listener): () => void {
  const sockets: Datagram[] = inside(listener.netns, () => {
    const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
    return own
      .filter(({ family }) => family === 'IPv4')
      .map(({ address }) => {
        const fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
        bind(fd, address, listener.port);
        return adoptDatagram(fd, listener, address);
      });
  });
  return () => {
    for (const opened of sockets) opened.close();
  };
}

function adoptDatagram(fd: number, listener: Listener, address: string): Datagram {
  const opened = createSocket('udp4');
  opened.on('message', (message, sender) => {
    const answer: EndpointAnswer = {
      endpoint: listener.place,
      address: socketAddress(address, listener.port),
      source: socketAddress(sender.address, sender.port),
      protocol: 'UDP',
    };
    opened.send(
      Buffer.concat([answerMark(message), Buffer.from(`${JSON.stringify(answer)}\n`)]),
      sender.port,
      sender.address,
    );
  });
  /** An ICMP error for an answer nobody waited for. */
  opened.on('error', () => {});
  opened.bind({ fd });
  return opened;
}

function answerOf(listener: Listener, connection: Socket): EndpointAnswer {
  return {
    endpoint: listener.place,
    address: socketAddress(connection.localAddress ?? '', connection.localPort ?? listener.port),
    source: socketAddress(connection.remoteAddress ?? '', connection.remotePort ?? 0),
    protocol: listener.protocol,
  };
}
