/** What the kernel tests share: the built command, snapshots of kernel state, and what is left of a run. */
import { type ExecFileException, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import type { Lab } from '../../src/agent/lab.ts';
import { Sandboxes, type SandboxOptions } from '../../src/agent/sandboxes.ts';
import { SYSTEM_PATH } from '../../src/apply/kernel/child.ts';
import { readSources } from '../../src/cli/input.ts';
import type { Source } from '../../src/parse/index.ts';
import { type Prepared, type PrepareOptions, prepare } from '../../src/pipeline.ts';

export const CLI = 'dist/cli.js';

/** Where the labs of a test file are built; as on the command line, the environment chooses. */
export const sandboxes = new Sandboxes({ kind: process.env.PACKETWALK_SANDBOX as SandboxOptions['kind'] });
afterAll(() => sandboxes.close());

export interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Record<string, string>;
  readonly input?: string;
  readonly timeoutMs?: number;
}

/** An emulated machine needs its time to boot, in every command that has a lab of its own. */
const TIMEOUT_MS = process.env.PACKETWALK_SANDBOX === 'vm' ? 300_000 : 60_000;

/** Runs packetwalk to its end. */
export function packetwalk(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  return run(process.execPath, [CLI, ...args], options);
}

export function run(
  program: string,
  args: readonly string[],
  { env = {}, input, timeoutMs = TIMEOUT_MS }: RunOptions = {},
): Promise<Finished> {
  return new Promise((resolve) => {
    const done = (error: ExecFileException | null, stdout: string, stderr: string) =>
      resolve({ code: error ? (typeof error.code === 'number' ? error.code : -1) : 0, stdout, stderr });
    const options = { env: { ...process.env, PATH: SYSTEM_PATH, ...env }, timeout: timeoutMs, maxBuffer: 1 << 28 };
    const child = execFile(program, [...args], options, done);
    /** A program may end without reading. */
    child.stdin?.on('error', () => {});
    child.stdin?.end(input ?? '');
  });
}

/** A folder for the labs of one test file, so that nobody else's are touched. */
export function labFolder(): Record<string, string> {
  return { XDG_RUNTIME_DIR: mkdtempSync('/tmp/packetwalk-test-') };
}

/** A file, and those that it names. */
export function prepared(path: string, options: Partial<PrepareOptions> = {}): Prepared {
  return preparedSources(readSources([path]), options);
}

export function preparedText(text: string, name = 'text.yaml', options: Partial<PrepareOptions> = {}): Prepared {
  return preparedSources([{ name, text }], options);
}

function preparedSources(sources: readonly Source[], options: Partial<PrepareOptions>): Prepared {
  const result = prepare(sources, { name: 'lab', namespace: 'default', ...options });
  if (!result.prepared) throw new Error(JSON.stringify(result.diagnostics, null, 2));
  return result.prepared;
}

/** The commands whose output is the kernel state of a namespace. */
export const SNAPSHOT: readonly (readonly string[])[] = [
  ['ip', '-d', '-o', 'link'],
  ['ip', '-o', 'addr'],
  ['ip', 'route', 'show', 'table', 'all'],
  ['ip', 'neigh', 'show', 'nud', 'permanent'],
  ['bridge', 'fdb'],
  ['bridge', '-d', 'link'],
  ['iptables-save'],
  ['ip6tables-save'],
  ['nft', 'list', 'ruleset', 'bridge'],
  [
    'sysctl',
    'net.ipv4.ip_forward',
    'net.bridge.bridge-nf-call-iptables',
    'net.ipv4.conf.all.rp_filter',
    'net.ipv4.conf.all.route_localnet',
    'net.ipv6.conf.all.forwarding',
    'net.ipv6.conf.default.accept_dad',
  ],
];

/** Numbers of devices, counters, timers, the order of listings, what bridges learned and what follows on its own a little later are no state. */
export function normalized(listing: string): string {
  return listing
    .split('\n')
    .filter((line) => !line.startsWith('#') && line.trim() !== '' && !/^(multicast ff00::|33:33:)/.test(line))
    .filter((line) => !/^[0-9a-f:]{17} dev \S+ master \S+\s*$/.test(line))
    .map((line) =>
      line
        .replace(/^\d+: /, '')
        .replace(/@[^ :]+/g, '')
        /** A link with LOWER_UP has a carrier: the other flag follows a moment later. */
        .replace(/<NO-CARRIER,([A-Z_,]*LOWER_UP)/, '<$1')
        .replace(/\b(link-netnsid|state|qdisc) \S+/g, '')
        .replace(/\[\d+:\d+\]|\bcounter packets \d+ bytes \d+/g, '')
        .replace(/\b\w*timer +[0-9.]+/g, '')
        .replace(/\b(root_port|port_no|port_id|designated_port) \S+/g, '')
        .replace(/\b(carrier|numtxqueues|numrxqueues) \d+/g, '')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .sort()
    .join('\n');
}

/** The kernel state of every namespace of a lab. */
export async function snapshot({ agent, state }: Pick<Lab, 'agent' | 'state'>): Promise<Record<string, string>> {
  const all: Record<string, string> = {};
  for (const { name } of state.namespaces) {
    for (const argv of SNAPSHOT) {
      const { stdout } = await agent.call('run', { namespace: name, argv });
      all[`${name}: ${argv.join(' ')}`] = normalized(stdout);
    }
  }
  return all;
}

/** A process and everything it starts carries this mark in its environment. */
export function marked(): {
  readonly env: Record<string, string>;
  readonly processes: () => { pid: number; command: string }[];
} {
  const mark = `PACKETWALK_MARK=${randomUUID()}`;
  return {
    env: { PACKETWALK_MARK: mark.split('=')[1]! },
    processes: () =>
      readdirSync('/proc')
        .filter((entry) => /^\d+$/.test(entry))
        .flatMap((entry) => {
          try {
            if (
              !readFileSync(join('/proc', entry, 'environ'), 'latin1')
                .split('\0')
                .includes(mark)
            )
              return [];
            return [
              {
                pid: Number(entry),
                command: readFileSync(join('/proc', entry, 'cmdline'), 'latin1')
                  .replaceAll('\0', ' ')
                  .trim(),
              },
            ];
          } catch {
            return [];
          }
        }),
  };
}

/** Starts packetwalk and leaves it running. */
export function startPacketwalk(args: readonly string[], env: Record<string, string>) {
  const child = spawn(process.execPath, [CLI, ...args], {
    env: { ...process.env, PATH: SYSTEM_PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.on('data', (data: Buffer) => (output += data.toString()));
  child.stderr.on('data', (data: Buffer) => (output += data.toString()));
  const ended = new Promise<{ code: number | null; signal: string | null; output: string }>((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, output }));
  });
  return { pid: child.pid!, ended, kill: (signal: NodeJS.Signals) => child.kill(signal) };
}

/** Waits until a condition holds; fails after a time with what was seen last. */
export async function until<T>(look: () => T, holds: (value: T) => boolean, timeoutMs = 10_000): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const value = look();
    if (holds(value)) return value;
    if (performance.now() > deadline)
      throw new Error(`did not come true in ${timeoutMs} ms; last seen: ${JSON.stringify(value)}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
