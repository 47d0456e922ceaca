/**
 * Private namespaces in which a lab lives, with no way out. The host's network, mounts and processes are out of reach,
 * and everything is gone when the first process in them is.
 */
import { readlinkSync } from 'node:fs';

export type NamespaceKind = 'rootless' | 'root';

/** Private namespaces, or a virtual machine in which labs live in such namespaces in turn. */
export type SandboxKind = NamespaceKind | 'vm';

/** Ordinary users get a user namespace, root does without. */
export function usualNamespaces(): NamespaceKind {
  return process.getuid?.() === 0 ? 'root' : 'rootless';
}

const SHARED = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

/**
 * `--map-current-user --keep-caps` rather than `--map-root-user`: as uid 0 tcpdump would try to change to another
 * user, and a user namespace with one user has none.
 */
const ARGUMENTS: Record<NamespaceKind, readonly string[]> = {
  rootless: ['--user', '--map-current-user', '--keep-caps', ...SHARED],
  root: SHARED,
};

/** The command that runs a program as first process of a sandbox. When `tied`, the sandbox dies with whoever starts it. */
export function namespacesCommand(kind: NamespaceKind, program: readonly string[], tied: boolean): string[] {
  const command = ['unshare', ...ARGUMENTS[kind], ...program];
  return tied ? tiedCommand(command) : command;
}

/** The command that runs a program which dies with whoever starts it, also when that is killed (prctl(2), PR_SET_PDEATHSIG). */
export function tiedCommand(argv: readonly string[]): string[] {
  return ['setpriv', '--pdeathsig', 'KILL', ...argv];
}

/** Identifies the network namespace of this process: what a sandbox must not be in. */
export function hostNamespace(): string {
  return readlinkSync('/proc/self/ns/net');
}
