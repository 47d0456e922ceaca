/**
 * Network namespaces of the sandbox, by name under /run/netns, as `ip netns` has them.
 *
 * `inside` runs a function with this thread in a namespace. It is synchronous on purpose: sockets opened through
 * libc, files written with the Sync calls of node:fs, and children started by it belong to the namespace; anything
 * asynchronous would run after the way back, in the wrong one.
 */
import { closeSync, mkdirSync, openSync, unlinkSync, writeFileSync } from 'node:fs';
import { bindMount, setns, unmount, unshareNetwork } from './libc.ts';

const NETNS_FOLDER = '/run/netns';
const OWN = '/proc/thread-self/ns/net';

let home: number | undefined;

function homeNamespace(): number {
  home ??= openSync(OWN, 'r');
  return home;
}

/** Makes a namespace and gives it a name. */
export function addNamespace(name: string): void {
  const back = homeNamespace();
  const path = `${NETNS_FOLDER}/${name}`;
  mkdirSync(NETNS_FOLDER, { recursive: true });
  writeFileSync(path, '', { flag: 'wx' });
  unshareNetwork();
  try {
    bindMount(OWN, path);
  } finally {
    returnTo(back);
  }
}

/** The kernel frees the namespace with its last process and socket. */
export function deleteNamespace(name: string): void {
  const path = `${NETNS_FOLDER}/${name}`;
  unmount(path);
  unlinkSync(path);
}

/** A descriptor of a namespace, for messages that name one; the caller closes it. */
export function openNamespace(name: string): number {
  return openSync(`${NETNS_FOLDER}/${name}`, 'r');
}

/** Runs `action` in a namespace. */
export function inside<T>(name: string, action: () => T): T {
  const back = homeNamespace();
  const target = openNamespace(name);
  try {
    setns(target);
  } finally {
    closeSync(target);
  }
  try {
    return action();
  } finally {
    returnTo(back);
  }
}

/** A process that cannot get back must not go on: everything it did next would happen in the wrong namespace. */
function returnTo(fd: number): void {
  try {
    setns(fd);
  } catch {
    process.abort();
  }
}
