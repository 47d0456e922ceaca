/**
 * The ports that answer. One process serves all namespaces of a lab: sockets are opened inside their namespace and
 * then belong to Node's event loop. TCP speaks HTTP, and answers a bare line as well, so `curl` and `nc` both work. The ports
 * of the cluster's DNS speak that, and to probes as all others do.
 */
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type Server, type Socket } from 'node:net';
import { SystemCallError } from '../apply/kernel/errors.ts';
import {
  AF_INET,
  AF_INET6,
  bind,
  listen,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  setsockopt,
  socket,
  socketFor,
} from '../apply/kernel/libc.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import type { Listener } from '../model/cluster.ts';
import { socketAddress } from '../net/port.ts';
import { replyToDatagram, serveStream } from './dns/server.ts';
import { answerMark, markOfPayload } from './mark.ts';
import type { EndpointAnswer } from './probe.ts';
import { adopt, ownAddresses } from './sockets.ts';

interface OpenPort {
  /** As it is now: what a port answers may change. */
  listener: Listener;
  readonly close: () => void;
}

const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;
const IPPROTO_SCTP = 132;

export class Endpoints {
  readonly #open = new Map<string, OpenPort>();
  readonly #listenerOf = new WeakMap<Socket, Listener>();
  /** A client may take its time between two requests. */
  readonly #http = createHttpServer({ keepAliveTimeout: 0 }, (request, response) =>
    this.#answerHttp(request, response),
  );

  constructor() {
    this.#http.on('clientError', (_error, connection) => {
      const listener = this.#listenerOf.get(connection as Socket);
      if (listener && connection.writable)
        connection.end(`${JSON.stringify(answerOf(listener, connection as Socket))}\n`);
      else connection.destroy();
    });
  }

  /** Makes exactly these ports answer, at the addresses there are now: opens the missing ones, closes the others. */
  set(listeners: readonly Listener[]): void {
    const wanted = new Map(
      listeners.flatMap((listener) =>
        addressesOf(listener).map((address) => [keyOf(listener, address), { listener, address }]),
      ),
    );
    for (const [key, { close }] of this.#open) {
      if (wanted.has(key)) continue;
      close();
      this.#open.delete(key);
    }
    for (const [key, { listener, address }] of wanted) {
      const known = this.#open.get(key);
      if (known) known.listener = listener;
      else this.#open.set(key, this.#openPort(listener, address));
    }
  }

  #openPort(listener: Listener, address: string): OpenPort {
    const now = () => open.listener;
    const close = listener.protocol === 'UDP' ? openUdp(listener, now, address) : this.#openStream(listener, now);
    const open: OpenPort = { listener, close };
    return open;
  }

  #openStream(listener: Listener, now: () => Listener): () => void {
    const fd = inside(listener.netns, () => {
      const opened = streamSocket(listener.protocol === 'SCTP' ? IPPROTO_SCTP : 0, listener.port);
      listen(opened);
      return opened;
    });
    const connections = new Set<Socket>();
    const server: Server = createServer((connection) => {
      connections.add(connection);
      connection.on('close', () => connections.delete(connection));
      this.#listenerOf.set(connection, now());
      const speakHttp = () => this.#http.emit('connection', connection);
      if (now().zone) serveStream(connection, () => now().zone!, speakHttp);
      else speakHttp();
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
      else response.writeHead(200, JSON_TYPE).end(`${JSON.stringify(answerTo(request, listener))}\n`);
    });
  }
}

function keyOf({ place, netns, port, protocol }: Listener, address: string): string {
  return `${place} ${netns} ${port}/${protocol} ${address}`;
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

/** UDP has one socket an address: a wildcard socket would answer from the route's address, not from the one that was asked. */
function addressesOf({ netns, protocol }: Listener): string[] {
  return protocol === 'UDP' ? inside(netns, ownAddresses) : ['::'];
}

/** Bound to all addresses of either family, as servers do it; where the kernel has no IPv6, to those of IPv4. */
function streamSocket(protocol: number, port: number): number {
  const open = (family: number, any: string) => {
    const opened = socket(family, SOCK_STREAM | SOCK_NONBLOCK, protocol);
    setsockopt(opened, SOL_SOCKET, SO_REUSEADDR, 1);
    bind(opened, any, port);
    return opened;
  };
  try {
    return open(AF_INET6, '::');
  } catch (error) {
    if (!(error instanceof SystemCallError) || error.code !== 'EAFNOSUPPORT') throw error;
    return open(AF_INET, '0.0.0.0');
  }
}

function openUdp(listener: Listener, now: () => Listener, address: string): () => void {
  const opened = inside(listener.netns, () => {
    const fd = socketFor(address, SOCK_DGRAM | SOCK_NONBLOCK);
    bind(fd, address, listener.port);
    return adopt(fd, address);
  });
  opened.on('message', (message, sender) => {
    const { zone } = now();
    if (zone && markOfPayload(message) === 0) {
      const reply = replyToDatagram(zone, message);
      if (reply) opened.send(reply, sender.port, sender.address);
      return;
    }
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
  return () => opened.close();
}

function answerOf(listener: Listener, { localAddress, localPort, remoteAddress, remotePort }: Socket): EndpointAnswer {
  return {
    endpoint: listener.place,
    address: socketAddress(unmapped(localAddress), localPort ?? listener.port),
    source: socketAddress(unmapped(remoteAddress), remotePort ?? 0),
    protocol: listener.protocol,
  };
}

function answerTo({ socket, url = '', headers }: IncomingMessage, listener: Listener): EndpointAnswer {
  const named = Object.entries(headers).map(([name, value]) => [name, String(value)]);
  return { ...answerOf(listener, socket), request: { path: url, headers: Object.fromEntries(named) } };
}

/** What a socket of IPv6 calls `::ffff:10.0.0.1` is IPv4 (RFC 4291, 2.5.5.2). */
function unmapped(address = ''): string {
  return address.replace(/^::ffff:(?=\d+\.)/, '');
}
