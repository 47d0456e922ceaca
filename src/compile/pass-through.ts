/**
 * An address whose packets a machine passes on to nodes as they are, to those that pass their health checks: the process behind
 * it keeps the machine's route to the address (probe/pass-through.ts). The kernel chooses one of them for each connection.
 */
import type { Origin } from '../diagnostic.ts';
import type { HealthCheck } from './health-check.ts';

export interface PassThrough {
  readonly address: string;
  /** For each Service that shares the address; one of its checks is enough for a node. */
  readonly nodes: readonly { readonly via: string; readonly check?: HealthCheck }[];
  readonly origin: Origin;
}
