/** The cluster's DNS: who answers, and from what. */
import type { Diagnostics } from '../../diagnostic.ts';
import { nameProblem, type Zone } from '../../dns/record.ts';
import { familyOf } from '../../net/address.ts';
import type { Manifest, ManifestOf } from '../../parse/index.ts';
import { addressesOf, type Cluster, type ClusterDns, type Service } from '../cluster.ts';
import { ofKind } from '../defaults.ts';
import type { Places } from '../place.ts';
import { KUBE_DNS } from './addon.ts';
import { zoneOf } from './zone.ts';

type Topology = ManifestOf<'Topology'> | undefined;
type Content = Pick<Cluster, 'nodes' | 'hosts' | 'pods' | 'services' | 'names' | 'domain'> & {
  readonly places: Places;
};

/** What names stand for, whether or not anybody answers from it. Made when it is wanted first: it is large. */
export function modelZone(
  topology: Topology,
  manifests: readonly Manifest[],
  { services, pods, names, domain, places, hosts }: Content,
  diagnostics: Diagnostics,
): () => Zone {
  const known = [
    ...hosts.map((host): [string, readonly string[]] => [host.name, addressesOf(host)]),
    ...furtherNames(topology, places, diagnostics),
  ];
  const namespaces = [
    ...ofKind(manifests, 'Namespace').map(({ object }) => object.metadata.name),
    ...[...services, ...pods, ...names.headless, ...names.externalNames].map(({ namespace }) => namespace),
  ];
  let zone: Zone | undefined;
  return () => {
    zone ??= zoneOf({ domain, services, ...names, namespaces, hosts: new Map(known) });
    return zone;
  };
}

/** Undefined where there is no Service kube-system/kube-dns with an address. */
export function clusterDns(services: readonly Service[], zone: () => Zone): ClusterDns | undefined {
  const service = services.find(({ namespace, name }) => namespace === KUBE_DNS.namespace && name === KUBE_DNS.name);
  return service && { nameservers: service.clusterIPs, zone: zone() };
}

/** `spec.cluster.dns.hosts`, places as their addresses. */
function furtherNames(topology: Topology, places: Places, diagnostics: Diagnostics): [string, string[]][] {
  return Object.entries(topology?.object.spec.cluster.dns?.hosts ?? {}).map(([name, given]) => {
    const locate = (...path: (string | number)[]) =>
      topology!.locate(['spec', 'cluster', 'dns', 'hosts', name, ...path]);
    const problem = nameProblem(name);
    if (problem !== undefined) diagnostics.error('invalid-value', `${problem}`, locate());
    const addresses = [given].flat().flatMap((text, index) => {
      if (familyOf(text) !== undefined) return [text];
      const place = places.find(text);
      if (place) return place.addresses;
      const { message, help } = places.explain(text);
      diagnostics.error('unknown-place', message, Array.isArray(given) ? locate(index) : locate(), help);
      return [];
    });
    return [name, addresses];
  });
}
