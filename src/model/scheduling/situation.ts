/** What a scheduler looks at, and what it finds: the words of kube-scheduler's framework. */
import type { Position } from '../../diagnostic.ts';
import type { Node } from '../cluster.ts';
import type { DeclaredPort } from '../container-ports.ts';
import type { Draft } from '../draft.ts';
import type { HostPorts } from './host-ports.ts';
import type { PodTerms } from './pod-terms.ts';

export interface Placement {
  readonly draft: Draft;
  readonly node: Node;
}

/** The cluster when a pod's turn comes. */
export interface Situation {
  readonly nodes: readonly Node[];
  /** Those that are on a node already. */
  readonly placed: readonly Placement[];
  readonly hostPorts: HostPorts;
  readonly portsOf: (draft: Draft) => readonly DeclaredPort[];
  readonly podTerms: (draft: Draft) => PodTerms;
}

/** Why a pod cannot be on a node. */
export interface Refusal {
  /** What kube-scheduler says of all nodes it is true for: `node(s) …`. */
  readonly reason: string;
  /** What it is on this one. */
  readonly because: string;
  /** What asks for it. */
  readonly at: Position;
  readonly help: string;
}

/** Undefined when the pod gives it nothing to look for. */
export type Filter = (draft: Draft, situation: Situation) => ((node: Node) => Refusal | undefined) | undefined;

/** From 0 to 100 for each of the nodes; undefined when the pod prefers none. */
export type Scorer = (draft: Draft, nodes: readonly Node[], situation: Situation) => readonly number[] | undefined;

export const MAX_SCORE = 100;
