/**
 * Which node each pod is on: the filters and scores of kube-scheduler's plugins that have to do with more than resources, in its
 * order and with its weights (kubernetes pkg/scheduler/apis/config/v1/default_plugins.go).
 */
import type { Diagnostics } from '../../diagnostic.ts';
import type { Node } from '../cluster.ts';
import type { DeclaredPort } from '../container-ports.ts';
import type { Draft } from '../draft.ts';
import type { NamespaceLabels } from '../namespaces.ts';
import { HostPorts, hostPortFilter, hostPortsOf } from './host-ports.ts';
import { nodeAffinityFilter, nodeAffinityScore } from './node-affinity.ts';
import {
  existingAntiAffinityFilter,
  podAffinityFilter,
  podAffinityScore,
  podAntiAffinityFilter,
} from './pod-affinity.ts';
import { podTerms } from './pod-terms.ts';
import { type Refused, reportRejected, reportUnknownNode, reportUnschedulable } from './report.ts';
import type { Filter, Placement, Scorer, Situation } from './situation.ts';
import { taintFilter, taintScore } from './taints.ts';
import { topologySpreadFilter, topologySpreadScore } from './topology-spread.ts';

const FILTERS: readonly Filter[] = [
  taintFilter,
  nodeAffinityFilter,
  hostPortFilter,
  topologySpreadFilter,
  podAffinityFilter,
  podAntiAffinityFilter,
  existingAntiAffinityFilter,
];

const SCORERS: readonly { readonly score: Scorer; readonly weight: number }[] = [
  { score: taintScore, weight: 3 },
  { score: nodeAffinityScore, weight: 2 },
  { score: topologySpreadScore, weight: 2 },
  { score: podAffinityScore, weight: 2 },
];

export interface SchedulingContext {
  readonly nodes: readonly Node[];
  readonly portsOf: (draft: Draft) => readonly DeclaredPort[];
  readonly namespaceLabels: NamespaceLabels;
}

/** How often a pod is looked at again, because others that it waits for have been placed. */
const MAX_ROUNDS = 10;
const NOBODY: readonly Refused[] = [];

/**
 * First the pods with a `nodeName`, which no scheduler sees; then the others in their order, each on the node that no filter
 * refuses and that has the highest score: of those the one with the fewest pods, the earlier one on a tie. Pods without a node are
 * reported, once for all replicas.
 */
export function schedule(
  drafts: readonly Draft[],
  { nodes, portsOf, namespaceLabels }: SchedulingContext,
  diagnostics: Diagnostics,
): Placement[] {
  const load = new Map(nodes.map((node) => [node, 0]));
  const placements = new Map<Draft, Placement>();
  const placed: Placement[] = [];
  const situation: Situation = {
    nodes,
    placed,
    hostPorts: new HostPorts(),
    portsOf,
    podTerms: podTerms(namespaceLabels),
  };
  const put = (draft: Draft, node: Node) => {
    load.set(node, load.get(node)! + 1);
    situation.hostPorts.claim(node.place, hostPortsOf(draft, portsOf(draft)));
    placements.set(draft, { draft, node });
    placed.push({ draft, node });
  };
  for (const draft of drafts) {
    if (draft.spec.nodeName === undefined) continue;
    const node = nodes.find(({ name }) => name === draft.spec.nodeName);
    if (node) {
      reportRejected(draft, node, situation, diagnostics);
      put(draft, node);
    } else reportUnknownNode(draft, nodes, diagnostics);
  }
  /** Puts the pod on a node, or says why there is none. */
  const place = (draft: Draft): readonly Refused[] | undefined => {
    const refusals = refusalsOf(draft, situation);
    const fitting = nodes.filter((node) => !refusals.has(node));
    const score = scoresOf(draft, fitting, situation);
    const [node] = fitting.toSorted((a, b) => score(b) - score(a) || load.get(a)! - load.get(b)!);
    if (!node) return [...refusals.values()];
    put(draft, node);
    return undefined;
  };
  let waiting = drafts.filter(({ spec }) => spec.nodeName === undefined).map((draft) => ({ draft, refused: NOBODY }));
  for (let round = 0; round < MAX_ROUNDS && waiting.length > 0; round++) {
    const still = waiting.flatMap(({ draft }) => {
      const refused = place(draft);
      return refused ? [{ draft, refused }] : [];
    });
    const isStuck = still.length === waiting.length;
    waiting = still;
    if (isStuck) break;
  }
  const bySpec = new Map(waiting.toReversed().map(({ draft, refused }) => [draft.spec, { draft, refused }]));
  for (const { draft, refused } of bySpec.values()) reportUnschedulable(draft, refused, diagnostics);
  return drafts.flatMap((draft) => placements.get(draft) ?? []);
}

/** The first refusal of each node that has one, by the filters in their order. */
function refusalsOf(draft: Draft, situation: Situation): Map<Node, Refused> {
  const checks = FILTERS.flatMap((filter) => filter(draft, situation) ?? []);
  const refusals = new Map<Node, Refused>();
  for (const node of situation.nodes) {
    for (const [stage, check] of checks.entries()) {
      const refusal = check(node);
      if (!refusal) continue;
      refusals.set(node, { ...refusal, node, stage });
      break;
    }
  }
  return refusals;
}

function scoresOf(draft: Draft, nodes: readonly Node[], situation: Situation): (node: Node) => number {
  const scores = SCORERS.flatMap(({ score, weight }) => {
    const own = nodes.length > 1 ? score(draft, nodes, situation) : undefined;
    return own ? [new Map(nodes.map((node, index) => [node, weight * own[index]!]))] : [];
  });
  return (node) => scores.reduce((sum, own) => sum + own.get(node)!, 0);
}
