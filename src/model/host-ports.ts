/**
 * Who has which port of a node: hostPorts, and the ports of pods on the host network, which have them for their
 * hostPorts as well (kubernetes pkg/apis/core/v1/defaults.go, defaultHostNetworkPorts).
 */
import type { Position } from '../diagnostic.ts';
import type { Protocol } from '../net/port.ts';

/** One hostPort as a pod asks for it. */
export interface HostPort {
  readonly owner: string;
  readonly hostPort: number;
  readonly protocol: Protocol;
  /** Undefined: every address of the node. */
  readonly hostIP: string | undefined;
  readonly at: Position;
}

export class HostPorts {
  readonly #taken = new Map<string, HostPort[]>();

  claim(node: string, ports: readonly HostPort[]): void {
    this.#taken.set(node, [...(this.#taken.get(node) ?? []), ...ports]);
  }

  /** Those of the ports that another pod has on the node, and who that is. */
  conflicts(node: string, ports: readonly HostPort[]): { wanted: HostPort; other: HostPort }[] {
    const taken = this.#taken.get(node) ?? [];
    return ports.flatMap((wanted) => {
      const other = taken.find((candidate) => overlap(wanted, candidate));
      return other ? [{ wanted, other }] : [];
    });
  }
}

/** As the scheduler has it: a port of every address excludes the same port of one (kubernetes HostPortInfo.CheckConflict). */
function overlap(a: HostPort, b: HostPort): boolean {
  if (a.hostPort !== b.hostPort || a.protocol !== b.protocol) return false;
  return a.hostIP === undefined || b.hostIP === undefined || a.hostIP === b.hostIP;
}
