/** NetworkPolicies with everything they name resolved: pods by their places, ranges as such. */
import type { Origin } from '../diagnostic.ts';
import type { Cidr } from '../net/address.ts';
import type { Protocol } from '../net/port.ts';
import type { LabelSelector } from '../parse/schema/label-selector.ts';

export const DIRECTIONS = ['ingress', 'egress'] as const;
export type Direction = (typeof DIRECTIONS)[number];

export interface NetworkPolicy {
  readonly namespace: string;
  readonly name: string;
  readonly podSelector: LabelSelector;
  /** Places of the pods it selects, those on the host network left out: they are their node. */
  readonly pods: readonly string[];
  /** Undefined: it does not apply to this direction. None: it allows nothing. */
  readonly ingress?: readonly PolicyRule[];
  readonly egress?: readonly PolicyRule[];
  readonly origin: Origin;
}

export interface PolicyRule {
  /** Undefined: whoever it is. */
  readonly peers?: readonly PolicyPeer[];
  /** Undefined: all ports of all protocols. */
  readonly ports?: readonly PolicyPort[];
  readonly origin: Origin;
}

export type PolicyPeer = SelectedPods | IpBlock;

/** As `pods` of the policy; namespaces are the policy's own where none are selected. */
export interface SelectedPods {
  readonly kind: 'pods';
  readonly pods: readonly string[];
  readonly podSelector?: LabelSelector;
  readonly namespaceSelector?: LabelSelector;
}

export interface IpBlock {
  readonly kind: 'block';
  readonly cidr: Cidr;
  readonly except: readonly Cidr[];
}

/** `port` is a number, or the name of a container's port; undefined: all of the protocol's. */
export interface PolicyPort {
  readonly protocol: Protocol;
  readonly port?: number | string;
  /** The last one of a range that begins with `port`. */
  readonly endPort?: number;
}
