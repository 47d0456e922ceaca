/** Programs, run by execa with separate arguments. No shell is involved anywhere. */
import { accessSync, constants, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { execa, type Options, type ResultPromise } from 'execa';
import { SYSTEM_PATH } from './child.ts';
import { classify, KernelError } from './errors.ts';

/** Which package of Debian and Ubuntu has a program. */
export const PACKAGES: Readonly<Record<string, string>> = {
  ip: 'iproute2',
  bridge: 'iproute2',
  ss: 'iproute2',
  tcpdump: 'tcpdump',
  'iptables-restore': 'iptables',
  'iptables-save': 'iptables',
  iptables: 'iptables',
  'ip6tables-restore': 'iptables',
  'ip6tables-save': 'iptables',
  ip6tables: 'iptables',
  nft: 'nftables',
  ipset: 'ipset',
  ipvsadm: 'ipvsadm',
  conntrack: 'conntrack',
  bird: 'bird2',
  nginx: 'nginx-light',
  hostname: 'hostname',
  unshare: 'util-linux',
  setpriv: 'util-linux',
  nsenter: 'util-linux',
  mount: 'mount',
  'qemu-system-x86_64': 'qemu-system-x86',
  busybox: 'busybox-static',
  depmod: 'kmod',
  gzip: 'gzip',
  xz: 'xz-utils',
  zstd: 'zstd',
  'apt-get': 'apt',
  'apt-cache': 'apt',
  'dpkg-deb': 'dpkg',
  sysctl: 'procps',
  timeout: 'coreutils',
};

const DEFAULT_TIMEOUT_MS = 30_000;

export interface RunOptions {
  readonly stdin?: string;
  readonly timeoutMs?: number;
  readonly namespace?: string;
  /** Where it runs. */
  readonly folder?: string;
  readonly environment?: Readonly<Record<string, string>>;
}

export interface RunResult {
  readonly stdout: string;
  readonly stderr: string;
  readonly exitCode: number;
}

/**
 * Runs a program to its end and returns what it printed, whatever its exit code. Throws a KernelError when it is
 * missing or does not end in time. Started synchronously: within `inside`, it belongs to that namespace.
 */
export async function run(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const [program = '', ...args] = argv;
  const result = await execa(program, args, {
    ...(options.stdin === undefined ? { stdin: 'ignore' as const } : { input: options.stdin }),
    ...(options.folder !== undefined && { cwd: options.folder }),
    timeout: options.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    reject: false,
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C', ...options.environment },
    stripFinalNewline: false,
  });
  if (result.code === 'ENOENT') throw missingTool(program, where(argv, options));
  if (result.timedOut) throw timedOut(argv, options);
  return { stdout: result.stdout, stderr: result.stderr, exitCode: result.exitCode ?? 128 };
}

/** As `run`, but a program that fails throws its own words as a KernelError. */
export async function runChecked(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const result = await run(argv, options);
  if (result.exitCode !== 0) throw failed(argv, result, options);
  return result;
}

/** Passes bytes through a program. Throws a KernelError when it is missing or fails. */
export async function filter(argv: readonly string[], input: Uint8Array): Promise<Buffer> {
  const [program = '', ...args] = argv;
  const result = await execa(program, args, {
    input,
    encoding: 'buffer',
    timeout: FILTER_TIMEOUT_MS,
    maxBuffer: 1 << 30,
    reject: false,
    env: { PATH: SYSTEM_PATH, LC_ALL: 'C' },
  });
  if (result.code === 'ENOENT') throw missingTool(program, where(argv, {}));
  if (result.timedOut) throw timedOut(argv, { timeoutMs: FILTER_TIMEOUT_MS });
  if (result.exitCode !== 0)
    throw failed(argv, { stderr: Buffer.from(result.stderr).toString(), exitCode: result.exitCode ?? 128 }, {});
  return Buffer.from(result.stdout.buffer, result.stdout.byteOffset, result.stdout.byteLength);
}

const FILTER_TIMEOUT_MS = 120_000;

/** The path of a program. Throws a KernelError when it is not installed. */
export function findProgram(argv: readonly string[]): string {
  const [program = ''] = argv;
  const found = SYSTEM_PATH.split(':')
    .map((folder) => join(folder, program))
    .find((path) => isExecutable(path));
  if (found === undefined) throw missingTool(program, where(argv, {}));
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function failed(
  argv: readonly string[],
  { stderr, exitCode }: Pick<RunResult, 'stderr' | 'exitCode'>,
  options: RunOptions,
): KernelError {
  const cause = stderr.trim() || `exit code ${exitCode}`;
  return new KernelError({ ...where(argv, options), cause, ...classify(cause) });
}

export function timedOut(argv: readonly string[], options: RunOptions): KernelError {
  const cause = `not finished after ${options.timeoutMs ?? DEFAULT_TIMEOUT_MS} ms`;
  return new KernelError({ ...where(argv, options), code: 'timeout', cause });
}

function where(argv: readonly string[], { namespace }: RunOptions): { command: string; namespace?: string } {
  return { command: argv.join(' '), ...(namespace !== undefined && { namespace }) };
}

/** Starts a program that goes on: tcpdump, a monitor, a sandbox. The caller owns its end. */
export function start(argv: readonly string[], options: Options): ResultPromise {
  const [program = '', ...args] = argv;
  return execa(program, args, { reject: false, ...options, env: { PATH: SYSTEM_PATH, ...options.env } });
}

function missingTool(program: string, where: { command: string; namespace?: string }): KernelError {
  const debian = PACKAGES[program];
  return new KernelError({
    ...where,
    code: 'missing-tool',
    cause: `${program} is not installed`,
    ...(debian && { remedy: `sudo apt-get install ${debian}` }),
  });
}

/** When a process started, as /proc has it; undefined when there is none. */
export function runningSince(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Kills a process of our own and waits until it is gone. */
export async function stopProcess(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    return;
  }
  while (runningSince(pid) !== undefined) await new Promise((resolve) => setTimeout(resolve, 5));
}
