/** Building blocks of the schemas: Kubernetes names, addresses, ports. Messages finish the sentence "<field> …". */
import * as z from 'zod';
import { familyOf, parseCidr } from '../../net/address.ts';
import { parsePort, parsePublishedPort } from '../../net/port.ts';

const LABEL = '[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?';

export const LABEL_NAME = new RegExp(`^${LABEL}$`);

/** RFC 1123 label: Namespaces, Services, networks. */
export const labelName = z
  .string()
  .regex(LABEL_NAME, 'must be at most 63 lower-case letters, digits and "-", as RFC 1123 has it');

/** RFC 1123 subdomain: most objects, Pods and Nodes among them. */
export const subdomainName = z
  .string()
  .max(253, 'must be at most 253 characters')
  .regex(new RegExp(`^${LABEL}(\\.${LABEL})*$`), 'must be lower-case letters, digits, "-" and ".", as RFC 1123 has it');

export const address = z.string().refine((text) => familyOf(text) !== undefined, 'must be an IP address');

export const cidr = z
  .string()
  .refine((text) => parseCidr(text) !== undefined, 'must be a network in CIDR notation, like 10.0.0.0/24');

const PORT = 'must be a port, 1 to 65535';

export const portNumber = z.int('must be a whole number').min(1, PORT).max(65535, PORT);

export const mtu = z.int().min(576, 'must be at least 576').max(65_535, 'must be at most 65535');

/** `8080` or `53/UDP`. */
export const listenPort = z
  .union([z.int(), z.string()])
  .refine((port) => parsePort(port) !== undefined, 'must be a port such as 8080 or 53/UDP');

/** `8080:80`, `127.0.0.1:53:53/UDP`. docker-proxy relays TCP and UDP. */
export const publishedPort = z
  .string()
  .refine(
    (port) => ['TCP', 'UDP'].includes(parsePublishedPort(port)?.protocol ?? ''),
    'must be [ADDRESS:]HOST-PORT:PORT[/PROTOCOL], such as 8080:80 or 127.0.0.1:53:53/UDP',
  );

export const protocol = z.enum(['TCP', 'UDP', 'SCTP']);

/** Ports of Services and endpoints. kube-proxy writes it into rules. */
export const portName = orEmpty(labelName);

/** Ports of containers: an IANA service name, as RFC 6335 has it. */
export const containerPortName = orEmpty(
  z
    .string()
    .regex(
      /^(?=.{1,15}$)(?=.*[a-z])[a-z0-9]+(-[a-z0-9]+)*$/,
      'must be at most 15 lower-case letters, digits and single "-", with a letter among them',
    ),
);

/** A Service's: a port, or the name of a container's. Kubernetes reads 0 as one left out. */
export const targetPort = z
  .union([z.int('must be a whole number').min(0, PORT).max(65535, PORT), containerPortName])
  .transform((port) => port || undefined);

/** A device, or how several begin; empty for none. kube-proxy writes it into rules. The kernel ends names at 15 characters. */
export function deviceName(characters: number) {
  return z
    .string()
    .regex(
      new RegExp(`^[A-Za-z0-9_.-]{0,${characters}}$`),
      `must be at most ${characters} letters, digits, "_", "." and "-"`,
    );
}

export const labels = z.record(z.string(), z.string());

/** `250ms`, `3s`, `1m`. Parsed to milliseconds. */
export const duration = z
  .string()
  .regex(/^[0-9]+(\.[0-9]+)?(ms|s|m)$/, 'must be a duration such as 250ms, 3s or 1m')
  .transform((text) => Number.parseFloat(text) * (text.endsWith('ms') ? 1 : text.endsWith('s') ? 1000 : 60_000))
  .pipe(z.number().max(600_000, 'must be at most 10m'));

/** `1%`, `0.5%`. Parsed to a number. */
export const percentage = z
  .string()
  .regex(/^[0-9]+(\.[0-9]+)?%$/, 'must be a percentage such as 1%')
  .transform((text) => Number.parseFloat(text))
  .pipe(z.number().max(100, 'must be at most 100%'));

const NANOSECONDS = { us: 1e3, ms: 1e6, s: 1e9 } as const;

/** `>= 20ms`, `<= 100us`. Parsed to limits in nanoseconds. */
export const latencyLimit = z
  .string()
  .regex(/^(>=|<=) ?[0-9]+(\.[0-9]+)?(us|ms|s)$/, 'must be a limit such as ">= 20ms" or "<= 100ms"')
  .transform((text) => {
    const [, bound, number, unit] = /^(>=|<=) ?([0-9.]+)([a-z]+)$/.exec(text)!;
    const limit = Number(number) * NANOSECONDS[unit as keyof typeof NANOSECONDS];
    return { text, atLeast: bound === '>=' ? limit : 0, atMost: bound === '>=' ? Number.POSITIVE_INFINITY : limit };
  });

const BITS = { bit: 1, kbit: 1e3, mbit: 1e6, gbit: 1e9 } as const;

/** `512kbit`, `10mbit`, as tc(8) writes them. Parsed to bits a second. */
export const rate = z
  .string()
  .regex(/^[0-9]+(\.[0-9]+)?(bit|kbit|mbit|gbit)$/i, 'must be a rate such as 512kbit or 10mbit')
  .transform((text) => {
    const [, number, unit] = /^([0-9.]+)([a-z]+)$/i.exec(text)!;
    return Math.round(Number(number) * BITS[unit!.toLowerCase() as keyof typeof BITS]);
  })
  .pipe(z.number().min(8, 'must be at least 8bit').max(32e9, 'must be at most 32gbit'));

/** Kubernetes reads an empty text as one left out. */
export function orEmpty(text: z.ZodString) {
  return z
    .string()
    .transform((given) => given || undefined)
    .pipe(text.optional());
}

export function oneOrMany<T extends z.ZodType>(item: T) {
  return z.union([item, z.array(item).min(1)]);
}

/** Fields of a Kubernetes object that exist, are accepted, and mean nothing to a dataplane. */
export function accepted<const K extends string>(...keys: K[]): Record<K, z.ZodOptional<z.ZodUnknown>> {
  return Object.fromEntries(keys.map((key) => [key, z.unknown().optional()])) as Record<K, z.ZodOptional<z.ZodUnknown>>;
}
