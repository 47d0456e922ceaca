/**
 * Plan → kernel. Carries out operations in their order and decides nothing: links, addresses, routes and neighbours
 * by rtnetlink, settings by /proc/sys, rules by iptables-restore, several namespaces' at a time; what a process serves is
 * handed to whoever serves it.
 */
import { closeSync, writeFileSync } from 'node:fs';
import { setImmediate as aMoment } from 'node:timers/promises';
import { DAEMON_PROGRAMS, type DaemonProgram, type Daemons } from '../compile/daemon.ts';
import type { PassThrough } from '../compile/pass-through.ts';
import type { Relay, RelayProgram } from '../compile/relay.ts';
import type { Speaker } from '../compile/speaker.ts';
import type { UdpTunnel } from '../compile/udp-tunnel.ts';
import { commandOf } from '../plan/command.ts';
import type { LoadRules, Operation, Plan, SetDaemon } from '../plan/operation.ts';
import type { Attachments } from './cni/attachments.ts';
import { classify, KernelError } from './kernel/errors.ts';
import { dumpLinks } from './kernel/links.ts';
import { runLoader } from './kernel/loader.ts';
import { addNamespace, deleteNamespace, inside, openNamespace } from './kernel/namespaces.ts';
import { NetlinkError, NetlinkSocket } from './kernel/netlink.ts';
import { withPortOwner } from './kernel/port-owner.ts';
import { isNetlinkOperation, messageOf } from './kernel/rtnetlink.ts';
import { makeTun } from './kernel/tun.ts';
import { configureWireguard } from './kernel/wireguard.ts';
import type { Retirement } from './retirement.ts';
import { deleteStaleFlows } from './stale-flows.ts';

/** iptables-restore mostly waits for the kernel (an RCU grace period a commit): many at a time cost no more than one. */
const LOADERS_AT_ONCE = 32;
/** Plugins are programs that compute as well. */
const NODES_AT_ONCE = 4;

/** What goes on in a lab after a plan has been carried out. */
export interface Residents {
  readonly retirement: Retirement;
  readonly relays: { set(namespace: string, program: RelayProgram, relays: readonly Relay[]): void };
  readonly tunnels: { set(namespace: string, tunnels: readonly UdpTunnel[]): void };
  readonly passThroughs: { set(namespace: string, passThroughs: readonly PassThrough[]): Promise<void> };
  readonly speakers: { set(namespace: string, speaker: Speaker | undefined): void; settle(): Promise<void> };
  readonly daemons: {
    readonly [P in DaemonProgram]: {
      set(namespace: string, daemon: Daemons[P]): Promise<void>;
      /** Waits until what it brings about is there. */
      settle(): Promise<void>;
    };
  };
  readonly attachments: Attachments;
}

/**
 * Throws a KernelError for the first operation that fails; what was done before stays. Rules are loaded by programs,
 * which run while this process goes on with what does not concern rules.
 */
export async function apply(plan: Plan, residents: Residents): Promise<void> {
  try {
    await carryOut(plan, residents);
  } catch (error) {
    throw await withPortOwner(error);
  }
}

async function carryOut({ operations }: Plan, residents: Residents): Promise<void> {
  const { retirement } = residents;
  const sockets = new Sockets();
  const loading: Promise<void>[] = [];
  try {
    for (const group of groups(operations)) {
      if (isGroupOf('load-rules', group)) {
        for (const { namespace, program, text } of group)
          if (program === 'ipvs') await retirement.readmit(namespace, text);
        const load = loadRules(group);
        /** It is awaited below; until then its failure must not be taken for one that nobody cares about. */
        load.catch(() => {});
        loading.push(load);
      } else if (isGroupOf('retire-server', group)) {
        for (const { namespace, server } of group) await retirement.retire(namespace, server);
      } else if (isGroupOf('set-pass-throughs', group)) {
        for (const { namespace, passThroughs } of group) await residents.passThroughs.set(namespace, passThroughs);
      } else if (isGroupOf('delete-stale-flows', group)) {
        /** What comes before the rules are there would be remembered as it was. */
        await Promise.all(loading);
        await forEachNamespace(group, LOADERS_AT_ONCE, ({ namespace, flows }) => deleteStaleFlows(namespace, flows));
      } else if (isGroupOf('set-daemon', group)) {
        await Promise.all(group.map((operation: SetDaemon) => setDaemon(operation, residents)));
      } else if (isPluginGroup(group)) {
        /** They write rules among those that are loaded, and links beside those that are known here. */
        await Promise.all(loading);
        await callPlugins(group, residents.attachments);
        sockets.forgetLinks();
      } else if (isNetlinkOperation(group[0]!)) sendMessages(group, sockets);
      else for (const operation of group) perform(operation, sockets, residents);
      if (loading.length > 0) await aMoment();
    }
  } finally {
    sockets.close();
    await Promise.allSettled(loading);
  }
  await Promise.all(loading);
  /** A device made anew has forgotten what it heard. */
  if (operations.some(({ kind }) => kind === 'set-daemon' || kind === 'add-link'))
    for (const program of DAEMON_PROGRAMS) await residents.daemons[program].settle();
  await residents.speakers.settle();
}

/** Neighbouring operations that can be carried out together, so that one system call does for many. */
function* groups(operations: readonly Operation[]): Generator<Operation[]> {
  let group: Operation[] = [];
  for (const operation of operations) {
    if (group.length > 0 && !goTogether(group[0]!, operation)) {
      yield group;
      group = [];
    }
    group.push(operation);
  }
  if (group.length > 0) yield group;
}

/** Rules, daemons, stale flows and plugins of any namespaces; otherwise the same step in one namespace. A tunnel needs the number of a link made before it. */
function goTogether(first: Operation, next: Operation): boolean {
  if (first.kind !== next.kind) return false;
  if (TOGETHER.includes(first.kind) || isPluginOperation(first)) return true;
  if (!isNetlinkOperation(first) || first.namespace !== next.namespace) return false;
  return next.kind !== 'add-link' || next.link.kind !== 'vxlan';
}

const TOGETHER: readonly Operation['kind'][] = ['load-rules', 'set-daemon', 'delete-stale-flows'];

function isGroupOf<K extends Operation['kind']>(
  kind: K,
  group: readonly Operation[],
): group is readonly Extract<Operation, { kind: K }>[] {
  return group[0]?.kind === kind;
}

const PLUGIN_OPERATIONS = ['add-to-network', 'delete-from-network', 'collect-garbage'] as const;
type PluginOperation = Extract<Operation, { kind: (typeof PLUGIN_OPERATIONS)[number] }>;

function isPluginOperation(operation: Operation): operation is PluginOperation {
  return PLUGIN_OPERATIONS.some((kind) => kind === operation.kind);
}

function isPluginGroup(group: readonly Operation[]): group is readonly PluginOperation[] {
  return isPluginOperation(group[0]!);
}

function perform(operation: Operation, sockets: Sockets, { relays, tunnels, speakers, attachments }: Residents): void {
  try {
    if (operation.kind === 'add-namespace') {
      addNamespace(operation.namespace);
    } else if (operation.kind === 'delete-namespace') {
      sockets.forget(operation.namespace);
      attachments.forget(operation.namespace);
      deleteNamespace(operation.namespace);
    } else if (operation.kind === 'set-sysctl') {
      const { key, value } = operation.sysctl;
      inside(operation.namespace, () => writeFileSync(`/proc/sys/${key.replaceAll('.', '/')}`, value));
    } else if (operation.kind === 'set-relays') {
      relays.set(operation.namespace, operation.program, operation.relays);
    } else if (operation.kind === 'set-tunnels') {
      tunnels.set(operation.namespace, operation.tunnels);
    } else if (operation.kind === 'set-speaker') {
      speakers.set(operation.namespace, operation.speaker);
    } else if (operation.kind === 'set-wireguard') {
      inside(operation.namespace, () => configureWireguard(operation.device));
    } else if (operation.kind === 'add-tun') {
      inside(operation.namespace, () => makeTun(operation.name));
      sockets.forgetLinks();
    }
  } catch (error) {
    throw explained(operation, error instanceof Error ? error.message : String(error));
  }
}

function setDaemon(operation: SetDaemon, { daemons }: Residents): Promise<void> {
  const { namespace, program } = operation;
  return program === 'bird'
    ? daemons[program].set(namespace, operation.daemon)
    : daemons[program].set(namespace, operation.daemon);
}

function sendMessages(group: readonly Operation[], sockets: Sockets): void {
  const { namespace } = group[0]!;
  try {
    sockets
      .of(namespace)
      .request(group.map((operation) => messageOf(operation as Parameters<typeof messageOf>[0], sockets)));
    if (group[0]!.kind === 'add-link' || group[0]!.kind === 'delete-link') sockets.forgetLinks();
  } catch (error) {
    if (!(error instanceof NetlinkError)) throw error;
    throw explained(group[error.index]!, error.explanation ? `${error.code}: ${error.explanation}` : error.code);
  } finally {
    sockets.releaseFds();
  }
}

function loadRules(group: readonly LoadRules[]): Promise<void> {
  return forEachNamespace(group, LOADERS_AT_ONCE, runLoader);
}

/** Those of one node one after the other: what they make has the same numbers each time. */
function callPlugins(group: readonly PluginOperation[], attachments: Attachments): Promise<void> {
  return forEachNamespace(group, NODES_AT_ONCE, (operation) => {
    const { namespace } = operation;
    if (operation.kind === 'collect-garbage') return attachments.collect(namespace, operation);
    const { attachment } = operation;
    return operation.kind === 'add-to-network'
      ? attachments.add(namespace, attachment)
      : attachments.delete(namespace, attachment);
  });
}

/** Several namespaces at a time, the operations of one in their order. */
async function forEachNamespace<O extends Operation>(
  group: readonly O[],
  atOnce: number,
  action: (operation: O) => Promise<void>,
): Promise<void> {
  const byNamespace = new Map<string, O[]>();
  for (const operation of group) {
    const own = byNamespace.get(operation.namespace);
    if (own) own.push(operation);
    else byNamespace.set(operation.namespace, [operation]);
  }
  const queue = [...byNamespace.values()];
  const worker = async () => {
    for (let own = queue.shift(); own; own = queue.shift()) for (const operation of own) await action(operation);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}

function explained(operation: Operation, cause: string): KernelError {
  const { code, remedy } = classify(cause);
  return new KernelError({
    code,
    cause,
    command: commandOf(operation).argv.join(' '),
    namespace: operation.namespace,
    origin: operation.origin,
    ...(remedy && { remedy }),
  });
}

/** One netlink socket a namespace, for the length of a plan, and the numbers of its links. */
class Sockets {
  readonly #sockets = new Map<string, NetlinkSocket>();
  readonly #links = new Map<string, Map<string, number>>();
  #fds: number[] = [];

  of(namespace: string): NetlinkSocket {
    let socket = this.#sockets.get(namespace);
    if (!socket) {
      socket = inside(namespace, () => new NetlinkSocket());
      this.#sockets.set(namespace, socket);
    }
    return socket;
  }

  indexOf(namespace: string, device: string): number {
    const known = this.#links.get(namespace)?.get(device);
    if (known !== undefined) return known;
    const links = new Map([...dumpLinks(this.of(namespace))].map(([index, name]) => [name, index]));
    this.#links.set(namespace, links);
    const index = links.get(device);
    if (index === undefined)
      throw new KernelError({
        code: 'failed',
        command: `ip -n ${namespace} link show ${device}`,
        namespace,
        cause: 'there is no such link',
      });
    return index;
  }

  namespaceFd(namespace: string): number {
    const fd = openNamespace(namespace);
    this.#fds.push(fd);
    return fd;
  }

  releaseFds(): void {
    for (const fd of this.#fds) closeSync(fd);
    this.#fds = [];
  }

  /** A link made anew has another number. */
  forgetLinks(): void {
    this.#links.clear();
  }

  forget(namespace: string): void {
    this.#sockets.get(namespace)?.close();
    this.#sockets.delete(namespace);
    this.#links.delete(namespace);
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
  }
}
