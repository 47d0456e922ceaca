/** What DNS is about: questions, records, replies, and the zone that replies are made from (RFC 1035, RFC 2782). */

/** Names have no final dot and keep their case; they are compared without it. */
export interface Question {
  readonly name: string;
  /** `A`; a type that has no name here is as it is written on the wire, `UNKNOWN_65`. */
  readonly type: string;
}

/** The types a zone has, and a check may ask for. */
export const RECORD_TYPES = ['A', 'AAAA', 'CNAME', 'SRV', 'PTR', 'NS', 'SOA', 'TXT'] as const;
export type RecordType = (typeof RECORD_TYPES)[number];

export interface ServiceData {
  readonly priority: number;
  readonly weight: number;
  readonly port: number;
  readonly target: string;
}

export interface AuthorityData {
  readonly mname: string;
  readonly rname: string;
  readonly serial: number;
  readonly refresh: number;
  readonly retry: number;
  readonly expire: number;
  readonly minimum: number;
}

/** A record without its owner's name; `ttl` in seconds. */
export type RecordData = { readonly ttl: number } & (
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'NS' | 'PTR' | 'TXT'; readonly data: string }
  | { readonly type: 'SRV'; readonly data: ServiceData }
  | { readonly type: 'SOA'; readonly data: AuthorityData }
);

export type ResourceRecord = RecordData & { readonly name: string };

export const STATUSES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'] as const;
export type Status = (typeof STATUSES)[number];

export interface Reply {
  readonly status: Status;
  readonly authoritative: boolean;
  readonly answers: readonly ResourceRecord[];
  readonly authorities: readonly ResourceRecord[];
  readonly additionals: readonly ResourceRecord[];
}

/** All names a cluster's DNS knows. */
export interface Zone {
  /** `cluster.local` */
  readonly domain: string;
  /** Those there are: every address is the name of a pod in each. */
  readonly namespaces: readonly string[];
  /** By name, in lower case: those below the domain, those of addresses, and those outside the cluster. */
  readonly records: ReadonlyMap<string, readonly RecordData[]>;
}

/** Of a service, a pod or an address's name, as kubeadm's Corefile has it. */
export const TTL = 30;

/** A record's data as `dig +short` prints it. */
export function formatData(record: RecordData): string {
  switch (record.type) {
    case 'A':
    case 'AAAA':
      return record.data;
    case 'TXT':
      return JSON.stringify(record.data);
    case 'SRV': {
      const { priority, weight, port, target } = record.data;
      return `${priority} ${weight} ${port} ${target}.`;
    }
    case 'SOA': {
      const { mname, rname, serial, refresh, retry, expire, minimum } = record.data;
      return `${mname}. ${rname}. ${serial} ${refresh} ${retry} ${expire} ${minimum}`;
    }
    default:
      return `${record.data}.`;
  }
}

/** RFC 1035 3.1: why a text is no name of DNS; undefined when it is one. */
export function nameProblem(name: string): string | undefined {
  const labels = name.replace(/\.$/, '').split('.');
  const long = labels.find((label) => label.length > MAX_LABEL);
  if (long !== undefined)
    return `the label "${long.slice(0, 16)}…" has ${long.length} characters, at most ${MAX_LABEL} are allowed`;
  if (name.length > MAX_NAME) return `the name has ${name.length} characters, at most ${MAX_NAME} are allowed`;
  const wrong = labels.find((label) => !/^[a-z0-9_]([-a-z0-9_]*[a-z0-9_])?$/i.test(label));
  return wrong === undefined ? undefined : `"${wrong}" is no label of a name: letters, digits, "-" and "_"`;
}

const MAX_LABEL = 63;
const MAX_NAME = 253;

/** The name under which an address is looked up (RFC 1035 3.5, RFC 3596 2.5). */
export function reverseName(address: string, bytes: Uint8Array): string {
  if (!address.includes(':')) return `${[...bytes].reverse().join('.')}.in-addr.arpa`;
  const digits = [...bytes].flatMap((byte) => [byte >> 4, byte & 0xf]).map((digit) => digit.toString(16));
  return `${digits.reverse().join('.')}.ip6.arpa`;
}
