/**
 * Whether NetworkPolicies allow a connection, and which one, as Kubernetes defines it (staging/src/k8s.io/api/networking/v1/types.go):
 *
 *   a pod that no policy of a direction selects is open in it; one that some select is closed but for what any rule of any
 *   of them allows; a connection needs both, its sender's egress and its receiver's ingress
 *
 * Answers belong to their connection. A pod reaches itself, and a node the pods on it, whatever policies say. Nothing here
 * looks at rules of the kernel.
 */
import { cidrContains } from '../net/address.ts';
import type { Protocol } from '../net/port.ts';
import { type Node, objectName, type Pod } from './cluster.ts';
import type { Direction, NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule } from './network-policy.ts';

/** Somebody who sends or gets packets. `pod` is one with a network of its own; one without is its node. */
export interface End {
  readonly address: string;
  readonly pod?: Pod;
  readonly node?: Node;
}

export interface Connection {
  readonly from: End;
  readonly to: End;
  readonly protocol: Protocol;
  readonly port: number;
}

/** Of one direction. `by` names what allows it, `because` why nothing does; without either no policy selects the pod. */
export type Judgement =
  | { readonly allowed: true; readonly by?: string }
  | { readonly allowed: false; readonly because: readonly string[] };

export interface Permission {
  readonly allowed: boolean;
  readonly egress: Judgement;
  readonly ingress: Judgement;
}

export function permissionOf(policies: readonly NetworkPolicy[], connection: Connection): Permission {
  const { from, to } = connection;
  const isOwn = from.pod !== undefined && from.pod.place === to.pod?.place;
  const isOwnNode = from.node !== undefined && from.node.place === to.pod?.node.place;
  const open: Judgement = { allowed: true };
  const egress = isOwn ? open : judge('egress', from, to, policies, connection);
  const ingress = isOwn || isOwnNode ? open : judge('ingress', to, from, policies, connection);
  return { allowed: egress.allowed && ingress.allowed, egress, ingress };
}

/** `own` is the end whose policies count, `peer` the other one. */
function judge(
  direction: Direction,
  own: End,
  peer: End,
  policies: readonly NetworkPolicy[],
  { to, protocol, port }: Connection,
): Judgement {
  const selecting = policies.filter(
    (policy) => policy[direction] !== undefined && own.pod !== undefined && policy.pods.includes(own.pod.place),
  );
  if (selecting.length === 0) return { allowed: true };
  const because: string[] = [];
  for (const policy of selecting) {
    const name = objectName(policy.namespace, policy.name);
    const misses = policy[direction]!.map((rule) => missOf(rule, peer, { to, protocol, port }));
    const found = misses.indexOf(undefined);
    if (found >= 0) return { allowed: true, by: `${name} ${direction}[${found}]` };
    because.push(`${name} ${reason(direction, misses)}`);
  }
  return { allowed: false, because };
}

type Miss = 'peer' | 'port' | 'both';

/** What of a rule does not fit; undefined when it allows the connection. */
function missOf(
  { peers, ports }: PolicyRule,
  peer: End,
  asked: Pick<Connection, 'to' | 'protocol' | 'port'>,
): Miss | undefined {
  const fitsPeer = peers === undefined || peers.some((each) => isPeer(each, peer));
  const fitsPort = ports === undefined || ports.some((each) => isPort(each, asked));
  if (fitsPeer) return fitsPort ? undefined : 'port';
  return fitsPort ? 'peer' : 'both';
}

/** The rule that comes closest: one with the peer, else one with the port. */
function reason(direction: Direction, misses: readonly (Miss | undefined)[]): string {
  if (misses.length === 0) return `allows no ${direction}`;
  const port = misses.indexOf('port');
  if (port >= 0) return `${direction}[${port}] allows other ports`;
  return `${direction}[${Math.max(0, misses.indexOf('peer'))}] names others`;
}

function isPeer(peer: PolicyPeer, { pod, address }: End): boolean {
  if (peer.kind === 'pods') return pod !== undefined && peer.pods.includes(pod.place);
  return cidrContains(peer.cidr, address) && !peer.except.some((range) => cidrContains(range, address));
}

/** A name is that of the receiver's container port. */
function isPort(
  { protocol, port, endPort }: PolicyPort,
  { to, ...asked }: Pick<Connection, 'to' | 'protocol' | 'port'>,
): boolean {
  if (protocol !== asked.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === 'number') return asked.port >= port && asked.port <= (endPort ?? port);
  return (to.pod?.ports ?? []).some(
    (declared) => declared.name === port && declared.protocol === protocol && declared.port === asked.port,
  );
}
