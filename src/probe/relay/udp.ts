/**
 * UDP through a process (kubernetes pkg/proxy/userspace/proxysocket.go, moby cmd/docker-proxy/udp_proxy_linux.go): every
 * client gets a socket of its own to the endpoint whose turn it is, and keeps it until neither has said anything for a while.
 *
 * Only a socket bound to an address knows which one was asked, and a walk has to show it. So there is one for each address
 * besides the one on all of them, which answers: from the address the route to the client gives it, as the real one's.
 */
import type { Socket } from 'node:dgram';
import { SystemCallError } from '../../apply/kernel/errors.ts';
import { SOCK_DGRAM, send } from '../../apply/kernel/libc.ts';
import { inside } from '../../apply/kernel/namespaces.ts';
import type { Relay } from '../../compile/relay.ts';
import type { SocketAddress } from '../../net/port.ts';
import { DNS_PORT, socketAddress } from '../../net/port.ts';
import { deadline } from '../deadline.ts';
import { markOfMessage, markOfPayload } from '../mark.ts';
import { adopt, anyAddressLike, isAnyAddress, openPort, ownAddresses } from '../sockets.ts';
import { ANY, MAX_CLIENTS, openConnection } from './connection.ts';
import { type OpenAttempt, type RelayLog, tupleOf } from './log.ts';
import { PROGRAMS } from './programs.ts';
import { RoundRobin } from './round-robin.ts';

/** The size of its buffer: what is longer is cut off. */
const MAX_DATAGRAM = 4096;

interface Session {
  readonly fd: number | undefined;
  readonly attempts: readonly OpenAttempt[];
  /** Something was said. */
  extend(): void;
  end(): void;
}

export class UdpRelay {
  readonly #namespace: string;
  readonly #log: RelayLog;
  readonly #balancer: RoundRobin;
  readonly #listening = new Map<string, Socket>();
  readonly #sessions = new Map<string, Session>();
  #relay: Relay;

  constructor(namespace: string, relay: Relay, log: RelayLog) {
    this.#namespace = namespace;
    this.#relay = relay;
    this.#log = log;
    this.#balancer = new RoundRobin(relay);
    this.#listen();
  }

  update(relay: Relay): void {
    this.#relay = relay;
    this.#balancer.update(relay);
    this.#listen();
  }

  close(): void {
    for (const listening of this.#listening.values()) listening.close();
    for (const session of this.#sessions.values()) session.end();
  }

  kill(): void {
    this.close();
  }

  /** On its own address, or on those there are now. */
  #listen(): void {
    const { address: main = ANY } = this.#relay;
    const isAny = isAnyAddress(main);
    const own = isAny ? inside(this.#namespace, ownAddresses) : [];
    const wanted = [main, ...own.filter((address) => anyAddressLike(address) === main)];
    for (const [address, listening] of this.#listening) {
      if (wanted.includes(address)) continue;
      listening.close();
      this.#listening.delete(address);
    }
    for (const address of wanted) if (!this.#listening.has(address)) this.#listening.set(address, this.#open(address));
  }

  #open(address: string): Socket {
    const own = { address, port: this.#relay.port };
    const opened = adopt(
      inside(this.#namespace, () => openPort(SOCK_DGRAM, own)),
      address,
    );
    opened.on('message', (message, client) => this.#receive(message.subarray(0, MAX_DATAGRAM), client, own));
    return opened;
  }

  #receive(message: Buffer, client: SocketAddress, own: SocketAddress): void {
    const key = socketAddress(client.address, client.port);
    const session = this.#sessions.get(key) ?? this.#begin(key, client);
    const { program, serves } = this.#relay;
    const accepted = tupleOf(client, own);
    const asksNameserver = this.#relay.endpoints.some(({ port }) => port === DNS_PORT);
    this.#log.write(asksNameserver ? markOfMessage(message) : markOfPayload(message), {
      namespace: this.#namespace,
      program,
      serves,
      accepted,
      waiting: false,
      attempts: session.attempts,
    });
    if (session.fd === undefined) return;
    try {
      send(session.fd, message);
      session.extend();
    } catch (error) {
      /** An earlier datagram was refused, or the kernel will not send this one: it is lost. */
      if (!(error instanceof SystemCallError)) throw error;
    }
  }

  /** A client without an endpoint is not remembered. */
  #begin(key: string, client: SocketAddress): Session {
    const attempts: OpenAttempt[] = [];
    const fd = inside(this.#namespace, () => this.#connect(client.address, attempts));
    if (fd === undefined) return { fd, attempts, extend: () => {}, end: () => {} };
    const connection = adopt(fd, attempts.at(-1)!.endpoint);
    let cancel = () => {};
    const session: Session = {
      fd,
      attempts,
      extend: () => {
        cancel();
        cancel = deadline(this.#relay.idleMs, session.end);
      },
      end: () => {
        cancel();
        if (this.#sessions.delete(key)) connection.close();
      },
    };
    connection.on('message', (message) => {
      session.extend();
      this.#listening
        .get(this.#relay.address ?? ANY)!
        .send(message.subarray(0, MAX_DATAGRAM), client.port, client.address);
    });
    connection.on('error', (error: NodeJS.ErrnoException) => {
      attempts.at(-1)!.failure = error.code ?? error.message;
      session.end();
    });
    this.#sessions.set(key, session);
    session.extend();
    return session;
  }

  #connect(client: string, attempts: OpenAttempt[]): number | undefined {
    while (attempts.length < PROGRAMS[this.#relay.program].dialMs.length && this.#sessions.size < MAX_CLIENTS) {
      const endpoint = this.#balancer.take(client, attempts.length > 0);
      if (!endpoint) return undefined;
      const attempt: OpenAttempt = { endpoint: socketAddress(endpoint.address, endpoint.port), connected: false };
      attempts.push(attempt);
      const fd = openConnection(SOCK_DGRAM, endpoint, attempt);
      if (fd === undefined) continue;
      attempt.connected = true;
      return fd;
    }
    return undefined;
  }
}
