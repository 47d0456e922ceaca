/**
 * Who stands behind Services. EndpointSlices that are given count as they stand; a selector has its controller's, unless these are
 * given as well, as in a dump of a cluster; Endpoints of a Service without selector are mirrored.
 */
import type { Diagnostics } from '../../diagnostic.ts';
import type { Family } from '../../net/address.ts';
import type { Manifest, ManifestOf } from '../../parse/index.ts';
import type { EndpointSlice, Endpoints, Pod } from '../cluster.ts';
import { ofKind } from '../defaults.ts';
import { CONTROLLER, endpointsObject, MIRRORING_CONTROLLER, mirroredSlices, slicesOfPods } from './controllers.ts';
import { type GivenEndpoints, givenEndpoints, givenSlice, SERVICE_NAME } from './given.ts';
import { slicesByService } from './read.ts';

export { endpointsOfPort, slicesByService } from './read.ts';

type ServiceManifest = ManifestOf<'Service'>;

/** What there is about one Service. */
export interface Behind {
  readonly slices: readonly EndpointSlice[];
  /** Undefined: nobody wrote one. */
  readonly endpoints?: Endpoints;
}

/** `families` are those of each Service that has endpoints. */
export function modelEndpoints(
  manifests: readonly Manifest[],
  families: ReadonlyMap<ServiceManifest, readonly Family[]>,
  { namespace, pods }: { readonly namespace: string; readonly pods: readonly Pod[] },
  diagnostics: Diagnostics,
): ReadonlyMap<ServiceManifest, Behind> {
  const slices = slicesByService(givenSlices(manifests, namespace, diagnostics));
  const endpoints = new Map(
    ofKind(manifests, 'Endpoints')
      .map((manifest) => givenEndpoints(manifest, namespace, diagnostics))
      .map((given) => [`${given.namespace}/${given.name}`, given]),
  );
  const podsByLabel = indexByLabel(pods);
  return new Map(
    [...families].map(([service, own]) => {
      const { metadata, spec } = service.object;
      const space = metadata.namespace ?? namespace;
      const key = `${space}/${metadata.name}`;
      const given = slices.get(key) ?? [];
      return [
        service,
        spec.selector && Object.keys(spec.selector).length > 0
          ? behindSelector(service, space, own, given, selected(spec.selector, space, podsByLabel))
          : withoutSelector(service, space, own, given, endpoints.get(key)),
      ];
    }),
  );
}

function behindSelector(
  service: ServiceManifest,
  namespace: string,
  families: readonly Family[],
  given: readonly EndpointSlice[],
  pods: readonly Pod[],
): Behind {
  const dumped = managedBy(CONTROLLER, given);
  const own = dumped.length > 0 ? dumped : slicesOfPods(service, namespace, families, pods);
  return {
    slices: dumped.length > 0 ? given : [...given, ...own],
    endpoints: endpointsObject(own, service, namespace, families[0]!),
  };
}

function withoutSelector(
  service: ServiceManifest,
  namespace: string,
  families: readonly Family[],
  given: readonly EndpointSlice[],
  endpoints: GivenEndpoints | undefined,
): Behind {
  const dumped = managedBy(MIRRORING_CONTROLLER, given);
  if (!endpoints)
    return {
      slices: given,
      ...(dumped.length > 0 && { endpoints: endpointsObject(dumped, service, namespace, families[0]!) }),
    };
  const { name, subsets, isMirrored } = endpoints;
  const mirrored = isMirrored && dumped.length === 0 ? mirroredSlices(endpoints, service, namespace) : [];
  return {
    slices: [...given, ...mirrored],
    endpoints: { namespace, name, subsets, isTruncated: false, origin: service.origin },
  };
}

function managedBy(controller: string, slices: readonly EndpointSlice[]): EndpointSlice[] {
  return slices.filter((slice) => slice.managedBy === controller);
}

function givenSlices(manifests: readonly Manifest[], namespace: string, diagnostics: Diagnostics): EndpointSlice[] {
  return ofKind(manifests, 'EndpointSlice').map((manifest) => {
    const slice = givenSlice(manifest, namespace, diagnostics);
    if (slice.service === '')
      diagnostics.warn(
        'unused',
        `this EndpointSlice belongs to no Service: it has no label ${SERVICE_NAME}`,
        manifest.locate(['metadata']),
      );
    return slice;
  });
}

function indexByLabel(pods: readonly Pod[]): Map<string, Pod[]> {
  const index = new Map<string, Pod[]>();
  for (const pod of pods) {
    for (const [label, value] of Object.entries(pod.labels)) {
      const key = `${pod.namespace}/${label}=${value}`;
      const entry = index.get(key);
      if (entry) entry.push(pod);
      else index.set(key, [pod]);
    }
  }
  return index;
}

/** Pods that carry all labels of a selector; an empty selector selects nothing. */
function selected(
  selector: Readonly<Record<string, string>>,
  namespace: string,
  podsByLabel: ReadonlyMap<string, readonly Pod[]>,
): readonly Pod[] {
  const wanted = Object.entries(selector);
  const candidates = wanted.map(([label, value]) => podsByLabel.get(`${namespace}/${label}=${value}`) ?? []);
  const fewest = candidates.toSorted((a, b) => a.length - b.length)[0] ?? [];
  return fewest.filter(({ labels }) => wanted.every(([label, value]) => labels[label] === value));
}
