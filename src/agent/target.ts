/** What a check sends to, as the agent is told: an address, or a name with all that its sender needs to find it out. */
import type { ConnectionCheck, Destination } from '../model/check.ts';
import { type Cluster, type Place, placesOf } from '../model/cluster.ts';
import { addressesBehind, knownAddresses, typesFor } from '../model/dns/lookup.ts';
import { resolverOf } from '../model/resolver.ts';
import { DNS_PORT } from '../net/port.ts';
import type { NamedProbeRequest, ProbeRequest } from '../probe/probe.ts';

type Target = Pick<ProbeRequest, 'destination'> | Pick<NamedProbeRequest, 'destination'>;

export function targetOf(cluster: Cluster, { from, to }: Pick<ConnectionCheck, 'from' | 'to'>): Target {
  if ('address' in to) return { destination: { address: to.address, ...(to.port !== undefined && { port: to.port }) } };
  const sender = placeNamed(cluster, from.place);
  const resolver = resolverOf(cluster, sender);
  if ('lookup' in to) {
    const { name, type } = to.lookup;
    return { destination: { lookup: { name, types: [type], resolver, known: [] } } };
  }
  const types = typesFor(sender, to.family);
  const known = knownAddresses(cluster, sender, to);
  return { destination: { lookup: { name: to.name, types, resolver, known }, port: to.port } };
}

/** The sockets that packets of a check can be sent to, as far as that is known before. */
export function possibleTargets(cluster: Cluster, check: Pick<ConnectionCheck, 'from' | 'to'>): SocketTarget[] {
  const { from, to } = check;
  if ('address' in to) return [to];
  const nameservers = (cluster.dns?.nameservers ?? []).map((address) => ({ address, port: DNS_PORT }));
  return [...nameservers, ...addressesOf(cluster, from.place, to)];
}

interface SocketTarget {
  readonly address: string;
  readonly port?: number;
}

function addressesOf(cluster: Cluster, from: string, to: Exclude<Destination, { address: string }>): SocketTarget[] {
  if ('lookup' in to) return [];
  return addressesBehind(cluster, placeNamed(cluster, from), to).map((address) => ({ address, port: to.port }));
}

export function placeNamed(cluster: Cluster, place: string): Place {
  return placesOf(cluster).find((candidate) => candidate.place === place)!;
}
