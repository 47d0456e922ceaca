/**
 * Ingresses and the pods that serve them. A controller is a pod that runs the image of ingress-nginx; without one an Ingress
 * does nothing. Which Ingresses are its own, classes and annotations decide
 * (ingress-nginx internal/ingress/controller/store/store.go, GetIngressClass).
 */
import type { Diagnostics, Origin, Position } from '../../diagnostic.ts';
import type { SocketAddress } from '../../net/port.ts';
import type { Manifest, ManifestOf } from '../../parse/index.ts';
import type { Path } from '../../parse/yaml.ts';
import { type Inhabitants, objectName, type Pod } from '../cluster.ts';
import { ofKind } from '../defaults.ts';
import { type AnnotationsOfIngress, annotationsOf } from './annotations.ts';
import { Backends, type IngressServices } from './backends.ts';
import type { Certificate } from './certificates.ts';
import { certificatesOf } from './certificates.ts';
import { classesOf, type Served } from './classes.ts';

/** A pod that runs ingress-nginx, and the Ingresses that are its own, in the order they were created. */
export interface IngressController {
  readonly pod: Pod;
  readonly ingresses: readonly Ingress[];
  /** Of --default-backend-service; undefined: its own, which answers 404. */
  readonly defaultBackend?: IngressBackend;
  /** Of --default-ssl-certificate; undefined: its own fake one. */
  readonly defaultCertificate?: Certificate;
}

export interface Ingress {
  readonly namespace: string;
  readonly name: string;
  readonly rules: readonly IngressRule[];
  readonly defaultBackend?: IngressBackend;
  readonly tls: readonly IngressTls[];
  readonly annotations: AnnotationsOfIngress;
  readonly origin: Origin;
}

export interface IngressRule {
  /** Undefined: every host. */
  readonly host?: string;
  readonly paths: readonly IngressPath[];
}

export interface IngressPath {
  readonly path: string;
  /** ingress-nginx takes ImplementationSpecific for Prefix (internal/k8s, SetDefaultNGINXPathType). */
  readonly pathType: 'Exact' | 'Prefix';
  /** Undefined for a resource: ingress-nginx serves Services only. */
  readonly backend?: IngressBackend;
}

/** A port of a Service, as ingress-nginx sees it: by the addresses of the pods behind it. */
export interface IngressBackend {
  /** What ingress-nginx calls it: `default-web-80`. */
  readonly name: string;
  /** Those that are ready; none when there is no such Service, either. */
  readonly endpoints: readonly SocketAddress[];
}

export interface IngressTls {
  readonly hosts: readonly string[];
  readonly isNamed: boolean;
  /** Undefined when there is no such Secret, or no certificate in it. */
  readonly certificate?: Certificate;
}

interface Context extends Pick<Inhabitants, 'pods'>, IngressServices {}

export function modelIngressControllers(
  manifests: readonly Manifest[],
  context: Context,
  diagnostics: Diagnostics,
): IngressController[] {
  const controllers = context.pods.filter(({ ingressController }) => ingressController !== undefined);
  const certificates = certificatesOf(manifests, context.namespace);
  const backends = new Backends(manifests, context);
  const models = new Map<IngressManifest, Ingress>();
  const classes = classesOf(manifests);
  const served = ofKind(manifests, 'Ingress').map((manifest) => {
    const by = controllers.map((pod) => classes.serves(manifest, pod.ingressController!));
    if (!by.some((each) => each === true)) reportUnserved(manifest, by, diagnostics);
    else models.set(manifest, new Reader(manifest, context.namespace, backends, certificates, diagnostics).read());
    return { manifest, by };
  });
  reportDuplicates(manifests, context.namespace, diagnostics);
  return controllers.map((pod, index) => {
    const { defaultBackendService, defaultCertificate } = pod.ingressController!;
    const certificate = defaultCertificate === undefined ? undefined : certificates.get(defaultCertificate);
    return {
      pod,
      ingresses: served.flatMap(({ manifest, by }) => (by[index] === true ? [models.get(manifest)!] : [])),
      ...(defaultBackendService !== undefined && { defaultBackend: backends.ofFirstPort(defaultBackendService) }),
      ...(certificate?.is === 'certificate' && { defaultCertificate: certificate.certificate }),
    };
  });
}

type IngressManifest = ManifestOf<'Ingress'>;

class Reader {
  readonly #manifest: IngressManifest;
  readonly #namespace: string;
  readonly #backends: Backends;
  readonly #certificates: ReturnType<typeof certificatesOf>;
  readonly #diagnostics: Diagnostics;

  constructor(
    manifest: IngressManifest,
    namespace: string,
    backends: Backends,
    certificates: ReturnType<typeof certificatesOf>,
    diagnostics: Diagnostics,
  ) {
    this.#manifest = manifest;
    this.#namespace = manifest.object.metadata.namespace ?? namespace;
    this.#backends = backends;
    this.#certificates = certificates;
    this.#diagnostics = diagnostics;
  }

  read(): Ingress {
    const { object, origin } = this.#manifest;
    const { rules = [], defaultBackend, tls = [] } = object.spec;
    return {
      namespace: this.#namespace,
      name: object.metadata.name,
      rules: rules.map(({ host, http }, index) => ({
        ...(host && { host }),
        paths: (http?.paths ?? []).map(({ path = '', pathType, backend }, number) => {
          const at: Path = ['spec', 'rules', index, 'http', 'paths', number];
          if (pathType !== 'ImplementationSpecific') this.#reportPattern(path, pathType, [...at, 'path']);
          return {
            path: path || '/',
            pathType: pathType === 'Exact' ? 'Exact' : 'Prefix',
            ...this.#backend(backend, 'backend', [...at, 'backend']),
          } as const;
        }),
      })),
      ...this.#backend(defaultBackend, 'defaultBackend', ['spec', 'defaultBackend']),
      tls: tls.map(({ hosts = [], secretName }, index) => ({
        hosts,
        isNamed: secretName !== undefined,
        ...(secretName !== undefined && this.#certificate(secretName, hosts, ['spec', 'tls', index, 'secretName'])),
      })),
      annotations: annotationsOf(this.#manifest, this.#diagnostics),
      origin,
    };
  }

  #backend<F extends 'backend' | 'defaultBackend'>(
    given: IngressManifest['object']['spec']['defaultBackend'],
    field: F,
    path: Path,
  ): { [K in F]?: IngressBackend } {
    if (!given?.service) return {};
    const { backend, problem } = this.#backends.of(this.#namespace, given.service);
    if (problem) {
      const help = `${problem.help}; until then ingress-nginx answers 503 there`;
      this.#diagnostics.warn(problem.code, problem.message, this.#at([...path, 'service', ...problem.field]), help);
    }
    return { [field]: backend } as { [K in F]?: IngressBackend };
  }

  /** Its own webhook does, with strict-validate-path-type (internal/ingress/inspector/rules.go). */
  #reportPattern(path: string, pathType: string, at: Path): void {
    if (/^\/[A-Za-z0-9._\-/]*$/.test(path)) return;
    this.#diagnostics.error(
      'invalid-value',
      `ingress-nginx refuses the path "${path}" of type ${pathType}: it is more than letters, digits, "/", ".", "_" and "-"`,
      this.#at(at),
      'a regular expression needs pathType: ImplementationSpecific',
    );
  }

  #certificate(secretName: string, hosts: readonly string[], path: Path): { certificate?: Certificate } {
    const found = this.#certificates.get(`${this.#namespace}/${secretName}`);
    const instead = `ingress-nginx shows its own fake certificate for ${hosts.join(', ') || 'its hosts'} instead`;
    if (!found) {
      const name = objectName(this.#namespace, secretName);
      this.#diagnostics.warn('unknown-secret', `there is no Secret ${name}`, this.#at(path), instead);
      return {};
    }
    if (found.is === 'certificate') return { certificate: found.certificate };
    this.#diagnostics.warn('invalid-certificate', found.problem, found.at, instead);
    return {};
  }

  #at(path: Path): Position {
    return this.#manifest.locate(path);
  }
}

function reportUnserved({ object, locate }: IngressManifest, by: readonly Served[], diagnostics: Diagnostics): void {
  const [why] = by;
  const [reason, help] =
    why === undefined || why === true
      ? ['no pod here is an Ingress controller', 'a pod is one with the image registry.k8s.io/ingress-nginx/controller']
      : [why.reason, why.help];
  diagnostics.warn(
    'unserved',
    `nobody serves the Ingress ${object.metadata.name}: ${reason}`,
    locate(['metadata', 'name']),
    help,
  );
}

function reportDuplicates(manifests: readonly Manifest[], namespace: string, diagnostics: Diagnostics): void {
  for (const kind of ['Ingress', 'IngressClass', 'Secret'] as const) {
    const seen = new Set<string>();
    for (const { object, locate } of ofKind(manifests, kind) as ManifestOf<'Ingress'>[]) {
      const name = `${kind === 'IngressClass' ? '' : (object.metadata.namespace ?? namespace)}/${object.metadata.name}`;
      if (seen.has(name))
        diagnostics.error(
          'duplicate-name',
          `${kind} ${object.metadata.name} stands here twice`,
          locate(['metadata', 'name']),
        );
      seen.add(name);
    }
  }
}
