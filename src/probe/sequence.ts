/** The sequence number a TCP connection begins with: chosen by who opens it, read by who accepts it. */
import { getsockopt, setsockopt } from '../apply/kernel/libc.ts';

const SOL_TCP = 6;
const TCP_REPAIR = 19;
const TCP_REPAIR_QUEUE = 20;
const TCP_QUEUE_SEQ = 21;
const TCP_SAVE_SYN = 27;
const TCP_SAVED_SYN = 28;
const REPAIR = { on: 1, offWithoutProbe: -1, noQueue: 0, sendQueue: 2 } as const;

/** Before connecting: tcp_v4_connect() and tcp_v6_connect() draw a number only when none is set (net/ipv4/tcp_ipv4.c, net/ipv6/tcp_ipv6.c). */
export function chooseSequence(fd: number, sequence: number): void {
  setsockopt(fd, SOL_TCP, TCP_REPAIR, REPAIR.on);
  setsockopt(fd, SOL_TCP, TCP_REPAIR_QUEUE, REPAIR.sendQueue);
  setsockopt(fd, SOL_TCP, TCP_QUEUE_SEQ, sequence);
  setsockopt(fd, SOL_TCP, TCP_REPAIR_QUEUE, REPAIR.noQueue);
  setsockopt(fd, SOL_TCP, TCP_REPAIR, REPAIR.offWithoutProbe);
}

/** Before listening: the kernel keeps the headers of every SYN for whoever accepts the connection (net/ipv4/tcp.c). */
export function keepSyn(fd: number): void {
  setsockopt(fd, SOL_TCP, TCP_SAVE_SYN, 1);
}

const LONGEST_HEADERS = 120;
const SEQUENCE_OFFSET = 4;
const IPV6_HEADER = 40;

/** The client's number, once; undefined when the kernel kept nothing, because it had sent a SYN cookie. */
export function acceptedSequence(fd: number): number | undefined {
  const headers = getsockopt(fd, SOL_TCP, TCP_SAVED_SYN, LONGEST_HEADERS);
  if (headers.length === 0) return undefined;
  const version = headers.readUInt8(0) >> 4;
  const ipLength = version === 6 ? IPV6_HEADER : (headers.readUInt8(0) & 0xf) * 4;
  return headers.readUInt32BE(ipLength + SEQUENCE_OFFSET);
}
