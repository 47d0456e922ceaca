/** The sockets of a process that passes packets on, opened in the namespace the thread is in. */
import { createSocket, type Socket } from 'node:dgram';
import { closeSync } from 'node:fs';
import { AF_INET, bind, listen, SOCK_NONBLOCK, SOCK_STREAM, setsockopt, socket } from '../apply/kernel/libc.ts';
import type { SocketAddress } from '../net/port.ts';
import { keepSyn } from './sequence.ts';

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

/** A bound datagram socket for Node's event loop. */
export function adopt(fd: number): Socket {
  const adopted = createSocket('udp4');
  /** An ICMP error for an answer nobody waited for. */
  adopted.on('error', () => {});
  adopted.bind({ fd });
  return adopted;
}
