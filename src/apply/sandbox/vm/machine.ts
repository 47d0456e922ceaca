/**
 * A virtual machine: QEMU with a kernel, no network card, the host's file system read-only, and one serial port that
 * carries everything. It dies with whoever started it.
 */
import { closeSync, writeFileSync } from 'node:fs';
import { availableParallelism, freemem, release } from 'node:os';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { findProgram, PACKAGES, run, start } from '../../kernel/command.ts';
import { KernelError } from '../../kernel/errors.ts';
import { memoryFile } from '../../kernel/libc.ts';
import { SandboxError } from '../error.ts';
import { tiedCommand } from '../namespaces.ts';
import { recall, remember } from './cache.ts';
import { Channels, HELLO } from './channels.ts';
import { lastWords, problemOn, whyEnded } from './diagnosis.ts';
import { bootImage } from './image.ts';
import { initramfs, MILESTONE, PORT_NAME, ROOT_TAG } from './initramfs.ts';
import type { GuestKernel } from './kernel.ts';

export type Acceleration = 'kvm' | 'tcg';

/** What is known of machines here, from the last one that came up. */
export interface BootRecord {
  /** What it holds for: the host's kernel, QEMU's version, and whether there is a KVM to be tried. */
  readonly host: string;
  readonly acceleration: Acceleration;
  readonly kernel: string;
  readonly bootMs: number;
}

export interface MachineOptions {
  /** Program to run in the guest, on a file system like this one. Its descriptors 0 and 1 are the serial port. */
  readonly program: readonly string[];
  /** Memory of the guest in MiB. */
  readonly memory?: number;
  /** KVM is tried even where it is remembered not to work. */
  readonly anew?: boolean;
}

/** When a guest was how far. */
export interface Milestone {
  readonly name: string;
  /** Milliseconds since the boot was asked for. */
  readonly ms: number;
  /** The same by the guest's own clock, which starts with its kernel; undefined for what happened outside. */
  readonly guestMs?: number;
}

const QEMU = 'qemu-system-x86_64';
/** What has to be installed. */
const MACHINE_PROGRAMS = [QEMU, 'busybox'] as const;
const RECORD = 'machine.json';
/** With KVM a guest is there in a second, or hangs; emulated it needs several, on a busy machine many. */
const BOOT_MS: Record<Acceleration, number> = { kvm: 15_000, tcg: 120_000 };
const MiB = 1024 * 1024;

export class Machine {
  readonly kernel: GuestKernel;
  readonly acceleration: Acceleration;
  readonly #qemu: Qemu;

  private constructor(kernel: GuestKernel, acceleration: Acceleration, qemu: Qemu) {
    this.kernel = kernel;
    this.acceleration = acceleration;
    this.#qemu = qemu;
  }

  /** Boots with KVM where a guest is known, or found, to come up with it, else emulated. */
  static async boot(kernel: GuestKernel, options: MachineOptions): Promise<Machine> {
    const started = performance.now();
    assertPrograms();
    const kvm = await hasKvm();
    const host = `${release()}, QEMU ${await qemuVersion()}, ${kvm ? 'KVM' : 'no KVM'}`;
    const known = recall<BootRecord>(RECORD);
    const inVain = options.anew !== true && known?.host === host && known.acceleration === 'tcg';
    const files = { kernel: await bootImage(kernel), initramfs: await initramfs(kernel, options.program) };
    let failure: unknown;
    for (const acceleration of kvm && !inVain ? (['kvm', 'tcg'] as const) : (['tcg'] as const)) {
      const qemu = new Qemu(files, acceleration, options.memory ?? guestMemory(), started);
      try {
        await qemu.ready(BOOT_MS[acceleration]);
        const bootMs = performance.now() - started;
        remember(RECORD, { host, acceleration, kernel: kernel.release, bootMs } satisfies BootRecord);
        return new Machine(kernel, acceleration, qemu);
      } catch (error) {
        failure = error;
        await qemu.stop();
      }
    }
    throw failure;
  }

  /** A stream to the guest's program. */
  open(): Duplex {
    return this.#qemu.channels.open('agent');
  }

  /** Resolves with the reason when the machine has gone. */
  get ended(): Promise<SandboxError> {
    return this.#qemu.ended;
  }

  /** What has gone wrong in the guest so far, as far as its console shows it. */
  get problem(): SandboxError | undefined {
    return problemOn(this.#qemu.console);
  }

  /** How the boot went, until the guest's program spoke. */
  get milestones(): readonly Milestone[] {
    return this.#qemu.milestones;
  }

  /** Ends the machine at once and waits until it is gone. */
  close(): Promise<void> {
    return this.#qemu.stop();
  }
}

/** What the last machine here was like. */
export function lastBoot(): BootRecord | undefined {
  return recall<BootRecord>(RECORD);
}

/** Throws a SandboxError when something has to be installed before there can be machines. */
export function assertPrograms(): void {
  if (process.arch !== 'x64')
    throw new SandboxError(`virtual machines are for x86-64 only, and this machine is ${process.arch}`);
  const missing = MACHINE_PROGRAMS.filter((program) => !isInstalled(program));
  if (missing.length > 0)
    throw new SandboxError(
      `virtual machines need ${missing.join(' and ')}, not installed here`,
      `sudo apt-get install -y --no-install-recommends ${missing.map((program) => PACKAGES[program]).join(' ')}`,
    );
}

function isInstalled(program: string): boolean {
  try {
    findProgram([program]);
    return true;
  } catch (error) {
    if (error instanceof KernelError) return false;
    throw error;
  }
}

async function qemuVersion(): Promise<string> {
  const { stdout } = await run([QEMU, '--version']);
  return /version (\S+)/.exec(stdout)?.[1] ?? 'of an unknown version';
}

/** Whether there is a KVM for this user. The device file proves nothing, but without it there is no need to try. */
async function hasKvm(): Promise<boolean> {
  const { exitCode } = await run(['test', '-w', '/dev/kvm']);
  return exitCode === 0;
}

/** A quarter of what is free, between 1 and 4 GiB. */
function guestMemory(): number {
  return Math.max(1024, Math.min(4096, Math.floor(freemem() / MiB / 4)));
}

interface Files {
  /** A path, or the image itself. */
  readonly kernel: string | Buffer;
  readonly initramfs: Buffer;
}

/** Descriptors of QEMU's. */
const PORT = 3;
const INITRAMFS = 4;
const IMAGE = 5;

function qemuCommand({ kernel }: Files, acceleration: Acceleration, memory: number): string[] {
  const cpus = Math.min(4, availableParallelism());
  const devices = [
    ['-virtfs', `local,path=/,mount_tag=${ROOT_TAG},security_model=none,multidevs=remap,readonly=on`],
    ['-chardev', `socket,id=agent,fd=${PORT}`],
    ['-device', 'virtio-serial'],
    ['-device', `virtserialport,chardev=agent,name=${PORT_NAME}`],
    ['-nic', 'none'],
  ].flat();
  const image = typeof kernel === 'string' ? kernel : `/dev/fd/${IMAGE}`;
  return [
    ...[QEMU, '-machine', `q35,accel=${acceleration}`, '-cpu', 'max', '-smp', String(cpus), '-m', String(memory)],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio', ...devices],
    ...['-kernel', image, '-initrd', `/dev/fd/${INITRAMFS}`, '-append', KERNEL_PARAMETERS.join(' ')],
  ];
}

/** Quiet but for what is wrong; a panic ends the machine; what only matters to real hardware or to attackers is left out. */
const KERNEL_PARAMETERS = [
  'console=ttyS0 loglevel=4 panic=-1 oops=panic',
  'mitigations=off nokaslr lsm= audit=0 rcupdate.rcu_expedited=1 tsc=reliable no_timer_check random.trust_cpu=on',
  '8250.nr_uarts=1 i8042.noaux pci=lastbus=0 cryptomgr.notests',
];

const CONSOLE_LENGTH = 64 * 1024;
const REACHED = new RegExp(`^${MILESTONE}(.*): ([\\d.]+)\r?$`, 'gm');

/** QEMU while it runs. */
class Qemu {
  readonly channels: Channels;
  readonly ended: Promise<SandboxError>;
  readonly milestones: Milestone[] = [];
  readonly #process: ReturnType<typeof start>;
  readonly #started: number;
  readonly #spoken: Promise<void>;
  #console = '';
  #errors = '';

  constructor(files: Files, acceleration: Acceleration, memory: number, started: number) {
    this.#started = started;
    this.#process = startQemu(files, acceleration, memory);
    this.#reach('QEMU');
    this.#process.stdout?.on('data', (chunk: Buffer) => this.#show(chunk.toString('latin1')));
    this.#process.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.ended = this.#process.then(() => whyEnded(this.#console, this.#errors));
    const port = this.#process.stdio[PORT] as Duplex;
    port.on('error', () => {});
    this.channels = new Channels(port, port);
    const hello = this.channels.open(HELLO);
    this.#spoken = new Promise((resolve) => hello.resume().once('end', resolve));
  }

  /** The end of what the guest's console has shown. */
  get console(): string {
    return this.#console;
  }

  async ready(timeoutMs: number): Promise<void> {
    const late = delay(timeoutMs, 'late' as const, { ref: false });
    const first = await Promise.race([this.#spoken.then(() => 'spoken' as const), this.ended, late]);
    if (first === 'late')
      throw new SandboxError(
        `the virtual machine did not come up within ${timeoutMs / 1000} s${lastWords(this.#console)}`,
        'try again when this machine is less busy, or another kernel with --kernel',
      );
    if (first !== 'spoken') throw first;
    this.#reach('program');
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }

  #show(text: string): void {
    this.#console = (this.#console + text).slice(-CONSOLE_LENGTH);
    for (const [, name = '', seconds] of this.#console.matchAll(REACHED)) this.#reach(name, Number(seconds) * 1000);
  }

  #reach(name: string, guestMs?: number): void {
    if (this.milestones.some((milestone) => milestone.name === name)) return;
    const ms = performance.now() - this.#started;
    this.milestones.push({ name, ms, ...(guestMs !== undefined && { guestMs }) });
  }
}

/** What only this guest needs has no name in any file system: nothing of it can be left anywhere. */
function startQemu(files: Files, acceleration: Acceleration, memory: number): ReturnType<typeof start> {
  const inMemory = [files.initramfs, ...(typeof files.kernel === 'string' ? [] : [files.kernel])].map((bytes) => {
    const fd = memoryFile('packetwalk');
    writeFileSync(fd, bytes);
    return fd;
  });
  try {
    return start(tiedCommand(qemuCommand(files, acceleration, memory)), {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe', ...inMemory] as unknown as ['ignore', 'pipe', 'pipe', 'pipe'],
      buffer: false,
      encoding: 'buffer',
      detached: true,
    });
  } finally {
    for (const fd of inMemory) closeSync(fd);
  }
}
