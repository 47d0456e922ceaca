/** EndpointSlices and Endpoints that are given, as they stand. */
import type { Diagnostics, Position } from '../../diagnostic.ts';
import { cidrContains, familyOf, parseCidr } from '../../net/address.ts';
import type { ManifestOf } from '../../parse/index.ts';
import { type EndpointAddress, type EndpointSlice, type EndpointSubset, objectName } from '../cluster.ts';

export const SERVICE_NAME = 'kubernetes.io/service-name';
const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';
const LEADER = 'control-plane.alpha.kubernetes.io/leader';

/** Its Service is that of its label. What is unknown about a condition is as kube-proxy takes it. */
export function givenSlice(
  { object, locate, origin }: ManifestOf<'EndpointSlice'>,
  namespace: string,
  diagnostics: Diagnostics,
): EndpointSlice {
  const { metadata, addressType, endpoints, ports = [] } = object;
  const managedBy = metadata.labels?.[MANAGED_BY];
  const space = metadata.namespace ?? namespace;
  for (const [index, { addresses }] of endpoints.entries())
    for (const [own, address] of addresses.entries())
      refuseAddress(address, addressType, locate(['endpoints', index, 'addresses', own]), diagnostics);
  return {
    namespace: space,
    name: metadata.name,
    service: metadata.labels?.[SERVICE_NAME] ?? '',
    addressType,
    ...(managedBy !== undefined && { managedBy }),
    ports: ports.map(({ name = '', port, protocol }) => ({ name, protocol, ...(port !== undefined && { port }) })),
    endpoints: endpoints.map(({ addresses, conditions, nodeName, hostname, hints, targetRef }): EndpointAddress => {
      const ready = conditions?.ready ?? true;
      return {
        address: addresses[0]!,
        ...(hostname !== undefined && { hostname }),
        ...podOf(targetRef, space),
        ...(nodeName !== undefined && { node: nodeName }),
        ready,
        serving: conditions?.serving ?? ready,
        terminating: conditions?.terminating ?? false,
        zoneHints: hints?.forZones?.map((zone) => zone.name) ?? [],
        nodeHints: hints?.forNodes?.map((node) => node.name) ?? [],
      };
    }),
    origin,
  };
}

export interface GivenEndpoints {
  readonly namespace: string;
  readonly name: string;
  readonly subsets: readonly EndpointSubset[];
  /** kubernetes pkg/controller/endpointslicemirroring, shouldMirror. */
  readonly isMirrored: boolean;
}

export function givenEndpoints(
  { object, locate }: ManifestOf<'Endpoints'>,
  namespace: string,
  diagnostics: Diagnostics,
): GivenEndpoints {
  const { labels = {}, annotations = {}, name, namespace: space = namespace } = object.metadata;
  const read = (subset: number, field: 'addresses' | 'notReadyAddresses') =>
    (object.subsets?.[subset]?.[field] ?? []).map(({ ip, hostname, nodeName, targetRef }, index): EndpointAddress => {
      const ready = field === 'addresses';
      refuseAddress(ip, `IPv${familyOf(ip)}`, locate(['subsets', subset, field, index, 'ip']), diagnostics);
      return {
        address: ip,
        ...(hostname !== undefined && { hostname }),
        ...podOf(targetRef, space),
        ...(nodeName !== undefined && { node: nodeName }),
        ready,
        serving: ready,
        terminating: false,
        zoneHints: [],
        nodeHints: [],
      };
    });
  return {
    namespace: space,
    name,
    subsets: (object.subsets ?? []).map(({ ports = [] }, subset) => ({
      ports: ports.map(({ name: port = '', protocol, port: number }) => ({ name: port, protocol, port: number })),
      endpoints: [...read(subset, 'addresses'), ...read(subset, 'notReadyAddresses')],
    })),
    isMirrored: labels[SKIP_MIRROR] !== 'true' && !(LEADER in annotations),
  };
}

type TargetRef = NonNullable<ManifestOf<'EndpointSlice'>['object']['endpoints'][number]['targetRef']>;

function podOf(target: TargetRef | undefined, namespace: string): Pick<EndpointAddress, 'pod'> {
  if (target?.kind !== 'Pod' || target.name === undefined) return {};
  return { pod: `pod/${objectName(target.namespace ?? namespace, target.name)}` };
}

const SPECIAL = Object.entries({
  '0.0.0.0/32': 'no address',
  '::/128': 'no address',
  '127.0.0.0/8': 'a loopback address',
  '::1/128': 'a loopback address',
  '169.254.0.0/16': 'link-local',
  'fe80::/10': 'link-local',
  '224.0.0.0/24': 'link-local multicast',
  'ff02::/16': 'link-local multicast',
}).map(([range, what]) => ({ range: parseCidr(range)!, what }));

/** As the API server does (kubernetes pkg/apis/core/validation/validation.go, ValidateNonSpecialIP). */
function refuseAddress(address: string, type: string, at: Position, diagnostics: Diagnostics): void {
  if (type === 'FQDN') return;
  const family = familyOf(address);
  const special = SPECIAL.find(({ range }) => range.family === family && cidrContains(range, address));
  if (family === undefined || type !== `IPv${family}`)
    diagnostics.error('invalid-value', `${address} is no ${type} address, and the addressType is ${type}`, at);
  else if (special)
    diagnostics.error(
      'invalid-value',
      `an endpoint cannot be ${address}, which is ${special.what}`,
      at,
      'endpoints are pods and machines, by addresses that others can send to',
    );
}
