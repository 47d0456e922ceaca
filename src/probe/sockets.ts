/** Sockets opened in the namespace the thread is in, of the family of their address. */
import { createSocket, type Socket } from 'node:dgram';
import { closeSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { bind, listen, SOCK_NONBLOCK, SOCK_STREAM, setsockopt, socketFor } from '../apply/kernel/libc.ts';
import { isIpv6 } from '../net/address.ts';
import type { SocketAddress } from '../net/port.ts';
import { keepSyn } from './sequence.ts';

/** Go's, from net.core.somaxconn. */
const BACKLOG = 4096;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;

/** A port that is open; `type` is SOCK_STREAM or SOCK_DGRAM. */
export function openPort(type: number, { address, port }: SocketAddress): number {
  const fd = socketFor(address, type | SOCK_NONBLOCK);
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

/** A datagram socket, opened for an address like this one, for Node's event loop. */
export function adopt(fd: number, address: string): Socket {
  const adopted = createSocket(isIpv6(address) ? 'udp6' : 'udp4');
  /** An ICMP error for an answer nobody waited for. */
  adopted.on('error', () => {});
  adopted.bind({ fd });
  return adopted;
}

const ANY = { 4: '0.0.0.0', 6: '::' } as const;

/** What a socket is bound to that is to have any address of the family of this one. */
export function anyAddressLike(address: string): string {
  return ANY[isIpv6(address) ? 6 : 4];
}

export function isAnyAddress(address: string): boolean {
  return Object.values<string>(ANY).includes(address);
}

/** Addresses of the namespace the thread is in. Of IPv6 none that mean nothing elsewhere: link-local ones, and the loopback's. */
export function ownAddresses(): string[] {
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  return [...new Set(own.map(({ address }) => address))].filter(
    (address) => address !== '::1' && !address.startsWith('fe80:'),
  );
}
