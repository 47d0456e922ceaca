/** Transport protocols and ports, in Kubernetes' spelling: `53/UDP`, TCP when left out. */

import { familyOf } from './address.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

/** domain, of UDP and TCP */
export const DNS_PORT = 53;

/** A port something listens on. */
export interface Port {
  readonly port: number;
  readonly protocol: Protocol;
}

export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

/** Reads `8080` or `53/UDP`; undefined when it is neither. */
export function parsePort(text: string | number): Port | undefined {
  const match = /^([1-9][0-9]{0,4})(?:\/([A-Za-z]+))?$/.exec(String(text));
  if (!match) return undefined;
  const port = Number(match[1]);
  const protocol = PROTOCOLS.find((p) => p === (match[2] ?? 'TCP').toUpperCase());
  return port <= 65535 && protocol ? { port, protocol } : undefined;
}

/** A port of a machine that leads to a container's. */
export interface PublishedPort extends Port {
  /** The one address of the machine that does; undefined: all of them. */
  readonly hostIP?: string;
  readonly hostPort: number;
}

/** Reads Docker's `[ADDRESS:]HOST-PORT:PORT[/PROTOCOL]`; undefined when it is not that. */
export function parsePublishedPort(text: string): PublishedPort | undefined {
  const match = /^(?:([0-9.]+):)?([0-9]+):([0-9]+(?:\/[A-Za-z]+)?)$/.exec(text);
  const host = parsePort(match?.[2] ?? '');
  const port = parsePort(match?.[3] ?? '');
  const hostIP = match?.[1] === '0.0.0.0' ? undefined : match?.[1];
  if (!host || !port || (hostIP !== undefined && familyOf(hostIP) !== 4)) return undefined;
  return { ...port, hostPort: host.port, ...(hostIP !== undefined && { hostIP }) };
}

export function formatPublishedPort({ hostIP, hostPort, ...port }: PublishedPort): string {
  return `${hostIP === undefined ? '' : `${hostIP}:`}${hostPort}:${formatPort(port)}`;
}

export function formatPort({ port, protocol }: Port): string {
  return protocol === 'TCP' ? String(port) : `${port}/${protocol}`;
}

/** `10.0.0.1:80` or `[fd00::1]:80`. */
export function socketAddress(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}

/** `10.0.0.1:80` → `10.0.0.1` */
export function addressOf(socket: string): string {
  if (socket.startsWith('[')) return socket.slice(1, socket.indexOf(']'));
  const colon = socket.indexOf(':');
  return colon < 0 || socket.indexOf(':', colon + 1) >= 0 ? socket : socket.slice(0, colon);
}

/** Source and destination as a socket or a packet has them: `10.0.0.1:80`, without port where the protocol has none. */
export interface Tuple {
  readonly source: string;
  readonly destination: string;
}
