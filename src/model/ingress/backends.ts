/**
 * Where the Service of an Ingress leads: ingress-nginx sends to the pods themselves and never to a ClusterIP
 * (internal/ingress/controller/endpointslices.go), except by the name of an ExternalName Service, which may be that of
 * a Service in another namespace.
 */
import type { Zone } from '../../dns/record.ts';
import { familyOf } from '../../net/address.ts';
import type { SocketAddress } from '../../net/port.ts';
import type { Manifest, ManifestOf } from '../../parse/index.ts';
import { type EndpointSlice, objectName } from '../cluster.ts';
import { ofKind } from '../defaults.ts';
import { addressesIn } from '../dns/lookup.ts';
import { endpointsOfPort, slicesByService } from '../endpoints/index.ts';
import type { IngressBackend } from './index.ts';

export interface IngressServices {
  readonly namespace: string;
  readonly endpointSlices: readonly EndpointSlice[];
  readonly zone: () => Zone;
}

type ServiceManifest = ManifestOf<'Service'>;

interface Reference {
  readonly name: string;
  readonly port: { readonly name?: string | undefined; readonly number?: number | undefined };
}

interface Problem {
  readonly code: 'unknown-service' | 'unknown-port' | 'no-endpoints';
  readonly message: string;
  readonly help: string;
  readonly field: readonly string[];
}

export class Backends {
  readonly #services: ReadonlyMap<string, ServiceManifest>;
  readonly #slices: ReadonlyMap<string, readonly EndpointSlice[]>;
  readonly #zone: () => Zone;

  constructor(manifests: readonly Manifest[], context: IngressServices) {
    const key = ({ object }: ServiceManifest) =>
      `${object.metadata.namespace ?? context.namespace}/${object.metadata.name}`;
    this.#services = new Map(ofKind(manifests, 'Service').map((service) => [key(service), service]));
    this.#slices = slicesByService(context.endpointSlices);
    this.#zone = context.zone;
  }

  of(namespace: string, { name, port }: Reference): { readonly backend: IngressBackend; readonly problem?: Problem } {
    const text = port.name ?? String(port.number);
    const backend = { name: `${namespace}-${name}-${text}`, endpoints: [] };
    const called = `Service ${objectName(namespace, name)}`;
    const service = this.#services.get(`${namespace}/${name}`);
    if (!service) {
      const elsewhere = [...this.#services.keys()].find((key) => key.endsWith(`/${name}`));
      const help = elsewhere
        ? `${elsewhere} is in another namespace: an ExternalName Service here may lead to it`
        : `make one, or name another: ${this.#namesIn(namespace) || 'there is none in this namespace'}`;
      return { backend, problem: { code: 'unknown-service', message: `there is no ${called}`, help, field: ['name'] } };
    }
    const endpoints = this.#endpoints(service, namespace, text);
    if (!endpoints) {
      const ports = (service.object.spec.ports ?? []).map((each) => each.name ?? each.port).join(', ');
      const message = `${called} has no port ${text}`;
      return { backend, problem: { code: 'unknown-port', message, help: `its ports: ${ports}`, field: ['port'] } };
    }
    if (endpoints.length > 0) return { backend: { ...backend, endpoints } };
    const { type, externalName = '' } = service.object.spec;
    const [message, help] =
      type === 'ExternalName'
        ? [
            `nothing here is called ${externalName}, the name behind ${called}`,
            'name a Service as NAME.NAMESPACE.svc.cluster.local, a host, or an address',
          ]
        : [`${called} has no endpoint that is ready`, 'look at its selector, and at the conditions of its pods'];
    return { backend, problem: { code: 'no-endpoints', message, help, field: ['name'] } };
  }

  /** Of a Service that a flag names, `NAMESPACE/NAME`. */
  ofFirstPort(reference: string): IngressBackend {
    const service = this.#services.get(reference);
    const [port] = service?.object.spec.ports ?? [];
    const [namespace = '', name = ''] = reference.split('/');
    const { backend } = this.of(namespace, { name, port: { number: port?.port } });
    return { ...backend, name: 'upstream-default-backend' };
  }

  /** Undefined when the Service has no such port: by its number, its target or its name. Slices are read, whatever kube-proxy reads. */
  #endpoints(service: ServiceManifest, namespace: string, text: string): SocketAddress[] | undefined {
    const { type, ports = [], externalName = '' } = service.object.spec;
    const port = ports.find(
      (each) => String(each.port) === text || String(each.targetPort ?? each.port) === text || each.name === text,
    );
    if (type === 'ExternalName') {
      const target = typeof port?.targetPort === 'number' ? port.targetPort : (port?.port ?? Number(text));
      return Number.isNaN(target) ? undefined : this.#resolve(externalName, target);
    }
    if (!port) return undefined;
    const slices = this.#slices.get(`${namespace}/${service.object.metadata.name}`) ?? [];
    const found = endpointsOfPort(slices, { name: port.name ?? '', protocol: port.protocol }, [4, 6]);
    return found.filter(({ ready }) => ready).map(({ address, port: number }) => ({ address, port: number }));
  }

  /** As the cluster's DNS answers, also for a name without its domain, `NAME.NAMESPACE.svc`. */
  #resolve(name: string, port: number): SocketAddress[] {
    if (familyOf(name) !== undefined) return [{ address: name, port }];
    const zone = this.#zone();
    const resolver = { nameservers: [], searches: [zone.domain], options: ['ndots:5'] };
    return addressesIn(zone, name, resolver, ['A', 'AAAA']).map((address) => ({ address, port }));
  }

  #namesIn(namespace: string): string {
    const own = [...this.#services.keys()].filter((key) => key.startsWith(`${namespace}/`));
    return own.map((key) => key.slice(namespace.length + 1)).join(', ');
  }
}
