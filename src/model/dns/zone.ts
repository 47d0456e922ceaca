/**
 * Cluster → Zone: the records of the Kubernetes DNS specification (kubernetes/dns docs/specification.md), as CoreDNS' plugin
 * kubernetes has them (coredns plugin/kubernetes/kubernetes.go). Those of pods' addresses follow from the addresses.
 *
 *   SERVICE.NAMESPACE.svc.DOMAIN             A, AAAA: its cluster addresses, or of a headless one its ready endpoints
 *   ENDPOINT.SERVICE.NAMESPACE.svc.DOMAIN    A, AAAA: the endpoint of that hostname, or of an address written with dashes
 *   _PORT._PROTOCOL.SERVICE.….svc.DOMAIN     SRV: the named port there
 *   in-addr.arpa, ip6.arpa                   PTR: the Service, or the endpoints, of an address
 */
import { type RecordData, reverseName, TTL, type Zone } from '../../dns/record.ts';
import { addressBytes, familyIn } from '../../net/address.ts';
import type { Endpoint, Service, ServicePort } from '../cluster.ts';
import type { ExternalName, HeadlessService, Names } from '../names.ts';
import { KUBE_DNS } from './addon.ts';

/** Those of a lab without any object: they are in every cluster. */
const NAMESPACES = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
const SCHEMA_VERSION = '1.1.0';
const SCHEMA_TTL = 28_800;
/** Of the plugin hosts. */
const HOSTS_TTL = 3600;

export interface ZoneContent extends Names {
  readonly domain: string;
  readonly services: readonly Service[];
  readonly namespaces: readonly string[];
  /** Names outside the cluster. */
  readonly hosts: ReadonlyMap<string, readonly string[]>;
}

export function zoneOf({ domain, services, headless, externalNames, namespaces, hosts }: ZoneContent): Zone {
  const records = new Records(domain);
  for (const [name, addresses] of hosts)
    for (const address of addresses) {
      records.add(name, addressRecord(address, HOSTS_TTL));
      records.addReverse(address, name, HOSTS_TTL);
    }
  records.addAuthority();
  for (const service of services) addService(service, records);
  for (const service of headless) addHeadless(service, records);
  for (const external of externalNames) addExternalName(external, records);
  return { domain, namespaces: [...new Set([...NAMESPACES, ...namespaces])].sort(), records: records.all };
}

function addService(service: Service, records: Records): void {
  const name = records.nameOf(service);
  const { clusterIPs, ports } = service;
  for (const address of clusterIPs) {
    records.add(name, addressRecord(address));
    records.addReverse(address, name);
  }
  const weight = weightOf(ports.length * clusterIPs.length);
  for (const { port } of ports) records.add(name, serviceRecord(port, name, weight));
  for (const port of ports.filter((each) => each.name !== ''))
    records.add(portName(port, name), serviceRecord(port.port, name, weightOf(clusterIPs.length)));
  addEndpoints(name, ports, records);
}

function addHeadless(service: HeadlessService, records: Records): void {
  const name = records.nameOf(service);
  const ports = service.ports.map((port) => ({ ...port, endpoints: port.endpoints.filter(({ ready }) => ready) }));
  const count = ports.reduce((sum, { endpoints }) => sum + endpoints.length, 0);
  for (const port of ports) {
    for (const endpoint of port.endpoints) {
      const target = endpointName(endpoint, name);
      records.add(name, addressRecord(endpoint.address));
      if (endpoint.port === 0) continue;
      records.add(name, serviceRecord(endpoint.port, target, weightOf(count)));
      if (port.name !== '')
        records.add(portName(port, name), serviceRecord(endpoint.port, target, weightOf(port.endpoints.length)));
    }
  }
  addEndpoints(name, ports, records);
}

function addEndpoints(name: string, ports: readonly ServicePort[], records: Records): void {
  for (const { endpoints } of ports)
    for (const endpoint of endpoints.filter(({ ready }) => ready)) {
      const own = endpointName(endpoint, name);
      records.add(own, addressRecord(endpoint.address));
      if (endpoint.port !== 0) records.add(own, serviceRecord(endpoint.port, own, weightOf(ports.length)));
      records.addReverse(endpoint.address, own);
    }
}

function addExternalName(external: ExternalName, records: Records): void {
  records.add(records.nameOf(external), { type: 'CNAME', ttl: TTL, data: external.externalName });
}

function addressRecord(address: string, ttl = TTL): RecordData {
  return { type: familyIn(address) === 4 ? 'A' : 'AAAA', ttl, data: address };
}

function serviceRecord(port: number, target: string, weight: number): RecordData {
  return { type: 'SRV', ttl: TTL, data: { priority: 0, weight, port, target } };
}

/** All together have 100 (plugin/backend_lookup.go, SRV). */
function weightOf(count: number): number {
  return Math.max(1, Math.floor(100 / count));
}

function portName({ name, protocol }: ServicePort, of: string): string {
  return `_${name}._${protocol.toLowerCase()}.${of}`;
}

/** plugin/kubernetes/kubernetes.go, endpointHostname */
function endpointName({ hostname, address }: Endpoint, of: string): string {
  const dashed = address.replaceAll(/[.:]/g, '-').replace(/-$/, '-0');
  return `${hostname ?? dashed}.${of}`;
}

class Records {
  readonly all = new Map<string, RecordData[]>();
  readonly #domain: string;
  readonly #known = new Set<string>();

  constructor(domain: string) {
    this.#domain = domain;
  }

  nameOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
    return `${name}.${namespace}.svc.${this.#domain}`;
  }

  /** A record there is counts once. */
  add(name: string, record: RecordData): void {
    const key = name.toLowerCase();
    const identity = `${key} ${record.type} ${JSON.stringify(record.data)}`;
    if (this.#known.has(identity)) return;
    this.#known.add(identity);
    const own = this.all.get(key);
    if (own) own.push(record);
    else this.all.set(key, [record]);
  }

  /** A Service's address is nobody else's, one outside the cluster counts where nobody in it has it. */
  addReverse(address: string, name: string, ttl = TTL): void {
    const key = reverseName(address, addressBytes(address));
    const isTaken = this.all.get(key)?.some((record) => record.ttl !== ttl);
    if (isTaken && ttl === TTL) this.all.delete(key);
    this.add(key, { type: 'PTR', ttl, data: name });
  }

  /** What the domain itself has, and the version of the specification (2.2). */
  addAuthority(): void {
    const domain = this.#domain;
    const times = { refresh: 7200, retry: 1800, expire: 86_400, minimum: TTL };
    const data = { mname: `ns.dns.${domain}`, rname: `hostmaster.${domain}`, serial: 1, ...times };
    this.add(domain, { type: 'SOA', ttl: TTL, data });
    this.add(domain, { type: 'NS', ttl: TTL, data: this.nameOf(KUBE_DNS) });
    this.add(`dns-version.${domain}`, { type: 'TXT', ttl: SCHEMA_TTL, data: SCHEMA_VERSION });
  }
}
