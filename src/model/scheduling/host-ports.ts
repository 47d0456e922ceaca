/**
 * Who has which port of a node: hostPorts, and the ports of pods on the host network, which have them for their
 * hostPorts as well (kubernetes pkg/apis/core/v1/defaults.go, defaultHostNetworkPorts).
 */
import { formatPosition, type Position } from '../../diagnostic.ts';
import { formatPort, type Protocol } from '../../net/port.ts';
import type { DeclaredPort } from '../container-ports.ts';
import { type Draft, podPlace } from '../draft.ts';
import type { Filter } from './situation.ts';

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

export function hostPortsOf({ spec, ...draft }: Draft, ports: readonly DeclaredPort[]): HostPort[] {
  return ports.flatMap(({ port, protocol, hostPort = spec.hostNetwork ? port : undefined, hostIP, hostPortAt: at }) =>
    hostPort === undefined ? [] : [{ owner: podPlace(draft), hostPort, protocol, hostIP, at }],
  );
}

export const hostPortFilter: Filter = (draft, { hostPorts, portsOf }) => {
  const ports = hostPortsOf(draft, portsOf(draft));
  if (ports.length === 0) return undefined;
  return ({ place }) => {
    const [conflict] = hostPorts.conflicts(place, ports);
    return (
      conflict && {
        reason: "node(s) didn't have free ports for the requested pod ports",
        because: `has ${formatHostPort(conflict.wanted)} taken by ${conflict.other.owner} (${formatPosition(conflict.other.at)})`,
        at: conflict.wanted.at,
        help: 'a port of a node belongs to one pod: ask for fewer pods or other ports, or add nodes',
      }
    );
  };
};

export function formatHostPort({ hostPort: port, protocol }: HostPort): string {
  return formatPort({ port, protocol });
}
