/**
 * A rule of a NetworkPolicy as Felix has it (libcalico-go lib/backend/k8s/conversion/conversion.go, k8sRuleToCalico; felix
 * calc/rule_scanner.go, rules/policy.go, ProtoRuleToIptablesRules): one for each protocol and peer, which marks what it allows
 * and returns.
 *
 * What does not go into one rule of iptables is tried before it, in blocks that share a mark: several sorts of ports, a range
 * with exceptions.
 */
import type { Direction, NetworkPolicy, PolicyPeer, PolicyPort, PolicyRule } from '../../../model/network-policy.ts';
import type { Family } from '../../../net/address.ts';
import type { PolicySets } from './policy-sets.ts';
import { peerSelector } from './selectors.ts';
import type { FelixRule } from './table.ts';
import { clear, isMarked, jump, MARK, set } from './words.ts';

interface Context {
  readonly direction: Direction;
  readonly family: Family;
  readonly sets: PolicySets;
}

/** Ports of one protocol; without numbers and names, all of them. */
interface Ports {
  readonly protocol: string;
  readonly ranges: readonly (readonly [first: number, last: number])[];
  readonly names: readonly string[];
}

export function felixRules(policy: NetworkPolicy, rule: PolicyRule, context: Context): FelixRule[] {
  return byProtocol(rule.ports).flatMap((ports) =>
    (rule.peers ?? [undefined]).flatMap((peer) => allow(policy, peer, ports, context)),
  );
}

/** An iptables multiport match takes so many; a range counts twice. */
const MOST_PORTS = 15;

function allow(
  { namespace }: NetworkPolicy,
  peer: PolicyPeer | undefined,
  ports: Ports | undefined,
  { direction, family, sets }: Context,
): FelixRule[] {
  if (peer?.kind === 'block' && peer.cidr.family !== family) return [];
  const [from, to] = direction === 'ingress' ? ['source', 'src'] : ['destination', 'dst'];
  const selected = peer?.kind === 'pods' ? { text: peerSelector(peer, namespace), places: peer.pods } : undefined;
  const protocol = ports ? `-p ${ports.protocol}` : '';
  /** Names are looked up in the receivers: with egress, in those the peer selects. */
  const receivers = direction === 'egress' && selected ? selected : sets.all;
  const named = (ports?.names ?? []).map(
    (name) => `-m set --match-set ${sets.ofNamedPort(receivers, ports!.protocol, name)} dst,dst`,
  );
  const numbers = split(ports?.ranges ?? []).map((part) => `-m multiport --destination-ports ${part}`);
  /** Whoever is looked up by name is selected by that. */
  const isNarrowed = direction === 'egress' && numbers.length === 0 && named.length > 0;
  const except = peer?.kind === 'block' ? peer.except : [];

  const blocks: FelixRule[] = [];
  const isSplit = numbers.length + named.length > 1;
  if (isSplit || except.length > 0) {
    const initial = isSplit ? '0x0' : MARK.scratch0;
    blocks.push({ action: `--jump MARK --set-mark ${initial}/${MARK.scratch}` });
  }
  if (isSplit) {
    for (const match of numbers) blocks.push({ match: `${protocol} ${match}`, action: set(MARK.scratch0) });
    for (const match of named) blocks.push({ match, action: set(MARK.scratch0) });
  }
  for (const { text } of except) blocks.push({ match: `--${from} ${text}`, ...clear(MARK.scratch0) });

  const peerMatch = peer?.kind === 'block' ? `--${from} ${peer.cidr.text}` : undefined;
  const setMatch = selected && !isNarrowed && `-m set --match-set ${sets.ofPods(selected)} ${to}`;
  const match = [
    protocol,
    peerMatch,
    setMatch,
    ...(isSplit ? [] : [...numbers, ...named]),
    blocks.length > 0 && isMarked(MARK.scratch0),
  ]
    .filter(Boolean)
    .join(' ');
  return [
    ...blocks,
    { ...(match !== '' && { match }), action: set(MARK.accept) },
    { match: isMarked(MARK.accept), action: jump('RETURN') },
  ];
}

/** Undefined stands for all of all protocols. */
function byProtocol(ports: readonly PolicyPort[] | undefined): (Ports | undefined)[] {
  if (!ports) return [undefined];
  const protocols = [...new Set(ports.map(({ protocol }) => protocol))].sort();
  return protocols.map((protocol) => {
    const own = ports.filter((port) => port.protocol === protocol);
    const isAll = own.some(({ port }) => port === undefined);
    const names = own.flatMap(({ port }) => (typeof port === 'string' ? port : []));
    const ranges = own.flatMap(({ port, endPort }): [number, number][] =>
      typeof port === 'number' ? [[port, endPort ?? port]] : [],
    );
    return { protocol: protocol.toLowerCase(), ranges: isAll ? [] : joined(ranges), names: isAll ? [] : names };
  });
}

/** Sorted, those that touch made one (SimplifyPorts). */
function joined(ranges: readonly [number, number][]): [number, number][] {
  const sorted = ranges.toSorted(([a], [b]) => a - b);
  const result: [number, number][] = [];
  for (const [first, last] of sorted) {
    const before = result.at(-1);
    if (before && first <= before[1] + 1) before[1] = Math.max(before[1], last);
    else result.push([first, last]);
  }
  return result;
}

/** As many as a match takes (SplitPortList). */
function split(ranges: readonly (readonly [number, number])[]): string[] {
  const parts: string[][] = [];
  let left = 0;
  for (const [first, last] of ranges) {
    const needed = first === last ? 1 : 2;
    if (left < needed) {
      parts.push([]);
      left = MOST_PORTS;
    }
    parts.at(-1)!.push(first === last ? String(first) : `${first}:${last}`);
    left -= needed;
  }
  return parts.map((part) => part.join(','));
}
