/**
 * A policy's chain and its sets (kube-router pkg/controllers/netpol/policy.go): every way through a rule of the policy is a
 * pair of rules, which mark the packet and return.
 *
 *   ingress: source in the rule's set, destination in the set of the pods selected
 *   egress:  source in the set of the pods selected, destination in the rule's set
 *
 * Ports with names are looked up in the receiving pods: those in which a name stands for the same number are a set. What
 * kube-router makes otherwise than Kubernetes defines it is in docs/policies.md.
 */
import type { Cluster, Pod } from '../../model/cluster.ts';
import {
  DIRECTIONS,
  type Direction,
  type IpBlock,
  type NetworkPolicy,
  type PolicyPort,
  type PolicyRule,
} from '../../model/network-policy.ts';
import { type Cidr, type Family, isOfFamily } from '../../net/address.ts';
import type { NamespaceBuilder } from '../builder.ts';
import { namedPortSet, peerSet, policyChain, shortComment, targetSet } from './names.ts';

type Ports = PolicyPort & { readonly port?: number };

/** One policy on one node. */
interface Context {
  readonly cluster: Cluster;
  readonly policy: NetworkPolicy;
  readonly direction: Direction;
  readonly family: Family;
  readonly machine: NamespaceBuilder;
  /** Of the pods selected. */
  readonly target: string;
}

export function compilePolicy(
  cluster: Cluster,
  policy: NetworkPolicy,
  machine: NamespaceBuilder,
  family: Family,
): void {
  machine.rules(family).chain('filter', policyChain(policy, family));
  for (const direction of DIRECTIONS) {
    const rules = policy[direction];
    if (!rules) continue;
    const target = targetSet(direction === 'ingress' ? 'DST' : 'SRC', policy, family);
    const context: Context = { cluster, policy, direction, family, machine, target };
    addSet(target, 'hash:ip', addressesOf(policy.pods, context), context);
    for (const [index, rule] of rules.entries()) compileRule(rule, index, context);
  }
}

function compileRule(rule: PolicyRule, index: number, context: Context): void {
  const { direction, policy, family } = context;
  const { peers } = rule;
  const pods = (peers ?? []).flatMap((peer) => (peer.kind === 'pods' ? peer.pods : []));
  const blocks = (peers ?? []).filter((peer): peer is IpBlock => peer.kind === 'block' && peer.cidr.family === family);
  const numbers = (rule.ports ?? []).filter((port): port is Ports => typeof port.port !== 'string');
  const named = namedPorts(rule, pods, index, context);
  const allows = (kind: string, peer: string, ports: Ports | undefined, receivers?: string) => {
    const [source, destination] = direction === 'ingress' ? [peer, context.target] : [context.target, peer];
    append(rule, `${direction} ${kind}`, source, receivers ?? destination, ports, context);
  };

  if (pods.length > 0) {
    const set = peerSet(direction, 'pod', policy, index, family);
    addSet(set, 'hash:ip', addressesOf(pods, context), context);
    for (const ports of numbers) allows('pods', set, ports);
    for (const { ports, receivers } of named) allows('pods np', set, ports, receivers);
    if (numbers.length === 0 && named.length === 0) allows('pods', set, undefined);
  }
  if (!peers) {
    for (const ports of numbers) allows('any', '', ports);
    for (const { ports, receivers } of named)
      allows('any np', '', ports, direction === 'ingress' ? receivers : undefined);
    if (!rule.ports) allows('any', '', undefined);
  }
  if (blocks.length > 0) {
    const set = peerSet(direction, 'ipblock', policy, index, family);
    addSet(set, 'hash:net', blocks.flatMap(ranges), context);
    for (const ports of numbers) allows('cidr', set, ports);
    if (direction === 'ingress') for (const { ports, receivers } of named) allows('cidr np', set, ports, receivers);
    if (!rule.ports) allows('cidr', set, undefined);
  }
}

/** For each name, what it stands for in the pods that may receive: those selected, those named, or all of the namespace. */
function namedPorts({ ports = [], peers }: PolicyRule, named: readonly string[], index: number, context: Context) {
  const { cluster, direction, policy, family } = context;
  const inNamespace = () =>
    cluster.pods.filter((pod) => pod.namespace === policy.namespace && !pod.hostNetwork).map(({ place }) => place);
  const receivers = podsAt(direction === 'ingress' ? policy.pods : peers ? named : inNamespace(), context);
  const found = ports.flatMap(({ protocol, port: name }) => {
    const byNumber = new Map<number, string[]>();
    for (const pod of receivers) {
      for (const declared of pod.ports) {
        if (declared.name === undefined || declared.name !== name || declared.protocol !== protocol) continue;
        byNumber.set(declared.port, [...(byNumber.get(declared.port) ?? []), pod.place]);
      }
    }
    return [...byNumber].sort(([a], [b]) => a - b).map(([port, pods]) => ({ ports: { protocol, port }, pods }));
  });
  return found.map(({ ports, pods }, n) => {
    const set = namedPortSet(direction, policy, index, n, family);
    if (direction === 'ingress' || peers) addSet(set, 'hash:ip', addressesOf(pods, context), context);
    return { ports, receivers: set };
  });
}

/** The kernel has no ranges of length 0 in sets: their halves stand for them, in IPv6 what addresses there are (evalIPBlockPeer). */
function ranges({ cidr, except }: IpBlock): string[] {
  const written = ({ text, prefix, family }: Cidr) => (prefix > 0 ? [text] : WHOLE[family]);
  return [
    ...written(cidr).map((range) => `${range} timeout 0`),
    ...except.flatMap(written).map((range) => `${range} timeout 0 nomatch`),
  ];
}

const WHOLE = { 4: ['0.0.0.0/1', '128.0.0.0/1'], 6: ['2000::/3', 'fd00::/8'] } as const;

function append(
  { origin }: PolicyRule,
  kind: string,
  source: string,
  destination: string,
  ports: Ports | undefined,
  { policy, family, machine }: Context,
): void {
  const range = ports?.endPort === undefined ? `${ports?.port}` : `${ports.port}:${ports.endPort}`;
  const match = [
    shortComment(policy, kind),
    source && `-m set --match-set ${source} src`,
    destination && `-m set --match-set ${destination} dst`,
    ports && `-p ${ports.protocol}`,
    ports?.port !== undefined && `--dport ${range}`,
  ]
    .filter(Boolean)
    .join(' ');
  const chain = policyChain(policy, family);
  const rules = machine.rules(family);
  rules.append('filter', chain, `${match} -j MARK --set-xmark 0x10000/0x10000`, origin);
  rules.append('filter', chain, `${match} -m mark --mark 0x10000/0x10000 -j RETURN`, origin);
}

/** Of two entries for one range the later one counts, as with `ipset restore -exist`. */
function addSet(
  name: string,
  type: 'hash:ip' | 'hash:net',
  entries: readonly string[],
  { policy, family, machine }: Context,
): void {
  const unique = new Map(entries.map((entry) => [entry.split(' ')[0], entry]));
  machine.ipsets.push({
    name,
    definition: `${type} family ${family === 4 ? 'inet' : 'inet6'} hashsize 1024 maxelem 65536 timeout 0`,
    entries: [...unique.values()],
    origin: policy.origin,
  });
}

function addressesOf(places: readonly string[], context: Context): string[] {
  return podsAt(places, context).map(({ address }) => `${address} timeout 0`);
}

/** Those that have an address in the family. */
function podsAt(places: readonly string[], { cluster, family }: Context): Pod[] {
  const named = new Set(places);
  return cluster.pods.filter((pod) => named.has(pod.place) && isOfFamily(pod.address, family));
}
