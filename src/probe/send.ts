/** Sends one probe from a namespace and waits for what comes of it. */
import { closeSync, writeFileSync } from 'node:fs';
import { SystemCallError } from '../apply/kernel/errors.ts';
import {
  bind,
  connect,
  getsockname,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  send,
  setsockopt,
  socketFor,
} from '../apply/kernel/libc.ts';
import { inside } from '../apply/kernel/namespaces.ts';
import { readReply, writeQuery } from '../dns/message.ts';
import { isIpv6 } from '../net/address.ts';
import { parseAnswer } from './answer.ts';
import { deadline } from './deadline.ts';
import { askOverStream } from './dns/stream.ts';
import { HttpConnection } from './http.ts';
import { initialSequence, markedPayload } from './mark.ts';
import type { ProbeRequest, ProbeResult, ProbeRun } from './probe.ts';
import { chooseSequence } from './sequence.ts';
import { adopt, anyAddressLike } from './sockets.ts';

const IPPROTO = { TCP: 0, UDP: 0, SCTP: 132 } as const;
/** What an echo is in either protocol: its number, its types, and the socket option that sets the TTL or hop limit. */
const ICMP = { protocol: 1, request: 8, reply: 0 } as const;
const ICMPV6 = { protocol: 58, request: 128, reply: 129 } as const;
const TTL_OPTION = { 4: { level: 0, option: 2 }, 6: { level: 41, option: 16 } } as const;
const SOL_SOCKET = 1;
const SO_REUSEADDR = 2;

/** Connections that are kept, by name. */
export type KeptConnections = Map<string, HttpConnection>;

/** Never rejects: whatever happens to a probe is its result. */
export async function sendProbe(request: ProbeRequest, id: number, kept: KeptConnections): Promise<ProbeRun> {
  const started = performance.now();
  const { namespace, protocol, destination: remote, question, http } = request;
  const base = { id, namespace, protocol, remote, ...(question && { question }), ...(http && { http }) };
  const opened = open(request, id);
  const result = 'failure' in opened ? opened.failure : await EXCHANGE[request.protocol](opened.fd, request, id, kept);
  return { ...base, ...(opened.local && { local: opened.local }), result, durationMs: performance.now() - started };
}

type Opened = { readonly local?: { address: string; port: number } } & (
  | { readonly fd: number }
  | { readonly failure: ProbeResult }
);

/** Opens, binds and connects a socket inside the namespace; from there on it works from anywhere. */
function open(request: ProbeRequest, id: number): Opened {
  const { protocol, destination, ttl } = request;
  return inside(request.namespace, () => {
    let fd: number | undefined;
    try {
      if (protocol === 'ICMP') allowEcho();
      fd = socketFor(
        destination.address,
        (protocol === 'TCP' || protocol === 'SCTP' ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK,
        protocol === 'ICMP' ? icmpFor(destination.address).protocol : IPPROTO[protocol],
      );
      setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, 1);
      if (ttl !== undefined) {
        const { level, option } = TTL_OPTION[isIpv6(destination.address) ? 6 : 4];
        setsockopt(fd, level, option, ttl);
      }
      bindSource(fd, request, id);
      if (protocol === 'TCP') chooseSequence(fd, initialSequence(id));
      connect(fd, destination.address, destination.port ?? 0);
      return { fd, local: getsockname(fd) };
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      if (fd !== undefined) closeSync(fd);
      return { failure: failureOf(error, protocol) };
    }
  });
}

/** Linux's default range for ports of its own choice. */
const FIRST_PORT = 32_768;
const PORTS = 28_232;

/**
 * Every probe has a port of its own. The kernel would use one for connections to several addresses; IPVS knows an answer by
 * client and endpoint alone, and mixes up those of two Services with one endpoint (ip_vs_conn_out_get()).
 */
function bindSource(fd: number, { protocol, source, destination }: ProbeRequest, id: number): void {
  const { address = anyAddressLike(destination.address), port } = source ?? {};
  if (port === undefined && (protocol === 'TCP' || protocol === 'UDP')) {
    try {
      bind(fd, address, FIRST_PORT + (id % PORTS));
      return;
    } catch (error) {
      if (!(error instanceof SystemCallError) || error.code !== 'EADDRINUSE') throw error;
    }
  }
  if (source) bind(fd, address, port ?? 0);
}

function failureOf(error: SystemCallError, protocol: ProbeRequest['protocol']): ProbeResult {
  if (error.call === 'socket' && error.code === 'EAFNOSUPPORT')
    return { kind: 'unsupported', reason: `this kernel has no IPv6 (${error.message})` };
  if (error.call === 'socket' && ['EPROTONOSUPPORT', 'ESOCKTNOSUPPORT', 'EACCES'].includes(error.code)) {
    return { kind: 'unsupported', reason: `this kernel has no ${protocol} (${error.message})` };
  }
  return { kind: 'refused', errno: error.code };
}

/** Unprivileged echo sockets, ICMPv6's as well, are open to our own group; the setting is the namespace's own. */
function allowEcho(): void {
  const group = process.getgid!();
  writeFileSync('/proc/sys/net/ipv4/ping_group_range', `${group} ${group}`);
}

const EXCHANGE: Record<
  ProbeRequest['protocol'],
  (fd: number, request: ProbeRequest, id: number, kept: KeptConnections) => Promise<ProbeResult>
> = {
  TCP: (fd, request, id, kept) =>
    request.question ? askOverStream(fd, request.question, id, request.timeoutMs) : exchangeHttp(fd, request, id, kept),
  SCTP: exchangeHttp,
  UDP: (fd, request, id) =>
    request.question
      ? exchangeDatagrams(fd, writeQuery(id, request.question), request, (message) => replyInDatagram(message, id))
      : exchangeDatagrams(fd, markedPayload(id, request.payload, request.size), request, answerInDatagram),
  ICMP: (fd, request, id) => {
    const types = icmpFor(request.destination.address);
    const payload = markedPayload(id, request.payload, request.size);
    return exchangeDatagrams(fd, echoRequest(types, payload), request, (message) => echoReply(types, message));
  },
};

/** Over a connection of its own, which ends with the answer unless it is to be kept. */
async function exchangeHttp(
  fd: number,
  request: ProbeRequest,
  id: number,
  kept: KeptConnections,
): Promise<ProbeResult> {
  const connection = new HttpConnection(fd, request);
  const result = await connection.ask(request, id);
  if (request.keep === undefined || !connection.isOpen) connection.close();
  else kept.set(request.keep, connection);
  return result;
}

/** Sends one datagram and takes the first answer that `read` understands. */
function exchangeDatagrams(
  fd: number,
  payload: Buffer,
  { destination, timeoutMs }: ProbeRequest,
  read: (message: Buffer) => ProbeResult | undefined,
): Promise<ProbeResult> {
  return new Promise((resolve) => {
    const receiver = adopt(fd, destination.address);
    const finish = (result: ProbeResult) => {
      cancel();
      receiver.close();
      resolve(result);
    };
    const cancel = deadline(timeoutMs, () => finish({ kind: 'timeout' }));
    receiver.on('message', (message) => {
      const result = read(message);
      if (result) finish(result);
    });
    receiver.on('error', (error: NodeJS.ErrnoException) =>
      finish({ kind: 'refused', errno: error.code ?? error.message }),
    );
    try {
      send(fd, payload);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      finish({ kind: 'refused', errno: error.code });
    }
  });
}

function answerInDatagram(message: Buffer): ProbeResult {
  const answer = parseAnswer(message.toString().replace(/^packetwalk=\d+ /, ''));
  return { kind: 'answered', ...(answer && { answer }) };
}

function replyInDatagram(message: Buffer, id: number): ProbeResult | undefined {
  const reply = readReply(message);
  return reply?.id === id ? { kind: 'answered', reply } : undefined;
}
type EchoTypes = typeof ICMP | typeof ICMPV6;

function icmpFor(address: string): EchoTypes {
  return isIpv6(address) ? ICMPV6 : ICMP;
}

/** The kernel fills in identifier and checksum. */
function echoRequest({ request }: EchoTypes, payload: Buffer): Buffer {
  const header = Buffer.alloc(8);
  header.writeUInt8(request, 0);
  header.writeUInt16BE(1, 6);
  return Buffer.concat([header, payload]);
}

function echoReply({ reply }: EchoTypes, message: Buffer): ProbeResult | undefined {
  return message.readUInt8(0) === reply ? { kind: 'answered' } : undefined;
}
