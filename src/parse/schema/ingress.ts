/**
 * Ingresses, their classes and the Secrets of their certificates, with what the API server refuses in them (kubernetes
 * pkg/apis/networking/validation/validation.go, pkg/apis/core/validation/validation.go).
 */
import * as z from 'zod';
import { familyOf } from '../../net/address.ts';
import { accepted, containerPortName, labelName, orEmpty, portNumber, subdomainName } from './fields.ts';
import { header, objectMeta } from './kubernetes.ts';

const PATH_TYPES = ['Exact', 'Prefix', 'ImplementationSpecific'] as const;

/** A DNS name, whose first label may be `*`. */
const hostName = z.string().superRefine((host, context) => {
  const message = host === '' ? undefined : wrongHost(host);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

function wrongHost(host: string): string | undefined {
  if (familyOf(host) !== undefined) return 'must be a DNS name, no IP address: leave it out to match every host';
  if (host.includes(':')) return 'must be a host without a port: an Ingress is about ports 80 and 443';
  const isWildcard = host.includes('*');
  if (subdomainName.safeParse(isWildcard ? host.replace(/^\*\./, '') : host).success) return undefined;
  return isWildcard
    ? 'must be "*." and a DNS name: * stands for the whole first label, and for no other'
    : 'must be lower-case letters, digits, "-" and ".", as RFC 1123 has it';
}

const backend = z
  .strictObject({
    service: z
      .strictObject({
        name: labelName,
        port: z.strictObject({ name: containerPortName.optional(), number: portNumber.optional() }).prefault({}),
      })
      .optional(),
    resource: z.unknown().optional(),
  })
  .superRefine(({ service, resource }, context) => {
    const report = (message: string, ...path: string[]) => context.addIssue({ code: 'custom', message, path });
    if (service && resource !== undefined) report('must name a service or a resource, one of them');
    else if (!service && resource === undefined) report('must name a service: { name, port: { number } }');
    else if (service?.port.name !== undefined && service.port.number !== undefined)
      report('must be a name or a number, one of them', 'service', 'port');
    else if (service && service.port.name === undefined && service.port.number === undefined)
      report('must be a name or a number', 'service', 'port');
  });

const FORBIDDEN = ['//', '/./', '/../', '%2f', '%2F'];

const httpPath = z
  .strictObject({ path: z.string().optional(), pathType: z.enum(PATH_TYPES), backend })
  .superRefine(({ path = '', pathType }, context) => {
    const message = wrongPath(path, pathType);
    if (message !== undefined) context.addIssue({ code: 'custom', message, path: ['path'] });
  });

function wrongPath(path: string, pathType: (typeof PATH_TYPES)[number]): string | undefined {
  const isSpecific = pathType === 'ImplementationSpecific';
  if (!path.startsWith('/') && !(isSpecific && path === '')) return 'must be an absolute path: it begins with "/"';
  if (isSpecific) return undefined;
  const found = FORBIDDEN.find((text) => path.includes(text));
  if (found !== undefined) return `must not contain "${found}"`;
  const end = ['/..', '/.'].find((text) => path.endsWith(text));
  return end === undefined ? undefined : `must not end with "${end}"`;
}

export const ingress = z.strictObject({
  ...header,
  metadata: objectMeta,
  spec: z
    .strictObject({
      ingressClassName: subdomainName.optional(),
      defaultBackend: backend.optional(),
      rules: z
        .array(
          z.strictObject({
            host: hostName.optional(),
            http: z.strictObject({ paths: z.array(httpPath).min(1, 'must name at least one path') }).optional(),
          }),
        )
        .optional(),
      tls: z
        .array(z.strictObject({ hosts: z.array(hostName).optional(), secretName: orEmpty(subdomainName).optional() }))
        .optional(),
    })
    .refine(
      ({ rules = [], defaultBackend }) => rules.length > 0 || defaultBackend !== undefined,
      'must have rules or a defaultBackend',
    ),
  ...accepted('status'),
});

export const ingressClass = z.strictObject({
  ...header,
  metadata: objectMeta,
  spec: z.strictObject({
    controller: z.string().regex(/^[a-z0-9.-]+\/\S+$/, 'must be a domain and a path, such as k8s.io/ingress-nginx'),
    ...accepted('parameters'),
  }),
});

const base64 = z
  .string()
  .regex(/^(?:[A-Za-z0-9+/\s]{4})*[A-Za-z0-9+/=\s]*$/, 'must be base64; plain text goes into stringData');

const TLS_SECRET = 'kubernetes.io/tls';
export const TLS_KEYS = ['tls.crt', 'tls.key'] as const;

export const secret = z
  .strictObject({
    ...header,
    metadata: objectMeta,
    type: z.string().default('Opaque'),
    data: z.record(z.string(), base64).optional(),
    stringData: z.record(z.string(), z.string()).optional(),
    ...accepted('immutable'),
  })
  .superRefine(({ type, data, stringData }, context) => {
    if (type !== TLS_SECRET) return;
    for (const key of TLS_KEYS) {
      if (data?.[key] !== undefined || stringData?.[key] !== undefined) continue;
      context.addIssue({ code: 'custom', message: `must have ${key}: a Secret of type ${TLS_SECRET}`, path: ['data'] });
    }
  });
