/**
 * TCP through a process: a connection is accepted and joined to a new one to the endpoint whose turn it is. How, depends on
 * the program (programs.ts).
 *
 *   client ── accepted connection ── the process ── its own connection, from the machine's address ── endpoint
 *
 * A probe is known by its initial sequence number: the second connection gets the one the first began with.
 */
import { createServer, type Server, Socket } from 'node:net';
import { SOCK_STREAM } from '../../apply/kernel/libc.ts';
import { inside } from '../../apply/kernel/namespaces.ts';
import type { Relay } from '../../compile/relay.ts';
import type { SocketAddress } from '../../net/port.ts';
import { socketAddress, type Tuple } from '../../net/port.ts';
import { deadline } from '../deadline.ts';
import type { HealthChecks } from '../health-checks.ts';
import { idOfInitialSequence } from '../mark.ts';
import { acceptedSequence } from '../sequence.ts';
import { openPort } from '../sockets.ts';
import { ANY, MAX_CLIENTS, openConnection } from './connection.ts';
import { type OpenAttempt, type RelayLog, tupleOf } from './log.ts';
import { type Habits, PROGRAMS } from './programs.ts';
import { RoundRobin } from './round-robin.ts';

export class TcpRelay {
  readonly #namespace: string;
  readonly #program: Relay['program'];
  readonly #serves: string;
  readonly #habits: Habits;
  readonly #log: RelayLog;
  readonly #balancer: RoundRobin;
  readonly #health: HealthChecks;
  readonly #server: Server;
  readonly #connections = new Set<Socket>();
  #endChecks = () => {};
  /** For a program that connects one after the other. */
  #turn: Promise<void> = Promise.resolve();

  constructor(namespace: string, relay: Relay, log: RelayLog, health: HealthChecks) {
    this.#namespace = namespace;
    this.#program = relay.program;
    this.#serves = relay.serves;
    this.#habits = PROGRAMS[relay.program];
    this.#log = log;
    this.#balancer = new RoundRobin(relay);
    this.#health = health;
    this.#check(relay);
    const fd = inside(namespace, () => openPort(SOCK_STREAM, { address: relay.address ?? ANY, port: relay.port }));
    /** Paused: what the client has said stays in the kernel until there is somebody to say it to. */
    this.#server = createServer({ pauseOnConnect: true, allowHalfOpen: true }, (connection) => {
      this.#keep(connection);
      const client = clientOf(connection);
      if (!client) connection.destroy();
      else {
        const serve = this.#serve(connection, client);
        if (this.#habits.inTurn) this.#turn = this.#turn.then(serve);
        else void serve();
      }
    });
    /** Without a descriptor left, a connection is lost. */
    this.#server.on('error', () => {});
    this.#server.listen({ fd });
  }

  update(relay: Relay): void {
    this.#balancer.update(relay);
    this.#check(relay);
  }

  /** Only who is well gets connections. */
  #check(relay: Relay): void {
    this.#endChecks();
    this.#endChecks = () => {};
    if (!relay.endpoints.some(({ check }) => check)) return;
    this.#endChecks = this.#health.watch(this.#namespace, relay.endpoints, (endpoints) =>
      this.#balancer.update({ ...relay, endpoints }),
    );
  }

  /** Connections it has go on. */
  close(): void {
    this.#endChecks();
    this.#server.close();
  }

  /** As when the process ends. */
  kill(): void {
    this.close();
    for (const connection of this.#connections) connection.destroy();
  }

  /** What to do when it is the connection's turn. */
  #serve(connection: Socket, { address, accepted, sequence }: Client): () => Promise<void> {
    const id = idOfInitialSequence(sequence);
    const relayed = {
      namespace: this.#namespace,
      program: this.#program,
      serves: this.#serves,
      accepted,
      waiting: true,
      attempts: [],
    };
    this.#log.write(id, relayed);
    return async () => {
      relayed.waiting = false;
      const endpoint = await this.#connect(address, id > 0 ? sequence : undefined, relayed.attempts);
      if (!endpoint) connection.destroy();
      else if (connection.destroyed) endpoint.destroy();
      else join(connection, endpoint, this.#habits);
    };
  }

  async #connect(client: string, sequence: number | undefined, attempts: OpenAttempt[]): Promise<Socket | undefined> {
    if (this.#connections.size > 2 * MAX_CLIENTS) return undefined;
    for (const timeoutMs of this.#habits.dialMs) {
      const endpoint = this.#balancer.take(client, attempts.length > 0);
      if (!endpoint) return undefined;
      const attempt: OpenAttempt = { endpoint: socketAddress(endpoint.address, endpoint.port), connected: false };
      attempts.push(attempt);
      const connection = await dial(this.#namespace, endpoint, sequence, timeoutMs, attempt);
      if (!connection) continue;
      this.#keep(connection);
      return connection;
    }
    return undefined;
  }

  #keep(connection: Socket): void {
    this.#connections.add(connection);
    connection.on('close', () => this.#connections.delete(connection));
    /** What went wrong with a connection is known by its end. */
    connection.on('error', () => {});
  }
}

interface Client {
  readonly address: string;
  /** As its socket here has it. */
  readonly accepted: Tuple;
  /** The number it began with; 0 when the kernel does not know. */
  readonly sequence: number;
}

/** Undefined when it has gone already. */
function clientOf(connection: Socket): Client | undefined {
  const { remoteAddress, remotePort, localAddress, localPort } = connection;
  if (remoteAddress === undefined || remotePort === undefined || localAddress === undefined || localPort === undefined)
    return undefined;
  return {
    address: remoteAddress,
    accepted: tupleOf({ address: remoteAddress, port: remotePort }, { address: localAddress, port: localPort }),
    sequence: acceptedSequence(fdOf(connection)) ?? 0,
  };
}

/** A connection to an endpoint; undefined when the attempt failed. */
async function dial(
  namespace: string,
  endpoint: SocketAddress,
  sequence: number | undefined,
  timeoutMs: number,
  attempt: OpenAttempt,
): Promise<Socket | undefined> {
  const fd = inside(namespace, () => openConnection(SOCK_STREAM, endpoint, attempt, sequence));
  if (fd === undefined) return undefined;
  const connection = new Socket({ fd, readable: true, writable: true, allowHalfOpen: true });
  return new Promise((resolve) => {
    const fail = (failure: string) => {
      attempt.failure = failure;
      cancel();
      connection.destroy();
      resolve(undefined);
    };
    const cancel = deadline(timeoutMs, () => fail('ETIMEDOUT'));
    connection.once('error', (error: NodeJS.ErrnoException) => fail(error.code ?? error.message));
    /** Nothing can be written before the connection stands. */
    connection.write('', (error) => {
      if (error) return;
      attempt.connected = true;
      cancel();
      resolve(connection);
    });
  });
}

function join(client: Socket, endpoint: Socket, { hearsOut }: Habits): void {
  copy(client, endpoint, hearsOut);
  copy(endpoint, client, hearsOut);
}

/** Unless both are heard out, the end of one is the end of both: what is on its way back is lost. */
function copy(from: Socket, to: Socket, hearsOut: boolean): void {
  from.pipe(to, { end: hearsOut });
  if (!hearsOut)
    from.on('end', () => {
      to.destroySoon();
      from.destroySoon();
    });
  from.on('close', () => to.destroySoon());
}

/** Node knows the descriptor, and has no other way to tell it. */
function fdOf(connection: Socket): number {
  return (connection as unknown as { readonly _handle: { readonly fd: number } })._handle.fd;
}
