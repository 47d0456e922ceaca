/** Building blocks of the schemas: Kubernetes names, addresses, ports. Messages finish the sentence "<field> …". */
import * as z from 'zod';
import { familyOf, parseCidr } from '../../net/address.ts';
import { parsePort } from '../../net/port.ts';

const LABEL = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';

/** RFC 1123 label: Namespaces, Services, networks. */
export const labelName = z
  .string()
  .regex(new RegExp(`^${LABEL}$`), 'must be at most 63 lower-case letters, digits and "-", as RFC 1123 has it');

/** RFC 1123 subdomain: most objects, Pods and Nodes among them. */
export const subdomainName = z
  .string()
  .max(253, 'must be at most 253 characters')
  .regex(new RegExp(`^${LABEL}(\\.${LABEL})*$`), 'must be lower-case letters, digits, "-" and ".", as RFC 1123 has it');

export const address = z.string().refine((text) => familyOf(text) !== undefined, 'must be an IP address');

export const cidr = z
  .string()
  .refine((text) => parseCidr(text) !== undefined, 'must be a network in CIDR notation, like 10.0.0.0/24');

export const portNumber = z
  .int('must be a whole number')
  .min(1, 'must be a port, 1 to 65535')
  .max(65535, 'must be a port, 1 to 65535');

/** `8080` or `53/UDP`. */
export const listenPort = z
  .union([z.int(), z.string()])
  .refine((port) => parsePort(port) !== undefined, 'must be a port such as 8080 or 53/UDP');

export const protocol = z.enum(['TCP', 'UDP', 'SCTP']);

/** IANA_SVC_NAME as Kubernetes checks it, or a number: a Service's targetPort. */
export const intOrString = z.union([z.int(), z.string()]);

export const labels = z.record(z.string(), z.string());

/** `250ms`, `3s`, `1m`. Parsed to milliseconds. */
export const duration = z
  .string()
  .regex(/^[0-9]+(\.[0-9]+)?(ms|s|m)$/, 'must be a duration such as 250ms, 3s or 1m')
  .transform((text) => Number.parseFloat(text) * (text.endsWith('ms') ? 1 : text.endsWith('s') ? 1000 : 60_000))
  .pipe(z.number().max(600_000, 'must be at most 10m'));

export function oneOrMany<T extends z.ZodType>(item: T) {
  return z.union([item, z.array(item).min(1)]);
}

/** Fields of a Kubernetes object that exist, are accepted, and mean nothing to a dataplane. */
export function accepted<const K extends string>(...keys: K[]): Record<K, z.ZodOptional<z.ZodUnknown>> {
  return Object.fromEntries(keys.map((key) => [key, z.unknown().optional()])) as Record<K, z.ZodOptional<z.ZodUnknown>>;
}
