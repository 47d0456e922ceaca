/**
 * Plan → kernel. Carries out operations in their order and decides nothing: links, addresses, routes and neighbours
 * by rtnetlink, settings by /proc/sys, rules by iptables-restore, several namespaces' at a time.
 */
import { closeSync, writeFileSync } from 'node:fs';
import { commandOf } from '../plan/command.ts';
import type { Operation, Plan } from '../plan/operation.ts';
import { runChecked } from './kernel/command.ts';
import { classify, KernelError, SystemCallError } from './kernel/errors.ts';
import { dumpLinks } from './kernel/links.ts';
import { addNamespace, deleteNamespace, inside, openNamespace } from './kernel/namespaces.ts';
import { NetlinkError, NetlinkSocket } from './kernel/netlink.ts';
import { isNetlinkOperation, messageOf } from './kernel/rtnetlink.ts';

/** iptables-restore mostly waits for the kernel (an RCU grace period a commit): many at a time cost no more than one. */
const LOADERS = 32;

/** Throws a KernelError for the first operation that fails; what was done before stays. */
export async function apply({ operations }: Plan): Promise<void> {
  const sockets = new Sockets();
  try {
    for (const group of groups(operations)) {
      const [first] = group;
      if (first!.kind === 'load-iptables') await loadRules(group);
      else if (isNetlinkOperation(first!)) sendMessages(group, sockets);
      else for (const operation of group) perform(operation, sockets);
    }
  } finally {
    sockets.close();
  }
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

/** Rules of any namespaces; otherwise the same step in one namespace. A tunnel needs the number of a link made before it. */
function goTogether(first: Operation, next: Operation): boolean {
  if (first.kind !== next.kind) return false;
  if (first.kind === 'load-iptables') return true;
  if (!isNetlinkOperation(first) || first.namespace !== next.namespace) return false;
  return next.kind !== 'add-link' || next.link.kind !== 'vxlan';
}

function perform(operation: Operation, sockets: Sockets): void {
  try {
    if (operation.kind === 'add-namespace') {
      addNamespace(operation.namespace);
    } else if (operation.kind === 'delete-namespace') {
      sockets.forget(operation.namespace);
      deleteNamespace(operation.namespace);
    } else if (operation.kind === 'set-sysctl') {
      const { key, value } = operation.sysctl;
      inside(operation.namespace, () => writeFileSync(`/proc/sys/${key.replaceAll('.', '/')}`, value));
    }
  } catch (error) {
    throw explained(
      operation,
      error instanceof SystemCallError ? error.message : ((error as NodeJS.ErrnoException).code ?? String(error)),
    );
  }
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

async function loadRules(group: readonly Operation[]): Promise<void> {
  const queue = [...group];
  const worker = async () => {
    for (let operation = queue.shift(); operation; operation = queue.shift()) {
      const { namespace } = operation;
      const { stdin } = commandOf(operation);
      try {
        await inside(namespace, () =>
          runChecked(['iptables-restore'], { stdin: stdin!, namespace, timeoutMs: 120_000 }),
        );
      } catch (error) {
        if (!(error instanceof KernelError)) throw error;
        throw new KernelError({ ...error.details, origin: operation.origin });
      }
    }
  };
  await Promise.all(Array.from({ length: LOADERS }, worker));
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
