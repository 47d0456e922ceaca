/**
 * Question → Reply, as CoreDNS gives it with kubeadm's Corefile: the plugin kubernetes with `pods insecure` and a fallthrough
 * for names of addresses, then the plugin hosts for names outside, then a resolver that knows no others (coredns
 * plugin/kubernetes, plugin/backend_lookup.go).
 */
import { familyOf } from '../net/address.ts';
import {
  type Question,
  type RecordData,
  type Reply,
  type ResourceRecord,
  type Status,
  TTL,
  type Zone,
} from './record.ts';

export function answer(zone: Zone, question: Question): Reply {
  const { name } = question;
  const { exists, answers } = find(zone, question, []);
  if (answers.length > 0)
    return { status: 'NOERROR', authoritative: true, answers, authorities: [], additionals: targetsOf(zone, answers) };
  const isOurs = isBelow(zone, name);
  /** The plugin hosts has no SOA to give. */
  const authorities = isOurs ? [authorityOf(zone)] : exists ? [] : [ROOT];
  const status: Status = exists ? 'NOERROR' : 'NXDOMAIN';
  return { status, authoritative: isOurs || exists, answers, authorities, additionals: [] };
}

/** `svc.cluster.local` and the like are there, and have no records. */
interface Found {
  readonly exists: boolean;
  readonly answers: readonly ResourceRecord[];
}

/** With the CNAMEs on the way. One whose target below the domain has no such record is left out, as are those that come round. */
function find(zone: Zone, { name, type }: Question, chain: readonly string[]): Found {
  const records = recordsOf(zone, name.toLowerCase());
  if (!records) return { exists: false, answers: [] };
  const own = records.filter((record) => record.type === type).map((record) => ({ ...record, name }));
  const alias = records.find((record) => record.type === 'CNAME');
  if (own.length > 0 || alias?.type !== 'CNAME' || !FOLLOWED.includes(type)) return { exists: true, answers: own };
  const target = alias.data;
  if (chain.length > MAX_CHAIN || chain.includes(target) || target === name) return { exists: true, answers: [] };
  const { answers } = find(zone, { name: target, type }, [...chain, target]);
  const isComplete = answers.length > 0 || !isBelow(zone, target);
  return { exists: true, answers: isComplete ? [{ ...alias, name }, ...answers] : [] };
}

const FOLLOWED = ['A', 'AAAA', 'TXT'];
const MAX_CHAIN = 10;

function recordsOf({ domain, namespaces, records }: Zone, name: string): readonly RecordData[] | undefined {
  const known = records.get(name);
  if (known) return known;
  if (name === domain) return [];
  if (!name.endsWith(`.${domain}`)) return undefined;
  const [kind, namespace, pod, ...rest] = name
    .slice(0, -domain.length - 1)
    .split('.')
    .reverse();
  if (rest.length > 0 || (kind !== 'svc' && kind !== 'pod')) return undefined;
  if (namespace === undefined) return [];
  if (!namespaces.includes(namespace)) return undefined;
  if (pod === undefined) return [];
  return kind === 'pod' ? podRecords(pod) : undefined;
}

/** `pods insecure`: whatever reads as an address is one (plugin/kubernetes/kubernetes.go, findPods). */
function podRecords(label: string): readonly RecordData[] | undefined {
  const isIpv4 = label.split('-').length === 4 && !label.includes('--');
  const address = label.replaceAll('-', isIpv4 ? '.' : ':');
  const family = familyOf(address);
  if (family === undefined) return undefined;
  return [{ type: family === 4 ? 'A' : 'AAAA', ttl: TTL, data: address }];
}

/** The addresses of what SRV and NS records name. */
function targetsOf(zone: Zone, answers: readonly ResourceRecord[]): ResourceRecord[] {
  const targets = answers.flatMap((record) =>
    record.type === 'SRV' ? record.data.target : record.type === 'NS' ? record.data : [],
  );
  return [...new Set(targets)].flatMap((name) =>
    (recordsOf(zone, name) ?? [])
      .filter(({ type }) => type === 'A' || type === 'AAAA')
      .map((data) => ({ ...data, name })),
  );
}

function isBelow({ domain }: Zone, name: string): boolean {
  const lower = name.toLowerCase();
  return lower === domain || lower.endsWith(`.${domain}`);
}

/** How long it may be remembered that there is no such record (RFC 2308). */
function authorityOf({ domain, records }: Zone): ResourceRecord {
  return { ...records.get(domain)!.find(({ type }) => type === 'SOA')!, name: domain };
}

/** That of the root, which a resolver outside gives for names nobody has. */
const ROOT: ResourceRecord = {
  name: '.',
  type: 'SOA',
  ttl: 86_400,
  data: {
    mname: 'a.root-servers.net',
    rname: 'nstld.verisign-grs.com',
    serial: 1,
    refresh: 1800,
    retry: 900,
    expire: 604_800,
    minimum: 86_400,
  },
};
