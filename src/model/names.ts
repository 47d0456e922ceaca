/** Services that are names only, which kube-proxy leaves out: headless ones, and ExternalNames. */

import type { Diagnostics, Origin } from '../diagnostic.ts';
import { nameProblem } from '../dns/record.ts';
import { familyOf } from '../net/address.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import { objectName, type Pod, type ServicePort } from './cluster.ts';
import { clusterIPsOf, ofKind } from './defaults.ts';
import { endpointsOf } from './endpoints.ts';
import { familiesOf } from './service-families.ts';
import type { ServiceContext } from './services.ts';

/** A Service whose name has the addresses of its endpoints. */
export interface HeadlessService {
  readonly namespace: string;
  readonly name: string;
  /** Without ports of its own it has one, 0, for its endpoints. */
  readonly ports: readonly ServicePort[];
  readonly origin: Origin;
}

/** A Service that is another name. */
export interface ExternalName {
  readonly namespace: string;
  readonly name: string;
  readonly externalName: string;
  readonly origin: Origin;
}

export interface Names {
  readonly headless: readonly HeadlessService[];
  readonly externalNames: readonly ExternalName[];
}

type ServiceManifest = ManifestOf<'Service'>;
type NamesContext = Pick<ServiceContext, 'namespace' | 'pods' | 'ranges' | 'source'>;

export function modelNames(
  manifests: readonly Manifest[],
  context: NamesContext,
  domain: string,
  diagnostics: Diagnostics,
): Names {
  const services = ofKind(manifests, 'Service');
  const of = ({ object: { metadata }, origin }: ServiceManifest) => ({
    namespace: metadata.namespace ?? context.namespace,
    name: metadata.name,
    origin,
  });
  const headless = services.filter(isHeadless).flatMap((service) => {
    const families = headlessFamilies(service, context.ranges, diagnostics);
    if (!families) return [];
    const { ports = [] } = service.object.spec;
    const listed = ports.length > 0 ? ports : [PORTLESS];
    return [
      {
        ...of(service),
        ports: listed.map((port) => ({
          name: port.name ?? '',
          protocol: port.protocol,
          port: port.port,
          endpoints: endpointsOf(service, of(service).namespace, port, families, context.source),
        })),
      },
    ];
  });
  const externalNames = services.filter(isExternal).flatMap((service) => {
    const externalName = externalNameOf(service, diagnostics);
    return externalName === undefined ? [] : [{ ...of(service), externalName }];
  });
  reportCycles(externalNames, domain, diagnostics);
  reportSubdomains(context.pods, headless, diagnostics);
  return { headless, externalNames };
}

const PORTLESS = { name: '', protocol: 'TCP', port: 0 } as const;

export function isExternal({ object }: ServiceManifest): boolean {
  return object.spec.type === 'ExternalName';
}

export function isHeadless({ object }: ServiceManifest): boolean {
  return object.spec.type !== 'ExternalName' && clusterIPsOf(object).includes('None');
}

/** Without a selector and families of its own, all of the cluster's (pkg/registry/core/service/storage/alloc.go). */
function headlessFamilies(
  service: ServiceManifest,
  { serviceCIDRs }: NamesContext['ranges'],
  diagnostics: Diagnostics,
) {
  const configured = serviceCIDRs.map(({ family }) => family);
  const { clusterIP: _, clusterIPs: __, ...spec } = service.object.spec;
  const isFree = !spec.selector && !spec.ipFamilies && !spec.ipFamilyPolicy;
  return isFree ? configured : familiesOf({ ...service, object: { ...service.object, spec } }, configured, diagnostics);
}

function externalNameOf({ object, locate }: ServiceManifest, diagnostics: Diagnostics): string | undefined {
  const name = (object.spec.externalName ?? '').replace(/\.$/, '');
  const problem = name === '' ? 'a Service of type ExternalName needs one' : nameProblem(name);
  if (problem !== undefined) {
    diagnostics.error('invalid-value', `spec.externalName: ${problem}`, locate(['spec', 'externalName']));
    return undefined;
  }
  if (familyOf(name) === undefined) return name;
  diagnostics.warn(
    'address-as-name',
    `spec.externalName is an address, ${name}: DNS has no record for this Service`,
    locate(['spec', 'externalName']),
    'for an address, make a Service without selector, and Endpoints or an EndpointSlice',
  );
  return undefined;
}

/** The API server takes them; CoreDNS leaves such records out, so that there is no address. */
function reportCycles(externalNames: readonly ExternalName[], domain: string, diagnostics: Diagnostics): void {
  const nameOf = ({ namespace, name }: ExternalName) => `${name}.${namespace}.svc.${domain}`;
  const next = new Map(externalNames.map((each) => [nameOf(each), each.externalName.toLowerCase()]));
  for (const { namespace, name, externalName, origin } of externalNames) {
    const own = nameOf({ namespace, name, externalName, origin });
    const met: string[] = [];
    for (let at: string | undefined = own; at !== undefined && !met.includes(at); at = next.get(at)) met.push(at);
    if (next.get(met.at(-1)!) !== own) continue;
    diagnostics.warn(
      'external-name-cycle',
      `${origin.file}:${origin.line}: ExternalName ${objectName(namespace, name)} leads back to itself, by ${met.slice(1).join(', ') || externalName}: it has no address`,
    );
  }
}

function reportSubdomains(pods: readonly Pod[], headless: readonly HeadlessService[], diagnostics: Diagnostics): void {
  for (const { place, namespace, subdomain, origin } of pods) {
    if (subdomain === undefined || headless.some((each) => each.namespace === namespace && each.name === subdomain))
      continue;
    diagnostics.warn(
      'subdomain-without-service',
      `${origin.file}:${origin.line}: ${place} has the subdomain ${subdomain}, and there is no headless Service ${objectName(namespace, subdomain)}: its name is known to itself alone`,
    );
  }
}
