/**
 * A probe to a name: the sender finds the address out as its C library would, and then sends (glibc resolv/res_query.c,
 * res_send.c). Every question is a probe of its own, so its packets are seen like any others.
 */
import { attemptsOf, candidates, nameserversOf } from '../../dns/resolver.ts';
import { isIpv6 } from '../../net/address.ts';
import { DNS_PORT } from '../../net/port.ts';
import type { LookupRequest, NamedProbeRequest, ProbeRequest, ProbeRun } from '../probe.ts';

/** Sends one probe. */
type Send = (request: ProbeRequest) => Promise<ProbeRun>;

/**
 * The run of what was sent last, with the questions before it: to the address, or without a port, or where there is no
 * address, the last question itself. What /etc/hosts has is not asked for.
 */
export async function sendToName(request: NamedProbeRequest, ask: Send, send: Send): Promise<ProbeRun> {
  const { destination, ...rest } = request;
  const { lookup, port } = destination;
  const found = lookup.known.length > 0 ? { queries: [], addresses: lookup.known } : await resolve(request, ask);
  const { queries } = found;
  const address = found.addresses.toSorted((a, b) => precedence(b) - precedence(a))[0];
  if (address !== undefined && port !== undefined)
    return { ...(await send({ ...rest, destination: { address, port } })), name: lookup.name, queries };
  const last = queries.at(-1)!;
  const isUnresolved = address === undefined;
  return { ...last, name: lookup.name, queries: queries.slice(0, -1), ...(isUnresolved && { unresolved: true }) };
}

interface Resolution {
  readonly queries: readonly ProbeRun[];
  /** The data of answers of the types asked for. */
  readonly addresses: readonly string[];
}

async function resolve({ namespace, timeoutMs, destination }: NamedProbeRequest, ask: Send): Promise<Resolution> {
  const { name, types, resolver } = destination.lookup;
  const queries: ProbeRun[] = [];
  for (const candidate of candidates(name, resolver)) {
    const addresses: string[] = [];
    for (const type of types) {
      const question = { name: candidate, type };
      const runs = await askAll({ namespace, protocol: 'UDP', question, timeoutMs }, resolver, ask);
      queries.push(...runs);
      const reply = replyOf(runs.at(-1)!);
      /** Whoever hears nothing does not ask for other names. */
      if (!reply) return { queries, addresses };
      addresses.push(...reply.answers.flatMap((record) => (record.type === type ? String(record.data) : [])));
    }
    if (addresses.length > 0) return { queries, addresses };
  }
  return { queries, addresses: [] };
}

/** One nameserver after the other, and all of them again, until one knows; over TCP what does not fit into a datagram. */
async function askAll(
  query: Omit<ProbeRequest, 'destination'>,
  resolver: LookupRequest['resolver'],
  ask: Send,
): Promise<ProbeRun[]> {
  const runs: ProbeRun[] = [];
  for (let attempt = 0; attempt < Math.max(1, attemptsOf(resolver)); attempt++) {
    for (const address of nameserversOf(resolver)) {
      const destination = { address, port: DNS_PORT };
      runs.push(await ask({ ...query, destination }));
      if (replyOf(runs.at(-1)!)?.truncated) runs.push(await ask({ ...query, protocol: 'TCP', destination }));
      const status = replyOf(runs.at(-1)!)?.status;
      if (status === 'NOERROR' || status === 'NXDOMAIN') return runs;
    }
  }
  return runs;
}

function replyOf({ result }: ProbeRun) {
  return result.kind === 'answered' ? result.reply : undefined;
}

/** RFC 6724 2.1: global IPv6 before IPv4, and that before unique local addresses. */
function precedence(address: string): number {
  if (!isIpv6(address)) return 35;
  return /^f[cd]/i.test(address) ? 3 : 40;
}
