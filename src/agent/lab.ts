/** A lab that stands: a cluster, the kernel state behind it, and the agent that holds it. */

import { classify, KernelError } from '../apply/kernel/errors.ts';
import type { SandboxKind } from '../apply/sandbox/namespaces.ts';
import type { Capture } from '../capture/capture.ts';
import type { RuleTrace } from '../capture/rule-trace.ts';
import type { KernelState } from '../compile/kernel-state.ts';
import type { AddressDestination, Check, ConnectionCheck, ListingName, StateCheck } from '../model/check.ts';
import { type Cluster, type Listener, type Place, type Service, serviceAddresses } from '../model/cluster.ts';
import type { IngressController } from '../model/ingress/index.ts';
import { type Surroundings, surroundingsOf } from '../model/surroundings.ts';
import type { Family } from '../net/address.ts';
import { converge } from '../plan/converge.ts';
import { plan } from '../plan/index.ts';
import type { ProbeRun } from '../probe/probe.ts';
import type { AgentClient } from './client.ts';
import { type Listing, withListings } from './plugin-listings.ts';
import type { Sandbox } from './sandbox.ts';
import { placeNamed, possibleTargets, targetOf } from './target.ts';

export interface Lab {
  readonly cluster: Cluster;
  /** With what CNI plugins have made. */
  readonly state: KernelState;
  readonly agent: AgentClient;
  readonly sandbox: SandboxKind;
  /** Release of the kernel it stands on. */
  readonly kernel: string;
}

/** Builds a lab of this process's own. It is gone when `close` has been called, or with the process. */
export async function buildLab(
  cluster: Cluster,
  state: KernelState,
  sandbox: Sandbox,
): Promise<Lab & { close(): Promise<void> }> {
  const { client, close } = await sandbox.startAgent();
  try {
    const { kernel } = await client.call('hello');
    await client.call('apply', plan(state));
    await client.call('listen', cluster.listeners);
    return { cluster, state: await asItStands(state, client), agent: client, sandbox: sandbox.kind, kernel, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A cluster, and the kernel state that was planned for it. */
type Planned = Pick<Lab, 'cluster' | 'state'>;

/** Why a lab could not be changed, and which it is now. */
export class ChangeError extends Error {
  /** It is again what it was before; or neither that nor what it should be. */
  readonly isRestored: boolean;

  constructor(cause: unknown, isRestored: boolean) {
    super(isRestored ? 'the lab is what it was before' : 'the lab is half changed', { cause });
    this.name = 'ChangeError';
    this.isRestored = isRestored;
  }
}

/**
 * Makes a lab into another one. Ports that are to answer no more say so while their network is there, as a container is stopped
 * before its network is taken from it. Throws a ChangeError.
 */
export async function become(agent: AgentClient, before: Planned, after: Planned): Promise<Planned> {
  try {
    await agent.call('listen', common(before.cluster.listeners, after.cluster.listeners));
    await agent.call('apply', converge(before.state, after.state));
    await agent.call('listen', after.cluster.listeners);
    return { cluster: after.cluster, state: await asItStands(after.state, agent) };
  } catch (error) {
    throw new ChangeError(error, await goBack(agent, after, before));
  }
}

/** Tells whether that could be done. */
async function goBack(agent: AgentClient, from: Planned, to: Planned): Promise<boolean> {
  try {
    await agent.call('restore', converge(from.state, to.state));
    await agent.call('listen', to.cluster.listeners);
    return true;
  } catch {
    return false;
  }
}

function common(before: readonly Listener[], after: readonly Listener[]): Listener[] {
  const wanted = new Set(after.map((listener) => JSON.stringify(listener)));
  return before.filter((listener) => wanted.has(JSON.stringify(listener)));
}

/** A state with what CNI plugins have added to it. */
export async function asItStands(state: KernelState, agent: AgentClient): Promise<KernelState> {
  const nodes = state.namespaces.filter(({ attachments }) => attachments.length > 0);
  if (nodes.length === 0) return state;
  const namespaces = nodes.flatMap(({ name, attachments }) => [name, ...attachments.map(({ pod }) => pod)]);
  const listings: Listing[] = [];
  for (const namespace of namespaces) {
    const list = async (...argv: string[]) => (await agent.call('run', { namespace, argv })).stdout;
    const [links, routes] = await Promise.all([list('ip', '-j', '-d', 'addr'), list('ip', '-j', 'route')]);
    listings.push({ namespace, links, routes });
  }
  return withListings(state, listings);
}

/** Everything seen while something happened. */
export interface Watched<T> {
  readonly result: T;
  readonly captures: readonly Capture[];
  readonly traces: readonly RuleTrace[];
}

export interface WatchOptions {
  readonly namespaces: readonly string[];
  /** Namespaces whose rules are traced as well, for so many probes that `action` sends. */
  readonly rules?: { readonly namespaces: readonly string[]; readonly probes: number };
}

/** Captures in all the namespaces while `action` runs, and until everything it sent stands in the captures. */
export async function watch<T>(
  { agent }: Lab,
  { namespaces, rules }: WatchOptions,
  action: () => Promise<T>,
): Promise<Watched<T>> {
  const trace = rules && (await agent.call('startRuleTrace', rules));
  const captures = await agent.call('startCaptures', namespaces);
  const result = await action();
  await agent.call('fence', captures);
  return {
    result,
    captures: await agent.call('stopCaptures', captures),
    traces: trace === undefined ? [] : await agent.call('stopRuleTrace', trace),
  };
}

/** Sends the probes of a check. */
export function probe(
  { agent, cluster }: Lab,
  { from, to, connections, intervalMs, timeoutMs, opens, on }: ConnectionCheck,
): Promise<ProbeRun[]> {
  const request = {
    namespace: placeNamed(cluster, from.place).netns,
    protocol: from.protocol,
    ...targetOf(cluster, { from, to }),
    ...((from.ip !== undefined || from.port !== undefined) && {
      source: {
        ...(from.ip !== undefined && { address: from.ip }),
        ...(from.port !== undefined && { port: from.port }),
      },
    }),
    ...(from.payload !== undefined && { payload: from.payload }),
    ...(from.size !== undefined && { size: from.size }),
    ...(from.ttl !== undefined && { ttl: from.ttl }),
    ...(!('lookup' in to) && to.http && { http: to.http }),
    timeoutMs,
    ...(opens !== undefined && { keep: opens }),
    ...(on !== undefined && { over: on }),
  };
  return agent.call('probe', { probe: request, times: connections, ...(intervalMs !== undefined && { intervalMs }) });
}

/** The command behind each listing of a state check: what one would type to see it. */
const LISTING_COMMANDS: Record<ListingName, readonly string[]> = {
  environment: ['env'],
  hostname: ['hostname', '-f'],
  hosts: ['cat', '/etc/hosts'],
  resolvConf: ['cat', '/etc/resolv.conf'],
  addresses: ['ip', '-br', 'addr'],
  links: ['ip', '-d', '-o', 'link'],
  routes: ['ip', 'route', 'show', 'table', 'all'],
  routeCache: ['ip', '-o', 'route', 'show', 'cache'],
  neighbours: ['ip', 'neigh'],
  fdb: ['bridge', 'fdb'],
  qdiscs: ['tc', 'qdisc'],
  sockets: ['ss', '-Htuln'],
  iptables: ['iptables-save'],
  ip6tables: ['ip6tables-save'],
  ipsets: ['ipset', 'save'],
  ipvs: ['ipvsadm', '-Ln'],
  nft: ['nft', 'list', 'ruleset'],
};

/** Those that show what a program finds at the place, rather than the kernel's state. */
const OF_SURROUNDINGS: readonly ListingName[] = ['environment', 'hostname', 'hosts', 'resolvConf'];

/** Reads the listings a state check looks at. */
export async function list(lab: Lab, check: StateCheck): Promise<Map<ListingName, string>> {
  const place = placeNamed(lab.cluster, check.at);
  const listings = check.listings.map(async ({ name }) => {
    const surroundings = OF_SURROUNDINGS.includes(name) ? surroundingsOf(lab.cluster, place) : undefined;
    return [name, await read(lab, place.netns, LISTING_COMMANDS[name], surroundings)] as const;
  });
  return new Map(await Promise.all(listings));
}

/** What connection tracking knows of UDP there. */
export function trackedDatagrams(lab: Lab, namespace: string, family: Family): Promise<string> {
  return read(lab, namespace, ['conntrack', '-L', '-p', 'udp', '-f', `ipv${family}`]);
}

/** What a program prints in a namespace. Throws a KernelError with its own words when it fails. */
async function read(
  { agent }: Lab,
  namespace: string,
  argv: readonly string[],
  surroundings?: Surroundings,
): Promise<string> {
  const { stdout, stderr, exitCode } = await agent.call('run', {
    namespace,
    argv,
    ...(surroundings && { surroundings }),
  });
  if (exitCode === 0) return stdout;
  throw new KernelError({ command: argv.join(' '), namespace, cause: stderr.trim(), ...classify(stderr) });
}

/**
 * Every namespace a packet of the checks can meet: all machines and containers, the sending pods, and the pods that may be
 * reached. A connection that was opened before may lead to any pod.
 */
export function namespacesOnTheWay(cluster: Cluster, checks: readonly Check[]): string[] {
  const connections = checks.filter((check) => check.kind === 'connection');
  const senders = new Set(connections.map(({ from }) => from.place));
  const targets = connections.flatMap((check) => possibleTargets(cluster, check));
  const ports = new Set(targets.map(({ port }) => port));
  const balanced = cluster.services.filter(({ namespace, name }) =>
    cluster.pods.some(
      ({ balances, ports: own }) =>
        balances === `${namespace}/${name}` && own.some(({ hostPort }) => ports.has(hostPort)),
    ),
  );
  const addresses = new Set([
    ...targets.flatMap((to) => [to.address, ...endpointAddresses(cluster, to)]),
    ...balanced.flatMap((service) => endpointAddresses(cluster, { address: service.clusterIP })),
  ]);
  const isOpen = connections.some(({ on }) => on !== undefined);
  const pods = cluster.pods.filter(
    (pod) =>
      isOpen ||
      senders.has(pod.place) ||
      pod.addresses.some((address) => addresses.has(address)) ||
      pod.ports.some(({ hostPort }) => hostPort !== undefined && ports.has(hostPort)),
  );
  const controllers = cluster.ingressControllers.filter(({ pod }) => pods.includes(pod));
  const served = new Set(controllers.flatMap((controller) => backendAddresses(controller, cluster)));
  const behind = cluster.pods.filter((pod) => pod.addresses.some((address) => served.has(address)));
  const machines: Place[] = [...cluster.nodes, ...cluster.hosts, ...cluster.routers, ...cluster.containers];
  return [...new Set([...machines, ...pods, ...behind].map(({ netns }) => netns))].sort();
}

/** Whom a controller may pass a request on to. */
function backendAddresses(
  { ingresses, defaultBackend }: IngressController,
  cluster: Pick<Cluster, 'services'>,
): string[] {
  const backends = ingresses.flatMap(({ rules, defaultBackend: own }) => [
    own,
    ...rules.flatMap(({ paths }) => paths.map(({ backend }) => backend)),
  ]);
  const endpoints = [...backends, defaultBackend].flatMap((backend) => backend?.endpoints ?? []);
  return endpoints.flatMap((each) => [each.address, ...endpointAddresses(cluster, each)]);
}

/** Addresses of the endpoints of every Service the destination may stand for; an endpoint may stand for one itself. */
function endpointAddresses(
  { services }: Pick<Cluster, 'services'>,
  to: Pick<AddressDestination, 'address' | 'port'>,
  met: readonly Service[] = [],
): string[] {
  const reached = services.filter(
    (service) =>
      !met.includes(service) &&
      (serviceAddresses(service).includes(to.address) ||
        service.ports.some(({ nodePort }) => nodePort !== undefined && nodePort === to.port)),
  );
  const endpoints = reached.flatMap(({ ports }) => ports.flatMap(({ endpoints }) => endpoints));
  return endpoints.flatMap((each) => [each.address, ...endpointAddresses({ services }, each, [...met, ...reached])]);
}
