/** Every pair of somebody who sends and something that answers, and what policies say about a connection between them. */
import { categorizeEndpoints } from '../compile/proxy/endpoints.ts';
import { type Cluster, type Endpoint, type Node, objectName, type Place, type Pod } from '../model/cluster.ts';
import { type End, type Permission, permissionOf } from '../model/policy-verdict.ts';
import { type Family, isOfFamily } from '../net/address.ts';
import { formatPort, type Port } from '../net/port.ts';
import type { Wiring } from '../stitch/wiring.ts';

/** A pod's port, or a Service's at its ClusterIP. */
export interface Target extends Port {
  /** `pod/web-0:80`, `service/web:80/UDP` */
  readonly text: string;
  readonly address: string;
  /** Who may answer, seen from a node. */
  readonly endsAt: (node: Node | undefined) => readonly Receiver[];
  readonly isService: boolean;
}

/** The port is the receiver's own. */
export interface Receiver {
  readonly end: End;
  readonly port: number;
}

export interface Pair {
  readonly from: Place;
  readonly to: Target;
  /** By each receiver; undefined where Kubernetes defines nothing. */
  readonly permissions: readonly { readonly receiver: Receiver; readonly permission: Permission }[] | undefined;
}

/** What is to be tried: one port everywhere, or undefined, each pod's own. */
export interface Scope {
  readonly port?: number | undefined;
  readonly protocols: readonly Port['protocol'][];
  readonly family: Family;
}

/**
 * Pairs for which there is a way at all. Pods that live in their node's namespace are their node. That somebody else's
 * address hides behind a node's on the way to a Service is left to implementations, and so is a pod that comes back to itself by
 * one: of those pairs nothing is defined.
 */
export function pairsOf(cluster: Cluster, wiring: Wiring, scope: Scope): Pair[] {
  const targets = targetsOf(cluster, scope);
  const pods = cluster.pods.filter(({ hostNetwork }) => !hostNetwork);
  const senders: Place[] = [...pods, ...cluster.nodes, ...cluster.hosts];
  const nodeOf = new Map<string, Node>([
    ...pods.map(({ place, node }): [string, Node] => [place, node]),
    ...cluster.nodes.map((node): [string, Node] => [node.place, node]),
  ]);
  const podAt = new Map(pods.map((pod) => [pod.place, pod]));
  return senders.flatMap((from) =>
    targets
      .filter((to) => hasWay(from, to, cluster, wiring))
      .map((to): Pair => {
        const receivers = to.endsAt(nodeOf.get(from.place));
        const isItself = receivers.some(({ end }) => end.pod?.place === from.place);
        const isDefined = receivers.length > 0 && (!to.isService || (podAt.has(from.place) && !isItself));
        if (!isDefined) return { from, to, permissions: undefined };
        const sender = senderEnd(from, to, podAt.get(from.place), nodeOf.get(from.place), wiring, scope.family);
        const { protocol } = to;
        const permissions = receivers.map((receiver) => ({
          receiver,
          permission: permissionOf(cluster.policies, { from: sender, to: receiver.end, protocol, port: receiver.port }),
        }));
        return { from, to, permissions };
      }),
  );
}

function targetsOf(cluster: Cluster, scope: Scope): Target[] {
  const { pods, services, proxy } = cluster;
  const own = pods
    .filter(({ hostNetwork }) => !hostNetwork)
    .flatMap((pod) => {
      const address = pod.addresses.find((each) => isOfFamily(each, scope.family));
      if (address === undefined) return [];
      return scope.protocols.flatMap((protocol) =>
        portsOf(cluster, pod, protocol, scope.port).map((port): Target => {
          const receivers = [{ end: { pod, address }, port }];
          const text = `${pod.place}:${formatPort({ port, protocol })}`;
          return { text, address, port, protocol, endsAt: () => receivers, isService: false };
        }),
      );
    });
  const balanced = (proxy.mode === 'none' ? [] : services).flatMap((service) => {
    const address = service.clusterIPs.find((each) => isOfFamily(each, scope.family));
    return service.ports.flatMap((port): Target[] => {
      const { protocol, endpoints } = port;
      const isAsked = scope.port === undefined || [port, ...endpoints].some((each) => each.port === scope.port);
      const known = endpoints.filter((each) => isOfFamily(each.address, scope.family));
      if (address === undefined || !scope.protocols.includes(protocol) || !isAsked || known.length === 0) return [];
      const text = `service/${objectName(service.namespace, service.name)}:${formatPort(port)}`;
      const endsAt = (node: Node | undefined) => {
        const near = node && categorizeEndpoints(service, { ...port, endpoints: known }, node);
        const used = service.internalTrafficPolicy === 'Local' ? near?.local : near?.cluster;
        return (used ?? []).map((endpoint) => receiverOf(endpoint, cluster));
      };
      return [{ text, address, port: port.port, protocol, endsAt, isService: true }];
    });
  });
  return [...own, ...balanced];
}

function portsOf(
  { listeners }: Cluster,
  pod: Pod,
  protocol: Port['protocol'],
  port: number | undefined,
): readonly number[] {
  if (port !== undefined) return [port];
  return listeners.filter((each) => each.netns === pod.netns && each.protocol === protocol).map((each) => each.port);
}

function receiverOf({ address, port, pod: place }: Endpoint, { pods, nodes }: Cluster): Receiver {
  const pod = pods.find((each) => each.place === place && each.addresses.includes(address));
  const node = pod?.hostNetwork ? pod.node : nodes.find(({ addresses }) => addresses.includes(address));
  return { end: { address, ...(pod && !pod.hostNetwork && { pod }), ...(node && { node }) }, port };
}

function senderEnd(
  from: Place,
  to: Target,
  pod: Pod | undefined,
  node: Node | undefined,
  wiring: Wiring,
  family: Family,
): End {
  const own = from.addresses.find((address) => isOfFamily(address, family)) ?? from.addresses[0]!;
  if (pod) return { address: own, pod };
  return { address: wiring.sentFrom(from.netns, to.address) ?? own, ...(node && { node }) };
}

/** More routers in a row no lab has. */
const MOST_HOPS = 16;

/** Pods and nodes reach all pods, if policies let them; others have to have a way to a node, or to the pod. */
function hasWay(
  { place, netns }: Place,
  { address }: Target,
  { hosts, nodes, pods }: Cluster,
  wiring: Wiring,
): boolean {
  if (!hosts.some((host) => host.place === place)) return true;
  const ends = new Set([...nodes, ...pods].map((end) => end.netns));
  let here = netns;
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    const next = wiring.nextHop(here, address);
    const owner = next === undefined ? undefined : wiring.ownerOf(next);
    if (owner === undefined || owner === here) return false;
    if (ends.has(owner)) return true;
    here = owner;
  }
  return false;
}
