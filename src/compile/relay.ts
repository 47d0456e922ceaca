/**
 * A port on which a process of a machine listens, to pass on what comes: kube-proxy on a node (mode userspace), docker-proxy
 * on a host, HAProxy on the machine of a cloud's load balancer. It is the one thing of a lab's state that the kernel does not hold: a process serves it (probe/relay/).
 */
import type { Origin } from '../diagnostic.ts';
import type { SocketAddress } from '../net/port.ts';
import type { HealthCheck } from './health-check.ts';

export interface Relay {
  readonly program: RelayProgram;
  /** Whose connections they are: a Service's port, `default/web:http`, or a container's, `container/host1/web:80`. */
  readonly serves: string;
  readonly protocol: 'TCP' | 'UDP';
  /** The one address it listens on; undefined: all there are. */
  readonly address?: string;
  readonly port: number;
  /** In the order of their turns; those with a check have one only as long as that goes well. */
  readonly endpoints: readonly (SocketAddress & { readonly check?: HealthCheck })[];
  /** How long a client that comes again gets the same endpoint; undefined: it takes the next one. */
  readonly affinitySeconds?: number;
  /** How long a UDP client that says nothing is remembered. */
  readonly idleMs: number;
  /** Ports it only keeps from others: NodePorts, and those of Service addresses that are the node's own. */
  readonly held: readonly HeldPort[];
  readonly origin: Origin;
}

export const RELAY_PROGRAMS = ['kube-proxy', 'docker-proxy', 'haproxy'] as const;
export type RelayProgram = (typeof RELAY_PROGRAMS)[number];

export interface HeldPort {
  /** Undefined: on every address. */
  readonly address?: string;
  readonly port: number;
}
