/**
 * Labs that outlive the command that made them. Each has a folder with its agent's socket and a description; the
 * folder belongs to one user and is gone with the lab.
 */
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { startDetached } from '../apply/kernel/child.ts';
import { runningSince, stopProcess } from '../apply/kernel/command.ts';
import { SandboxError } from '../apply/sandbox/error.ts';
import type { SandboxKind } from '../apply/sandbox/namespaces.ts';
import type { KernelState } from '../compile/kernel-state.ts';
import type { LabChange } from '../model/steps.ts';
import type { Source } from '../parse/index.ts';
import { VERSION } from '../version.ts';
import { type AgentClient, connectAgent } from './client.ts';
import { LOG, RECORD } from './lab-socket.ts';
import { type DetachedPlace, detachedCommand, REMEDY, sandboxFailure } from './sandbox.ts';

/** What is written down about a lab: enough to read it again. */
export interface LabRecord {
  readonly name: string;
  readonly sandbox: SandboxKind;
  readonly createdAt: string;
  /** The sandbox's outermost process, and when it started: a number alone may belong to another by now. */
  readonly process: { readonly pid: number; readonly since: string };
  readonly sources: readonly Source[];
  readonly options: {
    readonly namespace: string;
    readonly cni?: string | undefined;
    readonly proxy?: string | undefined;
    readonly faults: readonly string[];
  };
  /** How many of the topology's steps it has taken, and what commands changed since; left out: none, nothing. */
  readonly made?: { readonly steps: number; readonly changes: readonly LabChange[] };
  readonly state: KernelState;
}

export interface RunningLab {
  readonly agent: AgentClient;
  /** Release of the kernel it stands on. */
  readonly kernel: string;
}

/** A virtual machine has its own idea of when it is late. */
const STARTUP_MS: Record<SandboxKind, number> = { rootless: 10_000, root: 10_000, vm: 180_000 };
/** unix(7): 108 bytes, the last of them 0. */
const MAX_SOCKET_PATH = 107;

/** All labs with a description, running or not, by name. */
export function listLabs(): LabRecord[] {
  let names: string[];
  try {
    names = readdirSync(root());
  } catch {
    return [];
  }
  return names.sort().flatMap((name) => readRecord(name) ?? []);
}

export function isRunning({ process: { pid, since } }: LabRecord): boolean {
  return runningSince(pid) === since;
}

export function findLab(name: string): LabRecord | undefined {
  return readRecord(name);
}

/** A lab in the making. */
export interface NewLab {
  /** Resolves when there is somebody to build it. Throws a SandboxError, and nothing is left, when there will not be. */
  readonly agent: Promise<AgentClient>;
  /** It outlives this process from now on: the caller has built it. */
  settle(description: Omit<LabRecord, 'name' | 'sandbox' | 'createdAt' | 'process'>): Promise<void>;
  /** Ends it, and leaves nothing. */
  abandon(): Promise<void>;
}

/** Starts the agent of a new lab. Until it is settled, it ends with this process. */
export function createLab(name: string, place: DetachedPlace): NewLab {
  const folder = folderOf(name);
  makeRoot();
  assertShort(socketOf(name));
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  const log = openSync(join(folder, LOG), 'w', 0o600);
  const child = startDetached(detachedCommand(place, socketOf(name)), log);
  closeSync(log);
  const abandon = async () => {
    if (child.pid !== undefined) await stopProcess(child.pid);
    rmSync(folder, { recursive: true, force: true });
  };
  const agent = whenReady(name, child, place.kind).catch(async (error: unknown) => {
    await abandon();
    throw error;
  });
  agent.catch(() => {});
  const settle: NewLab['settle'] = async (description) => {
    const pid = child.pid!;
    const process = { pid, since: runningSince(pid) ?? '' };
    writeRecord({ name, sandbox: place.kind, createdAt: new Date().toISOString(), process, ...description });
    await (await agent).call('stay');
  };
  return { agent, settle, abandon };
}

/** Replaces the description of a lab that has changed. */
export function writeRecord(record: LabRecord): void {
  const path = join(folderOf(record.name), RECORD);
  writeFileSync(`${path}.new`, JSON.stringify(record), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** Connects to a lab. One that another version has made may not understand what it is asked. */
export async function openLab({ name }: LabRecord): Promise<RunningLab> {
  const agent = await connectAgent(socketOf(name), () => whyGone(name));
  const { kernel, version } = await agent.call('hello');
  if (version !== VERSION) {
    agent.close();
    throw new SandboxError(
      `lab ${name} was made by packetwalk ${version}, and this is ${VERSION}`,
      `packetwalk down ${name}, then up again`,
    );
  }
  return { agent, kernel };
}

/** Ends a lab, by asking or by force, and removes what is left of it. */
export async function removeLab(record: LabRecord): Promise<void> {
  if (isRunning(record)) {
    try {
      const agent = await connectAgent(socketOf(record.name));
      await Promise.race([agent.call('shutdown'), delay(1000, undefined, { ref: false })]).catch(() => {});
      agent.close();
    } catch {
      /** An agent that does not answer is stopped below. */
    }
    const deadline = performance.now() + 2000;
    while (isRunning(record) && performance.now() < deadline) await delay(10);
    if (isRunning(record)) await stopProcess(record.process.pid);
  }
  rmSync(folderOf(record.name), { recursive: true, force: true });
}

/** Time for the process that held a lab to say why it ended. */
const LAST_WORDS_MS = 500;

async function whyGone(name: string): Promise<SandboxError> {
  await delay(LAST_WORDS_MS);
  const [words = '', remedy = `packetwalk down ${name}, then up again`] = readLog(name).trim().split(REMEDY);
  return new SandboxError(`lab ${name} has ended${words === '' ? '' : `: ${words}`}`, remedy);
}

async function whenReady(
  name: string,
  child: ReturnType<typeof startDetached>,
  sandbox: SandboxKind,
): Promise<AgentClient> {
  let ended: { code?: string } | undefined;
  child.on('error', (error: NodeJS.ErrnoException) => {
    ended = error.code === undefined ? {} : { code: error.code };
  });
  child.on('exit', () => {
    ended ??= {};
  });
  const deadline = performance.now() + STARTUP_MS[sandbox];
  for (;;) {
    try {
      return await connectAgent(socketOf(name));
    } catch (error) {
      if (ended) throw sandboxFailure(sandbox, ended.code === 'ENOENT' ? 'unshare is not installed' : readLog(name));
      if (performance.now() > deadline) throw error;
      await delay(10);
    }
  }
}

function readRecord(name: string): LabRecord | undefined {
  try {
    return JSON.parse(readFileSync(join(folderOf(name), RECORD), 'utf8')) as LabRecord;
  } catch {
    return undefined;
  }
}

function readLog(name: string): string {
  try {
    return readFileSync(join(folderOf(name), LOG), 'utf8');
  } catch {
    return '';
  }
}

function folderOf(name: string): string {
  return join(root(), name);
}

function socketOf(name: string): string {
  return join(folderOf(name), 'agent.sock');
}

function root(): string {
  const uid = process.getuid?.() ?? 0;
  return process.env.XDG_RUNTIME_DIR ? join(process.env.XDG_RUNTIME_DIR, 'packetwalk') : `/tmp/packetwalk-${uid}`;
}

/** XDG_RUNTIME_DIR may be another user's, after `su`; in a world-writable /tmp somebody else could have been first. */
function makeRoot(): void {
  const path = root();
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new SandboxError(
      `the folder of running labs cannot be made: ${(error as Error).message}`,
      'set XDG_RUNTIME_DIR to a folder of your own',
    );
  }
  const { uid, mode } = statSync(path);
  if (uid !== process.getuid?.() || (mode & 0o077) !== 0)
    throw new SandboxError(
      `${path} belongs to somebody else or is open to others`,
      'remove it, or set XDG_RUNTIME_DIR',
    );
}

function assertShort(socketPath: string): void {
  if (Buffer.byteLength(socketPath) > MAX_SOCKET_PATH)
    throw new SandboxError(
      `${socketPath} is too long for a socket`,
      'choose a shorter --name, or set XDG_RUNTIME_DIR to a shorter folder',
    );
}
