/** What a scenario is, and the packets and ways that many of them share. */
import type { Walk } from '../../../src/stitch/walk.ts';
import { icmpError, type RunOptions, type Seen, seen, syn } from '../evidence.ts';
import { acrossNodes } from '../routes.ts';

export interface Scenario {
  readonly name: string;
  /** Whose wiring it is. */
  readonly topology: string;
  readonly run: RunOptions;
  readonly sights: readonly Seen[];
  readonly expected: Pick<Walk, 'outcome' | 'rejection' | 'lastSeen' | 'endpoint' | 'sourceSeen'>;
  readonly reason: string;
}

export const A = '10.244.1.2:40112';
export const B = '10.244.2.2:8080';
export const fromA: RunOptions = { namespace: 'pod.default.a', local: A, remote: B };
export const SYN = syn(A, B);
export const there = acrossNodes('a', SYN);

/** From pod/a up to its node's bridge, and back from there. */
export const toNode1 = there.slice(0, 3);
export const errorFromNode1 = (code: readonly [number, number]): Seen[] => {
  const error = icmpError('10.244.1.1', '10.244.1.2', code, SYN);
  return [
    seen('node.node1/cni0', 'out', error),
    seen('node.node1/veth71273818', 'out', error),
    seen('pod.default.a/eth0', 'in', error),
  ];
};

export const CLIENT = '10.0.0.100:40112';
const NODEPORT = '10.0.0.11:30080';
export const fromClient: RunOptions = { namespace: 'host.client', local: CLIENT, remote: NODEPORT };
const SYN_TO_NODE = syn(CLIENT, NODEPORT);
export const clientToNode1 = [seen('host.client/eth0', 'out', SYN_TO_NODE), seen('node.node1/eth0', 'in', SYN_TO_NODE)];
