/**
 * Address families and cluster addresses of a Service, as the API server defaults and validates them
 * (kubernetes pkg/registry/core/service/storage/alloc.go, initIPFamilyFields; pkg/apis/core/validation/validation.go,
 * ValidateServiceClusterIPsRelatedFields).
 */
import type { Diagnostics } from '../diagnostic.ts';
import { type Family, familyNamed, familyOf } from '../net/address.ts';
import type { ManifestOf } from '../parse/index.ts';
import { formatPath } from '../parse/validate.ts';
import type { Path } from '../parse/yaml.ts';
import { clusterIPsOf } from './defaults.ts';

type ServiceManifest = ManifestOf<'Service'>;

/**
 * The families of a Service, its primary one first. `configured` are those of the cluster, the first
 * for Services that name none. Undefined after reporting why the API server would refuse the Service.
 */
export function familiesOf(
  service: ServiceManifest,
  configured: readonly Family[],
  diagnostics: Diagnostics,
): Family[] | undefined {
  const problem = problemOf(service.object.spec, addressesOf(service), configured);
  if (problem) {
    const { field, message, help } = problem;
    const path = ['spec', ...field];
    diagnostics.error('invalid-value', `${formatPath(path)} ${message}`, service.locate(path), help);
    return undefined;
  }
  const families = givenFamilies(service);
  const first = families[0] ?? configured[0]!;
  const wantsBoth = service.object.spec.ipFamilyPolicy !== undefined && !isSingle(service.object.spec);
  return families.length === 2 || !wantsBoth ? [first, ...families.slice(1)] : bothFrom(first, configured);
}

function bothFrom(first: Family, configured: readonly Family[]): Family[] {
  return [first, ...configured.filter((family) => family !== first)];
}

type Spec = ServiceManifest['object']['spec'];

function isSingle({ ipFamilyPolicy = 'SingleStack' }: Spec): boolean {
  return ipFamilyPolicy === 'SingleStack';
}

/** Those named, then those of addresses that go beyond them. */
function givenFamilies(service: ServiceManifest): Family[] {
  const named = (service.object.spec.ipFamilies ?? []).map(familyNamed);
  const ofAddresses = addressesOf(service).flatMap((address) => familyOf(address) ?? []);
  return [...named, ...ofAddresses.slice(named.length)];
}

/** A headless Service has none. */
function addressesOf({ object }: ServiceManifest): string[] {
  const addresses = clusterIPsOf(object);
  return addresses.every((address) => address === 'None') ? [] : addresses;
}

interface Problem {
  readonly field: Path;
  readonly message: string;
  readonly help?: string;
}

/** The first thing that is wrong. */
function problemOf(spec: Spec, addresses: readonly string[], configured: readonly Family[]): Problem | undefined {
  const names = spec.ipFamilies ?? [];
  const here = configured.map((family) => `IPv${family}`);
  const unconfigured = `is not configured on this cluster, which has ${here.join(' and ')}`;
  const HELP = `spec.cluster.podCIDR and serviceCIDR of the Topology decide: name a range of each family`;
  const unreadable = addresses.find((address) => familyOf(address) === undefined);
  if (unreadable !== undefined)
    return { field: ['clusterIP'], message: `must be an IP address or None, not "${unreadable}"` };
  const [first] = spec.clusterIPs ?? [];
  if (spec.clusterIP && first !== undefined && first !== spec.clusterIP)
    return { field: ['clusterIPs', 0], message: `must be clusterIP, ${spec.clusterIP}, not ${first}` };
  if (names.length > 2 || new Set(names).size < names.length)
    return { field: ['ipFamilies'], message: 'may have each family once' };
  const families = addresses.map((address) => familyOf(address)!);
  if (families.length > 2 || new Set(families).size < families.length)
    return { field: ['clusterIPs'], message: 'may have one address of each family' };
  const odd = families.findIndex((family, index) => names[index] !== undefined && names[index] !== `IPv${family}`);
  if (odd >= 0)
    return {
      field: odd === 0 && !spec.clusterIPs ? ['clusterIP'] : ['clusterIPs', odd],
      message: `must be an ${names[odd]} address, as ipFamilies has it, not ${addresses[odd]}`,
    };
  if (isSingle(spec) && Math.max(names.length, families.length) === 2)
    return {
      field: ['ipFamilyPolicy'],
      message: 'must be RequireDualStack or PreferDualStack where there are two families or cluster addresses',
    };
  const strange = families.findIndex((family, index) => index >= names.length && !configured.includes(family));
  if (strange >= 0)
    return {
      field: spec.clusterIPs ? ['clusterIPs', strange] : ['clusterIP'],
      message: `${addresses[strange]}: IPv${families[strange]} ${unconfigured}`,
      help: HELP,
    };
  if (spec.ipFamilyPolicy === 'RequireDualStack' && configured.length < 2)
    return {
      field: ['ipFamilyPolicy'],
      message: `is RequireDualStack, and this cluster has only ${here[0]}`,
      help: HELP,
    };
  const missing = names.findIndex((name) => !here.includes(name));
  if (missing >= 0) return { field: ['ipFamilies', missing], message: `${names[missing]} ${unconfigured}`, help: HELP };
  return undefined;
}
