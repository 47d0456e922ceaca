/** A sandbox starts the agents of labs: in namespaces of this machine, or in those of a virtual one. */
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { start } from '../apply/kernel/command.ts';
import { SandboxError } from '../apply/sandbox/error.ts';
import { hostNamespace, type NamespaceKind, namespacesCommand, type SandboxKind } from '../apply/sandbox/namespaces.ts';
import type { GuestKernel } from '../apply/sandbox/vm/kernel.ts';
import type { Machine } from '../apply/sandbox/vm/machine.ts';
import { AgentClient } from './client.ts';
import { programPath } from './programs.ts';

export interface Sandbox {
  readonly kind: SandboxKind;
  /** Starts the agent of a lab of this process's own: it dies with it. Throws a SandboxError when it cannot. */
  startAgent(): Promise<OwnAgent>;
}

export interface OwnAgent {
  readonly client: AgentClient;
  /** Ends the lab and waits until it is gone. */
  close(): Promise<void>;
}

export function namespaceSandbox(kind: NamespaceKind): Sandbox {
  return { kind, startAgent: () => startInNamespaces(kind) };
}

export function machineSandbox(machine: Machine): Sandbox {
  return { kind: 'vm', startAgent: () => startInMachine(machine) };
}

async function startInNamespaces(kind: NamespaceKind): Promise<OwnAgent> {
  const command = namespacesCommand(kind, [process.execPath, programPath('agent'), hostNamespace(), 'pipe'], true);
  const child = start(command, {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
    buffer: false,
    detached: true,
    cleanup: true,
  });
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer | string) => (errors += chunk.toString()));
  const ended = child.then((result) =>
    sandboxFailure(kind, result.code === 'ENOENT' ? `${command[0]} is not installed` : errors),
  );
  const stream = child.stdio[3] as Duplex | undefined;
  if (!stream) throw await ended;
  const client = new AgentClient(stream, () => ended);
  await client.call('hello');
  return {
    client,
    close: async () => {
      client.close();
      await ended;
    },
  };
}

/** Time for the console to tell why a machine or a lab in it died, when it has. */
const LAST_WORDS_MS = 500;

async function startInMachine(machine: Machine): Promise<OwnAgent> {
  const labEnded = async () => {
    await delay(LAST_WORDS_MS);
    return machine.problem ?? new SandboxError('the lab in the virtual machine ended');
  };
  const client = new AgentClient(machine.open(), () => Promise.race([machine.ended, labEnded()]));
  await client.call('hello');
  return { client, close: async () => client.close() };
}

/** Where a lab is to be that outlives this process. */
export type DetachedPlace = { readonly kind: NamespaceKind } | { readonly kind: 'vm'; readonly kernel: GuestKernel };

/** The command of the process that holds such a lab; it serves the socket. */
export function detachedCommand(place: DetachedPlace, socketPath: string): string[] {
  if (place.kind === 'vm') return [process.execPath, programPath('keeper'), socketPath, JSON.stringify(place.kernel)];
  const agent = [process.execPath, programPath('agent'), hostNamespace(), 'socket', socketPath];
  return namespacesCommand(place.kind, agent, false);
}

/** What made a sandbox end, from the words of the program that made it. */
export function sandboxFailure(kind: SandboxKind, errors: string): SandboxError {
  const words = errors.trim();
  if (/unshare failed|not permitted|denied|No space left|cannot open|write failed/.test(words)) {
    if (kind === 'rootless')
      return new SandboxError(`this system does not let ordinary users make namespaces: ${words}`, USER_NAMESPACES);
    if (kind === 'root') return new SandboxError(`this container may not make namespaces: ${words}`, CAPABILITIES);
  }
  if (/not installed/.test(words) && kind !== 'vm') return new SandboxError(words, 'sudo apt-get install util-linux');
  if (kind === 'vm') {
    const [message = '', remedy] = words.split(REMEDY);
    return new SandboxError(message === '' ? 'the virtual machine ended' : message, remedy);
  }
  return new SandboxError(words === '' ? 'the sandbox ended' : `the sandbox ended: ${words}`);
}

/** Stands between message and remedy where an error is passed on as text. */
export const REMEDY = '\n  = ';

const USER_NAMESPACES =
  'allow it (Ubuntu: sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0; others: sudo sysctl -w user.max_user_namespaces=10000), run packetwalk with sudo, or with --sandbox vm, which needs no right at all';

/** Root is refused this in containers only. */
const CAPABILITIES =
  'give it the capabilities SYS_ADMIN and NET_ADMIN and no AppArmor profile (docs/ci.md), or run packetwalk with --sandbox vm, which needs no right at all';
