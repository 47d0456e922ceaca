/** The sockets of a process that passes packets on, opened in the namespace the thread is in. */
import { createSocket, type Socket } from 'node:dgram';
import { closeSync } from 'node:fs';
import { SystemCallError } from '../../apply/kernel/errors.ts';
import {
  AF_INET,
  bind,
  connect,
  getsockname,
  listen,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  setsockopt,
  socket,
} from '../../apply/kernel/libc.ts';
import type { SocketAddress } from '../../compile/relay.ts';
import { chooseSequence, keepSyn } from '../sequence.ts';
import { type OpenAttempt, tupleOf } from './log.ts';

export const ANY = '0.0.0.0';
/** A Service whose endpoint leads back to it would go round until there are no descriptors left. */
export const MAX_CLIENTS = 1024;
/** Go's, from net.core.somaxconn. */
const BACKLOG = 4096;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;

/** A port that is open; `type` is SOCK_STREAM or SOCK_DGRAM. */
export function openPort(type: number, { address, port }: SocketAddress): number {
  const fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
  try {
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (type === SOCK_STREAM) keepSyn(fd);
    bind(fd, address, port);
    if (type === SOCK_STREAM) listen(fd, BACKLOG);
    return fd;
  } catch (error) {
    closeSync(fd);
    throw error;
  }
}

/** A socket that is being connected; undefined when the kernel has none, or no way there: the attempt says why. */
export function openConnection(
  type: number,
  endpoint: SocketAddress,
  attempt: OpenAttempt,
  sequence?: number,
): number | undefined {
  let fd: number | undefined;
  try {
    fd = socket(AF_INET, type | SOCK_NONBLOCK, 0);
    if (sequence !== undefined) chooseSequence(fd, sequence);
    connect(fd, endpoint.address, endpoint.port);
    attempt.opened = tupleOf(getsockname(fd), endpoint);
    return fd;
  } catch (error) {
    if (fd !== undefined) closeSync(fd);
    if (!(error instanceof SystemCallError)) throw error;
    attempt.failure = error.code;
    return undefined;
  }
}

/** A bound datagram socket for Node's event loop. */
export function adopt(fd: number): Socket {
  const adopted = createSocket('udp4');
  /** An ICMP error for an answer nobody waited for. */
  adopted.on('error', () => {});
  adopted.bind({ fd });
  return adopted;
}
