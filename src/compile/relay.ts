/**
 * A port on which a node's kube-proxy listens itself, to pass on what comes (mode userspace). It is the one thing of a
 * lab's state that the kernel does not hold: a process serves it (probe/relay/).
 */
import type { Origin } from '../diagnostic.ts';

export interface Relay {
  /** Whose connections they are: `default/web:http`. */
  readonly servicePort: string;
  readonly protocol: 'TCP' | 'UDP';
  /** The proxy port, open on every address of the node. */
  readonly port: number;
  /** In the order of their turns. */
  readonly endpoints: readonly SocketAddress[];
  /** How long a client that comes again gets the same endpoint; undefined: it takes the next one. */
  readonly affinitySeconds?: number;
  /** How long a UDP client that says nothing is remembered. */
  readonly idleMs: number;
  /** Ports it only keeps from others: NodePorts, and those of Service addresses that are the node's own. */
  readonly held: readonly HeldPort[];
  readonly origin: Origin;
}

export interface SocketAddress {
  readonly address: string;
  readonly port: number;
}

export interface HeldPort {
  /** Undefined: on every address. */
  readonly address?: string;
  readonly port: number;
}
