/** Pods that cannot be anywhere, in the words of kube-scheduler and kubelet, with what it is on each node. */
import { type Diagnostics, formatPosition, nearest } from '../../diagnostic.ts';
import type { Node } from '../cluster.ts';
import { type Draft, podPlace } from '../draft.ts';
import { formatHostPort, hostPortsOf } from './host-ports.ts';
import { nodeAffinityFilter } from './node-affinity.ts';
import type { Refusal, Situation } from './situation.ts';

export interface Refused extends Refusal {
  readonly node: Node;
  /** The further, the nearer the node was to being the pod's. */
  readonly stage: number;
}

const SHOWN = 3;

/** At the field that the nearest miss is about. */
export function reportUnschedulable(draft: Draft, refused: readonly Refused[], diagnostics: Diagnostics): void {
  const nearestFirst = refused.toSorted((a, b) => b.stage - a.stage);
  const [miss] = nearestFirst;
  if (!miss) return;
  const counts = new Map<string, number>();
  for (const { reason } of refused) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  const reasons = [...counts].map(([reason, count]) => `${count} ${reason}`).sort();
  const causes = nearestFirst.slice(0, SHOWN).map(({ node, because }) => `${node.place} ${because}`);
  const more = refused.length > SHOWN ? [`and so on for ${refused.length} nodes`] : [];
  diagnostics.error(
    'unschedulable',
    `0/${refused.length} nodes are available for ${podPlace(draft)}: ${reasons.join(', ')}: ${[...causes, ...more].join('; ')}`,
    miss.at,
    miss.help,
  );
}

export function reportUnknownNode({ spec, locateSpec }: Draft, nodes: readonly Node[], diagnostics: Diagnostics): void {
  const names = nodes.map(({ name }) => name);
  const guess = nearest(spec.nodeName!, names);
  diagnostics.error(
    'unknown-node',
    `there is no node ${spec.nodeName}`,
    locateSpec(['nodeName']),
    guess ? `did you mean "${guess}"?` : `nodes here: ${names.join(', ')}`,
  );
}

/**
 * kubelet refuses such a pod (pkg/kubelet/lifecycle/predicate.go): its phase is Failed, its reason NodePorts or NodeAffinity. A pod
 * that has a status was taken, when the node's labels were others.
 */
export function reportRejected(draft: Draft, node: Node, situation: Situation, diagnostics: Diagnostics): void {
  const { hostPorts, portsOf } = situation;
  for (const { wanted, other } of hostPorts.conflicts(node.place, hostPortsOf(draft, portsOf(draft)))) {
    diagnostics.error(
      'host-port-taken',
      `${wanted.owner} cannot have port ${formatHostPort(wanted)} of ${node.place}: ${other.owner} has it (${formatPosition(other.at)})`,
      wanted.at,
      'a port of a node belongs to one pod: give them different ports, or put them on different nodes',
    );
  }
  const refusal = draft.status === undefined && nodeAffinityFilter(draft, situation)?.(node);
  if (refusal)
    diagnostics.error(
      'unschedulable',
      `${podPlace(draft)} cannot be on ${node.place}, which ${refusal.because}`,
      refusal.at,
      'kubelet refuses a pod whose node does not match its node affinity and selector: leave out nodeName, or what it contradicts',
    );
}
