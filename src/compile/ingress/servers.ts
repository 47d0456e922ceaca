/**
 * Ingresses → the virtual servers of nginx (ingress-nginx internal/ingress/controller/controller.go, createServers and
 * getBackendServers; location.go): one a host, `_` for requests to no other. Of two Ingresses with one host and path the older one
 * counts. Every server has a location `/`, which leads to the default backend when no Ingress has one.
 */

import type { AnnotationsOfIngress } from '../../model/ingress/annotations.ts';
import { type Certificate, isFor } from '../../model/ingress/certificates.ts';
import type { Ingress, IngressBackend, IngressController, IngressPath } from '../../model/ingress/index.ts';

export const ANY_HOST = '_';

export interface Server {
  /** `foo.bar.com`, `*.bar.com`, `_` */
  readonly host: string;
  /** Undefined: the controller's default one. */
  readonly certificate?: Certificate;
  /** Longest path first. */
  readonly locations: readonly Location[];
  /** All its locations are regular expressions as soon as one needs to be. */
  readonly isRegex: boolean;
}

export interface Location {
  readonly path: string;
  readonly pathType: IngressPath['pathType'];
  /** Undefined: nobody, which is answered 404. */
  readonly backend?: IngressBackend;
  readonly rewriteTarget?: string;
  readonly redirects: 'never' | 'to https';
  readonly preserveTrailingSlash: boolean;
}

export function serversOf(controller: IngressController): Server[] {
  const drafts = new Map<string, Draft>([[ANY_HOST, new Draft(ANY_HOST, controller.defaultBackend)]]);
  for (const ingress of controller.ingresses) addHosts(ingress, controller, drafts);
  for (const ingress of controller.ingresses)
    for (const { host = ANY_HOST } of ingress.rules) drafts.get(host)!.takeCertificate(ingress);
  for (const ingress of controller.ingresses)
    for (const { host = ANY_HOST, paths } of ingress.rules)
      for (const path of paths) if (path.backend) drafts.get(host)!.add(path, path.backend, ingress.annotations);
  return [...drafts.values()].map((draft) => draft.build()).sort((a, b) => (a.host < b.host ? -1 : 1));
}

/** A default backend without rules is for whatever no other Ingress takes; with rules it is for their hosts. */
function addHosts(ingress: Ingress, { defaultBackend: fallback }: IngressController, drafts: Map<string, Draft>): void {
  const { rules, defaultBackend, annotations } = ingress;
  if (defaultBackend && rules.length === 0) drafts.get(ANY_HOST)!.takeDefault(defaultBackend, annotations);
  for (const { host = ANY_HOST } of rules)
    if (!drafts.has(host)) drafts.set(host, new Draft(host, defaultBackend ?? fallback, annotations));
}

interface DraftLocation {
  readonly path: string;
  readonly pathType: IngressPath['pathType'];
  backend: IngressBackend | undefined;
  annotations: Partial<AnnotationsOfIngress>;
  isDefault: boolean;
}

class Draft {
  readonly #host: string;
  readonly #locations: DraftLocation[];
  /** Undefined: not decided; `default`: the controller's own. */
  #certificate: Certificate | 'default' | undefined;

  constructor(host: string, backend: IngressBackend | undefined, annotations: Partial<AnnotationsOfIngress> = {}) {
    this.#host = host;
    this.#locations = [{ path: '/', pathType: 'Prefix', backend, annotations, isDefault: true }];
  }

  takeDefault(backend: IngressBackend, { rewriteTarget: _, ...annotations }: AnnotationsOfIngress): void {
    const [root] = this.#locations;
    if (root!.isDefault) Object.assign(root!, { backend, annotations, isDefault: false });
  }

  add({ path, pathType }: IngressPath, backend: IngressBackend, annotations: AnnotationsOfIngress): void {
    const there = this.#locations.find((each) => each.path === path && each.pathType === pathType);
    if (!there) this.#locations.push({ path, pathType, backend, annotations, isDefault: false });
    else if (there.isDefault) Object.assign(there, { backend, annotations, isDefault: false });
  }

  /** Of the Secret named for the host, or else of the first that is for it; without one, the default certificate. */
  takeCertificate({ tls }: Ingress): void {
    if (this.#host === ANY_HOST || this.#certificate !== undefined || tls.length === 0) return;
    const named = tls.find(({ hosts }) => hosts.includes(this.#host));
    const fits = (certificate: Certificate | undefined) => certificate !== undefined && isFor(certificate, this.#host);
    const chosen = named ?? tls.find(({ certificate }) => fits(certificate));
    this.#certificate = fits(chosen?.certificate) ? chosen!.certificate! : 'default';
  }

  build(): Server {
    const certificate = this.#certificate;
    const isRegex = this.#locations.some(needsRegex);
    const locations = isRegex ? this.#locations : withExactOnes(this.#locations);
    return {
      host: this.#host,
      ...(certificate && certificate !== 'default' && { certificate }),
      locations: locations
        .map((each) => locationOf(each, certificate !== undefined))
        .sort((a, b) => b.path.length - a.path.length || (a.path > b.path ? -1 : a.path < b.path ? 1 : 0)),
      isRegex,
    };
  }
}

function locationOf({ path, pathType, backend, annotations }: DraftLocation, isSecure: boolean): Location {
  const { rewriteTarget, sslRedirect, forceSslRedirect, preserveTrailingSlash = false } = annotations;
  return {
    path,
    pathType,
    ...(backend && { backend }),
    ...(rewriteTarget !== undefined && rewriteTarget !== path && { rewriteTarget }),
    redirects: forceSslRedirect || (sslRedirect && isSecure) ? 'to https' : 'never',
    preserveTrailingSlash,
  };
}

function needsRegex({ path, annotations: { rewriteTarget, useRegex } }: DraftLocation): boolean {
  return useRegex === true || (rewriteTarget !== undefined && rewriteTarget !== path);
}

/** A prefix is one of whole elements: `/foo` is `/foo` itself and whatever begins with `/foo/`. nginx takes no location twice. */
function withExactOnes(locations: readonly DraftLocation[]): DraftLocation[] {
  const found = new Map<string, DraftLocation>();
  const add = (location: DraftLocation) => {
    const key = `${location.pathType} ${location.path}`;
    if (!found.has(key)) found.set(key, location);
  };
  for (const location of locations) if (location.pathType === 'Exact') add(location);
  for (const location of locations) {
    if (location.pathType === 'Exact') continue;
    const { path } = location;
    add({ ...location, path: path.endsWith('/') ? path : `${path}/` });
    if (path !== '/') add({ ...location, pathType: 'Exact' });
  }
  return [...found.values()];
}
