/**
 * A virtual machine: QEMU with a kernel, no network card, the host's file system read-only, and one serial port that
 * carries everything. It dies with whoever started it.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, freemem, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { missingTool, run, start } from '../../kernel/command.ts';
import { SandboxError } from '../error.ts';
import { recall, remember } from './cache.ts';
import { Channels } from './channels.ts';
import { bootImage } from './image.ts';
import { COMPLAINT, PORT_NAME, ROOT_TAG, writeInitramfs } from './initramfs.ts';
import type { GuestKernel } from './kernel.ts';

export type Acceleration = 'kvm' | 'tcg';

/** What is known of machines here, from the last one that came up. */
export interface BootRecord {
  /** What it holds for: the host's kernel and QEMU's version. */
  readonly host: string;
  readonly acceleration: Acceleration;
  readonly kernel: string;
  readonly bootMs: number;
}

export interface MachineOptions {
  /** Program to run in the guest, on a file system like this one. */
  readonly program: readonly string[];
  /** Memory of the guest in MiB. */
  readonly memory?: number;
}

const QEMU = 'qemu-system-x86_64';
const RECORD = 'machine.json';
/** With KVM a guest is there in a second, or hangs; emulated it needs several, on a busy machine many. */
const BOOT_MS: Record<Acceleration, number> = { kvm: 15_000, tcg: 120_000 };
const MiB = 1024 * 1024;

export class Machine {
  readonly kernel: GuestKernel;
  readonly acceleration: Acceleration;
  /** Milliseconds until the guest's program spoke. */
  readonly bootMs: number;
  readonly #channels: Channels;
  readonly #process: Running;

  private constructor(kernel: GuestKernel, acceleration: Acceleration, bootMs: number, running: Running) {
    this.kernel = kernel;
    this.acceleration = acceleration;
    this.bootMs = bootMs;
    this.#process = running;
    this.#channels = running.channels;
  }

  /** Boots with KVM where a guest is known, or found, to come up with it, else emulated. */
  static async boot(kernel: GuestKernel, options: MachineOptions): Promise<Machine> {
    const host = `${release()} ${await qemuVersion()}`;
    const known = recall<BootRecord>(RECORD);
    const choices: Acceleration[] = known?.host === host ? [known.acceleration] : await accelerations();
    let failure: unknown;
    for (const acceleration of choices) {
      try {
        const machine = await Machine.#start(kernel, acceleration, options);
        remember(RECORD, { host, acceleration, kernel: kernel.release, bootMs: machine.bootMs } satisfies BootRecord);
        return machine;
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  static async #start(kernel: GuestKernel, acceleration: Acceleration, options: MachineOptions): Promise<Machine> {
    const started = performance.now();
    const folder = mkdtempSync(join(tmpdir(), 'packetwalk-vm-'));
    try {
      const initramfs = await writeInitramfs(kernel, options.program, folder);
      const files = { kernel: await bootImage(kernel), initramfs };
      const running = new Running(qemuCommand(files, acceleration, options.memory ?? guestMemory()));
      try {
        await running.ready(BOOT_MS[acceleration]);
      } catch (error) {
        await running.stop();
        throw error;
      }
      return new Machine(kernel, acceleration, performance.now() - started, running);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** A stream to the guest's program, which is told its purpose. */
  open(purpose: string): Duplex {
    return this.#channels.open(purpose);
  }

  /** Resolves with the reason when the machine has gone. */
  get ended(): Promise<SandboxError> {
    return this.#process.ended;
  }

  /** Ends the machine at once and waits until it is gone. */
  close(): Promise<void> {
    return this.#process.stop();
  }
}

/** What the last machine here was like. */
export function lastBoot(): BootRecord | undefined {
  return recall<BootRecord>(RECORD);
}

/** QEMU's version. Throws a KernelError when it is not installed. */
async function qemuVersion(): Promise<string> {
  const { stdout } = await run([QEMU, '--version']);
  return /version (\S+)/.exec(stdout)?.[1] ?? 'unknown';
}

/** The device file proves nothing, but without it there is no need to try. */
async function accelerations(): Promise<Acceleration[]> {
  const { exitCode } = await run(['test', '-w', '/dev/kvm']);
  return exitCode === 0 ? ['kvm', 'tcg'] : ['tcg'];
}

/** A quarter of what is free, between 1 and 4 GiB. */
function guestMemory(): number {
  return Math.max(1024, Math.min(4096, Math.floor(freemem() / MiB / 4)));
}

function qemuCommand(
  { kernel, initramfs }: { readonly kernel: string; readonly initramfs: string },
  acceleration: Acceleration,
  memory: number,
): string[] {
  const cpus = Math.min(4, availableParallelism());
  const devices = [
    ['-virtfs', `local,path=/,mount_tag=${ROOT_TAG},security_model=none,multidevs=remap,readonly=on`],
    ['-chardev', 'socket,id=agent,fd=3'],
    ['-device', 'virtio-serial'],
    ['-device', `virtserialport,chardev=agent,name=${PORT_NAME}`],
    ['-nic', 'none'],
  ].flat();
  return [
    ...['setpriv', '--pdeathsig', 'KILL', QEMU],
    ...['-machine', `q35,accel=${acceleration}`, '-cpu', 'max', '-smp', String(cpus), '-m', String(memory)],
    ...['-nodefaults', '-no-user-config', '-no-reboot', '-display', 'none', '-serial', 'stdio', ...devices],
    ...['-kernel', kernel, '-initrd', initramfs, '-append', KERNEL_PARAMETERS.join(' ')],
  ];
}

/** Quiet but for what is wrong; a panic ends the machine; what only matters to real hardware or to attackers is left out. */
const KERNEL_PARAMETERS = [
  'console=ttyS0 loglevel=4 panic=-1 oops=panic',
  'mitigations=off nokaslr apparmor=0 audit=0 tsc=reliable no_timer_check random.trust_cpu=on',
  '8250.nr_uarts=1 i8042.noaux pci=lastbus=0 cryptomgr.notests',
];

/** QEMU while it runs: its console, and what it died of. */
class Running {
  readonly channels: Channels;
  readonly ended: Promise<SandboxError>;
  readonly #process: ReturnType<typeof start>;
  readonly #spoken: Promise<void>;
  #console = '';
  #errors = '';

  constructor(command: readonly string[]) {
    this.#process = start(command, {
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      buffer: false,
      encoding: 'buffer',
      detached: true,
      cleanup: true,
    });
    this.#process.stdout?.on('data', (chunk: Buffer) => {
      this.#console = (this.#console + chunk.toString('latin1')).slice(-CONSOLE_LENGTH);
    });
    this.#process.stderr?.on('data', (chunk: Buffer) => (this.#errors += chunk.toString()));
    this.ended = this.#process.then(({ code }) => this.#failure(code));
    const port = this.#process.stdio[3] as Duplex;
    port.on('error', () => {});
    let announce = () => {};
    this.#spoken = new Promise((resolve) => {
      announce = resolve;
    });
    /** The guest opens a channel to say that it is there. */
    this.channels = new Channels(port, port, (channel) => {
      channel.destroy();
      announce();
    });
  }

  async ready(timeoutMs: number): Promise<void> {
    const late = delay(timeoutMs, 'late' as const, { ref: false });
    const first = await Promise.race([this.#spoken.then(() => 'spoken' as const), this.ended, late]);
    if (first === 'late')
      throw new SandboxError(
        `the virtual machine did not come up within ${timeoutMs / 1000} s${lastWords(this.#console)}`,
      );
    if (first !== 'spoken') throw first;
  }

  async stop(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.ended;
  }

  #failure(code: string | undefined): SandboxError {
    if (code === 'ENOENT') return new SandboxError('setpriv is not installed', 'sudo apt-get install util-linux');
    const lines = this.#console.split(/\r?\n/);
    const complaint = lines.find((line) => line.startsWith(COMPLAINT));
    if (complaint) return new SandboxError(`the virtual machine could not start: ${complaint.slice(COMPLAINT.length)}`);
    const memory = lines.find((line) => /Out of memory/.test(line));
    if (memory)
      return new SandboxError(
        `the virtual machine ran out of memory${lastWords(memory)}`,
        'free some memory on this machine: a guest gets a quarter of what is free',
      );
    const panic = lines.find((line) => /Kernel panic/.test(line));
    if (panic)
      return new SandboxError(
        `the kernel of the virtual machine panicked${lastWords(panic)}`,
        'try another with --kernel',
      );
    const words = this.#errors.trim();
    if (/not found|failed to execute/.test(words) && words.includes(QEMU)) {
      const { details } = missingTool(QEMU, { command: QEMU });
      return new SandboxError(details.cause, details.remedy);
    }
    return new SandboxError(`the virtual machine ended${words ? `: ${words}` : lastWords(this.#console)}`);
  }
}

const CONSOLE_LENGTH = 64 * 1024;

/** The end of what the console showed, in brackets. */
function lastWords(console: string): string {
  const line = console
    .split(/\r?\n/)
    .map((text) => text.replace(/^\[[\d .]+\] */, '').replace(/[^\x20-\x7e]/g, ''))
    .filter((text) => text.trim() !== '')
    .at(-1);
  return line ? ` (${line.trim()})` : '';
}
