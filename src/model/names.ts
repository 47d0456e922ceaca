/** Services that are names only, which kube-proxy leaves out: headless ones, and ExternalNames. */

import type { Diagnostics, Origin, Position } from '../diagnostic.ts';
import { nameProblem } from '../dns/record.ts';
import { type Family, familyOf } from '../net/address.ts';
import type { Manifest, ManifestOf } from '../parse/index.ts';
import { type EndpointSlice, objectName, type Pod, type ServicePort } from './cluster.ts';
import { clusterIPsOf, ofKind } from './defaults.ts';
import { endpointsOfPort, slicesByService } from './endpoints/index.ts';

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

interface NamesContext {
  readonly namespace: string;
  readonly pods: readonly Pod[];
  readonly families: readonly Family[];
  readonly endpointSlices: readonly EndpointSlice[];
}

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
  const slices = slicesByService(context.endpointSlices);
  const headless = services.filter(isHeadless).map((service) => {
    const { namespace, name, origin } = of(service);
    const own = slices.get(`${namespace}/${name}`) ?? [];
    return { namespace, name, ports: portsOf(service, own, context.families), origin };
  });
  const externals = services.filter(isExternal).flatMap((service) => {
    const externalName = externalNameOf(service, diagnostics);
    return externalName === undefined ? [] : [{ name: { ...of(service), externalName }, at: positionOf(service) }];
  });
  reportCycles(externals, domain, diagnostics);
  const externalNames = externals.map(({ name }) => name);
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

/** Of whatever families the slices have: who writes them knows those of the Service. */
function portsOf(
  { object }: ServiceManifest,
  slices: readonly EndpointSlice[],
  families: readonly Family[],
): ServicePort[] {
  const { ports = [] } = object.spec;
  if (ports.length === 0) {
    const endpoints = endpointsOfPort(
      slices.map((slice) => ({ ...slice, ports: [PORTLESS] })),
      PORTLESS,
      families,
    );
    return [{ ...PORTLESS, endpoints }];
  }
  return ports.map(({ name = '', protocol, port }) => ({
    name,
    protocol,
    port,
    endpoints: endpointsOfPort(slices, { name, protocol }, families),
  }));
}

function positionOf({ locate }: ServiceManifest): Position {
  return locate(['spec', 'externalName']);
}

function externalNameOf(service: ServiceManifest, diagnostics: Diagnostics): string | undefined {
  const { object } = service;
  const name = (object.spec.externalName ?? '').replace(/\.$/, '');
  const problem = name === '' ? 'a Service of type ExternalName needs one' : nameProblem(name);
  if (problem !== undefined) {
    diagnostics.error('invalid-value', `spec.externalName: ${problem}`, positionOf(service));
    return undefined;
  }
  if (familyOf(name) === undefined) return name;
  diagnostics.warn(
    'address-as-name',
    `spec.externalName is an address, ${name}: DNS has no record for this Service`,
    positionOf(service),
    'for an address, make a Service without selector, and Endpoints or an EndpointSlice',
  );
  return undefined;
}

/** The API server takes them; CoreDNS leaves such records out, so that there is no address. */
function reportCycles(
  externals: readonly { readonly name: ExternalName; readonly at: Position }[],
  domain: string,
  diagnostics: Diagnostics,
): void {
  const nameOf = ({ namespace, name }: ExternalName) => `${name}.${namespace}.svc.${domain}`;
  const next = new Map(externals.map(({ name }) => [nameOf(name), name.externalName.toLowerCase()]));
  for (const { name, at: position } of externals) {
    const own = nameOf(name);
    const met: string[] = [];
    for (let at: string | undefined = own; at !== undefined && !met.includes(at); at = next.get(at)) met.push(at);
    if (next.get(met.at(-1)!) !== own) continue;
    const way = met.slice(1).join(', ') || name.externalName;
    const message = `ExternalName ${objectName(name.namespace, name.name)} leads back to itself, by ${way}: it has no address`;
    diagnostics.warn('external-name-cycle', message, position);
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
