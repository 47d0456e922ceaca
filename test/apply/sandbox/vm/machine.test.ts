/**
 * How a machine is started and what is learnt from how it ends. QEMU is played by a script that does what the test says:
 * it finds the serial port as descriptor 3, and the console is its standard output.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { SandboxError } from '../../../../src/apply/sandbox/error.ts';
import { recall, remember } from '../../../../src/apply/sandbox/vm/cache.ts';
import { type BootRecord, Machine } from '../../../../src/apply/sandbox/vm/machine.ts';
import { programs, temporary, unpackKernel } from './fakes.ts';

const { path } = vi.hoisted(() => {
  const folder = `/tmp/packetwalk-unit-path-${process.pid}`;
  process.env.PACKETWALK_PATH = `${folder}/own:${folder}/system`;
  return { path: folder };
});
const own = join(path, 'own');

/** The frame that ends the first channel: the guest's program is there. */
const HELLO = String.raw`printf '\003\000\000\000\001\000\000\000\000' >&3`;
/** As long as the machine's other end is there. */
const STAY = 'exec cat <&3 >/dev/null';

/** A machine whose QEMU, asked for its version, says so, and else does this. */
function qemu(script: string): void {
  programs(
    {
      'qemu-system-x86_64': `[ "$1" = --version ] && { echo 'QEMU emulator version 7.2.22 (Debian)'; exit; }\n${script}`,
    },
    own,
  );
}

function kvm(there: boolean): void {
  programs({ test: there ? 'exit 0' : 'exit 1' }, own);
}

let kernel: { release: string; image: string; modules: string };
let record: string;

beforeEach(() => {
  rmSync(path, { recursive: true, force: true });
  mkdirSync(own, { recursive: true });
  symlinkSync('/usr/bin', join(path, 'system'));
  programs({ busybox: 'static' }, own);
  kvm(false);
  const folder = unpackKernel(temporary(), '6.1');
  kernel = { release: '6.1', image: `${folder}/boot/vmlinuz-6.1`, modules: `${folder}/lib/modules` };
  process.env.XDG_CACHE_HOME = temporary();
  record = join(temporary(), 'record');
});
afterAll(() => {
  rmSync(path, { recursive: true, force: true });
  delete process.env.XDG_CACHE_HOME;
});

async function boot(options: { anew?: boolean } = {}): Promise<Machine['acceleration']> {
  const machine = await Machine.boot(kernel, { program: ['node', 'guest.js'], ...options });
  await machine.close();
  return machine.acceleration;
}

async function complaint(action: Promise<unknown>): Promise<string> {
  const error = await action.catch((reason: unknown) => reason);
  if (!(error instanceof SandboxError)) throw error;
  return `${error.message} | ${error.remedy}`;
}

describe('a machine', () => {
  it('is there when its guest says so, and what it was like is remembered', async () => {
    qemu(`${HELLO}; ${STAY}`);
    expect(await boot()).toBe('tcg');
    expect(recall<BootRecord>('machine.json')).toMatchObject({
      host: expect.stringMatching(/, QEMU 7\.2\.22, no KVM$/),
      acceleration: 'tcg',
      kernel: '6.1',
      bootMs: expect.any(Number),
    });
  });

  it('has no network card, sees the host’s files and cannot write them', async () => {
    qemu(`printf '%s\\n' "$@" > ${record}; ${HELLO}; ${STAY}`);
    await boot();
    const args = readFileSync(record, 'utf8').split('\n');
    expect(args[args.indexOf('-nic') + 1]).toBe('none');
    expect(
      args.filter((word) => /^-(net|netdev|nic|drive|hda|fsdev|virtfs|usb|monitor|qmp|vnc|gdb|s|S)$/.test(word)),
    ).toEqual(['-virtfs', '-nic']);
    expect(args[args.indexOf('-virtfs') + 1]).toMatch(/^local,path=\/,.*security_model=none.*,readonly=on$/);
    expect(args).toContain('-nodefaults');
    expect(args).toContain('-no-user-config');
  });

  it('gets its kernel and first file system in memory: no file of them can be left', async () => {
    qemu(`
for word; do case $previous in -kernel|-initrd) echo "$word $(readlink $word) $(wc -c < $word)" >> ${record} ;; esac; previous=$word; done
${HELLO}; ${STAY}`);
    await boot();
    const files = readFileSync(record, 'utf8').trim().split('\n');
    expect(files).toHaveLength(2);
    for (const file of files) expect(file).toMatch(/^\/dev\/fd\/\d \/memfd:packetwalk \(deleted\) [1-9]\d*$/);
  });

  it('says how far it was when', async () => {
    qemu(
      `echo 'packetwalk at kernel: 1.50'; printf 'packetwalk at mod'; echo 'ules: 1.75'; sleep 0.1; ${HELLO}; ${STAY}`,
    );
    const machine = await Machine.boot(kernel, { program: ['node'] });
    expect(machine.milestones).toEqual([
      { name: 'QEMU', ms: expect.any(Number) },
      { name: 'kernel', ms: expect.any(Number), guestMs: 1500 },
      { name: 'modules', ms: expect.any(Number), guestMs: 1750 },
      { name: 'program', ms: expect.any(Number) },
    ]);
    await machine.close();
  });

  it('tells why it ended while it was used', async () => {
    qemu(
      `${HELLO}; head -c 9 <&3 >/dev/null; head -c 9 <&3 >/dev/null; echo 'Kernel panic - not syncing: oops'; exit 0`,
    );
    const machine = await Machine.boot(kernel, { program: ['node'] });
    const channel = machine.open();
    expect((await machine.ended).message).toBe(
      'the kernel of the virtual machine panicked: Kernel panic - not syncing: oops',
    );
    await expect.poll(() => channel.destroyed).toBe(true);
  });
});

describe('KVM', () => {
  /** Only the way that is named works. */
  const works = (accelerations: readonly string[]) => `
for word; do case $word in *accel=*) acceleration=\${word#*accel=} ;; esac; done
echo $acceleration >> ${record}
case $acceleration in ${accelerations.join('|') || 'none'}) ${HELLO}; ${STAY} ;; *) echo 'failed to initialize kvm' >&2; exit 1 ;; esac`;
  const tried = () => readFileSync(record, 'utf8').trim().split('\n');

  it('is not tried without a device for it', async () => {
    qemu(works(['tcg', 'kvm']));
    expect(await boot()).toBe('tcg');
    expect(tried()).toEqual(['tcg']);
  });

  it('is tried first, and used when a guest comes up', async () => {
    kvm(true);
    qemu(works(['tcg', 'kvm']));
    expect([await boot(), await boot()]).toEqual(['kvm', 'kvm']);
    expect(tried()).toEqual(['kvm', 'kvm']);
  });

  it('is given up when none does, which is remembered until it is to be tried anew', async () => {
    kvm(true);
    qemu(works(['tcg']));
    expect([await boot(), await boot(), await boot({ anew: true })]).toEqual(['tcg', 'tcg', 'tcg']);
    expect(tried()).toEqual(['kvm', 'tcg', 'tcg', 'kvm', 'tcg']);
  });

  it('is tried again when the host has changed', async () => {
    kvm(true);
    qemu(works(['tcg']));
    await boot();
    remember('machine.json', { ...recall<BootRecord>('machine.json'), host: 'another' });
    await boot();
    expect(tried()).toEqual(['kvm', 'tcg', 'kvm', 'tcg']);
  });

  it('that worked and does not any more is replaced', async () => {
    kvm(true);
    qemu(works(['tcg', 'kvm']));
    await boot();
    qemu(works(['tcg']));
    expect(await boot()).toBe('tcg');
  });

  it('is no excuse when emulation fails as well', async () => {
    kvm(true);
    qemu(works([]));
    expect(await complaint(boot())).toBe('the virtual machine ended: failed to initialize kvm | undefined');
    expect(recall('machine.json')).toBeUndefined();
  });
});

describe('without a program that machines need', () => {
  it('all that has to be installed is named in one line, and nothing is started', async () => {
    rmSync(join(own, 'busybox'));
    rmSync(join(path, 'system'));
    expect(await complaint(boot())).toBe(
      'virtual machines need qemu-system-x86_64 and busybox, not installed here | sudo apt-get install -y --no-install-recommends qemu-system-x86 busybox-static',
    );
  });

  it('a guest that cannot be given a file system is not started', async () => {
    qemu(`touch ${record}; ${HELLO}; ${STAY}`);
    writeFileSync(join(own, 'busybox'), '/lib64/ld-linux-x86-64.so.2', { mode: 0o755 });
    expect(await complaint(boot())).toMatch(/needs libraries; virtual machines need a static one/);
    expect(existsSync(record)).toBe(false);
  });
});
